"""The source changes in the middle of a course: gradebook and release change together or not."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from support import nbgrader as course_of
from support.nbgrader import graded_cell, nbgrader
from support.notebooks import SOURCE

from autograder.cli import main
from autograder.course import gradebook, registration
from autograder.course.gradebook import Course, GradebookError
from autograder.course.layout import outline
from autograder.course.ours import ASSISTANTS
from autograder.course.release import registered
from autograder.grading.store import Store
from autograder.notebooks.cells import grade_id_of, metadata_of, read_notebook

pytestmark = pytest.mark.usefixtures("all_pass", "sound")

STUDENTS = ("ada", "bob", "cem")
NEW = ("top_tokens", "test_top_tokens", "hidden_top_tokens")
LATE = "2026-11-26 13:30:00 UTC"


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Release a source without trying its solutions, which test_release.py does; wide tables."""
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("layout_problems", "run_problems"):
        monkeypatch.setattr(f"autograder.course.release.{name}", lambda *_: [])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released course with three graded submissions, and a teacher's work in its gradebook."""
    folder = tmp_path_factory.mktemp("taught").resolve()
    course_of.course(folder, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    for student in STUDENTS:
        course_of.submit(folder, student, timestamp=LATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.course.grade._engine", lambda *_: course_of.AllPass())
        for name in ("layout_problems", "run_problems"):
            patch.setattr(f"autograder.course.release.{name}", lambda *_: [])
        nbgrader(folder, "db", "assignment", "add", "small", "--duedate", "2026-11-24 10:00:00 UTC")
        assert main(["release", "small", "--course", str(folder)]) == 0
        assert main(["grade", "small", "--course", str(folder), "--quiet"]) == 0
    with _open(folder) as book:
        book.grant_extension("small", "ada", days=7)
        for student, points in (("ada", 1.5), ("bob", 2)):
            grade = book.find_grade("observation_greedy", "small", "small", student)
            grade.manual_score, grade.needs_manual_grade = points, False
        book.find_grade("test_filter_top_k", "small", "small", "ada").extra_credit = 0.5
        comment = book.find_comment("observation_greedy", "small", "small", "ada")
        comment.manual_comment = "Gut beobachtet."
        book.db.commit()
    return folder


@pytest.fixture
def course(taught: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(taught, tmp_path / "course"))


def _open(course: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{course}/gradebook.db", "kischule")


def edit(course: Path, change: Callable[[list[Any]], None], name: str = small.NAME) -> None:
    """Change the cells of the source; name: under which it is kept."""
    path = course / "source" / "small" / small.NAME
    cells = read_notebook(path).cells
    change(cells)
    path.unlink()
    course_of.write(path.with_name(name), *cells)


def cell(cells: list[Any], grade_id: str) -> Any:
    return next(each for each in cells if grade_id_of(each) == grade_id)


def add_question(cells: list[Any]) -> None:
    """Ask for one more exercise, at the beginning."""
    cells[1:1] = [c for c in read_notebook(SOURCE).cells if grade_id_of(c) in NEW]


def points(grade_id: str, value: float) -> Callable[[list[Any]], None]:
    def change(cells: list[Any]) -> None:
        cell(cells, grade_id).metadata["nbgrader"]["points"] = value

    return change


def remove(*grade_ids: str) -> Callable[[list[Any]], None]:
    def change(cells: list[Any]) -> None:
        cells[:] = [each for each in cells if grade_id_of(each) not in grade_ids]

    return change


def run(course: Path, *arguments: str) -> int:
    command, *more = arguments
    return main([command, *more, "small", "--course", str(course)])


def state(course: Path) -> tuple[Any, ...]:
    """The gradebook's cells and students' rows, and the released files."""
    released = (course / "release" / "small" / small.NAME).read_bytes()
    return outline(Course(course).layout("small")), small.rows(course / "gradebook.db"), released


def hand(course: Path, student: str, name: str) -> tuple[Any, ...]:
    """The points by hand, the extra credit and the comment of a cell."""
    with _open(course) as book:
        notebook = book.find_submission("small", student).notebooks[0].name
        grade = book.find_grade(name, notebook, "small", student)
        text = [c.manual_comment for c in grade.notebook.comments if c.name == name]
        return grade.manual_score, grade.extra_credit, grade.needs_manual_grade, *text


ADA = (1.5, None, False, "Gut beobachtet.")


# --- a new question -----------------------------------------------------------------------------


def test_a_new_question_is_graded_after_a_release(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(course, add_question)
    before = state(course)
    assert run(course, "release") == 2  # nobody is there to be asked
    told = capsys.readouterr()
    assert "hidden_top_tokens  –                 test (code), 2 points" in told.out
    for student in STUDENTS:
        assert f"{student}      keeps all that was given by hand" in told.out
    assert told.out.count("graded anew by `kischule grade small`") == 3
    assert "this changes the gradebook of 3 submissions: repeat with --yes" in told.err
    assert state(course) == before
    assert run(course, "release", "--yes") == 0
    written = capsys.readouterr().out.splitlines()[-2:]
    assert written[0] == f"release/small/{small.NAME}"
    assert small.rows(course / written[1]) == before[1]  # the backup
    assert "top_tokens" in (course / written[0]).read_text(encoding="utf-8")

    # until then nobody has points for it, and nobody is told so as if graded
    assert run(course, "feedback") == 3
    assert capsys.readouterr().err.count("graded by an older release: `kischule grade small`") == 3
    assert run(course, "report") == 0
    page = (course / "reports" / "small.html").read_text(encoding="utf-8")
    assert "Nach einer älteren Fassung der Aufgaben bewertet: ada, bob, cem." in page
    assert main(["export", "csv", "small", str(course / "t.csv"), "--course", str(course)]) == 0
    assert "graded by an older release: ada, bob, cem" in capsys.readouterr().err
    assert hand(course, "ada", "hidden_top_tokens") == (None, None, True)

    assert run(course, "grade", "--quiet") == 0
    assert hand(course, "ada", "hidden_top_tokens") == (None, None, False)
    assert hand(course, "ada", "observation_greedy") == ADA
    assert hand(course, "ada", "test_filter_top_k")[1] == 0.5
    assert Course(course).totals("small")["ada"].points == small.ALL + 3 + 1.5 + 0.5
    capsys.readouterr()
    assert run(course, "feedback") == 0
    assert "older release" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["grade", "feedback", "report", "export"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (add_question, "test_top_tokens: nothing, now test (code), 1 point"),
        (
            points("test_filter_top_k", 3),
            "test_filter_top_k: test (code), 1 point, now test (code), 3 points",
        ),
    ],
    ids=["question", "points"],
)
def test_each_command_stops_before_the_release(
    course: Path, command: str, change: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(course, change)
    before = state(course)
    out = ["csv", "small", str(course / "t.csv")] if command == "export" else ["small"]
    assert main([command, *out, "--course", str(course)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "`kischule release small` says what changes for whom" in told
    assert state(course) == before


def test_nbgrader_autograde_stops_too(course: Path) -> None:
    edit(course, points("test_filter_top_k", 3))
    before = state(course)
    said = nbgrader(course, "autograde", "small", "--force", status=1)
    assert "has other cells or points than the gradebook" in said
    assert state(course)[0] == before[0]


def test_points_from_generate_assignment_are_noticed(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """nbgrader changes the gradebook's maximum under grades that were made with another."""
    edit(course, points("test_filter_top_k", 3))
    nbgrader(course, "generate_assignment", "small", "--force")
    assert run(course, "feedback") == 3
    assert capsys.readouterr().err.count("graded by an older release: `kischule") == 3
    assert run(course, "grade", "--quiet") == 0
    assert run(course, "feedback") == 0


def test_an_older_gradebook_is_noticed(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup put in place of the gradebook, with the source of today."""
    old = (course / "gradebook.db").read_bytes()
    edit(course, points("test_filter_top_k", 3))
    assert run(course, "release", "--yes") == 0
    (course / "gradebook.db").write_bytes(old)
    assert run(course, "report") == 2
    assert "test_filter_top_k: test (code), 1 point, now" in capsys.readouterr().err


# --- what a teacher has given -------------------------------------------------------------------


def answer_as_task(cells: list[Any]) -> None:
    about = metadata_of(cell(cells, "observation_greedy"))
    cell(cells, "observation_greedy").metadata["nbgrader"] = {
        **about,
        "task": True,
        "solution": False,
        "grade": False,
        "locked": True,
    }


def moved(cells: list[Any]) -> None:
    cells.append(cells.pop(cells.index(cell(cells, "observation_greedy"))))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (add_question, small.NAME),
        (moved, small.NAME),
        (answer_as_task, small.NAME),
        (remove("test_filter_top_k", "hidden_filter_top_k"), small.NAME),
        (lambda cells: None, "renamed.ipynb"),
    ],
    ids=["added", "moved", "task", "removed", "renamed"],
)
def test_a_teachers_work_stays_with_its_cell(
    course: Path, change: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def lasting() -> list[Any]:
        with _open(course) as book:
            submissions = [book.find_submission("small", student) for student in STUDENTS]
            return [(s.id, s.timestamp, s.extension, s.notebooks[0].id) for s in submissions]

    edit(course, change, name)
    before = lasting()
    assert run(course, "release", "--yes") == 0
    assert lasting() == before
    assert hand(course, "ada", "observation_greedy") == ADA
    assert hand(course, "bob", "observation_greedy")[0] == 2
    totals = Course(course).totals("small")
    assert totals["ada"].penalty == 0  # an extension
    assert (totals["bob"].points, totals["bob"].penalty > 0) == (0, True)
    made = Course(course).folder("release", "small") / name
    assert {p.name for p in made.parent.iterdir()} == {name, ASSISTANTS}
    order = [s.name for s in Course(course).layout("small")[0].sources]
    there = [grade_id_of(each) for each in read_notebook(made).cells if grade_id_of(each)]
    assert order == there


def test_what_is_lost_is_named_first(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(course, remove("observation_greedy", "test_filter_top_k"))
    assert run(course, "release", "--yes") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "observation_greedy answer (markdown), 2 points –" in told
    for words in ("loses 1.5 points for", "loses 0.5 extra points for", "loses a comment for"):
        assert told.count(words) == 1
    with _open(course) as book:
        names = {grade.name for grade in book.find_submission("small", "ada").notebooks[0].grades}
        assert "observation_greedy" not in names
        assert "hidden_filter_top_k" in names
    # nothing refers to a cell that is gone
    with sqlite3.connect(course / "gradebook.db") as book:
        for table in ("grade", "comment"):
            query = f"SELECT COUNT(*) FROM {table} WHERE cell_id NOT IN (SELECT id FROM base_cell)"
            assert book.execute(query).fetchone() == (0,)
    book.close()


def test_points_by_hand_out_of_another_maximum_wait(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(course, points("observation_greedy", 1))
    assert run(course, "release", "--yes") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "keeps 1.5 points for observation_greedy, to be looked at" in told
    assert hand(course, "ada", "observation_greedy") == (1.5, None, True, "Gut beobachtet.")
    assert run(course, "grade", "--quiet") == 0
    assert hand(course, "ada", "observation_greedy") == (1.5, None, True, "Gut beobachtet.")


def test_a_student_without_a_file_keeps_the_points(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(course / "submitted" / "cem")
    edit(course, add_question)
    assert run(course, "release", "--yes") == 0
    (line,) = [li for li in capsys.readouterr().out.splitlines() if li.startswith("cem")]
    assert "keeps its points: no file under" in line


def test_a_new_text_needs_no_question(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(cells: list[Any]) -> None:
        cell(cells, "question_greedy").source += "\n\nSehen Sie genau hin."

    edit(course, change)
    before = small.rows(course / "gradebook.db")
    assert run(course, "release") == 0
    told = capsys.readouterr()
    made = (ASSISTANTS, small.NAME)
    assert told.out.splitlines() == [f"release/small/{name}" for name in made]
    assert "3 graded submissions, of an older release: graded anew by `kischule grade" in told.err
    assert small.rows(course / "gradebook.db") == before
    assert run(course, "release") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("said", "status"), [("y", 0), ("", 130), ("nein", 130)])
def test_a_teacher_is_asked(
    course: Path,
    said: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: said)
    edit(course, points("test_filter_top_k", 3))
    before = state(course)
    assert run(course, "release") == status
    assert (state(course) == before) == bool(status)
    assert ("nothing is changed" in capsys.readouterr().err) == bool(status)


def test_points_given_while_asked_are_not_lost(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(course, remove("observation_greedy"))

    def answer(_: str) -> str:
        with _open(course) as book:
            book.find_grade("observation_greedy", "small", "small", "cem").manual_score = 1
            book.db.commit()
        return "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    assert run(course, "release") == 2
    assert "has changed since you were asked" in capsys.readouterr().err
    assert hand(course, "cem", "observation_greedy")[0] == 1


# --- both or neither ----------------------------------------------------------------------------


class Killed(BaseException):
    """The end of a process."""


@pytest.fixture
def edited(course: Path) -> Iterator[Path]:
    edit(course, add_question)
    yield course
    assert not list((course / ".kischule").glob("releasing-*"))


PLACES = ("write_atomically", "_write_folder", "_note")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_killed_release_is_the_old_one_or_the_new(
    edited: Path, place: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, original = state(edited), getattr(registration, place)

    def killed(*given: Any, **named: Any) -> None:
        if after:
            original(*given, **named)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(registration, place, killed)
        with pytest.raises(Killed):
            run(edited, "release", "--yes")
    begun = list((edited / ".kischule").glob("releasing-*"))
    assert bool(begun) == (place != "write_atomically" or after)
    registration.finish(edited, "small")
    assert (state(edited) == old) == (not begun)
    if begun:
        assert run(edited, "grade", "--quiet") == 0
        assert hand(edited, "ada", "observation_greedy") == ADA
        return
    assert run(edited, "grade", "--quiet") == 2  # the source is still another


def test_a_failed_release_changes_nothing(
    edited: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = state(edited)
    original, failed = registration._write_folder, []

    def full(folder: Path, files: Any) -> None:
        original(folder, files)
        if not failed:
            failed.append(folder)
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(registration, "_write_folder", full)
    assert run(edited, "release", "--yes") == 2
    assert (
        "No space left on device: nothing is half done, repeat the command"
        in capsys.readouterr().err
    )
    assert state(edited) == old


def test_a_locked_gradebook_changes_nothing(
    edited: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gradebook, "WAIT_S", 0.2)
    old = state(edited)
    with sqlite3.connect(edited / "gradebook.db", isolation_level=None) as held:
        held.execute("BEGIN IMMEDIATE")
        assert run(edited, "release", "--yes") == 2
        held.execute("ROLLBACK")
    held.close()
    assert "is locked by another program" in capsys.readouterr().err
    assert state(edited) == old


def test_no_release_during_a_grading(edited: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = state(edited)
    with Store(edited).alone():
        assert run(edited, "release", "--yes") == 2
    assert f"process {os.getpid()} on" in capsys.readouterr().err
    assert state(edited) == old


# --- nbgrader -----------------------------------------------------------------------------------


def test_formgrader_goes_on_with_the_new_cells(course: Path) -> None:
    """Its queries, on a gradebook that nbgrader would have refused to change."""
    edit(course, add_question)
    assert run(course, "release", "--yes") == 0
    book = Course(course)
    api = NbGraderAPI(CourseDirectory(config=book.config), config=book.config)

    def pages() -> tuple[Any, ...]:
        (notebook,) = api.get_notebooks("small")
        found = {s["student"]: s for s in api.get_submissions("small")}
        copies = {s["student"]: s for s in api.get_notebook_submissions("small", "small")}
        assert set(found) == set(copies) == set(STUDENTS)
        assert {s["max_score"] for s in found.values()} == {notebook["max_score"]}
        assert copies["ada"]["score"] == found["ada"]["score"]
        assert {s["id"] for s in api.get_students()} >= set(STUDENTS)
        return notebook["max_score"], found["ada"]["score"], found["ada"]["needs_manual_grade"]

    assert pages() == (small.ALL + 2 + 3, small.ALL + 1.5 + 0.5, True)
    assert run(course, "grade", "--quiet") == 0
    assert pages() == (small.ALL + 2 + 3, small.ALL + 3 + 1.5 + 0.5, False)
    nbgrader(course, "generate_assignment", "small", "--force")  # which agrees with it
    assert pages() == (small.ALL + 2 + 3, small.ALL + 3 + 1.5 + 0.5, False)


def test_a_cell_may_move_to_another_notebook(course: Path) -> None:
    """Of an assignment of several: its points, and the student's copy that they belong to."""
    (one,) = Course(course).layout("small")
    about = {"name": "observation_greedy"}
    there = [c for c in one.cells if c.name == about["name"]]
    rest = registration.dataclasses.replace(
        one, cells=tuple(c for c in one.cells if c not in there)
    )
    two = registration.dataclasses.replace(one, name="two", cells=tuple(there), sources=())
    with Course(course).laid_out("small", (rest, two)):
        pass
    with _open(course) as book:
        grade = book.find_grade("observation_greedy", "two", "small", "ada")
        assert (grade.manual_score, grade.notebook.name) == (1.5, "two")
        comment = book.find_comment("observation_greedy", "two", "small", "ada")
        assert comment.manual_comment == "Gut beobachtet."
        assert {n.name for n in book.find_submission("small", "cem").notebooks} == {"small", "two"}
    with Course(course).laid_out("small", (one,)):  # and back: the second is gone
        pass
    assert hand(course, "ada", "observation_greedy") == ADA
    with _open(course) as book:
        assert [n.name for n in book.find_assignment("small").notebooks] == ["small"]


def test_cells_of_a_failed_block_stay(course: Path) -> None:
    before = state(course)
    with pytest.raises(GradebookError), Course(course).laid_out("small", ()):
        raise sqlite_error()
    assert state(course) == before


def sqlite_error() -> Exception:
    from sqlalchemy.exc import OperationalError

    return OperationalError("x", {}, Exception("disk I/O error"))


def test_a_plain_answer_can_be_added(course: Path) -> None:
    def change(cells: list[Any]) -> None:
        cells.append(graded_cell("observation_new", "Und jetzt?", 4, solution=True, text=True))

    edit(course, change)
    assert run(course, "release", "--yes") == 0
    assert registered(course, "small")[0].is_file()
    assert hand(course, "cem", "observation_new") == (None, None, True, None)
    assert Course(course).totals("small")["cem"].waiting >= 4
