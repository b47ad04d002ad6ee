"""Exercise files: what is stored is fresh, and what breaks a rule is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.exercise import (
    FOLDER,
    ExerciseError,
    exercise_ids,
    load_exercise,
    parse_exercise,
    store_answers,
)
from autograder.expected import STORED, TooCloseError, answers_of, fingerprint
from autograder.judge import MARGIN

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
    assert "case 1: unknown key 'length'; allowed: model, input_ids, max_length" in message


def test_other_broken_rules_are_named() -> None:
    assert "the key 'judge' is missing" in _refused(TEXT.replace("judge: greedy", ""))
    assert "'draws' has the wrong type, was: 'two'" in _refused(
        TEXT.replace("draws: 2", "draws: two")
    )
    assert "id must be the file's name, was: 'other'" in _refused(
        TEXT.replace("id: greedy_decode", "id: other")
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
    assert gap >= MARGIN
    assert any(answer is not None for answer in answers)
    assert f"model: {fingerprint()}" in (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def test_a_prompt_that_hangs_on_a_tie_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.expected.MARGIN", 10.0)
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
    with pytest.raises(KeyError, match=r"no exercise '\.\./secret'; there are: encode_prompt, gen"):
        load_exercise("../secret")
