"""German that says du: each sentence that says Sie to students has its edition, and a good one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.notebooks import ROOT

from autograder.exercises.exercise import PACKAGED
from autograder.exercises.strict import DataError, read_text
from autograder.notebooks.cells import read_notebook
from autograder.notebooks.editions import language_of
from kischule import i18n
from kischule.i18n import Counted, Line, Text, address, addressing
from kischule.informal import FOLDER, informal, sentences

FORMAL = re.compile(r"\b(Sie|Ihr|Ihre[mnrs]?|Ihnen|IHR)\b")
# what must be the same in both: code, placeholders, formulas, emphasis, links, calls, numbers
KEPT = re.compile(
    r"`[^`]*`|\{[^}]*\}|\$[^$]*\$|\*\*|\]\([^)]*\)|https?://\S+|[\w.]+\([^)]*\)|\d+|…|\w*_\w+"
)
FILES = sorted(path.name for path in FOLDER.glob("*.json"))
# rooms whose texts are all for students
ROOMS = ("sandbox", "checking", "feedback", "precheck", "notebooks")
# the only part of this room that speaks to students, and its texts
IN_CONTAINER = ROOT / "autograder" / "lms" / "gradescope_container.py"
WITH_ITS_TEXTS = ROOT / "autograder" / "lms" / "messages.py"


# --- the texts that students read in German -----------------------------------------------------


def _spoken(path: Path, names: set[str] | None = None) -> Iterator[str]:
    """The German of a module's texts; names: of these constants only."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = {getattr(t, "id", "") for t in getattr(node, "targets", [])}
        if names is not None and not names & targets:
            continue
        for call in ast.walk(node):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") != "Text":
                continue
            for given in (*call.args[:1], *(k.value for k in call.keywords if k.arg == "de")):
                if isinstance(given, ast.Constant):
                    yield str(given.value)


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, Text):
        yield value.de
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts_in(getattr(value, field.name))
    elif isinstance(value, dict | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(each)


@cache
def texts() -> list[tuple[str, Path, str]]:
    """Each text with its place, and the file of the catalogue that its sentences belong to."""
    found = []
    modules = [*(ROOT / "kischule").rglob("*.py")]
    modules += [p for room in ROOMS for p in (ROOT / "autograder" / room).glob("*.py")]
    modules.append(ROOT / "autograder" / "course" / "skeleton.py")
    for path in sorted(modules):
        found += [("messages.json", path, text) for text in _spoken(path)]
    names = set(re.findall(r"messages\.([A-Z_]+)", IN_CONTAINER.read_text(encoding="utf-8")))
    found += [("messages.json", WITH_ITS_TEXTS, t) for t in _spoken(WITH_ITS_TEXTS, names)]
    for name, path in PACKAGED.paths.items():
        file = f"{path.parent.name}.json"
        found += [(file, path, text) for text in _texts_in(PACKAGED[name])]
    for path in sorted((ROOT / "release").glob("*/*.ipynb")):
        if language_of(path.parent.name) == "de":
            cells = read_notebook(path).cells
            found += [(f"{path.parent.name}.json", path, cell.source) for cell in cells]
    return found


@cache
def entries(name: str) -> dict[str, str]:
    return dict(json.loads((FOLDER / name).read_text(encoding="utf-8")))


STUBS = ("*Ihre Antwort · Your answer*", "IHR CODE · YOUR CODE")  # of every notebook


def test_each_sentence_that_says_sie_has_its_edition() -> None:
    missing = [
        f"add to kischule/informal/{file} (from {path.name}): {json.dumps(s, ensure_ascii=False)}"
        for file, path, text in texts()
        for s in sentences(text)[::2]
        if FORMAL.search(s) and s not in entries("messages.json" if s in STUBS else file)
    ]
    assert len(texts()) > 900  # where they are looked for
    assert not missing, "\n".join(dict.fromkeys(missing))


@pytest.mark.parametrize("name", FILES)
def test_no_edition_is_left_over(name: str) -> None:
    there = {s for file, _, text in texts() for s in sentences(text)[::2] if file == name}
    assert [s for s in entries(name) if s not in there and s not in STUBS] == []


@pytest.mark.parametrize("name", FILES)
def test_an_edition_says_du_and_nothing_else(name: str) -> None:
    for said, du in entries(name).items():
        if du == said:  # "they": at the beginning of a sentence
            places = [match.start() for match in FORMAL.finditer(said)]
            assert all(not said[:place] or said[:place].endswith(": ") for place in places), said
            continue
        assert FORMAL.search(said), said
        assert not FORMAL.search(du), du
        assert not re.search(r"[a-zäöüß,;] (Du|Dich|Dir|Dein\w*)\b", du), du  # no letter to anybody
        assert sorted(KEPT.findall(said)) == sorted(KEPT.findall(du)), du
        assert said[-1] == du[-1], du


# --- sentences ----------------------------------------------------------------------------------


def test_a_text_is_the_sum_of_its_sentences() -> None:
    for _, _, text in texts():
        assert "".join(sentences(text)) == text
        assert informal(text).count("\n") == text.count("\n")


def test_a_sentence_keeps_its_edition_among_others() -> None:
    known = "Benutzen Sie hier nicht `model.generate`."
    text = f"1. **Neu.** Das gilt z. B. hier. {known}\n\n  * {known} Und das?\n> # {known}"
    assert informal(text) == text.replace(known, "Benutze hier nicht `model.generate`.")
    assert informal(f"{known[:-1]}, oder?") == f"{known[:-1]}, oder?"  # another sentence


# --- texts --------------------------------------------------------------------------------------

LOST = Text("Es fehlt {what}. Endet Ihre Schleife?", "{what} is missing. Does your loop end?")
PART = Text("Ihre Funktion", "Your function")


def test_a_text_says_what_its_reader_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(i18n.LANGUAGE_VARIABLE, raising=False)
    made = LOST.format(what=PART)
    assert (address(), made["de"]) == ("Sie", "Es fehlt Ihre Funktion. Endet Ihre Schleife?")
    with addressing("du"):
        assert address() == "du"
        assert made["de"] == "Es fehlt Deine Funktion. Endet deine Schleife?"
        assert LOST.format(what=1234.5)["de"] == "Es fehlt 1234,5. Endet deine Schleife?"
        assert made["en"] == "Your function is missing. Does your loop end?"
        assert made.de == "Es fehlt Ihre Funktion. Endet Ihre Schleife?"
        assert LOST.format(what=Line(PART))["de"].startswith("Es fehlt Deine Funktion")
        assert Counted(PART, LOST).of(2, what="x")["de"] == "Es fehlt x. Endet deine Schleife?"
    assert str(made) == made.de


@pytest.mark.parametrize(("variable", "said"), [("de-du", "Deine"), ("de", "Ihre"), ("en", "Your")])
def test_a_notebook_chooses_the_address(
    monkeypatch: pytest.MonkeyPatch, variable: str, said: str
) -> None:
    monkeypatch.setenv(i18n.LANGUAGE_VARIABLE, variable)
    assert str(PART).startswith(said)
    assert i18n.number(0.5) == ("0.50" if variable == "en" else "0,50")


def test_a_text_that_is_filled_in_travels_with_its_editions() -> None:
    made = LOST.format(what="x").each(str.strip)
    data = json.loads(json.dumps(asdict(made)))
    assert data == {"de": made.de, "en": made.en, "du": "Es fehlt x. Endet deine Schleife?"}
    assert read_text(data, "here") == made
    assert asdict(PART) == {"de": PART.de, "en": PART.en}  # looked up where it is read
    own = read_text({"de": "Sagen Sie es.", "en": "Say it.", "du": "Sag es."}, "here")
    with addressing("du"):
        assert own["de"] == "Sag es."
    with pytest.raises(DataError, match="needs both de and en"):
        read_text({"de": "a", "du": "a"}, "here")
