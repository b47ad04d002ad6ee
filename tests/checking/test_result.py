"""Results: as text, as a notebook's box, and as data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.notebooks import EXERCISES

from autograder.checking.check import run_check
from autograder.checking.result import Message, Result, box
from autograder.exercises.exercise import PACKAGED, Level
from autograder.exercises.known import known_wrong
from autograder.sandbox.student import LocalStudent
from kischule.i18n import LANGUAGE_VARIABLE, Text

EMPTY = Result(exercise="f", level=Level.PUBLIC, passed=False, points=0.0, max_points=1.0)
CROSSING = "crossing_token_dropped_but_one_stays"


@pytest.fixture
def failed(solved: Callable[..., dict[str, Any]]) -> Result:
    student = LocalStudent(solved(filter_top_p=known_wrong("filter_top_p")[CROSSING].source))
    return run_check(EXERCISES["filter_top_p"], student)


def test_a_result_names_state_mistake_and_section(
    failed: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    assert str(failed).splitlines() == [
        "filter_top_p (Beispiele): noch nicht bestanden, 0 von 2 Punkten",
        "1 von 14 Beispielen bestanden, dann:",
        "Aufruf: filter_top_p(tensor([0, 1.85, -1.2, 0.83]), 0.7)",
        "Das Token an Stelle 3 muss bleiben. Erwartet: 0.83. Erhalten: -inf.",
        "Hinweis: Das Token, mit dem die Summe p erreicht, gehört noch dazu, nicht nur das "
        "wahrscheinlichste.",
        "Nachlesen: Abschnitt „Ein Beispiel in fünf Wörtern“, Aufgabe 9; dazu die "
        "PyTorch-Seite zu torch.cumsum",
        'Mehr Hinweise: hint("filter_top_p", 1), dann 2 und 3',
    ]
    assert repr(failed) == str(failed)


def test_in_the_english_edition_a_result_is_english(
    failed: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    assert str(failed).splitlines()[:2] == [
        "filter_top_p (examples): not passed yet, 0 of 2 points",
        "1 of 14 examples passed, then:",
    ]
    assert str(failed).splitlines()[-2:] == [
        'See: Section "An example in five words", exercise 9; also PyTorch\'s page on torch.cumsum',
        'More hints: hint("filter_top_p", 1), then 2 and 3',
    ]
    bundle = failed._repr_mimebundle_()
    assert 'lang="de"' not in bundle["text/html"]
    assert "<summary>English" not in bundle["text/html"]
    assert bundle["text/plain"] == "0"


def test_the_german_box_has_english_folded_away_below(
    failed: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    german, folded = failed._repr_mimebundle_()["text/html"].split('<details lang="en"')
    assert "noch nicht bestanden" in german
    assert "Aufruf: <code>filter_top_p(tensor([0, 1.85, -1.2, 0.83]), 0.7)</code><br>" in german
    assert "not passed yet" not in german
    assert "<summary>English</summary>" in folded
    assert "1 of 14 examples passed, then:<br>" in folded


def test_a_pass_names_nothing_to_read(
    solved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LANGUAGE_VARIABLE, raising=False)
    result = run_check(EXERCISES["filter_top_p"], LocalStudent(solved()))
    assert str(result).splitlines() == [
        "filter_top_p (Beispiele): bestanden, 2 von 2 Punkten",
        "14 von 14 Beispielen bestanden.",
    ]
    assert result._repr_mimebundle_()["text/plain"] == "passed"


def test_hidden_cases_are_not_counted(solved: Callable[..., dict[str, Any]]) -> None:
    exercise = PACKAGED["filter_top_p"]
    for source in (known_wrong("filter_top_p")[CROSSING].source, None):
        replaced = {"filter_top_p": source} if source else {}
        result = run_check(exercise, LocalStudent(solved(**replaced)), "seed")
        assert result.progress is None
        assert ("Nachlesen: " in str(result)) is (result.passed is False)
        assert "Beispielen" not in str(result)


@pytest.mark.parametrize(
    ("passed", "kind", "passed_cases", "sentence"),
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
def test_progress_is_given_where_it_is_news(
    passed: bool | None, kind: str, passed_cases: int, sentence: str
) -> None:
    result = replace(EMPTY, passed=passed, kind=kind, passed_cases=passed_cases, cases=7)
    assert (result.progress.de if result.progress else "") == sentence


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_box_escapes_text_of_a_student(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, language)
    nasty = Text("<script>x</script>", "<script>y</script>")
    for call in (nasty, Text.same("f('<b>')")):
        message = Message(
            sentence=nasty,
            call=call,
            note=nasty,
            hint=nasty,
            read=nasty,
            code=nasty.de,
            steps=(nasty,) * 3,
        )
        page = box(replace(EMPTY, exercise="<script>", message=message))
        assert "<script>" not in page
        assert "<b>'" not in page
        assert "&lt;script&gt;" in page


def test_a_box_shows_on_white_and_on_a_dark_page() -> None:
    """Text has no colour of its own; that of sign and border differs enough from either."""
    for passed in (True, False, None):
        page = box(replace(EMPTY, passed=passed))
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
