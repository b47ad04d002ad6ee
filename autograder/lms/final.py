"""Grades that are not final: what a teacher should know before exporting them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.course.adjustments import Adjustments
from autograder.course.grade import students_of
from autograder.course.gradebook import Course, Total
from autograder.course.messages import late_by
from autograder.course.missing import without_grade
from autograder.course.registration import graded_by_older
from autograder.lms import messages
from kischule.i18n import Line, Text, text_of

WITH_LATENESS = Text.same("{student} ({late})")


def not_final(course: Path, assignment: str, totals: Mapping[str, Total]) -> list[str]:
    """Note who has no grade and why, who was late, and grades of an older file or release."""
    book, there = Course(course), students_of(course, assignment)
    again = [s for s in there if s in totals and submitted_again(book, assignment, s)]
    older = [s for s in graded_by_older(course, assignment) if s in totals]
    waiting = [student for student, total in totals.items() if total.waiting]
    late = [
        WITH_LATENESS.format(student=student, late=late_by(total.late, total.penalty))
        for student, total in totals.items()
        if total.late_s
    ]
    reasons: dict[Text, list[str]] = {}
    for student, reason in without_grade(course, assignment, totals).items():
        reasons.setdefault(reason, []).append(student)
    notes = [messages.SUBMITTED_LATE.format(names=some(late))] if late else []
    notes += [entry.text for entry in Adjustments.of(course, assignment).in_force]
    notes += [
        messages.NO_GRADE.format(reason=reason, names=some(names))
        for reason, names in reasons.items()
    ]
    for names, text in (
        (again, messages.AGAIN_SINCE),
        (older, messages.OLDER),
        (waiting, messages.ANSWERS_WAIT),
    ):
        notes += [text.format(names=some(names), assignment=assignment)] if names else []
    return list(map(Line, notes))


def some(names: Sequence[str | Text], count: int = 5) -> Text:
    """The first names of a list, with the number of all."""
    few = [text_of(name) for name in names[:count]]
    listed = Text(", ".join(name.de for name in few), ", ".join(name.en for name in few))
    return messages.SOME.format(names=listed, count=len(names)) if len(names) > count else listed


def submitted_again(book: Course, assignment: str, student: str) -> bool:
    """Return True if the submission is newer than the time that nbgrader keeps."""
    stamps = [
        book.folder(step, assignment, student) / "timestamp.txt"
        for step in ("submitted", "autograded")
    ]
    if not all(stamp.is_file() for stamp in stamps):
        return False
    new, graded = (stamp.read_bytes() for stamp in stamps)
    return graded not in (new, b"")  # empty: not a date; the grade's line says so
