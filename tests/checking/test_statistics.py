"""Errors of the checks of sampled text: correct solutions refused, mistakes missed. Slow.

    make test-slow        (the counts are printed; both must be perfect)

Each run rounds its cases anew, seeds of the student's generator included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.notebooks import A7_2

from autograder.checking.check import hidden_cases, run_case
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.known import known_correct, known_wrong
from autograder.sandbox.student import LocalStudent

DRAWS = 2_000  # fresh rounds for each correct solution
RUNS = 1_000  # for each mistake

LONG = ("sample_decode", "explore", "generate_text")  # others look at these
SAMPLING = A7_2["sample_decode"]
CORRECT = {"reference": None, **known_correct("sample_decode")}

# mistakes that no distribution shows: shapes, ends and errors
CERTAIN = ("too_long", "too_short", "after_eos", "prompt", "shape", "raised")
MISTAKES = [n for n, k in known_wrong("sample_decode").items() if k.kind not in CERTAIN]


def _student(solved: Callable[..., dict[str, Any]], source: str | None) -> LocalStudent:
    return LocalStudent(solved(**({"sample_decode": source} if source else {})))


def _only(exercise: Exercise, templates: tuple[Case, ...]) -> Exercise:
    return replace(exercise, hidden=templates, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_no_correct_sampling_is_refused(name: str, solved: Callable[..., dict[str, Any]]) -> None:
    student = _student(solved, CORRECT[name])
    refused, generated, round_ = [], 0, 0
    while generated < DRAWS:
        for case in hidden_cases(SAMPLING, f"false alarms {name} {round_}"):
            generated += 1
            if (mismatch := run_case(SAMPLING, case, student)) is not None:
                refused.append((dict(case.arguments), mismatch))
        round_ += 1
    print(f"\nsample_decode, {name}: {len(refused)} of {generated} cases refused")
    assert not refused


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in list(A7_2) if n not in LONG])
def test_no_correct_solution_is_refused(name: str, solved: Callable[..., dict[str, Any]]) -> None:
    """Each fresh case goes to the next of the known correct solutions."""
    exercise = A7_2[name]
    sources = known_correct(name)
    students = [LocalStudent(solved(**{name: source})) for source in sources.values()]
    refused, generated, round_ = [], 0, 0
    while generated < DRAWS:
        for case in hidden_cases(exercise, f"honest {name} {round_}"):
            which = generated % len(students)
            if (mismatch := run_case(exercise, case, students[which])) is not None:
                refused.append((list(sources)[which], dict(case.arguments), mismatch))
            generated += 1
        round_ += 1
    print(f"\n{name}: {len(refused)} of {generated} cases refused")
    assert not refused


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reference", *known_correct("explore")])
def test_no_correct_exploration_is_refused(
    name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    """Sampled texts of all kinds: whatever the tokens are, the numbers are those of the text."""
    exercise = A7_2["explore"]
    source = known_correct("explore").get(name)
    student = LocalStudent(solved(**({"explore": source} if source else {})))
    (template,) = exercise.hidden
    sampled = [s for s in template.arguments["settings"] if s["top_p"] != 1e-7][1:]
    hot = [{**s, "temperature": 2.5, "top_p": None} for s in sampled]
    arguments = {**template.arguments, "settings": [*sampled, *hot] * 5}
    often = _only(exercise, (replace(template, arguments=arguments, catches=()),))
    refused, sampled_texts = [], 0
    while sampled_texts < DRAWS:
        (case,) = hidden_cases(often, f"false alarms {name} {sampled_texts}")
        sampled_texts += len(arguments["settings"])
        if (mismatch := run_case(often, case, student)) is not None:
            refused.append((dict(case.arguments), mismatch))
    print(f"\nexplore, {name}: {len(refused)} cases refused in {sampled_texts} sampled texts")
    assert not refused


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_run_sees_the_mistake(mistake: str, solved: Callable[..., dict[str, Any]]) -> None:
    """By one of the hidden cases; first by the one that stands where the public one refuses it."""
    known = known_wrong("sample_decode")[mistake]
    student = _student(solved, known.source)
    own, caught = known.fails_case - 1, 0
    for run in range(RUNS):
        cases = [*hidden_cases(SAMPLING, f"power {mistake} {run}")]
        caught += any(run_case(SAMPLING, case, student) for case in [cases.pop(own), *cases])
    print(f"\n{mistake}: caught in {caught} of {RUNS} runs")
    assert caught == RUNS
