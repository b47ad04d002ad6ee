"""Reading a submission: from any file in the folder to a notebook.

A submission is hostile until shown otherwise. It is opened as a regular file of limited size and
parsed as JSON; `structure.rebuild` then takes over what counts. Other files are left alone.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.errors import UserError
from autograder.notebooks.flags import Flag, FlagKind
from autograder.sandbox.text import clean

MAX_BYTES = 20_000_000


class UnreadableError(UserError, ValueError):
    """A submission that cannot be graded; the message says why."""


@dataclass(frozen=True)
class Submission:
    """The files of a submission that count, as bytes."""

    content: bytes = field(repr=False)
    stamp: bytes = b""  # timestamp.txt, in which nbgrader keeps the time of submission
    flags: tuple[Flag, ...] = ()


def read_submission(folder: Path, name: str) -> Submission:
    """Read the submission in this folder; name: of its notebook. Raises UnreadableError."""
    try:
        path, flags = find_notebook(folder, name)
        content = read_bytes(path)
    except UnreadableError:
        raise
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    try:
        stamp = read_bytes(folder / "timestamp.txt")[:100]
    except UnreadableError:
        stamp = b""
    return Submission(content, stamp, flags)


def find_notebook(folder: Path, name: str) -> tuple[Path, tuple[Flag, ...]]:
    """Find the notebook: the one with the release's name, else the only one, with a flag."""
    if os.path.lexists(folder / name):
        return folder / name, ()
    others = sorted(p for p in folder.glob("*.ipynb"))
    if len(others) == 1:
        return others[0], (Flag(FlagKind.RENAMED, reason=clean(others[0].name)),)
    found = ", ".join(clean(p.name) for p in others) or "no notebook"
    raise UnreadableError(f"the folder must hold {name}, was: {found}")


def read_bytes(path: Path) -> bytes:
    """Read a file; UnreadableError for a link, a device, a folder, or too large a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(f"cannot be opened as a file: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("must be a regular file")
        if status.st_size > MAX_BYTES:
            raise UnreadableError(
                f"must not be larger than {MAX_BYTES:,} bytes, was: {status.st_size:,}"
            )
        with open(handle, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    finally:
        os.close(handle)


def parse(content: bytes) -> Any:
    """Parse a notebook and convert it to nbformat 4; UnreadableError for anything else."""
    try:
        data = json.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {_one_line(error)}") from error
    version = data.get("nbformat") if isinstance(data, dict) else None
    if type(version) is not int or version not in (3, 4):
        raise UnreadableError(
            f"JSON, but not a notebook: nbformat must be 3 or 4, was: {_one_line(version)}"
        )
    try:
        notebook = nbformat.convert(nbformat.from_dict(data), 4)
    except Exception as error:  # nbformat raises whatever the malformed place provokes
        raise UnreadableError(f"not a notebook: {_one_line(error)}") from error
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not isinstance(notebook.get("metadata", {}), dict):
        raise UnreadableError("not a notebook: cells must be a list and metadata a mapping")
    notebook.setdefault("metadata", nbformat.from_dict({}))
    for cell in cells:
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            cell["source"] = "".join(source)
        elif not isinstance(source, str):
            raise UnreadableError("not a notebook: a cell has no text")
        if not isinstance(cell.get("metadata", {}), dict):
            raise UnreadableError("not a notebook: a cell's metadata is not a mapping")
        cell.setdefault("metadata", nbformat.from_dict({}))
    return notebook


def _one_line(value: object) -> str:
    return clean(" ".join(str(value).split()))[:200]
