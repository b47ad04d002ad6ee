"""German and English side by side: a text in both, and numbers as each language writes them.

German unless the environment variable KISCHULE_LANGUAGE is `en`; the notebook's English edition
sets it in its first cell. German says Sie, or du: where the variable is `de-du`, as a notebook sets
it that was released for du, and within `addressing("du")`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from kischule.informal import informal

LANGUAGE_VARIABLE = "KISCHULE_LANGUAGE"
LANGUAGES = ("de", "en")
EDITIONS = (*LANGUAGES, "du")  # of a text: du is German as well
FORMAL, INFORMAL = ADDRESSES = ("Sie", "du")
INFORMAL_LANGUAGE = "de-du"  # of the variable
_address: ContextVar[str] = ContextVar("address", default="")


def address() -> str:
    """The address in German texts, Sie or du."""
    language = os.environ.get(LANGUAGE_VARIABLE, "").lower()
    return _address.get() or (INFORMAL if language == INFORMAL_LANGUAGE else FORMAL)


@contextmanager
def addressing(chosen: str) -> Iterator[None]:
    """Have German texts address their reader so, Sie or du, within the block."""
    token = _address.set(chosen)
    try:
        yield
    finally:
        _address.reset(token)


@dataclass(frozen=True)
class Text:
    """A text in both languages, perhaps with named placeholders: `text.format(limit=5)["de"]`."""

    de: str
    en: str

    def __getitem__(self, language: str) -> str:
        """The text in one language, de or en. ValueError for another one."""
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, was: {language!r}")
        return self.edition(INFORMAL if (language, address()) == ("de", INFORMAL) else language)

    def edition(self, name: str) -> str:
        """One of EDITIONS, whoever reads it."""
        return self.en if name == "en" else self.de if name == "de" else informal(self.de)

    def __str__(self) -> str:
        """The text in the notebook's language."""
        return self[language()]

    def __bool__(self) -> bool:
        return bool(self.de or self.en)

    def format(self, **values: object) -> Text:
        """Both languages with their placeholders filled in; a Text fills each with its own.

        A float has a decimal comma in German.
        """
        return in_editions(*(self.edition(name).format(**_in(name, values)) for name in EDITIONS))

    def each(self, change: Callable[[str], str]) -> Text:
        """The same change made to each edition."""
        return in_editions(*(change(self.edition(name)) for name in EDITIONS))

    @classmethod
    def same(cls, text: str) -> Text:
        """A text that reads the same in both languages: code, a name, a number."""
        return cls(text, text)


@dataclass(frozen=True)
class InformalText(Text):
    """A text whose edition that says du is not to be looked up: its placeholders are filled in."""

    du: str

    def edition(self, name: str) -> str:
        """One of EDITIONS."""
        return self.du if name == INFORMAL else super().edition(name)


def in_editions(de: str, en: str, du: str | None = None) -> Text:
    """A text in its editions; du: None, where it is looked up or the same."""
    return Text(de, en) if du is None or du == de else InformalText(de, en, du)


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
    found = {n: v.edition(language) if isinstance(v, Text) else v for n, v in said.items()}
    return {n: _number_in(language, v) for n, v in found.items()}


def _number_in(language: str, value: object) -> object:
    if isinstance(value, float):
        return _EnglishFloat(value) if language == "en" else _GermanFloat(value)
    return _GermanInt(value) if language != "en" and type(value) is int else value


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
