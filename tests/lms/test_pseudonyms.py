"""`kischule import --pseudonyms`: names, addresses and logins are in one key file alone."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zipfile
from pathlib import Path
from unicodedata import normalize

import nbformat
import pytest
from support import school
from support.moodle import worksheet
from support.notebooks import RELEASE, filled, reference_cells, short
from support.school import ASSIGNMENT, NAME, PEOPLE, WHEN

from autograder.cli import main
from autograder.exercises.known import known_wrong
from autograder.lms.kept import KEY_FILE

WORDS = {word for _, name in PEOPLE for word in name.split()} - {"Max"}  # which is in many words
LATER = (2026, 11, 21, 8, 0, 0)


def archive(folder: Path, contents: dict[str, bytes]) -> Path:
    """Moodle's zip and its worksheet, outside of the course; files have their student's name."""
    folder.mkdir()
    worksheet(folder / "Bewertungen.csv")
    files = []
    for number, name in PEOPLE[:-1]:
        place = f"{name}_{number}_assignsubmission_file/"
        files.append((f"{place}A7_2 {name}.ipynb", contents[number], WHEN))
    files.append((f"{place}A7_2 {name} alt.ipynb", school.notebook("alt"), WHEN))
    number, name = PEOPLE[-1]
    files.append((f"{name}_{number}_assignsubmission_file/{name}.docx", b"PK", WHEN))
    return school.zipped(folder / "KI.zip", files)


def named(course: Path, key: Path) -> list[str]:
    """The files of a course that have a word of a name, an address or a login in any form."""
    texts = {*WORDS, "schule.example"} | {word.casefold() for word in WORDS}
    texts |= {"oeztuerk", "gross", "mueller", "uemit", "joerg", "bjoern", "lukasz", "Teilnehmer"}
    texts |= {normalize(kind, text) for text in texts for kind in ("NFC", "NFD")}
    forms = {text.encode() for text in texts} | {json.dumps(t)[1:-1].encode() for t in texts}
    either = re.compile(rb"(?<![A-Za-z])(?:%s)(?![A-Za-z])" % b"|".join(map(re.escape, forms)))
    found = []
    for path in sorted(course.rglob("*")):
        name = path.relative_to(course)
        if (
            path == key
            or name.parts[0] in ("source", "release")
            or ".kischule/release" in str(name)
        ):
            continue
        content = path.read_bytes() if path.is_file() else b""
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as file:
                content = b"".join(n.encode() + file.read(n) for n in file.namelist())
        if either.search(str(name).encode() + b"\n" + content):
            found.append(str(name))
    return found


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pseudonyms")
    course = school.course(folder / "course")
    contents = {number: school.notebook(f"Nummer {number}") for number, _ in PEOPLE}
    contents[PEOPLE[3][0]] = school.notebook(f"von {PEOPLE[3][1]}")
    command = ["import", "moodle", str(archive(folder / "download", contents)), ASSIGNMENT]
    preferred = ["--prefer", f"{PEOPLE[28][1]} alt"]
    assert main([*command, "--pseudonyms", *preferred, "--course", str(course)]) == 3  # the docx
    students = sorted(path.name for path in (course / "submitted").iterdir())
    assert len(students) == 30
    graded = [s for s in students if (course / "submitted" / s / ASSIGNMENT / NAME).exists()]
    school.grade(course, dict.fromkeys(graded, 20.0))
    school.pages(course, graded)
    return course


@pytest.fixture
def course(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(imported, tmp_path / "course"))


def key_of_name(course: Path) -> dict[str, str]:
    """The pseudonym of each Moodle number."""
    kept = json.loads((course / ".kischule" / KEY_FILE).read_bytes())["kept"]
    return {p["id"]: student for student, p in kept[f"{ASSIGNMENT}.json"]["students"].items()}


def test_thirty_names_are_in_the_key_file_alone(course: Path) -> None:
    key = course / ".kischule" / KEY_FILE
    assert named(course, key) == [f"submitted/{key_of_name(course)['4703']}/{ASSIGNMENT}/{NAME}"]
    assert key.stat().st_mode & 0o777 == 0o600
    text = key.read_text(encoding="utf-8")
    assert all(name in text for _, name in PEOPLE)


def test_a_file_that_names_its_student_is_pointed_out(
    imported: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It stays as it was submitted: grep finds it above."""
    course = Path(shutil.copytree(imported, tmp_path / "course"))
    number, name = PEOPLE[2]
    entry = f"{name}_{number}_assignsubmission_file/{NAME}"
    newer = school.zipped(tmp_path / "neu.zip", [(entry, school.notebook(name), LATER)])
    assert main(["import", "moodle", str(newer), ASSIGNMENT, "--course", str(course)]) == 0
    student = key_of_name(course)[number]
    assert f"{student}: the file itself names this person" in capsys.readouterr().err


def test_a_later_import_finds_the_same_students(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = key_of_name(course)
    contents = {number: school.notebook(f"Nummer {number}") for number, _ in PEOPLE}
    again = archive(tmp_path / "again", contents)
    main(["import", "moodle", str(again), ASSIGNMENT, "--course", str(course)])
    assert "29 as before" in capsys.readouterr().out
    assert key_of_name(course) == before
    roster = tmp_path / "klasse.csv"
    roster.write_text(
        "Name,E-Mail\nNeu Ärmel,neu@schule.example\nZoë Öztürk,m4701@schule.example\n"
    )
    assert main(["import", "roster", str(roster), ASSIGNMENT, "--course", str(course)]) == 0
    kept = json.loads((course / ".kischule" / KEY_FILE).read_bytes())["kept"]
    listed = {p["name"]: student for student, p in kept[f"{ASSIGNMENT}.json"]["students"].items()}
    assert listed["Zoë Öztürk"] == before["4701"]
    assert listed["Neu Ärmel"] not in before.values()
    assert not (course / ".kischule" / "lms").exists()


def test_exports_have_the_names_again(course: Path, tmp_path: Path) -> None:
    options = ["--course", str(course)]
    for system, place in (("csv", "g.csv"), ("canvas", "c.csv"), ("moodle", "back")):
        assert main(["export", system, ASSIGNMENT, str(tmp_path / place), *options]) == 0
    with (tmp_path / "g.csv").open(encoding="utf-8-sig") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    row = rows["joerg-oeztuerk"]
    assert (row["first_name"], row["last_name"]) == ("Jörg", "Öztürk")
    assert (row["email"], row["points"]) == ("m4702@schule.example", "20")
    assert len(rows) == 29
    assert "Öztürk, Jörg" in (tmp_path / "c.csv").read_text(encoding="utf-8")
    with (tmp_path / "back" / "grades.csv").open(encoding="utf-8-sig") as file:
        graded = {row["Vollständiger Name"]: row["Bewertung"] for row in csv.DictReader(file)}
    assert graded["Jörg Öztürk"] == "20"
    names = school.listing(tmp_path / "back" / "feedback.zip")
    assert any(name.startswith("Jörg Öztürk_4702_") for name in names)


def test_a_forgotten_student_goes_from_the_key_file(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student = key_of_name(course)["4702"]
    assert main(["forget", "--student", student, "--yes", "--course", str(course)]) == 0
    key = course / ".kischule" / KEY_FILE
    assert "Jörg Öztürk" not in key.read_text(encoding="utf-8")
    assert "Zoë Öztürk" in key.read_text(encoding="utf-8")
    assert key.stat().st_mode & 0o777 == 0o600
    assert not list(course.rglob(f"*{student}*"))


def test_the_key_file_lies_where_the_teacher_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course, key = school.course(tmp_path / "course"), tmp_path / "safe" / "key.json"
    roster = tmp_path / "klasse.csv"
    roster.write_text("Name,Gruppe\nJörg Öztürk,1\n", encoding="utf-8")
    command = ["import", "roster", str(roster), ASSIGNMENT, "--course", str(course)]
    assert main([*command, "--pseudonyms", str(key)]) == 0
    assert f"are in {key} alone" in capsys.readouterr().err
    assert "Jörg Öztürk" in key.read_text(encoding="utf-8")
    assert key.stat().st_mode & 0o777 == 0o600
    assert named(course, key) == []
    assert main([*command, "--pseudonyms", str(tmp_path / "other.json")]) == 2
    key.rename(tmp_path / "stick.json")
    capsys.readouterr()
    assert main(command) == 2
    assert f"the key file of the pseudonyms is not there: {key}" in capsys.readouterr().err


def test_a_course_with_names_keeps_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course, roster = school.course(tmp_path / "course"), tmp_path / "klasse.csv"
    roster.write_text("Name,Gruppe\nJörg Öztürk,1\n", encoding="utf-8")
    command = ["import", "roster", str(roster), ASSIGNMENT, "--course", str(course)]
    assert main(command) == 0
    assert main([*command, "--pseudonyms"]) == 2
    assert "the course has names already" in capsys.readouterr().err
    assert not (course / ".kischule" / KEY_FILE).exists()


@pytest.mark.slow
@pytest.mark.usefixtures("all_pass")
def test_a_graded_course_of_thirty_has_pseudonyms_alone(tmp_path: Path) -> None:
    """nbgrader's gradebook, pages, the class page with similar pairs, tables and an adjustment."""
    course, contents = school.course(tmp_path / "course"), {}
    mistakes = sorted(known_wrong("filter_top_k").items())
    for i, (number, _) in enumerate(PEOPLE):
        sources = dict(reference_cells())
        sources["filter_top_k"] = mistakes[i % len(mistakes)][1].source
        notebook = short(filled(RELEASE, {} if i % 3 else sources))
        notebook.cells.append(nbformat.v4.new_markdown_cell(f"Nummer {number}"))
        contents[number] = nbformat.writes(notebook).encode()
    command = ["import", "moodle", str(archive(tmp_path / "download", contents)), ASSIGNMENT]
    options = ["--course", str(course)]
    assert main([*command, "--pseudonyms", *options]) == 3
    log = (course / "grade.json", course / "grade.md")
    wanted = ["--json", str(log[0]), "--markdown", str(log[1]), "--quiet"]
    main(["grade", ASSIGNMENT, *wanted, *options])
    student = sorted(path.name for path in (course / "submitted").iterdir())[0]
    extend = ["--extend", student, "--hours", "2", "--reason", "krank"]
    assert main(["adjust", ASSIGNMENT, *extend, *options]) == 0
    for step in ("feedback", "report"):
        assert main([step, ASSIGNMENT, *options]) == 0
    assert len(list((course / "feedback").rglob("*.html"))) >= 29
    assert named(course, course / ".kischule" / KEY_FILE) == []
