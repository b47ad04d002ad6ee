"""Feedback pages in a zip, laid out as a system wants them."""

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from autograder.course.gradebook import Course
from autograder.course.pages import graded_students
from autograder.lms import messages
from autograder.lms.final import some
from kischule.i18n import Line


def pages_of(
    course: Path, assignment: str, students: Iterable[str]
) -> tuple[dict[str, list[Path]], list[str]]:
    """The pages of students whose submission counts, and a note of those that are missing.

    A page can be made, and is missing, where something was graded.
    """
    book, graded = Course(course), graded_students(course, assignment)
    pages = {
        student: sorted(book.folder("feedback", assignment, student).glob("*.html"))
        for student in sorted(set(students) - set(book.withdrawn(assignment)))
    }
    without = [student for student, found in pages.items() if not found and student in graded]
    if not without:
        return pages, []
    note = messages.NO_PAGES.format(names=some(without), assignment=assignment)
    return pages, [Line(note)]


def pages_zip(course: Path, assignment: str, folders: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """Zip the pages; folders: by student. Returns the zip, and a note of missing pages."""
    pages, notes = pages_of(course, assignment, folders)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for student, found in pages.items():
            for page in found:
                file.write(page, f"{folders[student]}/{page.name}")
    return stream.getvalue(), notes
