"""Several notebooks in one assignment, each with exercises, texts and plain tests of its own."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support.nbgrader import AllPass, configured, graded_cell, nbgrader

from autograder.cli import main
from autograder.course import grade as grading
from autograder.course.gradebook import Course
from autograder.course.ours import AssignmentError, exercises_by_notebook
from autograder.course.release import registered
from autograder.course.rules import rules_of
from autograder.grading.settings import Settings
from autograder.grading.store import Store
from autograder.lms.gradescope import export
from autograder.notebooks.cells import by_id, grade_id_of, read_notebook

pytestmark = pytest.mark.usefixtures("in_this_process")

FIRST, SECOND = ("setup", "encode_prompt", "filter_top_k"), ("setup", "repetition_rate")
SECOND_TEXT = ("question_greedy", "observation_greedy")
PLAIN = graded_cell("plain", "assert repetition_rate([1, 1], 1) >= 0", 1)
NOTEBOOKS = {"one": FIRST, "two": (*SECOND, *SECOND_TEXT)}
BROKEN = "{"


def pick(names: Collection[str]) -> Any:
    notebook = read_notebook(small.ROOT / "source" / "a7_2" / "A7_2.ipynb")
    wanted = {f"{prefix}{name}" for name in names for prefix in ("", "test_", "hidden_")}
    notebook.cells = [cell for cell in notebook.cells if grade_id_of(cell) in wanted]
    return notebook


def make(folder: Path) -> Path:
    source = folder / "source" / "pair"
    source.mkdir(parents=True)
    for name, wanted in NOTEBOOKS.items():
        notebook = pick(wanted)
        if name == "two":
            notebook.cells.append(PLAIN)
        nbformat.write(notebook, source / f"{name}.ipynb")
    configured(folder)
    return folder


def submit(course: Path, student: str, **notebooks: str) -> None:
    """Submit one=…, two=…: solved, empty, or a text that is no notebook."""
    folder = course / "submitted" / student / "pair"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-11-02 08:00:00 UTC\n")
    for name, state in notebooks.items():
        notebook = read_notebook(course / "release" / "pair" / f"{name}.ipynb")
        solved = {**small.solutions(), "observation_greedy": "An answer."}
        for cell in notebook.cells:
            if state == "solved":
                cell.source = solved.get(grade_id_of(cell), cell.source)
        text = nbformat.writes(notebook) if state in ("solved", "empty") else state
        (folder / f"{name}.ipynb").write_text(text)


def graded(course: Path, *options: str, status: int = 0) -> dict[str, Any]:
    out = course / "out.json"
    arguments = ["grade", "pair", "--course", str(course), "--json", str(out), *options]
    assert main(arguments) == status
    return {row["student"]: row for row in json.loads(out.read_text())["submissions"]}


def machine_points(course: Path) -> dict[str, float]:
    scores = Course(course).scores("pair")
    return {s: sum(each.machine or 0 for each in own.values()) for s, own in scores.items()}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Released and graded by our command, with real kernels."""
    folder = make(tmp_path_factory.mktemp("several").resolve() / "course")
    assert main(["release", "pair", "--course", str(folder)]) == 0
    submit(folder, "ada", one="solved", two="solved")
    submit(folder, "bob", one="solved")
    submit(folder, "cem", one=BROKEN, two="solved")
    submit(folder, "dia", one=BROKEN)
    return folder


def test_each_notebook_is_graded(course: Path) -> None:
    rows = graded(course, status=3)  # dia has no notebook that can be read
    states = {name: row["status"] for name, row in rows.items()}
    assert states == {"ada": "graded", "bob": "graded", "cem": "graded", "dia": "unreadable"}
    possible = rows["ada"]["max_score"]
    first = sum(e["max_points"] for e in rows["ada"]["exercises"] if e["id"] in FIRST)
    text = sum(e["max_points"] for e in rows["ada"]["exercises"] if e["level"] == "manual")
    assert rows["ada"]["score"] == possible - text
    assert rows["bob"]["score"] == first
    assert rows["cem"]["score"] == possible - first - text
    assert rows["dia"]["score"] == 0
    assert rows["dia"]["exercises"] == []
    assert machine_points(course) == {n: rows[n]["score"] for n in ("ada", "bob", "cem")}
    assert "two.ipynb: the folder must hold two.ipynb, was: one.ipynb" in rows["bob"]["flags"]
    assert any(flag.startswith("one.ipynb: not JSON") for flag in rows["cem"]["flags"])
    assert all("not protected: 1 point" in "; ".join(rows[s]["flags"]) for s in ("ada", "cem"))
    asked = [(e["id"], e["level"]) for e in rows["ada"]["exercises"]]
    assert len(asked) == len(set(asked))


def test_records_serve_a_second_run(course: Path) -> None:
    before = graded(course, status=3)
    records = sorted((course / ".kischule" / "records" / "pair").iterdir())
    times = [path.stat().st_mtime_ns for path in records]
    shutil.rmtree(course / ".kischule" / "written")
    assert graded(course, status=3) == before
    assert [path.stat().st_mtime_ns for path in records] == times


def test_nbgraders_command_agrees(course: Path) -> None:
    before = machine_points(course)
    nbgrader(course, "autograde", "pair", "--force", "--student", "ada")
    assert machine_points(course) == before
    assert Store(course).written("pair", "ada")[1].keys() == {"one.ipynb", "two.ipynb"}


def test_pages_report_and_export(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["feedback", "pair", "--course", str(course)]) == 0
    for student in ("ada", "bob"):
        pages = sorted((course / "feedback" / student / "pair").glob("*.html"))
        assert [page.name for page in pages] == ["one.html", "two.html"]
        one, two = (page.read_text() for page in pages)
        assert "filter_top_k" in one
        assert "filter_top_k" not in two
        assert "repetition_rate" in two
        assert "repetition_rate" not in one
    assert main(["report", "pair", "--course", str(course)]) == 0
    page = (course / "reports" / "pair.html").read_text()
    assert "encode_prompt" in page
    assert "repetition_rate" in page
    assert main(["export", "csv", "pair", str(course / "out.csv"), "--course", str(course)]) == 0
    rows = (course / "out.csv").read_text().splitlines()
    assert len([row for row in rows if "ada" in row or "bob" in row]) == 2
    assert main(["release", "pair", "--check", "--course", str(course)]) == 0


def test_an_exercise_of_one_notebook_is_dropped(course: Path) -> None:
    before = Course(course).totals("pair")["bob"]
    options = ["adjust", "pair", "--course", str(course)]
    assert main([*options, "--drop", "repetition_rate", "--reason", "unfair"]) == 0
    after = Course(course).totals("pair")["bob"]
    assert after.points == before.points
    assert after.max_points < before.max_points
    assert main(["feedback", "pair", "--student", "bob", "--course", str(course)]) == 0
    one, two = ((course / "feedback/bob/pair" / f"{n}.html").read_text() for n in NOTEBOOKS)
    assert "unfair" in two
    assert "unfair" not in one
    assert main([*options, "--undo", "repetition_rate", "--reason", "right after all"]) == 0
    assert Course(course).totals("pair")["bob"] == before


# --- without kernels ----------------------------------------------------------------------------


@pytest.fixture
def other(course: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    for name in ("source", "release"):
        shutil.copytree(course / name, folder / name)
    configured(folder)
    return folder


def test_a_changed_notebook_is_stale_and_regraded(
    other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grading, "_engine", lambda *_: AllPass())
    submit(other, "ada", one="solved", two="solved")
    graded(other)
    old = {rules.name: rules.key for rules in rules_of(other, "pair", Settings())}
    path = other / "source" / "pair" / "two.ipynb"
    notebook = read_notebook(path)
    by_id(notebook)["question_greedy"].source += " Why?"
    nbformat.write(notebook, path)
    assert main(["release", "pair", "--check", "--course", str(other)]) == 1
    new = {rules.name: rules.key for rules in rules_of(other, "pair", Settings())}
    assert new["one.ipynb"] == old["one.ipynb"]  # whose records go on to serve
    assert new["two.ipynb"] != old["two.ipynb"]


def test_one_name_in_two_notebooks_is_refused(other: Path) -> None:
    path = other / "source" / "pair" / "one.ipynb"
    notebook = read_notebook(path)
    notebook.cells.append(PLAIN)
    nbformat.write(notebook, path)
    with pytest.raises(AssignmentError, match=r"two are called plain: in one\.ipynb and in two"):
        exercises_by_notebook(Course(other).directory(), "pair")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["one.ipynb", "two.ipynb"], {"one.ipynb", "two.ipynb"}),
        (["one (1).ipynb", "my two.ipynb"], {"one.ipynb", "two.ipynb"}),
        (["one.ipynb", "Untitled.ipynb"], {"one.ipynb", "two.ipynb"}),
        (["two.ipynb", "notes.pdf"], {"two.ipynb"}),
        (["Untitled.ipynb", "Untitled1.ipynb"], {"no_notebook.txt"}),
    ],
)
def test_an_import_takes_a_file_for_each(other: Path, files: list[str], expected: set[str]) -> None:
    archive = other / "all.zip"
    release = other / "release" / "pair"
    with zipfile.ZipFile(archive, "w") as file:
        for name in files:
            same = next((s for s in ("one", "two") if s in name), "two")
            file.write(release / f"{same}.ipynb", f"mueller/{name}")
        for name in ("one.ipynb", "two.ipynb"):
            file.write(release / name, f"li/{name}")
    status = main(["import", "folder", str(archive), "pair", "--course", str(other)])
    assert status == (3 if expected == {"no_notebook.txt"} else 0)
    there = {path.name for path in (other / "submitted" / "mueller" / "pair").iterdir()}
    assert there - {"timestamp.txt"} == expected
    before = sorted((other / "submitted").rglob("*"))
    assert main(["import", "folder", str(archive), "pair", "--course", str(other)]) == status
    assert sorted((other / "submitted").rglob("*")) == before


def test_both_new_files_of_a_newer_submission_are_taken(other: Path) -> None:
    release, archive = other / "release" / "pair", other / "all.zip"
    for year in (2025, 2026):
        with zipfile.ZipFile(archive, "w") as file:
            for name in ("one.ipynb", "two.ipynb"):
                about = zipfile.ZipInfo(f"li/{name}", (year, 11, 2, 8, 0, 0))
                file.writestr(about, (release / name).read_text() + " " * (year - 2024))
                file.writestr(zipfile.ZipInfo(f"mo/{name}", (2025, 1, 1, 0, 0, 0)), "{}")
        main(["import", "folder", str(archive), "pair", "--course", str(other)])
    for name in ("one.ipynb", "two.ipynb"):
        content = (other / "submitted" / "li" / "pair" / name).read_text()
        assert content == (release / name).read_text() + "  "
    kept = list((other / ".kischule" / "replaced" / "pair" / "li").rglob("*.ipynb"))
    assert sorted(path.name for path in kept) == ["one.ipynb", "two.ipynb"]


def test_gradescope_takes_one_notebook(other: Path, tmp_path: Path) -> None:
    registered(other, "pair")
    with pytest.raises(AssignmentError, match=r"grades one notebook, pair has: one\.ipynb, two"):
        export(other, "pair", tmp_path / "out.zip")
