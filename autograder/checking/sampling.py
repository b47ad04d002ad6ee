"""Checker of sampled tokens: allowed by the settings, the same for a seed, rightly distributed.

A token that the settings forbid is wrong with certainty. The rest is statistics, with the tests and
the budget of `distribution`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checking import chart, distribution
from autograder.checking.calls import Call, continuation
from autograder.checking.compare import Mismatch
from autograder.checking.registry import checker_of_all_calls
from autograder.checking.steps import Step, sampled_steps, steps_of
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.generate import seeded
from autograder.exercises.oracle import Floats


def _explain_sampled(exercise: Exercise, calls: Sequence[Call], mismatch: Mismatch) -> str:
    """The misconception that explains the sampled tokens best; "" if none does."""
    rules = [(m.rule, getattr(misconceptions, m.rule)) for m in exercise.misconceptions]
    return best_rule(rules, sampled_steps(exercise, calls))


@checker_of_all_calls("sample", picture=chart.sampled, explain=_explain_sampled)
def sample(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
    """Only allowed tokens, the same for the same seed, sampled with the right probabilities."""
    texts: list[list[int]] = []
    for i, call in enumerate(calls):
        ids = continuation(call)
        if isinstance(ids, Mismatch):
            return replace(ids, call=i)
        texts.append(ids)
    steps = list(steps_of(exercise, calls, texts))
    probs = [oracle.next_distribution(s.logits, s.before, s.settings) for s in steps]
    for step, p in zip(steps, probs, strict=True):
        if not p[step.token] > 0:
            allowed = ", ".join(map(str, np.flatnonzero(p)[:8].tolist()))
            allowed += ", ..." if (p > 0).sum() > 8 else ""
            place = f"[0, {len(step.before)}]"
            return Mismatch("support", allowed, str(step.token), place, call=step.call)
    seeds = [call.arguments.get("seed") for call in calls]
    for i, seed in enumerate(seeds):
        if texts[i] != texts[seeds.index(seed)]:
            return Mismatch("seed_ignored", actual=seed, call=i)
    values = _transformed(steps, probs)
    if distribution.p_value(values) < distribution.ALPHA:
        _, x = distribution.distance(values)
        share = float(np.mean(np.array(values) <= x))
        return Mismatch("distribution", f"{x:.0%}", f"{share:.0%}")
    return _same_for_all(seeds, texts, steps, probs)


def _same_for_all(
    seeds: Sequence[Any],
    texts: Sequence[list[int]],
    steps: Sequence[Step],
    probs: Sequence[Floats],
) -> Mismatch | None:
    """Another seed gives the same text, and chance does not explain it."""
    others = [i for i, seed in enumerate(seeds) if seed != seeds[0]]
    if not others or any(texts[i] != texts[0] for i in others):
        return None
    first_text = [(s, p) for s, p in zip(steps, probs, strict=True) if s.call == 0]
    chance = math.prod(float(p[s.token]) for s, p in first_text)
    if chance > distribution.ALPHA:
        return None
    return Mismatch("seed_fixed", seeds[0], seeds[others[0]], call=others[0])


def _transformed(steps: Sequence[Step], probs: Sequence[Floats]) -> list[float]:
    spread = seeded("transform", *(s.token for s in steps)).random(len(steps))
    return [
        distribution.transform(p, s.token, float(u))
        for s, p, u in zip(steps, probs, spread, strict=True)
    ]


def best_rule(rules: Sequence[tuple[str, Callable[..., Floats]]], steps: Sequence[Step]) -> str:
    """The wrong rule that explains sampled tokens best, the first of equals; "" if none does."""
    likelihoods = {}
    for name, rule in rules:
        probs = [rule(s.logits, s.before, s.prompt_length, s.settings) for s in steps]
        chosen = [float(p[s.token]) for s, p in zip(steps, probs, strict=True)]
        if all(c > 0 for c in chosen) and distribution.p_value(_transformed(steps, probs)) > 1e-3:
            likelihoods[name] = math.fsum(map(math.log, chosen))
    best = max(likelihoods.values(), default=0.0)
    return next((n for n, likelihood in likelihoods.items() if likelihood > best - 1), "")
