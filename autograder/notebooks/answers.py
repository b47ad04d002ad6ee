"""A student's answers in words: whatever was written near a question reaches the teacher.

An answer is the text of the given cell and of the student's own cells around it, up to the next
cell of the release on either side. Where that is blank, what was written farther away counts, as
far as the neighbouring exercises: better one text too many for a teacher than one too few.
"""

import ast
import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from autograder.notebooks.cells import Role, grade_id_of, role
from autograder.notebooks.matching import Matching, plain
from autograder.notebooks.names import Bindings, Definitions, bindings, definitions, tree
from autograder.notebooks.pictures import Album
from kischule.informal import informal

# of an answer, in a release that nbgrader made without our configuration
NBGRADER_STUB = "YOUR ANSWER HERE"
TEXT_STUB = "*Ihre Antwort · Your answer*"  # of ours


@dataclass(frozen=True, eq=False)
class Placed:
    """A cell of a rebuilt notebook."""

    cell: Any
    origin: int | None = None  # its index in the submission; None: it was not there

    @property
    def name(self) -> str:
        """Its grade_id; "" for a cell of the student's own."""
        return grade_id_of(self.cell)

    @property
    def role(self) -> Role:
        """Its purpose."""
        return role(self.cell)

    @cached_property
    def defined(self) -> Definitions:
        """The functions that it defines."""
        return definitions(self.cell.source)

    @cached_property
    def bound(self) -> Bindings:
        """The names that it binds."""
        return bindings(self.cell.source)

    @property
    def is_writing(self) -> bool:
        """True for text, also in a code cell that holds nothing else."""
        return self.cell.cell_type != "code" or _is_prose(self.cell.source)


def _is_prose(source: str) -> bool:
    """Return True for a code cell with words in it and no statement: it runs to no effect."""
    try:
        body = tree(source).body
    except Exception:  # no Python
        return True
    words = all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in body)
    return words and bool(source.strip())


@dataclass
class _Writing:
    """A student's cells around one answer."""

    here: list[Placed] = field(default_factory=list)  # no cell of the release lies between
    near: list[Placed] = field(default_factory=list)  # farther away


def collect_answers(
    known: Mapping[str, Any],
    cells: Sequence[Placed],
    submitted: Any,
    found: Matching,
    released: Collection[str],
) -> tuple[list[Placed], dict[str, bool]]:
    """Write each answer into its cell, with its pictures; own cells that became part of it go.

    known: the release's cells. released: the texts of all of them, in all editions. Also returns
    the answers that have a cell of the student's own, and whether there is something in it.
    """
    texts = {plain(c.source) for c in known.values() if role(c) == Role.TEXT}
    blanks = {"", NBGRADER_STUB, TEXT_STUB, informal(TEXT_STUB), *texts}
    writings = _writings(cells, found, set(released) - blanks)
    answers: dict[str, Placed] = {}
    own: dict[str, bool] = {}
    for name, writing in writings.items():
        given = next(placed for placed in writing.here if placed.name == name)
        used = _with_content(writing.here, submitted, blanks)
        used = used or _with_content(writing.near, submitted, blanks)
        album, cell = Album(), copy.deepcopy(known[name])
        if used:
            cell.source = "\n\n".join(_text_of(placed, submitted, album) for placed in used)
        if album.attachments:
            cell["attachments"] = album.attachments
        answers[name] = Placed(cell, given.origin)
        if len(writing.here) > 1 or used:
            own[name] = any(placed is not given for placed in used)
    part = {id(placed) for writing in writings.values() for placed in writing.here}
    kept = []
    for placed in cells:
        if placed.name in answers:
            kept.append(answers[placed.name])
        elif placed.cell.cell_type == "code" or id(placed) not in part:
            kept.append(placed)
    for placed in kept:
        if placed.role == Role.OWN and placed.cell.cell_type != "code":
            album = Album()
            placed.cell.source = _text_of(placed, submitted, album)
            placed.cell["attachments"] = album.attachments
    return kept, own


def _writings(
    cells: Sequence[Placed], found: Matching, released: Collection[str]
) -> dict[str, _Writing]:
    """The student's texts around each answer."""
    writings = {placed.name: _Writing() for placed in cells if placed.role == Role.TEXT}
    run: list[Placed] = []  # since the last cell of the release
    before: list[Placed] = []  # and those before it, since the last exercise
    here = last = ""  # the answer just above; the last one since an exercise
    for placed in cells:
        piece = "" if placed.origin is None else found.names.get(placed.origin, "")
        if placed.role == Role.TEXT:
            writings.get(last, _Writing()).near.extend(before)
            here = last = placed.name
            writings[last].here += [*run, placed]
            writings[last].near += before
            run, before = [], []
        elif placed.role != Role.OWN or plain(placed.cell.source) in released:
            before, run, here = [*before, *run], [], ""
            if placed.role in (Role.SOLUTION, Role.TEST):
                writings.get(last, _Writing()).near.extend(before)
                before, last = [], ""
        elif piece in writings:  # a part of a cell that was split
            writings[piece].here.append(placed)
        elif placed.cell.cell_type == "code":  # it stays; where nothing else is, it is read as well
            if placed.is_writing:
                (writings[here].near if here else before).append(placed)
        else:
            (writings[here].here if here else run).append(placed)
    writings.get(last, _Writing()).near.extend([*before, *run])
    return writings


def _with_content(cells: Sequence[Placed], submitted: Any, blanks: Collection[str]) -> list[Placed]:
    """Those with a text or a picture, each text once."""
    there: dict[Any, Placed] = {}
    for number, placed in enumerate(cells):
        text = plain(placed.cell.source)
        if _attachments(placed, submitted):
            there[number] = placed
        elif text not in blanks:
            there.setdefault(text, placed)
    return list(there.values())


def _text_of(placed: Placed, submitted: Any, album: Album) -> str:
    source = str(placed.cell.source)
    if placed.cell.cell_type == "code":
        return f"```\n{source}\n```"
    return album.text_of(source, _attachments(placed, submitted))


def _attachments(placed: Placed, submitted: Any) -> Any:
    return None if placed.origin is None else submitted.cells[placed.origin].get("attachments")
