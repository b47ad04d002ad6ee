"""Texts for students: both languages, the same placeholders, numbers as each writes them."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from support.notebooks import ROOT

from kischule import i18n, messages
from kischule.decoding import Setting
from kischule.i18n import Text
from kischule.plots.exploration import MEASURES


def _all_texts() -> dict[str, Text]:
    texts = {}
    for name, value in vars(messages).items():
        if isinstance(value, Text):
            texts[name] = value
        elif isinstance(value, dict) and name.isupper():
            texts |= {f"{name}[{key}]": text for key, text in value.items()}
    return texts


TEXTS = _all_texts()


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", TEXTS)
def test_both_languages_have_the_same_placeholders(name: str) -> None:
    text = TEXTS[name]
    assert text.de.strip()
    assert text.en.strip()
    assert _placeholders(text.de) == _placeholders(text.en)
    assert all(place.isidentifier() for place in _placeholders(text.de))  # named, not numbered
    assert not re.search(r"[äöüßÄÖÜ]", text.en)


def test_every_text_is_used() -> None:
    """A text that nothing shows would be translated in vain."""
    modules = sorted((ROOT / "kischule").rglob("*.py"))
    source = "".join(path.read_text(encoding="utf-8") for path in modules)
    for name in {name.partition("[")[0] for name in TEXTS}:
        assert len(re.findall(rf"\b{name}\b", source)) > 1, name


def test_each_setting_has_a_sentence_for_unusable_values() -> None:
    assert set(messages.SETTING_ERRORS) == set(Setting.__dataclass_fields__)
    for name, text in messages.SETTING_ERRORS.items():
        for language in i18n.LANGUAGES:
            assert name in text[language]
            assert "7" in text.format(was=7)[language]


def test_each_measure_has_a_name_and_a_unit() -> None:
    assert set(messages.MEASURE_NAMES) == set(messages.MEASURE_UNITS) == set(MEASURES)


def _shown() -> tuple[str, str, str]:
    return str(messages.OFF), i18n.percent(0.1234), i18n.number(-2)


def test_german_unless_the_notebook_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(i18n.LANGUAGE_VARIABLE, raising=False)
    assert _shown() == ("aus", "12,3 %", "−2,00")
    monkeypatch.setenv(i18n.LANGUAGE_VARIABLE, "en")
    assert _shown() == ("off", "12.3%", "−2.00")
    monkeypatch.setenv(i18n.LANGUAGE_VARIABLE, "fr")
    assert i18n.language() == "de"
