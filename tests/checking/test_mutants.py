"""Mechanical mutants of the reference solutions: each is refused, or known to be right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.equivalent_mutants import EQUIVALENT
from support.mutation import mutants
from support.notebooks import hidden, reference_cells

from autograder.checking.check import run_check
from autograder.course.verify import namespace
from autograder.exercises.exercise import PACKAGED
from autograder.sandbox.student import LocalStudent

SEED = "a seed for mutants"


LONG = ("explore", "sample_decode")  # a minute each


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in list(PACKAGED)]
)
def test_each_mutant_is_refused_or_listed_as_equivalent(name: str) -> None:
    code = {n: t for n, t in reference_cells().items() if not n.startswith("observation_")}
    exercise = replace(PACKAGED[name], time_limit_s=1.0)
    survived, made = [], 0
    for what, source in mutants(code[name]):
        made += 1
        student = LocalStudent(namespace({**code, name: source}))
        if run_check(exercise, student).passed is False:
            continue
        if run_check(exercise, student, SEED, hidden(name, SEED)).passed is not False:
            survived.append(what)
    assert made >= 5
    assert sorted(survived) == sorted(EQUIVALENT.get(name, {}))


def test_the_mutator_makes_the_changes_that_it_is_meant_to_make() -> None:
    source = (
        "def f(x, k):\n"
        "    if x < k:\n"
        "        return x[1:] + g(x, k, dim=-1)\n"
        "    return not x.argmax()"
    )
    made = [text for _, text in mutants(source)]
    for part in (
        "if x <= k:",
        "if x > k:",
        "if True:",
        "if False:",
        "x[1:] - g",
        "x[2:] + g",
        "x[0:] + g",
        "x[:] + g",
        "g(k, x, dim=-1)",
        "g(x, k)",
        "dim=-2",
        "dim=1",
        "return None",
        "return x.argmax()",
        "return not x.argmin()",
        "return not x",
    ):
        assert any(part in text for text in made), part
    assert len(made) == len(set(made))
    assert source not in made
