"""What a student reads: five parts, one hint, and of drawn cases nothing but the kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder import compare, feedback
from autograder.answers import wrong
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
        "    return tokenizer(prompt_text, return_tensors='pt').input_ids\n"
        "def ends_in_space_token(tokenizer, prompt_text):\n"
        "    return prompt_text.endswith(' ')"
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
            known = feedback.SENTENCES.keys() | load_exercise(name).helpers.keys()
            assert key.split(":")[0] in known


@pytest.mark.parametrize(
    ("exercise", "answer", "sentence", "hint"),
    [
        (
            "apply_repetition_penalty",
            "divides_all",
            "Erwartet: -2 ([1]). Erhalten: -0.5.",
            "Ein negatives Logit, das geteilt wird, wird größer",
        ),
        (
            "filter_top_k",
            "zero_drops_all",
            "Das Token ([0]) muss bleiben. Erwartet: 1. Erhalten: -inf.",
            'k = 0 heißt "aus"',
        ),
        (
            "filter_top_p",
            "crossing_token_dropped_but_one_stays",
            "Das Token ([3]) muss bleiben. Erwartet: 0.83. Erhalten: -inf.",
            "Das Token, mit dem die Summe p erreicht, gehört noch dazu.",
        ),
        (
            "filter_top_p",
            "unsorted",
            "Das Token ([0]) muss wegfallen. Erwartet: -inf. Erhalten: 0.",
            "Summiert wird vom wahrscheinlichsten Token abwärts",
        ),
        (
            "apply_temperature",
            "in_place",
            "Die Funktion verändert ihr Argument logits.",
            "logits /= temperature ändert den übergebenen Tensor",
        ),
        (
            "apply_temperature",
            "probabilities",
            "Erhalten: 0.950",
            "Das sind Wahrscheinlichkeiten. Gefragt sind Logits",
        ),
        (
            "sample_decode",
            "temperature_after_the_cut",
            "Erwartet ([0, 5]): ein Token, das die Einstellungen zulassen, eines von 0, 1. "
            "Erhalten: 2.",
            "Hier kommt die Temperatur nach dem Abschneiden.",
        ),
        (
            "sample_decode",
            "only_generated_penalised",
            "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost.",
            "Hier werden nur die neuen Tokens bestraft. Die des Prompts zählen mit.",
        ),
        (
            "sample_decode",
            "seed_ignored",
            "Ein zweiter Aufruf mit seed=1 gibt einen anderen Text.",
            "torch.Generator().manual_seed(seed), einmal vor der Schleife",
        ),
        (
            "sample_decode",
            "seed_fixed",
            "seed=2 gibt denselben Text wie seed=1.",
            "Benutzen Sie den Wert, der als seed übergeben wird",
        ),
        (
            "sample_decode",
            "batch_dimension_lost",
            "Erwartet: Form (shape) (1, T). Erhalten: (194,).",
            "ein Stapel mit einem Text",
        ),
        (
            "encode_prompt",
            "always_false",
            "Erwartet: True. Erhalten: False.",
            "Dekodieren Sie das letzte Token für sich",
        ),
        (
            "explore",
            "log_prob_summed",
            "([0]['mean_log_prob']). Erhalten: -34.2",
            "Teilen Sie sequence_log_prob durch die Zahl der Tokens nach dem Prompt.",
        ),
        (
            "beam_search",
            "first_ended_wins",
            "das Token des besten Strahls",
            "Hier gewinnt der erste fertige Strahl.",
        ),
    ],
)
def test_a_known_mistake_is_explained(
    exercise: str, answer: str, sentence: str, hint: str, solved: Callable[..., dict[str, Any]]
) -> None:
    message = _message(solved, **{exercise: wrong(exercise)[answer].source})
    name, what, told = message.de.split("\n", 2)
    assert name.startswith(f"{exercise}: Aufruf: ")
    assert sentence in what
    assert told.startswith("Hinweis: ")
    assert hint in told
    assert "Hint: " in message.en


def test_the_call_is_shown_as_one_would_type_it(solved: Callable[..., dict[str, Any]]) -> None:
    source = wrong("sample_decode")["temperature_after_the_cut"].source
    first = _message(solved, sample_decode=source).de.splitlines()[0]
    assert first == (
        "sample_decode: Aufruf: sample_decode(table_model([-1.05, -1.204, -1.609, -1.897]), "
        "tensor([[0]]), 129, temperature=0.5, top_p=0.7, seed=35)"
    )
    halves = "def apply_temperature(logits, temperature):\n    return (logits / 1).float()"
    case = load_exercise("apply_temperature").cases[9]
    assert feedback.describe_call(load_exercise("apply_temperature"), case) == (
        "apply_temperature(tensor([2, -1, 0.5], dtype=torch.float16), 0.7)"
    )
    assert (
        "apply_temperature(tensor([2, -1, 0.5]), 0.5)"
        in _message(solved, apply_temperature=halves).de
    )


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


def test_close_knows_how_exact_a_dtype_is() -> None:
    third = np.array([1 / 3, 1000 / 3])
    assert compare.close(third, _array(third, "float16"), 0.0, "float16") is None
    coarse = compare.close(third, _array(third, "float16"), 0.0, "float32")
    assert coarse == Mismatch("dtype", "float32", "float16")
    assert compare.close(third, _array(third, "float64"), 0.0, "float16") is None
    off = compare.close(third, _array(third + 0.01), 0.0, "float16")
    assert off is not None
    assert off.place == "[0]"


@pytest.mark.parametrize(
    ("actual", "kind", "place"),
    [
        ([1.0, -np.inf, 0.0, -np.inf], "", ""),
        ([1.0, -np.inf, -np.inf, 0.0], "", ""),
        ([1.0, -np.inf, 0.0, 0.0], "", ""),
        ([-np.inf, -np.inf, 0.0, 0.0], "dropped", "[0]"),
        ([1.0, -np.inf, -np.inf, -np.inf], "dropped", "[2]"),
        ([1.0, -1.0, 0.0, -np.inf], "kept", "[1]"),
        ([1.0, -1e9, 0.0, -np.inf], "kept", "[1]"),
        ([2.0, -np.inf, 0.0, -np.inf], "value", "[0]"),
    ],
)
def test_kept_takes_any_of_a_tie_and_names_the_token(
    actual: list[float], kind: str, place: str
) -> None:
    logits = np.array([1.0, -1.0, 0.0, 0.0])
    must, may = np.array([True, False, False, False]), np.array([True, False, True, True])
    found = compare.kept(logits, must, may, 2, _array(actual))
    assert (found is None) if not kind else (found and (found.kind, found.place) == (kind, place))


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        (0.5, ""),
        (_array(0.5), ""),
        (0, "value"),
        (True, "type"),
        ("0.5", "type"),
        (None, "type"),
        (float("nan"), "finite"),
        (_array([0.5, 0.5]), "type"),
    ],
)
def test_number_takes_numbers_and_nothing_that_looks_like_one(actual: object, kind: str) -> None:
    found = compare.number(0.5, actual, 1e-6)
    assert (found.kind if found else "") == kind


def test_truth_takes_true_and_false_only() -> None:
    assert compare.truth(True, True) is None
    for actual, kind in ((False, "value"), (1, "type"), (_array([1.0]), "type")):
        found = compare.truth(True, actual)
        assert found is not None
        assert found.kind == kind


def test_a_ranking_takes_ties_in_any_order_but_none_twice() -> None:
    candidates = [("a", 0.5), ("b", 0.2), ("c", 0.2)]
    assert compare.ranking(candidates, 2, [["a", 0.5], ["c", 0.2]], 1e-6) is None
    assert compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["b", 0.2]], 1e-6) is None
    wrong = compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["c", 0.2]], 1e-6)
    assert wrong is not None
    assert wrong.place == "[2]"
