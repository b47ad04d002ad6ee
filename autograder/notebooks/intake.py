"""Reading a hand-in: from whatever lies in the folder to a notebook with the release's structure.

A hand-in is hostile until shown otherwise. It is opened as a regular file of limited size, parsed
as JSON, and then only *text* is taken over: of the solution cells, found by `grade_id`, and of
plain cells that the student added. Test cells, points, flags, metadata, outputs, attachments and
other files are the release's or nobody's.
"""

from __future__ import annotations

import copy
import json
import os
import stat
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.notebooks.cells import nbgrader_of
from autograder.notebooks.display import TAG, shows
from autograder.sandbox.text import clean

MOST_BYTES = 20_000_000


class UnreadableError(ValueError):
    """A hand-in that cannot be graded; the message says why."""


@dataclass(frozen=True)
class Intake:
    notebook: Any  # nbformat's NotebookNode
    flags: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class HandIn:
    """What lies in a student's folder, as bytes."""

    content: bytes = field(repr=False)
    stamp: bytes = b""  # of timestamp.txt, in which nbgrader keeps when it was handed in
    flags: tuple[str, ...] = field(default=())


def read_hand_in(folder: Path, name: str) -> HandIn:
    """The hand-in in this folder; name: of its notebook. Raises UnreadableError."""
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
    return HandIn(content, stamp, flags)


def find_notebook(folder: Path, name: str) -> tuple[Path, tuple[str, ...]]:
    """The hand-in's notebook and flags: the one with the release's name, else the only one."""
    if os.path.lexists(folder / name):
        return folder / name, ()
    others = sorted(p for p in folder.glob("*.ipynb"))
    if len(others) == 1:
        return others[0], (f"renamed: {clean(others[0].name)}",)
    found = ", ".join(clean(p.name) for p in others) or "no notebook"
    raise UnreadableError(f"the folder must hold {name}, was: {found}")


def read_bytes(path: Path) -> bytes:
    """The file's content; UnreadableError for a link, a device, a folder, or too large a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(f"cannot be opened as a file: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("must be a regular file")
        if status.st_size > MOST_BYTES:
            raise UnreadableError(
                f"must not be larger than {MOST_BYTES:,} bytes, was: {status.st_size:,}"
            )
        with open(handle, "rb", closefd=False) as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(handle)


def parse(content: bytes) -> Any:
    """The notebook in these bytes, in nbformat 4; UnreadableError if there is none."""
    import nbformat

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


def rebuild(release: Any, submitted: Any) -> Intake:
    """The release's notebook with the student's solutions and added cells, and what was odd.

    Flags: `missing: id` (the release's empty cell takes its place), `doubled: id` (several cells
    claim it, with different text: none counts), `changed: id` (a locked cell's text or type was
    edited; the release's stands).
    """
    import nbformat

    known = {nbgrader_of(c)["grade_id"]: c for c in release.cells if "grade_id" in nbgrader_of(c)}
    shown = {clean(c.source) for c in release.cells if shows(c)}
    texts: dict[str, list[str]] = defaultdict(list)
    retyped = set()
    added: dict[str, list[Any]] = defaultdict(list)  # after which known cell
    last = ""
    for cell in submitted.cells:
        grade_id = nbgrader_of(cell).get("grade_id")
        if isinstance(grade_id, str) and grade_id in known:
            texts[grade_id].append(clean(cell.source))
            if cell.get("cell_type") != known[grade_id].cell_type:
                retyped.add(grade_id)
            last = grade_id
        elif cell.get("cell_type") in ("code", "markdown"):
            make = nbformat.v4.new_code_cell
            if cell.cell_type == "markdown":
                make = nbformat.v4.new_markdown_cell
            text = clean(cell.source)
            own = {"tags": [TAG]} if make is nbformat.v4.new_code_cell and text in shown else {}
            added[last].append(make(text, metadata=own))

    notebook = copy.deepcopy(release)
    notebook.cells = added[""]
    flags = []
    for grade_id, original in known.items():
        cell = copy.deepcopy(original)
        sources = texts[grade_id]
        if not sources:
            flags.append(f"missing: {grade_id}")
        elif not nbgrader_of(original).get("solution"):
            if grade_id in retyped or any(text != original.source for text in sources):
                flags.append(f"changed: {grade_id}")
        elif len(set(sources)) > 1:
            flags.append(f"doubled: {grade_id}")
        else:
            cell.source = sources[0]
        notebook.cells += [cell, *added[grade_id]]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = nbgrader_of(cell).get("grade_id") or f"added-{number}"
    return Intake(notebook, tuple(flags))


def _one_line(value: object) -> str:
    return clean(" ".join(str(value).split()))[:200]
