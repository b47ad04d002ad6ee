"""The cell of the release that each cell of a submission is.

By grade_id; where that is gone, as after a converter, by the cell's own id, then by its text, and
for a solution by the functions that it defines. A match says where a *student's text* belongs. It
gives nothing else: test cells, points and metadata are the release's, each once, whatever matches.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.notebooks.cells import Role, by_id, grade_id_of, role
from autograder.notebooks.names import Definitions, definitions
from autograder.sandbox.text import clean

MIN_CONTAINED = 20  # characters of a text that is recognised inside a longer one


def plain(text: str) -> str:
    """A text as it is compared: converters add and drop blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in clean(text).strip().splitlines())


@dataclass
class Matching:
    """The cells of a submission that are cells of the release."""

    names: dict[int, str] = field(default_factory=dict)  # grade_id by index in the submission
    stripped: set[str] = field(default_factory=set)  # those found without their grade_id
    moved: set[str] = field(default_factory=set)  # solutions found in a cell of the student's own

    @property
    def found(self) -> set[str]:
        """The grade_ids that were found."""
        return set(self.names.values())

    def pieces(self, name: str) -> list[int]:
        """The indices of the cells that are this one, in the student's order."""
        return sorted(index for index, other in self.names.items() if other == name)


def match(
    release: Any, submitted: Any, texts: Mapping[str, Collection[str]] | None = None
) -> Matching:
    """Find the release's cells in a submission.

    texts: of each cell of the release, by grade_id, in all its editions; None: the release's.
    """
    known = by_id(release)
    found = Matching()
    ids = {str(cell.get("id")): name for name, cell in known.items() if cell.get("id")}
    for index, cell in enumerate(submitted.cells):
        if (name := grade_id_of(cell)) in known:
            found.names[index] = name
        elif name := next((ids[own] for own in _ids(cell) if own in ids), ""):
            found.names[index] = name
            found.stripped.add(name)
    _by_text(release, submitted, texts or texts_of(release), found)
    _by_function(known, submitted, found)
    return found


def _ids(cell: Any) -> list[str]:
    """A cell's id, where nbformat has it and where Colab and Deepnote keep it."""
    return [str(cell.get("id")), *(str(cell.metadata.get(key)) for key in ("id", "cell_id"))]


def texts_of(release: Any) -> dict[str, set[str]]:
    """The text of each cell with a grade_id, as it is compared."""
    return {name: {plain(cell.source)} for name, cell in by_id(release).items()}


def _by_text(
    release: Any, submitted: Any, texts: Mapping[str, Collection[str]], found: Matching
) -> None:
    """Find locked cells and unsolved ones by their text, each once; a copy is the student's own."""
    known = by_id(release)
    all_texts = [plain(cell.source) for cell in release.cells]
    there = {i: plain(c.source) for i, c in enumerate(submitted.cells) if i not in found.names}
    for name, cell in known.items():
        if name in found.found or not plain(cell.source):
            continue
        if all_texts.count(plain(cell.source)) > 1:  # such as the line that awaits an answer
            continue
        own = [i for i in there if there[i] in texts[name]]
        if not own and cell.cell_type == "markdown":  # a converter joined it with the next cell
            long = [text for text in texts[name] if len(text) >= MIN_CONTAINED]
            own = [i for i in there if any(text in there[i] for text in long)]
        if own:
            found.names[own[0]] = name
            found.stripped.add(name)
            del there[own[0]]


def _by_function(known: Mapping[str, Any], submitted: Any, found: Matching) -> None:
    """Find solutions in cells of the student's own, where the given cells do not have them."""
    codes = {name: cell for name, cell in known.items() if role(cell) == Role.SOLUTION}
    defined = {
        i: definitions(clean(cell.source))
        for i, cell in enumerate(submitted.cells)
        if i not in found.names or found.names[i] in codes
    }
    for name, cell in codes.items():
        functions = definitions(cell.source).names
        there = found.pieces(name)
        own = [i for i in defined if i not in found.names or i in there]
        own = [i for i in own if functions & defined[i].real]
        code = [i for i in own if submitted.cells[i].get("cell_type") == "code"]
        if own and not set(there) & set(code or own):
            found.names[carrier(name, code or own, defined)] = name
            found.moved.add(name)


def carrier(name: str, indices: Collection[int], defined: Mapping[int, Definitions]) -> int:
    """The cell, of these, that has an exercise's solution: the last one that defines its name."""
    return max(indices, key=lambda index: (name in defined[index].real, index))
