"""The teacher's evening: thirty submissions out of Moodle, graded, and back into Moodle."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nbformat
import pytest
from support import school
from support.moodle import worksheet
from support.notebooks import RELEASE, filled, reference_cells, short
from support.school import ASSIGNMENT, NAME, PEOPLE, WHEN

from autograder.cli import main
from autograder.exercises.known import known_wrong

MISTAKES = ("next_token_probs", "filter_top_k", "apply_temperature", "repetition_rate")
LATE = (2026, 11, 25, 6, 0, 0)


def _submission(number: int) -> bytes:
    """The reference with a wrong solution, another one for each of ten; every tenth is empty."""
    sources = dict(reference_cells())
    exercise = MISTAKES[number % len(MISTAKES)]
    mistakes = sorted(known_wrong(exercise).items())
    sources[exercise] = mistakes[number % len(mistakes)][1].source
    notebook = short(filled(RELEASE, {} if number % 10 == 9 else sources))
    notebook.cells.append(nbformat.v4.new_markdown_cell(f"Nummer {number}"))
    return nbformat.writes(notebook).encode()


@pytest.mark.slow
def test_thirty_submissions_out_of_moodle_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = school.course(tmp_path / "course")
    download = tmp_path / "download"
    download.mkdir()
    sheet = worksheet(download / "Bewertungen.csv")
    files = []
    for i, (number, name) in enumerate(PEOPLE):
        folder = f"{name}_{number}_assignsubmission_file/"
        if i % 7 == 0:  # an earlier attempt lies beside
            files.append((f"{folder}{NAME}", school.notebook("unfertig"), WHEN))
        files.append((f"{folder}A7_2 (1).ipynb", _submission(i), LATE if i % 5 == 0 else WHEN))
    files.append((f"{folder}../../x.ipynb", b"", WHEN))
    archive = school.zipped(download / "KI.zip", [f for f in files if f[1]] + files[-1:])
    options = ["--course", str(course)]
    # one file is refused
    assert main(["import", "moodle", str(archive), ASSIGNMENT, *options]) == 3
    assert "30 new" in capsys.readouterr().out
    assert main(["grade", ASSIGNMENT, *options, "--json", str(tmp_path / "g.json"), "--quiet"]) == 0
    grades = {s["student"]: s for s in json.loads((tmp_path / "g.json").read_text())["submissions"]}
    assert len(grades) == 30
    assert {grade["status"] for grade in grades.values()} <= {"graded", "timeout"}
    assert main(["feedback", ASSIGNMENT, *options]) == 0
    assert main(["report", ASSIGNMENT, *options]) == 0
    assert main(["export", "moodle", ASSIGNMENT, str(tmp_path / "back"), *options]) == 0
    back = (tmp_path / "back" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    written = {row[0]: float(row[5].replace(",", ".")) for row in list(csv.reader(back))[1:]}
    people = json.loads((course / ".kischule" / "lms" / "a7_2.json").read_text())["students"]
    expected = {
        f"Teilnehmer/in{person['id']}": min(grades[student]["score"], 54)
        for student, person in people.items()
    }
    assert written == expected
    assert len(set(written.values())) > 3
    assert len(sheet.read_text(encoding="utf-8-sig").splitlines()) == len(back)
    pages = school.listing(tmp_path / "back" / "feedback.zip")
    assert len(pages) == 30
    for student, person in people.items():
        page = pages[f"{person['folder']}/A7_2.html"].decode()
        assert person["name"] in page
        assert f"{grades[student]['score']:g} von 54 Punkten" in page
