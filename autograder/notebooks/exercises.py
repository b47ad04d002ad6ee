"""The exercises of a notebook: those that its test cells name, with the points that it gives."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from autograder.exercises.exercise import (
    Exercise,
    ExerciseError,
    Level,
    Points,
    with_points,
    with_reference,
)
from autograder.notebooks.building_blocks import source_of
from autograder.notebooks.cells import (
    by_id,
    exercise_of,
    grade_id_of,
    is_graded,
    is_solution,
    points_of,
)


def exercises_in(notebook: Any, known: Mapping[str, Exercise]) -> dict[str, Exercise]:
    """The exercises of a source or release, in its order.

    known: those that its test cells may name. One builds on others of the same notebook only.
    Raises ExerciseError for a test cell that names no known exercise.
    """
    asked = asked_in(((grade_id_of(c), c.source) for c in notebook.cells if is_test(c)), known)
    if unknown := [name for name in asked if name not in known]:
        if not any("autograder" in c.source for c in notebook.cells if c.cell_type == "code"):
            asked = [name for name in asked if name in known]  # a `check` of the notebook's own
        else:
            raise ExerciseError(
                f"the test cells name the exercise {unknown[0]!r}, which has no file "
                f"{unknown[0]}.yaml; there are: {', '.join(known) or 'none'}"
            )
    cells, found = by_id(notebook), {}
    for name in asked:
        given = {level: cells.get(level.prefix + name) for level in (Level.PUBLIC, Level.HIDDEN)}
        points = {str(level): points_of(cell) if cell else 0.0 for level, cell in given.items()}
        exercise = with_points(known[name], Points(**points))
        needs = tuple(need for need in exercise.needs if need in asked)
        found[name] = replace(exercise, needs=needs)
    return found


def with_references(exercises: Mapping[str, Exercise], source: Any) -> dict[str, Exercise]:
    """The exercises of a source notebook, with its solutions where these are the reference."""
    code = [cell for cell in source.cells if cell.cell_type == "code"]
    cells = [cell.source for cell in code if exercise_of(cell, exercises) is None]
    return {
        name: with_reference(e, source_of(name, cells)) if e.needs_solution else e
        for name, e in exercises.items()
    }


def is_test(cell: Any) -> bool:
    """Return True for a cell that gives points for code."""
    return cell.cell_type == "code" and is_graded(cell) and not is_solution(cell)


def asked_in(tests: Iterable[tuple[str, str]], known: Iterable[str]) -> list[str]:
    """The exercises that test cells call `check` for, by the cells' grade_id and text.

    A released hidden cell calls nothing any more; its exercise has a public one, or is known.
    """
    names: dict[str, None] = {}
    for grade_id, source in tests:
        for level in (Level.PUBLIC, Level.HIDDEN):
            name = grade_id.removeprefix(level.prefix)
            calls = re.search(rf"""\bcheck\(\s*["']{re.escape(name)}["']""", source) is not None
            released = level == Level.HIDDEN and name in known and not code_lines(source)
            if name and grade_id.startswith(level.prefix) and (calls or released):
                names[name] = None
    return list(names)


def code_lines(source: str) -> list[str]:
    """The lines of a cell that are neither empty nor a comment."""
    return [line for line in source.splitlines() if line.strip() and not line.startswith("#")]
