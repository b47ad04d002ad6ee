"""A class's list of names, which makes it visible who has submitted nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import school
from support.moodle import worksheet
from support.school import ASSIGNMENT, NAME, WHEN

from autograder.cli import main
from autograder.course.missing import absent

TABLE = "Nachname;Vorname;E-Mail\nÖztürk;Ümit;u@schule.example\nWeiß;Zoë;\n;;\n"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return school.course(tmp_path_factory.mktemp("roster") / "course")


def run(course: Path, file: Path, system: str = "roster") -> int:
    return main(["import", system, str(file), ASSIGNMENT, "--course", str(course)])


def test_names_of_a_table_are_expected(
    empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "klasse.csv"
    table.write_text(TABLE, encoding="utf-8")
    assert run(empty, table) == 0
    assert capsys.readouterr().out.startswith("2 new, 0 replaced")
    assert absent(empty, ASSIGNMENT) == ["uemit-oeztuerk", "zoe-weiss"]
    assert run(empty, table) == 0
    assert capsys.readouterr().out.startswith("0 new, 0 replaced by a newer submission, 2 as b")
    files = [(f"Zoë Weiß_17_assignsubmission_file/{NAME}", school.notebook("meins"), WHEN)]
    assert run(empty, school.zipped(tmp_path / "m.zip", files), "moodle") == 0
    assert absent(empty, ASSIGNMENT) == ["uemit-oeztuerk"]  # she is the same Zoë


def test_moodles_worksheet_is_a_roster(tmp_path: Path) -> None:
    course = school.course(tmp_path / "course")
    assert run(course, worksheet(tmp_path / "w.csv")) == 0
    assert len(absent(course, ASSIGNMENT)) == 30
    number, name = school.PEOPLE[1]
    files = [(f"{name}_{number}_assignsubmission_file/{NAME}", school.notebook("meins"), WHEN)]
    assert run(course, school.zipped(tmp_path / "m.zip", files), "moodle") == 0
    assert len(absent(course, ASSIGNMENT)) == 29


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("a;b\n1;2\n", "must have a column Name, or Nachname and Vorname, was: a, b"),
        ("Name;Klasse\n;10b\n", "nobody is in the list"),
        ("", "a table must have a head"),
    ],
)
def test_a_table_without_names_is_refused(
    empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, rule: str
) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    assert run(empty, tmp_path / "t.csv") == 2
    assert rule in capsys.readouterr().err
