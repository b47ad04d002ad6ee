"""A feedback page for each student of a class, by nbgrader's own `generate_feedback`."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from autograder.course import messages
from autograder.course.grade import known_as
from autograder.course.gradebook import Course
from autograder.course.ours import has_exercises, notebooks_in
from autograder.course.registration import graded_by_older
from autograder.course.release import compare_gradebook
from autograder.errors import UserError
from autograder.grading.processes import context, cores

PAGE_MODULES = ("autograder.course.pages",)
MIN_PARALLEL = 5  # pages: fewer are made before a second process has started


class NothingGradedError(UserError, ValueError):
    """No submission has been graded, or not this student's."""


def feedback(
    course: Path, assignment: str, students: Sequence[str] = (), language: str | None = None
) -> Iterator[tuple[str, Path | Exception]]:
    """Make pages; yields each student with the page's path, or with the error that prevented it.

    students: these; empty: all that have been graded. language: None: the course's, else German.
    Raises NothingGradedError, and AssignmentError where the gradebook differs from the source.
    """
    graded, book = graded_students(course, assignment), Course(course)
    withdrawn = book.withdrawn(assignment)
    chosen = [known_as(student, graded) for student in students]
    for student, known in zip(students, chosen, strict=True):
        if known_as(student, withdrawn):
            about = {"student": student, "assignment": assignment}
            raise NothingGradedError(messages.WITHDRAWN.format(**about))
        if known is None:
            about = {"student": student, "assignment": assignment}
            raise NothingGradedError(messages.NOT_GRADED_YET.format(**about))
    if not graded:
        raise NothingGradedError(messages.NOTHING_GRADED.format(assignment=assignment))
    compare_gradebook(course, assignment)
    if has_exercises(book.directory(), assignment):
        book.adjust(assignment)  # points may have been given by hand since the grading
    return _made(course, assignment, list(filter(None, chosen)) or graded, language)


def graded_students(course: Path, assignment: str) -> list[str]:
    """List the students with a notebook under autograded/ for this assignment, sorted."""
    book = Course(course)
    folder = partial(book.folder, "autograded", assignment)
    return [s for s in book.students("autograded", assignment) if notebooks_in(folder(s))]


def _made(
    course: Path, assignment: str, students: Sequence[str], language: str | None
) -> Iterator[tuple[str, Path | Exception]]:
    older = graded_by_older(course, assignment)
    again = messages.OLDER_GRADE.format(assignment=assignment)
    yield from ((name, NothingGradedError(again)) for name in students if name in older)
    students = [name for name in students if name not in older]
    if len(students) < MIN_PARALLEL:
        for student in students:
            yield student, _make_page(course, assignment, student, language)
        return
    with ProcessPoolExecutor(cores(), mp_context=context(PAGE_MODULES)) as pool:
        pages = [pool.submit(_make_page, course, assignment, s, language) for s in students]
        try:
            for student, page in zip(students, pages, strict=True):
                yield student, page.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _make_page(
    course: Path, assignment: str, student: str, language: str | None
) -> Path | Exception:
    try:
        return Course(course).feedback(assignment, student, language)
    except Exception as error:  # an error of nbgrader's concerns one student only
        return error
