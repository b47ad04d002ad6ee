"""`kischule release`."""

import argparse
import os
import sys

from autograder.cli.output import DONE, NOT_PASSED, STOPPED, WrongUseError, print_table, stderr
from autograder.course.made_with import changes_since
from autograder.course.registration import Changes
from autograder.course.release import release, stale_files
from autograder.errors import UserError
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
        if changes := changes_since(options.course, assignment):
            print(f"{changes}; `kischule grade` judges by the exercises as they are now")
        return NOT_PASSED if stale else DONE
    options.assignment, options.course = assignment, options.course.resolve()
    try:
        paths = release(options.course, assignment, lambda changes: _agreed(changes, options))
    except UserError:
        raise
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise WrongUseError(
            f"{place}{error.strerror}: nothing is half done, repeat the command"
        ) from error
    for path in paths:
        print(path)
    if not paths:
        stderr("nothing is changed")
    return DONE if paths else STOPPED


def _agreed(changes: Changes, options: argparse.Namespace) -> bool:
    """Show what changes for whom; ask where the gradebook's cells change."""
    again = f"graded anew by `kischule grade {options.assignment}`"
    if not changes.cells:
        stderr(f"{len(changes.students)} graded submissions, of an older release: {again}")
        return True
    cells = [[each.cell, each.before or "–", each.after or "–"] for each in changes.cells]
    print_table(["cell", "in the gradebook", "in the source"], cells)
    print()
    rows = [
        [
            student,
            "; ".join(effects) or "keeps all that was given by hand",
            "keeps its points: no file under submitted" if student in changes.absent else again,
        ]
        for student, effects in changes.students.items()
    ]
    print_table(["student", "now", "then"], rows)
    if changes.backup is None:
        print("\nThe gradebook is not in a file: make a backup of it yourself.")
    else:
        print(f"\nA backup will be {os.path.relpath(changes.backup, options.course)}")
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise WrongUseError(
            f"this changes the gradebook of {len(rows)} submissions: repeat with --yes"
        )
    return input("Change the release and the gradebook? [y/N] ").strip().lower() in ("y", "yes")
