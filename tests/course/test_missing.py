"""Students without a grade, named with the reason; the grading key of a course."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from support import school
from support.moodle import worksheet
from support.school import ASSIGNMENT, NAME, PEOPLE, WHEN

from autograder.cli import main
from autograder.cli.grade import print_class
from autograder.course.grading_key import GradingKey, GradingKeyError, grading_key
from autograder.course.messages import late_by
from autograder.course.missing import absent, without_grade
from autograder.course.new_course import CONFIG
from autograder.lms import moodle
from autograder.reports.class_page import class_page
from kischule.i18n import Text

GERMAN_KEY = {"1": 87, "2": 73, "3": 59, "4": 45, "5": 18, "6": 0}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of which one sent a document, one an empty file, and one is graded; 27 nothing."""
    folder = tmp_path_factory.mktemp("missing")
    room = school.course(folder / "course")
    key = f"get_config().Kischule.grading_key = {GERMAN_KEY}\n"
    (room / "nbgrader_config.py").write_text(CONFIG + key, encoding="utf-8")
    worksheet(folder / "w.csv")
    sent = [("Aufsatz.docx", b"x"), (NAME, b" "), (NAME, school.notebook("meins"))]
    files = [
        (f"{name}_{number}_assignsubmission_file/{file}", content, WHEN)
        for (number, name), (file, content) in zip(PEOPLE, sent, strict=False)
    ]
    found = moodle.import_(room, ASSIGNMENT, school.zipped(folder / "m.zip", files))
    assert not found.is_clear
    school.grade(room, {"joerg-oeztuerk": 40.5})
    return room


def test_each_student_without_a_grade_has_a_reason(course: Path) -> None:
    reasons = without_grade(course, ASSIGNMENT, {"joerg-oeztuerk"})
    assert len(reasons) == 29
    (document,) = [n for n, text in reasons.items() if text.de.startswith("kein Notebook")]
    assert reasons[document].en == "not a notebook, but: Aufsatz.docx"
    assert reasons["zoe-oeztuerk"].de.startswith("nicht lesbar: die Datei ist leer")
    assert {reasons[name].en for name in absent(course, ASSIGNMENT)} == {"submitted nothing"}
    assert len(absent(course, ASSIGNMENT)) == 27


def test_an_export_ends_with_them(course: Path, tmp_path: Path) -> None:
    notes = moodle.export(course, ASSIGNMENT, tmp_path)
    told = [note for note in notes if note.startswith("no grade, ")]
    assert [re.sub(r": [^:]*$", "", note) for note in told][:1] == ["no grade, submitted nothing"]
    assert told[0].endswith("… (27 in all)")
    assert len(told) == 3
    assert not [note for note in notes if "no feedback page" in note]  # none can be made


def test_the_class_page_lists_them_by_name(course: Path) -> None:
    page = class_page(course, ASSIGNMENT)
    rows = dict(re.findall(r'<tr id="s-([^"]*)"><th scope="row">(.*?)</th>', page))
    assert len(rows) == 30
    assert rows["joerg-oeztuerk"] == "Jörg Öztürk"
    namesakes = [name for name in rows.values() if name.startswith("Ümit Öztürk (")]
    assert len(namesakes) == 2  # who are told apart
    assert page.count("nichts abgegeben") == 2 * 27  # who to talk to, and everybody
    assert "Nichts abgegeben: " in page
    assert "kein Notebook, sondern: Aufsatz.docx" in page
    assert "nicht lesbar: die Datei ist leer und kein Notebook" in page
    assert "the file is" not in page
    assert "40,5/54" in page
    assert "40.5/54" not in page


def test_a_grade_and_its_distribution(course: Path, tmp_path: Path) -> None:
    page = class_page(course, ASSIGNMENT)
    bands = page[page.index("Notenspiegel") :].partition("</table>")[0]
    rows = re.findall(
        r'"row">(.*?)</th><td class="number">(.*?)</td><td class="number">(.*?)<', bands
    )
    percents = [f"{percent} %" for percent in GERMAN_KEY.values()]
    assert rows == list(zip(GERMAN_KEY, percents, "010000", strict=True))
    assert (
        main(["export", "csv", ASSIGNMENT, str(tmp_path / "g.csv"), "--course", str(course)]) == 0
    )
    with (tmp_path / "g.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["points"], row["grade"]) == ("40.5", "2")


def test_a_key_gives_a_grade_at_its_very_percentage() -> None:
    key = GradingKey((("15", 95.0), ("5", 45.0), ("0", 0.0)))
    assert [key.grade(p, 54) for p in (54, 51.3, 51.2, 24.3, 24.2, -1)] == [
        *("15", "15", "5", "5", "0", "0")
    ]
    assert key.grade(0, 0) == ""


@pytest.mark.parametrize(
    "given", [{"1": 50, "2": 60, "3": 0}, {"1": 50}, {"1": 101, "2": 0}, {}, {"1": "x"}, 7]
)
def test_a_key_that_leaves_gaps_is_refused(tmp_path: Path, given: object) -> None:
    line = f"get_config().Kischule.grading_key = {given!r}\n"
    (tmp_path / "nbgrader_config.py").write_text(CONFIG + line, encoding="utf-8")
    with pytest.raises(GradingKeyError, match=r"must name each grade with the percentage .* was: "):
        grading_key(tmp_path)


def test_one_of_a_thing_is_not_said_as_several() -> None:
    assert late_by("2 d", 1).en == "2 d, 1 point less"
    assert late_by("2 d", 0.5) == Text("2 d, 0,5 Punkte Abzug", "2 d, 0.5 points less")


def test_those_who_sent_nothing_are_rows_of_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_class({"submissions": [], "absent": ["ada"]})
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        *("ada", "absent", "–", "submitted", "nothing")
    ]
