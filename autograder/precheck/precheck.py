"""`kischule check`: what a student should fix before submitting.

The notebook runs from top to bottom in a kernel of its own, on the release's structure, exactly as
in grading. Display cells are skipped if no other cell needs them; the names that they use
are checked without running them. The file itself is never written.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.checking.carried import CELL, known_by
from autograder.checking.messages import BONUS, POINTS
from autograder.checking.result import LOOKS, Result
from autograder.exercises.exercise import Exercise, Level
from autograder.files import packaged
from autograder.notebooks import intake, reader
from autograder.notebooks.editions import carried_by, edition_of, editions
from autograder.notebooks.exercises import exercises_in
from autograder.notebooks.starting import StartedKernel
from autograder.notebooks.structure import rebuild
from autograder.precheck import findings, messages
from autograder.precheck.cells import Costs, cells_of
from autograder.precheck.findings import Answer, Finding
from autograder.precheck.results import as_graded, missing_exercises, result_of
from autograder.precheck.running import OnExercise, run, stops
from kischule.i18n import FORMAL, LANGUAGE_VARIABLE, Counted, Text, language

CELL_LIMIT_S = 60.0


@dataclass(frozen=True)
class Precheck:
    """The findings and results of a precheck."""

    language: str  # de | en
    results: Sequence[Result]  # of the public cases
    missing: Sequence[str]  # exercises without a test cell
    findings: Sequence[Finding]
    exercises: Mapping[str, Exercise] = field(default_factory=dict)  # the notebook's
    texts: Sequence[Answer] = ()
    address: str = FORMAL  # in German: the notebook's
    foreign: bool = False  # another notebook, or an untouched one: nothing else is said of it

    @property
    def open(self) -> list[str]:
        """Exercises whose public cases do not all pass."""
        return [*(r.exercise for r in self.results if not r.passed), *self.missing]

    @property
    def passed(self) -> bool:
        """True if the notebook is ready to submit; a bonus need not pass."""
        return not any(self._left.values())

    @property
    def _left(self) -> Mapping[str, int]:
        """The number of things to do, by a key of `messages.LEFT`."""
        open_ = [] if self.foreign else self.open
        return {
            "exercises": sum(not self.exercises[name].bonus for name in open_),
            "texts": sum(f.kind == "text" for f in self.findings),
            # an exercise that is empty counts as one that has not passed
            "places": sum(f.group == "fix" for f in self.findings),
        }

    def details(self, result: Result) -> str:
        """Progress, failure, hints and section to read; "" if all of its cases passed."""
        return "" if result.passed else result.below(self.language)

    def groups(self) -> Iterator[tuple[str, list[Finding]]]:
        """The findings by group, with its heading: empty cells and hints come last."""
        for group, heading in messages.GROUPS.items():
            if found := [f for f in self.findings if f.group == group]:
                found.sort(key=lambda finding: finding.cell or sys.maxsize)
                yield heading[self.language], found

    @property
    def head(self) -> list[str]:
        """The head of the table."""
        return ["", *(text[self.language] for text in messages.TABLE_HEAD)]

    @property
    def rows(self) -> list[list[str]]:
        """The table: an exercise or a text each, its points, and those that only grading gives."""
        rows = []
        for result in self.results:
            exercise = self.exercises[result.exercise]
            name = messages.BONUS_NAME if exercise.bonus else Text.same("{name}")
            more = exercise.points_of(Level.HIDDEN)
            about = (
                name.format(name=exercise.id),
                messages.REACHED.format(points=result.points, max_points=result.max_points),
                messages.UP_TO.format(points=more),
            )
            rows.append([LOOKS[result.passed][1], *(text[self.language] for text in about)])
        for answer in self.texts:
            words = messages.WORD_COUNT.of(answer.words)
            more_points = messages.UP_TO.format(points=answer.max_points)
            sign = LOOKS[bool(answer.words)][1]
            rows.append([sign, answer.id, words[self.language], more_points[self.language]])
        return rows

    @property
    def total(self) -> str:
        """The points in all, of the bonus apart."""
        required = [r for r in self.results if not r.bonus]
        bonus = [r for r in self.results if r.bonus]
        more = sum(self.exercises[r.exercise].points_of(Level.HIDDEN) for r in required)
        more += sum(answer.max_points for answer in self.texts)
        texts = [(messages.TOTAL, POINTS, required), (messages.BONUS_TOTAL, BONUS, bonus)]
        return " ".join(
            text.format(points=_reached(words, some), more=more)[self.language]
            for text, words, some in texts
            if some
        )

    @property
    def closing(self) -> str:
        """The last line: ready, or what is left."""
        left = [
            messages.LEFT[what].of(count)[self.language]
            for what, count in self._left.items()
            if count
        ]
        if left:
            return messages.NOT_READY.format(left="; ".join(left))[self.language]
        closing = messages.BONUS_LEFT if self.open else messages.READY
        return closing.format(exercises=", ".join(self.open))[self.language]

    def as_data(self) -> dict[str, Any]:
        """The data that `--json` writes."""
        return {
            "passed": self.passed,
            "exercises": [r.as_row(self.language) for r in self.results],
            "texts": [asdict(answer) for answer in self.texts],
            "missing": list(self.missing),
            "findings": [{**asdict(f), "message": f.message[self.language]} for f in self.findings],
        }


def precheck(
    path: Path,
    language_code: str | None = None,
    time_limit_s: float = CELL_LIMIT_S,
    progress: OnExercise = lambda *_: None,
    kernel: StartedKernel | None = None,
) -> Precheck:
    """Check a notebook before it is submitted.

    language_code: de or en; None: that of KISCHULE_LANGUAGE or, where it is not set, of the
    notebook's edition. time_limit_s: for a cell. progress: called before each exercise's check.
    kernel: of `start_kernel`, used up by this; None: it is started when it is needed.
    Raises UnreadableError for a file that is not a notebook.
    """
    submitted = reader.parse(intake.read_bytes(path))
    releases = packaged("release")
    edition = carried_by(submitted) or edition_of(submitted, releases) or editions(releases)[0]
    if language_code is None:
        chosen = os.environ.get(LANGUAGE_VARIABLE)
        language_code = language() if chosen else edition.language
    other = findings.another_notebook(path, submitted, edition)
    if other is None:
        cell = edition.known.get(CELL)
        exercises = exercises_in(edition.release, known_by(cell.source if cell else ""))
        rebuilt = rebuild(edition.release, submitted, exercises)
        other = findings.untouched(path, rebuilt, edition.release)
    if other:
        return Precheck(language_code, [], [], [other], address=edition.address, foreign=True)
    cells = cells_of(rebuilt, submitted, edition.release, exercises)
    no_kernel = run(cells, time_limit_s, progress, kernel)
    nodes = [cell.node for cell in cells]
    found_results = [result_of(cell.node, exercises) for cell in cells if cell.test]
    results = [as_graded(result, nodes, exercises) for result in found_results]
    texts = list(findings.answers(rebuilt, edition.release))
    failed = [r.exercise for r in results if not r.passed]
    costs = Costs(cells, [name for name in failed if not exercises[name].bonus])
    there = [cell for cell in cells if cell.grade_id not in rebuilt.missing]
    found = [
        *([no_kernel] if no_kernel else []),
        *findings.structure(path, rebuilt.flags, edition, costs),
        *findings.files(path.parent, cells, costs),
        *findings.empty_cells(there, failed, exercises),
        *findings.empty_texts(texts),
        *findings.shadows(cells, costs, exercises),
        *stops(cells, {r.exercise: r for r in results}, edition.release, time_limit_s, costs),
    ]
    beside = [f.cell for f in found if f.kind == "beside"]
    found = [f for f in found if f.kind != "raised" or f.cell not in beside]
    missing = missing_exercises(results, exercises)
    about: dict[str, Any] = {"exercises": exercises, "texts": texts, "address": edition.address}
    return Precheck(language_code, results, missing, found, **about)


def _reached(points: Counted, results: Sequence[Result]) -> Text:
    reached = sum(result.points for result in results)
    return points.of(sum(result.max_points for result in results), points=reached)
