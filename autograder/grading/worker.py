"""The trusted worker: one submission, its cells in a kernel, its checks outside of it.

Solution cells and the student's own run in the kernel, in the notebook's order. A test cell does
not: in its place the worker calls the student's functions by message and judges the replies. What a
case expects, and the seed of hidden cases, stay in this process. A plain test, with `assert`, runs
in the kernel like any other cell, and its outputs decide (see `plain`).

A kernel that ends, or has to be ended, is started again: the cells before the one that ended it run
once more, and the exercises after it are graded.

An exercise that builds on a broken one is judged again at the end, in a kernel of its own, with the
reference's function in the broken one's place.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat

from autograder.checking import sentences
from autograder.checking.check import hidden_cases, run_check
from autograder.checking.result import Result, explained
from autograder.exercises.exercise import Case, Exercise, Level
from autograder.grading import messages, plain
from autograder.grading.kernel import Kernel, KernelGoneError, KernelStudent
from autograder.grading.messages import both
from autograder.grading.outputs import as_output, cleaned, error_output, harmless
from autograder.grading.patience import Patience
from autograder.grading.record import Status
from autograder.grading.settings import Settings
from autograder.notebooks.cells import (
    exercise_of,
    grade_id_of,
    is_graded,
    is_plain_test,
    points_of,
)
from autograder.notebooks.display import skippable
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.names import bindings, is_stub
from autograder.notebooks.undefined import why_undefined
from autograder.sandbox.models import model_of

MAX_REPLAYED_S = 1.0  # of a plain test: a slower one is not run again after the kernel's end


MakeCases = Callable[[Exercise, str], Sequence[Case]]  # of the hidden cases of a seed


@dataclass
class Run:
    """The results of running a submission, and its state."""

    notebook: Any  # with outputs
    results: list[Result] = field(default_factory=list)
    status: Status = Status.GRADED
    flags: list[Flag] = field(default_factory=list)
    seconds: Mapping[str, float] = field(default_factory=dict)  # where the time went
    memory: int = 0  # bytes, the most that a kernel had of its own
    twice: set[str] = field(default_factory=set)  # exercises judged again, or not at all


def run_submission(
    notebook: Any,
    seed: str,
    settings: Settings,
    exercises: Mapping[str, Exercise],
    solutions: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    hidden: MakeCases = hidden_cases,
    earlier: Mapping[str, Sequence[Result]] | None = None,
) -> Run:
    """Run and judge a notebook with the release's structure (see `structure.rebuild`).

    The notebook is changed: it gets the outputs. seed: of its hidden cases. exercises: the
    notebook's, with its points. solutions: the reference's, by exercise, for those that build on
    one that does not pass. files: of the kernel's work folder, by relative path. hidden: makes
    hidden cases. earlier: all results of exercises that need not be judged, by exercise.

    Raises ServerError or SandboxError where no kernel starts; nothing that the notebook does
    raises.
    """
    kernel = Kernel(notebook, settings, files)
    run = _SubmissionRun(notebook, seed, kernel, exercises, solutions or {})
    run.take_over(earlier or {})
    return run.run(hidden)


class _SubmissionRun:
    def __init__(
        self,
        notebook: Any,
        seed: str,
        kernel: Kernel,
        exercises: Mapping[str, Exercise],
        solutions: Mapping[str, str],
    ) -> None:
        self.notebook, self.seed, self.settings = notebook, seed, kernel.settings
        self.solutions = solutions  # the reference's
        self.working: Sequence[str] = ()  # exercises whose reference is in the kernel
        self.settled: set[str] = set()  # exercises that are judged for good
        self.exercises = exercises
        self.kernel = kernel
        self.student = KernelStudent(self.kernel)
        self.done = Run(notebook)
        self.began = time.monotonic()
        self.hidden: dict[str, Future[Sequence[Case]]] = {}
        self.results: dict[str, Result] = {}  # by grade_id of the test cell
        self.plain: dict[str, Result] = {}  # of plain tests, by grade_id
        self.passed: dict[str, bool] = {}  # of public checks, for the exercises that need them
        # cells that do not run: skipped, or they ended a kernel
        self.skipped = set() if kernel.settings.display else skippable(notebook.cells)
        self.ended: set[int] = set()
        self.patience = Patience(kernel)

    def take_over(self, earlier: Mapping[str, Sequence[Result]]) -> None:
        """Take results as they are, in place of checks."""
        for name, results in earlier.items():
            self.settled.add(name)
            for result in results:
                self.results[result.grade_id] = result
                if result.level == Level.PUBLIC:
                    self.passed[name] = bool(result.passed)

    def run(self, hidden: MakeCases) -> Run:
        model_of(self.settings.model)  # now: transformers loads a model in one thread only
        with ThreadPoolExecutor(1) as pool:  # generates cases while the kernel computes
            for cell in self.notebook.cells:
                name, level = self._tested(cell) or ("", Level.MANUAL)
                if level == Level.HIDDEN and name not in self.settled:
                    self.hidden[name] = pool.submit(hidden, self.exercises[name], self.seed)
            try:
                self.kernel.start()
                started = time.monotonic()
                self._cells()
                for exercise in {result.exercise: None for result in self.results.values()}:
                    self._settle(exercise)
                self._finish()
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

    def _tested(self, cell: Any) -> tuple[str, Level] | None:
        return exercise_of(cell, self.exercises)

    @property
    def left(self) -> float:
        """Seconds that the submission may still take."""
        return self.kernel.deadline - time.monotonic()

    def _cells(self) -> None:
        for index, cell in enumerate(self.notebook.cells):
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            if tested := self._tested(cell):
                self._check(cell, *tested, index)
            elif index in self.skipped:
                text = both(messages.DISPLAY_ONLY)
                cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
            elif self.left <= 0:
                cell.outputs = [self._too_late()]
            else:
                self._execute(cell, index)

    def _finish(self) -> None:
        for cell in self.notebook.cells:  # now: a later cell may change an earlier one's output
            if cell.cell_type == "code" and self._tested(cell) is None:
                cell.outputs = harmless(cell.outputs)
        self.done.results = [self._result(cell) for cell in self.notebook.cells if is_graded(cell)]
        if found := [r for r in self.done.results if r.level == Level.PLAIN]:
            self.done.flags.append(plain.not_protected(sum(result.max_points for result in found)))

    def _execute(self, cell: Any, index: int) -> None:
        """Run a cell; after it there is a kernel."""
        limit = min(self.settings.time_limit_s, max(self.left, 1))
        is_plain, began = is_plain_test(cell, self.exercises), time.monotonic()
        try:
            if self.kernel.execute(cell, index, limit):
                self._mark(Status.TIMEOUT)
                self.patience.after_limit()
            if is_plain:
                self.plain[grade_id_of(cell)] = plain.judge(cell, self.kernel.status)
        except KernelGoneError as gone:
            self.ended.add(index)
            cell.outputs.append(error_output("KernelEnded", both(messages.GONE[gone.reason])))
            self._restart_after(gone, cell, index)
        finally:
            if is_plain:
                self._give_back(time.monotonic() - began, index)

    def _give_back(self, seconds: float, index: int) -> None:
        """Take the time of a plain test from nobody: exercises must not lose points by it."""
        if not self.patience.ended:
            self.kernel.deadline += seconds
        if seconds > MAX_REPLAYED_S:
            self.ended.add(index)

    def _restart(self, index: int) -> None:
        """Start a kernel in the state before this cell, as far as time and the cells allow."""
        while True:
            self.kernel.stop()
            self.kernel.start()
            self.student.gone = None
            if self._replayed(index):
                return

    def _replayed(self, index: int) -> bool:
        """Run the cells before this one again; False if one of them ended the kernel.

        The references of `working` run after the student's own functions, in their place, and once
        more at the end, since the last definition counts.
        """
        for earlier in range(index):
            cell = self.notebook.cells[earlier]
            if cell.cell_type != "code" or self._tested(cell):
                continue
            if earlier in self.ended or earlier in self.skipped:
                continue
            if not self._again(cell.source, earlier):
                self.ended.add(earlier)
                return False
            if (name := grade_id_of(cell)) in self.working:
                self._again(self.solutions[name], earlier)
        for name in self.working:
            self._again(self.solutions[name], index)
        return True

    def _again(self, source: str, index: int) -> bool:
        """Run this source in place of a cell, without a trace; False if it ended the kernel."""
        if self.left <= 0:
            return True
        cell = self.notebook.cells[index]
        limit = min(self.settings.time_limit_s, max(self.left, 1))
        try:
            self.kernel.execute(nbformat.v4.new_code_cell(source), index, limit)
        except KernelGoneError as gone:
            self.patience.after_kernel(gone)
            return False
        finally:  # nbclient puts the cell that it ran into the notebook
            self.notebook.cells[index] = cell
        return True

    def _check(self, cell: Any, name: str, level: Level, index: int) -> None:
        """Check an exercise from outside the kernel; the test cell shows the result."""
        if name in self.settled:
            cell.outputs = [as_output(self.results[grade_id_of(cell)])]
            return
        if self.left <= 0:
            cell.outputs = [self._too_late()]
            return
        result = self._run_check(name, level, self.passed)
        if level == Level.PUBLIC:
            self.passed[name] = bool(result.passed)
        self._put(cell, result)
        if self.student.gone is not None:
            self._restart_after(self.student.gone, cell, index)
        elif result.kind == "timeout":
            self.patience.after_limit()

    def _run_check(self, name: str, level: Level, known: Mapping[str, bool]) -> Result:
        hidden = level == Level.HIDDEN
        seed, cases = (self.seed, self.hidden[name].result()) if hidden else (None, None)
        result = run_check(
            self.exercises[name],
            self.student,
            seed,
            cases,
            known=known,
            exercises=self.exercises,
            working=self.working,
        )
        if result.kind == "missing":
            cells = [
                c for c in self.notebook.cells if c.cell_type == "code" and not self._tested(c)
            ]
            functions = (name, *self.exercises[name].helpers)
            result = explained(result, *why_undefined(functions, cells))
        return cleaned(result)

    def _put(self, cell: Any, result: Result) -> None:
        """Keep the result of a test cell."""
        if result.kind in ("timeout", "memory"):
            self._mark(Status(result.kind))
        if result.ours:
            self.done.flags.append(Flag(FlagKind.CHECK_FAILED, result.grade_id))
        self.results[result.grade_id] = result
        cell.outputs = [as_output(result)]

    def _restart_after(self, gone: KernelGoneError, cell: Any, index: int) -> None:
        flag = Flag(FlagKind.KERNEL_ENDED, cell.id, messages.GONE_WORDS[gone.reason])
        self.done.flags.append(flag)
        if gone.reason in ("timeout", "memory"):
            self._mark(Status(gone.reason))
        self.patience.after_kernel(gone)
        self._restart(index)

    # --- exercises that build on a broken one ---------------------------------------------------

    def _settle(self, name: str) -> None:
        """Judge an exercise for good: again, with references in the place of broken functions.

        Only after all cells have been judged with the student's own functions, so that a
        reference's source is worth nothing any more where it can be read.
        """
        if name in self.settled:
            return
        self.settled.add(name)
        broken = self._broken(name)  # those that it builds on are judged first
        failed = [
            (index, cell)
            for index, cell in enumerate(self.notebook.cells)
            if (self._tested(cell) or ("",))[0] == name
            and (result := self.results.get(grade_id_of(cell))) is not None
            and not (result.passed or result.ours)
        ]
        if broken and self._is_stub(name):
            self._fail(failed, "not_implemented", passed=False)
        elif broken and failed and self.solutions:
            self._judge_with(sorted(broken), failed)

    def _broken(self, name: str) -> set[str]:
        """The exercises that this one builds on, all the way down, and that do not pass."""
        found: set[str] = set()
        for need in self.exercises[name].needs:
            self._settle(need)
            own = [result for result in self.results.values() if result.exercise == need]
            if any(not (result.passed or result.ours) for result in own):
                found.add(need)
            found |= self._broken(need)
        return found

    def _judge_with(self, broken: Sequence[str], failed: Sequence[tuple[int, Any]]) -> None:
        """Judge an exercise's failed levels in a kernel of their own, with references in it."""
        self.working = [name for name in broken if name in self.solutions]
        self.done.twice |= {(self._tested(cell) or ("",))[0] for _, cell in failed}
        for number, (index, cell) in enumerate(failed):
            name, level = self._tested(cell) or ("", Level.PUBLIC)
            if self.left > 0 and (number == 0 or self.student.gone is not None):
                self._restart(index)
            if self.left > 0:
                # a reference that fails here as well: then this exercise has not been judged
                known = {need: True for need in self.exercises[name].needs if need not in broken}
                result = self._run_check(name, level, known)
                self._put(cell, result)
            else:
                self._mark(Status.TIMEOUT)
            if self.left <= 0 or result.kind == "needs":
                self._fail([(index, cell)], "left_out", passed=None, actual=", ".join(broken))
        self.working = ()

    def _fail(
        self, cells: Sequence[tuple[int, Any]], kind: str, *, passed: bool | None, **values: str
    ) -> None:
        sentence = sentences.SENTENCES[kind].format(**values)
        for _, cell in cells:
            name, level = self._tested(cell) or ("", Level.PUBLIC)
            result = Result.failed(self.exercises[name], level, kind=kind, sentence=sentence)
            self.done.twice.add(name)
            self._put(cell, replace(result, passed=passed))

    def _is_stub(self, name: str) -> bool:
        """Return True if the notebook's last function of this name is as it was released."""
        sources = [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]
        found = [node for text in sources if (node := bindings(text).functions.get(name))]
        return bool(found) and is_stub(found[-1])

    def _mark(self, status: Status) -> None:
        if self.done.status == Status.GRADED:
            self.done.status = status

    def _too_late(self) -> Any:
        self._mark(Status.TIMEOUT)
        return error_output("SubmissionTimeoutError", both(self.patience.sentence()))

    def _result(self, cell: Any) -> Result:
        """The result of a graded cell: its check's, or a text that waits for the teacher."""
        if (tested := self._tested(cell)) is None:
            if is_plain_test(cell, self.exercises):
                return self.plain.get(grade_id_of(cell)) or plain.judge(cell, "")
            return Result.manual(exercise=grade_id_of(cell), max_points=points_of(cell))
        if (found := self.results.get(grade_id_of(cell))) is not None:
            return found
        name, level = tested
        return Result.failed(
            self.exercises[name], level, kind="timeout", sentence=self.patience.sentence()
        )
