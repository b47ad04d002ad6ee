"""What a student reads: five parts, one hint, and of drawn cases nothing but the kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder import compare, feedback
from autograder.checks import run_check
from autograder.compare import Array, Mismatch
from autograder.exercise import Words, exercise_ids, load_exercise
from autograder.student import LocalStudent


def _message(solved: Callable[..., dict[str, Any]], drawn: bool = False, **replaced: str) -> Words:
    (name,) = replaced
    seed = "seed" if drawn else None
    return run_check(load_exercise(name), LocalStudent(solved(**replaced)), seed).message


def test_a_failure_has_five_parts_in_both_languages(solved: Callable[..., dict[str, Any]]) -> None:
    source = (
        "def next_token_probs(model, input_ids):\n"
        "    return model(input_ids).logits[0, -1].detach()"
    )
    message = _message(solved, next_token_probs=source)
    name, expected, hint = message.de.splitlines()
    assert name == ("next_token_probs: Aufruf: next_token_probs(model, encode('Once upon a time'))")
    assert expected.startswith("Erwartet: ")
    assert "Erhalten: " in expected
    assert hint == "Hinweis: Das sind Logits. Erst softmax macht daraus Wahrscheinlichkeiten."
    assert message.en.splitlines()[2] == (
        "Hint: These are logits. Softmax turns them into probabilities."
    )


def test_a_drawn_case_tells_the_kind_and_the_hint_but_no_value(
    solved: Callable[..., dict[str, Any]],
) -> None:
    source = (
        "def next_token_probs(model, input_ids):\n"
        "    return model(input_ids).logits[0, -1].detach()"
    )
    message = _message(solved, drawn=True, next_token_probs=source)
    assert message.de == (
        "next_token_probs: Aufruf: in einem neuen Fall\nEin Wert stimmt nicht.\n"
        "Hinweis: Das sind Logits. Erst softmax macht daraus Wahrscheinlichkeiten."
    )


def test_a_lost_none_is_explained(solved: Callable[..., dict[str, Any]]) -> None:
    source = (
        "def generate_text(tokenizer, model, prompt_text, **p):\n"
        "    p = {k: v for k, v in p.items() if v is not None}\n"
        "    ids = encode_prompt(tokenizer, prompt_text)\n"
        "    return tokenizer.decode(model.generate(ids, **p)[0])"
    )
    message = _message(solved, generate_text=source)
    assert "top_k anders an. Erwartet: None. Erhalten: 50." in message.de
    assert "Voreinstellung 50" in message.de


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise KeyError('x')", "bricht ab mit: KeyError: 'x'"),
        ("import sys; sys.exit(0)", "bricht ab mit: SystemExit: 0"),
        ("raise NotImplementedError()", "Hier fehlt noch Ihre Lösung."),
        ("return object()", "Erwartet: torch.Tensor als Typ der Rückgabe. Erhalten: object."),
        ("return None", "Erhalten: NoneType."),
    ],
)
def test_whatever_a_function_does_becomes_a_sentence(
    body: str, words: str, solved: Callable[..., dict[str, Any]]
) -> None:
    source = f"def encode_prompt(tokenizer, prompt_text):\n    {body}"
    assert words in _message(solved, encode_prompt=source).de


def test_what_a_function_prints_or_logs_is_dropped(
    solved: Callable[..., dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    source = (
        "import logging, sys, warnings\n"
        "handler = logging.StreamHandler(sys.stderr)\n"
        "def encode_prompt(tokenizer, prompt_text):\n"
        "    print('out'); print('err', file=sys.stderr); warnings.warn('careful')\n"
        "    logger = logging.getLogger('student'); logger.addHandler(handler)\n"
        "    logger.warning('logged')\n"
        "    return tokenizer(prompt_text, return_tensors='pt').input_ids"
    )
    exercise = load_exercise("encode_prompt")
    assert run_check(exercise, LocalStudent(solved(encode_prompt=source))).passed
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_every_kind_has_words_in_both_languages() -> None:
    for table in (feedback.SENTENCES, feedback.DRAWN, feedback.UI):
        for words in table.values():
            assert words.de
            assert words.en
            assert words.de != words.en or words.de in ("Hinweis",)
    assert set(feedback.DRAWN) <= set(feedback.SENTENCES)
    for name in exercise_ids():
        for key in load_exercise(name).hints:
            assert key.split(":")[0] in feedback.SENTENCES


def test_the_box_escapes_what_a_student_wrote() -> None:
    page = feedback.box(False, Words("a", "a"), Words("<script>x</script>", "<b>"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


# --- compare: from basic to fine ----------------------------------------------------------------


def _array(data: Any, dtype: str = "float32") -> Array:
    return Array(np.asarray(data, dtype=dtype), dtype)


@pytest.mark.parametrize(
    ("actual", "kind", "place"),
    [
        ([0.5, 0.5], "type", ""),
        (_array([[0.5, 0.5]]), "shape", ""),
        (_array([1, 0], "int64"), "dtype", ""),
        (_array([np.nan, 0.5]), "finite", "[0]"),
        (_array([0.5, 0.4]), "value", "[1]"),
    ],
)
def test_close_goes_from_basic_to_fine(actual: object, kind: str, place: str) -> None:
    found = compare.close(np.array([0.5, 0.5]), actual, 1e-6)
    assert found is not None
    assert (found.kind, found.place) == (kind, place)


def test_close_takes_what_is_within_the_tolerance_and_equal_infinities() -> None:
    expected = np.array([0.5, -np.inf])
    assert compare.close(expected, _array([0.5 + 1e-7, -np.inf]), 1e-6) is None
    assert compare.close(expected, _array([0.5, 0.0]), 1e-6) == Mismatch(
        "value", -np.inf, 0.0, "[1]"
    )


def test_a_ranking_takes_ties_in_any_order_but_none_twice() -> None:
    candidates = [("a", 0.5), ("b", 0.2), ("c", 0.2)]
    assert compare.ranking(candidates, 2, [["a", 0.5], ["c", 0.2]], 1e-6) is None
    assert compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["b", 0.2]], 1e-6) is None
    wrong = compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["c", 0.2]], 1e-6)
    assert wrong is not None
    assert wrong.place == "[2]"
