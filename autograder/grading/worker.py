"""The trusted worker: one submission, its cells in a kernel, its checks outside of it.

Solution cells and the student's own run in the kernel, in the notebook's order. A test cell does
not run there: in its place the worker calls the student's functions by message and judges what
comes back. What a case expects, and the seed of drawn cases, stay in this process.

A kernel that ends, or has to be ended, is started again: the cells before the one that ended it run
once more, and the exercises after it are graded.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat

from autograder.checking import messages as feedback
from autograder.checking.check import drawn_cases, run_check
from autograder.checking.result import Outcome
from autograder.exercises.exercise import Case, Exercise, Words, load_exercise
from autograder.grading.kernel import Kernel, KernelGoneError, KernelStudent
from autograder.grading.outputs import error_output, harmless
from autograder.grading.record import CHECK_FAILED, Settings
from autograder.notebooks.cells import TestResult, exercise_of, nbgrader_of
from autograder.notebooks.display import left_out
from autograder.sandbox.arguments import model_of
from autograder.sandbox.text import clean


@dataclass
class Run:
    """What came of one submission."""

    notebook: Any  # with outputs
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # by grade_id of the test cell
    results: list[TestResult] = field(default_factory=list)
    status: str = "graded"  # graded | timeout | memory
    flags: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)  # where the time went
    memory: int = 0  # bytes, the most that a kernel had of its own


def run_submission(
    notebook: Any, seed: str, settings: Settings, exercises: Sequence[Exercise] = ()
) -> Run:
    """Run and judge a notebook with the release's structure (see `intake.rebuild`).

    The notebook is changed: it gets the outputs. seed: of its drawn cases. exercises: for another
    model than `mini`. Raises ServerError or SandboxError where no kernel can be had; nothing that
    the notebook does raises.
    """
    return _Submission(notebook, seed, settings, exercises).run()


class _Submission:
    def __init__(
        self, notebook: Any, seed: str, settings: Settings, exercises: Sequence[Exercise]
    ) -> None:
        self.notebook, self.seed, self.settings = notebook, seed, settings
        self.exercises = {exercise.id: exercise for exercise in exercises}
        self.kernel = Kernel(notebook, settings)
        self.student = KernelStudent(self.kernel)
        self.done = Run(notebook)
        self.began = time.monotonic()
        self.drawn: dict[str, Future[Sequence[Case]]] = {}
        self.passed: dict[str, bool] = {}  # of public checks, for the exercises that need them
        # cells that do not run: left out, or ended a kernel
        self.left_out = set() if settings.show else left_out(notebook.cells)
        self.ended: set[int] = set()

    def run(self) -> Run:
        model_of(self.settings.model)  # now: transformers loads a model in one thread only
        with ThreadPoolExecutor(1) as pool:  # draws cases while the kernel computes
            for cell in self.notebook.cells:
                name, level = exercise_of(cell)
                if level == "drawn":
                    self.drawn[name] = pool.submit(drawn_cases, self._load(name), self.seed)
            try:
                self.kernel.start()
                started = time.monotonic()
                self._cells()
                ended = time.monotonic()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self.kernel.close()
        self.done.memory = self.kernel.memory
        self.done.seconds = {
            "start": started - self.began,
            "student": self.kernel.waited,
            "checks": ended - started - self.kernel.waited,
            "end": time.monotonic() - ended,
        }
        return self.done

    def _load(self, name: str) -> Exercise:
        return self.exercises[name] if self.exercises else load_exercise(name)

    @property
    def left(self) -> float:
        return self.kernel.deadline - time.monotonic()

    def _cells(self) -> None:
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            exercise, level = exercise_of(cell)
            if level:
                self._check(cell, exercise, level, index)
                continue
            if index in self.left_out:
                text = feedback.in_grading("shows")
                cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
            elif self.left <= 0:
                cell.outputs = [self._too_late()]
            else:
                self._execute(cell, index)
        for cell in self.notebook.cells:  # now: a later cell may change what an earlier one shows
            if cell.cell_type == "code" and not exercise_of(cell)[1]:
                cell.outputs = harmless(cell.outputs)
        self.done.results = [
            result for cell in self.notebook.cells if (result := self._result(cell)) is not None
        ]

    def _execute(self, cell: Any, index: int) -> None:
        """Run a cell; after it there is a kernel."""
        try:
            if self.kernel.execute(cell, index, min(self.settings.time_limit, max(self.left, 1))):
                self._mark("timeout")
        except KernelGoneError as gone:
            self.ended.add(index)
            cell.outputs.append(error_output("KernelEnded", feedback.in_grading(gone.reason)))
            self._ended(gone, cell, index)

    def _again(self, index: int) -> None:
        """A new kernel in the state before this cell, as far as time and the cells allow."""
        while True:
            self.kernel.stop()
            self.kernel.start()
            self.student.gone = None
            for earlier in range(index):
                cell = self.notebook.cells[earlier]
                if cell.cell_type != "code" or exercise_of(cell)[1]:
                    continue
                if earlier in self.ended or earlier in self.left_out:
                    continue
                if self.left <= 0:
                    return
                try:
                    limit = min(self.settings.time_limit, max(self.left, 1))
                    self.kernel.execute(copy.deepcopy(cell), earlier, limit)
                except KernelGoneError:
                    self.ended.add(earlier)
                    break
                finally:  # nbclient puts the cell that it ran into the notebook
                    self.notebook.cells[earlier] = cell
            else:
                return

    def _check(self, cell: Any, name: str, level: str, index: int) -> None:
        """The outcome of a test cell, from outside the kernel."""
        exercise = self._load(name)
        grade_id = str(nbgrader_of(cell)["grade_id"])
        if self.left <= 0:
            cell.outputs = [self._too_late()]
            return
        seed, cases = None, None
        if level == "drawn":
            seed, cases = self.seed, self.drawn[name].result()
        outcome = _clean(
            run_check(exercise, self.student, seed, cases, known=self.passed, load=self._load)
        )
        if level == "public":
            self.passed[name] = bool(outcome.passed)
        if outcome.kind in ("timeout", "memory"):
            self._mark(outcome.kind)
        if outcome.kind == "ours":
            self.done.flags.append(CHECK_FAILED + grade_id)
        self.done.outcomes[grade_id] = outcome
        cell.outputs = [_shown(outcome)]
        if self.student.gone is not None:
            self._ended(self.student.gone, cell, index)

    def _ended(self, gone: KernelGoneError, cell: Any, index: int) -> None:
        self.done.flags.append(f"kernel ended ({gone.reason}): {cell.id}")
        self._mark(gone.reason)
        self._again(index)

    def _mark(self, reason: str) -> None:
        if reason in ("timeout", "memory") and self.done.status == "graded":
            self.done.status = reason

    def _too_late(self) -> Any:
        self._mark("timeout")
        return error_output("SubmissionTimeoutError", self._over())

    def _over(self) -> str:
        return feedback.in_grading("over", self.settings.submission_limit)

    def _result(self, cell: Any) -> TestResult | None:
        metadata = nbgrader_of(cell)
        if metadata.get("grade") is not True:
            return None
        grade_id, most = str(metadata["grade_id"]), float(metadata["points"])
        name, level = exercise_of(cell)
        if not level:
            return TestResult(grade_id, grade_id, "manual", most, None, 0.0, "", "")
        outcome = self.done.outcomes.get(grade_id)
        if outcome is None:
            return TestResult(grade_id, name, level, most, False, 0.0, "timeout", self._over())
        return TestResult(
            grade_id,
            name,
            level,
            most,
            outcome.passed,
            outcome.points,
            outcome.kind,
            outcome.message.de,
        )


def _clean(outcome: Outcome) -> Outcome:
    """Fit to be written: a message may quote what the student's function gave back."""
    message = Words(clean(outcome.message.de), clean(outcome.message.en))
    return replace(outcome, message=message)


def _shown(outcome: Outcome) -> Any:
    """What `check` shows in a notebook, as an output."""
    data = outcome._repr_mimebundle_()
    return nbformat.v4.new_output("execute_result", data=data, execution_count=None)
