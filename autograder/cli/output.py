"""Output of the command: exit statuses, tables, files of results, signals."""

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.errors import UserError
from autograder.files import write_atomically

DONE, NOT_PASSED, WRONG_USE, NOT_GRADED, STOPPED = 0, 1, 2, 3, 130


class WrongUseError(UserError):
    """Arguments that do not fit together, or a file that cannot be written."""


def stderr(text: str) -> None:
    """Print a message, apart from the results."""
    print(text, file=sys.stderr, flush=True)


def mark(passed: bool | None) -> str:
    """A sign for passed, not graded, failed."""
    return "✓" if passed else "–" if passed is None else "✗"


def print_table(head: list[str], rows: list[list[str]], right: Sequence[int] = ()) -> None:
    """Print rows in columns; right: the indices of columns that are aligned to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["─" * width for width in widths]
    for row in [head, rule, *rows]:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def write_json(target: str | None, data: dict[str, Any]) -> None:
    """Write data as JSON into a file, to stdout (-), or not at all (None)."""
    if target is None:
        return
    text = json.dumps(data, ensure_ascii=False, indent=2)
    if target == "-":
        print(text)
    else:
        write_atomically(Path(target), (text + "\n").encode(errors="backslashreplace"))


def check_writable(*targets: str | None) -> None:
    """Raise WrongUseError for a target that cannot be a file, before work is done for it."""
    for target in targets:
        if target is None or target == "-":
            continue
        path = Path(target)
        if not target or path.is_dir():
            raise WrongUseError(f"results need a file's name, was: {target!r}")
        if not path.resolve().parent.is_dir():
            raise WrongUseError(f"the folder of {target} does not exist")


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM, which a CI sends when it cancels, stop a run as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
