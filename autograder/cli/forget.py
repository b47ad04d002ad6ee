"""`kischule forget`."""

import argparse
import sys
import time

from autograder.cli import messages
from autograder.cli.output import (
    DONE,
    NOT_PASSED,
    STOPPED,
    WrongUseError,
    printable,
    stderr,
    worded,
)
from autograder.errors import system_reason
from autograder.lms.forget import plan

DAY_S = 86_400.0


def run(options: argparse.Namespace) -> int:
    """Show what goes, ask, and delete it; name the files that still mention a student."""
    course = options.course.resolve()
    before = None if options.older_than is None else time.time() - options.older_than * DAY_S
    forgetting = plan(course, options.student, before)
    for line in forgetting.places():
        print(printable(worded(line)))
    if given := forgetting.by_hand():
        stderr(messages.BY_HAND_LOST)
    for line in given:
        stderr(printable(f"  {worded(line)}"))
    if not forgetting.submissions and not forgetting.students:
        stderr(messages.NOTHING_OLD)
        return DONE
    if options.dry_run:
        return DONE
    if not options.yes and not _confirmed():
        stderr(messages.NOTHING_DELETED)
        return STOPPED
    try:
        forgetting.run()
    except OSError as error:
        about = {"file": error.filename, "reason": system_reason(error)}
        raise WrongUseError(messages.DELETE_REST.format(**about)) from error
    left = forgetting.left()
    for name in left:
        stderr(printable(worded(messages.STILL_NAMED.format(name=name))))
    return NOT_PASSED if left else DONE


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise WrongUseError(messages.CANNOT_UNDO)
    return input(worded(messages.DELETE_ALL)).strip().lower() in ("y", "yes", "j", "ja")
