"""`kischule release`."""

import argparse

from autograder.cli.output import DONE, NOT_PASSED
from autograder.course.release import release, stale_files
from autograder.notebooks.editions import in_language


def run(options: argparse.Namespace) -> int:
    """Make a release, or report whether it is up to date."""
    assignment = in_language(options.assignment, options.language)
    if options.check:
        stale = stale_files(options.course, assignment)
        for name in stale:
            print(f"stale: release/{assignment}/{name}")
        if not stale:
            print(f"fresh: release/{assignment}")
        return NOT_PASSED if stale else DONE
    for path in release(options.course, assignment):
        print(path)
    return DONE
