"""Checker of speculative decoding: the target's law, and the target's calls.

The law of each token, given those before it, must be the target's: the test of `sampling`. The
target must not be called more often than there are new tokens, and where the draft model is the
target itself, so that every guess is right, once for num_draft + 1 of them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from autograder.checking import chart, compare, sampling
from autograder.checking.calls import Call, token_ids
from autograder.checking.compare import Mismatch
from autograder.checking.registry import Fits, checker_of_all_calls
from autograder.checking.result import Chart
from autograder.checking.steps import Passage, sampled_passages
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.oracle import Floats
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.trainable import build_all
from kischule.training.tiny import RETURNED

NOTED = "['model']['calls']"  # where a reply has the number of the target's calls


def _drawn_texts(calls: Sequence[Call]) -> list[Call]:
    """The calls with the returned text alone as their reply."""
    return [replace(c, reply=replace(c.reply, value=_law_part(c, RETURNED))) for c in calls]


def _law_part(call: Call, name: str) -> Any:
    value = call.reply.value
    return value.get(name) if isinstance(value, dict) else None


def _law_differs(exercise: Exercise, case: Case, rule: str) -> bool:
    """Compare the laws after the prompt."""
    arguments = build_all(calls_of(case.arguments)[0])
    prompt = arguments["input_ids"][0].tolist()
    p, q = (
        oracle.softmax(oracle.logits_of(arguments[name], prompt)[-1]) for name in ("model", "draft")
    )
    wrong = getattr(misconceptions, rule)(p, q, arguments["num_draft"])
    return bool(np.abs(p - wrong).max() > sampling.MIN_DIFFERENCE)


def _law_fit(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Fits:
    passages = sampled_passages(exercise, _drawn_texts(calls))

    def fits(rule: str) -> float | None:
        law = getattr(misconceptions, rule)

        def laws_of(passage: Passage) -> Floats:
            arguments, start = calls[passage.call].arguments, passage.prompt_length
            drafts = oracle.logits_of(arguments["draft"], passage.ids[:-1])[start - 1 :]
            pairs = zip(passage.logits, drafts, strict=True)
            count = arguments["num_draft"]
            return np.array([law(oracle.softmax(p), oracle.softmax(q), count) for p, q in pairs])

        return sampling.likelihood(passages, laws_of)

    return fits


def _picture(
    exercise: Exercise, case: Case, calls: Sequence[Call], mismatch: Mismatch
) -> Chart | None:
    return chart.sampled(exercise, case, _drawn_texts(calls), mismatch)


@checker_of_all_calls(
    "speculative", picture=_picture, fit=_law_fit, differs=_law_differs, tables_only=True
)
def speculative(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
    """Sampled as by the target alone, which is called no more often than guesses make needed."""
    texts = _drawn_texts(calls)
    if wrong := sampling.sample(exercise, case, texts):
        return wrong
    for i, (call, text) in enumerate(zip(calls, texts, strict=True)):
        ids, noted = token_ids(text.reply.value), _law_part(call, "model")
        assert isinstance(ids, list)
        new = len(ids) - call.arguments["input_ids"].shape[1]
        same = torch.equal(call.arguments["draft"].table, call.arguments["model"].table)
        allowed = math.ceil(new / (call.arguments["num_draft"] + 1)) if same else new
        used = noted.get("calls") if isinstance(noted, dict) else None
        if type(used) is not int:
            return Mismatch("type", "int", compare.type_name(used), NOTED, call=i)
        if used > allowed:
            return Mismatch("value", f"<= {allowed}", used, NOTED, call=i)
    return None
