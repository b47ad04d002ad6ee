"""`kischule forget`."""

import argparse
import sys
import time

from autograder.cli.output import DONE, NOT_PASSED, STOPPED, WrongUseError, printable, stderr
from autograder.lms.forget import plan

DAY_S = 86_400.0


def run(options: argparse.Namespace) -> int:
    """Show what goes, ask, and delete it; name the files that still mention a student."""
    course = options.course.resolve()
    before = None if options.older_than is None else time.time() - options.older_than * DAY_S
    forgetting = plan(course, options.student, before)
    for line in forgetting.places():
        print(printable(line))
    if given := forgetting.by_hand():
        stderr("given by hand, and lost with it:")
    for line in given:
        stderr(printable(f"  {line}"))
    if not forgetting.submissions and not forgetting.students:
        stderr("nothing is that old")
        return DONE
    if options.dry_run:
        return DONE
    if not options.yes and not _confirmed():
        stderr("nothing is deleted")
        return STOPPED
    try:
        forgetting.run()
    except OSError as error:
        raise WrongUseError(
            f"{error.filename}: {error.strerror}: the same command deletes the rest"
        ) from error
    left = forgetting.left()
    for name in left:
        stderr(printable(f"still named in {name}: look at it, and delete it if it need not stay"))
    return NOT_PASSED if left else DONE


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise WrongUseError("this cannot be undone: repeat with --yes, or look with --dry-run")
    return input("Delete all of it? [y/N] ").strip().lower() in ("y", "yes")
