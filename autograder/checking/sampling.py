"""Checker of sampled tokens: allowed by the settings, the same for a seed, rightly distributed.

A token that the settings forbid is wrong with certainty. The rest is statistics, with the tests and
the budget of `distribution`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checking import chart, distribution
from autograder.checking.calls import ENDED_EARLY, Call, continuation, eos_missing, token_ids
from autograder.checking.compare import Mismatch
from autograder.checking.registry import checker_of_all_calls
from autograder.checking.steps import Step, sampled_steps, settings_of, steps_of
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.generate import seeded
from autograder.exercises.oracle import Floats
from autograder.sandbox.arguments import build, calls_of

MIN_P_VALUE = 1e-4  # of tokens that a misconception explains
MIN_DIFFERENCE = 0.02  # of a token's probability, for a case to tell two laws apart


def _fit(exercise: Exercise, case: Case, calls: Sequence[Call], name: str) -> float | None:
    """The log-likelihood of the sampled tokens; None where the rule does not explain them."""
    steps, rule = sampled_steps(exercise, calls), getattr(misconceptions, name)
    probs, likelihood = [], 0.0
    for step in steps:
        p = rule(step.logits, step.before, step.prompt_length, step.settings)
        if not p[step.token] > 0:
            return None
        probs.append(p)
        likelihood += math.log(p[step.token])
    return likelihood if distribution.p_value(transformed(steps, probs)) > MIN_P_VALUE else None


def _differs(exercise: Exercise, case: Case, name: str) -> bool:
    """Compare the laws after the prompt, and after a text in which each token has come."""
    rule = getattr(misconceptions, name)
    specs = calls_of(case.arguments)[0]
    arguments = {parameter: build(spec) for parameter, spec in specs.items()}
    model, prompt = arguments["model"], arguments["input_ids"][0].tolist()
    settings = settings_of(exercise, arguments)
    for ids in (prompt, [*prompt, *range(model.config.vocab_size)]):
        logits = oracle.logits_of(model, ids)[-1]
        right = oracle.next_distribution(logits, ids, settings)
        if np.abs(right - rule(logits, ids, len(prompt), settings)).max() > MIN_DIFFERENCE:
            return True
    return False


@checker_of_all_calls(
    "sample",
    picture=chart.sampled,
    fit=_fit,
    differs=_differs,
    tables_only=True,
    stops_early=True,
)
def sample(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
    """Only allowed tokens, the same for the same seed, sampled with the right probabilities.

    calls: all, or the first ones, which pass only if they leave no doubt (see `distribution`).
    """
    texts: list[list[int]] = []
    for i, call in enumerate(calls):
        ids = continuation(call)
        if isinstance(ids, Mismatch):
            return replace(_ended(exercise, calls, i, ids), call=i)
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
    values = transformed(steps, probs)
    first_look = len(calls) < len(calls_of(case.arguments))
    if distribution.p_value(values) < (distribution.DOUBT if first_look else distribution.ALPHA):
        _, x = distribution.distance(values)
        share = float(np.mean(np.array(values) <= x))
        return Mismatch("distribution", f"{100 * x:.0f}", f"{100 * share:.0f}")  # per cent
    return _same_for_all(seeds, texts, steps, probs)


def _ended(exercise: Exercise, calls: Sequence[Call], number: int, mismatch: Mismatch) -> Mismatch:
    """The mismatch of a call; `eos_missing` where an end token that was sampled was left out.

    It is known by its chance: it was possible, and other seeds give texts of other lengths. A loop
    that an end token of the prompt ends gives the same length each time.
    """
    if mismatch.kind not in ENDED_EARLY:
        return mismatch
    ids, others = token_ids(calls[number].reply.value), [token_ids(c.reply.value) for c in calls]
    assert isinstance(ids, list)
    arguments = calls[number].arguments
    settings = settings_of(exercise, arguments)
    logits = oracle.logits_of(arguments["model"], ids)[-1]
    possible = oracle.next_distribution(logits, ids, settings)[settings["eos"]] > 0
    varies = any(isinstance(other, list) and len(other) != len(ids) for other in others)
    return eos_missing(ids) if possible and varies else mismatch


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


def transformed(steps: Sequence[Step], probs: Sequence[Floats]) -> list[float]:
    """The place of each token in the law of its step, uniform if it was sampled from that."""
    spread = seeded("transform", *(s.token for s in steps)).random(len(steps))
    return [
        distribution.transform(p, s.token, float(u))
        for s, p, u in zip(steps, probs, spread, strict=True)
    ]
