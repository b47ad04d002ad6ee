"""Pairs of hand-ins in a class that are nearly the same code: for a question, never a verdict.

Method: fingerprints as in MOSS (Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for
Document Fingerprinting", SIGMOD 2003), by the library copydetect. Code is reduced to what renaming
does not change (every variable is V, comments and layout are gone); its passages of `NOISE`
characters are the fingerprints, those of the release's own code left out. Cells are compared with
the same exercise's only. Lengths below are characters of reduced code: the reference solution has
about 1,550 of its own.

Measured by `python tests/test_similar.py` (fixed seeds; honest solutions are those of
tests/known/correct, drawn exercise by exercise; obvious: the reference and two more notebooks,
written from the exercises' texts alone):

    pairs of hand-ins                                     share: min  mean   max   found
    1000 honest, no exercise solved the same way                0.02  0.03  0.08       0
    1000 honest and obvious                                     0.00  0.01  0.07       0
       3 obvious                                                0.09  0.14  0.24       0
    2162 obvious, one of them only some of the exercises        0.00  0.14  0.45       0
    1000 honest, 3.4 exercises the same, drawn from one pool    0.02  0.27  0.63      58
     100 copies, verbatim                                       1.00  1.00  1.00     100
     100 copies, comments, blanks and order of cells changed    1.00  1.00  1.00     100
     100 copies, variables renamed and laid out anew            0.92  0.97  1.00     100
     100 the same, a statement put before a tenth of the lines  0.81  0.90  0.98     100
     100 the same, before a quarter                             0.64  0.78  0.87     100
     100 copies of 8 of the 15 exercises, renamed               0.35  0.53  0.66      63
     100 copies of 5 of the 15 exercises, renamed               0.21  0.35  0.49       0

So a whole copy is found and a copied third is not: where it stands, honest students stand too who
handed in little. No false alarm in 1000 pairs bounds their rate by 0.3 %, which in a class of 300
were still 130 pairs; the distance of 0.24 and 0.45 from 0.5 is the better assurance. Code that a
whole class was shown belongs into `release`. 300 hand-ins take 15 to 30 s on one core, 54 s if all
are copies of one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from autograder.exercise import exercise_ids
from autograder.grading.notebook import MissingPackageError
from autograder.grading.text import clean

NOISE = 35  # length of a passage; what is shorter and the same is an idiom
# Every passage is a fingerprint. A longer window would keep some of them, by Python's hash of a
# string, which differs from run to run: so would the shares.
WINDOW = 1
LEAST = 0.5
FEWEST = 500  # of one's own; two who only solved a few short exercises are alike without copying
LONGEST = 20_000  # characters of a cell that are looked at
MOST_PAIRS = 1000


@dataclass(frozen=True)
class Line:
    """A line of a cell; same: most of it stands in the other student's cell too."""

    text: str
    same: bool


@dataclass(frozen=True)
class Match:
    """One exercise as both students handed it in; plain text, as it came."""

    exercise: str  # its grade_id; observation_* for an answer in words
    left: tuple[Line, ...]  # of Pair.students[0]
    right: tuple[Line, ...]


@dataclass(frozen=True)
class Pair:
    """Two hand-ins with much code in common."""

    students: tuple[str, str]  # sorted
    share: float  # 0..1: of the smaller one's own code, what stands in the other's too
    exercises: tuple[Match, ...]  # with something in common, in the release's order


@dataclass(frozen=True)
class _Cell:
    text: str
    print: Any  # copydetect's CodeFingerprint, without passages of the release
    own: int  # length of the student's own code


@dataclass(frozen=True)
class _HandIn:
    student: str
    code: Mapping[str, _Cell]  # longest first
    words: Mapping[str, _Cell]
    own: int


def pairs(
    hand_ins: Mapping[str, Mapping[str, str]],
    release: Mapping[str, str],
    least: float = LEAST,
    most: int = MOST_PAIRS,
) -> list[Pair]:
    """The pairs with a share of at least `least`, the most alike first; at most `most` of them.

    hand_ins: student -> {grade_id: source of a solution cell}. release: the same for the student
    release: cells as they were released are left out, and so are its passages anywhere else.
    Answers in words (cells that are no exercise's) do not count; what two of them have in common
    shows in a pair that was found by its code. Raises MissingPackageError without copydetect.
    """
    if not 0 < least <= 1:
        raise ValueError(f"least must lie in (0, 1], was: {least}")
    _copydetect()
    reader = _Reader(release)
    read = [reader.hand_in(student, hand_ins[student]) for student in sorted(hand_ins)]
    candidates = [hand_in for hand_in in read if hand_in.own >= FEWEST]
    found = [
        (share, left, right)
        for left, right in combinations(candidates, 2)
        if (share := _share(left, right, least)) >= least
    ]
    found.sort(key=lambda f: (-f[0], f[1].student, f[2].student))
    return [
        Pair((left.student, right.student), share, tuple(reader.matches(left, right)))
        for share, left, right in found[:most]
    ]


class _Reader:
    """Reads cells of one class: what was released, and each different source once."""

    def __init__(self, release: Mapping[str, str]) -> None:
        self._exercises = frozenset(exercise_ids())
        self._release = {grade_id: _plain(source) for grade_id, source in release.items()}
        self._cells: dict[tuple[str, bool], _Cell] = {}
        prints: dict[bool, set[int]] = {True: set(), False: set()}
        for grade_id, text in self._release.items():
            is_code = grade_id in self._exercises
            prints[is_code] |= _fingerprint(text, is_code, frozenset()).hashes
        self._given = {is_code: frozenset(found) for is_code, found in prints.items()}

    def hand_in(self, student: str, sources: Mapping[str, str]) -> _HandIn:
        cells: dict[bool, dict[str, _Cell]] = {True: {}, False: {}}
        for grade_id, source in sources.items():
            text, is_code = _plain(source), grade_id in self._exercises
            if text != self._release.get(grade_id):
                cells[is_code][grade_id] = self._cell(text, is_code)
        code = dict(sorted(cells[True].items(), key=lambda item: -item[1].own))
        return _HandIn(student, code, cells[False], sum(cell.own for cell in code.values()))

    def matches(self, left: _HandIn, right: _HandIn) -> Iterator[Match]:
        """The cells with something in common, in the release's order."""
        ours, theirs = {**left.code, **left.words}, {**right.code, **right.words}
        both = ours.keys() & theirs.keys()
        for grade_id in [
            *(g for g in self._release if g in both),
            *sorted(both - {*self._release}),
        ]:
            a, b = ours[grade_id], theirs[grade_id]
            places, others = _copydetect().compare_files(a.print, b.print)[2]
            given = set(_stripped(self._release.get(grade_id, "")))
            match = Match(
                grade_id,
                _lines(a.text, places, set(_stripped(b.text)), given),
                _lines(b.text, others, set(_stripped(a.text)), given),
            )
            if any(line.same for line in match.left + match.right):
                yield match

    def _cell(self, text: str, is_code: bool) -> _Cell:
        key = (text, is_code)
        if key not in self._cells:
            found = _fingerprint(text, is_code, self._given[is_code])
            self._cells[key] = _Cell(text, found, int(found.token_coverage))
        return self._cells[key]


def _share(left: _HandIn, right: _HandIn, least: float) -> float:
    """Of the smaller hand-in's own code, what the other has too; 0 once it cannot be `least`."""
    small, large = (left, right) if left.own <= right.own else (right, left)
    wanted = least * small.own
    same, rest = 0, small.own
    for grade_id, cell in small.code.items():
        rest -= cell.own
        if grade_id in large.code:
            same += _same(cell, large.code[grade_id])
        if same + rest < wanted:
            return 0.0
    return min(same / small.own, 1.0)


def _same(a: _Cell, b: _Cell) -> int:
    """Length of what a's own code has in common with b's.

    As `compare_files` counts; that finds b's side and the places in the text too, for which a class
    would wait twice as long.
    """
    import numpy as np
    from copydetect.utils import get_copied_slices

    if a.print.filtered_code == b.print.filtered_code:
        return a.own
    passages = a.print.hashes & b.print.hashes
    if not passages:
        return 0
    places = np.fromiter(chain.from_iterable(map(a.print.hash_idx.__getitem__, passages)), int)
    starts, ends = get_copied_slices(places, NOISE)
    return int((ends - starts).sum())


def _fingerprint(text: str, is_code: bool, given: frozenset[int]) -> Any:
    """copydetect's CodeFingerprint of a cell, without the given passages.

    They are taken out here: `CodeFingerprint(boilerplate=...)` of 0.5.0 also takes out passages
    that the code repeats (`intersect1d(assume_unique=True)` on hashes that are not unique).
    """
    from copydetect.utils import get_token_coverage

    # in words a line break is a blank; `filter` reduces code
    file = io.StringIO(text if is_code else text.replace("\n", " "))
    found = _copydetect().CodeFingerprint(
        "cell.py", NOISE, WINDOW, filter=is_code, language="python", fp=file
    )
    places = {int(passage): where for passage, where in found.hash_idx.items()}
    found.hash_idx = {p: where for p, where in places.items() if p not in given}
    found.hashes = set(found.hash_idx)
    found.token_coverage = get_token_coverage(found.hash_idx, NOISE, len(found.filtered_code))
    return found


def _lines(text: str, places: Any, other: set[str], given: set[str]) -> tuple[Line, ...]:
    """The text's lines; places: (2, n) int, starts and ends of what is in common.

    A line is the same if more than half of it lies in such a place. The release's own lines never
    are, and a comment, of which the fingerprints know nothing, only if the other cell has it.
    """
    covered = bytearray(len(text))
    for start, end in zip(*places, strict=True) if len(places) else ():
        covered[start:end] = bytes([1]) * len(covered[start:end])
    lines, at = [], 0
    for line in text.split("\n"):
        words = line.strip()
        first = at + line.find(words)
        same = 2 * sum(covered[first : first + len(words)]) > len(words)
        if words.startswith("#"):
            same = words in other
        lines.append(Line(line, same and words not in given))
        at += len(line) + 1
    return tuple(lines)


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def _plain(source: str) -> str:
    """The source as pygments reads it, so that places in its tokens are places in the text."""
    text = source[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n\ufeff")


def _copydetect() -> Any:
    try:
        import copydetect
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "comparing hand-ins needs copydetect: pip install 'kischule[teacher]'"
        ) from error
    return copydetect
