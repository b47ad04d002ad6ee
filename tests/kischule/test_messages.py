"""Words for students: both languages, the same places to fill in."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from kischule import words
from kischule.decoding import Setting


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", words._WORDS)
def test_both_languages_fill_in_the_same(key: str) -> None:
    german, english = words._WORDS[key]
    assert german.strip()
    assert english.strip()
    assert _places(german) == _places(english)
    assert not re.search(r"[äöüßÄÖÜ]", english)


def test_each_setting_has_a_sentence_for_what_cannot_be_used() -> None:
    for name in Setting.__dataclass_fields__:
        assert "7" in words.word(name, was=7)


def test_german_unless_the_notebook_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(words.LANGUAGE_VARIABLE, raising=False)
    assert (words.word("off"), words.percent(0.1234), words.number(-2)) == (
        "aus",
        "12,3 %",
        "-2,00",
    )
    monkeypatch.setenv(words.LANGUAGE_VARIABLE, "en")
    assert (words.word("off"), words.percent(0.1234), words.number(-2)) == ("off", "12.3%", "-2.00")
    monkeypatch.setenv(words.LANGUAGE_VARIABLE, "fr")
    assert words.language() == "de"
