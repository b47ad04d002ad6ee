"""A7_3: its notebook in both editions, its exercises, and what they take."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import Any

import pytest
import torch
from support.notebooks import ROOT

from autograder.checking.check import hidden_cases, run_check
from autograder.course.verify import namespace
from autograder.exercises.exercise import PACKAGED, ExerciseFiles, Level
from autograder.exercises.known import known_correct, known_wrong
from autograder.notebooks.cells import metadata_of, read_notebook, reference_of
from autograder.notebooks.exercises import exercises_in
from autograder.sandbox.student import LocalStudent

SOURCES = {"de": ROOT / "source/a7_3/A7_3.ipynb", "en": ROOT / "source/a7_3_en/A7_3.ipynb"}
A7_3 = ExerciseFiles(PACKAGED.paths["train_step"].parent)
SEED = "a seed"
MAX_CASE_S = 0.2  # computing, of the reference in one case
MAX_WORDS = 120  # of an exercise's text


@cache
def cells(language: str) -> dict[str, Any]:
    return {cell.id: cell for cell in read_notebook(SOURCES[language]).cells}


@cache
def reference_source() -> dict[str, str]:
    found = reference_of(read_notebook(SOURCES["de"]))
    return {name: source for name, source in found.items() if name in A7_3}


def student(name: str, source: str) -> LocalStudent:
    given = {"imports": "import copy\nimport math\nfrom statistics import fmean"}
    return LocalStudent(namespace({**given, **reference_source(), name: source}))


# --- the exercises --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", A7_3)
def test_the_reference_passes_soon(name: str) -> None:
    exercise, own = A7_3[name], student(name, reference_source()[name])
    for seed in (None, SEED):
        cases = exercise.cases if seed is None else hidden_cases(exercise, seed)
        run_check(exercise, own, seed)  # makes the models that are copied
        began = time.process_time()
        assert run_check(exercise, own, seed).passed
        # the oracle's loops included
        assert (time.process_time() - began) / len(cases) < MAX_CASE_S


@pytest.mark.parametrize("name", A7_3)
def test_wrong_solutions_are_told_their_mistake(name: str) -> None:
    exercise, wrong = A7_3[name], known_wrong(name)
    assert len(wrong) >= 8
    for solution, known in wrong.items():
        result = run_check(exercise, student(name, known.source))
        assert result.passed is False, solution
        assert (result.passed_cases + 1, result.kind) == (known.fails_case, known.kind), solution
        assert result.rule in known.names, solution
        assert not run_check(exercise, student(name, known.source), SEED).passed, solution


@pytest.mark.parametrize("name", A7_3)
def test_correct_solutions_pass(name: str) -> None:
    correct = known_correct(name)
    assert len(correct) >= 3
    for solution, source in correct.items():
        for seed in (None, SEED):
            result = run_check(A7_3[name], student(name, source), seed)
            assert result.passed, (solution, result.told("en"))


@pytest.mark.parametrize("name", ["train_step", "train_accumulated", "evaluate", "try_rate"])
def test_the_tolerance_lies_between_right_and_wrong(name: str) -> None:
    """A tenth of it is enough for what is right, and ten times as much refuses what is wrong."""
    from dataclasses import replace

    exercise = A7_3[name]
    tight = replace(exercise, tolerance=exercise.tolerance / 10)
    wide = replace(exercise, tolerance=exercise.tolerance * 10)
    for source in known_correct(name).values():
        assert run_check(tight, student(name, source)).passed
    for solution, known in known_wrong(name).items():
        assert not run_check(wide, student(name, known.source)).passed, solution


def test_what_has_no_equal_copy_is_unchanged() -> None:
    """A nan in a list or a tensor, a model in a list; a changed one is found."""
    for spec, change in (
        ([1.0, float("nan")], "x[0] = float('nan')"),
        ({"vector": [1.0, float("nan")]}, "x[0] = float('nan')"),
        ({"list": [{"tiny": 1}]}, "x[0].eval()"),
        ({"list": [{"tiny": 1}]}, "next(x[0].parameters()).data[0, 0] = 1.0"),
        ({"list": [{"tiny": 1}]}, "x[0] = None"),
    ):
        for line, changed in (("pass", ()), (change, ("x",))):
            own = LocalStudent(namespace({"f": f"def f(x):\n    {line}\n    return 1"}))
            (reply,) = own.call_all("f", [([("x", spec)], {})], 5.0)
            assert reply.changed == changed


# --- the notebook ---------------------------------------------------------------------------------


def test_both_editions_have_the_same_cells() -> None:
    german, english = cells("de"), cells("en")
    assert list(german) == list(english)
    for name, cell in german.items():
        assert (cell.cell_type, cell.metadata) == (english[name].cell_type, english[name].metadata)
        if cell.cell_type == "code" and not {name} & {*A7_3, "setup", "load_model"}:
            lines = [
                [line for line in c.source.splitlines() if not line.startswith("#")]
                for c in (cell, english[name])
            ]
            assert lines[0] == lines[1], name


@pytest.mark.parametrize("language", SOURCES)
def test_points_numbers_and_sections_are_right(language: str) -> None:
    found = exercises_in(read_notebook(SOURCES[language]), PACKAGED)
    assert set(found) == set(A7_3)
    points = [e.points_of(Level.PUBLIC) + e.points_of(Level.HIDDEN) for e in found.values()]
    text = cells(language)["how_to_work"].source
    named = [(int(n), int(p)) for n, p in re.findall(r"(\d+) \((\d+)\)", text)]
    assert named == list(enumerate(points, 1))
    by_hand = sum(
        metadata_of(c)["points"] for i, c in cells(language).items() if i.startswith("observation")
    )
    assert f" {sum(points) + by_hand:g} " in text
    heading, place = "", {}
    for name, cell in cells(language).items():
        heading = cell.source[5:] if cell.source.startswith("#### ") else heading
        place[name] = heading
    for number, name in enumerate(found, 1):
        read = getattr(A7_3[name].read, language)
        assert (place[f"task_{name}"] in read, read.endswith(f" {number}")) == (True, True)
        assert len(cells(language)[f"task_{name}"].source.split()) <= MAX_WORDS


@pytest.mark.parametrize("name", A7_3)
def test_hints_are_three_steps_with_an_example(name: str) -> None:
    hints = A7_3[name].hints
    assert len(hints) == 3
    assert hints[2].de.startswith("Ein Beispiel")
    assert hints[2].en.startswith("An example")
    numbers = [re.findall(r"-?\d+(?:\.\d+)?", hints[2][code]) for code in ("de", "en")]
    assert sorted(numbers[0]) == sorted(numbers[1])
    solution = {line.strip() for line in reference_source()[name].splitlines()}
    for step in hints:
        assert not [line for line in solution if len(line) > 15 and line in step.de + step.en]


def test_training_is_left_to_display_cells() -> None:
    """In grading no cell trains."""
    for name, cell in cells("de").items():
        if cell.cell_type == "code" and "Training(" in cell.source:
            assert cell.metadata.get("tags") == ["display-only"], name
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("evaluate", "sum_of_means", "Erwartet: 2.57302. Erhalten: 7.74595."),
        (
            "train_step",
            "uphill",
            " im Gewicht wte.weight[0, 0] von model nach dem Aufruf. Erhalten",
        ),
        ("train_accumulated", "leaves_eval", "Erwartet: True bei model.training nach dem Aufruf."),
    ],
)
def test_a_place_in_a_model_is_told_in_words(name: str, wrong: str, says: str) -> None:
    """And not by the keys of the reply, which a student never sees."""
    source = known_wrong(name)[wrong].source
    told = run_check(A7_3[name], student(name, source)).plain("de")
    assert says in told
    assert "['" not in told.split("Erwartet")[1].split("Hinweis")[0]
