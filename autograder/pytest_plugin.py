"""`pytest --kischule A7_2.ipynb`: one test for each exercise and level of a notebook.

The notebook runs once, in the same sandbox and with the same checks as in `kischule grade`; a test
that fails shows the sentence that a student reads. So whatever knows pytest (an IDE, a classroom
repository's CI) can grade a notebook or check it before it is handed in. Without `--kischule` this
plugin does nothing, and imports nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograder.grading.record import Record, Rules


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kischule", "exercises in notebooks")
    group.addoption(
        "--kischule", action="store_true", help="collect the exercises of the notebooks named"
    )
    group.addoption(
        "--kischule-course",
        type=Path,
        metavar="DIR",
        help="whose release/ says which exercises there are; default: the packaged course",
    )
    group.addoption(
        "--kischule-seed-file",
        type=Path,
        metavar="F",
        help="the secret of the drawn cases; default: a new one each time",
    )
    group.addoption(
        "--kischule-isolation",
        choices=("auto", "sandbox", "process"),
        default="auto",
        help="of the notebook's kernel; auto: the sandbox on Linux",
    )
    group.addoption(
        "--kischule-time-limit", type=float, default=60.0, metavar="S", help="a cell; default: 60"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".ipynb" and parent.config.getoption("kischule"):
        found: pytest.Collector = NotebookFile.from_parent(parent, path=file_path)
        return found
    return None


class NotPassedError(Exception):
    """The student's sentence about an exercise."""


class NotebookFile(pytest.File):
    """A student's notebook."""

    _record: Record | None = None

    def collect(self) -> Iterator[pytest.Item]:
        from autograder.grading.intake import UnreadableError, parse, read_bytes
        from autograder.grading.notebook import exercise_of, nbgrader_of

        try:
            self.content = read_bytes(self.path)
            submitted = parse(self.content)
        except UnreadableError as error:
            raise self.CollectError(f"{self.name}: {error}") from error
        self.release = self._release(submitted)
        for cell in parse(self.release.read_bytes()).cells:
            exercise, level = exercise_of(cell)
            if level:
                yield ExerciseItem.from_parent(
                    self, name=f"{exercise}[{level}]", grade_id=str(nbgrader_of(cell)["grade_id"])
                )

    def _release(self, submitted: Any) -> Path:
        from autograder.files import packaged

        course = self.config.getoption("kischule_course")
        folder = course / "release" if course else packaged("release")
        found = release_of(folder, submitted)
        if found is None:
            known = [f"{path.parent.name}/{path.name}" for path in sorted(folder.glob("*/*.ipynb"))]
            raise self.CollectError(
                f"{self.name} was made from no release in {folder}; there are: "
                + (", ".join(known) or "none")
            )
        return found

    def record(self) -> Record:
        """What grading the notebook came to; it runs when the first of its tests does."""
        from autograder.grading.record import task_of
        from autograder.grading.submission import grade_submission

        if self._record is None:
            rules = self._rules()
            self._record = grade_submission(rules, task_of(rules, self.content))
        return self._record

    def _rules(self) -> Rules:
        from autograder.grading.record import CELLS, Rules, Settings
        from autograder.grading.store import Store
        from autograder.grading.submission import checks_id, settle

        option = self.config.getoption
        seed_file = option("kischule_seed_file")
        seed = Store(self.path.parent).seed(seed_file) if seed_file else secrets.token_hex(32)
        limit = option("kischule_time_limit")
        settings, warning = settle(
            Settings(option("kischule_isolation"), limit, submission_limit=CELLS * limit)
        )
        if warning:
            self.warn(pytest.PytestWarning(warning))
        return Rules(self.name, self.release.read_bytes(), seed, checks_id(), settings)


class ExerciseItem(pytest.Item):
    """An exercise at one level."""

    def __init__(self, *, grade_id: str, **more: Any) -> None:
        super().__init__(**more)
        self.grade_id = grade_id

    def runtest(self) -> None:
        record = self.parent.record()  # type: ignore[union-attr]
        result = next((r for r in record.results if r.grade_id == self.grade_id), None)
        if result is None:
            raise NotPassedError("; ".join(record.flags))
        if result.passed is None and result.kind != "ours":
            pytest.skip(result.message)
        if not result.passed:
            raise NotPassedError(result.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The sentence alone; who reads it did not write this code."""
        if isinstance(excinfo.value, NotPassedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.path.name}: {self.name}"


def release_of(folder: Path, submitted: Any) -> Path | None:
    """The released notebook with most of this one's graded cells; None: with none of them.

    Editions of an assignment have the same cells: of these the one with more of the same text.
    """
    from autograder.grading.intake import parse
    from autograder.grading.notebook import nbgrader_of

    own = {str(nbgrader_of(cell).get("grade_id")): cell.source for cell in submitted.cells}
    best, most = None, (0, 0)
    for path in sorted(folder.glob("*/*.ipynb")):
        graded = [cell for cell in parse(path.read_bytes()).cells if nbgrader_of(cell)]
        there = [cell for cell in graded if nbgrader_of(cell)["grade_id"] in own]
        same = sum(own[nbgrader_of(cell)["grade_id"]] == cell.source for cell in there)
        if (len(there), same) > most:
            best, most = path, (len(there), same)
    return best
