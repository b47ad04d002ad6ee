"""What a class's page says, as data: from records, the gradebook and the executed notebooks.

Nothing is graded here. Who has no record that stands in the gradebook is listed as such.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checking.result import OUTCOME_MIME
from autograder.course import release
from autograder.course.bridge import Course, Total
from autograder.course.grade import students_of
from autograder.exercises.exercise import load_exercise
from autograder.grading.record import Record
from autograder.grading.store import Store
from autograder.notebooks.cells import exercise_of, nbgrader_of

HINT = {"de": "Hinweis: ", "en": "Hint: "}
EMPTY = ("missing", "not_implemented")  # kinds of a mismatch where there is no answer
LOW = 0.4  # of the points that the machine gives: below it, somebody needs a talk
SLOW = 3.0  # times the class's median
# flags of a hand-in that are worth a question (see `intake`, `worker`)
ODD = ("changed: ", "doubled: ", "kernel ended", "check failed: ")


@dataclass(frozen=True)
class Student:
    """One hand-in; record and total are None where nothing stands in the gradebook."""

    name: str
    record: Record | None
    total: Total | None
    outcomes: Mapping[tuple[str, str], Mapping[str, Any]] = field(repr=False)  # exercise, level
    cells: Mapping[str, str] = field(repr=False)  # grade_id -> source of a solution cell

    @cached_property
    def solved(self) -> dict[str, bool]:
        """By exercise: both levels passed."""
        found: dict[str, list[bool]] = defaultdict(list)
        for (exercise, _), outcome in self.outcomes.items():
            found[exercise].append(outcome["passed"] is True)
        return {exercise: all(passed) for exercise, passed in found.items()}

    @property
    def full_name(self) -> str:
        """As the gradebook has it; "" if it has none."""
        names = (self.total.first_name, self.total.last_name) if self.total else ()
        return " ".join(filter(None, names))

    @property
    def machine(self) -> float:
        """Share of the points that the machine gives, without the bonus."""
        results = [r for r in self.record.results if r.level != "manual"] if self.record else []
        most = sum(r.max_points for r in results)
        return sum(r.points for r in results if r.max_points and r.passed) / most if most else 0.0


@dataclass(frozen=True)
class ExerciseRow:
    id: str
    title: str
    solved: int  # how many
    share: float
    discrimination: float | None  # corrected point-biserial; None where it is not defined
    hint: str  # that was given most often
    hints: int  # how often


@dataclass(frozen=True)
class WrongOutput:
    exercise: str
    message: str  # call, expected, got
    students: tuple[str, ...]


@dataclass(frozen=True)
class Talk:
    student: str
    reasons: tuple[tuple[str, str], ...]  # (a key of the page's words, what it is filled with)


def students(course: Path, assignment: str) -> list[Student]:
    """The class, sorted by name. Raises AssignmentError."""
    release.source_notebook(course, assignment)
    store, totals = Store(course), Course(course).totals(assignment)
    found = []
    for name in sorted({*students_of(course, assignment), *totals}):
        _, key = store.written(assignment, name)
        record = store.read(assignment, key) if key else None
        outcomes, cells = _executed(store, assignment, record)
        found.append(Student(name, record, totals.get(name), outcomes, cells))
    return found


def _executed(
    store: Store, assignment: str, record: Record | None
) -> tuple[dict[tuple[str, str], Mapping[str, Any]], dict[str, str]]:
    """Outcomes and the student's texts from a record's notebook, which is ours."""
    if record is None or not record.results:
        return {}, {}
    import nbformat

    notebook = nbformat.from_dict(json.loads(store.notebook(assignment, record.key)))
    outcomes, cells = {}, {}
    for cell in notebook.cells:
        metadata = nbgrader_of(cell)
        if metadata.get("solution"):
            cells[str(metadata["grade_id"])] = str(cell.source)
        for output in cell.get("outputs", []):
            outcome = output.get("data", {}).get(OUTCOME_MIME)
            if outcome:
                outcomes[exercise_of(cell)] = outcome
    return outcomes, cells


# --- exercises ----------------------------------------------------------------------------------


def exercise_rows(graded: Sequence[Student], language: str) -> list[ExerciseRow]:
    """An exercise a row, in the notebook's order."""
    names = list(dict.fromkeys(name for student in graded for name in student.solved))
    given = hint_counts(graded, language)
    rows = []
    for name in names:
        solved = [student.solved.get(name, False) for student in graded]
        hints = {hint: n for (exercise, hint), n in given.items() if exercise == name}
        hint = max(hints, key=lambda h: hints[h], default="")
        rows.append(
            ExerciseRow(
                name,
                getattr(load_exercise(name).title, language),
                sum(solved),
                sum(solved) / len(solved),
                discrimination(solved, [_others(student, name) for student in graded]),
                hint,
                hints.get(hint, 0),
            )
        )
    return rows


def _others(student: Student, exercise: str) -> int:
    return sum(solved for name, solved in student.solved.items() if name != exercise)


def discrimination(solved: Sequence[bool], rest: Sequence[float]) -> float | None:
    """Corrected point-biserial correlation: solving this one with how many others were solved.

    -1 to 1; None with fewer than three hand-ins, or where one of the two does not vary.
    Source: Lord and Novick, Statistical Theories of Mental Test Scores (1968), 15.
    """
    item, score = np.array(solved, dtype=float), np.array(rest, dtype=float)
    if len(item) < 3 or not item.std() or not score.std():
        return None
    return float(np.corrcoef(item, score)[0, 1])


def hint_counts(graded: Iterable[Student], language: str) -> Counter[tuple[str, str]]:
    """How many students were given which hint, in either level: (exercise, hint) -> students."""
    counts: Counter[tuple[str, str]] = Counter()
    for student in graded:
        counts.update(
            {
                (exercise, hint)
                for (exercise, _), outcome in student.outcomes.items()
                if (hint := _split(outcome, language)[1])
            }
        )
    return counts


def wrong_outputs(graded: Iterable[Student], language: str) -> list[WrongOutput]:
    """What public cases gave instead, and who; the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in graded:
        for (exercise, level), outcome in student.outcomes.items():
            message = _split(outcome, language)[0]
            if level == "public" and message:
                groups[exercise, message].append(student.name)
    found = [WrongOutput(e, m, tuple(names)) for (e, m), names in groups.items()]
    return sorted(found, key=lambda w: (-len(w.students), w.exercise))


def _split(outcome: Mapping[str, Any], language: str) -> tuple[str, str]:
    """A message without its hint, and the hint; both "" where no answer was wrong."""
    wrong = outcome["passed"] is False and outcome["kind"] not in EMPTY
    message = str(outcome["message"][language]) if wrong else ""
    text, _, hint = message.partition("\n" + HINT[language])
    return text.partition(": ")[2], hint


# --- people -------------------------------------------------------------------------------------


def talks(everybody: Sequence[Student]) -> list[Talk]:
    """Whom to ask, and what about; the most reasons first."""
    seconds = [s.record.seconds for s in everybody if s.record]
    usual = float(np.median(seconds)) if seconds else 0.0
    found = [Talk(s.name, reasons) for s in everybody if (reasons := tuple(_reasons(s, usual)))]
    return sorted(found, key=lambda talk: (-len(talk.reasons), talk.student))


def _reasons(student: Student, usual: float) -> Iterable[tuple[str, str]]:
    record = student.record
    if record is None:
        yield "no_grade", ""
        return
    if record.status != "graded":
        yield "status", record.status
    if student.machine < LOW:
        yield "low", f"{student.machine:.0%}"
    half = [
        exercise
        for (exercise, level), outcome in student.outcomes.items()
        if level == "drawn"
        and outcome["passed"] is False
        and student.outcomes.get((exercise, "public"), {}).get("passed") is True
    ]
    if half:
        yield "half", ", ".join(half)
    odd = [flag for flag in record.flags if flag.startswith(ODD)]
    if odd:
        yield "odd", "; ".join(odd)
    if record.status == "graded" and record.seconds > max(SLOW * usual, 30.0):
        yield "slow", f"{record.seconds:g}"


def released_cells(course: Path, assignment: str) -> dict[str, str]:
    """grade_id -> source of the release's solution cells: what everybody was given."""
    notebook = release.read_notebook(release.registered(course, assignment))
    return {
        str(nbgrader_of(cell)["grade_id"]): str(cell.source)
        for cell in notebook.cells
        if nbgrader_of(cell).get("solution")
    }
