"""nbgrader's commands within this process, ordinary assignments, and a class without kernels."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from attacks import small
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.checking.result import Result
from autograder.course import release
from autograder.course.converters import own_programs
from autograder.course.new_course import CONFIG
from autograder.exercises.exercise import Level
from autograder.grading.record import Record, Rules, Status, Task
from autograder.notebooks import reader
from autograder.notebooks.cells import (
    exercise_of,
    grade_id_of,
    is_graded,
    is_plain_test,
    points_of,
)
from kischule.i18n import Text
from support.notebooks import EXERCISES


def nbgrader(course: Path, *arguments: str, status: int = 0) -> str:
    """Run a command in the course's folder; returns its log. Another exit status is an error."""
    from nbgrader.tests import run_nbgrader

    before = os.getcwd()
    os.chdir(course)
    try:
        with own_programs(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader's own, which pytest makes errors
            return _with_its_environment(run_nbgrader, list(arguments), status)
    finally:
        os.chdir(before)


def _with_its_environment(run: Any, arguments: list[str], status: int) -> str:
    """Put `os.environ` back: nbgrader leaves a plain copy, which no other process would get."""
    real = os.environ
    try:
        return str(run(arguments, retcode=status))
    finally:
        os.environ = real  # noqa: B003


def graded_cell(grade_id: str, source: str, points: float = 0, **more: Any) -> Any:
    """A cell with nbgrader's metadata; more: solution=True for one that a student writes."""
    make = new_markdown_cell if more.pop("text", False) else new_code_cell
    about = {"grade": bool(points), "solution": False, "locked": not more, "task": False, **more}
    about |= {"grade_id": grade_id, "schema_version": 3}
    return make(source, metadata={"nbgrader": {**about, **({"points": points} if points else {})}})


def write(path: Path, *cells: Any, **metadata: Any) -> Path:
    kernel = {"name": "python3", "display_name": "Mine", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(
        new_notebook(cells=list(cells), metadata={"kernelspec": kernel, **metadata}), path
    )
    return path


@cache
def _registered() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kischule-small-"))
    atexit.register(shutil.rmtree, folder)
    small.make(folder)
    release.registered(folder, "small")
    return folder


def course(folder: Path, *lines: str) -> Path:
    """A course with the small assignment in its gradebook; lines: of its configuration."""
    made = Path(shutil.copytree(_registered(), folder, dirs_exist_ok=True))
    configured(made, *lines)
    return made


def configured(folder: Path, *lines: str) -> None:
    text = "\n".join((CONFIG, "c = get_config()", *lines))
    (folder / "nbgrader_config.py").write_text(text + "\n", encoding="utf-8")


def submit(folder: Path, student: str, name: str = small.NAME, **beside: str) -> Path:
    """Submit the small assignment's release as it is; beside: further files, without `.txt`."""
    submitted = folder / "submitted" / student / "small"
    submitted.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / ".kischule" / "release" / "small" / small.NAME, submitted / name)
    for stem, text in beside.items():
        (submitted / f"{stem}.txt").write_text(text, encoding="utf-8")
    return submitted


class AllPass:
    """An engine that runs nothing: every exercise has its points."""

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
        notebook = reader.parse(rules.release)
        for number, cell in enumerate(notebook.cells):
            cell["id"] = grade_id_of(cell) or f"added-{number}"
        results = tuple(_result(cell) for cell in notebook.cells if is_graded(cell))
        content = json.dumps(notebook).encode()  # as the worker writes it
        for task in tasks:
            yield Record(key=task.key, status=Status.GRADED, results=results, notebook=content)


def _result(cell: Any) -> Result:
    points = points_of(cell)
    if is_plain_test(cell, EXERCISES):
        name, level = grade_id_of(cell), Level.PLAIN
        return Result(exercise=name, level=level, passed=True, points=points, max_points=points)
    if (tested := exercise_of(cell, EXERCISES)) is None:
        return Result.manual(exercise=grade_id_of(cell), max_points=points_of(cell))
    exercise, level = EXERCISES[tested[0]], tested[1]
    result = Result.failed(exercise, level, kind="", sentence=Text.same(""))
    return replace(result, passed=True, points=result.max_points, message=None)
