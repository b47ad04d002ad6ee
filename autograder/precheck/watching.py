"""Waiting until a notebook is saved with another text."""

import time
from collections.abc import Sequence
from pathlib import Path

from autograder.notebooks import intake, reader
from autograder.notebooks.reader import UnreadableError

POLL_S = 0.5  # between two looks at the file


def wait_for_change(path: Path, before: Sequence[str] | None) -> Sequence[str]:
    """Wait until a notebook's cells differ from those before, which are returned.

    before: what this returned last; None: return at once. Other outputs are no change. A file that
    cannot be read has no cells.
    """
    seen: tuple[int, int] | None = None
    while True:
        stamp = _stamp(path)
        if before is None or stamp != seen:
            seen = stamp
            cells = _texts(path)
            if cells != before:
                return cells
        time.sleep(POLL_S)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def _texts(path: Path) -> Sequence[str]:
    try:
        return [cell.source for cell in reader.parse(intake.read_bytes(path)).cells]
    except UnreadableError:
        return []
