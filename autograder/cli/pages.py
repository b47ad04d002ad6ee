"""`kischule feedback` and `kischule report`."""

import argparse

from autograder.cli import messages
from autograder.cli.output import DONE, NOT_GRADED, WrongUseError, stderr, worded
from autograder.course.gradebook import Course
from autograder.course.pages import feedback as make_pages
from autograder.errors import UserError, system_reason
from autograder.files import write_atomically
from autograder.lms.final import not_final
from autograder.reports.class_page import class_page


def feedback(options: argparse.Namespace) -> int:
    """Make the students' pages."""
    failed, course = 0, options.course.resolve()
    students = tuple(options.student)
    for student, made in make_pages(course, options.assignment, students, options.language):
        failed += isinstance(made, Exception)
        if isinstance(made, Exception):
            reason = made.text if isinstance(made, UserError) else str(made)
            stderr(f"{student}: {worded(reason)}")
        else:
            print(made)
    totals = Course(course).totals(options.assignment)
    for note in [] if options.student else not_final(course, options.assignment, totals):
        stderr(note)
    return NOT_GRADED if failed else DONE


def report(options: argparse.Namespace) -> int:
    """Make the class page."""
    course = options.course.resolve()
    target = options.output or course / "reports" / f"{options.assignment}.html"
    page = class_page(course, options.assignment, options.language)
    try:
        write_atomically(target, page.encode())
    except OSError as error:
        reason = system_reason(error)
        raise WrongUseError(messages.CANNOT_WRITE.format(path=target, reason=reason)) from error
    print(target)
    return DONE
