"""The course's nbgrader_config.py holds in our commands; locked gradebooks, odd names and times."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from nbgrader.api import Gradebook
from support import nbgrader as course_of
from support.nbgrader import graded_cell, nbgrader, write

from autograder.cli import main
from autograder.course import gradebook
from autograder.course.commands import course_settings
from autograder.course.gradebook import Course, Total
from autograder.course.timestamps import is_time
from autograder.reports import class_data

pytestmark = pytest.mark.usefixtures("all_pass")

DUE, LATE = "2026-11-24 10:00:00 UTC", "2026-11-26 13:30:00 UTC"
ZERO = "c.LateSubmissionPlugin.penalty_method = 'zero'"


def report(course: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    """Grade the class; its rows by student."""
    main(["grade", "small", "--course", str(course), "--json", "-", *more])
    return {s["student"]: s for s in json.loads(capsys.readouterr().out)["submissions"]}


def due(course: Path, date: str = DUE) -> None:
    nbgrader(course, "db", "assignment", "add", "small", "--duedate", date)


# --- lateness -----------------------------------------------------------------------------------


def test_late_points_are_one_number_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course")
    course_of.submit(course, "ada", timestamp=LATE)
    course_of.submit(course, "bob", timestamp="2026-11-24 09:59:59 UTC")
    due(course)
    rows = report(course, capsys)
    assert rows["ada"]["score"] == small.ALL
    assert rows["ada"]["flags"] == ["late: 2 d 3 h"]  # named, though it costs nothing
    assert rows["bob"]["flags"] == []

    course_of.configured(course, ZERO)  # after the submissions have been graded
    rows = report(course, capsys)
    assert (rows["ada"]["score"], rows["bob"]["score"]) == (0, small.ALL)
    assert rows["ada"]["flags"] == ["late: 2 d 3 h, 7 points less"]
    command = ["small", "--course", str(course)]
    assert main(["grade", *command]) == 0
    assert "ada      graded     0/9" in capsys.readouterr().out
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        book.find_grade("observation_greedy", "small", "small", "ada").manual_score = 2
        book.db.commit()
    assert main(["feedback", *command]) == 0
    told = capsys.readouterr()
    assert "submitted late: ada (2 d 3 h, 9 points less)" in told.err
    page = (course / "feedback" / "ada" / "small" / "small.html").read_text(encoding="utf-8")
    assert "0 von 9 Punkten" in page
    assert "9 Punkte Abzug" in page
    assert main(["report", *command]) == 0
    page = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert "Verspätet abgegeben: ada (2 d 3 h, 9 Punkte Abzug)." in page
    assert 'data-label="Punkte">0/9</td>' in page
    assert main(["export", "csv", "small", str(tmp_path / "t.csv"), *command[1:]]) == 0
    line = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()[1]
    assert line.startswith("ada,,,,0,9,0,9,")


def test_an_extension_takes_a_penalty_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course", ZERO)
    course_of.submit(course, "ada", timestamp=LATE)
    due(course)
    assert report(course, capsys)["ada"]["score"] == 0
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        book.grant_extension("small", "ada", days=2)
    assert report(course, capsys)["ada"]["flags"] == ["late: 3 h 30 min, 7 points less"]
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        book.grant_extension("small", "ada", days=3)
    row = report(course, capsys)["ada"]
    assert (row["score"], row["flags"]) == (small.ALL, [])


def test_a_plugin_of_the_course_takes_points_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course")
    (course / "lateness.py").write_text(
        "from nbgrader.plugins import BasePlugin\n\n\nclass PerDay(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n"
        "        return 0.5 * (total_seconds_late // 86_400)\n"
    )
    course_of.configured(course, "c.AssignLatePenalties.plugin_class = 'lateness.PerDay'")
    course_of.submit(course, "ada", timestamp=LATE)
    due(course)
    assert report(course, capsys)["ada"]["score"] == small.ALL - 1
    with (course / "lateness.py").open("a") as file:
        file.write("\n\ndel PerDay.late_submission_penalty\n")
    sys.modules.pop("lateness")
    assert main(["grade", "small", "--course", str(course)]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "the penalty for lateness cannot be computed (ada): " in told


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, ""), (1, "1 min"), (3600, "1 h"), (90_061, "1 d 1 h")]
)
def test_lateness_reads_as_a_duration(seconds: float, text: str) -> None:
    assert Total(points=0, max_points=0, waiting=0, penalty=0, late_s=seconds).late == text


# --- the rest of the configuration --------------------------------------------------------------


def test_places_are_the_courses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Folders and database under other names, for all commands and for nbgrader's."""
    course = course_of.course(
        tmp_path / "course",
        "c.CourseDirectory.db_url = 'sqlite:///noten.db'",
        "c.CourseDirectory.source_directory = 'Quelle'",
        "c.CourseDirectory.release_directory = 'Ausgabe'",
        "c.CourseDirectory.submitted_directory = 'Abgaben'",
        "c.CourseDirectory.autograded_directory = 'Bewertet'",
        "c.CourseDirectory.feedback_directory = 'Rueck'",
        "c.CourseDirectory.directory_structure = '{nbgrader_step}/{assignment_id}/{student_id}'",
        "c.CourseDirectory.student_id_exclude = 'guest'",
        "c.CourseDirectory.course_id = 'info10'",
        "c.FeedbackPage.language = 'en'",
    )
    for student in ("ada", "guest"):
        folder = course_of.submit(course, student)
        (course / "Abgaben" / "small").mkdir(parents=True, exist_ok=True)
        folder.rename(course / "Abgaben" / "small" / student)
    (course / "source" / "small").rename(course / "source" / "moved")
    (course / "Quelle" / "small").mkdir(parents=True)
    (course / "source" / "moved").rename(course / "Quelle" / "small" / ".")
    (course / "gradebook.db").rename(course / "noten.db")
    rows = report(course, capsys)
    assert {name: row["score"] for name, row in rows.items()} == {"ada": small.ALL}
    assert not (course / "gradebook.db").exists()
    assert (course / "Bewertet" / "small" / "ada" / small.NAME).is_file()
    assert main(["feedback", "small", "--course", str(course)]) == 0
    page = course / "Rueck" / "small" / "ada" / "small.html"
    assert '<html lang="en">' in page.read_text(encoding="utf-8")
    assert [s.name for s in class_data.students(course, "small") if s.results] == ["ada"]
    with sqlite3.connect(course / "noten.db") as book:
        assert ("info10",) in book.execute("SELECT id FROM course").fetchall()
    book.close()


def test_kernel_limits_come_from_the_course(tmp_path: Path) -> None:
    course_of.configured(tmp_path, "c.TrustedExecute.memory_mib = 2048", "c.Execute.timeout = 90")
    found = course_settings(tmp_path)
    assert (found.time_limit_s, found.memory_mib) == (90, 2048)
    course_of.configured(tmp_path, "c.TrustedExecute.time_limit_s = 5", "c.Execute.timeout = 90")
    assert course_settings(tmp_path).time_limit_s == 5
    course_of.configured(tmp_path, "c.Execute.timeout = None")
    assert course_settings(tmp_path).time_limit_s == 86_400
    course_of.configured(tmp_path)
    assert course_settings(tmp_path).time_limit_s == 60


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("c.Nonsense.", "cannot be used: SyntaxError"),
        ("1 / 0", "cannot be used: ZeroDivisionError"),
        ("raise SystemExit(3)", "cannot be used: SystemExit"),
        ("c.CourseDirectory.root = '/elsewhere'", "run the command there, or with --course"),
    ],
)
def test_a_configuration_that_cannot_hold_is_named(
    tmp_path: Path, line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    course_of.configured(tmp_path, line)
    assert main(["grade", "small", "--course", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("kischule: ") == 1


# --- a gradebook that is in use -----------------------------------------------------------------


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a database as a program does that writes."""
    book = sqlite3.connect(path, isolation_level=None)
    try:
        book.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        book.close()


@pytest.mark.parametrize("command", ["grade", "feedback", "report"])
def test_a_locked_gradebook_is_a_sentence(
    tmp_path: Path,
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gradebook, "WAIT_S", 0.2)
    course = course_of.course(tmp_path / "course")
    course_of.submit(course, "ada")
    if command == "feedback":
        assert report(course, capsys)["ada"]["score"] == small.ALL
    with locked(course / "gradebook.db"):
        assert main([command, "small", "--course", str(course)]) in (2, 3)
    told = capsys.readouterr().err
    assert f"{course}/gradebook.db is locked by another program" in told
    assert "close that and repeat the command; nothing is lost" in told
    assert "Traceback" not in told
    assert report(course, capsys)["ada"]["score"] == small.ALL


def test_a_gradebook_locked_during_a_run_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradebook, "WAIT_S", 0.2)
    course = course_of.course(tmp_path / "course")
    for student in ("ada", "bob"):
        course_of.submit(course, student)
    held = contextlib.ExitStack()

    class Locking(course_of.AllPass):
        def run(self, *given: Any) -> Any:
            held.enter_context(locked(course / "gradebook.db"))
            yield from super().run(*given)

    with monkeypatch.context() as patch, held:
        patch.setattr("autograder.course.grade._engine", lambda *_: Locking())
        assert main(["grade", "small", "--course", str(course)]) == 2
    assert "what was graded is kept and goes into the gradebook then" in capsys.readouterr().err
    assert {row["score"] for row in report(course, capsys).values()} == {small.ALL}


def test_a_damaged_gradebook_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course")
    course_of.submit(course, "ada")
    (course / "gradebook.db").write_bytes(b"no database" * 1000)
    assert main(["grade", "small", "--course", str(course)]) == 2
    told = capsys.readouterr().err
    assert "gradebook.db cannot be used as a gradebook (file is not a database)" in told
    assert told.count("kischule: ") == 1


# --- times and names ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["gestern Abend", "9" * 90, "2026-13-45 10:00:00 UTC", "\udcff", "1 / 0 / 0", "UTC", ""]
)
def test_what_is_no_date_is_known(text: str) -> None:
    assert not is_time(text.encode(errors="surrogateescape"))
    assert is_time(b"2026-11-24 10:00:00.123456 UTC\n")


def test_a_timestamp_that_is_no_date_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course", ZERO)
    course_of.submit(course, "ada", timestamp="But I want to be a timestamp")
    (course_of.submit(course, "bob") / "timestamp.txt").mkdir()
    due(course)
    rows = report(course, capsys)
    assert {row["score"] for row in rows.values()} == {small.ALL}
    flag = "the time of submission is not a date"
    assert rows["ada"]["flags"] == [f"{flag}: 'But I want to be a timestamp'"]
    assert rows["bob"]["flags"] == [f"{flag}: ''"]
    assert main(["feedback", "small", "--course", str(course)]) == 0
    assert "since they were graded" not in capsys.readouterr().err


def test_nbgrader_grades_without_a_time_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course", ZERO)
    course_of.submit(course, "ada", timestamp="But I want to be a timestamp")
    (course_of.submit(course, "bob") / "timestamp.txt").mkdir()
    course_of.submit(course, "eve", timestamp=DUE)
    due(course)
    for again in ((), (), ("--force",)):  # a second run looks at the times of both folders
        log = nbgrader(course, "autograde", "small", *again)
    flag = "the time of submission is not a date"
    assert f"ada: {flag}: 'But I want to be a timestamp'" in log
    assert f"bob: {flag}: ''" in log
    assert f"eve: {flag}" not in log
    nbgrader(course, "generate_feedback", "small")
    scores = Course(course).totals("small")
    assert {name: score.points for name, score in scores.items()} == dict.fromkeys(
        ("ada", "bob", "eve"), small.ALL
    )
    rows = report(course, capsys)
    assert rows["ada"]["flags"] == [f"{flag}: 'But I want to be a timestamp'"]
    # an ordinary assignment is nbgrader's: it stops at such a file
    write(course / "source" / "ps1" / "p.ipynb", graded_cell("t", "assert True", 1))
    nbgrader(course, "generate_assignment", "ps1")
    submitted = course / "submitted" / "ada" / "ps1"
    shutil.copytree(course / "release" / "ps1", submitted)
    (submitted / "timestamp.txt").write_text("no date")
    nbgrader(course, "autograde", "ps1", status=1)


def test_nbgraders_own_commands_find_nothing_in_brackets(tmp_path: Path) -> None:
    """In a course folder or a student's with brackets in its name: docs/limits.md."""
    course = course_of.course(tmp_path / "Info [10b]")
    course_of.submit(course, "ada")
    for command in ("generate_assignment", "autograde"):
        log = nbgrader(course, command, "small", "--force", status=1)
        assert "No notebooks were matched by" in log
    course = course_of.course(tmp_path / "course")
    for student in ("ada", "x [9b]"):
        course_of.submit(course, student)
    assert "No notebooks were matched by" in nbgrader(course, "autograde", "small")
    assert list(Course(course).totals("small")) == ["ada"]


COMPOSED, DECOMPOSED = "j\u00f6rg", "jo\u0308rg"


def test_folders_may_have_any_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = course_of.course(tmp_path / "Info [10b] Gru\u0308n ")
    names = ["x [!9b]*", f"{DECOMPOSED} ", f"{COMPOSED} "]
    for name in names:
        course_of.submit(course, name, timestamp=DUE)
    checkpoints = course / "source" / "small" / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "small-checkpoint.ipynb").write_text("the solutions")
    rows = report(course, capsys)
    assert {name: row["score"] for name, row in rows.items()} == dict.fromkeys(names, small.ALL)
    command = ["small", "--course", str(course)]
    assert main(["feedback", *command]) == 0
    pages = capsys.readouterr().out.splitlines()
    assert sorted(Path(page).parents[1].name for page in pages) == sorted(names)
    for name in names:
        made = {p.name for p in (course / "feedback" / name / "small").iterdir()}
        assert made == {"small.html", "timestamp.txt"}  # not the graded notebook, with its rubric
    released = course / ".kischule" / "release" / "small"
    (course / ".kischule" / "registered-small").unlink()
    assert report(course, capsys, "--student", names[0])[names[0]]["score"] == small.ALL
    assert sorted(p.name for p in released.iterdir()) == ["AGENTS.md", small.NAME]
    assert {s.name for s in class_data.students(course, "small") if s.results} == set(names)
    assert main(["release", "small", "--check", *command[1:]]) == 1  # nothing is released yet


def test_a_typed_umlaut_finds_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = course_of.course(tmp_path / "course")
    course_of.submit(course, DECOMPOSED)
    assert list(report(course, capsys, "--student", COMPOSED)) == [DECOMPOSED]
    assert main(["feedback", "small", "--course", str(course), "--student", COMPOSED]) == 0
