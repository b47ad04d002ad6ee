"""A whole course: the demo's class, bad submissions among good ones, and nbgrader's own commands.

Everything here is real: kernels, nbgrader, a SQLite gradebook. The course is made once.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small, structure
from nbconvert import HTMLExporter
from support import school
from support.nbgrader import nbgrader
from support.notebooks import EXERCISES, ROOT, short
from traitlets.config import Config

from autograder.checking.result import Result
from autograder.cli import main
from autograder.cli.demo import MISTAKES
from autograder.course import release
from autograder.course.configuration import configure
from autograder.course.gradebook import Course
from autograder.course.writer import Entry, GradebookWriter
from autograder.exercises.exercise import PACKAGED, Level
from autograder.feedback import student_page
from autograder.grading.record import Record, Status, key_of
from autograder.grading.settings import SANDBOXES
from autograder.notebooks.answers import TEXT_STUB
from autograder.notebooks.cells import is_graded, read_notebook, with_solutions
from kischule.i18n import Text

NAME = "A7_2.ipynb"
AUTO, ALL = 46, 54  # points that the machine gives, and all
BONUS = 6  # on top
STUDENTS = sorted(["reference", "other_style", "blank", *MISTAKES])


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course that `kischule demo` leaves behind, its submissions without display cells."""
    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "autograder.cli.demo.with_solutions", lambda *given: short(with_solutions(*given))
        )
        # its problems are tested in test_release.py
        patch.setattr("autograder.course.release.run_problems", lambda *_: [])
        assert main(["demo", "--keep", str(folder)]) == 0
    return folder


def graded(course: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    command = ["grade", "a7_2", "--course", str(course), "--time-limit", "10", "--json", "-"]
    status = main([*command, *more])
    return status, json.loads(capsys.readouterr().out)


def by_student(report: dict[str, Any]) -> dict[str, Any]:
    return {s["student"]: s for s in report["submissions"]}


def test_the_demo_grades_eight_submissions_as_they_deserve(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report = graded(course, capsys)
    assert status == 0
    found = by_student(report)
    scores = {name: (s["status"], s["score"]) for name, s in found.items()}
    full = AUTO + BONUS
    assert scores == {
        "blank": ("graded", 0),
        "crossing": ("graded", full - 4),  # sampling is judged with a working top_p
        "logits": ("graded", full - 3),  # and beam search with probabilities
        "never_ends": ("timeout", full - 5),
        "other_style": ("graded", full),
        "penalty": ("graded", full - 3),
        "reference": ("graded", full),
        "too_hot": ("graded", full - 7),
    }
    assert {s["max_score"] for s in found.values()} == {ALL}
    assert set(report) == {"assignment", "seed_id", "model", "isolation", "submissions"}
    assert {s["isolation"] for s in found.values()} == {report["isolation"]} <= set(SANDBOXES)
    failed = [e for e in found["too_hot"]["exercises"] if e["passed"] is False]
    assert [(e["id"], e["level"]) for e in failed] == [
        ("sample_decode", "public"),
        ("sample_decode", "hidden"),
    ]
    assert "Sie gehört vor top_k und top_p" in failed[0]["message"]
    working = [e for e in found["penalty"]["exercises"] if "Bewertet mit" in e["message"]]
    assert [(e["id"], e["passed"]) for e in working] == [("sample_decode", True)] * 2
    waiting = [e["id"] for e in found["reference"]["exercises"] if e["passed"] is None]
    assert waiting == [f"observation_{n}" for n in ("greedy", "sampling", "prompt", "endoftext")]


def test_a_second_run_grades_nobody_again(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    autograded = course / "autograded" / "reference" / "a7_2" / NAME
    before = autograded.stat().st_mtime_ns
    first, second = graded(course, capsys)[1], graded(course, capsys)[1]
    assert first == second
    assert autograded.stat().st_mtime_ns == before


def test_a_score_given_by_hand_counts_and_stays(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grade = book.find_grade("observation_greedy", "A7_2", "a7_2", "too_hot")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    found = by_student(graded(course, capsys)[1])["too_hot"]
    assert found["score"] == AUTO + BONUS - 7 + 2
    exercise = next(e for e in found["exercises"] if e["id"] == "observation_greedy")
    assert (exercise["points"], exercise["passed"]) == (2, True)


def _outside(text: str) -> list[str]:
    """All that a browser would load from elsewhere, or run. A link may lead elsewhere."""
    loaded = r'<script|<iframe|<link|\son\w+=|src="(?!data:)[^"]*|url\([^)#]*\)|href="javascript'
    return re.findall(loaded, text)


def test_feedback_pages_and_the_class_page_stand_alone(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feedback", "a7_2", "--course", str(course)]) == 0
    paths = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(path.parents[1].name for path in paths) == STUDENTS
    pages = {path.parents[1].name: path.read_text(encoding="utf-8") for path in paths}
    for page in pages.values():
        assert _outside(page) == []
        assert "MARK SCHEME" not in page
        assert "7.2 Textgenerierung mit GPT-2" in page
        assert "colab.research.google.com" not in page
        assert "Bewertung (2" not in page  # the rubric
    assert "Hier kommt die Temperatur nach dem Abschneiden" in pages["too_hot"]
    assert 'aria-label="Wie oft jedes Token ausgelost wird.' in pages["too_hot"]
    assert "Alle 13 Aufgaben mit Code sind gelöst" in pages["other_style"]
    assert main(["report", "a7_2", "--course", str(course), "--language", "en"]) == 0
    report = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert _outside(report) == []
    assert "8 submissions, 8 graded." in report
    assert "7 submissions have answers that wait for your points" in report
    for said in (
        "Who needs a talk?",
        "grading ended with: timeout",
        "worth a question, not a verdict",
    ):
        assert said in report


def test_feedback_in_english_for_one_student(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["feedback", "a7_2", "--course", str(course), "--student", "crossing"]
    assert main([*command, "--language", "en"]) == 0
    page = Path(capsys.readouterr().out.strip()).read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert "What to do next" in page
    assert main([*command[:-1], "nobody"]) == 2
    assert "'nobody' has no graded submission for 'a7_2'" in capsys.readouterr().err


def test_a_broken_notebook_costs_no_other_student_the_page(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = course / "autograded" / "penalty" / "a7_2" / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    try:
        command = ["feedback", "a7_2", "--course", str(course)]
        assert main([*command, "--student", "penalty", "--student", "crossing"]) == 3
        said = capsys.readouterr()
        assert said.out.strip().endswith("feedback/crossing/a7_2/A7_2.html")
        assert said.err.startswith("penalty: ")
    finally:
        path.write_bytes(whole)


def test_extra_credit_and_bonus_by_hand_survive_a_regrading(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def grades(**changes: dict[str, Any]) -> list[tuple[Any, ...]]:
        with Course(course)._gradebook() as book:
            found = []
            for name in ("test_top_tokens", "test_beam_search"):
                grade = book.find_grade(name, "A7_2", "a7_2", "other_style")
                for field, value in changes.get(name, {}).items():
                    setattr(grade, field, value)
                found.append((grade.auto_score, grade.manual_score, grade.extra_credit))
            book.db.commit()
            return found

    before = grades()
    given = grades(
        test_top_tokens={"extra_credit": 0.5},
        test_beam_search={"manual_score": 0, "extra_credit": 0},
    )
    with Course(course)._gradebook() as book:
        read = book.find_grade("observation_greedy", "A7_2", "a7_2", "other_style")
        read.manual_score, read.needs_manual_grade = 1, False
        book.db.commit()
    for more in ((), ("--force", "--student", "other_style")):
        status, report = graded(course, capsys, *more)
        assert status == 0
        assert grades() == given == [(1, None, 0.5), (0, 0, 0)]
        row = by_student(report)["other_style"]
        assert row["score"] == AUTO + BONUS + 0.5 - 2 + 1
        by_hand = {e["id"]: e["passed"] for e in row["exercises"] if e["level"] == "manual"}
        assert by_hand["observation_greedy"] is True  # it does not wait again
        assert list(by_hand.values()).count(None) == 3
    page = Course(course).feedback("a7_2", "other_style").read_text(encoding="utf-8")
    assert "Bis zu 6 Punkte kommen noch dazu" in page
    grades(
        test_top_tokens={"extra_credit": None},
        test_beam_search={"manual_score": None, "extra_credit": before[1][2]},
    )


def test_a_bonus_is_extra_credit_in_nbgraders_gradebook(course: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        (notebook,) = book.find_submission("a7_2", "reference").notebooks
        rows = [(g.name, g.auto_score, g.extra_credit) for g in notebook.grades if g.extra_credit]
    assert sorted(rows) == [
        ("hidden_beam_search", 0.0, 2.0),
        ("hidden_filter_min_p", 0.0, 1.0),
        ("test_beam_search", 0.0, 2.0),
        ("test_filter_min_p", 0.0, 1.0),
    ]


def _submit(course: Path, student: str, content: bytes, name: str = small.NAME) -> None:
    folder = course / "submitted" / student / "small"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)


def test_bad_submissions_cost_no_other_any_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path
    small.make(course)
    good = small.submission(read_notebook(release.registered(course, "small")[0]), None, {})
    small.write(course, "reference", good)

    def changed(edit: Any) -> bytes:
        notebook = nbformat.reads(nbformat.writes(good), as_version=4)
        edit(notebook)
        return json.dumps(notebook).encode()

    def cell(notebook: Any, name: str) -> Any:
        return next(
            c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name
        )

    def lacks_cells(notebook: Any) -> None:
        notebook.cells.remove(cell(notebook, "filter_top_k"))
        notebook.cells.remove(cell(notebook, "test_encode_prompt"))

    def syntax_error(notebook: Any) -> None:
        cell(notebook, "filter_top_k").source = "def filter_top_k(:\n"

    def hostile(notebook: Any) -> None:
        """Its own points, tests and metadata, and two versions of one solution."""
        notebook.metadata = {"kernelspec": {"name": "nonsense"}}
        test = cell(notebook, "test_filter_top_k")
        test.source, test.metadata.nbgrader.points = "1000", 1000
        cell(notebook, "hidden_filter_top_k").metadata.nbgrader.schema_version = 99
        twice = nbformat.from_dict(dict(cell(notebook, "filter_top_k")))
        twice["source"] = "filter_top_k = None"
        notebook.cells.append(twice)
        notebook.cells.append(nbformat.v4.new_code_cell("# ein Zusatz"))

    def moved(notebook: Any) -> None:
        """A solution in a new cell, another one split, an answer below the given cell."""
        given = cell(notebook, "filter_top_k")
        notebook.cells[notebook.cells.index(given)] = nbformat.v4.new_code_cell(given.source)
        first = cell(notebook, "encode_prompt")
        second = nbformat.from_dict({**first, "id": "second"})
        first.source, _, second.source = first.source.partition("\n\n\n")
        notebook.cells.insert(notebook.cells.index(first) + 1, second)
        answer = cell(notebook, "observation_greedy")
        picture = {"image.png": {"image/png": small.PNG}}
        below = nbformat.v4.new_markdown_cell(f"![x](attachment:image.png) {answer.source}")
        below["attachments"] = picture
        notebook.cells.append(below)
        answer.source = TEXT_STUB

    def stripped(notebook: Any) -> None:
        """A converter's notebook: no metadata, other ids, other blanks."""
        for number, each in enumerate(notebook.cells):
            each.metadata, each.id = nbformat.from_dict({}), f"c{number}"
            each.source = each.source.rstrip() + "\n"

    _submit(course, "good_moved", changed(moved))
    _submit(course, "good_stripped", changed(stripped))
    _submit(course, "bad_json", b"{ not json")
    _submit(course, "bad_shape", b'{"nbformat": 4, "cells": [1, 2]}')
    _submit(course, "bad_missing", changed(lacks_cells), "a7_2 (1).ipynb")
    _submit(course, "bad_syntax", changed(syntax_error))
    _submit(course, "bad_hostile", changed(hostile))
    _submit(course, "bad_empty", b"", "readme.txt")
    _submit(course, "bad_link", b"", "readme.txt")
    (course / "submitted" / "bad_link" / "small" / small.NAME).symlink_to(course / "gradebook.db")
    _submit(course, "bad_dies", changed(lambda n: n.cells.insert(3, _dies())))

    assert main(["grade", "small", "--course", str(course), "--json", "-"]) == 3
    found = by_student(json.loads(capsys.readouterr().out))
    for name, flags in {
        "reference": [],
        "good_moved": [
            "doubled: encode_prompt",
            "in another cell: filter_top_k",
            "in another cell: observation_greedy",
        ],
        "good_stripped": ["without metadata: 12 cells"],
    }.items():
        assert (found[name]["score"], found[name]["flags"]) == (small.ALL, flags)
        waiting = [e["id"] for e in found[name]["exercises"] if e["passed"] is None]
        assert waiting == ["observation_greedy"]
    page = Course(course).feedback("small", "good_moved").read_text(encoding="utf-8")
    assert f'src="data:image/png;base64,{small.PNG}"' in page
    for name, words in {
        "bad_json": "not JSON",
        "bad_shape": "not a notebook",
        "bad_empty": "must hold small.ipynb, was: no notebook",
        "bad_link": "cannot be opened as a file",
    }.items():
        assert (found[name]["status"], found[name]["score"]) == ("unreadable", 0), name
        assert words in found[name]["flags"][0]
    # the kernel was started again, and the cells before and after that one ran
    assert (found["bad_dies"]["status"], found["bad_dies"]["score"]) == ("graded", small.ALL)
    assert found["bad_dies"]["flags"] == ["kernel ended (died): added-3"]
    for name in ("bad_missing", "bad_syntax", "bad_hostile"):
        points = found[name]["score"]
        assert (found[name]["status"], points) == ("graded", small.ALL - 3), name
        failed = {e["id"] for e in found[name]["exercises"] if e["passed"] is False}
        assert failed == {"filter_top_k"}
    assert found["bad_missing"]["flags"] == [
        "renamed: a7_2 (1).ipynb",
        "missing: test_encode_prompt",
        "missing: filter_top_k",
    ]
    assert found["bad_hostile"]["flags"] == ["doubled: filter_top_k", "changed: test_filter_top_k"]


def _dies() -> Any:
    return nbformat.v4.new_code_cell("import ctypes\nctypes.string_at(0)")


def _nbgrader(course: Path, *arguments: str) -> str:
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        [str(binaries / "nbgrader"), *arguments],
        cwd=course,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small course that only nbgrader's own commands have touched."""
    folder = tmp_path_factory.mktemp("stock").resolve()
    small.make(folder)
    nbgrader(folder, "generate_assignment", "small")
    return folder


def test_nbgraders_own_commands_use_the_same_worker(stock: Path) -> None:
    """`nbgrader autograde`: honest, loud and hostile submissions; one stops none of the others."""
    released = read_notebook(stock / "release" / "small" / small.NAME)
    honest = small.submission(released, None, {})
    loud = json.loads(json.dumps(honest))
    for cell in loud["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = "import os; os.write(2, b'warning'); print('x')\n" + cell["source"]
    forging = next(a for a in small.attacks() if a.name == "forge/patched_check")
    later = json.loads(json.dumps(honest))
    structure.later_schema(later)
    for student, notebook in {
        "honest": honest,
        "loud": loud,
        "forging": small.submission(released, forging, {}),
        "later": later,
    }.items():
        small.write(stock, student, notebook)
    _nbgrader(stock, "autograde", "small")
    assert small.points(stock) == {
        "honest": small.ALL,
        "loud": small.ALL,
        "later": small.ALL,
        "forging": small.SOLVED,
    }
    (small.write(stock, "link", honest)).unlink()
    structure.link(honest, stock / "submitted" / "link" / "small" / small.NAME)
    log = nbgrader(stock, "autograde", "small", "--student", "link", status=1)
    assert "cannot be opened as a file" in log


def test_formgraders_button_works_within_its_event_loop(stock: Path) -> None:
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    config = Config()
    configure(config)
    directory = CourseDirectory(config=config, root=str(stock))

    async def pressed() -> Any:
        return NbGraderAPI(directory, config=config).autograde("small", "honest")

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(stock)
        result = asyncio.run(pressed())
    assert result["success"], result
    assert small.points(stock)["honest"] == small.ALL


@pytest.mark.slow
def test_feedback_and_validation_go_on_working(stock: Path) -> None:
    released = stock / "release" / "small" / small.NAME
    small.write(stock, "honest", small.submission(read_notebook(released), None, {}))
    _nbgrader(stock, "autograde", "small", "--student", "honest", "--force")
    path = stock / "autograded" / "honest" / "small" / small.NAME
    assert "MARK SCHEME" not in path.read_text(encoding="utf-8")
    _nbgrader(stock, "generate_feedback", "small", "--student", "honest")
    page = (stock / "feedback" / "honest" / "small" / "small.html").read_text(encoding="utf-8")
    assert "MARK SCHEME" not in page
    assert "Beobachtung 1" in page
    assert "filter_top_k (neue Fälle): bestanden" in page
    submitted = stock / "submitted" / "honest" / "small" / small.NAME
    assert "Success" in _nbgrader(stock, "validate", str(submitted))
    assert "FAILED" in _nbgrader(stock, "validate", str(released)).upper()


def test_a_teachers_scores_and_comments_survive_a_regrading(stock: Path) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{stock}/gradebook.db") as book:
        grade = book.find_grade("test_filter_top_k", "small", "small", "forging")
        grade.manual_score = 0.5
        comment = book.find_comment("observation_greedy", "small", "small", "forging")
        comment.manual_comment = "Bitte sprechen Sie mich an."
        book.db.commit()
    nbgrader(stock, "autograde", "small", "--student", "forging", "--force")
    with Gradebook(f"sqlite:///{stock}/gradebook.db") as book:
        grade = book.find_grade("test_filter_top_k", "small", "small", "forging")
        assert (grade.auto_score, grade.manual_score, grade.score) == (0, 0.5, 0.5)
        comment = book.find_comment("observation_greedy", "small", "small", "forging")
        assert comment.comment == "Bitte sprechen Sie mich an."


def test_points_by_hand_wait_only_for_a_new_text(tmp_path: Path) -> None:
    """The same file again, a new one with the same answer, and one with another; without a run."""
    folder = school.course(tmp_path / "course")
    released = read_notebook(release.registered(folder, "a7_2")[0])
    cells = {cell.id: cell for cell in released.cells}
    book = Course(folder)

    def written(answer: str, code: str = "") -> dict[str, bool]:
        """Write a record; give both cells a point by hand; returns which of them waited before."""
        cells["observation_greedy"].source, cells["top_tokens"].source = answer, code
        record = Record(
            key=key_of(answer.encode(), code.encode()),
            status=Status.GRADED,
            seconds=time.monotonic(),  # another run, as with --force
            results=(
                Result.manual(exercise="observation_greedy", max_points=2),
                Result.failed(
                    PACKAGED["top_tokens"], Level.PUBLIC, kind="value", sentence=Text.same("x")
                ),
            ),
            notebook=json.dumps(released).encode(),
        )
        writer = GradebookWriter(folder, "a7_2", b"")
        writer.store.write("a7_2", record)
        assert writer.write(Entry("ada", {NAME: record}, {}))
        writer.close()
        with book._gradebook() as grades:
            found = {}
            for name in ("observation_greedy", "test_top_tokens"):
                grade = grades.find_grade(name, "A7_2", "a7_2", "ada")
                found[name] = bool(grade.needs_manual_grade)
                grade.manual_score, grade.needs_manual_grade = 1, False
            grades.db.commit()
            return found

    first, code = "Es wiederholt sich.", "x = 1"
    assert written(first) == {"observation_greedy": True, "test_top_tokens": False}
    assert written(first) == {"observation_greedy": False, "test_top_tokens": False}
    assert written(first, code) == {"observation_greedy": False, "test_top_tokens": True}
    assert written("Anders.", code) == {"observation_greedy": True, "test_top_tokens": False}


def test_points_that_nobody_judged_do_not_count(tmp_path: Path) -> None:
    """A record that names points beside "not judged", as a fault of ours might write it."""
    folder = school.course(tmp_path / "course")
    exercise = PACKAGED["top_tokens"]
    failed = Result.failed(exercise, Level.PUBLIC, kind="value", sentence=Text.same("x"))
    released = (release.registered(folder, "a7_2")[0]).read_bytes()
    writer = GradebookWriter(folder, "a7_2", b"")
    for passed, points in ((None, 0.0), (True, 1.0)):
        record = Record(
            key=key_of(str(passed).encode()),
            status=Status.GRADED,
            results=(replace(failed, passed=passed, points=2.0, max_points=2.0),),
            notebook=released,
        )
        assert writer.write(Entry("ada", {NAME: record}, {}))
        assert Course(folder).scores("a7_2")["ada"]["test_top_tokens"].points == points
    writer.close()


def test_the_page_promises_no_points_that_are_there_already() -> None:
    """An answer may wait for a second look and hold the points of the first."""
    notebook = read_notebook(ROOT / "release" / "a7_2" / NAME)
    given = {"observation_greedy": 2, "observation_prompt": 1}
    for cell in notebook.cells:
        if is_graded(cell):
            cell.metadata.nbgrader |= {"score": given.get(cell.id), "waits": cell.id in given}
    remarks = student_page.page(
        notebook,
        {},
        EXERCISES,
        dropped={},
        given={},
        name="A7_2",
        student="Ada",
        points=3,
        max_points=54,
        penalty=0,
        language="de",
    ).remarks
    # one more for the second, and two for each of those that nobody has read
    assert remarks == ("Bis zu 5 Punkte kommen noch dazu, wenn Ihre Antworten gelesen sind.",)


def test_pictures_of_an_answer_show_and_others_do_not() -> None:
    """On formgrader's page; a link stays text, also around a picture."""
    config = Config()
    configure(config)
    text = (
        "![](attachment:picture-1) [![](attachment:picture-1)](javascript:a) "
        "[x]![](attachment:picture-2)(javascript:b) ![](attachment:other.png) "
        "![](javascript:c)"
    )
    cell = nbformat.v4.new_markdown_cell(text)
    cell["attachments"] = {
        "picture-1": {"image/png": small.PNG},
        "picture-2": {"image/svg+xml": "<svg/>"},
        "other.png": {"image/png": small.PNG},
    }
    notebook = nbformat.v4.new_notebook(cells=[cell])
    body = HTMLExporter(config=config).from_notebook_node(notebook)[0].partition("<main")[2]
    pictures = re.findall(r'<img[^>]* src="([^"]*)"', body)
    assert pictures == [f"data:image/png;base64,{small.PNG}"] * 2
    assert "<a " not in body
