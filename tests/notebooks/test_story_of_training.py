"""Sentences of the notebook on training about its own outputs, checked against these outputs.

It trains the embedded model, which takes minutes. Its numbers differ a little between machines, so
what the text says holds within `near`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from support.notebooks import ROOT
from support.story import Claim, Shown, run

from autograder.notebooks.cells import read_notebook
from kischule.i18n import LANGUAGE_VARIABLE

EDITIONS = {"de": "a7_3", "en": "a7_3_en"}


@cache
def cells(language: str) -> dict[str, Any]:
    path = ROOT / "source" / EDITIONS[language] / "A7_3.ipynb"
    return {cell.id: cell for cell in read_notebook(path).cells}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Shown]]:
    """The German edition, in a folder of its own, as it saves a model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LANGUAGE_VARIABLE, "de")
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        yield run(cells("de"))
        assert Path("poet").is_dir()


def near(value: float, told: float, relative: float = 0.05) -> bool:
    return value == pytest.approx(told, rel=relative)


def _the_corpus(shown: dict[str, Shown]) -> bool:
    poems = shown["show_verses"].names.poems
    return (len(poems), sum(len(poem.split("\n\n")) for poem in poems)) == (1250, 5000)


def _no_poem_on_both_sides(shown: dict[str, Shown]) -> bool:
    return shown["show_split"].text.split()[-1] == "set()"


def _measures(shown: dict[str, Shown]) -> tuple[Any, Any]:
    return shown["show_before"].names.before, shown["show_after"].names.after


def _the_loss_falls(shown: dict[str, Shown]) -> bool:
    before, after = _measures(shown)
    return near(before["loss"], 5.14) and near(after["loss"], 0.84)


def _lines_rhyme(shown: dict[str, Shown]) -> bool:
    before, after = _measures(shown)
    return before["rhyme_rate"] == 0 and abs(after["rhyme_rate"] - 0.6) < 0.1


def _repetition_rises(shown: dict[str, Shown]) -> bool:
    before, after = _measures(shown)
    return abs(before["repetition_rate"] - 0.02) < 0.01 < abs(after["repetition_rate"] - 0.02)


def _tales_are_forgotten(shown: dict[str, Shown]) -> bool:
    before, after = _measures(shown)
    return near(before["tale"], 8.9) and after["tale"] > 20_000


def _the_best_state_is_kept(shown: dict[str, Shown]) -> bool:
    training, after = shown["show_training"].names.run, _measures(shown)[1]
    return near(after["loss"], min(loss for _, loss in training.validation), 1e-4)


def _six_poems_are_learnt_by_heart(shown: dict[str, Shown]) -> bool:
    return bool(shown["show_overfitting"].names.overfitted.losses[-1] < 0.1)


def _the_third_point_is_the_best(shown: dict[str, Shown]) -> bool:
    names = shown["show_overfitting"].names
    points = names.overfitted.validation
    assert points[2][0] == names.overfitted.best_step == 8
    assert near(points[2][1], 2.92)
    assert points[-1][1] > 4
    return bool(names.best_epoch([loss for _, loss in points], 3) == 3)


def _too_large_a_rate_ends_it(shown: dict[str, Shown]) -> bool:
    return bool(shown["show_too_fast"].names.run_away.diverged)


def _the_trainer_comes_to_the_same(shown: dict[str, Shown]) -> bool:
    ours, *theirs = shown["show_trainer"].lines[-2:]
    if find_spec("accelerate") is None:  # the cell says so
        return theirs == ["pip install accelerate"] and near(float(ours), 1.101)
    return near(float(ours), 1.101) and near(float(theirs[-1]), 1.108)


def _weights_come_back(shown: dict[str, Shown]) -> bool:
    return shown["show_saving"].text == "True\n"


CLAIMS = [
    Claim(
        "corpus",
        "1250 Gedichte mit zusammen 5000 Strophen",
        "1250 poems with 5000 stanzas in all",
        _the_corpus,
    ),
    Claim("about_blocks", "Geteilt wird nach Texten", "by text", _no_poem_on_both_sides),
    Claim(
        "about_run",
        "der große Punkt ist der beste Stand",
        "the large point is the best state",
        _the_best_state_is_kept,
    ),
    Claim(
        "observation_learned",
        "fällt von 5,14 auf 0,84",
        "falls from 5.14 to 0.84",
        _the_loss_falls,
    ),
    Claim(
        "observation_learned",
        "etwa 60 % der Zeilen reimen sich auf eine Nachbarzeile („still“, „will“); vorher war es "
        "keine.",
        'about 60% of the lines rhyme with a neighbouring line ("still", "will"); before, none '
        "did.",
        _lines_rhyme,
    ),
    Claim(
        "observation_learned",
        "die Wiederholung ist von 0,02 auf 0,07 gestiegen",
        "repetition has risen from 0.02 to 0.07",
        _repetition_rises,
    ),
    Claim(
        "observation_forgotten",
        "steigt von 8,9 auf über 20 000",
        "rises from 8.9 to more than 20,000",
        _tales_are_forgotten,
    ),
    Claim(
        "observation_overfitting",
        "Im Training geht der Verlust gegen 0, denn das Modell lernt die sechs Gedichte auswendig.",
        "In training the loss goes towards 0, since the model learns the six poems by heart.",
        _six_poems_are_learnt_by_heart,
    ),
    Claim(
        "observation_overfitting",
        "fällt er bis Schritt 8 (2,92) und steigt dann wieder bis über 4.",
        "it falls until step 8 (2.92) and then rises again to more than 4.",
        _the_third_point_is_the_best,
    ),
    Claim(
        "about_too_fast",
        "eine Lernrate, die viel zu groß ist",
        "a learning rate that is far too large",
        _too_large_a_rate_ends_it,
    ),
    Claim(
        "practice",
        "Er ist fast derselbe, bei uns 1,101 und 1,108",
        "It is almost the same, 1.101 and 1.108 in our run",
        _the_trainer_comes_to_the_same,
    ),
    Claim(
        "saving",
        "mit denselben Gewichten bis auf die letzte Stelle.",
        "with the same weights to the last digit.",
        _weights_come_back,
    ),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.holds.__name__)
def test_both_editions_say_it(claim: Claim) -> None:
    assert claim.de in cells("de")[claim.cell].source
    assert claim.en in cells("en")[claim.cell].source


@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.holds.__name__)
def test_what_the_text_says_holds(claim: Claim, shown: dict[str, Shown]) -> None:
    assert claim.holds(shown)


@pytest.mark.slow
def test_training_changed_no_setting_of_torch(shown: dict[str, Shown]) -> None:
    assert torch.is_grad_enabled()
    assert shown["show_training"].names.model.training is False
