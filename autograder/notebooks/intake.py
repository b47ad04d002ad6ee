"""Reading a submission: from any file in the folder to a notebook.

A submission is hostile until shown otherwise. It is opened as a regular file of limited size and
parsed by `reader`; `structure.rebuild` then takes over what counts. Other files are left alone.
"""

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from autograder.errors import system_reason
from autograder.notebooks import messages
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.reader import MAX_BYTES, UnreadableError
from autograder.sandbox.text import clean
from kischule.i18n import Text

NO_NOTEBOOK = "no_notebook.txt"  # written by an import: the files that a student handed in instead


@dataclass(frozen=True)
class Submission:
    """The files of a submission that count, as bytes."""

    content: bytes = field(repr=False)
    stamp: bytes = b""  # timestamp.txt, in which nbgrader keeps the time of submission
    flags: tuple[Flag, ...] = ()


def read_submission(folder: Path, name: str, others: Collection[str] = ()) -> Submission:
    """Read the submission in this folder; name: of its notebook. Raises UnreadableError.

    others: the names of the assignment's other notebooks.
    """
    try:
        path, flags = find_notebook(folder, name, others)
        content = read_bytes(path)
    except UnreadableError:
        raise
    except OSError as error:
        raise UnreadableError(messages.CANNOT_READ.format(reason=system_reason(error))) from error
    try:
        stamp = read_bytes(folder / "timestamp.txt")[:100]
    except UnreadableError:
        stamp = b""
    return Submission(content, stamp, flags)


def find_notebook(
    folder: Path, name: str, others: Collection[str] = ()
) -> tuple[Path, tuple[Flag, ...]]:
    """Find the notebook: the one with the release's name, else the only one, with a flag.

    others: the names of the assignment's other notebooks. If two are renamed, none is guessed.
    """
    if os.path.lexists(folder / name):
        return folder / name, ()
    there = sorted(p for p in folder.glob("*.ipynb"))
    unknown = [path for path in there if path.name not in others]
    if len(unknown) == 1 and all((folder / other).exists() for other in others):
        return unknown[0], (Flag(FlagKind.RENAMED, reason=clean(unknown[0].name)),)
    names = ", ".join(clean(p.name) for p in there)
    found = Text.same(names) if names else messages.NO_NOTEBOOK_THERE
    if (folder / NO_NOTEBOOK).is_file():
        found = Text.same(clean(read_bytes(folder / NO_NOTEBOOK).decode(errors="replace")))
    raise UnreadableError(messages.OTHER_NOTEBOOKS.format(name=name, found=found))


def read_bytes(path: Path) -> bytes:
    """Read a file; UnreadableError for a link, a device, a folder, or too large a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(messages.CANNOT_OPEN.format(reason=system_reason(error))) from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(messages.NOT_REGULAR)
        if status.st_size > MAX_BYTES:
            raise UnreadableError(messages.TOO_LARGE.format(limit=MAX_BYTES, was=status.st_size))
        with open(handle, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(handle)
