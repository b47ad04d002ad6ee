"""Exercise files: what is stored is fresh, and what breaks a rule is refused by name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from autograder.checking.checkers import JUDGES, MARGIN
from conftest import ROOT, SOURCE

from autograder.checking.check import drawn_cases
from autograder.checking.stored import STORED, TooCloseError, answers_of
from autograder.course.release import read_notebook
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import (
    FOLDER,
    ExerciseError,
    exercise_ids,
    load_exercise,
    parse_exercise,
    store_answers,
)
from autograder.sandbox.arguments import build, draw
from kischule.models import fingerprint

ENGLISH = ROOT / "source" / "a7_2_en" / "A7_2.ipynb"
TEXT = (FOLDER / "greedy_decode.yaml").read_text(encoding="utf-8")


def _refused(text: str) -> str:
    with pytest.raises(ExerciseError) as caught:
        parse_exercise(text, "greedy_decode.yaml")
    return str(caught.value)


def test_an_unknown_key_is_refused_with_file_key_and_allowed_keys() -> None:
    message = _refused(TEXT.replace("time_limit:", "timelimit:"))
    assert message.startswith("greedy_decode.yaml: unknown key 'timelimit'; allowed: id, title")
    message = _refused(TEXT.replace("points: {public", "points: {open"))
    assert message == "greedy_decode.yaml: points: unknown key 'open'; allowed: public, drawn"
    message = _refused(TEXT.replace("max_length: 40}", "length: 40}"))
    allowed = "function, tells, model, input_ids, max_length"
    assert f"case 1: unknown key 'length'; allowed: {allowed}" in message
    message = _refused(TEXT.replace("max_length: 40}", "max_length: 40, function: beam}"))
    assert "case 1: function must be one of greedy_decode, was: 'beam'" in message


def test_other_broken_rules_are_named() -> None:
    assert "the key 'read' is missing" in _refused(re.sub(r"\nread:\n.*\n.*\n", "\n", TEXT))
    assert "read needs both de and en, was: de" in _refused(re.sub(r"(read:\n.*)\n.*", r"\1", TEXT))
    assert "read must be one line in each language, was: ''" in _refused(
        re.sub(r"(read:\n  de: ).*", r"\1''", TEXT)
    )
    assert "the key 'judge' is missing" in _refused(TEXT.replace("judge: greedy", ""))
    assert "'draws' has the wrong type, was: 'two'" in _refused(
        TEXT.replace("draws: 2", "draws: two")
    )
    assert "id must be the file's name, was: 'other'" in _refused(
        TEXT.replace("id: greedy_decode", "id: other")
    )
    assert "'bonus' has the wrong type, was: 1" in _refused(
        TEXT.replace("judge: greedy", "judge: greedy\nbonus: 1")
    )
    assert "needs both de and en" in _refused(TEXT.replace(", en: Greedy decoding", ""))
    assert "the argument 'max_length' is missing" in _refused(
        TEXT.replace(", max_length: 40}", "}")
    )
    assert "not YAML" in _refused(TEXT + "\n: [")
    assert "must be a mapping, was: [1, 2]" in _refused("[1, 2]")
    more = TEXT.replace(
        "drawn:\n", "  - {model: {model: mini}, input_ids: {ids: [5]}, max_length: 3}\ndrawn:\n", 1
    )
    assert "run `make expected`" in _refused(more)


@pytest.mark.parametrize("name", [n for n in exercise_ids() if load_exercise(n).judge in STORED])
def test_stored_answers_are_what_the_oracle_says_and_hang_on_no_tie(name: str) -> None:
    exercise = load_exercise(name)
    answers, gap = answers_of(exercise)
    assert answers == [case.expected for case in exercise.cases]
    assert gap >= MARGIN.get(exercise.judge, 0.0)
    assert any(answer is not None for answer in answers)
    assert f"model: {fingerprint()}" in (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", exercise_ids())
def test_what_an_exercise_names_is_there(name: str) -> None:
    exercise = load_exercise(name)
    for judge in (exercise.judge, *exercise.helpers.values()):
        assert judge in JUDGES
    for rule in (m.rule for m in exercise.misconceptions):
        assert callable(getattr(misconceptions, rule))
    for case in exercise.drawn:
        assert all(callable(getattr(misconceptions, rule)) for rule in case.tells)
    assert set(exercise.needs) < set(exercise_ids())
    for case in (*exercise.cases, *exercise.drawn):
        # judges that ask the oracle for the function's own reference
        if exercise.judge_of(case) in ("truth", "number", "distribution", "logits", "kept"):
            assert callable(getattr(oracle, case.function))


READ = {
    "de": (SOURCE, r"Abschnitt „([^“]+)“, Aufgabe (\d+)(?:; dazu (.+))?", "Aufgabe"),
    "en": (ENGLISH, r'Section "([^"]+)", exercise (\d+)(?:; also (.+))?', "Exercise"),
}


@pytest.mark.parametrize("name", exercise_ids())
@pytest.mark.parametrize("language", READ)
def test_what_to_read_is_the_section_in_which_the_exercise_stands(name: str, language: str) -> None:
    path, pattern, word = READ[language]
    found = re.fullmatch(pattern, getattr(load_exercise(name).read, language))
    assert found is not None
    heading = ""
    for cell in read_notebook(path).cells:
        if cell.id == f"task_{name}":
            assert cell.source.startswith((f"**{word} {found[2]}.", f"**{word} {found[2]} ("))
            assert heading == found[1]
            return
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            heading = line.lstrip("# ") if line.startswith("#") else heading
    pytest.fail(f"there is no cell task_{name}")


def test_a_draw_that_cannot_be_made_is_refused_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograder.checking.check.MOST_DRAWS", 3)
    exercise = load_exercise("beam_search")
    never = replace(exercise.drawn[0], arguments=exercise.cases[1].arguments)  # one beam: greedy
    with pytest.raises(ValueError, match=r"beam_search: a drawn case must .* none of 3 draws did"):
        drawn_cases(replace(exercise, drawn=(never,)), "seed")


def test_draws_refuse_what_they_do_not_know() -> None:
    for spec in ({"draw": "nonsense"}, {"draw": "integer", "from": 1}, {"draw": "prompt", "x": 1}):
        with pytest.raises(ValueError, match="unknown draw, was: "):
            draw(spec, np.random.default_rng(1))


def test_draws_are_what_they_say() -> None:
    rng = np.random.default_rng(1)
    seeds = draw({"draw": "seeds", "pattern": "aba"}, rng)["each"]
    assert seeds[0] == seeds[2] != seeds[1]
    heavy = build(draw({"draw": "heavy", "size": 16, "p": 0.3}, rng))
    probs = heavy(torch.tensor([[5]])).logits[0, 0].softmax(-1)
    assert probs.max().item() == pytest.approx(0.3, abs=1e-4)
    shuffled = build(draw({"draw": "shuffled", "probs": [0.7, 0.2, 0.1]}, rng))
    for row in shuffled.table.softmax(-1):
        assert sorted(row.tolist()) == pytest.approx([0.1, 0.2, 0.7])
    light_first = build(draw({"draw": "shuffled", "probs": [0.7, 0.2, 0.1], "zero": 2}, rng))
    assert light_first.table.softmax(-1)[:, 0].tolist() == pytest.approx([0.1] * 3)
    half = draw({"draw": "half", "size": 10}, rng)["ids"]
    assert len(half) == len(set(half)) == 5
    ties = draw({"draw": "logits", "size": 6, "ties": True}, rng)["vector"]
    assert len(set(ties)) == 3


def test_a_prompt_that_hangs_on_a_tie_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MARGIN, "greedy", 10.0)
    with pytest.raises(TooCloseError, match=r"must be at least 10.0, was: .*choose another prompt"):
        answers_of(load_exercise("greedy_decode"))


def test_storing_answers_keeps_what_stands_above_them(tmp_path: Path) -> None:
    path = tmp_path / "greedy_decode.yaml"
    path.write_text(TEXT, encoding="utf-8")
    answers = [case.expected for case in load_exercise("greedy_decode").cases]
    store_answers(path, "another model", answers)
    written = path.read_text(encoding="utf-8")
    assert written == TEXT.replace(f"model: {fingerprint()}", "model: another model")
    assert "# eos after two tokens" in written


def test_a_name_that_is_no_exercise_is_answered_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"no exercise '\.\./secret'; there are: apply_repet"):
        load_exercise("../secret")
