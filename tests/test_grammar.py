"""Numbers in sentences: none is placed before a plural that is wrong for 1."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from kischule.i18n import Text

MODULES = (
    *("kischule.messages", "autograder.checking.messages", "autograder.checking.sentences"),
    *("autograder.precheck.messages", "autograder.grading.messages", "autograder.lms.messages"),
    *("autograder.feedback.messages", "autograder.reports.messages"),
)
PLURALS = (
    *("Sekunden", "Tokens", "Punkten?", "Zusatzpunkten?", "Zellen", "Wörter", "Texte", "Aufgaben"),
    *("Beispielen?", "Abgaben", "Einträge", "Zeilen", "Fälle", "Antworten", "seconds", "tokens"),
    *("points", "cells", "words", "texts", "exercises", "examples", "submissions", "entries"),
    *("rows", "cases", "answers", "bonus points"),
)
NUMBER_AND_PLURAL = re.compile(rf"{{\w+[^}}]*}} (?:{'|'.join(PLURALS)})\b")
ALWAYS_SEVERAL = {
    "PROMPT_TOO_LONG",  # longer than a context window
    "TEXT_TOO_LONG",
    "ONE_PER_ROW",
    "SOME_KEPT",  # ONE_KEPT is the other
    "ALL_KEPT",  # of a vocabulary
    "ONE_KEPT",
    "same_entries",
    "same_texts",
    "WIDE_ROW",  # wider than the head
    "ABOVE_MAXIMUM",
    "SOME_PASSED",  # one passed, the next did not
}


def _texts(name: str, value: Any) -> Iterator[tuple[str, Text]]:
    """All texts under a name, but those of a Counted, which has one for 1."""
    if isinstance(value, Text):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(str(key), each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(name, each)


@pytest.mark.parametrize("module", MODULES)
def test_no_number_stands_before_a_plural(module: str) -> None:
    found = [
        (name, match[0])
        for top, value in vars(importlib.import_module(module)).items()
        for name, text in _texts(top, value)
        for match in map(NUMBER_AND_PLURAL.search, (text.de, text.en))
        if match and name not in ALWAYS_SEVERAL
    ]
    assert found == []


def test_a_number_before_a_plural_is_found() -> None:
    assert NUMBER_AND_PLURAL.search("nach {seconds:g} Sekunden")
    assert not NUMBER_AND_PLURAL.search("nach {seconds:g} s")
