"""`pytest --kischule A7_2.ipynb`: one test for each exercise and level of a notebook.

The notebook runs once, in the same sandbox and with the same checks as in `kischule grade`; a
failing test shows the sentence that a student reads. So any tool that knows pytest (an IDE, a
classroom repository's CI) can grade a notebook, or check it before it is submitted. Without
`--kischule` this plugin does nothing, and imports little.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.files import packaged, write_atomically
from kischule.i18n import addressing

if TYPE_CHECKING:
    from autograder.exercises.exercise import Exercise
    from autograder.grading.record import Record, Rules

SCORE = "classroom50"  # the property of a test's report
OPTION_PREFIX = "kischule-"
OPTIONS = ("isolation", "time_limit_s")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("kischule", "exercises in notebooks")
    about = "collect the exercises of the notebooks named"
    group.addoption("--kischule", action="store_true", help=about)
    group.addoption(
        "--kischule-course",
        type=Path,
        metavar="DIR",
        help="course whose release/ has the exercises (default: the packaged course)",
    )
    group.addoption(
        "--kischule-seed-file",
        type=Path,
        metavar="F",
        help="secret of the hidden cases (default: a new one each time)",
    )
    group.addoption(
        "--classroom50",
        type=Path,
        metavar="F",
        help="write the scores as Classroom 50 reads them; if something failed that is not the "
        "student's mistake, there is no such file",
    )
    try:  # a student's install has no grading extra
        settings = importlib.import_module("autograder.grading.settings")
    except ModuleNotFoundError:
        return
    settings.add_options(group, *OPTIONS, prefix=OPTION_PREFIX)


def pytest_configure(config: pytest.Config) -> None:
    """Begin without a file of scores: one that is there already may be the student's own."""
    target = config.getoption("classroom50", None)
    if target is None or hasattr(config, "workerinput"):  # a process of xdist's
        return
    from autograder.grading.classroom50 import RunnerError, named_by_runner

    target.unlink(missing_ok=True)
    try:
        named_by_runner(os.environ)
    except RunnerError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(ScoreFile(target))


class ScoreFile:
    """Writes the file for Classroom 50, from the reports of all tests."""

    def __init__(self, target: Path) -> None:
        self._target, self._whole = target, True
        self._scores: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's score; a test without one failed for a reason of ours."""
        scores: list[Any] = [value for name, value in report.user_properties if name == SCORE]
        if report.when == "call":
            self._scores += scores
        self._whole &= bool(scores) or (report.when == "setup" and report.passed)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write all scores, if all tests have one."""
        from autograder.grading.classroom50 import ClassroomScore, classroom50_result

        done = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if done and self._whole and self._scores:
            data = classroom50_result([ClassroomScore(**each) for each in self._scores], os.environ)
            text = json.dumps(data, ensure_ascii=False, indent=1)
            write_atomically(self._target, text.encode(errors="backslashreplace"))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect notebooks, if asked to."""
    if file_path.suffix == ".ipynb" and parent.config.getoption("kischule"):
        found: pytest.Collector = NotebookFile.from_parent(parent, path=file_path)
        return found
    return None


class NotPassedError(Exception):
    """The student's message about an exercise."""


class NotebookFile(pytest.File):
    """A student's notebook."""

    _record: Record | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each test cell of the release that the notebook was made from."""
        from autograder.notebooks.cells import exercise_of, grade_id_of
        from autograder.notebooks.editions import edition_of, editions
        from autograder.notebooks.intake import read_bytes
        from autograder.notebooks.reader import UnreadableError, parse

        course = self.config.getoption("kischule_course")
        folder = course / "release" if course else packaged("release")
        try:
            self.content = read_bytes(self.path)
            self.edition = edition_of(parse(self.content), folder)
        except UnreadableError as error:
            raise self.CollectError(f"{self.name}: {error}") from error
        if self.edition is None:
            known = [f"{found.path.parent.name}/{found.name}" for found in editions(folder)]
            raise self.CollectError(
                f"{self.name} was made from no release in {folder}; there are: "
                + (", ".join(known) or "none")
            )
        self.exercises = self._exercises(course)
        for cell in self.edition.release.cells:
            if tested := exercise_of(cell, self.exercises):
                name = f"{tested[0]}[{tested[1]}]"
                yield ExerciseItem.from_parent(self, name=name, grade_id=grade_id_of(cell))

    def _exercises(self, course: Path | None) -> dict[str, Exercise]:
        from autograder.exercises.exercise import PACKAGED, exercises_for_assignment
        from autograder.notebooks.exercises import exercises_in

        assert self.edition is not None
        name = self.edition.path.parent.name
        known = PACKAGED if course is None else exercises_for_assignment(course, name)
        return exercises_in(self.edition.release, known)

    def record(self) -> Record:
        """Grade the notebook when the first of its tests runs."""
        from autograder.grading.record import task_of
        from autograder.grading.submission import grade_submission

        if self._record is None:
            rules = self._rules()
            self._record = grade_submission(rules, task_of(rules, self.content))
        return self._record

    def _rules(self) -> Rules:
        from autograder.grading.record import Rules
        from autograder.grading.settings import from_options
        from autograder.grading.store import Store
        from autograder.grading.submission import checks_id, settle

        assert self.edition is not None
        seed_file = self.config.getoption("kischule_seed_file")
        seed = Store(self.path.parent).seed(seed_file) if seed_file else secrets.token_hex(32)
        settings, warning = settle(from_options(self.config.option, *OPTIONS, prefix=OPTION_PREFIX))
        if warning:
            self.warn(pytest.PytestWarning(warning))
        release = self.edition.path.read_bytes()
        return Rules(self.name, release, seed, checks_id(), settings, exercises=self.exercises)


class ExerciseItem(pytest.Item):
    """An exercise at one level."""

    def __init__(self, *, grade_id: str, **more: Any) -> None:
        super().__init__(**more)
        self.grade_id = grade_id

    def runtest(self) -> None:
        """Pass, fail with the student's message, or skip an exercise that was not graded."""
        record = self.parent.record()  # type: ignore[union-attr]
        result = next((r for r in record.results if r.grade_id == self.grade_id), None)
        if result is None:
            raise NotPassedError("; ".join(map(str, record.flags)))
        edition = self.parent.edition  # type: ignore[union-attr]
        with addressing(edition.address):
            told = result.told(edition.language)
            if not result.ours and self.config.getoption("classroom50"):
                from autograder.grading.classroom50 import ClassroomScore

                score = ClassroomScore.of(self.name, result, edition.language)
                self.user_properties.append((SCORE, score.as_data()))
        if result.passed is None and not result.ours:
            pytest.skip(told)
        if not result.passed:
            raise NotPassedError(told)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the message alone: its reader did not write this code."""
        if isinstance(excinfo.value, NotPassedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the notebook and the exercise."""
        return self.path, None, f"{self.path.name}: {self.name}"
