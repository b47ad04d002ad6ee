"""Plain tests, with `assert`: their points, beside exercises and alone, by both commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support import nbgrader as course_of
from support.nbgrader import graded_cell, nbgrader, write

from autograder.checking.result import Result
from autograder.cli import main
from autograder.course.gradebook import Course
from autograder.course.release import registered
from autograder.exercises.exercise import Level
from autograder.grading.outputs import as_output
from autograder.notebooks.cells import by_id, read_notebook

pytestmark = pytest.mark.usefixtures("in_this_process")

SOLUTION = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
HIDDEN = "### BEGIN HIDDEN TESTS\nassert double(-1) == -2\n### END HIDDEN TESTS"
PARTIAL = "min(double(2), 4) / 4"
DATA = "assert open('data.csv').read() == 'a;b'; open('made.txt', 'w').write('x')\nNone"
SOLVED = {"double": "def double(x):\n    return 2 * x", "why": "An answer."}
POINTS = {"visible": 2.0, "hidden": 3.0, "partial": 1.0, "data": 1.0, "why": 0.0, "task": 0.0}
# what a student may write, and the points of each plain cell
LIMIT = ("--time-limit", "2")
SUBMISSIONS: dict[str, tuple[dict[str, str], dict[str, float]]] = {
    "ada": (SOLVED, POINTS),
    "bob": ({"double": "def double(x):\n    return 2"}, {"data": 1.0, "partial": 0.5}),
    "eve": ({"double": "import ctypes\nctypes.string_at(0)"}, {"data": 1.0}),
}


def cells() -> list[Any]:
    task = {"text": True, "task": True, "grade": False, "locked": True}
    return [
        graded_cell("double", SOLUTION, solution=True),
        graded_cell("visible", "assert double(2) == 4", 2),
        graded_cell("hidden", HIDDEN, 3),
        graded_cell("partial", PARTIAL, 1),
        graded_cell("data", DATA, 1),
        graded_cell("why", "An answer.", 4, solution=True, text=True),
        graded_cell("task", "Draw.", 2, **task),
    ]


def submit(course: Path, student: str, sources: dict[str, str]) -> None:
    notebook = read_notebook(course / "release" / "ps1" / "p1.ipynb")
    for grade_id, source in sources.items():
        by_id(notebook)[grade_id].source = source
    path = course / "submitted" / student / "ps1" / "p1.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def scores(course: Path, student: str, assignment: str = "ps1") -> dict[str, float]:
    found = Course(course).scores(assignment)[student]
    return {name: score.points for name, score in found.items()}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two assignments in one gradebook: `small`, of ours, and `ps1`, released by our command."""
    folder = course_of.course(tmp_path_factory.mktemp("plain").resolve() / "course")
    source = folder / "source" / "ps1"
    write(source / "p1.ipynb", *cells())
    (source / "data.csv").write_text("a;b")
    assert main(["release", "ps1", "--course", str(folder)]) == 0
    assert "double(-1)" not in (folder / "release" / "ps1" / "p1.ipynb").read_text()
    for student, (sources, _) in SUBMISSIONS.items():
        submit(folder, student, sources)
    course_of.submit(folder, "ada")
    return folder


def test_our_command_grades_by_nbgraders_rule(course: Path) -> None:
    out = course / "out.json"
    assert main(["grade", "ps1", "--course", str(course), "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    for row in report["submissions"]:
        expected = SUBMISSIONS[row["student"]][1]
        assert scores(course, row["student"]) == {**dict.fromkeys(POINTS, 0), **expected}
        assert row["score"] == sum(expected.values())
        assert "not protected: 7 points of plain tests" in "; ".join(row["flags"])
        assert all(e["level"] in ("plain", "manual") for e in row["exercises"])
    told = {e["id"]: e["message"] for e in report["submissions"][2]["exercises"]}
    assert "NameError" in told["visible"]


def test_nbgraders_command_agrees(course: Path) -> None:
    nbgrader(course, "autograde", "ps1", "--force", status=1)  # eve's kernel ended
    for student in ("ada", "bob"):
        expected = {**dict.fromkeys(POINTS, 0), **SUBMISSIONS[student][1]}
        assert scores(course, student) == expected
    assert (course / "autograded" / "ada" / "ps1" / "made.txt").read_text() == "x"


# --- in one notebook with exercises -------------------------------------------------------------

FAKED = Result(exercise="filter_top_k", level=Level.PUBLIC, passed=True, points=9, max_points=9)
ATTACKS = {
    "end": "import ctypes\ndef double(x):\n    ctypes.string_at(0)",
    "fake": "import json\nfrom IPython.display import display\ndef double(x):\n"
    f"    display(json.loads({json.dumps(as_output(FAKED).data)!r}), raw=True)\n    return 4",
    "leave": "def double(x):\n    raise SystemExit",
    "patch": "import builtins, unittest\nshell = get_ipython()\n"
    "shell.showtraceback = lambda *a, **k: None\nbuiltins.AssertionError = Warning\n"
    "shell.run_cell = shell.run_cell_async = lambda *a, **k: None\n"
    "def double(x):\n    return 2",
    "sleep": "import time\ndef double(x):\n    time.sleep(99)",
}
# of the exercises, each time: encode_prompt is solved, before and after the plain cells
LAST_OF_OURS = {"patch": 0.0}  # who breaks the own shell runs no further cell


@pytest.fixture(scope="module")
def mixed(course: Path) -> Path:
    """`mixed`: exercises after plain tests; an attack by each student, and a neighbour."""
    source = read_notebook(course / "source" / "small" / small.NAME)
    source.cells[1:1] = cells()[:3]
    path = course / "source" / "mixed" / small.NAME
    path.parent.mkdir()
    nbformat.write(source, path)
    release = read_notebook(registered(course, "mixed")[0])
    for student, attack in {**ATTACKS, "neighbour": SOLVED["double"]}.items():
        notebook = small.submission(release, small.IDLE, {})
        by_id(notebook)["double"].source = attack
        submitted = course / "submitted" / student / "mixed" / small.NAME
        submitted.parent.mkdir(parents=True)
        nbformat.write(notebook, submitted)
    return course


def test_no_plain_cell_forges_or_costs_an_exercise(mixed: Path) -> None:
    out = mixed / "out.json"
    assert main(["grade", "mixed", "--course", str(mixed), "--json", str(out), *LIMIT]) == 0
    for row in json.loads(out.read_text())["submissions"]:
        student, found = row["student"], scores(mixed, row["student"], "mixed")
        plain = {name: found.pop(name) for name in ("visible", "hidden")}
        expected = LAST_OF_OURS.get(student, small.SOLVED)
        assert sum(found.values()) == expected, (student, found)
        assert "not protected: 5 points of plain tests" in "; ".join(row["flags"])
        if student in ("end", "leave", "sleep", "patch"):
            assert plain == {"visible": 0, "hidden": 0}, student
    found = scores(mixed, "neighbour", "mixed")
    assert found["hidden"] == 3
    nbgrader(mixed, "autograde", "mixed", "--student", "neighbour", "--force")
    assert scores(mixed, "neighbour", "mixed") == found


def test_one_gradebook_has_pages_and_tables_of_all(
    mixed: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two assignments with exercises and an ordinary one; the class's page says what is forgeable.

    Records of the tests above are used, since nothing has changed.
    """
    at = ("--course", str(mixed))
    assert main(["grade", "ps1", *at]) == 0
    assert main(["grade", "mixed", *at, *LIMIT]) == 0
    assert "not protected: 5 points" in capsys.readouterr().out
    request.getfixturevalue("all_pass")
    assert main(["grade", "small", *at]) == 0
    notes = {"ps1": "geschützt sind: 7.", "mixed": "geschützt sind: 5.", "small": ""}
    for assignment, note in notes.items():
        assert main(["report", assignment, *at]) == 0
        page = (mixed / "reports" / f"{assignment}.html").read_text(encoding="utf-8")
        assert note in page
        assert ("nicht geschützt" in page) is bool(note)
        assert main(["feedback", assignment, *at]) == 0
        table = mixed / f"{assignment}.csv"
        assert main(["export", "csv", assignment, str(table), *at]) == 0
    rows = {line.split(",")[0]: line.split(",") for line in table_lines(mixed / "ps1.csv")}
    assert rows["ada"][4:7] == ["7", "13", "6"]
    pages = mixed / "feedback"
    assert "(Score: 7.0 / 13.0)" in (pages / "ada" / "ps1" / "p1.html").read_text(encoding="utf-8")
    page = (pages / "end" / "mixed" / "small.html").read_text(encoding="utf-8")
    assert "KernelEnded" in page
    assert "Einfache Testzellen" in page
    assert "AssertionError" not in page


def table_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()
