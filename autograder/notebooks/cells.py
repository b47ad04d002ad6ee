"""Running a notebook in a kernel, and reading what its test cells found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.checking.result import OUTCOME_MIME
from autograder.exercises.exercise import exercise_ids
from autograder.grading.environment import kernel_variables

# jupyter_client encrypts where kernel and libzmq can; unencrypted TCP makes each kernel warn
TRANSPORT_ENCRYPTION = "auto"

LEVELS = {"test_": "public", "drawn_": "drawn"}  # prefix of a test cell's grade_id -> level


class MissingPackageError(RuntimeError):
    """A package that this command needs and a student's install does not have."""


def execute(
    notebook: Any,
    folder: Path,
    time_limit: float,
    seed: str | None = None,
    stderr: int | None = None,
    begun: list[int] | None = None,
) -> Any:
    """Run all code cells in a fresh kernel, going on after errors; the same notebook, with outputs.

    time_limit: seconds a cell; one that takes longer is interrupted and gets an error output.
    seed: of drawn cases. stderr: of the kernel's process, as for subprocess; None: this one's.
    begun: gets the index of each cell before it runs: the last one's ended the kernel, if it did.
    Raises RuntimeError for a kernel that ended.
    """
    try:
        from nbclient import NotebookClient
        from traitlets.config import Config
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "running a notebook needs nbclient: pip install 'kischule[notebook]'"
        ) from error
    config = Config()
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
    client = NotebookClient(
        notebook,
        timeout=time_limit,
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={
            "ename": "CellTimeoutError",
            "evalue": f"no reply within {time_limit:g} s",
            "traceback": [],
        },
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: [] if begun is None else begun.append(cell_index),
        config=config,
    )
    client.execute(env={**os.environ, **kernel_variables(seed)}, stderr=stderr)
    return notebook


@dataclass(frozen=True)
class TestResult:
    """What one test cell, or one answer to be graded by hand, came to."""

    grade_id: str
    exercise: str
    level: str  # public | drawn | manual
    max_points: float
    passed: bool | None
    points: float
    kind: str  # of the mismatch; "" where there is none
    message: str
    __test__ = False  # not a pytest class

    def as_data(self) -> dict[str, Any]:
        """The contract of `grade --json` for one exercise and level."""
        return {
            "id": self.exercise,
            "level": self.level,
            "points": self.points,
            "max_points": self.max_points,
            "passed": self.passed,
            "message": self.message,
        }


@dataclass(frozen=True)
class Executed:
    """A notebook that ran, and what was found."""

    notebook: Any  # with outputs
    results: Sequence[TestResult]


def results(notebook: Any) -> list[TestResult]:
    """One result for each graded cell of an executed notebook, in its order."""
    return [result_of(cell) for cell in notebook.cells if nbgrader_of(cell).get("grade") is True]


def nbgrader_of(cell: Any) -> Mapping[str, Any]:
    """A cell's nbgrader metadata; empty where there is none, or none that is a mapping."""
    metadata = cell.metadata.get("nbgrader", {})
    return metadata if isinstance(metadata, Mapping) else {}


def exercise_of(cell: Any) -> tuple[str, str]:
    """The exercise and the level of a test cell; ("", "") for any other cell."""
    metadata = nbgrader_of(cell)
    grade_id = str(metadata.get("grade_id"))
    for prefix, level in LEVELS.items():
        name = grade_id.removeprefix(prefix)
        tests = metadata.get("grade") is True and not metadata.get("solution")
        if tests and grade_id.startswith(prefix) and name in exercise_ids():
            return name, level
    return "", ""


def result_of(cell: Any, language: str = "de") -> TestResult:
    """The result of a graded cell of an executed notebook. language: of the message, de | en."""
    metadata = nbgrader_of(cell)
    grade_id, most = str(metadata["grade_id"]), float(metadata["points"])
    if metadata.get("solution"):
        return TestResult(grade_id, grade_id, "manual", most, None, 0.0, "", "")
    prefix = next((p for p in LEVELS if grade_id.startswith(p)), "")
    exercise, level = grade_id.removeprefix(prefix), LEVELS.get(prefix, "public")
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            message = f"{output.ename}: {output.evalue}"
            return TestResult(grade_id, exercise, level, most, False, 0.0, output.ename, message)
    if (outcome := outcome_of(cell, exercise)) is not None:
        return TestResult(
            grade_id,
            exercise,
            str(outcome["level"]),
            most,
            outcome["passed"],
            float(outcome["points"]),
            str(outcome["kind"]),
            str(outcome["message"][language]),
        )
    return TestResult(grade_id, exercise, level, most, False, 0.0, "silent", "no result")


def outcome_of(cell: Any, exercise: str) -> Mapping[str, Any] | None:
    """What the check of this exercise said in a test cell."""
    for output in cell.get("outputs", []):
        outcome = output.get("data", {}).get(OUTCOME_MIME)
        if isinstance(outcome, Mapping) and outcome.get("exercise") == exercise:
            return outcome
    return None


def grade_id_of(exercise: str, level: str) -> str:
    """The grade_id of the cell that holds this result."""
    prefix = next((p for p, name in LEVELS.items() if name == level), "")
    return prefix + exercise


def missing_exercises(found: list[TestResult]) -> list[str]:
    """Exercises without a public result: a test cell that is gone must not look like success."""
    seen = {r.exercise for r in found if r.level == "public"}
    return [name for name in exercise_ids() if name not in seen]
