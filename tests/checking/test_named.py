"""Misconceptions that are told apart: whoever follows one reads its hint, and no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.notebooks import A7_2, ROOT

from autograder.checking.check import run_check
from autograder.checking.steps import settings_of
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import PACKAGED, Case, Exercise
from autograder.exercises.generate import seeded
from autograder.exercises.known import known_wrong
from autograder.exercises.laws import Sampling
from autograder.sandbox.arguments import build
from autograder.sandbox.data import Array
from autograder.sandbox.models import TableModel
from autograder.sandbox.student import Arguments, LocalStudent, Reply

SAMPLING = A7_2["sample_decode"]


class Follower:
    """A student whose function follows a wrong rule; all others are right."""

    def __init__(self, exercise: Exercise, rule: str, others: LocalStudent) -> None:
        self.exercise, self.rule, self.others = exercise, rule, others
        found = next(m.function for m in exercise.misconceptions if m.rule == rule)
        self.function = found or exercise.id

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        # a spy reports settings, and has no text to be wrong about
        spied = any("spy" in spec for p, _ in calls for _, spec in p if isinstance(spec, dict))
        if spied or function != self.function:
            return self.others.call_all(function, calls, time_limit_s)
        return [Reply(self._reply({n: build(s) for n, s in [*p, *k.items()]})) for p, k in calls]

    def _reply(self, arguments: dict[str, Any]) -> Any:
        wrong = getattr(misconceptions, self.rule)
        if self.exercise.checker == "sample":
            return Array(np.array([self._sampled(wrong, arguments)]), "int64")
        value = wrong(**arguments)
        if isinstance(value, tuple):
            return Array(np.array([value], dtype=np.int64), "int64")
        if isinstance(value, np.ndarray):
            given = arguments.get("logits")
            dtype = "float32" if given is None else str(given.dtype).removeprefix("torch.")
            with np.errstate(over="ignore"):
                return Array(value.astype(dtype), dtype)
        if isinstance(value, list):
            return [list(pair) for pair in value[: arguments["k"]]]
        return value

    def _sampled(self, law: Sampling, arguments: dict[str, Any]) -> list[int]:
        model, ids = arguments["model"], arguments["input_ids"][0].tolist()
        if not isinstance(model, TableModel):
            return ids
        start, settings = len(ids), settings_of(self.exercise, arguments)
        rng = seeded(self.rule, settings["seed"])
        while len(ids) < arguments["max_length"]:
            probs = law(oracle.logits_of(model, ids)[-1], ids, start, settings)
            ids.append(int(rng.choice(len(probs), p=probs)))
            if ids[-1] == settings["eos"]:
                break
        return ids


def _told(exercise: Exercise, rule: str, solved: Callable[..., dict[str, Any]]) -> str:
    return run_check(exercise, Follower(exercise, rule, LocalStudent(solved()))).rule


@pytest.mark.parametrize("name", [n for n in A7_2 if n != "sample_decode"])
def test_who_follows_a_rule_is_told_so(name: str, solved: Callable[..., dict[str, Any]]) -> None:
    exercise = A7_2[name]
    told = {m.rule: _told(exercise, m.rule, solved) for m in exercise.misconceptions}
    assert {rule: said for rule, said in told.items() if said != rule} == {}


@pytest.mark.slow
@pytest.mark.parametrize("rule", [m.rule for m in SAMPLING.misconceptions])
def test_who_samples_by_a_rule_is_told_so(rule: str, solved: Callable[..., dict[str, Any]]) -> None:
    assert _told(SAMPLING, rule, solved) == rule


@pytest.mark.parametrize(
    ("change", "told"),
    [("return logits", "temperature_ignored"), ("return logits * 2", "ignored:temperature")],
)
def test_a_case_that_is_to_raise_explains_nothing(
    change: str, told: str, solved: Callable[..., dict[str, Any]]
) -> None:
    """Neither a wrong rule nor an argument without effect can be told from it."""
    exercise = A7_2["apply_temperature"]
    raising = Case(
        {**exercise.cases[0].arguments, "temperature": 0.0}, exercise.id, raises="ValueError"
    )
    around = replace(exercise, cases=(raising, *exercise.cases, raising), hidden=())
    source = f"""def apply_temperature(logits, temperature):
        if temperature == 0:
            raise ValueError
        {change}"""
    result = run_check(around, LocalStudent(solved(apply_temperature=source)))
    assert (result.passed, result.rule) == (False, told)


def test_the_table_of_messages_counts_each_known_solution() -> None:
    """The counts themselves are those of `kischule verify`, which takes minutes."""
    text = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    table = text.split("<!-- messages -->")[1].split("<!-- end -->")[0]
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in table.split("\n")[4:-2]
    ]
    counts = {row[0]: sum(map(int, row[1:4])) for row in rows}
    total = counts.pop("all")
    assert counts == {name: 2 * len(known_wrong(name)) for name in PACKAGED}
    assert total == sum(counts.values())
