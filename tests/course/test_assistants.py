"""Rules for coding assistants: they go with a release, and grading knows nothing of them."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from attacks import small
from support.notebooks import ROOT

from autograder.cli import main
from autograder.course import assistants
from autograder.course.gradebook import Course
from autograder.course.ours import ASSISTANTS, files_beside
from autograder.course.release import build_release, stale_files
from autograder.course.rules import rules_of
from autograder.grading.settings import Settings
from autograder.notebooks.cells import read_notebook, reference_of, with_solutions

pytestmark = pytest.mark.usefixtures("in_this_process")

GERMAN, ENGLISH = (
    (Path(assistants.__file__).parent / f"{language}.md").read_bytes() for language in ("de", "en")
)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released assignment, graded for a student who handed in everything that there was."""
    root = tmp_path_factory.mktemp("assistants")
    small.make(root)
    assert main(["release", "small", "--course", str(root)]) == 0
    source = read_notebook(root / "source" / "small" / small.NAME)
    folder = root / "submitted" / "anna" / "small"
    shutil.copytree(root / "release" / "small", folder)
    solved = with_solutions(read_notebook(folder / small.NAME), reference_of(source))
    nbformat.write(solved, folder / small.NAME)
    alone = root / "submitted" / "bert" / "small" / small.NAME
    alone.parent.mkdir(parents=True)
    shutil.copy(folder / small.NAME, alone)
    assert main(["grade", "small", "--course", str(root)]) == 0
    return root


def _graded(course: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[float, int]]:
    """Points and the number of flags."""
    capsys.readouterr()
    assert main(["grade", "small", "--course", str(course), "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["submissions"]
    return {row["student"]: (row["score"], len(row["flags"])) for row in rows}


@pytest.mark.parametrize("path", sorted((ROOT / "release").iterdir()), ids=lambda p: p.name)
def test_each_release_has_the_rules_in_its_language(path: Path) -> None:
    expected = ENGLISH if path.name.endswith("_en") else GERMAN
    assert (path / ASSISTANTS).read_bytes() == expected


def test_both_editions_say_the_same() -> None:
    shapes = [
        [line[:2] for line in text.decode().splitlines() if line[:2] in ("# ", "##", "* ")]
        for text in (GERMAN, ENGLISH)
    ]
    assert shapes[0] == shapes[1]


def test_a_submission_needs_no_rules_and_may_have_them(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graded = _graded(course, capsys)
    assert graded["anna"] == graded["bert"] == (small.ALL, 0)
    assert not (course / "submitted" / "bert" / "small" / ASSISTANTS).exists()
    assert not (course / "autograded" / "bert" / "small" / ASSISTANTS).exists()


def test_a_course_replaces_the_rules_and_no_grade_is_old(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stale_files(course, "small") == []
    mine = course / "source" / "small" / ASSISTANTS
    mine.write_text("# Ganz ohne KI\n", encoding="utf-8")
    try:
        assert stale_files(course, "small") == [ASSISTANTS]
        assert main(["release", "small", "--course", str(course)]) == 0
        assert capsys.readouterr().err == ""
        released = course / "release" / "small" / ASSISTANTS
        assert released.read_text(encoding="utf-8") == "# Ganz ohne KI\n"
        assert files_beside(Course(course).directory(), "small") == {}
        (rules,) = rules_of(course, "small", Settings())
        assert rules.files == {}
        assert main(["grade", "small", "--course", str(course)]) == 0
        assert "bert" in capsys.readouterr().out
        assert not list((course / ".kischule" / "replaced").glob("*"))
        assert main(["report", "small", "--course", str(course)]) == 0
        page = (course / "reports" / "small.html").read_text(encoding="utf-8")
        assert "älteren Fassung" not in page
    finally:
        mine.unlink()
    assert build_release(course, "small")[ASSISTANTS] == GERMAN


def test_an_import_takes_the_notebook_and_names_the_rules(
    course: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive = tmp_path / "abgaben.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in (course / "submitted" / "anna" / "small").iterdir():
            file.write(path, f"Cara Groß_4711_assignsubmission_file_/{path.name}")
    capsys.readouterr()
    assert main(["import", "moodle", str(archive), "small", "--course", str(course)]) == 0
    assert f"/{ASSISTANTS}" in capsys.readouterr().err
    folder = course / "submitted" / "cara-gross" / "small"
    assert sorted(path.name for path in folder.iterdir()) == [small.NAME, "timestamp.txt"]
