"""Bytes of a notebook to its cells, in nbformat 4, within bounds of size, number and depth.

Jupyter's pictures make a notebook large, but only its sources count: outputs are cut out of the
bytes before anything is built of them, and the bounds are those of the rest; a teacher's page asks
for them one by one, within bounds of their own. nbformat is not asked
to convert older versions, as it believes every number (`level` of a heading) and runs a schema over
whatever is there; only text is taken over.
"""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import nbformat

from autograder.errors import UserError
from autograder.notebooks import messages
from autograder.sandbox.text import clean

MAX_BYTES = 200_000_000  # of a file
MAX_TEXT_BYTES = 20_000_000  # without outputs
MAX_OUTPUT_PARTS = 3_000_000  # texts and brackets that are skipped
MAX_SHOWN_BYTES = 2_000_000  # of a cell's outputs on a page
MAX_SHOWN_ALL = 20_000_000  # of a notebook's
MAX_PARTS = 1_000_000  # brackets and commas without outputs
MAX_DEPTH = 40
MAX_CELLS = 2_000
MAX_CODE = 2_000_000  # characters of all code cells, which are parsed
MAX_DIGITS = 18  # of a number; Python refuses to read one of 4,300
MAX_HEADING = 6
# where a cell keeps its text, from version 4 back to 1
_SOURCES = ("source", "input", "code", "text")
_CELL_TYPES = {"code": "code", "raw": "raw"} | dict.fromkeys(
    ("markdown", "text", "html", "heading"), "markdown"
)
_OUTPUTS = re.compile(rb'"outputs"[ \t\r\n]*:[ \t\r\n]*\[')
_PART = re.compile(rb'"[^"]*"|[\[\]]')
_TEXT = re.compile(rb'"[^"]*"')
_BRACKET = re.compile(rb"[\[\]{}]")


class UnreadableError(UserError, ValueError):
    """A submission that cannot be graded; the message says why."""


def parse(content: bytes) -> Any:
    """Read a notebook of nbformat 1 to 4, without outputs, as nbformat 4.

    Raises UnreadableError for anything else, and for what exceeds a bound. Of a key that is there
    twice the last one counts, as in Jupyter; numbers that no notebook needs become None.
    """
    data = _json(_without_outputs(_as_utf8(content))[0])
    if not isinstance(data, dict) or ("nbformat" not in data and not data.get("cells")):
        raise UnreadableError(messages.NO_CELLS_KEY)
    version = data.get("nbformat", 1)  # the first version had no number
    if type(version) is not int or not 1 <= version <= 4:
        raise UnreadableError(messages.OTHER_NBFORMAT.format(was=one_line(version)))
    metadata = data.get("metadata", {})
    given = list(_cells(data))
    if not isinstance(metadata, dict):
        raise UnreadableError(messages.METADATA)
    if len(given) > MAX_CELLS:
        raise UnreadableError(messages.MANY_CELLS.format(limit=MAX_CELLS, was=len(given)))
    cells = [_cell(cell, number, version) for number, cell in enumerate(given)]
    if sum(len(cell["source"]) for cell in cells if cell["cell_type"] == "code") > MAX_CODE:
        raise UnreadableError(messages.MUCH_CODE.format(limit=MAX_CODE))
    ours = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return nbformat.from_dict(ours)


def outputs(content: bytes, wanted: Collection[int]) -> dict[int, list[Any] | None]:
    """Read what these cells of a submission show, by their index in `parse`'s notebook.

    Whatever JSON a student put there: nothing is checked but its size, number and depth. None:
    there is more than a page can show. Cells without any are left out. Raises as `parse` does.
    """
    content = _as_utf8(content)
    rest, cut = _without_outputs(content)
    places = {repr([number]): part for number, part in enumerate(cut)}
    found: dict[int, list[Any] | None] = {}
    left = MAX_SHOWN_ALL
    for index, cell in enumerate(_cells(_json(rest))):
        # any value may be there, under a key that is spelt with escapes
        place = places.get(repr(cell.get("outputs"))) if isinstance(cell, dict) else None
        if index not in wanted or place is None:
            continue
        size = place.stop - place.start
        fits = size <= min(MAX_SHOWN_BYTES, left)
        left -= size if fits else 0
        shown = _shown(content[place]) if fits else None
        if shown != []:
            found[index] = shown
    return found


def _shown(content: bytes) -> list[Any]:
    """The outputs within these brackets; [] for a list that is no JSON."""
    try:
        shown: list[Any] = _json(b"[" + content + b"]")
    except UnreadableError:
        return []
    return shown


# --- from bytes to JSON ---------------------------------------------------------------------------


def _as_utf8(content: bytes) -> bytes:
    """The text in UTF-8, without a mark of byte order. UnreadableError for an empty file."""
    encoding = json.detect_encoding(content)
    try:
        if encoding == "utf-8-sig":
            content = content[3:]
        elif encoding != "utf-8":
            content = content.decode(encoding).encode()
    except UnicodeError as error:
        raise UnreadableError(messages.NO_UTF.format(detail=one_line(error))) from error
    if not content.strip():
        raise UnreadableError(messages.EMPTY_FILE)
    return content


def _without_outputs(content: bytes) -> tuple[bytes, list[slice]]:
    """The same JSON with a number in each list of outputs, within the bounds of what is left.

    The number says which of the parts of the content, returned beside it, was there. Works on the
    bytes: a list that is never built takes no memory.
    """
    # without escapes in it, every quotation mark begins or ends a text; nothing changes its place
    plain = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    kept: list[bytes] = []
    cut: list[slice] = []
    size = start = parts = 0
    while (found := _OUTPUTS.search(plain, start)) and size <= MAX_TEXT_BYTES:
        kept += [content[start : found.end()], str(len(cut)).encode()]
        size += found.end() - start
        depth, start = 1, len(plain)
        for part in _PART.finditer(plain, found.end()):
            parts += 1
            if parts > MAX_OUTPUT_PARTS:
                raise UnreadableError(messages.MANY_OUTPUTS.format(limit=MAX_OUTPUT_PARTS))
            depth += {b"[": 1, b"]": -1}.get(part[0], 0)
            if not depth:
                start = part.start()
                break
        cut.append(slice(found.end(), start))
    if size + len(content) - start > MAX_TEXT_BYTES:
        raise UnreadableError(messages.LARGE_TEXT.format(limit=MAX_TEXT_BYTES))
    return b"".join([*kept, content[start:]]), cut


def _json(rest: bytes) -> Any:
    plain = rest.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    if (texts := plain.count(b'"') // 2) > MAX_PARTS:
        raise UnreadableError(messages.MANY_TEXTS.format(limit=MAX_PARTS, was=texts))
    structure = _TEXT.sub(b"", plain)
    parts = sum(map(structure.count, (b",", b"[", b"]", b"{", b"}")))
    if parts > MAX_PARTS:
        raise UnreadableError(messages.MANY_PARTS.format(limit=MAX_PARTS, was=parts))
    depth = 0
    for bracket in _BRACKET.findall(structure):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise UnreadableError(messages.DEPTH.format(limit=MAX_DEPTH))
    try:
        return json.loads(
            rest.decode("utf-8"),
            parse_int=lambda digits: int(digits) if len(digits) <= MAX_DIGITS else None,
            parse_float=_finite,
            parse_constant=lambda name: None,  # NaN, Infinity
        )
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise UnreadableError(messages.NOT_JSON_AT.format(**place)) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(messages.NOT_JSON.format(detail=one_line(error))) from error


def _finite(digits: str) -> float | None:
    return value if math.isfinite(value := float(digits)) else None


# --- from JSON to cells ---------------------------------------------------------------------------


def _cells(data: Mapping[str, Any]) -> Iterator[Any]:
    """The cells in their order; those of versions 2 and 3 are in worksheets."""
    sheets = data.get("worksheets", []) if "cells" not in data else [data]
    if not isinstance(sheets, list) or not sheets:
        raise UnreadableError(messages.NO_LIST_OF_CELLS)
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if not isinstance(cells, list):
            raise UnreadableError(messages.NO_LIST_OF_CELLS)
        yield from cells


def _cell(cell: Any, number: int, version: int) -> dict[str, Any]:
    source = _source(cell, version) if isinstance(cell, dict) else None
    if source is None:
        raise UnreadableError(messages.CELL_TEXT.format(number=number + 1))
    metadata = cell.get("metadata", {})
    if not isinstance(metadata, dict):
        raise UnreadableError(messages.CELL_METADATA.format(number=number + 1))
    kind, name = cell.get("cell_type"), cell.get("id")
    if kind == "heading":
        level = cell.get("level")
        level = min(max(level, 1), MAX_HEADING) if type(level) is int else 1
        source = f"{'#' * level} {' '.join(source.splitlines())}"
    taken = {
        "id": name if isinstance(name, str) else f"cell-{number}",
        "cell_type": _CELL_TYPES.get(kind, "raw") if isinstance(kind, str) else "raw",
        "metadata": metadata,
        "source": clean(source),
    }
    if taken["cell_type"] == "code":
        return {**taken, "execution_count": None, "outputs": []}
    attachments = cell.get("attachments")
    return {**taken, "attachments": attachments} if isinstance(attachments, dict) else taken


def _source(cell: Mapping[str, Any], version: int) -> str | None:
    """The text of a cell, which may be a list of lines; None if there is none."""
    source = next((cell[key] for key in _SOURCES if key in cell), None)
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        # early files of version 3 have lines without their ends, which later ones keep
        bare = version < 4 and source and not source[0].endswith(("\n", "\r"))
        return ("\n" if bare else "").join(source)
    return source if isinstance(source, str) else None


def one_line(value: object) -> str:
    """A value in one line of a message, shortened and without control characters."""
    return clean(" ".join(str(value).split()))[:200]
