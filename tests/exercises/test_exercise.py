"""Exercise files: what is stored is fresh, and what breaks a rule is refused by name."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.notebooks import ROOT

from autograder.checking.check import hidden_cases
from autograder.checking.judge import margin
from autograder.checking.registry import CHECKERS
from autograder.checking.stored import replies_of
from autograder.exercises import misconceptions
from autograder.exercises.exercise import (
    IN_ORACLE,
    PACKAGED,
    ExerciseError,
    TooCloseError,
    parse_exercise,
    store_replies,
)
from autograder.exercises.generate import MIN_SEED_DISTANCE, generate
from autograder.exercises.references import own_reference
from autograder.notebooks.cells import read_notebook
from autograder.sandbox.arguments import build, calls_of
from kischule.models import fingerprint

TEXT = PACKAGED.paths["greedy_decode"].read_text(encoding="utf-8")


def _refused(text: str) -> str:
    with pytest.raises(ExerciseError) as caught:
        parse_exercise(text, "greedy_decode.yaml")
    return str(caught.value)


def test_an_unknown_key_is_refused_with_the_allowed_ones() -> None:
    message = _refused(TEXT.replace("time_limit_s:", "timelimit:"))
    assert "unknown key 'timelimit' (did you mean 'time_limit_s'?); allowed: id, title" in message
    message = _refused(TEXT.replace("checker:", "bonus: {open: 1}\nchecker:"))
    assert re.fullmatch(
        r"greedy_decode.yaml, line \d+: bonus: unknown key 'open'; allowed: public, hidden", message
    )
    message = _refused(TEXT.replace("max_length: 20}", "length: 40}"))
    allowed = "function, catches, raises, first_calls, model, input_ids, max_length"
    assert (
        f"case 1: unknown key 'length' (did you mean 'max_length'?); allowed: {allowed}" in message
    )
    message = _refused(TEXT.replace("max_length: 20}", "max_length: 40, function: beam}"))
    assert "case 1: function must be one of greedy_decode, was: 'beam'" in message
    message = _refused(TEXT.replace("max_length: 20}", "max_length: 40, first_calls: -1}"))
    assert "case 1: first_calls must not be negative, was: -1" in message


def test_other_broken_rules_are_named() -> None:
    assert "the key 'read' is missing" in _refused(re.sub(r"\nread:\n.*\n.*\n", "\n", TEXT))
    assert "read needs both de and en, was: de" in _refused(re.sub(r"(read:\n.*)\n.*", r"\1", TEXT))
    assert "read must be one line in each language, was: ''" in _refused(
        re.sub(r"(read:\n  de: ).*", r"\1''", TEXT)
    )
    assert "the key 'checker' is missing" in _refused(TEXT.replace("checker: greedy", ""))
    assert "'rounds' has the wrong type, was: 'two'" in _refused(
        TEXT.replace("rounds: 2", "rounds: two")
    )
    assert "id must be the file's name, was: 'other'" in _refused(
        TEXT.replace("id: greedy_decode", "id: other")
    )
    assert "bonus must be a mapping, was: 1" in _refused(
        TEXT.replace("checker: greedy", "checker: greedy\nbonus: 1")
    )
    assert "needs both de and en" in _refused(TEXT.replace(", en: Greedy decoding", ""))
    assert "the argument 'max_length' is missing" in _refused(
        TEXT.replace(", max_length: 20}", "}")
    )
    assert "not YAML" in _refused(TEXT + "\n: [")
    assert "must be a mapping, was: [1, 2]" in _refused("[1, 2]")
    case = "  - {model: {model: mini}, input_ids: {ids: [5]}, max_length: 3}\n"
    more = TEXT.replace("hidden:\n", f"{case}hidden:\n", 1)
    assert "run `make expected`" in _refused(more)


STORED = [name for name in PACKAGED if CHECKERS[PACKAGED[name].checker].stored]


@pytest.mark.parametrize("name", STORED)
def test_stored_replies_are_the_oracles_and_hang_on_no_tie(name: str) -> None:
    exercise = PACKAGED[name]
    replies, gap = replies_of(exercise)
    assert replies == [case.expected for case in exercise.cases]
    assert gap >= margin(exercise, exercise.cases[0])
    assert any(reply is not None for reply in replies)
    assert f"model: {fingerprint()}" in PACKAGED.paths[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(PACKAGED))
def test_an_exercise_names_only_what_exists(name: str) -> None:
    exercise = PACKAGED[name]
    for checker in (exercise.checker, *exercise.helpers.values()):
        assert checker in CHECKERS
    for rule in (m.rule for m in exercise.misconceptions):
        assert callable(getattr(misconceptions, rule))
    for case in exercise.hidden:
        assert all(callable(getattr(misconceptions, rule)) for rule in case.catches)
    assert set(exercise.needs) < set(PACKAGED)
    for case in (*exercise.cases, *exercise.hidden):
        # checkers that ask the oracle for the function's own reference
        if exercise.checker_of(case) in ("truth", "number", "probs", "logits", "kept"):
            assert callable(own_reference(case.function))


def test_the_package_has_a_reference_for_its_own_functions() -> None:
    exercises = [PACKAGED[name] for name in PACKAGED]
    assert {f for e in exercises for f in (e.id, *e.helpers)} == IN_ORACLE
    assert not any(e.needs_solution for e in exercises)
    more = replace(exercises[0], helpers={"a_helper_of_mine": "number"})
    assert more.needs_solution
    assert not more.by_solution(more.id)


READ = {
    "de": ("", r"Abschnitt „([^“]+)“, Aufgabe (\d+)(?:; dazu (.+))?", "Aufgabe"),
    "en": ("_en", r'Section "([^"]+)", exercise (\d+)(?:; also (.+))?', "Exercise"),
}


@pytest.mark.parametrize("name", list(PACKAGED))
@pytest.mark.parametrize("language", READ)
def test_the_section_to_read_is_the_exercises_own(name: str, language: str) -> None:
    edition, pattern, word = READ[language]
    (path,) = (ROOT / "source" / f"{PACKAGED.paths[name].parent.name}{edition}").glob("*.ipynb")
    found = re.fullmatch(pattern, getattr(PACKAGED[name].read, language))
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


def test_a_hidden_case_that_cannot_be_made_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograder.checking.check.MAX_ATTEMPTS", 3)
    exercise = PACKAGED["beam_search"]
    never = replace(exercise.hidden[0], arguments=exercise.cases[1].arguments)  # one beam: greedy
    with pytest.raises(ValueError, match=r"beam_search: a hidden case must .*; 3 attempts failed"):
        hidden_cases(replace(exercise, hidden=(never,)), "seed")


def test_an_unknown_generated_kind_or_setting_is_refused() -> None:
    for spec in (
        {"generate": "nonsense"},
        {"generate": "integer", "from": 1},
        {"generate": "prompt", "x": 1},
    ):
        with pytest.raises(ValueError, match=r"such as: \{generate|generate must be one of "):
            generate(spec, np.random.default_rng(1))


def test_generated_arguments_are_what_they_say() -> None:
    rng = np.random.default_rng(1)
    seeds = generate({"generate": "seeds", "pattern": "aba"}, rng)["each"]
    assert seeds[0] == seeds[2] != seeds[1]
    heavy = build(generate({"generate": "heavy", "size": 16, "p": 0.3}, rng))
    probs = heavy(torch.tensor([[5]])).logits[0, 0].softmax(-1)
    assert probs.max().item() == pytest.approx(0.3, abs=1e-4)
    shuffled = build(generate({"generate": "shuffled", "probs": [0.7, 0.2, 0.1]}, rng))
    for row in shuffled.table[:3, :3].softmax(-1):
        assert sorted(row.tolist()) == pytest.approx([0.1, 0.2, 0.7])
    spec = {"generate": "shuffled", "probs": [0.7, 0.2, 0.1], "zero": 2}
    light_first = build(generate(spec, rng))
    assert light_first.table.softmax(-1)[:3, 0].tolist() == pytest.approx([0.1] * 3)
    half = generate({"generate": "half", "size": 10}, rng)["ids"]
    assert len(half) == len(set(half)) == 5
    ties = generate({"generate": "logits", "size": 6, "ties": True}, rng)["vector"]
    assert len(set(ties)) == 3


@pytest.mark.parametrize("name", list(PACKAGED))
def test_numbers_that_the_text_calls_floats_are_floats(name: str) -> None:
    """transformers' own processors refuse `penalty=3`, for which a student is not to blame."""
    exercise = PACKAGED[name]
    for case in (*exercise.cases, *exercise.hidden):
        for arguments in calls_of(case.arguments):
            for setting in (arguments, *arguments.get("settings", ())):
                for key in ("penalty", "repetition_penalty", "temperature", "p", "top_p"):
                    number = setting.get(key)
                    choices = number["of"] if isinstance(number, dict) and "of" in number else []
                    for found in (number, *choices):
                        assert type(found) in (type(None), float, dict), (key, arguments)


def test_the_seeds_of_a_case_are_far_apart() -> None:
    """A solution may seed its generator anew in each step, with the seed plus the step."""
    rng = np.random.default_rng(1)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
    generated = [generate({"generate": "seeds", "pattern": letters}, rng) for _ in range(50)]
    public = [c.arguments.get("seed") for n in PACKAGED for c in PACKAGED[n].cases]
    for seeds in (*generated, *public):
        if isinstance(seeds, dict):
            apart = np.diff(sorted(set(seeds["each"])))
            assert (apart >= MIN_SEED_DISTANCE).all(), seeds
    longest = max(c.arguments.get("max_length", 0) for c in PACKAGED["sample_decode"].hidden)
    assert longest < MIN_SEED_DISTANCE


def test_a_prompt_that_hangs_on_a_tie_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = replace(CHECKERS["greedy"], margin=10.0)
    monkeypatch.setitem(CHECKERS, "greedy", greedy)
    with pytest.raises(TooCloseError, match=r"must be at least 10.0, was: .*choose another prompt"):
        replies_of(PACKAGED["greedy_decode"])


def test_storing_replies_keeps_the_lines_above_them(tmp_path: Path) -> None:
    path = tmp_path / "greedy_decode.yaml"
    path.write_text(TEXT, encoding="utf-8")
    replies = [case.expected for case in PACKAGED["greedy_decode"].cases]
    store_replies(path, "another model", replies)
    written = path.read_text(encoding="utf-8")
    assert written == TEXT.replace(f"model: {fingerprint()}", "model: another model")
    assert "# eos after two tokens" in written


def test_an_unknown_exercise_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"no exercise '\.\./secret'; there are: accept_draft"):
        PACKAGED["../secret"]
