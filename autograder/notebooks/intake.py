"""Reading a submission: from any file in the folder to a notebook with the release's structure.

A submission is hostile until shown otherwise. It is opened as a regular file of limited size and
parsed as JSON; then only *text* is taken over, of the solution cells, found by `grade_id`, and of
plain cells that the student added. Test cells, points, metadata, outputs, attachments and other
files come from the release or are dropped.
"""

import copy
import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.notebooks.cells import by_id, grade_id_of, is_solution
from autograder.notebooks.display import TAG, is_display_only
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.reader import MAX_BYTES as MAX_BYTES
from autograder.notebooks.reader import UnreadableError as UnreadableError
from autograder.notebooks.reader import parse as parse
from autograder.sandbox.text import clean

NO_NOTEBOOK = "no_notebook.txt"  # written by an import: the files that a student handed in instead


@dataclass(frozen=True)
class Rebuilt:
    """A submission on the release's structure."""

    notebook: Any  # nbformat's NotebookNode
    flags: tuple[Flag, ...] = ()


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
    if (folder / NO_NOTEBOOK).is_file():
        found = clean(read_bytes(folder / NO_NOTEBOOK).decode(errors="replace"))
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


def rebuild(release: Any, submitted: Any) -> Rebuilt:
    """Put the student's solutions and added cells into the release's notebook; flag what is odd."""
    known = by_id(release)
    display = {clean(c.source) for c in release.cells if is_display_only(c)}
    texts: dict[str, list[str]] = defaultdict(list)
    retyped = set()
    added: dict[str, list[Any]] = defaultdict(list)  # after which known cell
    last = ""
    for cell in submitted.cells:
        grade_id = grade_id_of(cell)
        if grade_id in known:
            texts[grade_id].append(clean(cell.source))
            if cell.get("cell_type") != known[grade_id].cell_type:
                retyped.add(grade_id)
            last = grade_id
        elif cell.get("cell_type") in ("code", "markdown"):
            make = nbformat.v4.new_code_cell
            if cell.cell_type == "markdown":
                make = nbformat.v4.new_markdown_cell
            text = clean(cell.source)
            own = {"tags": [TAG]} if make is nbformat.v4.new_code_cell and text in display else {}
            added[last].append(make(text, metadata=own))

    notebook = copy.deepcopy(release)
    notebook.cells = added[""]
    flags = []
    for grade_id, original in known.items():
        cell = copy.deepcopy(original)
        sources = texts[grade_id]
        if not sources:
            flags.append(Flag(FlagKind.MISSING, grade_id))
        elif not is_solution(original):
            if grade_id in retyped or any(text != original.source for text in sources):
                flags.append(Flag(FlagKind.CHANGED, grade_id))
        elif len(set(sources)) > 1:
            flags.append(Flag(FlagKind.DOUBLED, grade_id))
        else:
            cell.source = sources[0]
        notebook.cells += [cell, *added[grade_id]]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = grade_id_of(cell) or f"added-{number}"
    return Rebuilt(notebook, tuple(flags))
