"""`kischule new`, and the walk of docs/exercises.md that begins with it."""

from __future__ import annotations

import re
import shlex
import shutil
import textwrap
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support.notebooks import ROOT
from support.own import Here

from autograder.checking.carried import known_in
from autograder.checking.check import check
from autograder.cli import main
from autograder.course import new, verify
from autograder.course.new import NewError, new_assignment, new_exercise
from autograder.course.verify import namespace
from autograder.exercises.exercise import parse_exercise
from autograder.exercises.known import known_correct, known_wrong
from autograder.notebooks.cells import by_id, grade_id_of, read_notebook, rubrics_of

NAME = "apply_logit_bias"
IDS = [f"{prefix}{NAME}" for prefix in ("", "test_", "hidden_")]


def _files(course: Path) -> dict[str, bytes]:
    return {str(p.relative_to(course)): p.read_bytes() for p in course.rglob("*") if p.is_file()}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A7_2 with three exercises, in German and in English."""
    small.make(tmp_path)
    (tmp_path / "source" / "small").rename(tmp_path / "source" / "a7_2")
    shutil.copytree(tmp_path / "source" / "a7_2", tmp_path / "source" / "a7_2_en")
    return tmp_path


def test_a_new_assignment_verifies_and_releases_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    at = ["--course", str(tmp_path)]
    assert main(["new", "a7_4", *at]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "exercises/a7_4/example_a7_4.yaml",
        "tests/known/wrong/example_a7_4.py",
        "tests/known/correct/example_a7_4.py",
        "source/a7_4/A7_4.ipynb",
    ]
    assert main(["new", "a7_4", "three_of_them", "--signature", "a, b, on", *at]) == 0
    capsys.readouterr()
    assert main(["verify", "a7_4", *at]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^(\w+) +✓ +✓ +1/1 +1/1", out, re.MULTILINE) == [
        "example_a7_4",
        "three_of_them",
    ]
    assert "do not notice" not in out
    assert main(["release", "a7_4", *at]) == 0
    source = read_notebook(tmp_path / "source" / "a7_4" / "A7_4.ipynb")
    assert list(rubrics_of(source)) == ["observation_1"]
    assert "**Aufgabe 2.** Schreiben Sie `three_of_them(a, b, on)`" in str(source)


def test_an_exercise_goes_into_every_edition(course: Path) -> None:
    shutil.copytree(course / "source" / "a7_2_en", course / "source" / "a7_2_fr")
    new_exercise(course, "a7_2_en", NAME, "logits, bias")
    for name, task in (("a7_2", "Schreiben Sie"), ("a7_2_en", "Write"), ("a7_2_fr", "Write")):
        notebook = read_notebook(course / "source" / name / small.NAME)
        nbformat.validate(notebook)
        ids = [grade_id_of(cell) for cell in notebook.cells]
        place = ids.index("hidden_repetition_rate")
        assert ids[place + 2 : place + 5] == IDS
        assert task in notebook.cells[place + 1].source
    assert len((course / "exercises/a7_2" / f"{NAME}.yaml").read_text().splitlines()) == 10


def test_an_english_assignment_has_english_texts(tmp_path: Path) -> None:
    for name in ("a7_4", "a7_4_en"):  # of the same exercise
        new_assignment(tmp_path, name)
    cells = by_id(read_notebook(tmp_path / "source" / "a7_4_en" / "A7_4.ipynb"))
    assert 'KISCHULE_LANGUAGE"] = "en"' in cells["setup"].source
    assert "BEGIN MARK SCHEME" in cells["observation_1"].source
    assert "What do you notice" in cells["question_1"].source


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a7_2"], "source/a7_2 exists already"),
        (["a7-4"], "must be a name in Python"),
        (["../a7_4"], "must be a name in Python"),
        (["lambda"], "not a keyword"),
        (["course"], "needs the name of an empty or new folder"),
        (["a7_2_fr"], "copy source/a7_2 to source/a7_2_fr"),
        (["a7_4", "--signature", "x"], "name the exercise as well"),
        (["a7_9", NAME], "no assignment 'a7_9' in source; there are: a7_2, a7_2_en"),
        (["../source/a7_2", NAME], "there are: a7_2, a7_2_en"),
        (["a7_2", "class"], "not a keyword, was: 'class'"),
        (["a7_2", "2nd"], "must be a name in Python"),
        (["a7_2", "größe"], "letters from a to z"),
        (["a7_2", "x" * 49], "at most 48"),
        (["a7_2", "print"], "'print' is taken"),
        (["a7_2", "torch"], "defines 'torch' already"),
        (["a7_2", "check"], "defines 'check' already"),
        (["a7_2", "test_x"], "must not begin with test_"),
        (["a7_2", "encode_prompt"], "there is an exercise 'encode_prompt' already"),
        (["a7_2", "observation_greedy"], "has a cell 'observation_greedy' already"),
        (["a7_2", NAME, "--signature", ""], "a parameter of --signature must be a name"),
        (["a7_2", NAME, "--signature", "k=3"], "was: 'k=3'"),
        (["a7_2", NAME, "--signature", "a, a"], "must not name a parameter twice"),
        (["a7_2", NAME, "--signature", "raises"], "'raises' is taken"),
    ],
)
def test_what_cannot_be_is_refused(
    course: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    before = _files(course)
    assert main(["new", *words, "--course", str(course)]) == 2
    assert says in capsys.readouterr().err
    assert _files(course) == before


def test_a_teachers_file_stays_as_it_is(course: Path) -> None:
    path = course / "tests" / "known" / "wrong" / f"{NAME}.py"
    path.parent.mkdir(parents=True)
    path.write_text("mine = 1\n")
    before = _files(course)
    with pytest.raises(NewError, match=f"wrong/{NAME}.py exists already"):
        new_exercise(course, "a7_2", NAME)
    assert _files(course) == before


@pytest.mark.parametrize("fails_at", [1, 3, 5])
def test_nothing_half_done(course: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    before, real, calls = _files(course), new.write_atomically, []

    def full(path: Path, content: bytes) -> None:
        calls.append(path)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    monkeypatch.setattr(new, "write_atomically", full)
    assert main(["new", "a7_2", NAME, "--course", str(course)]) == 2
    assert _files(course) == before
    assert not (course / "tests").exists()
    monkeypatch.undo()
    assert main(["new", "a7_2", NAME, "--course", str(course)]) == 0


@pytest.mark.parametrize("signature", ["logits", "on, yes", "n, y, null"])
def test_any_names_make_files_that_are_read(tmp_path: Path, signature: str) -> None:
    new_assignment(tmp_path, "a7_4")
    path, wrong, correct, _ = new_exercise(tmp_path, "a7_4", "off", signature)
    exercise = parse_exercise(path.read_text(), path.name)
    assert list(exercise.parameters) == signature.split(", ")
    assert len(known_wrong("off", wrong.parent)) == len(known_correct("off", correct.parent)) == 1


def test_verify_names_the_exercises_there_are(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "a7_2", "filter_top_q", "--course", str(course)]) == 2
    said = capsys.readouterr().err
    assert "no exercise 'filter_top_q'; there are: encode_prompt, filter_top_k, repetition" in said


# --- the walk ----------------------------------------------------------------------------------


def _walk(course: Path) -> None:
    """Type the section as it stands, and give the released notebook to two students."""
    text = (ROOT / "docs" / "exercises.md").read_text(encoding="utf-8")
    section = text.split("## Add an exercise\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^ +```(\w+)\n(.*?)^ +```$", section, re.DOTALL | re.MULTILINE)
    assert [kind for kind, _ in blocks] == ["sh", "python", "yaml", "python", "sh"]
    make, solution, cases, wrong, finish = (textwrap.dedent(block) for _, block in blocks)
    _type(make, course)
    (path,) = (course / "source" / "a7_2").glob("*.ipynb")
    notebook = read_notebook(path)
    by_id(notebook)[NAME].source = solution.rstrip("\n")
    nbformat.write(notebook, path)
    for name, content in (
        (f"exercises/a7_2/{NAME}.yaml", cases),
        (f"tests/known/wrong/{NAME}.py", wrong),
    ):
        assert f"`{name}` by" in section
        assert (course / name).is_file()
        (course / name).write_text(content, encoding="utf-8")
    _type(finish, course)
    (path,) = (course / "release" / "a7_2").glob("*.ipynb")
    cells = by_id(read_notebook(path))
    assert "raise NotImplementedError" in cells[NAME].source
    carried: dict[str, Any] = {}
    exec(cells["kischule_exercises"].source, carried)
    assert known_in(carried)[NAME].title.en == "Shifting logits"
    (mistake,) = known_wrong(NAME, course / "tests" / "known" / "wrong").values()
    for source, passed in ((solution, True), (mistake.source, False)):
        student = carried | namespace({NAME: source})
        assert check(NAME, namespace=student).passed is passed


def _type(commands: str, course: Path) -> None:
    for line in commands.splitlines():
        program, *words = shlex.split(line)
        assert program == "kischule"
        assert main([*words, "--course", str(course)]) == 0, line


def test_the_walk_as_it_is_typed(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    _walk(course)


@pytest.mark.slow
def test_the_walk_in_the_whole_a7_2(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "source", tmp_path / "source")
    _walk(tmp_path)
