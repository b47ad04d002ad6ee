"""`kischule check`: needs neither a course nor nbgrader."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from typing import TYPE_CHECKING

from autograder.cli.messages import ERROR, FILE_REASON, NEEDS_PACKAGE, WATCHING
from autograder.cli.output import (
    DONE,
    NOT_PASSED,
    WRONG_USE,
    WrongUseError,
    check_writable,
    mark,
    print_table,
    stderr,
    write_json,
)
from autograder.errors import MissingPackageError
from autograder.notebooks.loading import without_slow_packages
from kischule.i18n import addressing

if TYPE_CHECKING:
    from autograder.notebooks.starting import StartedKernel
    from autograder.precheck.precheck import Precheck

PACKAGES = ("ipykernel", "nbclient", "nbformat")


def run(options: argparse.Namespace) -> int:
    """Check a notebook, once or after each save; lines for the student, or JSON."""
    check_writable(options.json)
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingPackageError(NEEDS_PACKAGE.format(package=package))
    from autograder.precheck.kernel import start_kernel

    if options.watch:
        return _watch(options)
    with start_kernel() as kernel:
        return _check(options, kernel)


def _watch(options: argparse.Namespace) -> int:
    """Check after each save until Ctrl-C; the status of the last check."""
    from autograder.precheck.kernel import start_kernel

    status, checked = NOT_PASSED, None
    try:
        while True:
            with start_kernel() as kernel:  # it has imported everything when the student saves
                _load_packages()
                from autograder.precheck.watching import wait_for_change

                first = checked is None
                checked = wait_for_change(options.notebook, checked)
                print(time.strftime("\n── %H:%M:%S ──"))
                try:
                    status = _check(options, kernel)
                except WrongUseError as error:
                    if first:
                        raise
                    stderr(ERROR.format(error=error.text))
                    status = WRONG_USE
            stderr(WATCHING)
    except KeyboardInterrupt:
        return status


def _check(options: argparse.Namespace, kernel: StartedKernel) -> int:
    """Check it now, in a kernel that this uses up; the exit status."""
    _load_packages()
    from autograder.notebooks.reader import UnreadableError
    from autograder.precheck import messages
    from autograder.precheck.precheck import precheck

    try:
        checked = precheck(
            options.notebook, options.language, progress=_show_progress, kernel=kernel
        )
    except UnreadableError as error:
        told = FILE_REASON.format(path=options.notebook, reason=error.text)
        raise WrongUseError(told) from error
    finally:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
    with addressing(checked.address):
        if options.json != "-":
            _print(checked, messages.NO_TEST[checked.language], messages.NUMBERS[checked.language])
        write_json(options.json, {"notebook": options.notebook.name, **checked.as_data()})
    return DONE if checked.passed else NOT_PASSED


def _show_progress(number: int, count: int, exercise: str) -> None:
    """The exercise that is being checked: in one line on a terminal, else a line each."""
    live = sys.stderr.isatty()
    text = f"{number}/{count} {exercise}"
    sys.stderr.write(f"\r\033[K{text}" if live else f"{text}\n")
    sys.stderr.flush()


def _print(checked: Precheck, no_test: str, numbers: str) -> None:
    """A table of points, what is wrong with an exercise, the findings in groups, one last line."""
    if checked.rows:
        print_table(checked.head, checked.rows, right=(2, 3))
        print(f"\n{checked.total}")
    for result in checked.results:
        if lines := checked.details(result).splitlines():
            print("\n    ".join([f"\n{mark(result.passed)} {result.exercise}", *lines]))
    for name in [] if checked.foreign else checked.missing:
        print(f"✗ {name}\n    {no_test}")
    for heading, findings in checked.groups():
        print(f"\n{heading}")
        for finding in findings:
            print(f"  {finding.message[checked.language]}")
    if any(finding.cell for finding in checked.findings):
        print(f"\n{numbers}")
    print(f"\n{checked.closing}")


def _load_packages() -> None:
    """Import what reads notebooks; a kernel that has just been started imports meanwhile."""
    with without_slow_packages():
        importlib.import_module("nbformat")
