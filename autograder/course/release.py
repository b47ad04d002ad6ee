"""From source to release: the student's notebook, made only if the source is sound."""

from __future__ import annotations

import copy
import secrets
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograder.exercises.exercise import exercise_ids, load_exercise
from autograder.grading.record import key_of
from autograder.grading.store import FOLDER as STORE
from autograder.grading.store import write_atomically
from autograder.notebooks.cells import LEVELS, TestResult, execute, nbgrader_of, results
from autograder.notebooks.display import shows


class AssignmentError(ValueError):
    """An assignment that is not there, or whose source breaks a rule."""


def edition(assignment: str, language: str) -> str:
    """The assignment that is this one in a language: `a7_2`, in English `a7_2_en`.

    German editions have no ending; a name that has one stays.
    """
    ending = f"_{language}"
    return assignment if language == "de" or assignment.endswith(ending) else assignment + ending


def source_notebook(course: Path, assignment: str) -> Path:
    """The notebook of source/<assignment>; AssignmentError naming those that exist."""
    folder = course / "source"
    known = sorted(p.parent.name for p in folder.glob("*/*.ipynb"))
    if assignment not in known:
        there = ", ".join(known) or "none"
        raise AssignmentError(f"no assignment {assignment!r} in {folder}; there are: {there}")
    return sorted((folder / assignment).glob("*.ipynb"))[0]


def read_notebook(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def build(course: Path, assignment: str) -> dict[str, bytes]:
    """The release's files by relative path, as nbgrader makes them; nothing is written."""
    from autograder.course.bridge import Course

    source_notebook(course, assignment)
    with tempfile.TemporaryDirectory(prefix="kischule-") as temporary:
        root = Path(temporary)
        shutil.copytree(course / "source" / assignment, root / "source" / assignment)
        Course(root).generate(assignment)
        made = root / "release" / assignment
        files = sorted(p for p in made.rglob("*") if p.is_file())
        return {str(p.relative_to(made)): p.read_bytes() for p in files}


def stale_files(course: Path, assignment: str) -> list[str]:
    """Files of release/<assignment> that are not what the source gives now."""
    folder = course / "release" / assignment
    fresh = build(course, assignment)
    there = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return sorted(n for n in fresh.keys() | there.keys() if fresh.get(n) != there.get(n))


def release(course: Path, assignment: str) -> list[str]:
    """Write release/<assignment> and the gradebook's entries; the paths that were written.

    Raises AssignmentError if the source breaks a rule of `layout_problems`, if the reference
    solutions do not get all points, or if the empty notebook gets any.
    """
    path = source_notebook(course, assignment)
    source = read_notebook(path)
    problems = layout_problems(source)
    if not problems:
        files = build(course, assignment)
        problems = run_problems(source, files[path.name])
    if problems:
        raise AssignmentError(f"{path.name} cannot be released:\n  " + "\n  ".join(problems))
    folder = course / "release" / assignment
    for old in sorted(p for p in folder.rglob("*") if p.is_file()):
        if str(old.relative_to(folder)) not in files:
            old.unlink()
    for name, content in files.items():
        write_atomically(folder / name, content)
    registered(course, assignment)
    return [str(Path("release") / assignment / name) for name in files]


def registered(course: Path, assignment: str) -> Path:
    """The released notebook as the gradebook knows it; release/ stays as it is.

    The gradebook's entries are made anew where it has none, or the source has changed since.
    """
    from autograder.course.bridge import Course

    path = source_notebook(course, assignment)
    mark = course / STORE / f"registered-{assignment}"
    key = key_of(path.read_bytes())
    book = Course(course, release_directory=f"{STORE}/release")
    released = course / STORE / "release" / assignment / path.name
    current = mark.is_file() and mark.read_text() == key
    if not (current and released.is_file() and book.knows(assignment)):
        book.generate(assignment)
        write_atomically(mark, key.encode())
    return released


def layout_problems(source: Any) -> list[str]:
    """What the notebook and the exercise files say differently; empty if all is well."""
    cells = {nbgrader_of(c)["grade_id"]: c for c in source.cells if "grade_id" in nbgrader_of(c)}
    problems = []
    for name in exercise_ids():
        exercise = load_exercise(name)
        if name not in cells or not nbgrader_of(cells[name]).get("solution"):
            problems.append(f"{name}: there is no solution cell with this grade_id")
        for prefix, level in LEVELS.items():
            # points of a bonus are extra credit: nbgrader's maximum goes without them
            expected = 0 if exercise.bonus else exercise.points(drawn=level == "drawn")
            cell = cells.get(prefix + name)
            got = None if cell is None else nbgrader_of(cell).get("points")
            if got != expected:
                problems.append(
                    f"{prefix}{name}: {name}.yaml gives {expected:g} points, the notebook: {got}"
                    + (" (a bonus has none of its own)" if exercise.bonus else "")
                )
            # where hand-ins are graded the check runs outside, and what else stands there would not
            call = f'check("{name}"{", drawn=True" if level == "drawn" else ""})'
            if cell is not None and _code(cell.source) != [call]:
                problems.append(f"{prefix}{name}: a test cell must hold {call} and nothing else")
    return problems


def _code(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip() and not line.startswith("#")]


def run_problems(source: Any, released: bytes) -> list[str]:
    """What goes wrong when the reference solutions and the empty notebook are graded."""
    import nbformat

    blank = copy.deepcopy(source)
    stubs = nbformat.reads(released.decode(), as_version=4)
    for cell, stub in zip(blank.cells, stubs.cells, strict=True):
        if nbgrader_of(cell).get("solution"):
            cell.source = stub.source
    with ThreadPoolExecutor(2) as pool:  # each waits for a kernel of its own
        of_reference, of_blank = pool.map(_graded, (source, blank))
    problems = []
    for result in of_reference:
        full = load_exercise(result.exercise).points(drawn=result.level == "drawn")
        if result.points != full:
            problems.append(
                f"{result.grade_id}: the reference solution must get {full:g} points, "
                f"was: {result.points:g}: {result.message}"
            )
    for result in of_blank:
        if result.points:
            problems.append(
                f"{result.grade_id}: the empty notebook must get no points, was: {result.points:g}"
            )
    return problems


def _graded(notebook: Any) -> list[TestResult]:
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if not shows(cell)]
    with tempfile.TemporaryDirectory(prefix="kischule-") as folder:
        executed = execute(notebook, Path(folder), 60, secrets.token_hex(16))
    return [r for r in results(executed) if r.level != "manual"]
