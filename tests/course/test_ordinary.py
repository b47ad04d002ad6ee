"""Ordinary assignments in a course of ours are nbgrader's; those with exercises never are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_markdown_cell, new_notebook, new_output
from support import nbgrader as course_of
from support.nbgrader import graded_cell, nbgrader, write
from support.notebooks import ROOT

from autograder.cli import main
from autograder.course import ours
from autograder.course.gradebook import Course
from autograder.course.ours import AssignmentError
from autograder.notebooks.cells import by_id, read_notebook, rubrics_of

pytestmark = pytest.mark.usefixtures("in_this_process")

HIDDEN = "### BEGIN HIDDEN TESTS\nassert double(-1) == -2\n### END HIDDEN TESTS"
SOLUTION = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
CONSTANT = "def double(x):\n    return 4"
SLOW = "import time; time.sleep(20)"
ENVIRONMENT = "import os; assert os.environ['NBGRADER_EXECUTION'] == 'autograde'"
ANSWER: dict[str, Any] = {"solution": True, "text": True}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with `ps1`, of two notebooks, released by nbgrader; nobody has submitted."""
    folder = tmp_path_factory.mktemp("ordinary").resolve()
    course_of.configured(folder, "c.Execute.timeout = 1")
    write(
        folder / "source" / "ps1" / "p1.ipynb",
        graded_cell("double", SOLUTION, solution=True),
        graded_cell("test_explore", "assert double(2) == 4", 2),  # a name of ours, and no check
        graded_cell("hidden", HIDDEN, 3),
        graded_cell("environment", f"{ENVIRONMENT}; open('made.txt', 'w').write('x')", 1),
        graded_cell("why", "An answer.", 4, **ANSWER),
    )
    write(folder / "source" / "ps1" / "p2.ipynb", graded_cell("test_slow", SLOW, 7))
    nbgrader(folder, "generate_assignment", "ps1")
    return folder


def submit(course: Path, student: str, **sources: str) -> None:
    for name in ("p1", "p2"):
        notebook = read_notebook(course / "release" / "ps1" / f"{name}.ipynb")
        for grade_id, source in sources.items():
            if grade_id in by_id(notebook):
                by_id(notebook)[grade_id].source = source
        path = course / "submitted" / student / "ps1" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)


def scores(course: Path, student: str) -> dict[str, float]:
    return {name: score.points for name, score in Course(course).scores("ps1")[student].items()}


def test_the_release_is_as_nbgrader_makes_it(course: Path) -> None:
    notebook = read_notebook(course / "release" / "ps1" / "p1.ipynb")
    assert notebook.metadata.kernelspec.display_name == "Mine"
    cells = by_id(notebook)
    assert cells["double"].source.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
    assert cells["why"].source == "YOUR ANSWER HERE"


def test_hidden_tests_limits_and_files_are_nbgraders(course: Path) -> None:
    submit(course, "ada", double=CONSTANT)
    nbgrader(course, "autograde", "ps1")
    assert scores(course, "ada") == {
        "test_explore": 2,
        "hidden": 0,
        "environment": 1,
        "why": 0,  # the stub as it was
        "test_slow": 0,  # longer than Execute.timeout
    }
    autograded = course / "autograded" / "ada" / "ps1"
    assert (autograded / "made.txt").read_text() == "x"
    notebook = read_notebook(autograded / "p1.ipynb")
    assert notebook.metadata.kernelspec.display_name == "Mine"
    assert "assert double(-1) == -2" in by_id(notebook)["hidden"].source
    # `kischule feedback` leaves the page to nbgrader as well
    assert main(["feedback", "ps1", "--course", str(course)]) == 0
    page = (course / "feedback" / "ada" / "ps1" / "p1.html").read_text(encoding="utf-8")
    assert "(Score: 3.0 / 10.0)" in page
    assert "Comments:" in page
    assert "kischule" not in page
    assert (course / "feedback" / "ada" / "ps1" / "p2.html").is_file()


def test_no_execute_reads_the_outputs_that_were_submitted(course: Path) -> None:
    submit(course, "bob", double="raise SystemExit")
    path = course / "submitted" / "bob" / "ps1" / "p1.ipynb"
    notebook = read_notebook(path)
    failed = new_output("error", ename="AssertionError", evalue="", traceback=[])
    by_id(notebook)["hidden"].outputs = [failed]
    nbformat.write(notebook, path)
    nbgrader(course, "autograde", "ps1", "--student", "bob", "--no-execute")
    found = scores(course, "bob")
    assert (found["hidden"], found["test_explore"], found["test_slow"]) == (0, 2, 7)


def test_our_commands_say_what_they_cannot_do(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "source" / "one").mkdir(exist_ok=True)
    write(course / "source" / "one" / "p.ipynb", graded_cell("t", "assert False", 1))
    assert main(["verify", "one", "--course", str(course)]) == 2
    told = capsys.readouterr().err
    assert "one has no exercises of this package" in told
    assert "`kischule release one` runs its plain tests" in told
    assert main(["release", "one", "--course", str(course)]) == 2
    told = capsys.readouterr().err
    assert "t: the reference solution must pass: The test cell ended with AssertionError" in told
    again = course / "source" / "ps1" / "p3.ipynb"
    write(again, graded_cell("test_slow", SLOW, 7))
    assert main(["grade", "ps1", "--course", str(course)]) == 2
    again.unlink()
    told = capsys.readouterr().err
    assert "names of their own, two are called test_slow: in p2.ipynb and in p3.ipynb" in told


# --- with exercises -----------------------------------------------------------------------------


def test_the_source_decides_and_else_the_gradebook(tmp_path: Path) -> None:
    folder = course_of.course(tmp_path / "course")
    directory = Course(folder).directory()
    assert ours.has_exercises(directory, "small")
    source = folder / "source" / "small"
    (source / "._small.ipynb").write_bytes(b"\0\1")  # as macOS leaves it on other disks
    assert ours.has_exercises(directory, "small")
    (source / small.NAME).write_text("{")
    with pytest.raises(AssignmentError, match=r"small\.ipynb cannot be read as a notebook"):
        ours.has_exercises(directory, "small")
    (source / small.NAME).unlink()
    assert ours.has_exercises(directory, "small")
    assert not ours.has_exercises(directory, "unknown")


def test_formgrader_cleans_the_texts_of_exercises_only(tmp_path: Path) -> None:
    """Its pages are made without a converter, and name the assignment in their own way."""
    folder = course_of.course(tmp_path / "course")
    write(folder / "source" / "ps1" / "p.ipynb", graded_cell("t", "assert True", 1))
    exporter = HTMLExporter(config=Course(folder).config)
    notebook = new_notebook(cells=[new_markdown_cell("![x](https://example.org/x.png)")])
    for assignment, shown in {"ps1": True, "small": False}.items():
        resources = {"assignment_id": assignment}
        html, _ = exporter.from_notebook_node(notebook, resources=resources)
        assert ('src="https://example.org/x.png"' in html) is shown


TASK = "Zeichnen Sie.\n\n=== BEGIN MARK SCHEME ===\nEine Kurve.\n=== END MARK SCHEME ==="


@pytest.mark.usefixtures("all_pass")
def test_rubrics_are_for_formgrader_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One follows the answer in the source; that of a task cell is nbgrader's own."""
    folder = course_of.course(tmp_path / "course")
    path = folder / "source" / "small" / small.NAME
    source = read_notebook(path)
    task = {"text": True, "task": True, "grade": False, "locked": True}
    source.cells.append(graded_cell("draw", TASK, 3, **task))
    nbformat.write(source, path)
    rubric = rubrics_of(source)["observation_greedy"].split(".")[0]
    assert rubric == "**Bewertung (2 Punkte)"
    course_of.submit(folder, "ada")
    assert main(["grade", "small", "--course", str(folder)]) == 0
    assert Course(folder).totals("small")["ada"].waiting == 3  # nobody answered the question
    assert capsys.readouterr().out.splitlines()[-1].split()[2:4] == ["7/12", "3"]
    graded = folder / "autograded" / "ada" / "small" / small.NAME
    answered = read_notebook(graded)
    by_id(answered)["observation_greedy"].source = "=== BEGIN MARK SCHEME ==="  # a student's words
    graded.unlink()  # it is read-only
    nbformat.write(answered, graded)
    assert main(["feedback", "small", "--course", str(folder)]) == 0
    page = folder / "feedback" / "ada" / "small" / "small.html"
    released = folder / ".kischule" / "release" / "small" / small.NAME
    for made in (page, released):
        text = made.read_text(encoding="utf-8")
        assert "Zeichnen Sie." in text
        assert "=== END" not in text
        assert "Eine Kurve" not in text
        assert "Bewertung (2" not in text

    exporter = HTMLExporter(config=Course(folder).config)
    named = {"assignment_id": "small", "notebook_id": "small"}
    html, _ = exporter.from_filename(str(graded), resources=named)
    question, shown, answer = map(html.index, ("Beobachtung 1", "Bewertung (2", "=== BEGIN"))
    assert question < shown < answer
    assert html.count("=== BEGIN") == 1  # the student's words alone
    assert "=== END" not in html
    assert "colab.research" not in html
    heading, task = html.index("Bewertung · Rubric"), html.index("Eine Kurve")
    assert html.index("Zeichnen Sie.") < heading < task
    assert "Eine Kurve" in html
    path.unlink()  # without a source there is no rubric to show
    html, _ = exporter.from_filename(str(graded), resources=named)
    assert "Bewertung (2" not in html


OWN, ASKED = "![](attachment:own.png)", "![](attachment:asked.png)"


@pytest.mark.parametrize(
    ("text", "kept"),
    [(OWN, []), (f"### BEGIN SOLUTION\n{OWN}\n### END SOLUTION\n{ASKED}", ["asked.png"])],
)
def test_a_picture_of_the_answer_is_not_released(
    tmp_path: Path, text: str, kept: list[str]
) -> None:
    folder = course_of.course(tmp_path / "course")
    path = folder / "source" / "small" / small.NAME
    source = read_notebook(path)
    answer = by_id(source)["observation_greedy"]
    answer.source = text
    answer["attachments"] = {n: {"image/png": small.PNG} for n in ("own.png", "asked.png")}
    nbformat.write(source, path)
    Course(folder).generate("small")
    released = by_id(read_notebook(folder / "release" / "small" / small.NAME))
    assert list(released["observation_greedy"].attachments) == kept


def test_a_rubric_outside_of_the_answer_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = course_of.course(tmp_path / "course")
    path = folder / "source" / "small" / small.NAME
    source = read_notebook(path)
    by_id(source)["question_greedy"].source = TASK
    nbformat.write(source, path)
    course_of.submit(folder, "ada")
    assert main(["grade", "small", "--course", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "make sure all mark scheme regions are within 'Manually graded task' cells" in told
    assert "Traceback" not in told


def test_a_configuration_without_the_worker_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = course_of.course(
        tmp_path / "course",
        "from nbgrader.preprocessors import Execute, SaveAutoGrades",
        "c.Autograde.autograde_preprocessors = [Execute, SaveAutoGrades]",
    )
    course_of.submit(folder, "ada")
    assert main(["grade", "small", "--course", str(folder)]) == 2
    assert "out of Autograde.autograde_preprocessors: without it" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["autograde", "export", "generate_feedback", "validate"])
def test_nbgraders_own_tests_pass_with_our_configuration(command: str) -> None:
    options = ["-q", "-n", "0", "-W", "ignore", "-c", os.devnull, "-p", "no:cacheprovider"]
    options += ["-p", "support.our_configuration", "--pyargs"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"nbgrader.tests.apps.test_nbgrader_{command}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
