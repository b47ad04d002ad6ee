"""Moodle: thirty people's submissions in, grades and feedback out, in Moodle's own formats."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.utils import parse_utc
from support import school
from support.moodle import ENGLISH, GERMAN, worksheet
from support.school import ASSIGNMENT, NAME, PEOPLE, WHEN, notebook

from autograder.cli import main
from autograder.course.gradebook import Course, Total
from autograder.errors import UserError
from autograder.lms import moodle, spreadsheet
from autograder.lms.people import People, PeopleError
from autograder.lms.spreadsheet import TableError


def submissions(path: Path, folders: bool = True, trailing: str = "") -> Path:
    """All thirty: some with several files, one that is no notebook, one late."""
    files = []
    for number, name in PEOPLE:
        prefix = f"{name}_{number}_assignsubmission_file{trailing}"
        place = f"{prefix}/" if folders else f"{prefix.rstrip('_')}_"
        files.append((f"{place}{NAME}", notebook(number), WHEN))
    first = f"{PEOPLE[3][1]}_{PEOPLE[3][0]}_assignsubmission_file{trailing}"
    place = f"{first}/" if folders else f"{first.rstrip('_')}_"
    files.append((f"{place}A7_2 (1).ipynb", notebook("the later one"), (2026, 11, 21, 7, 0, 0)))
    files.append((f"{place}Notizen.ipynb", notebook("notes"), (2026, 11, 22, 7, 0, 0)))
    files.append((f"{place}bild.png", b"PNG", WHEN))
    text = f"{PEOPLE[4][1]}_{PEOPLE[4][0]}_assignsubmission_onlinetext"
    files.append((f"{text}{'/' if folders else '_'}onlinetext.html", b"<p>Hallo", WHEN))
    return school.zipped(path, files)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return school.course(tmp_path / "course")


def submitted(course: Path) -> dict[str, bytes]:
    found = (course / "submitted").glob(f"*/{ASSIGNMENT}/{NAME}")
    return {path.parents[1].name: path.read_bytes() for path in found}


@pytest.mark.parametrize(
    ("folders", "trailing"), [(True, ""), (True, "_"), (False, "")], ids=["4.1", "3.1", "flat"]
)
def test_thirty_submissions_come_in_from_any_moodle_layout(
    course: Path, tmp_path: Path, folders: bool, trailing: str
) -> None:
    archive = submissions(tmp_path / "m.zip", folders, trailing)
    found = moodle.import_(course, ASSIGNMENT, archive)
    there = submitted(course)
    assert len(there) == len(found.new) == 30
    assert there["joerg-oeztuerk"] == notebook("4702")
    assert there["anna-lena-oeztuerk"] == notebook("the later one")
    assert there["mariia-oeztuerk"] == notebook("4708")
    # two with the same name are told apart by Moodle's number
    assert there["umit-oeztuerk-4700".replace("umit", "uemit")] == notebook("4700")
    assert there["uemit-oeztuerk-4799"] == notebook("4799")
    assert found.refused == []
    notes = "\n".join(found.aside)
    for aside in (
        "Notizen.ipynb: left aside",
        "bild.png: not a notebook",
        "onlinetext.html: not a",
    ):
        assert aside in notes


@pytest.fixture(params=["UTC", "America/New_York"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put this machine in another zone than the school."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("setting", "winter", "summer"),
    [("", "17:30", "16:30"), ('c.Kischule.timezone = "Europe/London"', "18:30", "17:30")],
    ids=["Germany", "as the course says"],
)
def test_times_are_those_of_the_school(
    course: Path, tmp_path: Path, machine_zone: str, setting: str, winter: str, summer: str
) -> None:
    config = course / "nbgrader_config.py"
    config.write_text(f"c = get_config()\n{config.read_text()}\n{setting}\n")
    numbers = {"winter": (2026, 11, 20, 18, 30, 0), "summer": (2026, 7, 1, 18, 30, 0)}
    files = [
        (f"{who}_{i}_assignsubmission_file/{NAME}", notebook(who), when)
        for i, (who, when) in enumerate(numbers.items())
    ]
    moodle.import_(course, ASSIGNMENT, school.zipped(tmp_path / "m.zip", files))
    stamps = {
        who: (course / "submitted" / who / ASSIGNMENT / "timestamp.txt").read_text()
        for who in numbers
    }
    assert stamps == {
        "winter": f"2026-11-20 {winter}:00 UTC\n",
        "summer": f"2026-07-01 {summer}:00 UTC\n",
    }
    assert parse_utc(stamps["winter"]).hour == int(winter[:2])


@pytest.mark.parametrize("zone", ['"Berlin"', "3", '"../x"', "undefined"])
def test_a_zone_that_does_not_exist_is_named(course: Path, tmp_path: Path, zone: str) -> None:
    (course / "nbgrader_config.py").write_text(f"c = get_config()\nc.Kischule.timezone = {zone}\n")
    with pytest.raises(UserError, match=r"c\.Kischule\.timezone must be|NameError: name"):
        moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))


def test_a_file_named_like_anothers_folder_stays_its_owners(course: Path, tmp_path: Path) -> None:
    mine, theirs = "Max Maier_4711_assignsubmission_file_", "Li_4703_assignsubmission_file_"
    files = [
        (f"{mine}{theirs}{NAME}", notebook("x"), WHEN),
        (f"{theirs}{NAME}", notebook("y"), WHEN),
    ]
    found = moodle.import_(course, ASSIGNMENT, school.zipped(tmp_path / "m.zip", files))
    assert found.new == ["li", "max-maier"]
    assert submitted(course) == {"li": notebook("y"), "max-maier": notebook("x")}


def test_an_import_again_changes_only_newer_files_and_keeps_old(
    course: Path, tmp_path: Path
) -> None:
    archive = submissions(tmp_path / "m.zip")
    moodle.import_(course, ASSIGNMENT, archive)
    again = moodle.import_(course, ASSIGNMENT, archive)
    assert (len(again.unchanged), again.new, again.replaced) == (30, [], [])
    number, name = PEOPLE[2]
    path = f"{name}_{number}_assignsubmission_file/{NAME}"
    late = school.zipped(tmp_path / "l.zip", [(path, notebook("v2"), (2026, 11, 23, 1, 0, 0))])
    found = moodle.import_(course, ASSIGNMENT, late)
    assert found.replaced == ["joerg-oeztuerk"]
    times = "2026-11-20 18:30 → 2026-11-23 01:00"
    assert f"replaced: joerg-oeztuerk (Jörg Öztürk), {times}: {path}" in found.notes
    assert submitted(course)["joerg-oeztuerk"] == notebook("v2")
    kept = list((course / ".kischule" / "replaced").rglob(NAME))
    assert [path.read_bytes() for path in kept] == [notebook("4702")]
    old = school.zipped(tmp_path / "o.zip", [(path, notebook("v0"), (2026, 11, 1, 1, 0, 0))])
    found = moodle.import_(course, ASSIGNMENT, old)
    assert found.unchanged == ["joerg-oeztuerk"]
    assert "older than what joerg-oeztuerk has in submitted/" in found.notes[0]
    assert submitted(course)["joerg-oeztuerk"] == notebook("v2")


def test_the_worksheet_gives_names_and_addresses_to_formgrader(
    course: Path, tmp_path: Path
) -> None:
    worksheet(tmp_path / "Bewertungen.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))
    with Course(course)._gradebook() as book:
        student = book.find_student("joerg-oeztuerk")
        about = (student.first_name, student.last_name, student.email, student.lms_user_id)
    assert about == ("Jörg", "Öztürk", "m4702@schule.example", "4702")


@pytest.mark.parametrize(
    ("head", "maximum", "wanted"), [(GERMAN, "54,00", "41,5"), (ENGLISH, "54.00", "41.5")]
)
def test_the_worksheet_comes_back_with_grades_alone_changed(
    course: Path, tmp_path: Path, head: str, maximum: str, wanted: str
) -> None:
    sheet = worksheet(tmp_path / "w.csv", maximum, head)
    moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))
    school.grade(course, {"joerg-oeztuerk": 41.5, "zoe-oeztuerk": 46})
    notes = moodle.export(course, ASSIGNMENT, tmp_path / "out")
    before = list(csv.reader(io.StringIO(sheet.read_text(encoding="utf-8-sig"))))
    content = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig")
    after = list(csv.reader(io.StringIO(content)))
    assert after[0] == before[0]
    changed = {
        row[1]: (row[5], row[10]) for row, old in zip(after, before, strict=True) if row != old
    }
    assert changed == {"Jörg Öztürk": (wanted, f"{wanted}/54"), "Zoë Öztürk": ("46", "46/54")}
    for row, old in zip(after, before, strict=True):
        assert [c for i, c in enumerate(row) if i not in (5, 10)] == [
            c for i, c in enumerate(old) if i not in (5, 10)
        ]
    assert any("wait for your points" in note for note in notes)


def test_students_without_a_grade_or_with_a_newer_file_are_named(
    course: Path, tmp_path: Path
) -> None:
    worksheet(tmp_path / "w.csv")
    moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))
    students = sorted(submitted(course))
    school.grade(course, dict.fromkeys(students[:28], 40))
    for student in students[:28]:
        stamp = course / "submitted" / student / ASSIGNMENT / "timestamp.txt"
        kept = course / "autograded" / student / ASSIGNMENT / "timestamp.txt"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(
            b"2026-11-01 00:00:00 UTC" if student == students[3] else stamp.read_bytes()
        )
    notes = moodle.export(course, ASSIGNMENT, tmp_path / "out")
    assert f"no grade, not graded yet: {students[28]}, {students[29]}" in notes
    again = f"submitted again since the grading: {students[3]}: `kischule grade a7_2`"
    assert again in notes


def test_moodles_own_rule_finds_each_feedback_file(course: Path, tmp_path: Path) -> None:
    """The rule of importziplib.php: name_number_type_plugin, split at `_` into five."""
    worksheet(tmp_path / "w.csv")
    moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))
    students = sorted(submitted(course))
    school.pages(course, students[1:])
    autograded = course / "autograded" / students[0] / ASSIGNMENT / school.NAME
    autograded.parent.mkdir(parents=True)
    autograded.write_bytes(school.notebook("graded"))
    notes = moodle.export(course, ASSIGNMENT, tmp_path / "out")
    assert notes[0] == f"no feedback page: {students[0]}: `kischule feedback {ASSIGNMENT}`"
    people = People.of_import(course, ASSIGNMENT, "moodle").by_student
    numbers = {person.id: student for student, person in people.items()}
    found = {}
    for name, content in school.listing(tmp_path / "out" / "feedback.zip").items():
        first, rest = name.split("/", 1)
        parts = first.split("_", 4)
        assert (parts[2], parts[3], rest) == ("assignsubmission", "file", "A7_2.html")
        found[numbers[parts[1]]] = content.decode()
    assert found == {student: student for student in students[1:]}


def test_another_maximum_is_refused_unless_points_are_scaled(course: Path, tmp_path: Path) -> None:
    worksheet(tmp_path / "w.csv", "100,00")
    moodle.import_(course, ASSIGNMENT, submissions(tmp_path / "m.zip"))
    school.grade(course, {"joerg-oeztuerk": 27})
    with pytest.raises(TableError, match=r"must be the assignment's 54, was: 100,00"):
        moodle.export(course, ASSIGNMENT, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    moodle.export(course, ASSIGNMENT, tmp_path / "out", scale=True)
    assert ',50,"100,00"' in (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig")


def test_points_beyond_moodles_maximum_are_cut_and_noted(course: Path, tmp_path: Path) -> None:
    sheet = spreadsheet.read_table(worksheet(tmp_path / "w.csv").read_bytes(), "w.csv")
    total = Total(points=57.0, max_points=54.0, waiting=0.0, penalty=0.0)
    notes = moodle.fill(sheet, {"4702": total})
    assert notes == ["Jörg Öztürk: 57 points exceed Moodle's maximum 54, which is entered"]
    assert sheet.rows[2][5] == "54"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "at least two columns"),
        ("Name,Bewertung\nJörg,1\n", "first column must hold participants' numbers, was: 'Jörg'"),
        ("ID,Note\nTeilnehmer/in1,1\n", "there must be a column 'Grade' or 'Bewertung'"),
        ("ID,Bewertung\nTeilnehmer/in1,1,2,3\n", "row 2 has 4 cells, the head 2"),
    ],
)
def test_a_file_that_is_no_worksheet_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "w.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=why):
        moodle.read_worksheet(path)


def test_worksheets_are_written_in_the_encoding_they_came_in(tmp_path: Path) -> None:
    text = f"{GERMAN}\r\nTeilnehmer/in1,Jörg,,,,,54,Ja,,,\r\n"
    for encoding in ("cp1252", "utf-16", "utf-8"):
        table = spreadsheet.read_table(text.encode(encoding), "w.csv")
        assert table.rows[0][1] == "Jörg"
        assert table.content() == text.encode(encoding)


AS_PHP = r"""ID,Name,Bewertung,Bestwertung
Teilnehmer/in1,"Max \"Mäx\" Maier",,"54,00"
Teilnehmer/in2,"Li ""L."" Mo\", Jr.",,"54,00"
"""


def test_a_quote_behind_a_backslash_is_read_as_php_does(tmp_path: Path) -> None:
    """PHP keeps the backslash: github.com/php/php-src, ext/standard/file.c, php_fputcsv."""
    (tmp_path / "w.csv").write_text(AS_PHP, encoding="utf-8")
    table = moodle.read_worksheet(tmp_path / "w.csv")
    names = [r"Max \"Mäx\" Maier", r"""Li "L." Mo\", Jr."""]
    assert [row[1] for row in table.rows] == names
    assert table.content().decode() == AS_PHP.replace("\n", table.line_end)
    assert spreadsheet.read_table(table.content(), "w.csv").rows == table.rows


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "sep=;;;;", "\ufeffsep=;"])
def test_a_first_line_for_excel_is_not_the_head(tmp_path: Path, first: str) -> None:
    text = "ID;Name;Bewertung;Bestwertung\r\nTeilnehmer/in1;Max, Li;;54,00\r\n"
    (tmp_path / "w.csv").write_bytes(f"{first}\r\n{text}".encode())
    table = moodle.read_worksheet(tmp_path / "w.csv")
    assert table.rows == [["Teilnehmer/in1", "Max, Li", "", "54,00"]]
    assert table.content().decode().removeprefix("\ufeff") == text


def test_an_export_before_any_import_is_refused(course: Path, tmp_path: Path) -> None:
    advice = r"import submissions first: `kischule import moodle FILE a7_2`"
    with pytest.raises(PeopleError, match=advice):
        moodle.export(course, ASSIGNMENT, tmp_path / "out")


def test_the_command_names_what_it_refuses_and_takes_the_rest(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (f"{name}_{number}_assignsubmission_file/" for number, name in PEOPLE[:2])
    files = [(f"{good}{NAME}", notebook("x"), WHEN), (f"../{bad}{NAME}", notebook("y"), WHEN)]
    archive = school.zipped(tmp_path / "m.zip", files)
    assert main(["import", "moodle", str(archive), ASSIGNMENT, "--course", str(course)]) == 3
    output = capsys.readouterr()
    assert output.out == (
        "1 new, 0 replaced by a newer submission, 0 as before, 1 refused, 0 left aside\n"
    )
    assert "refused: ../Zoë Öztürk_4701" in output.err
    assert set(submitted(course)) == {"uemit-oeztuerk"}


def test_an_option_of_another_system_is_refused(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["export", "ilias", ASSIGNMENT, str(tmp_path), "--course", str(course), "--scale"]
    assert main(command) == 2
    assert "--scale is for moodle, moodle-api, not for ilias" in capsys.readouterr().err
