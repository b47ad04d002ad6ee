"""Our way through nbgrader's autograde and nbgrader's own leave the same gradebook and files."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde

from autograder.checking.result import Result
from autograder.course import gradebook, preprocessors, release
from autograder.course.gradebook import Course
from autograder.course.writer import Entry, GradebookWriter
from autograder.exercises.exercise import PACKAGED, Level
from autograder.grading.record import Record, Status, key_of
from autograder.notebooks.cells import by_id, read_notebook
from kischule.i18n import Text

OUTPUTS = [
    {"output_type": "stream", "name": "stdout", "text": "ä\n" * 3000},
    {"output_type": "display_data", "data": {"image/png": small.PNG + "\n"}, "metadata": {"x": 1}},
    {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["\x1b[31mline"] * 300},
]
NAMED = (  # tables whose random ids stand in other tables
    *("assignment", "notebook", "base_cell", "source_cell"),
    *("submitted_assignment", "submitted_notebook"),
)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose notebook has a task cell as well, kept in a table of its own."""
    course = tmp_path_factory.mktemp("one_pass").resolve()
    small.make(course)
    path = course / "source" / "small" / small.NAME
    source = read_notebook(path)
    task = nbformat.v4.new_markdown_cell("Zeichnen Sie.", id="task")
    about = {"grade_id": "task", "schema_version": 3, "points": 2}
    about |= {"task": True, "grade": False, "solution": False, "locked": True}
    task.metadata.nbgrader = about
    source.cells.append(task)
    nbformat.write(source, path)
    config = course / "nbgrader_config.py"
    late = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
    config.write_text(config.read_text(encoding="utf-8") + late, encoding="utf-8")
    release.registered(course, "small")
    with Course(course)._gradebook() as book:
        book.update_or_create_assignment("small", duedate="2026-01-01 12:00:00 UTC")
    return course


def test_nbgraders_own_way_gives_the_same(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("ours", "nbgrader's"):
        course = tmp_path / name
        shutil.copytree(released, course)
        if name != "ours":
            monkeypatch.setattr(gradebook, "OnePass", lambda engines, **more: Autograde(**more))
            monkeypatch.setattr(preprocessors, "CellBook", Gradebook)
        graded(course)
        files = {
            str(path.relative_to(course)): path.read_bytes()
            for path in sorted((course / "autograded").rglob("*.*"))
        }
        assert len(files) == 4
        found.append((tables(course / "gradebook.db"), files))
    (ours, files), (theirs, their_files) = found
    assert ours.keys() == theirs.keys()
    assert len(ours["grade"]) == 3 * 8
    for table, rows in ours.items():
        assert rows == theirs[table], table
    assert files == their_files
    # what the comparison is about did happen
    comments = [dict(row) for row in ours["comment"]]
    assert "Gut!" in [comment["manual_comment"] for comment in comments]
    assert "No response." in [comment["auto_comment"] for comment in comments]
    penalties = [dict(row)["late_submission_penalty"] for row in ours["submitted_notebook"]]
    assert sorted(map(bool, penalties)) == [False, False, True]


def graded(course: Path) -> None:
    """Two students in time and one late; then the first again, after a teacher's hand."""
    blank = read_notebook(release.registered(course, "small")[0])
    notebook = small.submission(blank, None, {})
    for cell in filter(lambda cell: cell.cell_type == "code", notebook.cells):
        cell.outputs, cell.execution_count = nbformat.from_dict(OUTPUTS), 3
    cells = by_id(notebook)
    cells["test_filter_top_k"].metadata.nbgrader.points = 99
    cells["test_encode_prompt"].source = "assert True"
    writer = GradebookWriter(course, "small", b"")
    written = record_of(notebook, 1)
    stamps = {"ada": b"2025-12-31 12:00:00 UTC", "cem": b"2026-01-03 12:00:00 UTC"}
    for student, record in {"ada": written, "bea": record_of(blank, 2), "cem": written}.items():
        files = {"timestamp.txt": stamps[student]} if student in stamps else {}
        writer.store.write("small", record)
        assert writer.write(Entry(student, {small.NAME: record}, files))
    with Course(course)._gradebook() as book:
        for name in ("observation_greedy", "test_filter_top_k"):
            grade = book.find_grade(name, "small", "small", "ada")
            grade.manual_score, grade.needs_manual_grade, grade.extra_credit = 1.5, False, 0.5
        book.find_comment("encode_prompt", "small", "small", "ada").manual_comment = "Gut!"
        book.db.commit()
    cells["observation_greedy"].source = "Anders."
    assert writer.write(Entry("ada", {small.NAME: record_of(notebook, 3)}, {}))
    writer.close()


def record_of(notebook: Any, number: int) -> Record:
    exercise = PACKAGED["filter_top_k"]
    failed = Result.failed(exercise, Level.PUBLIC, kind="value", sentence=Text.same("x"))
    right = replace(failed, passed=True, points=2.0, max_points=2.0)
    return Record(
        key=key_of(str(number).encode()),
        status=Status.GRADED,
        results=(
            right if number == 1 else failed,
            Result.manual(exercise="observation_greedy", max_points=2),
        ),
        notebook=json.dumps(notebook).encode(),
    )


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows by table, each random id replaced by what it names."""
    with closing(sqlite3.connect(path)) as book:
        book.row_factory = sqlite3.Row
        names = [
            row[0] for row in book.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        rows = {
            name: [dict(row) for row in book.execute(f"SELECT * FROM {name}")] for name in names
        }
    named = {row["id"]: row for table in NAMED for row in rows[table]}

    def meant(value: Any) -> Any:
        return plain(named[value]) if value in named else value

    def plain(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple((key, meant(value)) for key, value in row.items() if key != "id")

    own = {"grade", "comment", *NAMED}
    return {
        table: sorted(
            (plain(row) if table in own else tuple((k, meant(v)) for k, v in row.items()))
            for row in found
        )
        for table, found in rows.items()
    }
