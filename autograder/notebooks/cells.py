"""The cells of a notebook: which exercise each belongs to, and what it is for.

The only module that reads nbgrader's metadata.
"""

import re
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import nbformat

from autograder.exercises.exercise import Level

# a rubric below the answer in a source's cell; nbgrader replaces the whole cell by the stub
RUBRIC = re.compile(r"\n*^.*BEGIN MARK SCHEME.*\n((?:.*\n)*?).*END MARK SCHEME.*$", re.MULTILINE)


class Role(str, Enum):
    """The purpose of a cell."""

    SOLUTION = "solution"  # code that a student writes
    TEXT = "text"  # an answer in words, graded by the teacher
    TEST = "test"  # graded: it checks an exercise
    LOCKED = "locked"  # another cell of the release that must stay as it is
    OWN = "own"  # a cell without nbgrader's metadata


def read_notebook(path: Path) -> Any:
    """Read a trusted notebook in nbformat 4."""
    return nbformat.read(path, as_version=4)


def metadata_of(cell: Any) -> Mapping[str, Any]:
    """A cell's nbgrader metadata; empty where there is none, or none that is a mapping."""
    metadata = cell.metadata.get("nbgrader", {})
    return metadata if isinstance(metadata, Mapping) else {}


def grade_id_of(cell: Any) -> str:
    """A cell's grade_id; "" where it has none, or none that is a text."""
    grade_id = metadata_of(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else ""


def is_graded(cell: Any) -> bool:
    """Return True if points are given for the cell."""
    metadata = metadata_of(cell)
    return metadata.get("grade") is True or bool(metadata.get("task") and metadata.get("points"))


def points_of(cell: Any) -> float:
    """The points of a graded cell, as its metadata has them; 0 for any other cell."""
    return float(metadata_of(cell).get("points") or 0)


def role(cell: Any) -> Role:
    """Return the purpose of a cell."""
    metadata = metadata_of(cell)
    if metadata.get("solution"):
        return Role.SOLUTION if cell.cell_type == "code" else Role.TEXT
    if metadata.get("grade") is True:
        return Role.TEST
    return Role.LOCKED if metadata else Role.OWN


def is_solution(cell: Any) -> bool:
    """Return True if a student writes the cell: code or text."""
    return role(cell) in (Role.SOLUTION, Role.TEXT)


def exercise_of(cell: Any, exercises: Collection[str]) -> tuple[str, Level] | None:
    """The exercise and the level of a test cell; None for any other cell.

    exercises: the ids of the notebook's.
    """
    grade_id = grade_id_of(cell)
    for level in (Level.PUBLIC, Level.HIDDEN):
        name = grade_id.removeprefix(level.prefix)
        if role(cell) == Role.TEST and grade_id.startswith(level.prefix) and name in exercises:
            return name, level
    return None


def is_plain_test(cell: Any, exercises: Collection[str]) -> bool:
    """Return True for a test of nbgrader's own kind: code that is no exercise's check."""
    is_test = cell.cell_type == "code" and role(cell) == Role.TEST
    return is_test and exercise_of(cell, exercises) is None


def by_id(notebook: Any) -> dict[str, Any]:
    """The notebook's cells that have a grade_id, by it, in their order."""
    return {grade_id_of(cell): cell for cell in notebook.cells if grade_id_of(cell)}


def solutions(notebook: Any, *roles: Role) -> dict[str, str]:
    """The sources of the cells that a student writes, by grade_id; roles: of these only."""
    wanted = roles or (Role.SOLUTION, Role.TEXT)
    return {
        name: str(cell.source) for name, cell in by_id(notebook).items() if role(cell) in wanted
    }


def reference_of(source: Any) -> dict[str, str]:
    """The solutions and answers of a source notebook, by grade_id, without the rubrics."""
    return {name: RUBRIC.sub("", text) for name, text in solutions(source).items()}


def rubrics_of(source: Any) -> dict[str, str]:
    """The rubrics in a source notebook's answers, by grade_id."""
    found = {n: RUBRIC.search(text) for n, text in solutions(source, Role.TEXT).items()}
    return {name: rubric[1].strip() for name, rubric in found.items() if rubric}


def with_solutions(notebook: Any, sources: Mapping[str, str]) -> Any:
    """The same notebook with these sources in the cells that have their grade_ids."""
    for name, cell in by_id(notebook).items():
        cell.source = sources.get(name, cell.source)
    return notebook


def max_points(notebook: Any) -> float:
    """The points of all graded cells; a bonus has none there."""
    return sum(points_of(cell) for cell in notebook.cells if is_graded(cell))
