"""The course in a folder, for `kischule doctor`: assignments, submissions, who is grading."""

from collections.abc import Iterator
from pathlib import Path

from autograder.course import messages
from autograder.course.gradebook import Course
from autograder.course.ours import notebooks_in
from autograder.course.release import stale_files
from autograder.errors import UserError
from autograder.grading.health import Finding
from autograder.grading.store import Store


def course(folder: Path) -> list[Finding]:
    """Look at a course; nothing is written. [] where there is none."""
    try:
        book = Course(folder)
    except UserError as error:
        return [Finding(messages.COURSE_ROW, False, error.text, stops=True)]
    named = [n for n in book.assignments() if notebooks_in(book.folder("source", n))]
    return [*(_assignment(book, name) for name in named), *_busy(folder)] if named else []


def _assignment(book: Course, name: str) -> Finding:
    count = len(book.students("submitted", name))
    try:
        stale = stale_files(book.root, name)
    except UserError as error:
        return Finding(name, False, error.text)
    submissions = messages.SUBMISSIONS.of(count)
    if not stale:
        return Finding(name, True, messages.FRESH.format(submissions=submissions))
    if not book.folder("release", name).is_dir():
        return Finding(name, None, messages.UNRELEASED.format(submissions=submissions))
    advice = messages.RELEASE_IT.format(assignment=name)
    return Finding(name, False, messages.STALE.format(submissions=submissions), advice)


def _busy(folder: Path) -> Iterator[Finding]:
    if who := Store(folder).busy:
        yield Finding(messages.GRADING_ROW, None, who)
