"""A teacher's decisions after grading: exercises that do not count, extensions, withdrawals.

The log of an assignment lies beside its records. The gradebook follows it, so that formgrader and
everything else show the same points; nothing is run again. What a teacher had given by hand for an
adjusted exercise is kept here, for the day when the adjustment is undone.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.utils import compute_checksum

from autograder.checking.result import Result
from autograder.course import messages
from autograder.course.layout import BookCell, Layout
from autograder.exercises.exercise import Level
from autograder.exercises.strict import load_json, read
from autograder.files import write_atomically
from autograder.grading.store import STORE_FOLDER
from kischule.i18n import Text


class Action(str, Enum):
    """Kinds of adjustments."""

    DROP = "drop"  # an exercise, out of everybody's points and out of the maximum
    GIVE = "give"  # an exercise's points, to everybody
    WITHDRAW = "withdraw"  # a student's submission, out of tables and exports
    EXTEND = "extend"  # a student's due date
    UNDO = "undo"  # all that is in force for an exercise or a student

    __str__ = str.__str__


OF_EXERCISES = (Action.DROP, Action.GIVE)


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """One entry of the log."""

    action: Action
    name: str  # of the exercise or the student
    by: str
    at: str  # UTC
    reason: str
    hours: float = 0.0  # of an extension

    @classmethod
    def now(cls, action: Action, name: str, reason: str, hours: float = 0.0) -> Adjustment:
        """An entry by the user of this process."""
        try:
            by = getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            by = "unknown"
        at = datetime.now(timezone.utc).isoformat(" ", "seconds")
        return cls(action=action, name=name, by=by, at=at, reason=reason, hours=hours)

    def as_data(self) -> dict[str, Any]:
        """The entry as JSON has it."""
        return {**asdict(self), "action": str(self.action)}

    @classmethod
    def from_data(cls, data: Any) -> Adjustment:
        """Read what `as_data` wrote. DataError for anything else."""
        return read(cls, data, "adjustment")

    @property
    def text(self) -> Text:
        """The entry as a teacher reads it."""
        what = messages.ADJUSTED_WORDS[str(self.action)].format(hours=self.hours)
        about = {"by": self.by, "at": self.at[:16], "reason": self.reason}
        return messages.ADJUSTED_ENTRY.format(name=self.name, what=what, **about)

    def __str__(self) -> str:
        return self.text.en


@dataclass(frozen=True, kw_only=True)
class KeptAside:
    """A teacher's entries for one cell of one student."""

    manual: float | None
    extra: float | None
    waits: bool
    auto: float | None = None  # the machine's points, where there is no record to read them from


@dataclass(kw_only=True)
class Adjustments:
    """The log of an assignment, and what it has taken out of the gradebook."""

    log: tuple[Adjustment, ...] = ()
    max_points: dict[str, float] = field(default_factory=dict)  # of dropped cells
    by_hand: dict[str, dict[str, KeptAside]] = field(default_factory=dict)  # by student and cell
    extensions: dict[str, float] = field(default_factory=dict)  # hours that it has given

    @classmethod
    def of(cls, course: Path, assignment: str) -> Adjustments:
        """Read those of an assignment. DataError for a file that `save` did not write."""
        path = adjustments_file(course, assignment)
        if not path.exists():
            return cls()
        return read(cls, load_json(path.read_bytes(), str(path)), str(path))

    def save(self, course: Path, assignment: str) -> None:
        """Keep them beside the records, if there are any and they have changed."""
        if self == Adjustments.of(course, assignment):
            return
        write_atomically(adjustments_file(course, assignment), self.as_json())

    def as_json(self) -> bytes:
        """All of them as `of` reads them."""
        data = {**asdict(self), "log": [entry.as_data() for entry in self.log]}
        return json.dumps(data, ensure_ascii=False, indent=1).encode()

    def forget(self, student: str) -> int:
        """Take a student's entries out; returns their number."""
        kept = tuple(e for e in self.log if e.action in OF_EXERCISES or e.name != student)
        gone = len(self.log) - len(kept) + (student in self.by_hand) + (student in self.extensions)
        self.log = kept
        self.by_hand.pop(student, None)
        self.extensions.pop(student, None)
        return gone

    @property
    def in_force(self) -> list[Adjustment]:
        """The entries that hold, in their order."""
        found: dict[tuple[bool | Action, str], Adjustment] = {}
        for entry in self.log:
            if entry.action == Action.UNDO:
                found = {key: each for key, each in found.items() if each.name != entry.name}
            else:  # an exercise is dropped or given, not both
                kind = entry.action in OF_EXERCISES or entry.action
                found.pop((kind, entry.name), None)
                found[kind, entry.name] = entry
        return list(found.values())

    def names(self, *actions: Action) -> dict[str, Adjustment]:
        """The entries of these kinds that hold, by exercise or student."""
        return {entry.name: entry for entry in self.in_force if entry.action in actions}

    def reasons(self, action: Action) -> dict[str, str]:
        """The reasons of these adjustments, by exercise or student."""
        return {name: entry.reason for name, entry in self.names(action).items()}

    @property
    def by_cell(self) -> dict[str, Action]:
        """The actions that hold, by grade_id of test cells and texts."""
        return {
            level.prefix + name: entry.action
            for name, entry in self.names(*OF_EXERCISES).items()
            for level in Level
        }


def adjustments_file(course: Path, assignment: str) -> Path:
    """The file of an assignment's log."""
    return course / STORE_FOLDER / "adjustments" / f"{assignment}.json"


# --- the gradebook follows ------------------------------------------------------------------------


def apply(
    book: Any, course: Path, assignment: str, results: Mapping[str, Mapping[str, Result]]
) -> Adjustments:
    """Bring the gradebook's rows of these students in line with results and adjustments.

    results: by student and grade_id. What leaves the gradebook is on disk when this returns; the
    caller commits, and then saves what this returns: without what has come back.
    """
    found = Adjustments.of(course, assignment)
    held = found.by_cell
    back: list[tuple[dict[str, Any], str]] = []
    for cell in _graded_cells(book, assignment):
        if held.get(cell.name) == Action.DROP:
            found.max_points[cell.name] = cell.max_score or found.max_points.get(cell.name, 0.0)
            _set_max_points(cell, 0.0)
        elif cell.name in found.max_points:
            _set_max_points(cell, found.max_points[cell.name])
            back.append((found.max_points, cell.name))
    book.db.flush()
    for grade, cell, student in _rows(book, assignment, results):
        result = results[student].get(cell.name)
        result = result and result.worth(cell.max_score)
        own = found.by_hand.setdefault(student, {})
        if cell.name in held:
            _take_out(grade, own, result)
            _enter(grade, held[cell.name], own.get(cell.name), cell.max_score, result)
            continue
        if cell.name in own:
            _take_out(grade, own, result)  # what was entered meanwhile
            _put_back(grade, own[cell.name])
            grade.auto_score = own[cell.name].auto
            back.append((own, cell.name))
        if result is not None:
            _enter_result(grade, result)
    back += _extend(book, assignment, found, results)
    found.by_hand = {student: own for student, own in found.by_hand.items() if own}
    found.save(course, assignment)
    for place, name in back:
        del place[name]
    return found


def put_back(book: Any, found: Adjustments, assignment: str, student: str) -> None:
    """Put a teacher's points back, for a regrading that has to see them; `apply` comes after it."""
    own = found.by_hand.get(student, {})
    for grade, cell, _ in _rows(book, assignment, [student]):
        if cell.name in own:
            _put_back(grade, own[cell.name])


def _graded_cells(book: Any, assignment: str) -> list[Any]:
    try:
        notebooks = book.find_assignment(assignment).notebooks
    except MissingEntry:
        return []
    return [cell for n in notebooks for cell in (*n.grade_cells, *n.task_cells)]


def _set_max_points(cell: Any, points: float) -> None:
    """Set a cell's points, and its checksum, which covers them: nbgrader compares it."""
    cell.max_score = points
    for source in cell.notebook.source_cells:
        if source.name == cell.name and cell.type == "GradeCell":
            source.checksum = _checksum(source, points)


def _checksum(source: Any, points: float) -> str:
    about = {"grade": True, "solution": not source.locked, "locked": source.locked}
    about |= {"grade_id": source.name, "points": points}
    made = {"cell_type": source.cell_type, "source": source.source}
    return str(compute_checksum(nbformat.from_dict({**made, "metadata": {"nbgrader": about}})))


def unadjusted(layout: Layout, max_points: Mapping[str, float]) -> Layout:
    """The cells as they were registered: without the effect of dropped exercises."""

    def cell(entry: BookCell) -> BookCell:
        points = max_points.get(entry.name, 0.0)
        return replace(entry, max_score=points) if points and entry.max_score == 0 else entry

    found = []
    for notebook in layout:
        cells = tuple(map(cell, notebook.cells))
        points = {
            e.name: e.max_score for e, old in zip(cells, notebook.cells, strict=True) if e != old
        }
        sources = tuple(
            replace(source, checksum=_checksum(source, points[source.name] or 0.0))
            if source.name in points
            else source
            for source in notebook.sources
        )
        found.append(replace(notebook, cells=cells, sources=sources))
    return tuple(found)


def _rows(book: Any, assignment: str, students: Iterable[str]) -> list[Any]:
    """The rows of graded cells: grade, cell, student."""
    return (
        book.db.query(Grade, BaseCell, SubmittedAssignment.student_id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == assignment, SubmittedAssignment.student_id.in_(students))
        .all()
    )


def _take_out(grade: Any, own: dict[str, KeptAside], result: Result | None) -> None:
    """Keep what a teacher has entered; what is kept already was taken out earlier."""
    kept = own.get(grade.name)
    # otherwise a bonus's extra credit is ours, and so is what remains of a given exercise's
    by_teacher = grade.manual_score is not None or not (kept or (result and result.bonus))
    extra = grade.extra_credit if by_teacher else None
    if result and grade.manual_score is None and not extra and not grade.needs_manual_grade:
        return
    new = grade.manual_score is not None
    own[grade.name] = KeptAside(
        manual=grade.manual_score if new or kept is None else kept.manual,
        extra=extra if new or kept is None else kept.extra,
        waits=bool(grade.needs_manual_grade) or (kept is not None and kept.waits and not new),
        auto=kept.auto if kept else None if result else grade.auto_score,
    )


def _enter(
    grade: Any, action: Action, kept: KeptAside | None, max_points: float, result: Result | None
) -> None:
    """Enter the points of an adjusted exercise: none, or all; more by a teacher's hand stay."""
    points = 0.0
    if action == Action.GIVE:
        manual = None if kept is None else kept.manual
        points = manual if manual is not None else result.points if result else 0.0
        points += (kept.extra or 0.0) if kept else 0.0
        points = max(points, result.max_points if result else max_points)
    grade.manual_score, grade.needs_manual_grade = None, False
    grade.auto_score = min(points, max_points)
    grade.extra_credit = points - grade.auto_score or None


def _put_back(grade: Any, kept: KeptAside) -> None:
    grade.manual_score, grade.extra_credit = kept.manual, kept.extra
    grade.needs_manual_grade = kept.waits


def _enter_result(grade: Any, result: Result) -> None:
    """Enter a result's points as a regrading would; a teacher's stay."""
    if result.level == Level.MANUAL:  # an answer that was left as it was released has 0 points
        if grade.manual_score is None:
            grade.auto_score = None if grade.needs_manual_grade else 0.0
        return
    grade.auto_score = 0.0 if result.bonus else result.points
    if result.bonus and grade.manual_score is None:
        grade.extra_credit = result.points


def _extend(
    book: Any, assignment: str, found: Adjustments, students: Iterable[str]
) -> list[tuple[dict[str, Any], str]]:
    """Set extensions of due dates; returns those of ours that were taken back."""
    wanted = found.names(Action.EXTEND)
    back: list[tuple[dict[str, Any], str]] = []
    submissions = (
        book.db.query(SubmittedAssignment)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == assignment, SubmittedAssignment.student_id.in_(students))
    )
    for submission in submissions:
        student = submission.student_id
        # nbgrader fails for an extension without a due date
        if student in wanted and submission.assignment.duedate is not None:
            found.extensions[student] = wanted[student].hours
            submission.extension = timedelta(hours=wanted[student].hours)
        elif student in found.extensions:
            submission.extension = None
            back.append((found.extensions, student))
    return back


def seconds_late(submission: Any) -> float:
    """The lateness; nbgrader's own fails for an extension without a due date."""
    if submission.assignment.duedate is None:
        return 0.0
    return float(submission.total_seconds_late)
