"""`kischule new`."""

import argparse
import os

from autograder.cli.output import DONE, WrongUseError, stderr
from autograder.course.new import SIGNATURE, new_assignment, new_exercise


def run(options: argparse.Namespace) -> int:
    """Make an assignment, or an exercise in one; the new and changed files go to stdout."""
    course = options.course.resolve()
    if not course.is_dir():
        raise WrongUseError(f"--course must be a folder, was: {options.course}")
    try:
        if options.exercise is None:
            if options.signature is not None:
                raise WrongUseError("--signature is an exercise's: name the exercise as well")
            paths = new_assignment(course, options.assignment)
        else:
            signature = SIGNATURE if options.signature is None else options.signature
            paths = new_exercise(course, options.assignment, options.exercise, signature)
    except OSError as error:
        raise WrongUseError(f"{error.filename}: {error.strerror}: nothing is changed") from error
    for path in paths:
        print(os.path.relpath(path, course))
    only = f" {options.exercise}" if options.exercise else ""
    stderr(f"edit them, then run `kischule verify {options.assignment}{only}`")
    return DONE
