"""`kischule adjust`: log a teacher's decision, and let the gradebook follow it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.course import messages
from autograder.course.adjustments import OF_EXERCISES, Action, Adjustment, Adjustments
from autograder.course.grade import known_as, students_of
from autograder.course.gradebook import Course, Total
from autograder.course.ours import exercises_of
from autograder.course.release import registered
from autograder.errors import UserError
from autograder.grading.store import Store
from autograder.notebooks.cells import (
    exercise_of,
    grade_id_of,
    is_graded,
    is_plain_test,
    is_solution,
    read_notebook,
)

Totals = Mapping[str, Total]


class AdjustmentError(UserError, ValueError):
    """An adjustment of something unknown, or of nothing."""


def adjust(course: Path, assignment: str, entries: Sequence[Adjustment]) -> tuple[Totals, Totals]:
    """Add entries to the log and apply them; returns the totals before and after.

    Nothing is run again. Raises AdjustmentError for an unknown name, AssignmentError, BusyError
    while a run grades, GradebookError.
    """
    book = Course(course)
    with Store(course).alone():
        asked = exercises_of(book.directory(), assignment)
        exercises = _adjustable(registered(course, assignment), asked)
        found, before = Adjustments.of(course, assignment), book.totals(assignment)
        students = sorted({*students_of(course, assignment), *before})
        for entry in entries:
            in_force = list(dict.fromkeys(each.name for each in found.in_force))
            known = exercises if entry.action in OF_EXERCISES else students
            known = in_force if entry.action == Action.UNDO else known
            name = known_as(entry.name, known)
            if name is None and entry.action != Action.EXTEND:  # which may come before a submission
                about = {
                    "option": f"--{entry.action}",
                    "known": ", ".join(known) or messages.NONE_THERE,
                }
                raise AdjustmentError(messages.NOT_ADJUSTABLE.format(was=entry.name, **about))
            found.log += (replace(entry, name=name or entry.name),)
        found.save(course, assignment)
        book.adjust(assignment)
        return before, book.totals(assignment)


def waiting_extensions(course: Path, assignment: str) -> list[str]:
    """List the students whose extension has no effect yet: no due date, or nothing graded."""
    found = Adjustments.of(course, assignment)
    return [name for name in found.names(Action.EXTEND) if name not in found.extensions]


def _adjustable(released: Sequence[Path], asked: Collection[str]) -> list[str]:
    """The exercises, plain tests and texts of released notebooks, in their order."""
    names = []
    for cell in (cell for path in released for cell in read_notebook(path).cells):
        if tested := exercise_of(cell, asked):
            names.append(tested[0])
        elif is_graded(cell) and (is_solution(cell) or is_plain_test(cell, asked)):
            names.append(grade_id_of(cell))
    return list(dict.fromkeys(names))
