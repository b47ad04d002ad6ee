"""What a student reads: five parts, one hint, and of drawn cases nothing but the kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kischule.words import LANGUAGE_VARIABLE

from autograder.checking import compare
from autograder.checking import messages as feedback
from autograder.checking.check import run_check
from autograder.checking.compare import Array, Mismatch
from autograder.checking.result import Outcome
from autograder.exercises.exercise import Words, exercise_ids, load_exercise
from autograder.exercises.known import known_wrong
from autograder.sandbox.student import LocalStudent


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
    for table in (feedback.SENTENCES, feedback.DRAWN, feedback.UI, feedback.MEND, feedback.CHECK):
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
    message = _message(solved, **{exercise: known_wrong(exercise)[answer].source})
    name, what, told = message.de.split("\n", 2)
    assert name.startswith(f"{exercise}: Aufruf: ")
    assert sentence in what
    assert told.startswith("Hinweis: ")
    assert hint in told
    assert "Hint: " in message.en


def test_the_call_is_shown_as_one_would_type_it(solved: Callable[..., dict[str, Any]]) -> None:
    source = known_wrong("sample_decode")["temperature_after_the_cut"].source
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


def test_a_name_that_is_not_there_is_hinted_at(solved: Callable[..., dict[str, Any]]) -> None:
    for body, hint in (
        ("np.exp(logits)", "Hier fehlt ein Import. Schreiben Sie an den Anfang der Zelle: import "),
        (
            "softmx(logits)",
            "Diesen Namen gibt es nicht. Ist er vertippt, oder entsteht er erst in ",
        ),
    ):
        source = f"def filter_top_k(logits, k):\n    return {body}"
        assert f"\nHinweis: {hint}" in _message(solved, filter_top_k=source).de


# --- the box --------------------------------------------------------------------------------------

CROSSING = "crossing_token_dropped_but_one_stays"


@pytest.fixture
def failed(solved: Callable[..., dict[str, Any]]) -> Outcome:
    student = LocalStudent(solved(filter_top_p=known_wrong("filter_top_p")[CROSSING].source))
    return run_check(load_exercise("filter_top_p"), student)


def test_an_outcome_says_what_passed_what_failed_and_what_to_read(
    failed: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    assert str(failed).splitlines() == [
        "filter_top_p (Beispiele): noch nicht bestanden, 0 von 2 Punkten",
        "1 von 13 Beispielen bestanden, dann:",
        "filter_top_p: Aufruf: filter_top_p(tensor([0, 1.85, -1.2, 0.83]), 0.7)",
        "Das Token ([3]) muss bleiben. Erwartet: 0.83. Erhalten: -inf.",
        "Hinweis: Das Token, mit dem die Summe p erreicht, gehört noch dazu. Sonst bliebe bei "
        "kleinem p gar keines.",
        "Nachlesen: Abschnitt „Besser als greedy: die Einstellungen“, Aufgabe 9; dazu die "
        "PyTorch-Seite zu torch.cumsum",
    ]
    assert repr(failed) == str(failed)


def test_in_the_english_edition_an_outcome_is_english(
    failed: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    assert str(failed).splitlines()[:2] == [
        "filter_top_p (examples): not passed yet, 0 of 2 points",
        "1 of 13 examples passed, then:",
    ]
    assert str(failed).splitlines()[-1] == (
        'To read: Section "Better than greedy: the settings", exercise 9; also PyTorch\'s page on '
        "torch.cumsum"
    )
    bundle = failed._repr_mimebundle_()
    assert 'lang="de"' not in bundle["text/html"]
    assert "<details" not in bundle["text/html"]
    assert bundle["text/plain"] == "0"


def test_the_german_box_has_english_folded_away_below(
    failed: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    german, folded = failed._repr_mimebundle_()["text/html"].split('<details lang="en"')
    assert "noch nicht bestanden" in german
    assert "Aufruf: <code>filter_top_p(tensor([0, 1.85, -1.2, 0.83]), 0.7)</code><br>" in german
    assert "not passed yet" not in german
    assert "<summary>English</summary>" in folded
    assert "1 of 13 examples passed, then:<br>" in folded


def test_what_passed_says_so_and_names_nothing_to_read(
    solved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    outcome = run_check(load_exercise("filter_top_p"), LocalStudent(solved()))
    assert str(outcome).splitlines() == [
        "filter_top_p (Beispiele): bestanden, 2 von 2 Punkten",
        "13 von 13 Beispielen bestanden.",
    ]
    assert outcome._repr_mimebundle_()["text/plain"] == "2"


def test_new_cases_are_not_counted(solved: Callable[..., dict[str, Any]]) -> None:
    exercise = load_exercise("filter_top_p")
    for source in (known_wrong("filter_top_p")[CROSSING].source, None):
        replaced = {"filter_top_p": source} if source else {}
        outcome = run_check(exercise, LocalStudent(solved(**replaced)), "seed")
        assert outcome.done == Words("", "")
        assert bool(outcome.read.de) is (outcome.passed is False)
        assert "Beispielen" not in str(outcome)


@pytest.mark.parametrize(
    ("passed", "kind", "solved", "sentence"),
    [
        (True, "", 7, "7 von 7 Beispielen bestanden."),
        (False, "value", 3, "3 von 7 Beispielen bestanden, dann:"),
        (False, "value", 0, "Von 7 Beispielen ist schon das erste nicht bestanden:"),
        (False, "not_implemented", 2, "2 von 7 Beispielen bestanden, dann:"),
        (False, "not_implemented", 0, ""),
        (False, "missing", 0, ""),
        (None, "ours", 3, ""),
        (None, "needs", 3, ""),
    ],
)
def test_how_many_examples_passed_is_said_where_it_is_news(
    passed: bool | None, kind: str, solved: int, sentence: str
) -> None:
    assert feedback.done(passed, kind, solved, 7).de == sentence


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_box_escapes_what_a_student_wrote(language: str) -> None:
    nasty = Words("<script>x</script>", "<script>y</script>")
    call = Words("f: Aufruf: f('<b>')", "f: Call: f('<b>')")
    for message in (nasty, call):
        page = feedback.box(False, nasty, nasty, message, nasty, language)
        assert "<script>" not in page
        assert "<b>'" not in page
        assert "&lt;script&gt;" in page


def test_a_box_shows_on_white_and_on_a_dark_page() -> None:
    """Text has no colour of its own; that of sign and border differs enough from either."""
    nothing = Words("", "")
    for passed in (True, False, None):
        page = feedback.box(passed, Words("a", "a"), nothing, nothing, nothing, "de")
        assert "background" not in page
        (colour,) = set(re.findall(r"#\w+", page))
        assert page.count(f"color:{colour}") == 1
        assert _contrast(colour, "#ffffff") >= 3
        assert _contrast(colour, "#111111") >= 3


def _contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


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
