"""Checker of sampled tokens: allowed by the settings, the same for a seed, rightly distributed.

A token that the settings forbid is wrong with certainty. The rest is statistics, with the tests and
the budget of `distribution`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
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
from autograder.sandbox.data import Array
from autograder.sandbox.models import TableModel
from autograder.sandbox.student import Reply


def _explain_sampled(exercise: Exercise, calls: Sequence[Call], mismatch: Mismatch) -> list[str]:
    """The misconceptions that explain the sampled tokens, the best one first."""
    rules = [(m.rule, getattr(misconceptions, m.rule)) for m in exercise.misconceptions]
    return fitting_rules(rules, sampled_steps(exercise, calls))


def _passes_sampled(exercise: Exercise, case: Case, name: str) -> bool:
    """Sample by a misconception, and judge the texts. True for a model that takes long."""
    rule, calls = getattr(misconceptions, name), []
    for specs in calls_of(case.arguments):
        arguments = {parameter: build(spec) for parameter, spec in specs.items()}
        if not isinstance(arguments["model"], TableModel):
            return True
        ids = _sampled_by(rule, exercise, arguments, seeded(name, arguments.get("seed")))
        calls.append(Call(arguments, Reply(Array(np.array([ids]), "int64"))))
    return sample(exercise, case, calls) is None


def _sampled_by(
    rule: misconceptions.Sampling,
    exercise: Exercise,
    arguments: Mapping[str, Any],
    rng: np.random.Generator,
) -> list[int]:
    model, ids = arguments["model"], arguments["input_ids"][0].tolist()
    start, settings = len(ids), settings_of(exercise, arguments)
    while len(ids) < arguments["max_length"]:
        probs = rule(oracle.logits_of(model, ids)[-1], ids, start, settings)
        ids.append(int(rng.choice(len(probs), p=probs)))
        if ids[-1] == settings["eos"]:
            break
    return ids


@checker_of_all_calls(
    "sample", picture=chart.sampled, explain=_explain_sampled, passes=_passes_sampled
)
def sample(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
    """Only allowed tokens, the same for the same seed, sampled with the right probabilities."""
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
    values = _transformed(steps, probs)
    if distribution.p_value(values) < distribution.ALPHA:
        _, x = distribution.distance(values)
        share = float(np.mean(np.array(values) <= x))
        return Mismatch("distribution", f"{x:.0%}", f"{share:.0%}")
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


def _transformed(steps: Sequence[Step], probs: Sequence[Floats]) -> list[float]:
    spread = seeded("transform", *(s.token for s in steps)).random(len(steps))
    return [
        distribution.transform(p, s.token, float(u))
        for s, p, u in zip(steps, probs, spread, strict=True)
    ]


def fitting_rules(
    rules: Sequence[tuple[str, Callable[..., Floats]]], steps: Sequence[Step]
) -> list[str]:
    """The wrong rules that explain sampled tokens, best first; of equals in their own order."""
    likelihoods = {}
    for name, rule in rules:
        probs = [rule(s.logits, s.before, s.prompt_length, s.settings) for s in steps]
        chosen = [float(p[s.token]) for s, p in zip(steps, probs, strict=True)]
        if all(c > 0 for c in chosen) and distribution.p_value(_transformed(steps, probs)) > 1e-3:
            likelihoods[name] = math.fsum(map(math.log, chosen))
    best = max(likelihoods.values(), default=0.0)
    return sorted(likelihoods, key=lambda name: likelihoods[name] <= best - 1)
