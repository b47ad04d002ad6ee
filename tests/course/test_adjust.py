"""Decisions after grading: exercises that do not count, extensions, withdrawn submissions."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pytest
from attacks import small
from nbgrader.api import Gradebook
from support import nbgrader as course_of
from support.school import listing

from autograder.cli import main
from autograder.course import gradebook, release
from autograder.course.adjustments import Adjustments, apply
from autograder.course.pages import graded_students
from autograder.exercises.exercise import Level
from autograder.files import write_atomically
from autograder.grading.record import Record, Rules, Task
from autograder.lms.pages import pages_zip
from autograder.notebooks import reader
from autograder.notebooks.cells import grade_id_of, read_notebook, with_solutions
from autograder.reports import machine

REQUIRED = small.EXERCISES
BONUS = 2.0  # of filter_min_p, on top
MAX = 9.0  # with the observation, which has 2
WHY = ("--reason", "unfair")


class Wrong(course_of.AllPass):
    """An engine that runs nothing: each exercise that a submission names after `wrong:` fails."""

    tasks = 0

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
        for task in tasks:
            Wrong.tasks += 1
            (record,) = super().run(rules, [task])
            failed = [
                replace(r, passed=False, points=0.0)
                if f"wrong:{r.exercise}" in task.content.decode() and r.level != Level.MANUAL
                else r
                for r in record.results
            ]
            notebook = with_solutions(
                reader.parse(record.notebook), {"observation_greedy": "an answer"}
            )
            written = json.dumps(notebook).encode()  # as the worker does
            seconds = float(Wrong.tasks)  # another record each time
            yield replace(record, results=tuple(failed), notebook=written, seconds=seconds)


def submit(course: Path, student: str, *wrong: str) -> None:
    path = course_of.submit(course, student) / small.NAME
    notebook = read_notebook(path)
    for cell in notebook.cells:
        if grade_id_of(cell) == "observation_greedy":
            cell.source = f"{student} wrong:" + " wrong:".join(wrong)
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded course: ada has all, bob fails an exercise and the bonus, cy fails all."""
    course = tmp_path_factory.mktemp("adjust").resolve() / "course"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small, "EXERCISES", (*REQUIRED, "filter_min_p"))
        small.make(course)
        release.registered(course, "small")
        submit(course, "ada")
        submit(course, "bob", "filter_top_k", "filter_min_p")
        submit(course, "cy", *REQUIRED)
        patch.setattr("autograder.course.grade._engine", lambda *_: Wrong())
        assert main(["grade", "small", "--course", str(course), "--quiet"]) == 0
    return course


@pytest.fixture
def course(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: Wrong())
    monkeypatch.setattr(Wrong, "tasks", 0)
    return Path(shutil.copytree(made, tmp_path / "course"))


def run(course: Path, command: str, *more: str, status: int = 0) -> None:
    assert main([command, "small", *more, "--course", str(course)]) == status


def graded(course: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    run(course, "grade", "--json", "-", *more)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def scores(report: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {s["student"]: (s["score"], s["max_score"]) for s in report["submissions"]}


def formgrader(course: Path) -> dict[str, tuple[float, float]]:
    """The points as nbgrader's own gradebook shows them."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        found = book.assignment_submissions("small")
        return {s.student_id: (s.score, s.max_score) for s in found}


def by_hand(course: Path, student: str, name: str, **values: Any) -> tuple[Any, ...]:
    """Enter a teacher's points in formgrader; returns the row."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grade = book.find_grade(name, "small", "small", student)
        for field, value in values.items():
            setattr(grade, field, value)
        book.db.commit()
        needs = bool(grade.needs_manual_grade)
        return grade.auto_score, grade.manual_score, grade.extra_credit, needs


BEFORE = {"ada": (9.0, MAX), "bob": (4.0, MAX), "cy": (2.0, MAX)}


def test_the_course_before_any_adjustment(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = graded(course, capsys)
    assert scores(report) == formgrader(course) == BEFORE
    assert "adjustments" not in report


def test_a_dropped_exercise_counts_nowhere(
    course: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(course, "adjust", "--drop", "filter_top_k", *WHY)
    table = capsys.readouterr().out.splitlines()[2:]
    assert [line.split() for line in table] == [
        ["ada", "9/9", "6/6"],
        ["bob", "4/9", "4/6"],
        ["cy", "2/9", "2/6"],
    ]
    now = {"ada": (6.0, 6.0), "bob": (4.0, 6.0), "cy": (2.0, 6.0)}
    assert formgrader(course) == now
    report = graded(course, capsys)
    assert Wrong.tasks == 0  # nothing is run again
    assert scores(report) == formgrader(course) == now
    jsonschema.validate(report, json.loads(machine.SCHEMA.read_text(encoding="utf-8")))
    (entry,) = report["adjustments"]
    assert (entry["action"], entry["name"], entry["reason"]) == ("drop", "filter_top_k", "unfair")
    rows = [e for e in report["submissions"][0]["exercises"] if e["id"] == "filter_top_k"]
    assert [(e["points"], e["max_points"], e["passed"]) for e in rows] == [(0, 0, True)] * 2

    run(course, "grade", "--markdown", str(tmp_path / "t.md"))
    assert "filter_top_k does not count (" in capsys.readouterr().out
    assert "filter\\_top\\_k does not count (" in (tmp_path / "t.md").read_text(encoding="utf-8")
    run(course, "feedback", "--student", "bob")
    page = (course / "feedback" / "bob" / "small" / "small.html").read_text(encoding="utf-8")
    assert "4 von 6 Punkten" in page
    assert "Die Aufgabe filter_top_k zählt für niemanden." in page
    assert "Der Grund: unfair" in page
    assert "<code>filter_top_k</code></th>" in page
    assert '<td class="number">0/0</td>' in page
    run(course, "report")
    page = Path(capsys.readouterr().out.split()[-1]).read_text(encoding="utf-8")
    assert "filter_top_k zählt für niemanden (" in page
    assert 'data-label="Punkte">4/6</td>' in page
    assert main(["export", "csv", "small", str(tmp_path / "t.csv"), "--course", str(course)]) == 0
    assert "filter_top_k does not count (" in capsys.readouterr().err
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(r["points"], r["max_points"], r["test_filter_top_k"]) for r in rows] == [
        ("6", "6", "0"),
        ("4", "6", "0"),
        ("2", "6", "0"),
    ]


@pytest.mark.parametrize(
    ("exercise", "ada", "bob", "cy", "most"),
    [
        ("filter_top_k", 9, 7, 5, MAX),
        ("filter_min_p", 9, 6, 2, MAX),  # a bonus
        ("observation_greedy", 11, 6, 4, MAX),
    ],
)
def test_points_given_to_all_never_lower_anybody(
    course: Path,
    capsys: pytest.CaptureFixture[str],
    exercise: str,
    ada: float,
    bob: float,
    cy: float,
    most: float,
) -> None:
    run(course, "adjust", "--give", exercise, *WHY)
    now = {"ada": (ada, most), "bob": (bob, most), "cy": (cy, most)}
    assert formgrader(course) == now
    for more in ((), ("--force",)):
        assert scores(graded(course, capsys, *more)) == formgrader(course) == now
    if exercise == "filter_top_k":
        run(course, "feedback", "--student", "bob")
        page = (course / "feedback" / "bob" / "small" / "small.html").read_text(encoding="utf-8")
        assert f"{bob:g} von 9 Punkten" in page
        assert f"Für die Aufgabe {exercise} bekommen alle die volle Punktzahl." in page
    run(course, "adjust", "--undo", exercise, *WHY)
    assert scores(graded(course, capsys)) == formgrader(course) == BEFORE


@pytest.mark.parametrize("action", ["--drop", "--give"])
def test_points_by_hand_come_back(
    course: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """Points, extra credit and waiting answers, also if they equal what the adjustment enters."""
    entered = {
        ("ada", "test_filter_top_k"): {"manual_score": 0.0},
        ("bob", "hidden_filter_top_k"): {"manual_score": 2.0, "extra_credit": 0.5},
        ("cy", "hidden_filter_min_p"): {"manual_score": 0.0, "extra_credit": 0.25},
        ("bob", "observation_greedy"): {"manual_score": 1.5, "needs_manual_grade": False},
    }
    names = ("filter_top_k", "filter_min_p", "observation_greedy")
    before = {key: by_hand(course, *key, **values) for key, values in entered.items()}
    rows = small.rows(course / "gradebook.db")
    points = formgrader(course)
    run(course, "adjust", *(word for name in names for word in (action, name)), *WHY)
    run(course, "grade", "--force")
    if action == "--give":
        assert formgrader(course)["ada"][0] == points["ada"][0] + 1 + 2  # with the observation
        assert formgrader(course)["bob"][0] == points["bob"][0] + 1 + BONUS + 0.5
    else:
        assert formgrader(course) == {"ada": (4, 4), "bob": (4, 4), "cy": (0, 4)}
    by_hand(course, "ada", "observation_greedy", manual_score=1.0)  # a teacher goes on reading
    run(course, "adjust", *(word for name in names for word in ("--undo", name)), *WHY)
    assert {key: by_hand(course, *key) for key in entered} == before
    changed = [row for row in small.rows(course / "gradebook.db") if row not in rows]
    assert changed == [("ada", "observation_greedy", None, 1.0, None, 0)]
    run(course, "grade")
    assert formgrader(course)["bob"] == points["bob"]


def test_a_new_submission_is_adjusted_as_well(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(course, "adjust", "--drop", "filter_top_k", "--give", "filter_min_p", *WHY)
    submit(course, "ada", *REQUIRED, "filter_min_p")
    submit(course, "dan", "filter_min_p", "filter_top_k")
    found = scores(graded(course, capsys))
    assert Wrong.tasks == 2
    assert found == formgrader(course)
    assert (found["ada"], found["dan"]) == ((BONUS, 6.0), (4 + BONUS, 6.0))
    run(course, "adjust", "--undo", "filter_top_k", "--undo", "filter_min_p", *WHY)
    assert (formgrader(course)["ada"], formgrader(course)["dan"]) == ((0.0, MAX), (4.0, MAX))
    (course / "gradebook.db").unlink()
    assert scores(graded(course, capsys)) == formgrader(course)


def test_adjustments_outlive_the_gradebook(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand(course, "bob", "hidden_filter_top_k", manual_score=1.0)
    run(course, "adjust", "--drop", "filter_top_k", *WHY)
    now = formgrader(course)
    (course / "gradebook.db").unlink()
    assert scores(graded(course, capsys)) == formgrader(course) == now
    assert Wrong.tasks == 0
    run(course, "adjust", "--undo", "filter_top_k", *WHY)
    assert formgrader(course) == {**BEFORE, "bob": (5.0, MAX)}  # and so do points by hand


def test_points_without_a_record_come_back(course: Path) -> None:
    """As after an upgrade, until the next grading."""
    shutil.rmtree(course / ".kischule" / "records")
    rows = small.rows(course / "gradebook.db")
    exercises = ("filter_top_k", "filter_min_p", "observation_greedy")
    for action in ("--drop", "--give"):
        run(course, "adjust", *(word for name in exercises for word in (action, name)), *WHY)
    assert formgrader(course)["cy"] == (7.0, MAX)
    assert formgrader(course)["bob"] == (9.0, MAX)  # without the bonus: its points are unknown
    run(course, "adjust", *(word for name in exercises for word in ("--undo", name)), *WHY)
    assert small.rows(course / "gradebook.db") == rows


def test_an_interrupted_adjustment_is_completed(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand(course, "ada", "hidden_filter_top_k", manual_score=0.0)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("autograder.course.gradebook.Course.assign_penalties", stopped)
        run(course, "adjust", "--drop", "filter_top_k", *WHY, status=130)
        run(course, "adjust", "--undo", "filter_top_k", *WHY, status=130)
    assert by_hand(course, "ada", "hidden_filter_top_k") == (2.0, 0.0, None, False)
    with monkeypatch.context() as patch:
        patch.setattr(gradebook, "apply", lambda *given: stopped(apply(*given)))  # not committed
        run(course, "adjust", "--drop", "filter_top_k", *WHY, status=130)
    assert scores(graded(course, capsys)) == formgrader(course)
    assert formgrader(course)["ada"] == (6.0, 6.0)
    run(course, "adjust", "--undo", "filter_top_k", *WHY)
    assert by_hand(course, "ada", "hidden_filter_top_k") == (2.0, 0.0, None, False)


def test_a_withdrawn_submission_is_in_no_table(
    course: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for student in BEFORE:
        write_atomically(course / "feedback" / student / "small" / "small.html", b"a page")
    run(course, "adjust", "--withdraw", "bob", *WHY)
    assert "bob         4/9    –" in capsys.readouterr().out
    run(course, "grade")
    told = capsys.readouterr()
    assert "bob " not in told.out.replace("bob is withdrawn", "")
    assert "withdrawn, left out: bob" in told.err
    for command in ("grade", "feedback"):
        run(course, command, "--student", "bob", status=2)
        assert "the submission of 'bob' is withdrawn: `kischule adj" in capsys.readouterr().err
    assert list(scores(graded(course, capsys))) == ["ada", "cy"]
    assert graded_students(course, "small") == ["ada", "cy"]
    run(course, "report")
    page = Path(capsys.readouterr().out.split()[-1]).read_text(encoding="utf-8")
    assert 'id="s-bob"' not in page
    assert "Die Abgabe von bob ist zurückgezogen (" in page
    assert main(["export", "csv", "small", str(tmp_path / "t.csv"), "--course", str(course)]) == 0
    assert "bob is withdrawn (" in capsys.readouterr().err
    assert "bob" not in (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    content, notes = pages_zip(course, "small", {s: s for s in BEFORE})
    assert sorted(listing(content)) == ["ada/small.html", "cy/small.html"]
    assert notes == []
    run(course, "adjust", "--undo", "bob", *WHY)
    assert scores(graded(course, capsys)) == BEFORE
    assert Wrong.tasks == 0


def test_wrong_names_and_missing_reasons_are_sentences(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, words in (
        (("--drop", "filter_top_k"), "an adjustment needs --reason TEXT, for the log"),
        (("--drop", "filter", *WHY), "--drop must be one of encode_prompt, "),
        (("--drop", "top_tokens", *WHY), "was: top_tokens"),  # not in this notebook
        (("--withdraw", "zoe", *WHY), "--withdraw must be one of ada, bob, cy, was: zoe"),
        (("--undo", "filter_top_k", *WHY), "--undo must be one of none, was: filter_top_k"),
        (("--extend", "ada", *WHY), "--extend needs --hours"),
        (("--extend", "ada", "--hours", "-1", *WHY), "--extend needs --hours"),
        (("--drop", "filter_top_k", "--hours", "1", *WHY), "--extend needs --hours"),
    ):
        run(course, "adjust", *arguments, status=2)
        told = capsys.readouterr().err
        assert words in told
        assert told.count("\n") == 1
    assert Adjustments.of(course, "small") == Adjustments()
    (course / ".kischule" / "adjustments").mkdir()
    (course / ".kischule" / "adjustments" / "small.json").write_text('{"log": 1}')
    run(course, "grade", status=2)
    assert "adjustments/small.json: 'log' has the wrong type" in capsys.readouterr().err


def test_the_log_keeps_who_when_and_why(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(course, "adjust", "--drop", "filter_top_k", "--reason", "case 3 was wrong")
    run(course, "adjust", "--undo", "filter_top_k", "--reason", "it was right")
    capsys.readouterr()
    run(course, "adjust")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"filter_top_k does not count \(\S+, \d{4}-\d\d-\d\d \d\d:\d\d: case 3 was wrong\)", first
    )
    assert first.replace("does not count", "is as graded again")[:35] == second[:35]


def autograded_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    def passed(rules: Any, task: Any) -> Record:
        return next(Wrong().run(rules, [task]))

    monkeypatch.setattr("autograder.course.commands.grade_submission", passed)
    monkeypatch.setattr("autograder.course.commands.settle", lambda settings: (settings, ""))


def test_nbgraders_own_commands_follow_adjustments(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    autograded_without_kernels(monkeypatch)
    by_hand(course, "ada", "test_filter_top_k", manual_score=0.5)
    run(course, "adjust", "--drop", "filter_top_k", "--give", "observation_greedy", *WHY)
    now = formgrader(course)
    assert now == {"ada": (8, 6), "bob": (6, 6), "cy": (4, 6)}
    course_of.nbgrader(course, "autograde", "small", "--student", "ada", "--force")
    assert formgrader(course) == now
    run(course, "adjust", "--undo", "filter_top_k", *WHY)
    assert by_hand(course, "ada", "test_filter_top_k") == (1.0, 0.5, None, False)


# --- points that change in the source -------------------------------------------------------------


def set_points(course: Path, **points: float) -> None:
    path = course / "source" / "small" / small.NAME
    notebook = read_notebook(path)
    for cell in notebook.cells:
        if (name := grade_id_of(cell)) in points:
            cell.metadata.nbgrader.points = points[name]
    nbformat.write(notebook, path)


def test_changed_points_are_applied_without_a_run(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_points(course, test_filter_top_k=4, hidden_filter_top_k=0.5, observation_greedy=3)
    monkeypatch.setattr(release, "run_problems", lambda *_: [])  # they are right
    run(course, "release", "--yes")
    now = {"ada": (10.5, 11.5), "bob": (4.0, 11.5), "cy": (2.0, 11.5)}
    assert formgrader(course) == now
    report = graded(course, capsys)
    assert scores(report) == formgrader(course) == now
    assert Wrong.tasks == 0
    rows = {e["id"] + e["level"]: e for e in report["submissions"][0]["exercises"]}
    found = [rows[f"filter_top_k{level}"] for level in ("public", "hidden")]
    assert [(e["points"], e["max_points"]) for e in found] == [(4, 4), (0.5, 0.5)]
    run(course, "feedback", "--student", "ada")
    page = (course / "feedback" / "ada" / "small" / "small.html").read_text(encoding="utf-8")
    assert "10,5 von 11,5 Punkten" in page
    assert '<td class="number">4,5/4,5</td>' in page
    assert "4 von 4 Punkten" in page  # in the notebook
    assert main(["grade", "small", "--course", str(course), "--force", "--quiet"]) == 0
    assert formgrader(course) == now


def test_changed_points_of_a_dropped_exercise_wait(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(course, "adjust", "--drop", "filter_top_k", "--give", "repetition_rate", *WHY)
    before = formgrader(course)
    set_points(course, test_filter_top_k=4, hidden_filter_top_k=0.5)
    monkeypatch.setattr(release, "run_problems", lambda *_: [])  # they are right
    run(course, "release", "--yes")
    assert scores(graded(course, capsys)) == formgrader(course) == before
    run(course, "adjust", "--undo", "filter_top_k", "--undo", "repetition_rate", *WHY)
    now = {"ada": (10.5, 10.5), "bob": (4.0, 10.5), "cy": (2.0, 10.5)}
    assert scores(graded(course, capsys)) == formgrader(course) == now
    assert Wrong.tasks == 0


# --- extensions -----------------------------------------------------------------------------------


def test_an_extension_is_the_same_for_nbgrader(
    course: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One number in our table and in nbgrader's export, whoever grades."""
    autograded_without_kernels(monkeypatch)
    course_of.configured(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    for student in ("ada", "bob"):
        stamp = course / "submitted" / student / "small" / "timestamp.txt"
        stamp.write_text("2026-11-26 13:30:00 UTC")
    run(course, "adjust", "--extend", "ada", "--hours", "48", *WHY)
    assert "ada: the extension waits for a due date" in capsys.readouterr().err
    due = "2026-11-24 10:00:00 UTC"
    course_of.nbgrader(course, "db", "assignment", "add", "small", "--duedate", due)
    for hours, late in (("48", 12_600.0), ("52", 0.0)):
        run(course, "adjust", "--extend", "ada", "--hours", hours, *WHY)
        ours = scores(graded(course, capsys))
        assert ours["bob"] == (0, MAX)
        assert ours["ada"] == ((0 if late else 9), MAX)
        for student in ("", "ada"):
            if student:
                more = ("--student", student, "--force")
                course_of.nbgrader(course, "autograde", "small", *more)
            target = tmp_path / "grades.csv"
            course_of.nbgrader(course, "export", "--to", str(target))
            with target.open(encoding="utf-8") as file:
                stock = {r["student_id"]: float(r["score"]) for r in csv.DictReader(file)}
            assert stock == {student: score for student, (score, _) in ours.items()}
            with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
                assert book.find_submission("small", "ada").total_seconds_late == late
    run(course, "adjust", "--undo", "ada", *WHY)
    assert scores(graded(course, capsys))["ada"] == (0, MAX)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        assert book.find_submission("small", "ada").extension is None


def test_an_extension_may_come_before_the_submission(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course_of.configured(course, "c.LateSubmissionPlugin.penalty_method = 'zero'")
    due = "2026-11-24 10:00:00 UTC"
    course_of.nbgrader(course, "db", "assignment", "add", "small", "--duedate", due)
    run(course, "adjust", "--extend", "eve", "--hours", "72", *WHY)
    assert "eve: the extension waits for" in capsys.readouterr().err
    assert "eve" not in formgrader(course)
    submit(course, "eve")
    stamp = course / "submitted" / "eve" / "small" / "timestamp.txt"
    stamp.write_text("2026-11-26 13:30:00 UTC")
    row = next(s for s in graded(course, capsys)["submissions"] if s["student"] == "eve")
    assert (row["score"], row["flags"]) == (9, [])


def test_an_extension_without_a_due_date_costs_nothing(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Granted by nbgrader's own call; its lateness raises then."""
    stamp = course / "submitted" / "ada" / "small" / "timestamp.txt"
    stamp.write_text("2026-11-26 13:30:00 UTC")
    assert scores(graded(course, capsys)) == BEFORE
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        book.grant_extension("small", "ada", days=2)
    assert scores(graded(course, capsys)) == BEFORE
