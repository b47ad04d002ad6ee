"""What a picture of a mistake shows: shares of tokens, as they should be and as they are.

Plain data, kept with the outcome of public cases; `reports/svg.py` draws it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking.calls import Call, token_ids
from autograder.checking.compare import Array, Mismatch
from autograder.checking.sampling import steps_of
from autograder.exercises import oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.oracle import Floats
from autograder.sandbox.arguments import tokenizer_with

MOST = 10  # bars


@dataclass(frozen=True)
class Chart:
    """One bar a token."""

    labels: tuple[str, ...]
    expected: tuple[float, ...]  # 0 is forbidden
    actual: tuple[float, ...]
    sampled: bool  # actual: how often it was drawn; else: the probability that it was given


def chart_of(
    exercise: Exercise, case: Case, calls: Sequence[Call], mismatch: Mismatch
) -> Chart | None:
    """The picture of a mismatch; None where the sentence says it all."""
    if case.function != exercise.id:
        return None
    if exercise.judge == "sample" and mismatch.kind in ("support", "distribution"):
        return _sampled(exercise, calls)
    if exercise.judge == "kept" and mismatch.kind in ("kept", "dropped", "value"):
        return _cut(case, calls[mismatch.call])
    return None


def _sampled(exercise: Exercise, calls: Sequence[Call]) -> Chart | None:
    """The mean of the probabilities at each step, and how often each token came."""
    texts = [ids for c in calls if isinstance(ids := token_ids(c.answer.value), list)]
    steps = list(steps_of(exercise, calls, texts))
    if not steps:
        return None
    probs = [oracle.next_distribution(s.logits, s.before, s.settings) for s in steps]
    drawn = Counter(step.token for step in steps)
    actual = np.array([drawn[token] / len(steps) for token in range(len(probs[0]))])
    return _chart(calls[0].arguments["model"], np.mean(probs, axis=0), actual, sampled=True)


def _cut(case: Case, call: Call) -> Chart | None:
    """The distribution after the cut: the oracle's and the student's."""
    value = call.answer.value
    logits = oracle.floats(call.arguments["logits"])
    if not isinstance(value, Array) or value.data.shape != logits.shape:
        return None
    found = getattr(oracle, case.function)(**call.arguments)
    own = np.asarray(value.data, dtype=float)
    if np.isnan(own).any() or np.isposinf(own).any() or not np.isfinite(own).any():
        return None
    return _chart(
        None, _softmax(np.where(found.may, logits, -np.inf)), _softmax(own), sampled=False
    )


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def _chart(model: Any, expected: Floats, actual: Floats, sampled: bool) -> Chart:
    """The likeliest tokens under either; those that differ most are always among them."""
    order = np.argsort(-np.maximum(expected, actual), kind="stable")[:MOST]
    return Chart(
        tuple(_label(model, int(token)) for token in order),
        tuple(round(float(expected[token]), 4) for token in order),
        tuple(round(float(actual[token]), 4) for token in order),
        sampled,
    )


def _label(model: Any, token: int) -> str:
    tokenizer = tokenizer_with(model)
    return repr(tokenizer.decode([token])) if tokenizer else str(token)
