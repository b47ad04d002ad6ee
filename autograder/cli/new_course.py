"""`kischule new course`."""

import argparse

from autograder.cli.output import DONE
from autograder.course.new_course import new_course


def run(options: argparse.Namespace) -> int:
    """Make a course folder; prints what is in it."""
    for path in new_course(options.folder, options.language):
        print(path)
    return DONE
