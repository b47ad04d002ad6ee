"""Grading a class: intake, the trusted worker, nbgrader's gradebook, records."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import release
from autograder.exercise import FOLDER as EXERCISES
from autograder.expected import fingerprint
from autograder.grading import intake, store
from autograder.grading.bridge import Course, NbgraderError
from autograder.grading.forkserver import ServerError
from autograder.grading.isolation import decide
from autograder.grading.kernel import Settings
from autograder.grading.notebook import grade_id_of, results
from autograder.grading.sandbox import Limits, SandboxError
from autograder.grading.wire import clean
from autograder.grading.worker import CHECK_FAILED, Run, run_submission

Result = dict[str, Any]  # one element of "submissions" in `grade --json`
INTAKE = f"{store.FOLDER}/intake"
CELLS = 10  # a hand-in may take as long as so many cells at their limit


@dataclass(frozen=True)
class Options:
    students: tuple[str, ...] = ()  # empty: all
    time_limit: float = 60  # seconds a cell
    memory_limit: int = Limits.memory >> 20  # MiB a kernel, beyond what all share
    isolation: str = "auto"  # auto | sandbox | process
    seed_file: Path | None = None
    force: bool = False  # grade what has a record, too


class NoSubmissionError(ValueError):
    """Nothing to grade under that name."""


def students_of(course: Path, assignment: str) -> list[str]:
    """Who has a folder for this assignment under submitted/, sorted."""
    return sorted(p.parent.name for p in (course / "submitted").glob(f"*/{assignment}"))


def grade(
    course: Path,
    assignment: str,
    options: Options,
    progress: Callable[[int, int, Result], None] = lambda done, total, result: None,
    warn: Callable[[str], None] = lambda text: None,
) -> Result:
    """Grade all hand-ins of an assignment; the data of `grade --json`.

    One hand-in cannot stop another: whatever goes wrong with it is its own result. Grades and
    autograded notebooks go where nbgrader keeps them. progress is called after each, warn with
    what the teacher should know of the isolation.
    Raises AssignmentError, NoSubmissionError for a student without a folder, or IsolationError.
    """
    release.source_notebook(course, assignment)
    students = students_of(course, assignment)
    for student in options.students:
        if student not in students:
            there = ", ".join(students) or "none"
            raise NoSubmissionError(
                f"no hand-in of {student!r} for {assignment!r}; there are: {there}"
            )
    grader = Grader(course, assignment, options, warn)
    submissions = []
    chosen = list(options.students) or students
    for number, student in enumerate(chosen, 1):
        result = grader.grade(student)
        submissions.append(result)
        progress(number, len(chosen), result)
    return {
        "assignment": assignment,
        "seed_id": store.seed_id(grader.seed),
        "model": fingerprint(),
        "submissions": submissions,
    }


@dataclass(frozen=True)
class Taken:
    """A hand-in as it may be graded."""

    notebook: Any  # the release's, with the student's texts
    flags: tuple[str, ...]
    key: str  # of all that its grade depends on
    seed: str  # of its drawn cases


class Grader:
    """What all hand-ins of a class share."""

    def __init__(
        self,
        course: Path,
        assignment: str,
        options: Options,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.course, self.assignment, self.options = course, assignment, options
        self.path = release.source_notebook(course, assignment)
        self.store = store.Store(course)
        self.seed = self.store.seed(options.seed_file)
        self.release = intake.parse(release.registered(course, assignment).read_bytes())
        exercises = [p.read_bytes() for p in sorted(EXERCISES.glob("*.yaml"))]
        shared = [self.path.read_bytes(), fingerprint().encode(), self.seed.encode(), *exercises]
        self.shared_key = store.key_of(*shared).encode()
        self._settings: Settings | None = None
        self._warn = warn

    @property
    def settings(self) -> Settings:
        """Made when the first hand-in is to run: what has records needs no kernel."""
        if self._settings is None:
            isolation = decide(self.options.isolation)
            if isolation.warning:
                self._warn(isolation.warning)
            self._settings = Settings(
                isolation=isolation.mode,
                time_limit=self.options.time_limit,
                submission_limit=CELLS * self.options.time_limit,
                memory=self.options.memory_limit,
            )
        return self._settings

    def take(self, folder: Path) -> Taken:
        """The hand-in in this folder. Raises UnreadableError, whatever lies there."""
        try:
            path, renamed = intake.find_notebook(folder, self.path.name)
            content = intake.read_bytes(path)
            taken = intake.rebuild(self.release, intake.parse(content))
        except intake.UnreadableError:
            raise
        except Exception as error:  # a hand-in that intake was not ready for stops nobody else
            raise intake.UnreadableError(f"{type(error).__name__} at intake: {error}") from error
        key = store.key_of(content, self.shared_key)
        return Taken(
            taken.notebook, (*renamed, *taken.flags), key, _submission_seed(self.seed, content)
        )

    def run(self, taken: Taken) -> Run:
        """Raises ServerError or SandboxError where no kernel can be had."""
        return run_submission(taken.notebook, taken.seed, self.settings)

    def grade(self, student: str) -> Result:
        """This student's result; never raises for what lies in the folder."""
        began = time.monotonic()
        folder = self.course / "submitted" / student / self.assignment
        try:
            taken = self.take(folder)
        except intake.UnreadableError as error:
            return self._without_score(student, "unreadable", str(error), began)
        if not self.options.force and (known := self._recorded(student, taken.key)):
            return known
        settings = self.settings  # not in the try: without an isolation it is the run that stops
        try:
            run = run_submission(taken.notebook, taken.seed, settings)
            self._stage(student, folder, taken.notebook)
            book = Course(self.course, submitted_directory=INTAKE)
            book.autograde(self.assignment, student, run)
            result = self._result(student, run, taken.flags, began)
        except (NbgraderError, ServerError, SandboxError) as error:
            return self._without_score(student, "failed", str(error), began)
        except Exception as error:  # outputs are the student's: any shape of them may come back
            reason = f"{type(error).__name__}: {error}"
            return self._without_score(student, "failed", reason, began)
        if not any(flag.startswith(CHECK_FAILED) for flag in run.flags):  # ours: to be tried again
            self.store.write(self.assignment, student, taken.key, result)
        return result

    def _stage(self, student: str, folder: Path, notebook: Any) -> None:
        """The rebuilt hand-in where nbgrader will read it: nothing else comes along."""
        import nbformat

        staged = self.course / INTAKE / student / self.assignment
        shutil.rmtree(staged, ignore_errors=True)
        store.write_atomically(staged / self.path.name, nbformat.writes(notebook).encode())
        try:
            stamp = intake.read_bytes(folder / "timestamp.txt")[:100]
        except intake.UnreadableError:
            return
        (staged / "timestamp.txt").write_bytes(stamp)

    def _result(self, student: str, run: Run, flags: tuple[str, ...], began: float) -> Result:
        result: Result = {
            "student": student,
            "status": run.status,
            "score": 0.0,
            "max_score": 0.0,
            "seconds": round(time.monotonic() - began, 1),
            "exercises": [r.as_data() for r in run.results],
            "flags": [*flags, *run.flags],
        }
        return self._with_scores(student, result)

    def _with_scores(self, student: str, result: Result) -> Result:
        """The points as the gradebook has them now, a teacher's included."""
        scores = Course(self.course).scores(self.assignment, student)
        for exercise in result["exercises"]:
            score = scores[grade_id_of(exercise["id"], exercise["level"])]
            exercise["points"] = score.points
            if exercise["level"] == "manual":  # None: it waits for the teacher
                exercise["passed"] = None if score.waits else score.points > 0
        result["score"] = sum(score.points for score in scores.values())
        result["max_score"] = sum(score.max_points for score in scores.values())
        return result

    def _recorded(self, student: str, key: str) -> Result | None:
        result = self.store.read(self.assignment, student, key)
        if result is None:
            return None
        try:
            return self._with_scores(student, result)
        except LookupError:  # not in the gradebook any more
            return None

    def _without_score(self, student: str, status: str, reason: str, began: float) -> Result:
        points = [r.max_points for r in results(self.release)]
        return {
            "student": student,
            "status": status,
            "score": 0.0,
            "max_score": sum(points),
            "seconds": round(time.monotonic() - began, 1),
            "exercises": [],
            "flags": [clean(reason)],
        }


def _submission_seed(seed: str, content: bytes) -> str:
    return hashlib.sha256(seed.encode() + hashlib.sha256(content).digest()).hexdigest()
