"""A submission on the release's structure: its locked cells, each once, around the student's text.

The student's code runs in the student's own order, whatever cells it is in, and a test comes after
all code that it is about. Only *text* is taken over, and the pictures in it. Test cells, points,
metadata and outputs come from the release or are dropped.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat

from autograder.exercises.exercise import Exercise, Level
from autograder.notebooks.answers import Placed, collect_answers
from autograder.notebooks.cells import Role, by_id, exercise_of, grade_id_of, is_solution, role
from autograder.notebooks.display import TAG, is_display_only
from autograder.notebooks.editions import texts_of_editions
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.matching import Matching, carrier, match, plain
from autograder.notebooks.messages import CELLS_STRIPPED
from autograder.notebooks.names import bindings, definitions, without_stubs
from autograder.sandbox.text import clean

Texts = Mapping[str, Collection[str]]  # of each cell of the release, in all editions


@dataclass(frozen=True)
class Rebuilt:
    """A submission on the release's structure."""

    notebook: Any  # nbformat's NotebookNode
    flags: tuple[Flag, ...] = ()
    origins: tuple[int | None, ...] = ()  # of each cell: its index in the submission

    @property
    def missing(self) -> set[str]:
        """The grade_ids of cells in whose place the release's stand."""
        return {flag.cell for flag in self.flags if flag.kind == FlagKind.MISSING}


def rebuild(release: Any, submitted: Any, exercises: Mapping[str, Exercise]) -> Rebuilt:
    """Put a student's solutions, answers and own cells into the release's notebook; flag oddities.

    submitted: a notebook from `reader.parse`. exercises: the release's.
    """
    known, (texts, all_texts) = by_id(release), texts_of_editions(release)
    found = match(release, submitted, texts)
    cells = list(_in_their_order(release, submitted, found, texts))
    _insert_missing(known, cells)
    _lift_locked(known, cells)
    cells, answered = collect_answers(known, cells, submitted, found, all_texts)
    elsewhere = _take_out_stubs(known, cells)
    _lower_tests(known, cells, found, exercises)
    flags = list(_flags(known, submitted, found, texts))
    flags += _flags_of_missing(known, cells, found, answered, elsewhere)
    if not any(grade_id_of(cell) in known for cell in submitted.cells):  # moved is not the word
        flags = [flag for flag in flags if flag.kind != FlagKind.MOVED]
        found.stripped |= found.moved | answered.keys()
    if found.stripped:
        count = CELLS_STRIPPED.format(count=len(found.stripped))
        flags.append(Flag(FlagKind.STRIPPED, reason=count))
    flags.sort(key=lambda flag: list(known).index(flag.cell) if flag.cell else -1)
    notebook = copy.deepcopy(release)
    notebook.cells = [placed.cell for placed in cells]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = grade_id_of(cell) or f"added-{number}"
    return Rebuilt(notebook, tuple(flags), tuple(placed.origin for placed in cells))


# --- the student's cells, in the student's order --------------------------------------------------


def _in_their_order(
    release: Any, submitted: Any, found: Matching, texts: Texts
) -> Iterator[Placed]:
    known = by_id(release)
    display = {plain(c.source) for c in release.cells if is_display_only(c)}
    carriers = {name: _carrier(name, submitted, found) for name in found.found}
    seen = set()
    for index, cell in enumerate(submitted.cells):
        name, text = found.names.get(index, ""), clean(cell.source)
        is_code = cell.get("cell_type") == "code"
        given = copy.deepcopy(known.get(name))
        if given is None:
            yield Placed(_own(text, is_code, display), index)
        elif not is_solution(given):
            if name not in seen:
                yield Placed(given, index)
            rest = _by_student(text, texts[name])
            if rest and (_binds(rest) or given.cell_type != "code" or not is_code):
                yield Placed(_own(rest, is_code and given.cell_type == "code", display), index)
        elif index == carriers[name]:
            given.source = text
            yield Placed(given, index)
        else:  # a draft that was made text does not run beside code
            runs = is_code or submitted.cells[carriers[name]].get("cell_type") != "code"
            yield Placed(_own(text, runs and given.cell_type == "code", display), index)
        seen.add(name)


def _own(text: str, code: bool, display: Collection[str]) -> Any:
    """A cell of the student's own; the tag of a display cell is for one that is unchanged."""
    made: dict[str, Any] = {"id": "", "cell_type": "markdown", "metadata": {}, "source": text}
    if code:
        made |= {"cell_type": "code", "outputs": [], "execution_count": None}
        made["metadata"] = {"tags": [TAG]} if plain(text) in display else {}
    return nbformat.from_dict(made)


def _carrier(name: str, submitted: Any, found: Matching) -> int:
    """Of the cells with one grade_id, the one that keeps it: code with a solution, if possible."""
    pieces = found.pieces(name)
    defined = {i: definitions(clean(submitted.cells[i].source)) for i in pieces}
    code = [i for i in pieces if submitted.cells[i].get("cell_type") == "code"]
    for some in (code, pieces):
        if solving := [i for i in some if defined[i].real]:
            return carrier(name, solving, defined)
    return (code or pieces)[0]


def _by_student(text: str, texts: Collection[str]) -> str:
    """The part of a locked cell that a student wrote; all, if nothing of the release is left."""
    text = plain(text)
    if text in texts:
        return ""
    whole = next((known for known in texts if known and known in text), "")
    return text.replace(whole, "", 1).strip()


def _binds(source: str) -> bool:
    """Return True for code that other cells may need."""
    found = bindings(source)
    values = found.values or found.imports or found.everything_from
    return bool(values or definitions(source).real)


# --- the release's cells around them --------------------------------------------------------------


def _index(cells: list[Placed], name: str) -> int:
    return next(i for i, placed in enumerate(cells) if placed.name == name)


def _insert_missing(known: Mapping[str, Any], cells: list[Placed]) -> None:
    """Put cells that are not there after the ones that they follow in the release."""
    there = {placed.name for placed in cells}
    before = ""
    for name, given in known.items():
        if name not in there:
            place = _index(cells, before) + 1 if before else 0
            cells.insert(place, Placed(copy.deepcopy(given)))
        before = name


def _lift_locked(known: Mapping[str, Any], cells: list[Placed]) -> None:
    """Put locked code, such as imports, before the cells that follow it in the release."""
    names = list(known)
    for number, name in enumerate(names):
        if role(known[name]) == Role.LOCKED and known[name].cell_type == "code":
            later = {n for n in names[number + 1 :] if role(known[n]) != Role.TEST}
            first = next((i for i, p in enumerate(cells) if p.name in later), len(cells))
            place = _index(cells, name)
            if first < place:
                cells.insert(first, cells.pop(place))


def _is_by_student(placed: Placed) -> bool:
    """Return True for code that the student wrote, or was to write."""
    ours = placed.role in (Role.LOCKED, Role.TEST) or is_display_only(placed.cell)
    return placed.cell.cell_type == "code" and not ours


def _take_out_stubs(known: Mapping[str, Any], cells: list[Placed]) -> set[str]:
    """Take out stubs of functions that another cell defines; returns the functions defined."""
    code = [c.source for c in known.values() if role(c) == Role.SOLUTION]
    functions = {name for source in code for name in definitions(source).names}
    theirs = [placed for placed in cells if _is_by_student(placed)]
    defined = {n for p in theirs for n in (*p.defined.real, *p.bound.values, *p.bound.imports)}
    for place, placed in enumerate(cells):
        if placed in theirs and placed.defined.stubs:
            placed.cell.source = without_stubs(placed.cell.source, functions & defined)
            cells[place] = Placed(placed.cell, placed.origin)
    return functions & defined


def _lower_tests(
    known: Mapping[str, Any],
    cells: list[Placed],
    found: Matching,
    exercises: Mapping[str, Exercise],
) -> None:
    """Put each test after the code that it is about: the last definition counts."""
    theirs = [placed for placed in cells if _is_by_student(placed)]
    for name, given in known.items():
        if (tested := exercise_of(given, exercises)) is None:
            continue
        asked = _with_needs(tested[0], exercises)
        functions = {f for e in asked for f in (e, *exercises[e].helpers)}
        about = _defining(theirs, functions)
        about += [
            placed
            for placed in theirs
            if placed.name in asked or found.names.get(_origin(placed)) in asked
        ]
        if tested[1] == Level.HIDDEN:
            about += [p for p in cells if p.name == Level.PUBLIC.prefix + tested[0]]
        place, last = _index(cells, name), max(map(cells.index, about), default=0)
        if last > place:
            cells.insert(last, cells.pop(place))


def _origin(placed: Placed) -> int:
    return -1 if placed.origin is None else placed.origin


def _with_needs(exercise: str, exercises: Mapping[str, Exercise]) -> set[str]:
    """The exercise and all those that it builds on."""
    needs = exercises[exercise].needs
    return {exercise}.union(*(_with_needs(need, exercises) for need in needs))


def _defining(theirs: list[Placed], functions: Collection[str]) -> list[Placed]:
    """The cells that define these functions; of one that none defines, those that bind its name."""
    defining = []
    for name in functions:
        found = [placed for placed in theirs if name in placed.defined.real]
        defining += found or [
            p for p in theirs if name in p.bound.values or name in p.bound.imports
        ]
    return defining


# --- flags ----------------------------------------------------------------------------------------


def _flags(
    known: Mapping[str, Any], submitted: Any, found: Matching, texts: Texts
) -> Iterator[Flag]:
    """Oddities of the cells that are there."""
    of_another = False
    for name, given in known.items():
        pieces = [submitted.cells[i] for i in found.pieces(name)]
        written = [(plain(c.source), c.get("cell_type") == given.cell_type) for c in pieces]
        if is_solution(given):
            written = [w for w in written if w[0] not in ("", plain(given.source))]
            if len(written) > 1:
                yield Flag(FlagKind.DOUBLED, name)
            if not all(same_type for _, same_type in written):
                yield Flag(FlagKind.RETYPED, name)
            if name in found.moved:
                yield Flag(FlagKind.MOVED, name)
        elif not all(same_type and text in texts[name] for text, same_type in written):
            yield Flag(FlagKind.CHANGED, name)
        else:
            of_another = of_another or any(text != plain(given.source) for text, _ in written)
    if of_another:
        yield Flag(FlagKind.OTHER_EDITION)


def _flags_of_missing(
    known: Mapping[str, Any],
    cells: list[Placed],
    found: Matching,
    answered: Mapping[str, bool],
    elsewhere: Collection[str],
) -> Iterator[Flag]:
    """Cells that are not there or hold nothing, and whether another cell has what they ask for."""
    for placed in cells:
        name, moved = placed.name, answered.get(placed.name, False)
        if placed.role == Role.SOLUTION and name not in found.moved:
            wanted = definitions(known[name].source).names
            own = {*placed.defined.names, *placed.bound.values, *placed.bound.imports}
            moved = bool(wanted) and wanted <= set(elsewhere) and not wanted & own
        if moved:
            yield Flag(FlagKind.MOVED, name)
        elif name and name not in found.found and name not in answered:
            yield Flag(FlagKind.MISSING, name)
