"""Each command starts at once: it imports what it needs, and nothing slow beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import school
from support.notebooks import ROOT

# prints the slow packages that a command has imported when it ends
PROGRAM = """
import sys
from autograder.cli.command import main

try:
    status = main(sys.argv[2:])
except SystemExit as end:
    status = end.code
print(status, *sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""
SLOW = ("torch", "transformers", "matplotlib", "rfc3987_syntax", "nbgrader", "scipy")


def slow_packages(*arguments: str) -> tuple[int, set[str]]:
    """Run the command in a process of its own; its status, and the slow packages it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(SLOW), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    status, *names = done.stdout.splitlines()[-1].split(" ")
    return int(status), set(names)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = school.course(tmp_path_factory.mktemp("start") / "course")
    school.grade(folder, {"ada": 3})
    return folder


@pytest.mark.parametrize("command", [(), ("grade",), ("export",), ("import",), ("report",)])
def test_help_needs_no_package(command: tuple[str, ...]) -> None:
    assert slow_packages(*command, "--help") == (0, set())


def test_an_import_needs_nbgrader_alone(graded: Path, tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / school.NAME).write_bytes(school.notebook("mine"))
    arguments = ("import", "folder", str(tmp_path), school.ASSIGNMENT, "--course", str(graded))
    assert slow_packages(*arguments) == (0, {"nbgrader"})


def test_an_export_needs_nbgrader_alone(graded: Path, tmp_path: Path) -> None:
    arguments = ("export", "csv", school.ASSIGNMENT, str(tmp_path / "points.csv"))
    assert slow_packages(*arguments, "--course", str(graded)) == (0, {"nbgrader"})


def test_feedback_loads_no_model(graded: Path) -> None:
    found = slow_packages("feedback", school.ASSIGNMENT, "--course", str(graded))
    assert found == (2, {"nbgrader"})  # nothing is graded under autograded/


def test_a_report_draws_and_loads_no_model(graded: Path) -> None:
    _, found = slow_packages("report", school.ASSIGNMENT, "--course", str(graded))
    assert not found & {"torch", "transformers", "rfc3987_syntax"}


def test_a_precheck_leaves_the_model_to_its_kernel() -> None:
    untouched = ROOT / "release" / "a7_2" / "A7_2.ipynb"
    assert slow_packages("check", str(untouched)) == (1, set())


def test_grading_says_so_before_it_imports_nbgrader(tmp_path: Path) -> None:
    program = (
        "import sys, autograder.cli.command as c\n"
        "c.stderr = lambda line: sys.exit(print(line.en, 'nbgrader' in sys.modules))\n"
        "c.main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "grade", "a7_2", "--course", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"grading a7_2 in {tmp_path.resolve()} False"]
