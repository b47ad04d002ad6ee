"""Pairs of submissions with more exercises alike than chance explains: a question, never a verdict.

Cells are compared with the same exercise's only, by fingerprints that names, order and dead
statements leave as they are (`prints`). Two cells are alike if `MIN_ALIKE` of the smaller one's own
code is in the other. The chance of that among honest students is estimated from the class: the
share of other students who have as much in common with one of the two. A class too small to tell
is helped out by the length of the common code: the longer, the less likely, but never less than
`MIN_CHANCE`, for two may have taken the same way. Code that differs speaks against a copy: below
the whole cell an exercise counts less, by a power of the share in common. A pair's chance is the
product over the exercises alike, times the number of ways to choose so many exercises of the
assignment's.

BENCHMARKS.md has what is found and what is shown by mistake, measured on generated classes
(`tests/reports/test_similar.py`) and beside Dolos (`benchmarks/bench_copies.py`). Two thirds of an
assignment of three exercises, or any part of one of two, is too little to tell; code that the whole
class was shown does not count, for everybody has it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb, log2
from typing import Any

import numpy as np

from autograder.reports.prints import Cell, code_cell, plain, words_cell

# of a pair that is listed, as estimated: among generated students who know nothing of each other
# fewer than one pair in 10^5 is, see BENCHMARKS.md
MAX_CHANCE = 3.75e-5
MIN_ALIKE = 0.8  # of the smaller cell's own code
AS_MUCH = 0.97  # from this part of the common code on another student has as much in common
SIZE_OF_A_BIT = 3  # parts of a syntax tree that halve the chance of writing the same
MIN_CHANCE = 0.02  # whatever the length
DIFFERENCE_POWER = 4  # of the share in common, by which the bits of an exercise are multiplied
# students that the length of the common code counts for, in the estimate from the class
PRIOR_STUDENTS = 200
RING = 4  # so many may have copied from each other; what more have in common is common knowledge
MAX_PAIRS = 1000


@dataclass(frozen=True)
class CodeLine:
    """A line of a cell; same: most of it is in the other student's cell as well."""

    text: str
    same: bool


@dataclass(frozen=True)
class Match:
    """An exercise that both solved alike, as plain text."""

    exercise: str  # its grade_id; observation_* for an answer in words
    others: int  # students with as much in common with one of the two; 0 for an answer in words
    left: tuple[CodeLine, ...]  # of Pair.students[0]
    right: tuple[CodeLine, ...]


@dataclass(frozen=True)
class Pair:
    """Two submissions with more in common than chance explains."""

    students: tuple[str, str]  # sorted
    chance: float  # of as much in common, if they know nothing of each other
    alike: tuple[str, ...]  # exercises, in the release's order
    exercises: tuple[Match, ...]  # those, and answers in words with something in common


def pairs(
    submissions: Mapping[str, Mapping[str, str]],
    release: Mapping[str, str],
    exercises: Iterable[str],
    max_chance: float = MAX_CHANCE,
    max_pairs: int = MAX_PAIRS,
) -> list[Pair]:
    """List the pairs with a chance of at most `max_chance`, the least likely first.

    submissions: student -> {grade_id: source of a solution cell}. release: the same of the student
    release: cells as they were released are left out, and so are its fingerprints anywhere else.
    Answers in words (cells that belong to no exercise) do not count; common words of theirs are
    shown in a pair that was found by its code. exercises: the ids of the assignment's. max_pairs:
    the length of the list.
    """
    if not 0 < max_chance <= 1:
        raise ValueError(f"max_chance must be in (0, 1], was: {max_chance}")
    reader = _CellReader(release, exercises)
    read = [reader.submission(student, submissions[student]) for student in sorted(submissions)]
    likeness = {name: _Likeness(read, name) for name in reader.exercises}
    bits = _pair_bits(list(likeness.values()), len(read))
    found = [
        (float(bits[left, right]), left, right)
        for left, right in np.argwhere(np.triu(bits >= max(-log2(max_chance), 1e-9), k=1))
    ]
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    listed = []
    for surprise, left, right in found[:max_pairs]:
        others = {
            name: int(each.others[left, right])
            for name, each in likeness.items()
            if each.bits[left, right] > 0
        }
        matches = tuple(reader.matches(read[left], read[right], others))
        alike = tuple(m.exercise for m in matches if m.exercise in others)
        students = (read[left].student, read[right].student)
        listed.append(Pair(students, 2.0**-surprise, alike, matches))
    return listed


@dataclass(frozen=True)
class _OwnCode:
    student: str
    code: Mapping[str, Cell]
    words: Mapping[str, Cell]


class _CellReader:
    """Reads cells of one class: what was released, and each different source once."""

    def __init__(self, release: Mapping[str, str], exercises: Iterable[str]) -> None:
        self._release = {grade_id: plain(source) for grade_id, source in release.items()}
        given = {*exercises}
        defined = re.compile(r"^(?:class|def) (\w+)", re.MULTILINE)
        self._public = given.union(*map(defined.findall, self._release.values()))
        order = [name for name in self._release if name in given]
        self.exercises = [*order, *sorted(given.difference(order))]
        self._cells: dict[tuple[str, bool], Cell] = {}
        self._given: dict[bool, frozenset[str]] = {True: frozenset(), False: frozenset()}
        cells = [(name in given, self._cell(t, name in given)) for name, t in self._release.items()]
        self._given = {
            is_code: frozenset(p for code, cell in cells if code == is_code for p in cell.weights)
            for is_code in (True, False)
        }
        self._cells.clear()

    def submission(self, student: str, sources: Mapping[str, str]) -> _OwnCode:
        cells: dict[bool, dict[str, Cell]] = {True: {}, False: {}}
        for grade_id, source in sources.items():
            text, is_code = plain(source), grade_id in self.exercises
            if text != self._release.get(grade_id):
                cells[is_code][grade_id] = self._cell(text, is_code)
        return _OwnCode(student, cells[True], cells[False])

    def matches(
        self, left: _OwnCode, right: _OwnCode, others: Mapping[str, int]
    ) -> Iterator[Match]:
        """The exercises alike and words in common, in the release's order."""
        ours, theirs = {**left.code, **left.words}, {**right.code, **right.words}
        names = {*others, *(left.words.keys() & right.words.keys())}
        for name in [*(g for g in self._release if g in names), *sorted(names - {*self._release})]:
            a, b, given = ours[name], theirs[name], self._release.get(name, "")
            lines = _marked_lines(a, b, given), _marked_lines(b, a, given)
            if name in others or any(line.same for side in lines for line in side):
                yield Match(name, others.get(name, 0), *lines)

    def _cell(self, text: str, is_code: bool) -> Cell:
        key = (text, is_code)
        if key not in self._cells:
            given = self._given[is_code]
            self._cells[key] = (
                code_cell(text, given, self._public) if is_code else words_cell(text, given)
            )
        return self._cells[key]


class _Likeness:
    """One exercise of a class: for each two students the others as near, and the surprise in bits.

    others, bits: (number of students, the same); bits are 0 where the two are not alike.
    """

    def __init__(self, submissions: Sequence[_OwnCode], exercise: str) -> None:
        cells = [submission.code.get(exercise) for submission in submissions]
        common = _common_sizes(cells)
        size = np.array([cell.size if cell else 0 for cell in cells], np.float32)
        smaller = np.minimum.outer(size, size)
        alike = (smaller > 0) & (common >= MIN_ALIKE * smaller)
        np.fill_diagonal(alike, False)
        np.fill_diagonal(common, 0)
        as_near = np.zeros(common.shape, int)
        for i, values in enumerate(common):
            # those below the bound, and the other one of the two, do not count
            below: Any = np.searchsorted(np.sort(values), AS_MUCH * values - 1e-6)
            as_near[i] = np.maximum(len(cells) - below - 1, 0)
        self.others = np.maximum(as_near, as_near.T)
        students = max(sum(cell is not None for cell in cells) - 2, 0)
        prior = PRIOR_STUDENTS * np.maximum(2.0 ** (-common / SIZE_OF_A_BIT), MIN_CHANCE)
        chance = np.maximum(
            (self.others + prior) / (students + PRIOR_STUDENTS),
            (self.others - (RING - 2)) / (students + 10 * RING),
        )
        share = np.divide(common, smaller, where=alike, out=np.zeros_like(common))
        self.bits = np.maximum(-np.log2(chance), 0) * np.minimum(share, 1) ** DIFFERENCE_POWER
        self.bits = self.bits.astype(np.float32)


def _common_sizes(cells: Sequence[Cell | None]) -> np.ndarray:
    """The size of what each two cells have in common."""
    weights: list[dict[str, float]] = [cell.weights if cell else {} for cell in cells]
    places: dict[str, int] = {}
    for each in weights:
        for fingerprint in each:
            places.setdefault(fingerprint, len(places))
    sizes = np.zeros((len(cells), len(places)), np.float32)
    for row, each in zip(sizes, weights, strict=True):
        for fingerprint, size in each.items():
            row[places[fingerprint]] = size
    common = sizes @ (sizes > 0).astype(np.float32).T
    return np.minimum(common, common.T)


def _pair_bits(likeness: Sequence[_Likeness], students: int) -> np.ndarray:
    """The surprise of each pair: the best choice of its exercises, less the number of choices."""
    if not likeness:
        return np.zeros((students, students), np.float32)
    bits = -np.sort(-np.stack([each.bits for each in likeness]), axis=0)
    choices = [log2(comb(len(bits), n)) for n in range(1, len(bits) + 1)]
    sums = np.cumsum(bits, axis=0) - np.array(choices, np.float32)[:, None, None]
    return np.where(bits > 0, sums, 0).max(axis=0)


def _marked_lines(cell: Cell, other: Cell, given: str) -> tuple[CodeLine, ...]:
    """The cell's lines.

    A line is the same if most fingerprints of what begins on it, or goes on, are in the other cell.
    The release's own lines never are, and a comment, of which the fingerprints know nothing, only
    if the other cell has it.
    """
    known = other.weights
    same: dict[int, float] = {}
    for each in cell.statements:
        share = sum(p in known for p in each.prints) / len(each.prints) - 0.5
        for line in range(each.first, each.last + 1):
            same[line] = same.get(line, 0) + (share or 0.01) * each.size
    theirs, released = _stripped(other.text), _stripped(given)
    lines = []
    for number, text in enumerate(cell.text.split("\n")):
        words = text.strip()
        is_same = words in theirs if words.startswith("#") else same.get(number, 0) > 0
        lines.append(CodeLine(text, is_same and bool(words) and words not in released))
    return tuple(lines)


def _stripped(text: str) -> set[str]:
    return {line.strip() for line in text.split("\n")}
