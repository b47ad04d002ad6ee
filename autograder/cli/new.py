"""`kischule new`."""

import argparse
import os
from pathlib import Path

from autograder.cli import messages
from autograder.cli.output import DONE, WrongUseError, stderr
from autograder.course.new import RESERVED, SIGNATURE, new_assignment, new_exercise
from autograder.course.new_course import new_course
from autograder.errors import system_reason


def run(options: argparse.Namespace) -> int:
    """Make an assignment, an exercise in one, or a course; what is made goes to stdout."""
    if options.assignment in RESERVED:
        return _course(options)
    course = options.course.resolve()
    if not course.is_dir():
        raise WrongUseError(messages.NO_COURSE.format(was=options.course))
    try:
        if options.name is None:
            if options.signature is not None:
                raise WrongUseError(messages.WHOSE_SIGNATURE)
            paths = new_assignment(course, options.assignment)
        else:
            signature = SIGNATURE if options.signature is None else options.signature
            paths = new_exercise(course, options.assignment, options.name, signature)
    except OSError as error:
        about = {"path": error.filename, "reason": system_reason(error)}
        raise WrongUseError(messages.NOTHING_CHANGED.format(**about)) from error
    for path in paths:
        print(os.path.relpath(path, course))
    names = " ".join(filter(None, (options.assignment, options.name)))
    stderr(messages.EDIT.format(names=names))
    return DONE


def _course(options: argparse.Namespace) -> int:
    if options.name is None:
        raise WrongUseError(messages.NO_COURSE_NAME)
    for path in new_course(Path(options.name), options.language):
        print(path)
    return DONE
