"""The chance that one case of sampling accepts a mistake: computed, not simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import torch

from autograder.checking import distribution
from autograder.exercises import oracle
from autograder.exercises.exercise import Case
from autograder.exercises.oracle import Floats
from autograder.sandbox.arguments import build, calls_of


@dataclass(frozen=True)
class Trial:
    """A case whose tokens are independent of each other, each drawn from the same law."""

    arguments: dict[str, Any]
    right: Floats  # (V,)
    tokens: int
    first_tokens: int  # at the first look; 0: there is only one

    @classmethod
    def of(cls, case: Case) -> Trial:
        calls = calls_of(case.arguments)
        arguments = {name: build(spec) for name, spec in calls[0].items()}
        prompt = arguments["input_ids"][0].tolist()
        new = arguments["max_length"] - len(prompt)
        tokens, first = new * len({c["seed"] for c in calls}), new * case.first_calls
        logits = oracle.logits_of(arguments["model"], prompt)[-1]
        return cls(arguments, oracle.next_distribution(logits, prompt, arguments), tokens, first)

    def missed(self, function: Callable[..., Any]) -> float:
        """A bound on the chance that the case accepts this solution."""
        wrong = law(function, self.arguments)
        at_last = chance(self.right, wrong, self.tokens, distribution.ALPHA)
        if not self.first_tokens:
            return at_last
        return at_last + chance(self.right, wrong, self.first_tokens, distribution.DOUBT)


def law(function: Callable[..., Any], arguments: dict[str, Any]) -> Floats:
    """The probabilities from which a solution draws its first token by `torch.multinomial`."""
    drawn: list[Floats] = []

    def record(weights: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        drawn.append(oracle.floats(weights / weights.sum()))
        return weights.argmax().view(1)

    one = arguments["input_ids"].shape[1] + 1
    with mock.patch("torch.multinomial", record):
        function(**{**arguments, "max_length": one})
    return drawn[0]


def chance(right: Floats, wrong: Floats, tokens: int, rate: float) -> float:
    """A bound on the chance that tokens drawn from a wrong law pass for those of the right one.

    rate: of the test's false alarms.
    """
    allowed = float(wrong[right > 0].sum())
    order = np.argsort(-right, kind="stable")
    expected, actual = np.cumsum(right[order]), np.cumsum(wrong[order])
    place = int(np.abs(actual - expected).argmax())
    # passes only where the share of tokens up to this place is near enough to the right one
    x, q, near = float(expected[place]), min(float(actual[place]), 1.0), critical(tokens, rate)
    return min(allowed**tokens, between(tokens, q, tokens * (x - near), tokens * (x + near)))


@cache
def critical(tokens: int, rate: float) -> float:
    """The distance from which the two-sided test refuses."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        accepted = 2 * distribution.one_sided_tail(tokens, middle) >= rate
        low, high = (middle, high) if accepted else (low, middle)
    return high


def between(n: int, q: float, low: float, high: float) -> float:
    """P(low <= X <= high) for X binomial(n, q)."""
    if q in (0.0, 1.0):
        return float(low <= n * q <= high)
    ks = range(max(math.ceil(low), 0), min(math.floor(high), n) + 1)
    yes, no, ways = math.log(q), math.log1p(-q), math.lgamma(n + 1)  # comb(n, k) has no float
    return math.fsum(
        math.exp(ways - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * yes + (n - k) * no)
        for k in ks
    )
