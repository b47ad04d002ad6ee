"""Students without a grade for an assignment, each with the reason.

Everybody in the gradebook is expected to submit: an import enters the names of its worksheet, and
`kischule import roster` those of a class.
"""

from collections.abc import Collection
from pathlib import Path

from autograder.course import messages
from autograder.course.gradebook import Course
from autograder.course.release import source_notebooks
from autograder.notebooks import intake, reader
from autograder.sandbox.text import clean
from kischule.i18n import Text


def without_grade(course: Path, assignment: str, graded: Collection[str]) -> dict[str, Text]:
    """The reason of each student who is not among those with a grade, sorted by name."""
    book = Course(course)
    there = book.students("submitted", assignment)
    names = {*there, *book.enrolled(assignment)} - {*graded}
    return {name: _reason(book, assignment, name, name in there) for name in sorted(names)}


def absent(course: Path, assignment: str) -> list[str]:
    """The students of the gradebook who have submitted nothing, sorted by name."""
    book = Course(course)
    return sorted({*book.enrolled(assignment)} - {*book.students("submitted", assignment)})


def _reason(book: Course, assignment: str, student: str, submitted: bool) -> Text:
    if not submitted:
        return messages.ABSENT
    folder = book.folder("submitted", assignment, student)
    instead = folder / intake.NO_NOTEBOOK
    try:
        if instead.is_file() and not any(folder.glob("*.ipynb")):
            files = clean(intake.read_bytes(instead).decode(errors="replace"))
            return messages.OTHER_FILES.format(files=files)
        names = {path.name for path in source_notebooks(book.root, assignment)}
        for name in names:
            reader.parse(intake.read_submission(folder, name, names - {name}).content)
    except reader.UnreadableError as error:
        return messages.NOT_PARSED.format(reason=error.text)
    return messages.UNGRADED
