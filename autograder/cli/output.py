"""Output of the command: exit statuses, tables, files of results, signals."""

import contextlib
import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from itertools import zip_longest
from pathlib import Path
from typing import Any

from wcwidth import wcswidth, wcwidth

from autograder.cli import messages
from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.sandbox.text import clean
from kischule.i18n import Text, text_of

GAP = "  "  # between columns
WITHOUT_TERMINAL = 100  # columns
DONE, NOT_PASSED, WRONG_USE, NOT_GRADED, STOPPED = 0, 1, 2, 3, 130

LANGUAGE = ContextVar("LANGUAGE", default="en")  # of what this run of the command says


class WrongUseError(UserError):
    """Arguments that do not fit together, or a file that cannot be written."""


def worded(said: str | Text) -> str:
    """A text or a line in the command's language; a plain str is itself."""
    return text_of(said)[LANGUAGE.get()]


def stdout(said: str | Text) -> None:
    """Print a result."""
    print(worded(said))


def stderr(said: str | Text) -> None:
    """Print a message, apart from the results."""
    print(worded(said), file=sys.stderr, flush=True)


def mark(passed: bool | None) -> str:
    """A sign for passed, not graded, failed."""
    return "✓" if passed else "–" if passed is None else "✗"


def print_table(
    head: Sequence[str | Text], rows: Sequence[Sequence[str | Text]], right: Sequence[int] = ()
) -> None:
    """Print rows in columns, no wider than the terminal: long cells go on in further lines.

    right: the indices of columns that are aligned to the right.
    """
    table = [[printable(worded(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(map(wcswidth, column)) for column in zip(*table, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > terminal_width() and max(widths) > 2:
        widths[widths.index(max(widths))] -= 1
    table.insert(1, ["─" * width for width in widths])
    for row in table:
        columns = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for cells in zip_longest(*columns, fillvalue=""):
            fills = [" " * (w - wcswidth(c)) for c, w in zip(cells, widths, strict=True)]
            pairs = enumerate(zip(cells, fills, strict=True))
            line = [fill + cell if i in right else cell + fill for i, (cell, fill) in pairs]
            print(GAP.join(line).rstrip())


def printable(text: str) -> str:
    """A stranger's text in one line, without what moves a terminal's cursor."""
    text = " ".join(clean(text).split())
    return "".join(c if wcwidth(c) >= 0 else "\N{REPLACEMENT CHARACTER}" for c in text)


def shortened(text: str, columns: int = 0) -> str:
    """A text in one line of the terminal, or of so many columns; … where it goes on."""
    text, columns = printable(text), columns or terminal_width()
    return text if wcswidth(text) <= columns else f"{_split(text, columns - 1)[0]}…"


def terminal_width() -> int:
    """The columns of the terminal, or of a page where there is none."""
    return shutil.get_terminal_size((WITHOUT_TERMINAL, 24)).columns


def _wrapped(text: str, columns: int) -> list[str]:
    """Break a text into lines, between words where it can be."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if wcswidth(longer) <= columns:
            lines[-1] = longer
            continue
        lines += [word] if lines[-1] else []
        lines[-1] = word
        while wcswidth(lines[-1]) > columns:
            lines[-1:] = _split(lines[-1], columns)
    return lines


def _split(text: str, columns: int) -> tuple[str, str]:
    """Split a text behind the last character that fits, but never before the first."""
    end = 1
    while end < len(text) and wcswidth(text[: end + 1]) <= columns:
        end += 1
    return text[:end], text[end:]


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
            raise WrongUseError(messages.NO_FILE_NAME.format(was=target))
        if not path.resolve().parent.is_dir():
            raise WrongUseError(messages.NO_FOLDER.format(name=target))


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
