"""Canvas's gradebook and our own table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support import school
from support.school import ASSIGNMENT

from autograder.cli import main
from autograder.lms import canvas, spreadsheet
from autograder.lms.spreadsheet import TableError

EXPORT = """Student,ID,SIS User ID,SIS Login ID,Section,a7_2 (4711),Quiz (1),Final Score
    Points Possible,,,,,54.0,10.0,(read only)
"Müller, Jörg",101,S1,JMueller,KI,,3,50
"Groß, Zoë",102,S2,zgross,KI,12.0,4,60
"Niemand, Nina",103,S3,nina,KI,,5,70
"Student, Test",104,,,KI,,,
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = school.course(tmp_path / "course")
    school.grade(folder, {"jmueller": 40.25, "zoe-gross": 46, "ohne": 3})
    return folder


def _rows(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_canvas_gradebook_is_filled_by_login_or_name(course: Path, tmp_path: Path) -> None:
    table = tmp_path / "gradebook.csv"
    table.write_text(EXPORT, encoding="utf-8")
    notes = canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)
    assert _rows(tmp_path / "o.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "a7_2 (4711)"],
        ["    Points Possible", "", "", "", "", "54.0"],
        ["Müller, Jörg", "101", "S1", "JMueller", "KI", "40.25"],
        ["Groß, Zoë", "102", "S2", "zgross", "KI", "46"],
    ]
    assert notes[0] == "not in Canvas's gradebook: ohne"


HIDDEN = """Student,ID,SIS User ID,SIS Login ID,Section,{column},Quiz (1)
,,,,,{hidden},Manual Posting
    Points Possible,,,,,"54,0",10
"Müller, Jörg",101,S1,JMueller,KI,,3
"""


@pytest.mark.parametrize(
    "hidden", ["Manual Posting", "", "Muted", "Manual Posting (scores hidden)"]
)
@pytest.mark.parametrize("column", ["a7_2 (4711)", "Other (2)"])
def test_rows_above_the_students_are_nobodys(
    course: Path, tmp_path: Path, hidden: str, column: str
) -> None:
    table = tmp_path / "g.csv"
    table.write_text(HIDDEN.format(column=column, hidden=hidden), encoding="utf-8")
    notes = canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)
    rows = _rows(tmp_path / "o.csv")[1:]
    missing = {f"not in Canvas's gradebook: {name}" for name in ("ohne", "zoe-gross")}
    assert set(notes[:2]) == missing
    assert all("possible" in row[0].lower() or row[5] in (hidden, "") for row in rows[:-1])
    assert rows[-1] == ["Müller, Jörg", "101", "S1", "JMueller", "KI", rows[-1][5]]
    assert rows[-1][5] == ("40,25" if column == "a7_2 (4711)" else "40.25")


def test_two_rows_that_may_be_one_student_get_no_grade(course: Path, tmp_path: Path) -> None:
    table = tmp_path / "g.csv"
    lines = ["Student,ID,a7_2 (1)", '"Groß, Zoë",1,', '"Gross, Zoe",2,', '"Müller, J",jmueller,']
    table.write_text("\n".join(lines), encoding="utf-8")
    notes = canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)
    assert _rows(tmp_path / "o.csv")[1:] == [["Müller, J", "jmueller", "40.25"]]
    assert notes[:2] == [
        "Groß, Zoë in Canvas has no grade: not sure to be zoe-gross",
        "Gross, Zoe in Canvas has no grade: not sure to be zoe-gross",
    ]
    assert "not in Canvas's gradebook: zoe-gross" in notes


def test_first_and_last_names_may_have_columns_of_their_own(course: Path, tmp_path: Path) -> None:
    table = tmp_path / "g.csv"
    text = "LastName;FirstName;ID;SIS Login ID;Section;a7_2 (1)\nGroß;Zoë;1;zg;KI;\n"
    table.write_text(text, encoding="utf-8-sig")
    canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)
    assert _rows(tmp_path / "o.csv")[1] == ["Groß", "Zoë", "1", "zg", "KI", "46"]


def test_without_a_gradebook_there_is_a_new_one(course: Path, tmp_path: Path) -> None:
    canvas.export(course, ASSIGNMENT, tmp_path / "o.csv")
    rows = _rows(tmp_path / "o.csv")
    assert rows[0] == [*canvas.CANVAS_HEAD, "a7_2"]
    assert rows[1] == ["Points Possible", "", "", "", "", "54"]
    assert rows[2] == ["jmueller", "", "", "jmueller", "", "40.25"]


def test_two_columns_that_could_be_meant_are_refused(course: Path, tmp_path: Path) -> None:
    table = tmp_path / "g.csv"
    table.write_text("Student,ID,a7_2 new (1),A7_2 old (2)\n", encoding="utf-8")
    with pytest.raises(
        TableError, match=r"one column must begin with 'a7_2', do: a7_2 new \(1\), A7_2 old"
    ):
        canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)


def test_a_column_of_this_name_comes_before_longer_names(course: Path, tmp_path: Path) -> None:
    table = tmp_path / "g.csv"
    table.write_text("Student,ID,a7_2_en (1),a7_2 (2)\n", encoding="utf-8")
    canvas.export(course, ASSIGNMENT, tmp_path / "o.csv", table)
    assert _rows(tmp_path / "o.csv")[0][-1] == "a7_2 (2)"


def test_our_table_has_a_row_a_student_and_a_column_a_cell(course: Path, tmp_path: Path) -> None:
    target = tmp_path / "o.csv"
    assert main(["export", "csv", ASSIGNMENT, str(target), "--course", str(course)]) == 0
    rows = list(csv.DictReader(target.read_text(encoding="utf-8-sig").splitlines()))
    assert [(r["student"], r["points"], r["max_points"], r["waiting"]) for r in rows] == [
        ("jmueller", "40.25", "54", "8"),
        ("ohne", "3", "54", "8"),
        ("zoe-gross", "46", "54", "8"),
    ]
    cells = [name for name in rows[0] if name.startswith(("test_", "hidden_", "observation_"))]
    assert len(cells) == 34
    assert sum(float(rows[0][c]) for c in cells) == 40.25


def test_a_name_that_is_a_formula_stays_a_name(tmp_path: Path) -> None:
    assert spreadsheet._quoted_formula("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert spreadsheet._quoted_formula("Anna") == "Anna"
