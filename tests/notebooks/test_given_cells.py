"""Given cells below an exercise can use whatever its check accepts."""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from IPython.core.inputtransformer2 import TransformerManager
from support.notebooks import A7_2, EXERCISES, RELEASE, filled, reference_cells

from autograder.exercises.known import known_correct
from autograder.notebooks.cells import exercise_of, read_notebook
from autograder.notebooks.names import names

FAST = ("top_tokens",)  # the others take minutes together
UNUSED = ("filter_min_p",)  # by given cells
# of no exercise's function, and a picture of what they give
SLOW_CALLS = ("kischule.survey(", "kischule.lab(", "plots.repetition(")

NOTEBOOK = filled(RELEASE, reference_cells())
CODE = {
    c.id: c.source
    for c in NOTEBOOK.cells
    if c.cell_type == "code" and not exercise_of(c, EXERCISES)
}


def run(source: str, namespace: dict[str, Any]) -> None:
    with redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a student's code may warn
        exec(TransformerManager().transform_cell(source), namespace)


def functions_on(exercise: str) -> set[str]:
    """The functions of the exercise, and of those whose reference calls one of them."""
    reached = {exercise, *A7_2[exercise].helpers}
    while more := {e for e in A7_2 if names(CODE[e])[0] & reached} - reached:
        reached |= more
    return reached


def given_cells(exercise: str) -> list[str]:
    """The given cells that call the exercise's function, perhaps through another one."""
    reached = functions_on(exercise)
    return [n for n in CODE if n not in A7_2 and names(CODE[n])[0] & reached]


@pytest.fixture(scope="module")
def before() -> dict[str, dict[str, Any]]:
    """The names that there are before each given cell, with the reference's functions."""
    namespace: dict[str, Any] = {"display": lambda shown: None}
    found = {}
    for name, source in CODE.items():
        found[name] = dict(namespace)
        if not any(call in source for call in SLOW_CALLS):
            run(source, namespace)
    return found


def solutions() -> Iterator[Any]:
    for exercise in A7_2:
        marks = () if exercise in FAST else pytest.mark.slow
        for name in known_correct(exercise):
            yield pytest.param(exercise, name, marks=marks, id=f"{exercise}-{name}")


@pytest.mark.parametrize(("exercise", "name"), [*solutions()])
def test_given_cells_run_after_an_accepted_solution(
    exercise: str, name: str, before: dict[str, dict[str, Any]]
) -> None:
    cells = given_cells(exercise)
    assert bool(cells) is (exercise not in UNUSED)
    for cell in cells:
        namespace = dict(before[cell])
        for solved in (e for e in A7_2 if e in namespace):
            run(CODE[solved], namespace)
        run(known_correct(exercise)[name], namespace)
        run(CODE[cell], namespace)


@pytest.mark.parametrize("edition", ["a7_2_plus", "a7_2_plus_en"])
def test_tokens_are_timed_after_months_of_uptime(edition: str) -> None:
    notebook = read_notebook(RELEASE.parent.parent / edition / "A7_2_plus.ipynb")
    [source] = [c.source for c in notebook.cells if "def seconds_a_token" in c.source]
    [function] = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)][:1]
    moments = iter([1e7, 1e7 + 2**-10, 1e7 + 3 * 2**-10])
    namespace: dict[str, Any] = {
        "torch": torch,
        "model": torch.nn.Identity(),
        "time": SimpleNamespace(perf_counter=lambda: next(moments)),
    }
    run(ast.unparse(function), namespace)

    def decode(model: Any, ids: Any, max_length: int) -> None:
        for _ in range(3):
            model(ids)

    seconds = namespace["seconds_a_token"](decode, torch.zeros(1, 1))
    assert seconds.tolist() == [2**-10, 2**-9]
