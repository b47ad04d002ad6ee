"""Sampling: each setting, alone and with each other, has cases that refuse a mistake in it.

What a case of independent tokens misses is computed from the mutant's own probabilities; the few
mutants that only show in a text that depends on itself are run.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from support.mutation import SETTINGS, setting_mutants
from support.notebooks import ROOT, hidden, reference_cells
from support.power import Trial

from autograder.checking import distribution
from autograder.checking.check import run_case
from autograder.course.verify import namespace
from autograder.exercises import oracle
from autograder.exercises.exercise import PACKAGED, Case
from autograder.exercises.known import known_wrong
from autograder.sandbox.arguments import build, calls_of
from autograder.sandbox.student import LocalStudent

SAMPLING = PACKAGED["sample_decode"]
LETTERS = dict(zip(SETTINGS, "RTKP", strict=True))
OFF = {"top_k": (None, 0)}  # of the others: None and 1.0
BETA = 1e-6  # a mistake is passed at most this often
DRAWS = [f"draw {i}" for i in range(3)]

# (setting, mistake, condition) that are no mistakes: without top_p both keep the ranks of tokens
EQUIVALENT = {("temperature", "last", "top_p off"), ("top_k", "last", "top_p off")}


def on(case: Case) -> str:
    """The letters of the settings that a case switches on."""
    given = {s: case.arguments.get(s) for s in SETTINGS}
    return "".join(LETTERS[s] for s, v in given.items() if v not in OFF.get(s, (None, 1.0)))


def independent(cases: Sequence[Case]) -> list[Case]:
    """The cases whose tokens do not depend on each other."""
    return [case for case in cases if "rotated" in case.arguments["model"]]


def column(cases: Sequence[Case]) -> dict[str, Case]:
    """The last case of each set of settings: the one in which all that are on move much."""
    return {on(case): case for case in independent(cases)}


@cache
def mutated() -> dict[tuple[str, str, str], Callable[..., Any]]:
    """The mutants of the reference, by setting, mistake and condition."""
    cells = {n: t for n, t in reference_cells().items() if not n.startswith("observation_")}
    functions, found = namespace(cells), {}
    for setting, mistake, condition, source in setting_mutants(cells["sample_decode"]):
        exec(source, own := dict(functions))
        found[setting, mistake, condition] = own["sample_decode"]
    return found


def test_every_setting_is_tried_alone_and_with_each_other() -> None:
    pairs = {a + b for i, a in enumerate("RTKP") for b in "RTKP"[i + 1 :]}
    for cases in (SAMPLING.cases, *(hidden("sample_decode", draw) for draw in DRAWS)):
        assert set(column(cases)) == {"", *"RTKP", *pairs, "RTKP"}
        assert [on(case) for case in cases][:20] == [on(case) for case in SAMPLING.cases][:20]


def test_a_mistake_in_a_setting_passes_at_most_once_in_a_million() -> None:
    """Made always, or only where another setting is on, or off; in public and in each draw."""
    levels = [SAMPLING.cases, *(hidden("sample_decode", draw) for draw in DRAWS)]
    trials = [[Trial.of(case) for case in independent(cases)] for cases in levels]
    left = set()
    for mutant, function in mutated().items():
        if all(any(t.missed(function) <= BETA for t in found) for found in trials):
            continue
        student = LocalStudent({"sample_decode": function})
        for cases in levels[:2]:
            rest = [case for case in cases if case not in independent(cases)]
            if not any(run_case(SAMPLING, case, student) for case in rest):
                left.add(mutant)
    assert left == EQUIVALENT


def _losing(setting: str, other: str, on: bool, functions: dict[str, Any]) -> Callable[..., str]:
    """A `generate_text` that loses a setting where another one is on, or off."""

    def generate_text(tokenizer: Any, model: Any, prompt_text: str, **parameters: Any) -> str:
        value = parameters.get(other)
        if other == setting or (value is True or value not in (None, 0, 1.0)) == on:
            parameters[setting] = None if setting in SETTINGS else not parameters[setting]
        return str(functions["generate_text"](tokenizer, model, prompt_text, **parameters))

    return generate_text


@pytest.mark.parametrize("setting", [*SETTINGS, "do_sample"])
def test_no_setting_of_generate_is_lost_beside_another(setting: str) -> None:
    """Lost always, or only where another setting is on, or off; in public and in each draw."""
    exercise = PACKAGED["generate_text"]
    functions = namespace({n: reference_cells()[n] for n in ("encode_prompt", "generate_text")})
    passed = set()
    for cases in (exercise.cases, *(hidden("generate_text", draw) for draw in DRAWS[:2])):
        for other, on in itertools.product([*SETTINGS, "do_sample"], (True, False)):
            mutant = _losing(setting, other, on, functions)
            student = LocalStudent({**functions, "generate_text": mutant})
            if not any(run_case(exercise, case, student) for case in cases):
                passed.add((other, on))
    # greedy texts depend on no setting of the draw
    equivalent = setting in ("temperature", "top_k", "top_p")
    assert passed == ({("do_sample", False)} if equivalent else set())


# --- the tables in docs/checking.md -------------------------------------------------------------


def mistakes_by_settings() -> Iterator[str]:
    levels = [SAMPLING.cases, *(hidden("sample_decode", draw) for draw in DRAWS)]
    columns = [{n: Trial.of(case) for n, case in column(cases).items() if n} for cases in levels]
    names = sorted(columns[0], key=lambda name: (len(name), ["RTKP".index(s) for s in name]))
    yield "| mistake | " + " | ".join(names) + " |"
    yield "|---|" + ":-:|" * len(names)
    for (setting, mistake, condition), function in mutated().items():
        if not condition:
            worst = [max(c[name].missed(function) for c in columns) for name in names]
            marks = ["●" if chance <= BETA else " " for chance in worst]
            yield f"| `{setting}` {mistake} | {' | '.join(marks)} |"


def mistakes_by_case() -> Iterator[str]:
    yield "| case | on | the known wrong solutions that it is the first to refuse |"
    yield "|---:|---|---|"
    for number, case in enumerate(SAMPLING.cases, 1):
        known = known_wrong("sample_decode").items()
        names = [f"`{name}`" for name, wrong in known if wrong.fails_case == number]
        if names:
            yield f"| {number} | {on(case) or '–'} | {', '.join(names)} |"


def error_rates() -> Iterator[str]:
    yield "| case | on | beta | tokens at first | all | expected |"
    yield "|---:|---|---:|---:|---:|---:|"
    levels = [SAMPLING.cases, *(hidden("sample_decode", draw) for draw in DRAWS)]
    sums = [0, 0, 0.0]
    for number, cases in enumerate(zip(*levels, strict=True), 1):
        missed = _missed(cases)
        beta = f"{max(missed):.0e}" if missed else "–"
        first, tokens, expected = tokens_of(cases[0])
        sums = [a + b for a, b in zip(sums, (first, tokens, expected), strict=True)]
        yield f"| {number} | {on(cases[0]) or '–'} | {beta} | {first} | {tokens} | {expected:.0f} |"
    yield f"| all | | | {sums[0]:,} | {sums[1]:,} | {sums[2]:,.0f} |"


def _missed(cases: Sequence[Case]) -> list[float]:
    """The chances, of the worst of a case's versions, to miss the mistakes that it can refuse."""
    if not independent(cases):
        return []
    trials = [Trial.of(case) for case in cases]
    always = [function for (*_, condition), function in mutated().items() if not condition]
    worst = [max(trial.missed(function) for trial in trials) for function in always]
    return [chance for chance in worst if chance <= BETA]


def tokens_of(case: Case) -> tuple[int, int, float]:
    """The new tokens of the first calls, of all, and of a correct solution's on average."""
    calls = calls_of(case.arguments)
    arguments = {name: build(spec) for name, spec in calls[0].items()}
    new = arguments["max_length"] - arguments["input_ids"].shape[1]
    if case.arguments["model"].get("eos") is not None:  # each token may be the last
        prompt = arguments["input_ids"][0].tolist()
        probs = oracle.softmax(oracle.logits_of(arguments["model"], prompt)[-1])
        new = 1 / probs[arguments["model"].config.eos_token_id]
    tokens = round(new * len(calls))
    first = round(new * case.first_calls) or tokens
    return first, tokens, first + distribution.DOUBT * (tokens - first)


def test_a_correct_solution_needs_a_third_of_the_tokens() -> None:
    """Of those that tests of a fixed size needed, for the same bounds of both errors."""
    for cases, fixed in ((SAMPLING.cases, 3_677), (hidden("sample_decode", DRAWS[0]), 3_658)):
        assert sum(tokens_of(case)[2] for case in cases) <= fixed / 3


@pytest.mark.parametrize("table", [mistakes_by_settings, mistakes_by_case, error_rates])
def test_the_tables_of_sampling_are_those_of_the_code(
    table: Callable[[], Iterator[str]],
) -> None:
    text = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    name = table.__name__.replace("_", " ")
    found = re.search(rf"<!-- {name} -->\n+(.*?)\n+<!-- end -->", text, re.DOTALL)
    assert found
    assert found[1].splitlines() == list(table())
