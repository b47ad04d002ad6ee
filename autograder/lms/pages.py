"""Feedback pages in a zip, laid out as a system wants them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.course.gradebook import Course
from autograder.course.pages import graded_students
from autograder.lms import messages
from autograder.lms.final import some
from kischule.i18n import Line


def pages_zip(course: Path, assignment: str, folders: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """Zip the pages; folders: by student. Returns the zip, and a note of missing pages.

    A page can be made, and is missing, where something was graded.
    """
    stream, without, book = io.BytesIO(), [], Course(course)
    graded = graded_students(course, assignment)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for student in sorted(folders.keys() - book.withdrawn(assignment)):
            pages = sorted(book.folder("feedback", assignment, student).glob("*.html"))
            if not pages and student in graded:
                without.append(student)
            for page in pages:
                file.write(page, f"{folders[student]}/{page.name}")
    if not without:
        return stream.getvalue(), []
    note = messages.NO_PAGES.format(names=some(without), assignment=assignment)
    return stream.getvalue(), [Line(note)]
