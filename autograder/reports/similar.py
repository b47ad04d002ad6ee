"""Pairs of submissions with nearly the same code: worth a question, never a verdict.

Method: fingerprints as in MOSS (Schleimer, Wilkerson, Aiken, "Winnowing: Local Algorithms for
Document Fingerprinting", SIGMOD 2003), by the library copydetect. Code is reduced to what renaming
does not change (every variable is V, comments and layout are gone); its passages of `PASSAGE`
characters are the fingerprints, those of the release's own code left out. Cells are compared with
the same exercise's only. Lengths below are characters of reduced code: the reference solution has
about 1,550 of its own.

Measured by `PYTHONPATH=tests python tests/reports/test_similar.py` (fixed seeds; honest: combined
at random from the known correct solutions; obvious: the reference and two more notebooks, written
from the exercises' texts alone):

    pairs of submissions                                     share: min  mean   max   found
    1000 honest, no exercise solved the same way                0.02  0.03  0.08       0
    1000 honest and obvious                                     0.00  0.01  0.07       0
       3 obvious                                                0.09  0.14  0.24       0
    2162 obvious, one of them only some of the exercises        0.00  0.14  0.45       0
    1000 honest, 3.4 exercises the same, taken from one pool    0.02  0.27  0.63      58
     100 copies, verbatim                                       1.00  1.00  1.00     100
     100 copies, comments, blanks and order of cells changed    1.00  1.00  1.00     100
     100 copies, variables renamed and laid out anew            0.92  0.97  1.00     100
     100 the same, a statement put before a tenth of the lines  0.81  0.90  0.98     100
     100 the same, before a quarter                             0.64  0.78  0.87     100
     100 copies of 8 of the 15 exercises, renamed               0.35  0.53  0.66      63
     100 copies of 5 of the 15 exercises, renamed               0.21  0.35  0.49       0

So a whole copy is found and a copied third is not: honest students who submitted little have shares
of that size, too. No false alarm in 1000 pairs bounds their rate by 0.3 %, which in a class of 300
would still be 130 pairs; the distance of 0.24 and 0.45 from 0.5 is the better assurance. Code that
the whole class was shown belongs in `release`. 300 submissions take 15 to 30 s on one core, 54 s if
all are copies of one.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from autograder.errors import MissingPackageError
from autograder.sandbox.text import clean

PASSAGE = 35  # length; shorter common passages are idioms
# Every passage is a fingerprint. A longer window would keep some of them, by Python's hash of a
# string, which differs from run to run: so would the shares.
WINDOW = 1
MIN_COMMON_SHARE = 0.5
MIN_OWN = 500  # two students who solved a few short exercises are alike without copying
MAX_LENGTH = 20_000  # characters of a cell that are read
MAX_PAIRS = 1000


@dataclass(frozen=True)
class CodeLine:
    """A line of a cell; same: most of it is in the other student's cell as well."""

    text: str
    same: bool


@dataclass(frozen=True)
class Match:
    """One exercise as both students submitted it, as plain text."""

    exercise: str  # its grade_id; observation_* for an answer in words
    left: tuple[CodeLine, ...]  # of Pair.students[0]
    right: tuple[CodeLine, ...]


@dataclass(frozen=True)
class Pair:
    """Two submissions with much code in common."""

    students: tuple[str, str]  # sorted
    share: float  # 0..1: of the smaller one's own code, the part that is in the other's as well
    exercises: tuple[Match, ...]  # with something in common, in the release's order


@dataclass(frozen=True)
class _Cell:
    text: str
    print: Any  # copydetect's CodeFingerprint, without passages of the release
    own: int  # length of the student's own code


@dataclass(frozen=True)
class _OwnCode:
    student: str
    code: Mapping[str, _Cell]  # longest first
    words: Mapping[str, _Cell]
    own: int


def pairs(
    submissions: Mapping[str, Mapping[str, str]],
    release: Mapping[str, str],
    exercises: Iterable[str],
    min_share: float = MIN_COMMON_SHARE,
    max_pairs: int = MAX_PAIRS,
) -> list[Pair]:
    """List the pairs with a share of at least `min_share`, the most similar first.

    submissions: student -> {grade_id: source of a solution cell}. release: the same of the student
    release: cells as they were released are left out, and so are its passages anywhere else.
    Answers in words (cells that belong to no exercise) do not count; common passages of theirs are
    shown in a pair that was found by its code. exercises: the ids of the assignment's. max_pairs:
    the length of the list. Raises MissingPackageError without copydetect.
    """
    if not 0 < min_share <= 1:
        raise ValueError(f"min_share must be in (0, 1], was: {min_share}")
    _copydetect()
    reader = _CellReader(release, exercises)
    read = [reader.submission(student, submissions[student]) for student in sorted(submissions)]
    candidates = [submission for submission in read if submission.own >= MIN_OWN]
    found = [
        (share, left, right)
        for left, right in combinations(candidates, 2)
        if (share := _share(left, right, min_share)) >= min_share
    ]
    found.sort(key=lambda f: (-f[0], f[1].student, f[2].student))
    return [
        Pair((left.student, right.student), share, tuple(reader.matches(left, right)))
        for share, left, right in found[:max_pairs]
    ]


class _CellReader:
    """Reads cells of one class: what was released, and each different source once."""

    def __init__(self, release: Mapping[str, str], exercises: Iterable[str]) -> None:
        self._exercises = frozenset(exercises)
        self._release = {grade_id: _plain(source) for grade_id, source in release.items()}
        self._cells: dict[tuple[str, bool], _Cell] = {}
        prints: dict[bool, set[int]] = {True: set(), False: set()}
        for grade_id, text in self._release.items():
            is_code = grade_id in self._exercises
            prints[is_code] |= _fingerprint(text, is_code, frozenset()).hashes
        self._given = {is_code: frozenset(found) for is_code, found in prints.items()}

    def submission(self, student: str, sources: Mapping[str, str]) -> _OwnCode:
        cells: dict[bool, dict[str, _Cell]] = {True: {}, False: {}}
        for grade_id, source in sources.items():
            text, is_code = _plain(source), grade_id in self._exercises
            if text != self._release.get(grade_id):
                cells[is_code][grade_id] = self._cell(text, is_code)
        code = dict(sorted(cells[True].items(), key=lambda item: -item[1].own))
        return _OwnCode(student, code, cells[False], sum(cell.own for cell in code.values()))

    def matches(self, left: _OwnCode, right: _OwnCode) -> Iterator[Match]:
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
                _marked_lines(a.text, places, set(_stripped(b.text)), given),
                _marked_lines(b.text, others, set(_stripped(a.text)), given),
            )
            if any(line.same for line in match.left + match.right):
                yield match

    def _cell(self, text: str, is_code: bool) -> _Cell:
        key = (text, is_code)
        if key not in self._cells:
            found = _fingerprint(text, is_code, self._given[is_code])
            self._cells[key] = _Cell(text, found, int(found.token_coverage))
        return self._cells[key]


def _share(left: _OwnCode, right: _OwnCode, min_share: float) -> float:
    """Share of the smaller submission's own code that is in the other; 0 if below `min_share`."""
    small, large = (left, right) if left.own <= right.own else (right, left)
    wanted = min_share * small.own
    same, rest = 0, small.own
    for grade_id, cell in small.code.items():
        rest -= cell.own
        if grade_id in large.code:
            same += _common_length(cell, large.code[grade_id])
        if same + rest < wanted:
            return 0.0
    return min(same / small.own, 1.0)


def _common_length(a: _Cell, b: _Cell) -> int:
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
    starts, ends = get_copied_slices(places, PASSAGE)
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
        "cell.py", PASSAGE, WINDOW, filter=is_code, language="python", fp=file
    )
    places = {int(passage): where for passage, where in found.hash_idx.items()}
    found.hash_idx = {p: where for p, where in places.items() if p not in given}
    found.hashes = set(found.hash_idx)
    found.token_coverage = get_token_coverage(found.hash_idx, PASSAGE, len(found.filtered_code))
    return found


def _marked_lines(text: str, places: Any, other: set[str], given: set[str]) -> tuple[CodeLine, ...]:
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
        lines.append(CodeLine(line, same and words not in given))
        at += len(line) + 1
    return tuple(lines)


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def _plain(source: str) -> str:
    """The source as pygments reads it, so that places in its tokens are places in the text."""
    text = source[:MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n\ufeff")


def _copydetect() -> Any:
    try:
        import copydetect
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "comparing submissions needs copydetect: pip install 'kischule[teacher]'"
        ) from error
    return copydetect
