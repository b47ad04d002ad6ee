"""Mechanical mutants of reference solutions: each is refused, or known to be right.

Of a teacher's own exercise `kischule verify` names those that its cases do not notice.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.equivalent_mutants import EQUIVALENT
from support.notebooks import hidden, packaged_code
from support.own import own_exercise

from autograder.checking.check import run_check
from autograder.checking.mutants import mutants, unnoticed_mutants
from autograder.course import verify
from autograder.course.verify import namespace, verify_exercise
from autograder.exercises.exercise import (
    PACKAGED,
    Exercise,
    with_reference,
)
from autograder.sandbox.student import LocalStudent

SEED = "a seed for mutants"


LONG = ("explore", "sample_decode", "speculative_decode")  # a minute each


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in PACKAGED]
)
def test_each_mutant_is_refused_or_listed_as_equivalent(name: str) -> None:
    code = packaged_code()
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


# --- an exercise of one's own -------------------------------------------------------------------

CLIPPED = """
def lower(x):
    return x - 1

def clip(x, low, high):
    if x < low:
        x = low
    return high if x > high else x
"""
IN_RANGE = [{"x": x, "low": 1, "high": 5} for x in (3, 7)]
BELOW = [{"x": x, "low": 1, "high": 5} for x in (0, -4)]


def clip(cases: list[Any], **keys: Any) -> Exercise:
    keys = {"parameters": ["x", "low", "high"], "checker": "integer", **keys}
    return own_exercise("clip", CLIPPED, cases=cases, time_limit_s=1.0, **keys)


def test_cases_that_leave_a_branch_out_are_told() -> None:
    poor = unnoticed_mutants(clip(IN_RANGE), SEED, ())
    assert any("x = low" in change and "pass" in change for change in poor.unnoticed)
    assert poor.tried == poor.made
    good = unnoticed_mutants(clip([*IN_RANGE, *BELOW]), SEED, ())
    # at the bounds themselves both branches return the same
    assert [change.split(" -> ")[1].split("x ")[1][:2] for change in good.unnoticed] == ["<=", ">="]
    listed = unnoticed_mutants(clip([*IN_RANGE, *BELOW], equivalent=good.unnoticed), SEED, ())
    assert (listed.made, listed.unnoticed) == (good.made - 2, ())


def test_hidden_cases_notice_mutants_as_well() -> None:
    exercise = clip(IN_RANGE, hidden=BELOW)
    assert len(unnoticed_mutants(exercise, SEED, exercise.hidden).unnoticed) == 2


def test_the_time_for_mutants_is_bounded() -> None:
    mutation = unnoticed_mutants(clip(IN_RANGE), SEED, (), budget_s=0.0)
    assert (mutation.tried, mutation.unnoticed) == (0, ())
    assert mutation.made > 5


def test_a_mutant_that_never_ends_is_noticed() -> None:
    source = "def count(n):\n    k = 0\n    while k < n:\n        k += 1\n    return k"
    cases = [{"n": n} for n in (0, 3)]
    exercise = own_exercise("count", source, parameters=["n"], checker="integer", cases=cases)
    mutation = unnoticed_mutants(exercise, SEED, ())
    assert mutation.tried == mutation.made
    # which is right for every n >= 0
    assert [change.split(" -> ")[1] for change in mutation.unnoticed] == [
        "def count(n): k = -1 while k < n:"
    ]


def test_verify_warns_where_mutants_survive(tmp_path: Path) -> None:
    solutions = {
        "wrong": '@wrong(fails_case=1, kind="value")\ndef one(x, low, high): return x',
        "correct": "@correct()\ndef one(x, low, high): return min(max(x, low), high)",
    }
    for kind, source in solutions.items():
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "clip.py").write_text(source)
    stub = {"clip": "def clip(x, low, high):\n    raise NotImplementedError()"}
    exercise = clip(IN_RANGE[1:], hidden=IN_RANGE[1:])
    verdict = verify_exercise(
        exercise, {"clip": CLIPPED}, stub, tmp_path / "wrong", tmp_path / "correct"
    )
    assert verdict.passed, verdict.problems
    assert verdict.warnings
    assert all(w.startswith("your cases do not notice when ") for w in verdict.warnings)
    assert verdict.as_data()["warnings"] == list(verdict.warnings)


def test_a_broken_reference_is_a_problem_of_its_exercise(tmp_path: Path) -> None:
    exercise = with_reference(
        clip(IN_RANGE), CLIPPED.replace("return high", "return 1 // 0 or high")
    )
    verdict = verify._verdict_of((exercise, {"clip": CLIPPED}, {"clip": ""}, tmp_path, tmp_path))
    assert not verdict.passed
    (problem,) = verdict.problems
    assert "the reference solution raises ZeroDivisionError" in problem
    assert "in line 8: return 1 // 0 or high" in problem
    assert problem.endswith("case: clip(7, 1, 5)")
