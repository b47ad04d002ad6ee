"""Messages that a student reads: call, sentence, hint, and no value of a hidden case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograder.checking import messages, sentences
from autograder.checking.check import run_check
from autograder.checking.wording import call_of
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.known import known_wrong
from autograder.sandbox.student import LocalStudent
from kischule.i18n import Counted, Text


def _told(solved: Callable[..., dict[str, Any]], hidden: bool = False, **replaced: str) -> Text:
    """The message about the exercise whose solution is replaced."""
    (name,) = replaced
    seed = "seed" if hidden else None
    result = run_check(PACKAGED[name], LocalStudent(solved(**replaced)), seed)
    return Text(result.told("de"), result.told("en"))


def test_a_failure_names_call_values_and_hint_in_both_languages(
    solved: Callable[..., dict[str, Any]],
) -> None:
    source = (
        "def next_token_probs(model, input_ids):\n"
        "    return model(input_ids).logits[0, -1].detach()"
    )
    message = _told(solved, next_token_probs=source)
    call, expected, hint = message.de.splitlines()
    assert call == "Aufruf: next_token_probs(model, encode_prompt(tokenizer, 'Once upon a time'))"
    assert expected.startswith("Erwartet: ")
    assert "Erhalten: " in expected
    assert hint == "Hinweis: Das sind Logits. Erst softmax macht daraus Wahrscheinlichkeiten."
    assert message.en.splitlines()[2] == (
        "Hint: These are logits. Softmax turns them into probabilities."
    )


def test_a_hidden_case_gives_kind_and_hint_but_no_value(
    solved: Callable[..., dict[str, Any]],
) -> None:
    source = (
        "def next_token_probs(model, input_ids):\n"
        "    return model(input_ids).logits[0, -1].detach()"
    )
    message = _told(solved, hidden=True, next_token_probs=source)
    assert message.de == (
        "Aufruf: in einem neuen Fall\nEin Wert stimmt nicht.\n"
        "Hinweis: Das sind Logits. Erst softmax macht daraus Wahrscheinlichkeiten."
    )


def test_a_lost_none_is_explained(solved: Callable[..., dict[str, Any]]) -> None:
    source = (
        "def generate_text(tokenizer, model, prompt_text, **p):\n"
        "    p = {k: v for k, v in p.items() if v is not None}\n"
        "    ids = encode_prompt(tokenizer, prompt_text)\n"
        "    return tokenizer.decode(model.generate(ids, **p)[0])"
    )
    message = _told(solved, generate_text=source)
    assert "top_k anders an. Erwartet: None. Erhalten: 50." in message.de
    assert "Voreinstellung 50" in message.de


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise KeyError('x')", "bricht ab mit: KeyError: 'x'"),
        ("import sys; sys.exit(0)", "bricht ab mit: SystemExit: 0"),
        ("raise NotImplementedError()", "Hier fehlt noch Ihre Lösung."),
        ("return object()", "Erwartet: torch.Tensor als Typ der Rückgabe. Erhalten: object."),
        ("return None", "Die Funktion gibt nichts zurück (None). Fehlt am Ende ein `return`?"),
        ("print(tokenizer(prompt_text))", "Was `print` zeigt, ist keine Rückgabe."),
    ],
)
def test_any_misbehaviour_of_a_function_becomes_a_sentence(
    body: str, words: str, solved: Callable[..., dict[str, Any]]
) -> None:
    source = f"def encode_prompt(tokenizer, prompt_text):\n    {body}"
    assert words in _told(solved, encode_prompt=source).de


def test_output_and_logs_of_a_function_are_dropped(
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
        "    return prompt_text[-1:].isspace()"
    )
    exercise = PACKAGED["encode_prompt"]
    assert run_check(exercise, LocalStudent(solved(encode_prompt=source))).passed
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_every_kind_has_words_in_both_languages() -> None:
    texts = [value for value in vars(messages).values() if isinstance(value, Text)]
    counted = [value for value in vars(messages).values() if isinstance(value, Counted)]
    texts += [text for value in counted for text in (value.one, value.many)]
    tables = (messages.STATES, messages.LEVELS)
    tables += (sentences.SENTENCES, sentences.HIDDEN, sentences.GENERAL_RULES, sentences.ERRORS)
    texts += [text for table in tables for text in table.values()]
    assert len(texts) > 60
    for text in texts:
        assert text.de
        assert text.en
        assert text.de != text.en or text == messages.HEADLINE
    assert set(sentences.HIDDEN) <= set(sentences.SENTENCES)
    for name in PACKAGED:
        for key in PACKAGED[name].explanations:
            known = {*sentences.SENTENCES, *PACKAGED[name].helpers, "none"}
            assert key.split(":")[0] in known


@pytest.mark.parametrize(
    ("exercise", "wrong", "sentence", "hint"),
    [
        (
            "apply_repetition_penalty",
            "divides_all",
            "Erwartet: -2 an Stelle 1. Erhalten: -0.5.",
            "Ein negatives Logit, das geteilt wird, wird größer",
        ),
        (
            "filter_top_k",
            "zero_drops_all",
            "Das Token an Stelle 0 muss bleiben. Erwartet: 1. Erhalten: -inf.",
            'k = 0 heißt "aus"',
        ),
        (
            "filter_top_p",
            "crossing_token_dropped_but_one_stays",
            "Das Token an Stelle 3 muss bleiben. Erwartet: 0.83. Erhalten: -inf.",
            "Das Token, mit dem die Summe p erreicht, gehört noch dazu, nicht nur das",
        ),
        (
            "filter_top_p",
            "unsorted",
            "Das Token an Stelle 0 muss wegfallen. Erwartet: -inf. Erhalten: 0.",
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
            "Erwartet an Stelle [0, 4]: ein Token, das die Einstellungen zulassen, eines von 0, 1. "
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
            "Ein zweiter Aufruf mit seed=0 gibt einen anderen Text.",
            "torch.Generator().manual_seed(seed), einmal vor der Schleife",
        ),
        (
            "sample_decode",
            "seed_fixed",
            " gibt denselben Text wie seed=0.",
            "Benutzen Sie den Wert, der als seed übergeben wird",
        ),
        (
            "sample_decode",
            "batch_dimension_lost",
            "Erwartet: Form (shape) (1, T). Erhalten: (90,).",
            "ein Stapel mit einem Text",
        ),
        (
            "sample_decode",
            "no_temperature",
            " % der Fälle. Erhalten: in ",
            "",
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
            " bei [0]['mean_log_prob']. Erhalten: -21.5",
            "Teilen Sie sequence_log_prob durch die Zahl der neuen Tokens",
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
    exercise: str, wrong: str, sentence: str, hint: str, solved: Callable[..., dict[str, Any]]
) -> None:
    message = _told(solved, **{exercise: known_wrong(exercise)[wrong].source})
    call, found, *_, last = message.de.split("\n")
    assert call.startswith("Aufruf: ")
    assert sentence in found
    assert last.startswith("Hinweis: ")
    assert hint in last
    assert "Hint: " in message.en


def test_the_call_is_shown_as_one_would_type_it(solved: Callable[..., dict[str, Any]]) -> None:
    source = known_wrong("sample_decode")["temperature_after_the_cut"].source
    first = _told(solved, sample_decode=source).de.splitlines()[0]
    assert first == (
        "Aufruf: sample_decode(table_model([-1.05, -1.204, -1.609, -1.897], eos=4), "
        "tensor([[0]]), 37, temperature=0.5, top_p=0.7, seed=545457)"
    )
    halves = "def apply_temperature(logits, temperature):\n    return (logits / 1).float()"
    case = PACKAGED["apply_temperature"].cases[9]
    assert call_of(PACKAGED["apply_temperature"], case) == (
        "apply_temperature(tensor([2, -1, 0.5], dtype=torch.float16), 0.7)"
    )
    assert (
        "apply_temperature(tensor([2, -1, 0.5]), 0.5)" in _told(solved, apply_temperature=halves).de
    )


def test_an_undefined_name_gets_a_hint(solved: Callable[..., dict[str, Any]]) -> None:
    for body, hint in (
        ("np.exp(logits)", "Hier fehlt ein Import. Schreiben Sie an den Anfang der Zelle: import "),
        (
            "softmx(logits)",
            "Diesen Namen gibt es nicht. Ist er vertippt, oder entsteht er erst in ",
        ),
    ):
        source = f"def filter_top_k(logits, k):\n    return {body}"
        assert f"\nHinweis: {hint}" in _told(solved, filter_top_k=source).de
