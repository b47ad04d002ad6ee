"""Any folder of notebooks, one a student."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import school
from support.school import ASSIGNMENT, notebook

from autograder.cli import main
from autograder.lms import folder
from autograder.lms.folder import PatternError


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return school.course(tmp_path / "course")


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("Jörg Müller/A7_2.ipynb", "joerg-mueller"),
        ("Jörg Müller/work/A7_2.ipynb", "joerg-mueller"),
        ("A7_2_mueller.ipynb", "mueller"),
        ("mueller-a7_2.ipynb", "mueller"),
        ("mueller.ipynb", "mueller"),
    ],
)
def test_names_come_from_the_folder_or_the_file(
    course: Path, tmp_path: Path, path: str, student: str
) -> None:
    given = tmp_path / "given"
    (given / path).parent.mkdir(parents=True)
    (given / path).write_bytes(notebook("x"))
    assert folder.import_(course, ASSIGNMENT, given).new == [student]


def test_a_pattern_says_whose_a_file_is(course: Path, tmp_path: Path) -> None:
    names = ("10a/A7_2-huber-final.ipynb", "10a/A7_2-maier-final.ipynb", "10a/readme.ipynb")
    archive = school.zipped(tmp_path / "f.zip", [(n, notebook(n), school.WHEN) for n in names])
    found = folder.import_(course, ASSIGNMENT, archive, r"A7_2-(?P<student>\w+)-final")
    assert found.new == ["huber", "maier"]
    assert found.notes[0] == "10a/readme.ipynb: not a submission"


@pytest.mark.parametrize(("pattern", "why"), [("(", "no regular expression"), ("x", "group")])
def test_a_pattern_that_names_nobody_is_refused(
    course: Path, tmp_path: Path, pattern: str, why: str
) -> None:
    with pytest.raises(PatternError, match=why):
        folder.import_(course, ASSIGNMENT, tmp_path, pattern)


def test_an_assignment_that_is_not_there_is_named(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "folder", str(tmp_path), "a9", "--course", str(course)]) == 2
    assert "no assignment 'a9'" in capsys.readouterr().err
