"""`kischule release`."""

import argparse
import os
import sys

from autograder.cli import messages
from autograder.cli.output import (
    DONE,
    NOT_PASSED,
    STOPPED,
    WrongUseError,
    print_table,
    stderr,
    stdout,
    worded,
)
from autograder.course.made_with import changes_since
from autograder.course.registration import Changes
from autograder.course.release import release, stale_files
from autograder.errors import UserError, system_reason
from autograder.notebooks.editions import in_language
from kischule.i18n import text_of


def run(options: argparse.Namespace) -> int:
    """Make a release, or report whether it is up to date."""
    assignment = in_language(options.assignment, options.language)
    if options.check:
        stale = stale_files(options.course, assignment)
        for name in stale:
            stdout(messages.STALE.format(path=f"release/{assignment}/{name}"))
        if not stale:
            stdout(messages.FRESH.format(path=f"release/{assignment}"))
        if changes := changes_since(options.course, assignment):
            stdout(messages.JUDGED_NOW.format(changes=text_of(changes)))
        return NOT_PASSED if stale else DONE
    options.assignment, options.course = assignment, options.course.resolve()
    try:
        paths = release(options.course, assignment, lambda changes: _agreed(changes, options))
    except UserError:
        raise
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        told = messages.NOTHING_HALF.format(place=place, reason=system_reason(error))
        raise WrongUseError(told) from error
    for path in paths:
        print(path)
    if not paths:
        stderr(messages.UNCHANGED)
    return DONE if paths else STOPPED


def _agreed(changes: Changes, options: argparse.Namespace) -> bool:
    """Show what changes for whom; ask where the gradebook's cells change."""
    again = messages.AGAIN.format(assignment=options.assignment)
    if not changes.cells:
        stderr(messages.OLDER_GRADED.of(len(changes.students), again=again))
        return True
    cells = [[each.cell, each.before or "–", each.after or "–"] for each in changes.cells]
    print_table(messages.CELL_HEADS, cells)
    print()
    rows = [
        [
            student,
            "; ".join(map(worded, effects)) or messages.KEEPS_ALL,
            messages.KEEPS_POINTS if student in changes.absent else again,
        ]
        for student, effects in changes.students.items()
    ]
    print_table(messages.EFFECT_HEADS, rows)
    if changes.backup is None:
        stdout(f"\n{worded(messages.NO_BACKUP)}")
    else:
        path = os.path.relpath(changes.backup, options.course)
        stdout(f"\n{worded(messages.BACKUP.format(path=path))}")
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise WrongUseError(messages.REPEAT_WITH_YES.of(len(rows)))
    return input(worded(messages.ASK_TO_RELEASE)).strip().lower() in messages.YES
