"""Checker of sampled tokens: allowed by the settings, the same for a seed, rightly distributed.

A token that the settings forbid is wrong with certainty. The rest is statistics, with the tests and
the budget of `distribution`.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import numpy as np

from autograder.checking import chart, distribution
from autograder.checking.calls import ENDED_EARLY, Call, continuation, eos_missing, token_ids
from autograder.checking.compare import Mismatch
from autograder.checking.registry import Fits, checker_of_all_calls
from autograder.checking.steps import Passage, passages_of, sampled_passages, settings_of
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.generate import seeded
from autograder.exercises.laws import next_laws
from autograder.exercises.oracle import Floats
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.trainable import build_all

MIN_P_VALUE = 1e-4  # of tokens that a misconception explains
MIN_DIFFERENCE = 0.02  # of a token's probability, for a case to tell two laws apart


def _fit(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Fits:
    passages = sampled_passages(exercise, calls)

    def fits(name: str) -> float | None:
        rule = getattr(misconceptions, name)
        return likelihood(passages, lambda passage: passage.laws(rule))

    return fits


def likelihood(passages: Sequence[Passage], laws_of: Callable[[Passage], Floats]) -> float | None:
    """The log-likelihood of the sampled tokens; None where the laws do not explain them."""
    laws, total = list[Floats](), 0.0
    for passage in passages:
        laws.append(laws_of(passage))
        own = passage.chances(laws[-1])
        if not (own > 0).all():
            return None
        total += float(np.log(own).sum())
    return total if distribution.p_value(transformed(passages, laws)) > MIN_P_VALUE else None


def _differs(exercise: Exercise, case: Case, name: str) -> bool:
    return _comparison(json.dumps(calls_of(case.arguments)[0]), exercise.keywords)(name)


@lru_cache(maxsize=64)  # for the other students who fail the same case
def _comparison(key: str, keywords: tuple[str, ...]) -> Callable[[str], bool]:
    """Compare the laws after the prompt, and after a text in which each token has come."""
    arguments = build_all(json.loads(key))
    model, prompt = arguments["model"], arguments["input_ids"][0].tolist()
    settings = settings_of(keywords, arguments)
    texts = [prompt, [*prompt, *range(model.config.vocab_size)]]
    places = [(oracle.logits_of(model, ids)[-1:], ids, len(prompt), settings) for ids in texts]
    right = [next_laws(*place) for place in places]

    @cache
    def differs(name: str) -> bool:
        rule = getattr(misconceptions, name)
        wrong = (rule(*place) for place in places)
        return any(np.abs(a - b).max() > MIN_DIFFERENCE for a, b in zip(right, wrong, strict=True))

    return differs


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
    passages = list(passages_of(exercise, calls, texts))
    laws = [passage.laws(next_laws) for passage in passages]
    for passage, law in zip(passages, laws, strict=True):
        for t in np.flatnonzero(~(passage.chances(law) > 0))[:1]:
            allowed = ", ".join(map(str, np.flatnonzero(law[t])[:8].tolist()))
            allowed += ", ..." if (law[t] > 0).sum() > 8 else ""
            place = f"[0, {passage.prompt_length + t}]"
            return Mismatch("support", allowed, str(passage.tokens[t]), place, call=passage.call)
    seeds = [call.arguments.get("seed") for call in calls]
    for i, seed in enumerate(seeds):
        if texts[i] != texts[seeds.index(seed)]:
            return Mismatch("seed_ignored", actual=seed, call=i)
    values = transformed(passages, laws)
    first_look = len(calls) < len(calls_of(case.arguments))
    if distribution.p_value(values) < (distribution.DOUBT if first_look else distribution.ALPHA):
        _, x = distribution.distance(values)
        share = float(np.mean(np.array(values) <= x))
        return Mismatch("distribution", f"{100 * x:.0f}", f"{100 * share:.0f}")  # per cent
    return _same_for_all(seeds, texts, passages, laws)


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
    settings = settings_of(exercise.keywords, arguments)
    logits = oracle.logits_of(arguments["model"], ids)[-1]
    possible = oracle.next_distribution(logits, ids, settings)[settings["eos"]] > 0
    varies = any(isinstance(other, list) and len(other) != len(ids) for other in others)
    return eos_missing(ids) if possible and varies else mismatch


def _same_for_all(
    seeds: Sequence[Any],
    texts: Sequence[list[int]],
    passages: Sequence[Passage],
    laws: Sequence[Floats],
) -> Mismatch | None:
    """Another seed gives the same text, and chance does not explain it."""
    others = [i for i, seed in enumerate(seeds) if seed != seeds[0]]
    if not others or any(texts[i] != texts[0] for i in others):
        return None
    first_text = [p.chances(law) for p, law in zip(passages, laws, strict=True) if p.call == 0]
    chance = math.prod(float(p) for chances in first_text for p in chances)
    if chance > distribution.ALPHA:
        return None
    return Mismatch("seed_fixed", seeds[0], seeds[others[0]], call=others[0])


def transformed(passages: Sequence[Passage], laws: Sequence[Floats]) -> list[float]:
    """The place of each token in its law, uniform if it was sampled from that."""
    tokens = [passage.tokens for passage in passages]
    spread, values = seeded("transform", *chain(*tokens)), list[float]()
    for own, law in zip(tokens, laws, strict=True):
        values += distribution.transform(law, own, spread.random(len(own))).tolist()
    return values
