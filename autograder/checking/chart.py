"""Pictures and tables of a mistake as data: tokens as they should be and as they are.

They are kept with the result of public cases; `feedback/svg.py` draws the pictures, the box in a
notebook shows the tables.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.result import Chart, TokenTable
from autograder.checking.steps import sampled_passages
from autograder.exercises import oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.laws import next_laws
from autograder.exercises.oracle import Floats, Kept
from autograder.exercises.references import own_reference
from autograder.sandbox.data import Array
from autograder.sandbox.models import tokenizer_with

MAX_BARS = MAX_ROWS = 10


def sampled(
    exercise: Exercise, case: Case, calls: Sequence[Call], mismatch: Mismatch
) -> Chart | None:
    """The mean of the probabilities at each step, and how often each token was sampled."""
    if mismatch.kind not in ("support", "distribution"):
        return None
    passages = sampled_passages(exercise, calls)
    if not passages:
        return None
    probs = np.concatenate([passage.laws(next_laws) for passage in passages])
    counts = Counter(token for passage in passages for token in passage.tokens)
    actual = np.array([counts[token] / len(probs) for token in range(probs.shape[1])])
    return _chart(calls[0].arguments["model"], np.mean(probs, axis=0), actual, sampled=True)


def cut(exercise: Exercise, case: Case, calls: Sequence[Call], mismatch: Mismatch) -> Chart | None:
    """The distribution after the cut: the reference's and the student's."""
    if mismatch.kind not in ("kept", "dropped", "value"):
        return None
    call = calls[mismatch.call]
    value = call.reply.value
    logits = oracle.floats(call.arguments["logits"])
    if not isinstance(value, Array) or value.data.shape != logits.shape:
        return None
    found = own_reference(case.function)(**call.arguments)
    own = np.asarray(value.data, dtype=float)
    if np.isnan(own).any() or np.isposinf(own).any() or not np.isfinite(own).any():
        return None
    return _chart(
        None,
        oracle.softmax(np.where(found.may, logits, -np.inf)),
        oracle.softmax(own),
        sampled=False,
    )


def token_table(case: Case, call: Call, mismatch: Mismatch) -> TokenTable | None:
    """The tokens of a vector, the most likely first: what was given, expected and returned.

    Of a long vector the wrong ones come before others.
    """
    value, logits = call.reply.value, oracle.floats(call.arguments["logits"])
    if mismatch.kind not in ("finite", "value", "kept", "dropped") or not isinstance(value, Array):
        return None
    expected = _expected_numbers(own_reference(case.function)(**call.arguments), logits)
    actual = [f"{number:.6g}" for number in value.data.tolist()]
    probs = oracle.softmax(logits)
    order = np.argsort(-probs, kind="stable").tolist()
    sums = dict(zip(order, np.cumsum(probs[order]), strict=True))
    wrong = [
        own not in wanted or mismatch.place == f"[{token}]"
        for token, (own, wanted) in enumerate(zip(actual, expected, strict=True))
    ]
    shown = set(sorted(order, key=lambda token: not wrong[token])[:MAX_ROWS])
    order = [token for token in order if token in shown]
    return TokenTable(
        rows=tuple(
            (
                str(token),
                f"{logits[token]:.6g}",
                f"{probs[token]:.3f}",
                f"{sums[token]:.3f}",
                " / ".join(expected[token]),
                actual[token],
            )
            for token in order
        ),
        wrong=tuple(wrong[token] for token in order),
    )


def _expected_numbers(found: Any, logits: Floats) -> list[list[str]]:
    """The logit that each token should have; two where a tie leaves the choice."""
    if not isinstance(found, Kept):
        return [[f"{number:.6g}"] for number in found]
    must = found.may if found.may.sum() == found.at_least else found.must
    return [
        ([f"{logit:.6g}"] if may else []) + ([] if stays else ["-inf"])
        for logit, may, stays in zip(logits, found.may, must, strict=True)
    ]


def _chart(model: Any, expected: Floats, actual: Floats, sampled: bool) -> Chart:
    """The likeliest tokens under either; those that differ most are always among them."""
    order = np.argsort(-np.maximum(expected, actual), kind="stable")[:MAX_BARS]
    return Chart(
        tuple(_label(model, int(token)) for token in order),
        tuple(round(float(expected[token]), 4) for token in order),
        tuple(round(float(actual[token]), 4) for token in order),
        sampled,
    )


def _label(model: Any, token: int) -> str:
    tokenizer = tokenizer_with(model)
    return repr(tokenizer.decode([token])) if tokenizer else str(token)
