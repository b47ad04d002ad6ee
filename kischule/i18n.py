"""German and English side by side: a text in both, and numbers as each language writes them.

German unless the environment variable KISCHULE_LANGUAGE is `en`; the notebook's English edition
sets it in its first cell.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

LANGUAGE_VARIABLE = "KISCHULE_LANGUAGE"
LANGUAGES = ("de", "en")


@dataclass(frozen=True)
class Text:
    """A text in both languages, perhaps with named placeholders: `text.format(limit=5)["de"]`."""

    de: str
    en: str

    def __getitem__(self, language: str) -> str:
        """The text in one language, de or en. ValueError for another one."""
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, was: {language!r}")
        return self.en if language == "en" else self.de

    def __str__(self) -> str:
        """The text in the notebook's language."""
        return self[language()]

    def __bool__(self) -> bool:
        return bool(self.de or self.en)

    def format(self, **values: object) -> Text:
        """Both languages with their placeholders filled in; a Text fills each with its own.

        A float has a decimal comma in German.
        """
        return Text(*(self[code].format(**_in(code, values)) for code in LANGUAGES))

    @classmethod
    def same(cls, text: str) -> Text:
        """A text that reads the same in both languages: code, a name, a number."""
        return cls(text, text)


@dataclass(frozen=True)
class Counted:
    """A sentence about one thing and the same about several: `texts.of(3, names="…")["de"]`."""

    one: Text
    many: Text

    def of(self, count: float, **values: object) -> Text:
        """The sentence for this number, which is its placeholder `count`."""
        return (self.one if count == 1 else self.many).format(count=count, **values)


class Line(str):
    """A sentence in English, as JSON and logs have it, that knows its German."""

    text: Text

    def __new__(cls, text: Text) -> Line:
        """Make the line of a text."""
        line = super().__new__(cls, text.en)
        line.text = text
        return line

    def __getnewargs__(self) -> tuple[Any]:  # it is made of the text in another process as well
        return (self.text,)


def text_of(said: str | Text) -> Text:
    """Both languages of a line; of a plain str the same for each."""
    if isinstance(said, Text):
        return said
    return said.text if isinstance(said, Line) else Text.same(said)


class _EnglishFloat(float):
    """A number with a minus sign in place of the hyphen."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec).replace("-", "−")


class _German:
    """A number with a decimal comma, and points between thousands; `50 %`."""

    def __format__(self, spec: str) -> str:
        text = super().__format__(spec).translate(str.maketrans(".,", ",."))
        return text.replace("%", " %")


class _GermanFloat(_German, _EnglishFloat):
    pass


class _GermanInt(_German, int):  # with the hyphen: a negative one is what somebody typed
    pass


def _in(language: str, values: dict[str, object]) -> dict[str, object]:
    said = {n: text_of(v) if isinstance(v, (Text, Line)) else v for n, v in values.items()}
    found = {n: v[language] if isinstance(v, Text) else v for n, v in said.items()}
    return {n: _number_in(language, v) for n, v in found.items()}


def _number_in(language: str, value: object) -> object:
    if isinstance(value, float):
        return _EnglishFloat(value) if language == "en" else _GermanFloat(value)
    return _GermanInt(value) if language == "de" and type(value) is int else value


def language() -> str:
    """The language of the notebook: `en` if KISCHULE_LANGUAGE begins with it, else `de`."""
    return "en" if os.environ.get(LANGUAGE_VARIABLE, "").lower().startswith("en") else "de"


def number(value: float, digits: int = 2) -> str:
    """-0.5 -> `−0,50`, in English `−0.50`: a minus sign, not a hyphen."""
    text = f"{value:.{digits}f}".replace("-", "−")
    return text if language() == "en" else text.replace(".", ",")


def percent(share: float, digits: int = 1) -> str:
    """0.123 -> `12,3 %`, in English `12.3%`."""
    text = number(100 * share, digits)
    return f"{text}%" if language() == "en" else f"{text} %"


def written(value: object) -> str:
    """A value as it is typed: 0.7 -> `0,7`, in English `0.7`."""
    text = str(value)
    return text.replace(".", ",") if isinstance(value, float) and language() == "de" else text
