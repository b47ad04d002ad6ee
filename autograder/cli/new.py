"""`kischule new`."""

import argparse
import os
from pathlib import Path

from autograder.cli.output import DONE, WrongUseError, stderr
from autograder.course.new import RESERVED, SIGNATURE, new_assignment, new_exercise
from autograder.course.new_course import new_course


def run(options: argparse.Namespace) -> int:
    """Make an assignment, an exercise in one, or a course; what is made goes to stdout."""
    if options.assignment in RESERVED:
        return _course(options)
    course = options.course.resolve()
    if not course.is_dir():
        raise WrongUseError(f"--course must be a folder, was: {options.course}")
    try:
        if options.name is None:
            if options.signature is not None:
                raise WrongUseError("--signature is an exercise's: name the exercise as well")
            paths = new_assignment(course, options.assignment)
        else:
            signature = SIGNATURE if options.signature is None else options.signature
            paths = new_exercise(course, options.assignment, options.name, signature)
    except OSError as error:
        raise WrongUseError(f"{error.filename}: {error.strerror}: nothing is changed") from error
    for path in paths:
        print(os.path.relpath(path, course))
    only = f" {options.name}" if options.name else ""
    stderr(f"edit them, then run `kischule verify {options.assignment}{only}`")
    return DONE


def _course(options: argparse.Namespace) -> int:
    if options.name is None:
        raise WrongUseError("`kischule new course DIR` needs the name of an empty or new folder")
    for path in new_course(Path(options.name), options.language):
        print(path)
    return DONE
