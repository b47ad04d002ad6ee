"""Grading a class: submissions in, through an engine, records on disk, scores in the gradebook."""

import importlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol
from unicodedata import normalize

from autograder.course import messages
from autograder.course.adjustments import Adjustments
from autograder.course.gradebook import Course, Score, Total
from autograder.course.missing import absent
from autograder.course.registration import finish
from autograder.course.release import source_notebooks
from autograder.course.rules import rules_of
from autograder.course.timestamps import STAMP_FILE, usable
from autograder.course.writer import Entry, GradebookWriter
from autograder.errors import MissingPackageError, UserError
from autograder.exercises.exercise import Level
from autograder.grading import device
from autograder.grading.engines.local import Pool, prepare
from autograder.grading.processes import cores
from autograder.grading.record import Record, Rules, Status, Task, key_of, task_of
from autograder.grading.settings import TIERS, Settings
from autograder.grading.store import Store, seed_id
from autograder.grading.submission import rebuilt_from
from autograder.notebooks import intake, reader
from autograder.notebooks.cells import max_points
from autograder.notebooks.editions import language_of
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.messages import flag_text
from autograder.sandbox.text import clean
from kischule.i18n import Line, Text
from kischule.models import fingerprint

Report = dict[str, Any]  # the data of `grade --json`
StudentRow = dict[str, Any]  # one element of its "submissions"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The submissions that a run grades, and the machines that it uses."""

    students: tuple[str, ...] = ()  # empty: all
    jobs: int | None = None  # None: as many as this process may use cores
    engine: str = "local"  # local | dask
    scheduler: str | None = None  # Dask's address; None: a cluster on this machine
    seed_file: Path | None = None
    force: bool = False  # regrade submissions that already have a record


class NoSubmissionError(UserError, ValueError):
    """There is nothing to grade under that name."""


class Engine(Protocol):
    """Where submissions' notebooks are graded."""

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Generator[Record, None, None]:
        """Yield a record for each task, in any order; tasks are taken when there is a worker."""


class Watch:
    """Hears how a run goes on; this one ignores it."""

    def begin(self, total: int) -> None:
        """The run has begun; total: submissions, including those with a record."""

    def done(self, row: StudentRow, known: bool) -> None:
        """A submission has its result, without the gradebook's part; known: from a record."""

    def running(self, seconds: dict[str, float]) -> None:
        """These students are being graded, for so long. Called often."""

    def writing(self, left: int) -> None:
        """All are graded; so many are still to be written into the gradebook."""

    def warn(self, text: str) -> None:
        """The teacher should know this."""

    def end(self) -> None:
        """The run has ended."""


def students_of(course: Path, assignment: str) -> list[str]:
    """List the students with a folder for this assignment under submitted/, sorted."""
    return Course(course).students("submitted", assignment)


def grade(
    course: Path,
    assignment: str,
    settings: Settings | None = None,
    options: RunOptions | None = None,
    watch: Watch | None = None,
) -> Report:
    """Grade the submissions of an assignment; returns the data of `grade --json`.

    One submission cannot stop another: whatever goes wrong with it is its own result. Records are
    stored as they come; submissions with a record are not graded again. Grades and notebooks go
    where nbgrader keeps them.

    Raises AssignmentError, NoSubmissionError, SeedError, IsolationError, ServerError, BusyError,
    ConfigurationError, GradebookError, or OSError where the disk fails; whatever was graded until
    then is kept.
    """
    options = options or RunOptions()
    source_notebooks(course, assignment)
    finish(course, assignment)
    watch = watch or Watch()
    there = students_of(course, assignment)
    withdrawn = Course(course).withdrawn(assignment)
    chosen = [known_as(student, there) for student in options.students]
    for student, known in zip(options.students, chosen, strict=True):
        if known is None:
            if known_as(student, withdrawn):
                about = {"student": student, "assignment": assignment}
                raise NoSubmissionError(messages.WITHDRAWN.format(**about))
            raise NoSubmissionError(
                messages.NO_SUBMISSION_OF.format(
                    student=student,
                    assignment=assignment,
                    names=", ".join(there) or messages.NONE_THERE,
                )
            )
    if not there:
        folder = Course(course).folder("submitted", assignment, "<student>")
        told = messages.NO_SUBMISSIONS.format(assignment=assignment, folder=folder)
        raise NoSubmissionError(told)
    if withdrawn and not chosen:
        watch.warn(Line(messages.WITHDRAWN_NAMES.format(names=", ".join(withdrawn))))
    with Store(course).alone():
        run = _ClassRun(course, assignment, settings or Settings(), options, watch)
        return run.grade(list(dict.fromkeys(filter(None, chosen))) or there)


def known_as(student: str, there: Sequence[str]) -> str | None:
    """The folder's name of a student: an umlaut may be one character in it, or two."""
    if student in there:
        return student
    alike = [n for n in there if normalize("NFC", n) == normalize("NFC", student)]
    return alike[0] if len(alike) == 1 else None


def weakest(tiers: Iterable[str | None]) -> str | None:
    """The tier that protects least; None if nothing ran."""
    return max(filter(None, tiers), key=TIERS.index, default=None)


def _beside(folder: Path, stamp: bytes) -> tuple[dict[str, bytes], tuple[Flag, ...]]:
    """The files that nbgrader wants beside the notebook, and flags; stamp: of timestamp.txt."""
    files: dict[str, bytes] = {}
    flags: tuple[Flag, ...] = ()
    if os.path.lexists(folder / STAMP_FILE):
        files[STAMP_FILE], flags = usable(stamp)
    with suppress(reader.UnreadableError):  # only submissions by nbgrader's exchange have one
        files["submission_secret.txt"] = intake.read_bytes(folder / "submission_secret.txt")[:1000]
    return files, flags


def _lateness(total: Total) -> Flag | None:
    if not total.late_s:
        return None
    return Flag(FlagKind.LATE, reason=messages.late_by(total.late, total.penalty))


def _engine(
    options: RunOptions, kind: str, watch: Watch, tick: Callable[[dict[str, float]], None]
) -> Engine:
    """kind: of the device that submissions may use."""
    if kind != "cpu":
        device.free_bytes()  # now: no submission has begun
    jobs = options.jobs or device.jobs(kind, cores())
    if options.engine == "dask":
        try:
            dask = importlib.import_module("autograder.grading.engines.dask")
        except ModuleNotFoundError as error:
            raise MissingPackageError(messages.NEEDS_DASK.format(name=error.name)) from error
        engine: Engine = dask.Cluster(jobs, options.scheduler, watch.warn)
        return engine
    return Pool(jobs, warn=watch.warn, tick=tick)


@dataclass
class _Settled:
    """A submission's, so far: a record of each notebook, none if none is readable, and flags."""

    records: dict[str, Record] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    known: bool = True  # all records are from earlier runs

    @property
    def record(self) -> Record | None:
        return Record.of_all(self.records) if self.records else None


@dataclass(frozen=True)
class _Waiting:
    """A submission's notebook that is being graded."""

    student: str
    notebook: str
    files: Mapping[str, bytes] = field(repr=False)
    flags: tuple[Flag, ...]


class _ClassRun:
    def __init__(
        self, course: Path, assignment: str, settings: Settings, options: RunOptions, watch: Watch
    ) -> None:
        self.course, self.assignment, self.options, self.watch = course, assignment, options, watch
        self.store = Store(course)
        self.rules = rules_of(
            course, assignment, settings, options.seed_file, self._making(settings.model)
        )
        self.max_score = sum(max_points(reader.parse(rules.release)) for rules in self.rules)
        self.settled: dict[str, _Settled] = {}
        self._partly: dict[str, _Settled] = {}  # until all notebooks have their records
        self.waiting: dict[str, list[_Waiting]] = {}  # by key of the task
        self.fresh: set[str] = set()  # keys of what this run has graded
        self.course_book = Course(course)
        self.totals: dict[str, Total] = {}  # once all is written
        sources = [path.read_bytes() for path in source_notebooks(course, assignment)]
        source = sources[0] if len(sources) == 1 else key_of(*sources).encode()
        self.book = GradebookWriter(course, assignment, source)

    def _making(self, model: str) -> Callable[[str], None]:
        return lambda exercise: self.watch.warn(
            Line(messages.MAKING_REPLIES.format(exercise=exercise, model=model))
        )

    def grade(self, students: list[str]) -> Report:
        self.watch.begin(len(students))
        finished = False
        try:
            engine = _engine(self.options, self.rules[0].settings.device, self.watch, self._running)
            for rules in self.rules:
                tasks = self._tasks(rules, students)
                first = list(islice(tasks, 1))
                if first and isinstance(engine, Pool):
                    prepare(rules.settings)
                if rules is self.rules[-1]:  # no submission is complete before
                    self.book.start()  # now: this process had one thread until here
                with closing(engine.run(rules, chain(first, tasks))) as records:
                    for record in records:
                        self.store.write(self.assignment, record)
                        self.fresh.add(record.key)
                        for submission in self.waiting.pop(record.key):
                            self._have(submission, record)
            finished = True
            self.watch.writing(self.book.left)
        finally:
            self.book.close(finished)
            self.watch.end()
        known = [each for found in self.settled.values() for each in found.records.values()]
        self.course_book.adjust(self.assignment, {record.key: record for record in known})
        scores = self.course_book.scores(self.assignment)
        self.totals = self.course_book.totals(self.assignment)
        adjusted = Adjustments.of(self.course, self.assignment).in_force
        nothing: list[str] = []
        if not self.options.students:
            nothing = absent(self.course, self.assignment)
            self.store.note_run(self.assignment)
        return {
            "assignment": self.assignment,
            "seed_id": seed_id(self.rules[0].seed),
            "model": fingerprint(self.rules[0].settings.model),
            "isolation": weakest(each.record.tier for each in self.settled.values() if each.record),
            "submissions": [self._row(student, scores.get(student, {})) for student in students],
            **({"absent": nothing} if nothing else {}),
            **({"adjustments": [entry.as_data() for entry in adjusted]} if adjusted else {}),
        }

    def _read(self, folder: Path, rules: Rules) -> intake.Submission | Flag:
        others = {each.name for each in self.rules} - {rules.name}
        try:
            found = intake.read_submission(folder, rules.name, others)
            if others:
                rebuilt_from(rules.release, found.content, rules.exercises)
            return found
        except reader.UnreadableError as error:
            place = f"{rules.name}: " if others else ""
            reason = Text(place + error.text.de, place + error.text.en)
            return Flag(FlagKind.NOT_READABLE, reason=reason)

    def _submitted(self, rules: Rules, folder: Path) -> intake.Submission | tuple[Flag, ...]:
        """The notebook as it was submitted, or an empty one in its place beside a readable one."""
        found = {each.name: self._read(folder, each) for each in self.rules}
        own = found[rules.name]
        readable = [each for each in found.values() if isinstance(each, intake.Submission)]
        if isinstance(own, intake.Submission):
            return own
        if readable:
            return intake.Submission(rules.release, readable[0].stamp, (own,))
        return tuple(each for each in found.values() if isinstance(each, Flag))

    def _tasks(self, rules: Rules, students: list[str]) -> Iterator[Task]:
        """Yield what has to be graded; settle submissions with a record, or unreadable ones."""
        for student in students:
            folder = self.course_book.folder("submitted", self.assignment, student)
            found = self._submitted(rules, folder)
            if not isinstance(found, intake.Submission):
                if student not in self.settled:
                    self._settle(student, _Settled(flags=found, known=False))
                continue
            task = task_of(rules, found.content)
            files, odd = _beside(folder, found.stamp)
            submission = _Waiting(student, rules.name, files, (*found.flags, *odd))
            if task.key in self.waiting:  # the same file, submitted twice
                self.waiting[task.key].append(submission)
                continue
            record = self.store.read(self.assignment, task.key)
            again = self.options.force and task.key not in self.fresh
            if record and record.serves(rules.settings) and not again:
                self._have(submission, record, known=True)
                continue
            self.waiting[task.key] = [submission]
            yield replace(task, earlier=self._earlier(rules, student))

    def _earlier(self, rules: Rules, student: str) -> Record | None:
        """The record of the student's file before this one: what has not changed is not run."""
        if self.options.force:
            return None
        return self.store.records(self.assignment, student).get(rules.name)

    def _have(self, submission: _Waiting, record: Record, known: bool = False) -> None:
        settled = self._partly.setdefault(submission.student, _Settled())
        settled.known &= known
        settled.flags = tuple(dict.fromkeys((*settled.flags, *submission.flags)))
        records = {**settled.records, submission.notebook: record}
        settled.records[submission.notebook] = replace(record, notebook=b"")  # it is on the disk
        if len(records) < len(self.rules):
            return
        if Record.of_all(records).results:
            self.book.put(Entry(submission.student, records, submission.files))
        self._settle(submission.student, settled)

    def _settle(self, student: str, settled: _Settled) -> None:
        self.settled[student] = settled
        self.watch.done(self._row(student, {}), settled.known)

    def _running(self, since: dict[str, float]) -> None:
        now = time.monotonic()
        self.watch.running(
            {s.student: now - t for key, t in since.items() for s in self.waiting.get(key, [])[:1]}
        )

    def _row(self, student: str, scores: dict[str, Score]) -> StudentRow:
        """scores: the gradebook's, by grade_id; empty: those of the machine alone."""
        settled = self.settled[student]
        record, error = settled.record, self.book.errors.get(student)
        flags = [*settled.flags, *(record.flags if record else ())]
        status = record.status if record else Status.UNREADABLE
        if error:
            status = Status.FAILED
            flags.append(Flag(FlagKind.NOT_STORED, reason=clean(error)))
        graded = record is not None and bool(record.results) and not error
        if not graded and scores:
            flags.append(Flag(FlagKind.EARLIER_GRADE))
        score = 0.0
        if total := self.totals.get(student):
            score = total.points
            flags += [late] if (late := _lateness(total)) else []
        if record is not None and graded and not scores:
            score = sum(result.points for result in record.results)
        return {
            "student": student,
            "status": str(status),
            "score": score,
            "max_score": sum(each.max_points for each in scores.values()) or self.max_score,
            "isolation": record.tier if record is not None and graded else None,
            "seconds": record.seconds if record else 0.0,
            "exercises": self._exercises(record, scores) if record is not None and graded else [],
            "flags": [Line(flag_text(flag)) for flag in flags],
            **({"reused": list(record.reused)} if record is not None and record.reused else {}),
        }

    def _exercises(self, record: Record, scores: dict[str, Score]) -> list[dict[str, Any]]:
        """The results as rows, with the gradebook's points."""
        rows = []
        for result in record.results:
            score = scores.get(result.grade_id)
            result = result if score is None else result.worth(score.max_points)
            row = result.as_row(language_of(self.assignment))
            if score is not None:
                row["points"] = score.points
                if result.level == Level.MANUAL:  # None: it waits for the teacher
                    row["passed"] = None if score.waits else score.points > 0
            rows.append(row)
        return rows
