"""`kischule forget`: afterwards nothing in the course folder names the student."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from support import school
from support.moodle import worksheet
from support.school import ASSIGNMENT, NAME, PEOPLE, WHEN

from autograder.cli import main
from autograder.course.gradebook import Course

GONE, STAYS = "joerg-oeztuerk", "zoe-oeztuerk"
TEXTS = ("Jörg Öztürk", "Öztürk, Jörg", "m4702@schule.example", GONE)
OLD = (2026, 3, 1, 8, 0, 0)


def _notebook(number: int) -> bytes:
    return school.notebook(f"Nummer {number}")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of thirty, with traces in all the places that there are; to be copied."""
    folder = tmp_path_factory.mktemp("graded")
    course = school.course(folder / "course")
    worksheet(course / "Bewertungen.csv")
    files = [
        (f"{name}_{n}_assignsubmission_file/{NAME}", _notebook(int(n)), OLD if n < "4710" else WHEN)
        for n, name in PEOPLE
    ]
    archive = school.zipped(course / "KI.zip", files)
    options = ["--course", str(course)]
    assert main(["import", "moodle", str(archive), ASSIGNMENT, *options]) == 0
    again = [(name, school.notebook("neu"), (2026, 3, 2, 8, 0, 0)) for name, *_ in files[2:3]]
    newer = school.zipped(course / "KI-2.zip", again)
    assert main(["import", "moodle", str(newer), ASSIGNMENT, *options]) == 0
    students = sorted(path.name for path in (course / "submitted").iterdir())
    school.grade(course, dict.fromkeys(students, 20.0))
    school.pages(course, students)
    for student in students:
        copy = course / "autograded" / student / ASSIGNMENT
        shutil.copytree(course / "submitted" / student / ASSIGNMENT, copy)
        mark = course / ".kischule" / "written" / ASSIGNMENT / student
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(json.dumps({"mark": "", "records": {NAME: f"key-of-{student}"}}))
        record = course / ".kischule" / "records" / ASSIGNMENT / f"key-of-{student}.ipynb"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_bytes(school.notebook(f"von {student}"))
    (record.parent / "of-an-earlier-file.ipynb").write_bytes(school.notebook(TEXTS[0]))
    with Course(course)._gradebook() as book:
        found = book.find_submission_notebook("A7_2", ASSIGNMENT, GONE)
        found.grades[0].manual_score = 1.5
        found.comments[0].manual_comment = "Schön gesehen, Jörg Öztürk!"
        book.db.commit()
    backup = course / ".kischule" / "backups" / "gradebook-1.db"
    Course(course).back_up(backup)
    for student in (GONE, STAYS):
        adjust = ["--extend", student, "--hours", "2", "--reason", f"{student} war krank"]
        assert main(["adjust", ASSIGNMENT, *adjust, *options]) == 0
    (course / "reports").mkdir()
    (course / "reports" / f"{ASSIGNMENT}.html").write_text(normalize("NFD", TEXTS[0]))
    assert main(["export", "csv", ASSIGNMENT, str(course / "grades.csv"), *options]) == 0
    assert main(["export", "moodle", ASSIGNMENT, str(course / "zurueck"), *options]) == 0
    (course / "nbgrader.log").write_text(f"graded {GONE}\ngraded {STAYS}\n")
    (course / ".kischule" / "intake" / GONE).mkdir(parents=True)
    return course


@pytest.fixture
def course(graded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(graded, tmp_path / "course"))


def traces(course: Path, texts: tuple[str, ...] = TEXTS) -> list[str]:
    """The files that name the student, in any form; zips unpacked."""
    forms = {normalize(kind, text) for text in texts for kind in ("NFC", "NFD")}
    wanted = [form.encode() for form in forms] + [json.dumps(form)[1:-1].encode() for form in forms]

    def contents() -> Iterator[tuple[str, bytes]]:
        for path in sorted(course.rglob("*")):
            name = str(path.relative_to(course))
            yield name, name.encode() + (path.read_bytes() if path.is_file() else b"")
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as file:
                    for info in file.infolist():
                        yield f"{name}:{info.filename}", info.filename.encode() + file.read(info)

    return [name for name, content in contents() if any(each in content for each in wanted)]


def rows(course: Path, table: str) -> int:
    with sqlite3.connect(course / "gradebook.db") as db:
        return int(db.execute(f"select count(*) from {table}").fetchone()[0])


def run(course: Path, *options: str) -> int:
    return main(["forget", "--course", str(course), *options])


def test_a_student_leaves_no_trace(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = traces(course)
    kinds = (
        "gradebook.db",
        "backups",
        "lms/a7_2.json",
        "lms/a7_2.moodle.csv",
        "records",
        "replaced",
    )
    kinds += (
        "written",
        "adjustments",
        "reports",
        "submitted",
        "autograded",
        "feedback/",
        "grades.csv",
    )
    kinds += ("KI.zip", "zurueck/feedback.zip", "zurueck/grades.csv", "nbgrader.log", "Bewertungen")
    assert [kind for kind in kinds if not any(kind in place for place in places)] == []
    before = rows(course, "grade")
    assert run(course, "--student", GONE, "--yes") == 0
    out, told = capsys.readouterr()
    assert f"{GONE}, {ASSIGNMENT}: " in told
    assert "1.5 points for " in told
    assert "a comment for " in told
    assert "submitted/joerg-oeztuerk: deleted" in out
    assert traces(course) == []
    assert rows(course, "student") == 29
    assert rows(course, "grade") == before * 29 // 30
    assert len(Course(course).totals(ASSIGNMENT)) == 29
    assert run(course, "--student", GONE, "--yes") == 2  # nobody of that name any more


def test_all_others_keep_everything(course: Path) -> None:
    def others(text: str) -> list[str]:
        own = (f"{GONE}/", "reports/", "of-an-earlier")
        return [name for name in traces(course, (text,)) if not any(o in name for o in own)]

    texts = [STAYS, "Zoë Öztürk", "m4701@schule.example", "max-gross"]
    before = {text: others(text) for text in texts}
    assert all(before.values())
    assert run(course, "--student", GONE, "--yes") == 0
    assert {text: others(text) for text in texts} == before


def test_one_of_two_with_the_same_name_stays(course: Path) -> None:
    first, second = "uemit-oeztuerk-4700", "uemit-oeztuerk-4799"
    assert run(course, "--student", first, "--yes") == 0
    gone = (first, "m4700@schule.example", "Teilnehmer/in4700", "Ümit Öztürk_4700")
    assert traces(course, gone) == []  # "Ümit Öztürk_4700": in the names of zips
    for text in (second, "m4799@schule.example", "Ümit Öztürk_4799"):
        assert len(traces(course, (text,))) > 1


def test_a_dry_run_changes_nothing(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> dict[str, bytes]:
        return {str(p): p.read_bytes() for p in course.rglob("*") if p.is_file()}

    before = state()
    assert run(course, "--student", normalize("NFD", GONE), "--dry-run") == 0
    assert "gradebook.db: 2 rows taken out" in capsys.readouterr().out
    assert run(course, "--student", GONE) == 2  # nobody to ask
    assert "--yes" in capsys.readouterr().err
    assert run(course, "--student", "nobody", "--yes") == 2
    assert state() == before


def test_what_is_old_goes_what_is_newer_stays(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 1_796_000_000.0  # 2026-11-29
    monkeypatch.setattr("time.time", lambda: now)
    assert run(course, "--older-than", "400d", "--yes") == 0
    assert "nothing is that old" in capsys.readouterr().err
    assert run(course, "--older-than", "180d", "--yes") == 0
    people = json.loads((course / ".kischule" / "lms" / "a7_2.json").read_text())["students"]
    assert sorted(person["id"] for person in people.values()) == [
        n for n, _ in PEOPLE if n >= "4710"
    ]
    assert rows(course, "student") == 20
    assert traces(course) == []


def test_other_files_that_name_the_student_are_listed(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = course / "Notizen.txt"
    notes.write_bytes("Elterngespräch mit Jörg Öztürk".encode("utf-16-le"))
    copied = course / "submitted" / STAYS / ASSIGNMENT / NAME
    copied.write_bytes(school.notebook("von Jörg Öztürk"))
    assert run(course, "--student", GONE, "--yes") == 1
    told = capsys.readouterr().err
    assert "still named in Notizen.txt" in told
    assert f"still named in submitted/{STAYS}/{ASSIGNMENT}/{NAME}" in told
    assert copied.exists()


class KilledError(BaseException):
    """A run ends here."""


_killed_at: dict[str, int] = {}


def _watch(event: str, _: Any) -> None:
    if "left" in _killed_at and event in ("os.rename", "shutil.rmtree", "sqlite3.connect"):
        _killed_at["left"] -= 1
        if _killed_at["left"] < 0:
            raise KilledError


def test_a_killed_run_is_completed_by_the_next(graded: Path, tmp_path: Path) -> None:
    sys.addaudithook(_watch)
    moments = 0
    for moment in (1, 4, 8, 12, 15, 18):
        course = Path(shutil.copytree(graded, tmp_path / "course", symlinks=True))
        _killed_at["left"] = moment
        try:
            assert run(course, "--student", GONE, "--yes") == 0
        except KilledError:
            moments += 1
        finally:
            _killed_at.clear()
        if traces(course):
            assert run(course, "--student", GONE, "--yes") == 0
        assert traces(course) == [], moment
        assert not os.path.exists(course / ".kischule" / "forgetting")
        shutil.rmtree(course)
    assert moments >= 5
