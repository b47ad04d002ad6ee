"""Feedback pages in a zip, laid out as a system wants them."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder.course.gradebook import Course
from autograder.lms.final import some


def pages_zip(course: Path, assignment: str, folders: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """Zip the pages; folders: by student. Returns the zip, and a note of students without one."""
    stream, without, book = io.BytesIO(), [], Course(course)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for student in sorted(folders.keys() - book.withdrawn(assignment)):
            pages = sorted(book.folder("feedback", assignment, student).glob("*.html"))
            if not pages:
                without.append(student)
            for page in pages:
                file.write(page, f"{folders[student]}/{page.name}")
    if not without:
        return stream.getvalue(), []
    who = some(without)
    note = f"{len(without)} have no feedback page ({who}): `kischule feedback {assignment}`"
    return stream.getvalue(), [note]
