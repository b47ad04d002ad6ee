"""A course that says du: its releases, messages and pages do, and nothing else differs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from support import nbgrader as course_of
from support.nbgrader import graded_cell, write
from support.notebooks import ROOT, filled

from autograder import check, hint
from autograder.checking.carried import CELL
from autograder.cli import main
from autograder.course import grade
from autograder.course.configuration import course_config
from autograder.course.new import new_assignment
from autograder.course.new_course import CONFIG
from autograder.course.pages import feedback
from autograder.course.registration import make
from autograder.course.release import build_release, registered, source_notebooks
from autograder.course.stubs import ADDRESS_CELL, AddressError
from autograder.grading.store import Store
from autograder.lms.gradescope import _run_script
from autograder.notebooks import reader
from autograder.notebooks.answers import TEXT_STUB
from autograder.notebooks.cells import by_id, grade_id_of, metadata_of, points_of, read_notebook
from autograder.notebooks.editions import address_of, carried_by
from autograder.notebooks.flags import FlagKind
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.informal import catalogue, sentences

DU = "c.Kischule.address = 'du'"
FORMAL = re.compile(r"\b(Sie|Ihr|Ihre[mnrs]?|Ihnen|IHR)\b")
# says Sie to nobody
THEY = {said for said, du in catalogue().items() if said == du}
SOLVED = small.solutions()


def said_sie(text: str) -> list[str]:
    return [s for s in sentences(text)[::2] if FORMAL.search(s) and s not in THEY]


# --- releases -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the package's assignments that says du."""
    folder = tmp_path_factory.mktemp("du")
    (folder / "source").symlink_to(ROOT / "source")
    (folder / "nbgrader_config.py").write_text(f"{CONFIG}c = get_config()\n{DU}\n")
    return folder


def _released(course: Path, assignment: str) -> tuple[str, bytes]:
    """The name and the content of an assignment's only notebook."""
    made = build_release(course, assignment)
    ((name, content),) = ((n, c) for n, c in made.items() if n.endswith(".ipynb"))
    return name, content


@pytest.mark.parametrize("assignment", ["a7_2", "a7_3", "a7_2_plus"])
def test_a_release_says_du_and_is_the_same_otherwise(packaged: Path, assignment: str) -> None:
    name, content = _released(packaged, assignment)
    made, formal = reader.parse(content), read_notebook(ROOT / "release" / assignment / name)
    assert [said_sie(cell.source) for cell in made.cells if said_sie(cell.source)] == []
    assert len(re.findall(r"\b(du|dein\w*)\b", content.decode())) > 10
    assert [cell.id for cell in made.cells] == [cell.id for cell in formal.cells]
    assert list(map(grade_id_of, made.cells)) == list(map(grade_id_of, formal.cells))
    assert list(map(points_of, made.cells)) == list(map(points_of, formal.cells))
    code = [[c.source for c in each.cells if c.cell_type == "code"] for each in (made, formal)]
    setup = code[0].pop(0)
    assert setup.endswith(code[1].pop(0))
    assert setup.startswith('import os\n\nos.environ["KISCHULE_LANGUAGE"] = "de-du"')
    assert [text.replace("DEIN CODE", "IHR CODE") for text in code[0]] == code[1]
    edition = carried_by(made)  # so `kischule check` knows it
    assert edition is not None
    assert (edition.address, address_of(formal)) == ("du", "Sie")


def test_an_english_release_stays_as_it_is(packaged: Path) -> None:
    name, content = _released(packaged, "a7_2_plus_en")
    assert content == (ROOT / "release" / "a7_2_plus_en" / name).read_bytes()


def test_a_teachers_own_texts_stay(tmp_path: Path) -> None:
    """Where students may change the first code cell, another one stands before it."""
    told = "Rechnen Sie nach. Lesen Sie bis Seite 5."
    write(
        tmp_path / "source" / "mine" / "Mine.ipynb",
        course_of.new_markdown_cell(told, id="mine"),
        course_of.new_code_cell("x = 1", id="first"),
        graded_cell("repetition_rate", SOLVED["repetition_rate"], solution=True),
        graded_cell("test_repetition_rate", 'check("repetition_rate")', 1),
    )
    course_of.configured(tmp_path, DU)
    files = make(tmp_path, "mine", source_notebooks(tmp_path, "mine")).files
    cells = reader.parse(files["Mine.ipynb"]).cells
    assert cells[0].source == told
    assert [cell.id for cell in cells[:3]] == ["mine", ADDRESS_CELL, "first"]
    assert metadata_of(cells[1])["locked"]
    assert CELL not in by_id(reader.parse(files["Mine.ipynb"]))
    assert "# DEIN CODE · YOUR CODE" in cells[3].source


def test_a_new_assignment_says_du(tmp_path: Path) -> None:
    course_of.configured(tmp_path, DU)
    new_assignment(tmp_path, "a7_4")
    cells = by_id(read_notebook(tmp_path / "source" / "a7_4" / "A7_4.ipynb"))
    assert cells["question_1"].source.startswith("**Frage 1.** Was fällt dir")


@pytest.mark.parametrize("given", ["Du", "ihr", "", None, ["du"]])
def test_another_address_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: Any
) -> None:
    course_of.configured(tmp_path, f"c.Kischule.address = {given!r}")
    with pytest.raises(AddressError):
        course_config(tmp_path)
    assert main(["release", "small", "--course", str(tmp_path)]) == 2
    told = f"c.Kischule.address must be 'Sie' or 'du', was: {given!r}"
    assert told in capsys.readouterr().err


# --- grading ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada solves all; Bob makes mistakes, in the edition that says Sie."""
    folder = tmp_path_factory.mktemp("address")
    small.make(folder)
    formal = reader.parse(build_release(folder, "small")[small.NAME])
    course_of.configured(folder, DU)
    (released,) = registered(folder, "small")
    small.write(folder, "ada", filled(released, {**SOLVED, "observation_greedy": "Er stockt."}))
    wrong = {
        **SOLVED,
        "filter_top_k": "def filter_top_k(logits, k):\n    return logits",
        "encode_prompt": SOLVED["encode_prompt"].replace(":", "", 1),
    }
    for name, cell in by_id(formal).items():
        cell.source = wrong.get(name, cell.source)
    assert by_id(formal)["observation_greedy"].source == TEXT_STUB
    small.write(folder, "bob", formal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.course.grade._engine", lambda *_: small.Here())
        list(grade.grade(folder, "small"))
    return folder


def test_a_submission_gets_its_points(graded: Path) -> None:
    assert small.points(graded) == {"ada": small.ALL, "bob": 2.0}


def test_locked_cells_are_the_release_s(graded: Path) -> None:
    for student, flags in {"ada": [], "bob": [FlagKind.OTHER_EDITION]}.items():
        (record,) = Store(graded).records("small", student).values()
        assert [flag.kind for flag in record.flags] == flags
        cells = by_id(read_notebook(graded / "autograded" / student / "small" / small.NAME))
        assert '= "de-du"' in cells["setup"].source
        assert said_sie(cells["question_greedy"].source) == []
    assert cells["observation_greedy"].source == "*Deine Antwort · Your answer*"  # not an answer


def test_a_page_says_du_and_the_report_sie(graded: Path) -> None:
    pages = dict(feedback(graded, "small"))
    page = Path(str(pages["bob"])).read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if said_sie(line.strip())] == []
    assert "Python kann die Zelle mit deiner Lösung nicht lesen" in page
    assert "Zähle, wie viele Logits in deinem Ergebnis nicht -inf sind." in page
    assert "wenn deine Antworten gelesen sind" in Path(str(pages["ada"])).read_text("utf-8")
    assert main(["report", "small", "--course", str(graded), "--language", "de"]) == 0
    report = (graded / "reports" / "small.html").read_text(encoding="utf-8")
    assert "auf Ihre Punkte warten" in report


# --- what a student sees at once ----------------------------------------------------------------


def test_a_check_and_its_hints_say_du(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "de-du")

    def filter_top_k(logits: Any, k: Any) -> None:
        raise NotImplementedError

    result = check("filter_top_k", namespace={"filter_top_k": filter_top_k})
    assert "Hier fehlt noch deine Lösung." in str(result)
    assert "Hier fehlt noch deine Lösung." in result._repr_mimebundle_()["text/html"]
    hint("filter_top_k", 2)
    assert "Du brauchst eine Schwelle" in capsys.readouterr().out


def test_the_precheck_says_du(graded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (notebook,) = registered(graded, "small")
    assert main(["check", str(notebook)]) == 1
    assert "Speichere dein Notebook, bevor du es prüfst." in capsys.readouterr().out
    assert main(["check", str(notebook), "--json", "-", "--language", "en"]) == 1
    assert "Save your notebook" in json.loads(capsys.readouterr().out)["findings"][0]["message"]


def test_gradescope_says_du() -> None:
    script = _run_script("du")
    assert "KISCHULE_LANGUAGE=de-du\n" in script
    told = json.loads(script.split("<< 'END'\n")[1].split("\nEND")[0])["output"]
    assert "Das ist nicht dein Fehler" in told
    assert "nicht Ihr Fehler" in _run_script("Sie").encode().decode("unicode_escape", "ignore")
