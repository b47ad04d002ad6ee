"""Grades that are not final: what a teacher should know before exporting them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.course.adjustments import Adjustments
from autograder.course.grade import students_of
from autograder.course.gradebook import Course, Total
from autograder.course.missing import without_grade
from autograder.course.registration import graded_by_older


def not_final(course: Path, assignment: str, totals: Mapping[str, Total]) -> list[str]:
    """Note who has no grade and why, who was late, and grades of an older file or release."""
    book, there = Course(course), students_of(course, assignment)
    again = [s for s in there if s in totals and _newer(book, assignment, s)]
    older = [s for s in graded_by_older(course, assignment) if s in totals]
    waiting = [student for student, total in totals.items() if total.waiting]
    late = [f"{student} ({_late_by(total)})" for student, total in totals.items() if total.late_s]
    reasons: dict[str, list[str]] = {}
    for student, reason in without_grade(course, assignment, totals).items():
        reasons.setdefault(reason.en, []).append(student)
    regrade = f"`kischule grade {assignment}`"
    notes = [f"submitted late: {some(late)}"] if late else []
    notes += map(str, Adjustments.of(course, assignment).in_force)
    notes += [f"no grade, {reason}: {some(names)}" for reason, names in reasons.items()]
    if again:
        notes.append(f"submitted again since the grading: {some(again)}: {regrade}")
    if older:
        notes.append(f"graded by an older release: {some(older)}: {regrade} grades them anew")
    if waiting:
        notes.append(f"answers wait for your points: {some(waiting)}")
    return notes


def _late_by(total: Total) -> str:
    less = f", {points_text(total.penalty)} less" if total.penalty else ""
    return f"{total.late}{less}"


def points_text(points: float) -> str:
    """A number of points: `1 point`, `1.5 points`."""
    return f"{points:g} point{'' if points == 1 else 's'}"


def some(names: Sequence[str], count: int = 5) -> str:
    """The first names of a list, with the number of all."""
    return ", ".join(names[:count]) + (f" … ({len(names)} in all)" if len(names) > count else "")


def _newer(book: Course, assignment: str, student: str) -> bool:
    """Return True if the submission is newer than the time that nbgrader keeps."""
    stamps = [
        book.folder(step, assignment, student) / "timestamp.txt"
        for step in ("submitted", "autograded")
    ]
    if not all(stamp.is_file() for stamp in stamps):
        return False
    new, graded = (stamp.read_bytes() for stamp in stamps)
    return graded not in (new, b"")  # empty: not a date; the grade's line says so
