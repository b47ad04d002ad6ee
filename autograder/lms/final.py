"""Grades that are not final: what a teacher should know before exporting them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.course.adjustments import Adjustments
from autograder.course.grade import students_of
from autograder.course.gradebook import Course, Total
from autograder.course.registration import graded_by_older


def not_final(course: Path, assignment: str, totals: Mapping[str, Total]) -> list[str]:
    """Note adjustments, submissions without a grade or with one of an older file or release."""
    book, there = Course(course), students_of(course, assignment)
    missing = [student for student in there if student not in totals]
    again = [s for s in there if s in totals and _newer(book, assignment, s)]
    waiting = [student for student, total in totals.items() if total.waiting]
    late = [
        f"{student} ({total.late}{f', {total.penalty:g} points less' if total.penalty else ''})"
        for student, total in totals.items()
        if total.late_s
    ]
    notes = [f"{len(late)} submitted late: {some(late)}"] if late else []
    notes += map(str, Adjustments.of(course, assignment).in_force)
    if missing:
        notes.append(f"{len(missing)} submissions have no grade: {some(missing)}")
    if again:
        notes.append(
            f"{len(again)} submitted again since they were graded: {some(again)}: "
            f"`kischule grade {assignment}`"
        )
    if older := [s for s in graded_by_older(course, assignment) if s in totals]:
        notes.append(
            f"{len(older)} were graded by an older release: {some(older)}: "
            f"`kischule grade {assignment}` grades them anew"
        )
    if waiting:
        notes.append(
            f"{len(waiting)} submissions have answers that wait for your points: {some(waiting)}"
        )
    return notes


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
