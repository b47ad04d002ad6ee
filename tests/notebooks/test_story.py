"""The notebook's sentences about its own outputs, checked against these outputs.

Each `Claim` is a sentence of both editions and what must hold for it. The display cells run once,
with the reference solutions.
"""

from __future__ import annotations

import ast
import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from IPython.core.inputtransformer2 import TransformerManager
from support.notebooks import ROOT, SOURCE

from autograder.exercises.exercise import exercise_ids, load_exercise
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.display import is_display_only
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.measures import repetition_rate

EDITIONS = {"de": SOURCE, "en": ROOT / "source" / "a7_2_en" / "A7_2.ipynb"}
MAX_WORDS = 120  # of an exercise's text
MAX_CELL_S = 3.0  # of a display cell


@cache
def cells(language: str) -> dict[str, Any]:
    return {cell.id: cell for cell in read_notebook(EDITIONS[language]).cells}


@dataclass(frozen=True)
class Shown:
    """One cell after it ran: its output, its names, and its computing time."""

    text: str  # printed
    value: Any  # of its last expression
    displayed: list[Any]
    names: SimpleNamespace
    seconds: float

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def run(language: str) -> dict[str, Shown]:
    """Every code cell but the checks, top to bottom, in this process."""
    displayed: list[Any] = []
    names: dict[str, Any] = {"display": displayed.append}
    found = {}
    for cell_id, cell in cells(language).items():
        if cell.cell_type != "code" or "check(" in cell.source:
            continue
        printed = io.StringIO()
        displayed.clear()
        began = time.process_time()
        with redirect_stdout(printed):
            value = _execute(cell.source, names)
        seconds = time.process_time() - began
        shown = SimpleNamespace(**names)
        found[cell_id] = Shown(printed.getvalue(), value, list(displayed), shown, seconds)
    return found


def _execute(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and return the value of its last expression."""
    tree = ast.parse(TransformerManager().transform_cell(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None


@pytest.fixture(
    scope="module", params=["de", pytest.param("en", marks=pytest.mark.slow)], ids=["de", "en"]
)
def shown(request: pytest.FixtureRequest) -> Iterator[dict[str, Shown]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LANGUAGE_VARIABLE, request.param)
        yield run(request.param)


# --- what the sentences claim ---------------------------------------------------------------------


def _space_is_a_token(shown: dict[str, Shown]) -> bool:
    return shown["show_tokens"].lines[-1].endswith("' '")


def _whole_words_without_the_space(shown: dict[str, Shown]) -> bool:
    texts = re.findall(r"%  ['\"](.)", shown["try_top_tokens"].text)  # their first characters
    with_space, without = texts[:5], texts[5:]
    return " " not in with_space and without.count(" ") >= 4


def _greedy_begins_like_a_tale(shown: dict[str, Shown]) -> bool:
    names = shown["show_greedy"].names
    text = names.tokenizer.decode(names.tokens[0])
    return bool(text.startswith("There was once a poor woman, who had a little boy called"))


def _greedy_repeats_itself(shown: dict[str, Shown]) -> bool:
    """The observation that is asked for can be made."""
    return repetition_rate(shown["show_greedy"].names.tokens[0].tolist(), 4) > 0.5


def _the_window_ends(shown: dict[str, Shown]) -> bool:
    model = shown["load_model"].names.model
    with torch.no_grad():
        model(torch.ones(1, 256, dtype=torch.long))
        with pytest.raises(IndexError):
            model(torch.ones(1, 257, dtype=torch.long))
    return bool(model.config.max_position_embeddings == 256)


def _only_the_penalty_invents_words(shown: dict[str, Shown]) -> bool:
    plain, penalised = shown["show_generate"].text.split("repetition_penalty = 3.0")
    return "belongtlesomeness" in penalised and "belongtlesomeness" not in plain


@dataclass(frozen=True)
class Claim:
    """A sentence of a text cell, and what must hold for it in the outputs."""

    cell: str
    de: str
    en: str
    holds: Callable[[dict[str, Shown]], bool]


CLAIMS = [
    Claim(
        "about_next_token_probs",
        "Das Leerzeichen am Ende des Prompts ist ein Token für sich.",
        "the space at the end of the prompt is a separate token.",
        _space_is_a_token,
    ),
    Claim(
        "about_greedy_decode_2",
        "muss das Modell ein Wort *ohne* Leerzeichen davor fortsetzen und rät herum; ohne das "
        "Leerzeichen schlägt es ganze Wörter vor.",
        "the model has to continue with a word that does *not* start with a space, and can only "
        "guess. Without it, the model suggests whole words.",
        _whole_words_without_the_space,
    ),
    Claim(
        "greedy",
        "bei `mini` 256 Tokens, bei GPT-2 1024",
        "256 tokens for `mini`, 1024 for GPT-2",
        _the_window_ends,
    ),
    Claim(
        "why_greedy_disappoints",
        "Der Anfang liest sich wie ein Märchen.",
        "The beginning reads like a fairy tale.",
        _greedy_begins_like_a_tale,
    ),
    Claim(
        "why_greedy_disappoints",
        "notieren Sie, was Ihnen auffällt",
        "note down what strikes you",
        _greedy_repeats_itself,
    ),
    Claim(
        "about_show_generate",
        "Das Modell weicht aus und erfindet Wörter wie *belongtlesomeness*.",
        "the model evades them and invents words such as *belongtlesomeness*.",
        _only_the_penalty_invents_words,
    ),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.cell}-{c.holds.__name__}")
def test_both_editions_say_it(claim: Claim) -> None:
    assert claim.de in cells("de")[claim.cell].source
    assert claim.en in cells("en")[claim.cell].source


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: f"{c.cell}-{c.holds.__name__}")
def test_what_the_text_says_holds(claim: Claim, shown: dict[str, Shown]) -> None:
    assert claim.holds(shown)


def test_no_display_cell_takes_longer_than_three_seconds(shown: dict[str, Shown]) -> None:
    ids = [i for i, cell in cells("de").items() if is_display_only(cell)]
    slow = {i: shown[i].seconds for i in ids if shown[i].seconds > MAX_CELL_S}
    assert slow == {}


# --- what needs no outputs ------------------------------------------------------------------------


@pytest.mark.parametrize("language", EDITIONS)
def test_no_exercise_has_more_than_120_words(language: str) -> None:
    asked = {i: c for i, c in cells(language).items() if i.startswith(("task_", "question_"))}
    sources = {i: c.source.split("=== BEGIN")[0] for i, c in asked.items()}
    assert len(asked) == len(exercise_ids()) + 4
    assert {i for i, text in sources.items() if len(text.split()) > MAX_WORDS} == set()


@pytest.mark.parametrize("language", EDITIONS)
def test_the_points_at_the_start_are_the_exercises_own(language: str) -> None:
    """The table names each exercise's number and points, and the sum of each part."""
    order = [c.id for c in cells(language).values() if c.id in exercise_ids()]
    given = [load_exercise(name).points for name in order]
    points = [p.public + p.hidden for p in given]
    rows = [r for r in cells(language)["how_to_work"].source.splitlines() if "min |" in r]
    named = [(int(n), int(p)) for row in rows for n, p in re.findall(r"(\d+) \((\d+)\)", row)]
    assert named == list(enumerate(points, 1))
    read_by_hand = [
        metadata_of(c)["points"] for i, c in cells(language).items() if i.startswith("observation_")
    ]
    sums = [int(row.split("|")[3]) for row in rows]
    assert sum(sums) == sum(points) + sum(read_by_hand)
    assert sums[0] == sum(points[:5])
    assert sums[-1] == sum(points[13:])


@pytest.mark.parametrize("language", EDITIONS)
def test_no_prompt_ends_in_a_space_after_the_rule(language: str) -> None:
    after = list(cells(language).values())
    after = after[list(cells(language)).index("about_greedy_decode_2") :]
    strings = [
        node.value
        for cell in after
        if is_display_only(cell)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert [s for s in strings if re.fullmatch(r"[A-Z][\w ,.'?]* ", s)] == []
