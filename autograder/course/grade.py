"""A class: hand-ins in, through an engine, records on disk, scores in the gradebook, a report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from autograder.checking.retarget import exercises_for, longer
from autograder.course import release
from autograder.course.bridge import Course
from autograder.course.writer import Entry, GradebookWriter
from autograder.grading import device
from autograder.grading.record import CELLS, Record, Rules, Settings, Task, task_of
from autograder.grading.store import Store, seed_id
from autograder.grading.submission import checks_id
from autograder.notebooks import intake
from autograder.notebooks.cells import MissingPackageError, grade_id_of, results
from autograder.sandbox.namespaces import Limits
from autograder.sandbox.text import clean
from kischule.models import fingerprint

Result = dict[str, Any]  # one element of "submissions" in `grade --json`


@dataclass(frozen=True)
class Options:
    students: tuple[str, ...] = ()  # empty: all
    jobs: int | None = None  # None: as many as this process may use cores
    engine: str = "local"  # local | dask
    scheduler: str | None = None  # of Dask; None: a cluster on this machine
    time_limit: float = 60  # seconds a cell
    memory_limit: int = Limits.memory >> 20  # MiB a kernel, beyond what all share
    isolation: str = "auto"  # auto | sandbox | process
    device: str = "cpu"  # that hand-ins may use: cpu | cuda
    model: str = "mini"  # that the checks use: a name or folder of `kischule.load`
    show: bool = False  # run cells that only show something, too
    seed_file: Path | None = None
    force: bool = False  # grade what has a record, too


class NoSubmissionError(ValueError):
    """Nothing to grade under that name."""


class Engine(Protocol):
    def run(self, rules: Rules, tasks: Iterable[Task]) -> Generator[Record, None, None]:
        """A record for each task, in any order; tasks are taken as they can be worked on."""


class Watch:
    """What a run tells while it goes on; this one is silent."""

    def begin(self, total: int) -> None:
        """total: hand-ins, those with a record included."""

    def done(self, result: Result, known: bool) -> None:
        """A hand-in has its result, without what the gradebook adds; known: from a record."""

    def running(self, seconds: dict[str, float]) -> None:
        """Students who are being graded, and for how long. Called often."""

    def writing(self, left: int) -> None:
        """All is graded; so many are still to be written into the gradebook."""

    def warn(self, text: str) -> None:
        """What the teacher should know."""

    def end(self) -> None:
        """Nothing comes any more."""


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def students_of(course: Path, assignment: str) -> list[str]:
    """Who has a folder for this assignment under submitted/, sorted."""
    return sorted(p.parent.name for p in (course / "submitted").glob(f"*/{assignment}"))


def rules_of(
    course: Path,
    assignment: str,
    options: Options,
    making: Callable[[str], None] = lambda _: None,
) -> Rules:
    """What the hand-ins are graded by; the assignment gets its entries in the gradebook.

    making: told the exercises whose answers are made, for a model of which they are not there yet.

    Raises AssignmentError or SeedError; for another model than `mini` what `exercises_for` does.
    """
    path = release.source_notebook(course, assignment)
    model = options.model
    return Rules(
        path.name,
        release.registered(course, assignment).read_bytes(),
        Store(course).seed(options.seed_file),
        checks_id(model),
        Settings(
            isolation=options.isolation,
            time_limit=options.time_limit,
            submission_limit=CELLS * options.time_limit * longer(model),
            memory=options.memory_limit,
            model=model,
            show=options.show,
            device=options.device,
        ),
        exercises_for(model, Store(course).expected, making),
    )


def grade(course: Path, assignment: str, options: Options, watch: Watch | None = None) -> Result:
    """Grade the hand-ins of an assignment; the data of `grade --json`.

    One hand-in cannot stop another: whatever goes wrong with it is its own result. Records are
    stored as they come; what has one is not graded again. Grades and notebooks go where nbgrader
    keeps them.

    Raises AssignmentError, NoSubmissionError, SeedError, IsolationError, ServerError, BusyError,
    or OSError where the disk fails; what was graded until then stays.
    """
    release.source_notebook(course, assignment)
    there = students_of(course, assignment)
    for student in options.students:
        if student not in there:
            names = ", ".join(there) or "none"
            raise NoSubmissionError(
                f"no hand-in of {student!r} for {assignment!r}; there are: {names}"
            )
    if not there:
        raise NoSubmissionError(
            f"no hand-in for {assignment!r}: nothing matches "
            f"{course / 'submitted' / '<student>' / assignment}"
        )
    with Store(course).alone():
        run = _ClassRun(course, assignment, options, watch or Watch())
        return run.grade(list(dict.fromkeys(options.students)) or there)


def _engine(options: Options, watch: Watch, tick: Callable[[dict[str, float]], None]) -> Engine:
    if options.device != "cpu":
        device.free()  # now: no hand-in has begun
    jobs = options.jobs or device.jobs(options.device, cores())
    if options.engine == "dask":
        try:
            from autograder.grading.engines.dask import Cluster
        except ModuleNotFoundError as error:
            raise MissingPackageError(
                f"a cluster needs {error.name}: pip install 'kischule[cluster]'"
            ) from error
        return Cluster(jobs, options.scheduler, watch.warn)
    from autograder.grading.engines.local import Pool

    return Pool(jobs, warn=watch.warn, tick=tick)


@dataclass
class _Outcome:
    """A student's, so far: a record, or why there is none."""

    record: Record | None
    flags: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class _HandIn:
    student: str
    stamp: bytes = field(repr=False)
    flags: tuple[str, ...]


class _ClassRun:
    def __init__(self, course: Path, assignment: str, options: Options, watch: Watch) -> None:
        self.course, self.assignment, self.options, self.watch = course, assignment, options, watch
        self.store = Store(course)
        self.rules = rules_of(course, assignment, options, self._making)
        most = results(intake.parse(self.rules.release))
        self.max_score = sum(result.max_points for result in most)
        self.outcomes: dict[str, _Outcome] = {}
        self.waiting: dict[str, list[_HandIn]] = {}  # by key of the task
        self.fresh: set[str] = set()  # keys of what this run has graded
        source = release.source_notebook(course, assignment).read_bytes()
        self.book = GradebookWriter(course, assignment, self.rules.name, source)

    def _making(self, exercise: str) -> None:
        self.watch.warn(f"{exercise}: the answers of {self.options.model} are made, once")

    def grade(self, students: list[str]) -> Result:
        self.watch.begin(len(students))
        finished = False
        try:
            engine = _engine(self.options, self.watch, self._running)
            with closing(engine.run(self.rules, self._tasks(students))) as records:
                for record in records:
                    self.store.write(self.assignment, record)
                    self.fresh.add(record.key)
                    for hand_in in self.waiting.pop(record.key):
                        self._have(hand_in, record)
            finished = True
            self.watch.writing(self.book.left)
        finally:
            self.book.close(finished)
            self.watch.end()
        scores = Course(self.course).scores(self.assignment)
        return {
            "assignment": self.assignment,
            "seed_id": seed_id(self.rules.seed),
            "model": fingerprint(self.options.model),
            "submissions": [self._result(student, scores.get(student, {})) for student in students],
        }

    def _tasks(self, students: list[str]) -> Iterator[Task]:
        """What has to be graded; what has a record, or cannot be read, is settled on the way."""
        for student in students:
            folder = self.course / "submitted" / student / self.assignment
            try:
                found = intake.read_hand_in(folder, self.rules.name)
            except intake.UnreadableError as error:
                self._settle(student, _Outcome(None, reason=str(error)))
                continue
            task = task_of(self.rules, found.content)
            hand_in = _HandIn(student, found.stamp, found.flags)
            if task.key in self.waiting:  # the same file, handed in twice
                self.waiting[task.key].append(hand_in)
                continue
            record = self.store.read(self.assignment, task.key)
            again = self.options.force and task.key not in self.fresh
            if record and record.serves(self.rules.settings) and not again:
                self._have(hand_in, record, known=True)
                continue
            self.waiting[task.key] = [hand_in]
            yield task

    def _have(self, hand_in: _HandIn, record: Record, known: bool = False) -> None:
        if record.results:
            self.book.put(Entry(hand_in.student, record, hand_in.stamp))
            record = replace(record, notebook=b"")  # it is on the disk
        self._settle(hand_in.student, _Outcome(record, hand_in.flags), known)

    def _settle(self, student: str, outcome: _Outcome, known: bool = False) -> None:
        self.outcomes[student] = outcome
        self.watch.done(self._result(student, {}), known)

    def _running(self, since: dict[str, float]) -> None:
        now = time.monotonic()
        self.watch.running(
            {h.student: now - t for key, t in since.items() for h in self.waiting.get(key, [])[:1]}
        )

    def _result(self, student: str, scores: Any) -> Result:
        """scores: the gradebook's, by grade_id; none: those of the machine alone."""
        outcome = self.outcomes[student]
        record, flags = outcome.record, list(outcome.flags)
        result: Result = {
            "student": student,
            "status": record.status if record else "unreadable",
            "score": sum(score.points for score in scores.values()),
            "max_score": sum(score.max_points for score in scores.values()) or self.max_score,
            "seconds": record.seconds if record else 0.0,
            "exercises": [],
            "flags": flags,
        }
        flags += record.flags if record else [clean(outcome.reason)]
        error = self.book.errors.get(student)
        if error:
            result["status"] = "failed"
            flags.append(clean(error))
        if record is None or not record.results or error:
            if scores:
                flags.append("the earlier grade stands")
            return result
        result["exercises"] = [each.as_data() for each in record.results]
        for exercise in result["exercises"]:
            score = scores.get(grade_id_of(exercise["id"], exercise["level"]))
            if score is not None:
                exercise["points"] = score.points
                if exercise["level"] == "manual":  # None: it waits for the teacher
                    exercise["passed"] = None if score.waits else score.points > 0
        if not scores:
            result["score"] = sum(each.points for each in record.results)
        return result
