"""`kischule check`: what a student should fix before submitting.

The notebook runs from top to bottom in a kernel of its own, on the release's structure, exactly as
in grading. Display cells are skipped if no other cell needs them; the names that they use
are checked without running them. The file itself is never written.
"""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.checking.result import Result
from autograder.exercises.exercise import PACKAGED
from autograder.files import packaged
from autograder.notebooks import intake, reader
from autograder.notebooks.editions import edition_of, editions
from autograder.notebooks.exercises import exercises_in
from autograder.notebooks.structure import rebuild
from autograder.precheck import findings, messages
from autograder.precheck.cells import cells_of
from autograder.precheck.findings import Finding
from autograder.precheck.results import missing_exercises, result_of
from autograder.precheck.running import run
from kischule.i18n import LANGUAGE_VARIABLE, language

CELL_LIMIT_S = 60.0


@dataclass(frozen=True)
class Precheck:
    """The findings and results of a precheck."""

    language: str  # de | en
    results: Sequence[Result]  # of the public cases
    missing: Sequence[str]  # exercises without a test cell
    findings: Sequence[Finding]
    bonus: Collection[str] = ()  # exercises that need not be solved
    foreign: bool = False  # made from another release: nothing else is said of it

    @property
    def open(self) -> list[str]:
        """Exercises whose public cases do not all pass."""
        return [*(r.exercise for r in self.results if not r.passed), *self.missing]

    @property
    def passed(self) -> bool:
        """True if the notebook is ready to submit."""
        return not self.open and not any(f.fix for f in self.findings)

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
    def closing(self) -> str:
        """The last line: ready, or what is left."""
        open_ = [] if self.foreign else self.open
        counts = {
            "exercises": sum(name not in self.bonus for name in open_),
            "texts": sum(f.kind == "text" for f in self.findings),
            # an exercise that is empty counts as one that has not passed
            "places": sum(f.group == "fix" for f in self.findings),
        }
        left = [
            messages.LEFT[what][count > 1].format(count=count)[self.language]
            for what, count in counts.items()
            if count
        ]
        if left:
            return messages.NOT_READY.format(left="; ".join(left))[self.language]
        closing = messages.BONUS_LEFT if open_ else messages.READY
        return closing.format(exercises=", ".join(open_))[self.language]

    def as_data(self) -> dict[str, Any]:
        """The data that `--json` writes."""
        return {
            "passed": self.passed,
            "exercises": [r.as_row(self.language) for r in self.results],
            "missing": list(self.missing),
            "findings": [{**asdict(f), "message": f.message[self.language]} for f in self.findings],
        }


def precheck(
    path: Path, language_code: str | None = None, time_limit_s: float = CELL_LIMIT_S
) -> Precheck:
    """Check a notebook before it is submitted.

    language_code: de or en; None: that of KISCHULE_LANGUAGE or, where it is not set, of the
    notebook's edition. time_limit_s: for a cell. Raises UnreadableError for a file that is not a
    notebook.
    """
    submitted = reader.parse(intake.read_bytes(path))
    releases = packaged("release")
    edition = edition_of(submitted, releases) or editions(releases)[0]
    if language_code is None:
        chosen = os.environ.get(LANGUAGE_VARIABLE)
        language_code = language() if chosen else edition.language
    if other := findings.another_notebook(path, submitted, edition):
        return Precheck(language_code, [], [], [other], foreign=True)
    exercises = exercises_in(edition.release, PACKAGED)
    rebuilt = rebuild(edition.release, submitted, exercises)
    cells = cells_of(rebuilt, submitted, edition.release, exercises)
    found = [
        *findings.structure(path, rebuilt.flags, edition),
        *findings.files(path.parent, cells),
        *findings.empty_cells(
            [cell for cell in cells if cell.grade_id not in rebuilt.missing], exercises
        ),
        *findings.empty_texts(rebuilt, edition.release),
        *findings.shadows(cells, exercises),
        *run(cells, edition.release, path.resolve().parent, time_limit_s),
    ]
    results = [result_of(cell.node, exercises) for cell in cells if cell.test]
    missing = missing_exercises(results, exercises)
    bonus = [name for name, exercise in exercises.items() if exercise.bonus]
    return Precheck(language_code, results, missing, found, bonus)
