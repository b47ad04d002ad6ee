"""Speculative decoding: the law of its tokens is tested exactly, and wrong acceptance is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.notebooks import packaged_code
from support.power import chance

from autograder.checking import distribution
from autograder.checking.check import hidden_cases, try_case
from autograder.course.verify import namespace
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import PACKAGED, Case
from autograder.exercises.known import known_correct, known_wrong
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.student import LocalStudent
from autograder.sandbox.trainable import build_all

EXERCISE = PACKAGED["speculative_decode"]
RULES = {  # three wrong acceptance rules and a wrong replacement, by the solution that has each
    "accepts_everything": "drafted_always",
    "accepts_by_the_target": "drafted_by_the_target",
    "accepts_the_likelier": "drafted_if_likelier",
    "replaced_from_the_target": "drafted_then_from_the_target",
}
MANY = pytest.mark.slow


def student(source: str | None = None) -> LocalStudent:
    code = packaged_code()
    return LocalStudent(namespace({**code, EXERCISE.id: source or code[EXERCISE.id]}))


def fresh(number: int) -> Case:
    """The hidden case with most power, with seeds of its own."""
    return hidden_cases(replace(EXERCISE, hidden=EXERCISE.hidden[:1]), f"fresh {number}")[0]


def laws(case: Case, rule: str) -> tuple[oracle.Floats, oracle.Floats, dict[str, Any]]:
    """The right law after the prompt, the rule's, and the arguments."""
    arguments = build_all({**case.arguments, "seed": 5})
    prompt = arguments["input_ids"][0].tolist()
    p, q = (
        oracle.softmax(oracle.logits_of(arguments[name], prompt)[-1]) for name in ("model", "draft")
    )
    return p, getattr(misconceptions, rule)(p, q, arguments["num_draft"]), arguments


@pytest.mark.parametrize("case", [EXERCISE.cases[0], EXERCISE.hidden[0]])
@pytest.mark.parametrize("rule", RULES.values())
def test_a_wrong_acceptance_is_missed_once_in_a_million(case: Case, rule: str) -> None:
    """Computed as if tokens were independent, which they are but for a round's last token."""
    right, wrong, arguments = laws(case, rule)
    tokens = 2 * (arguments["max_length"] - arguments["input_ids"].shape[1])
    assert chance(right, wrong, tokens, distribution.ALPHA) <= 1e-6
    assert distribution.ALPHA <= 1e-6


@pytest.mark.parametrize("count", [2, pytest.param(300, marks=MANY)])
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_acceptance_is_refused(name: str, count: int) -> None:
    wrong = student(known_wrong(EXERCISE.id)[name].source)
    for number in range(count):
        mismatch = try_case(EXERCISE, fresh(number), wrong).mismatch
        assert mismatch is not None
        assert mismatch.kind == "distribution"


@pytest.mark.parametrize("count", [1, pytest.param(500, marks=MANY)])
@pytest.mark.parametrize("name", ["reference", *known_correct(EXERCISE.id)])
def test_right_solutions_are_accepted(name: str, count: int) -> None:
    right = student(known_correct(EXERCISE.id).get(name))
    for number in range(count):
        assert try_case(EXERCISE, fresh(number), right).mismatch is None


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_the_law_of_its_solution(name: str) -> None:
    """The shares of tokens in a long text are near those that the rule gives."""
    right, law, arguments = laws(EXERCISE.cases[0], RULES[name])
    code = {**packaged_code(), EXERCISE.id: known_wrong(EXERCISE.id)[name].source}
    ids = namespace(code)[EXERCISE.id](**{**arguments, "max_length": 1000})[0, 1:].tolist()
    shares = np.bincount(ids, minlength=len(right)) / len(ids)
    assert np.abs(shares - law).max() < 0.08
    assert np.abs(shares - right).max() > 0.1


def test_a_run_makes_no_more_tests_than_the_budget() -> None:
    tests = 0
    for case in (*EXERCISE.cases, *hidden_cases(EXERCISE, "one seed")):
        seeds = {specs["seed"] for specs in calls_of(case.arguments)}
        tests += 1 + (len(seeds) > 1)  # uniformity; another seed
    assert tests <= distribution.TESTS


@pytest.mark.parametrize("value", [None, {"calls": "3"}, {"calls": True}, [3]])
def test_a_forged_number_of_calls_is_refused(value: object) -> None:
    """A hostile kernel can send anything in the place of what the model has noted."""

    class Forging(LocalStudent):
        def call_all(self, *given: Any) -> Any:
            return [
                replace(reply, value={**reply.value, "model": value})
                for reply in super().call_all(*given)
            ]

    mismatch = try_case(EXERCISE, EXERCISE.cases[1], Forging(namespace(packaged_code()))).mismatch
    assert mismatch is not None
    assert mismatch.kind == "type"
