"""The class's page as data: from records and the gradebook.

Nothing is graded here. Students without a record in the gradebook are listed as such.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from math import comb
from pathlib import Path

import nbformat
import numpy as np

from autograder.checking.result import Result
from autograder.course.gradebook import Course, Total
from autograder.course.messages import UNGRADED
from autograder.course.missing import without_grade
from autograder.course.release import registered
from autograder.exercises.exercise import Exercise, Level
from autograder.grading.record import Record, Status
from autograder.grading.store import Store
from autograder.notebooks.cells import read_notebook, solutions
from autograder.notebooks.flags import FlagKind
from autograder.notebooks.messages import flag_text
from autograder.reports import messages
from kischule.i18n import Text

EMPTY = ("missing", "not_implemented")  # kinds of a mismatch where there is no solution
MIN_ASKED = 5  # students who called for a hint; of fewer nothing is told
MIN_SHARE = 0.4  # of the points that the machine gives: below it, the student needs a talk
MIN_TOGETHER = 3  # students who failed both of two exercises
MAX_P = 0.01  # of Fisher's test; with fifteen exercises chance lists one pair of 105
SLOW_FACTOR = 3.0  # times the class's median
# a call as a notebook's text has it; the step may be named
HINT_CALL = re.compile(
    r"(?<![\w.])hint\(\s{0,9}(['\"])([a-z_0-9]{1,60})\1\s{0,9}"
    r"(?:,\s{0,9}(?:step\s{0,9}=\s{0,9})?([1-9])\s{0,9})?\)"
)
MAX_SOURCE = 20_000  # characters of a cell that are looked through
# flags that are worth a question
ODD_KINDS = (FlagKind.CHANGED, FlagKind.DOUBLED, FlagKind.KERNEL_ENDED, FlagKind.CHECK_FAILED)


@dataclass(frozen=True, kw_only=True)
class GradedStudent:
    """One submission; record and total are None where the gradebook has no entry."""

    name: str
    record: Record | None
    total: Total | None
    full_name: str = ""  # in the gradebook
    reason: Text | None = None  # of a student without a grade
    cells: Mapping[str, str] = field(repr=False)  # grade_id -> source of a solution cell
    # the last step of `hint("x", step)` that the notebook calls, by exercise
    hint_steps: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def results(self) -> dict[tuple[str, Level], Result]:
        """The results of checks, by exercise and level."""
        found = self.record.results if self.record else ()
        return {(r.exercise, r.level): r for r in found if r.level != Level.MANUAL}

    @cached_property
    def solved(self) -> dict[str, bool]:
        """True for each exercise of which both levels passed."""
        found: dict[str, list[bool]] = defaultdict(list)
        for (exercise, _), result in self.results.items():
            found[exercise].append(result.passed is True)
        return {exercise: all(passed) for exercise, passed in found.items()}

    def left_out(self, exercise: str) -> bool:
        """Return True if a level of the exercise could not be judged."""
        levels = [self.results.get((exercise, level)) for level in (Level.PUBLIC, Level.HIDDEN)]
        return any(result is not None and result.passed is None for result in levels)

    @property
    def not_protected(self) -> float:
        """The points at most of plain tests."""
        found = self.record.results if self.record else ()
        return sum(result.max_points for result in found if result.level == Level.PLAIN)

    @property
    def machine_share(self) -> float:
        """Share of the points that the machine gives, without the bonus."""
        counted = [r for r in self.results.values() if not r.bonus]
        full = sum(r.max_points for r in counted)
        return sum(r.points for r in counted if r.passed) / full if full else 0.0


@dataclass(frozen=True, kw_only=True)
class ExerciseRow:
    """An exercise in the class."""

    id: str
    title: str
    solved: int  # how many
    share: float
    discrimination: float | None  # corrected point-biserial; None where it is not defined
    hint: str  # the most frequent one
    hints: int  # how often it was given


@dataclass(frozen=True)
class WrongOutput:
    """A wrong result of a public case, and who got it."""

    exercise: str
    message: str  # call, expected, got
    students: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Misconception:
    """A mistake that was recognised, over all exercises of the class."""

    name: str  # see `Result.rule`
    hint: Text  # what is said of it to a student
    exercises: tuple[str, ...]
    students: tuple[str, ...]
    example: Result  # a result that shows it, of a public case if there is one


@dataclass(frozen=True)
class FailingPair:
    """Two exercises that the same students failed."""

    exercises: tuple[str, str]
    both: int  # students who failed both
    expected: float  # the number, if one failure said nothing of the other


@dataclass(frozen=True)
class Talk:
    """A student whom the teacher should ask, and why."""

    student: str
    reasons: tuple[Text, ...]


def students(course: Path, assignment: str) -> list[GradedStudent]:
    """Read the class, sorted by name. Raises AssignmentError."""
    registered(course, assignment)
    store, book = Store(course), Course(course)
    totals, scores = book.totals(assignment), book.scores(assignment)
    reasons, names = without_grade(course, assignment, totals), book.enrolled(assignment)
    found = []
    for name in sorted({*reasons, *totals}):
        records = store.records(assignment, name)
        record = Record.of_all(records) if records else None
        cells: dict[str, str] = {}
        steps: dict[str, int] = {}
        if record is not None and record.results:
            for each in records.values():
                notebook = nbformat.from_dict(json.loads(store.notebook(assignment, each.key)))
                cells |= solutions(notebook)
                steps |= hints_called(c.source for c in notebook.cells if c.cell_type == "code")
            points = scores.get(name, {})
            results = tuple(
                result.worth(points[result.grade_id].max_points)
                for result in record.results
                if result.grade_id in points
            )
            record = replace(record, results=results)
        found.append(
            GradedStudent(
                name=name,
                record=record,
                total=totals.get(name),
                full_name=names.get(name, ""),
                reason=reasons.get(name),
                cells=cells,
                hint_steps=steps,
            )
        )
    return found


def labels(everybody: Sequence[GradedStudent]) -> dict[str, str]:
    """The name of each student as a reader knows them; of namesakes with the folder's name."""
    counts = Counter(student.full_name for student in everybody)
    found = {}
    for student in everybody:
        full, name = student.full_name, student.name
        found[name] = name if not full else full if counts[full] == 1 else f"{full} ({name})"
    return found


def joined(texts: Iterable[Text], separator: str = "; ") -> Text:
    """Texts in one."""
    texts = list(texts)
    return Text(separator.join(t.de for t in texts), separator.join(t.en for t in texts))


# --- exercises ----------------------------------------------------------------------------------


def exercise_rows(
    graded: Sequence[GradedStudent], exercises: Mapping[str, Exercise], language: str
) -> list[ExerciseRow]:
    """Count each exercise, in the notebook's order, among those for whom it was judged."""
    names = list(dict.fromkeys(name for student in graded for name in student.solved))
    given = hint_counts(graded, language)
    rows = []
    for name in names:
        judged = [student for student in graded if not student.left_out(name)]
        solved = [student.solved.get(name, False) for student in judged]
        hints = {hint: n for (exercise, hint), n in given.items() if exercise == name}
        hint = max(hints, key=lambda h: hints[h], default="")
        rows.append(
            ExerciseRow(
                id=name,
                title=exercises[name].title[language] if name in exercises else name,
                solved=sum(solved),
                share=sum(solved) / max(len(solved), 1),
                discrimination=discrimination(solved, [_others(s, name) for s in judged]),
                hint=hint,
                hints=hints.get(hint, 0),
            )
        )
    return rows


def _others(student: GradedStudent, exercise: str) -> int:
    return sum(solved for name, solved in student.solved.items() if name != exercise)


def discrimination(solved: Sequence[bool], rest: Sequence[float]) -> float | None:
    """Correlate solving this exercise with the number of others solved (point-biserial, corrected).

    -1 to 1; None with fewer than three submissions, or where one of the two does not vary.
    Source: Lord and Novick, Statistical Theories of Mental Test Scores (1968), 15.
    """
    item, score = np.array(solved, dtype=float), np.array(rest, dtype=float)
    if len(item) < 3 or not item.std() or not score.std():
        return None
    return float(np.corrcoef(item, score)[0, 1])


def hint_counts(graded: Iterable[GradedStudent], language: str) -> Counter[tuple[str, str]]:
    """Count the students who were given a hint, at either level, by (exercise, hint)."""
    counts: Counter[tuple[str, str]] = Counter()
    for student in graded:
        counts.update(
            {
                (exercise, result.message.hint[language])
                for (exercise, _), result in student.results.items()
                if _is_wrong(result) and result.message and result.message.hint
            }
        )
    return counts


def hint_steps(
    graded: Iterable[GradedStudent], exercises: Mapping[str, Exercise]
) -> dict[str, tuple[int, ...]]:
    """Count the students whose last call for a hint was its step 1, 2, …, by exercise.

    Read from notebooks alone, so from those who left the call there: a teacher's statistic.
    """
    asked = [student.hint_steps for student in graded if student.hint_steps.keys() & {*exercises}]
    if len(asked) < MIN_ASKED:
        return {}
    found = dict[str, tuple[int, ...]]()
    for name, exercise in exercises.items():
        counts = Counter(steps.get(name, 0) for steps in asked)
        each = tuple(counts[step] for step in range(1, len(exercise.hints) + 1))
        found |= {name: each} if any(each) else {}
    return found


def hints_called(sources: Iterable[str]) -> dict[str, int]:
    """Find the last step of each exercise that code calls `hint` for, read and never run."""
    found: dict[str, int] = {}
    for source in sources:
        for _, exercise, step in HINT_CALL.findall(source[:MAX_SOURCE]):
            found[exercise] = max(found.get(exercise, 0), int(step or 1))
    return found


def wrong_outputs(graded: Iterable[GradedStudent], language: str) -> list[WrongOutput]:
    """Group the wrong results of public cases, the most frequent first."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in graded:
        for (exercise, level), result in student.results.items():
            message = result.message
            if level == Level.PUBLIC and _is_wrong(result) and message and message.call:
                message = replace(message, hint=None)
                groups[exercise, message.plain(language)].append(student.name)
    found = [WrongOutput(e, m, tuple(names)) for (e, m), names in groups.items()]
    return sorted(found, key=lambda w: (-len(w.students), w.exercise))


def misconceptions(graded: Iterable[GradedStudent]) -> list[Misconception]:
    """List the mistakes that results name, the most frequent first."""
    found: dict[str, list[tuple[str, Result, Text]]] = defaultdict(list)
    for student in graded:
        for result in student.results.values():
            if _is_wrong(result) and result.rule and result.message and result.message.hint:
                found[result.rule].append((student.name, result, result.message.hint))
    listed = []
    for name, seen in found.items():
        example = max(seen, key=lambda s: (bool(s[1].chart), s[1].level == Level.PUBLIC))
        listed.append(
            Misconception(
                name=name,
                hint=example[2],
                exercises=tuple(sorted({result.exercise for _, result, _ in seen})),
                students=tuple(sorted({student for student, *_ in seen})),
                example=example[1],
            )
        )
    return sorted(listed, key=lambda m: (-len(m.students), m.name))


def failing_together(graded: Sequence[GradedStudent]) -> list[FailingPair]:
    """List pairs of exercises that more students failed together than chance explains.

    Counted are those for whom both were judged and who solved at least one exercise; listed are
    pairs with at least `MIN_TOGETHER` students and Fisher's exact test below `MAX_P`.
    """
    names = list(dict.fromkeys(name for student in graded for name in student.solved))
    working = [student for student in graded if any(student.solved.values())]
    found = []
    for pair in combinations(names, 2):
        judged = [
            [not s.solved[name] for name in pair]
            for s in working
            if all(name in s.solved and not s.left_out(name) for name in pair)
        ]
        left, right = (sum(failed[i] for failed in judged) for i in (0, 1))
        both = sum(all(failed) for failed in judged)
        if both >= MIN_TOGETHER and _chance_of(both, left, right, len(judged)) < MAX_P:
            found.append(FailingPair(pair, both, left * right / len(judged)))
    return sorted(found, key=lambda f: (f.expected - f.both, f.exercises))


def _chance_of(both: int, left: int, right: int, count: int) -> float:
    """The chance of at least so many in common, if the two are independent (Fisher)."""
    ways = sum(
        comb(left, n) * comb(count - left, right - n) for n in range(both, min(left, right) + 1)
    )
    return ways / comb(count, right)


def _is_wrong(result: Result) -> bool:
    """Return True if there is a solution, and it is wrong."""
    return result.passed is False and result.kind not in EMPTY


# --- people -------------------------------------------------------------------------------------


def talks(everybody: Sequence[GradedStudent]) -> list[Talk]:
    """List the students to talk to, those with the most reasons first."""
    seconds = [s.record.seconds for s in everybody if s.record]
    usual = float(np.median(seconds)) if seconds else 0.0
    found = [Talk(s.name, reasons) for s in everybody if (reasons := tuple(_reasons(s, usual)))]
    return sorted(found, key=lambda talk: (-len(talk.reasons), talk.student))


def _reasons(student: GradedStudent, usual: float) -> Iterable[Text]:
    record = student.record
    if record is None:
        yield student.reason or UNGRADED
        return
    if record.status != Status.GRADED:
        yield messages.ENDED_WITH.format(status=messages.STATUS_WORDS[record.status])
    if student.machine_share < MIN_SHARE:
        yield messages.LOW.format(share=student.machine_share)
    only_examples = [
        exercise
        for (exercise, level), result in student.results.items()
        if level == Level.HIDDEN and result.passed is False
        if (public := student.results.get((exercise, Level.PUBLIC))) and public.passed is True
    ]
    if only_examples:
        yield messages.ONLY_PUBLIC.format(exercises=", ".join(only_examples))
    if odd := [flag_text(flag) for flag in record.flags if flag.kind in ODD_KINDS]:
        yield messages.ODD_FLAGS.format(flags=joined(odd))
    if record.status == Status.GRADED and record.seconds > max(SLOW_FACTOR * usual, 30.0):
        yield messages.SLOW_BY.format(seconds=record.seconds)


def released_cells(course: Path, assignment: str) -> dict[str, str]:
    """The release's solution cells, which every student was given, by grade_id."""
    found: dict[str, str] = {}
    for path in registered(course, assignment):
        found |= solutions(read_notebook(path))
    return found
