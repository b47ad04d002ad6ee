"""`kischule adjust`."""

import argparse

from autograder.cli import messages
from autograder.cli.output import (
    DONE,
    WrongUseError,
    print_table,
    printable,
    stderr,
    stdout,
    worded,
)
from autograder.course.adjust import Totals, adjust, waiting_extensions
from autograder.course.adjustments import Action, Adjustment, Adjustments
from autograder.course.release import exercises_notebooks

MAX_HOURS = 24.0 * 366


def run(options: argparse.Namespace) -> int:
    """Adjust an assignment, and show whose points changed; without a change show the log."""
    course, hours, reason = options.course.resolve(), options.hours or 0.0, options.reason or ""
    wanted = [(action, name) for action in Action for name in getattr(options, action)]
    if not wanted:
        exercises_notebooks(course, options.assignment)
        for entry in Adjustments.of(course, options.assignment).log:
            stdout(printable(worded(entry.text)))
        return DONE
    if not reason.strip():
        raise WrongUseError(messages.NO_REASON)
    if bool(options.extend) != (options.hours is not None) or not 0 <= hours < MAX_HOURS:
        raise WrongUseError(messages.NO_HOURS.format(limit=MAX_HOURS, was=options.hours))
    entries = [
        Adjustment.now(action, name, reason, hours if action == Action.EXTEND else 0.0)
        for action, name in wanted
    ]
    before, after = adjust(course, options.assignment, entries)
    _print_changes(before, after)
    for student in waiting_extensions(course, options.assignment):
        stderr(messages.EXTENSION_WAITS.format(student=student))
    return DONE


def _print_changes(before: Totals, after: Totals) -> None:
    rows = [
        [student, _points(before, student), _points(after, student)]
        for student in sorted({*before, *after})
        if _points(before, student) != _points(after, student)
    ]
    if rows:
        print_table(messages.CHANGED_HEADS, rows, right=(1, 2))
    else:
        stdout(messages.NO_POINTS_CHANGED)


def _points(totals: Totals, student: str) -> str:
    total = totals.get(student)
    if not total:
        return "–"
    return worded(messages.OF_POINTS.format(points=total.points, possible=total.max_points))
