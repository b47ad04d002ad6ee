"""Grades that are not final: what a teacher should know before exporting them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.course.grade import students_of
from autograder.course.gradebook import Total


def not_final(course: Path, assignment: str, totals: Mapping[str, Total]) -> list[str]:
    """Note submissions without a grade, newer ones than those graded, and waiting answers."""
    there = students_of(course, assignment)
    missing = [student for student in there if student not in totals]
    again = [s for s in there if s in totals and _newer(course, assignment, s)]
    waiting = [student for student, total in totals.items() if total.waiting]
    notes = []
    if missing:
        notes.append(f"{len(missing)} submissions have no grade: {some(missing)}")
    if again:
        notes.append(
            f"{len(again)} submitted again since they were graded: {some(again)}: "
            f"`kischule grade {assignment}`"
        )
    if waiting:
        notes.append(
            f"{len(waiting)} submissions have answers that wait for your points: {some(waiting)}"
        )
    return notes


def some(names: Sequence[str], count: int = 5) -> str:
    """The first names of a list, with the number of all."""
    return ", ".join(names[:count]) + (f" … ({len(names)} in all)" if len(names) > count else "")


def _newer(course: Path, assignment: str, student: str) -> bool:
    """Return True if the submission is newer than the time that nbgrader keeps."""
    stamps = [
        course / folder / student / assignment / "timestamp.txt"
        for folder in ("submitted", "autograded")
    ]
    return all(s.is_file() for s in stamps) and stamps[0].read_bytes() != stamps[1].read_bytes()
