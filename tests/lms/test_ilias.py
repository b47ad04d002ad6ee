"""ILIAS: submissions in, the multi-feedback zip and the status file out."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from support import school
from support.school import ASSIGNMENT, NAME, WHEN, notebook

from autograder.cli import main
from autograder.lms import ilias
from autograder.lms.people import slug

PEOPLE = [
    (f"{6000 + i}", last, first)
    for i, (last, first) in enumerate(
        (slug(last).capitalize(), slug(first).capitalize())
        for last in school.LAST
        for first in school.FIRST
    )
]


def folder(number: str, last: str, first: str) -> str:
    return f"{last}_{first}_{last[:2].lower()}{number}_{number}"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return school.course(tmp_path / "course")


@pytest.mark.parametrize(
    "top", ["", "Abgaben/", "multi_feedback_A7_2_17/", "KI_Kurs_Blatt_7/Team 3/"]
)
def test_thirty_submissions_come_in_from_any_depth(course: Path, tmp_path: Path, top: str) -> None:
    files = [(f"{top}{folder(*p)}/{NAME}", notebook(p[0]), WHEN) for p in PEOPLE]
    late = f"{top}{folder(*PEOPLE[0])}/Verspaetete Abgabe - {NAME}"
    files.append((late, notebook("late"), (2026, 11, 30, 8, 0, 0)))
    found = ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    assert len(found.new) == 30
    there = course / "submitted"
    assert (there / "oe6000" / ASSIGNMENT / NAME).read_bytes() == notebook("late")
    assert (there / "gr6012" / ASSIGNMENT / NAME).read_bytes() == notebook("6012")


def test_a_folder_named_like_anothers_stays_its_owners(course: Path, tmp_path: Path) -> None:
    first, second = PEOPLE[0], PEOPLE[1]
    inside = f"KI_Kurs_Blatt_7/{folder(*first)}/{folder(*second)}/{NAME}"
    files = [
        (inside, notebook("x"), WHEN),
        (f"KI_Kurs_Blatt_7/{folder(*second)}/{NAME}", notebook("y"), WHEN),
    ]
    found = ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    assert found.new == ["oe6000", "oe6001"]
    there = course / "submitted"
    assert (there / "oe6001" / ASSIGNMENT / NAME).read_bytes() == notebook("y")


@pytest.mark.parametrize("top", ["", "KI_Kurs_Blatt_7/"])
def test_a_single_submission_has_its_owner(course: Path, tmp_path: Path, top: str) -> None:
    files = [(f"{top}{folder(*PEOPLE[0])}/{NAME}", notebook("x"), WHEN)]
    found = ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    assert found.new == ["oe6000"]


def test_the_way_back_has_folders_and_marks_as_ilias_reads_them(
    course: Path, tmp_path: Path
) -> None:
    files = [(f"{folder(*p)}/{NAME}", notebook(p[0]), WHEN) for p in PEOPLE]
    ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    school.grade(course, {"oe6000": 30.5, "oe6001": 12})
    school.pages(course, ["oe6000", "oe6001"])
    ilias.export(course, ASSIGNMENT, tmp_path / "out")
    for name, content in school.listing(tmp_path / "out" / "multi_feedback.zip").items():
        top, person, file = name.split("/")
        assert top.startswith("multi_feedback")
        assert content.decode().endswith(person.rpartition("_")[2])
        assert file == "A7_2.html"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "status.csv").read_text())))
    assert tuple(rows[0]) == ilias.HEAD
    assert len(rows) == 30
    marks = {r["usr_id"]: (r["update"], r["status"], r["mark"]) for r in rows}
    assert {n: marks[n] for n in ("6000", "6001", "6002")} == {
        "6000": ("1", "passed", "30.5"),
        "6001": ("1", "failed", "12"),
        "6002": ("0", "notgraded", ""),
    }
    first = next(r for r in rows if r["usr_id"] == "6000")
    assert (first["lastname"], first["firstname"], first["login"]) == (
        "Oeztuerk",
        "Uemit",
        "oe6000",
    )


def test_a_mark_of_zero_is_one(course: Path, tmp_path: Path) -> None:
    files = [(f"{folder(*PEOPLE[0])}/{NAME}", notebook("x"), WHEN)]
    ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    school.grade(course, {"oe6000": 1})
    options = ["--course", str(course), "--pass-mark", "0"]
    assert main(["export", "ilias", ASSIGNMENT, str(tmp_path / "out"), *options]) == 0
    assert ",passed,1," in (tmp_path / "out" / "status.csv").read_text()


def test_a_file_in_the_way_is_named(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [(f"{folder(*PEOPLE[0])}/{NAME}", notebook("x"), WHEN)]
    ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    (tmp_path / "out").write_text("")
    command = ["export", "ilias", ASSIGNMENT, str(tmp_path / "out"), "--course", str(course)]
    assert main(command) == 2
    assert f"{tmp_path / 'out'} cannot be written: " in capsys.readouterr().err


def test_the_mark_to_pass_is_the_teachers(course: Path, tmp_path: Path) -> None:
    files = [(f"{folder(*PEOPLE[0])}/{NAME}", notebook("x"), WHEN)]
    ilias.import_(course, ASSIGNMENT, school.zipped(tmp_path / "i.zip", files))
    school.grade(course, {"oe6000": 30})
    ilias.export(course, ASSIGNMENT, tmp_path / "out", pass_mark=60)
    assert ",failed,30," in (tmp_path / "out" / "status.csv").read_text()
