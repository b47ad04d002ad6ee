"""Judging one answer to one case: a function for each value of `judge` in an exercise's YAML.

Each takes the built arguments, the stored expectation (or None) and the answer, and returns None
or the first Mismatch. A judge of its own is needed only where "compute and compare" is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograder import misconceptions, oracle
from autograder.arguments import build, model_of, tokenizer_of
from autograder.compare import (
    Array,
    Mismatch,
    array,
    close,
    equal_ids,
    ranking,
    same_text,
    settings,
)
from autograder.exercise import Case, Exercise
from autograder.models import SpyModel, TableModel
from autograder.student import Answer

TIE = 1e-4  # logits nearer than this are a tie in floating point
MARGIN = 1e-3  # a text is compared as a whole only where no gap along it is smaller than this


def judge(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    """None, or why the answer is not right; arguments are built, by name."""
    if answer.changed:
        return Mismatch("changed", actual=answer.changed[0])
    mismatch = JUDGES[exercise.judge](exercise, arguments, expected, answer)
    if mismatch is None:
        return None
    return _explained(exercise, arguments, answer, mismatch)


def answer_of(exercise: Exercise, case: Case) -> tuple[Any, float]:
    """The oracle's answer to a case, where it is known beforehand, and the smallest gap along it.

    None, where the answer is judged in another way (a spy's settings) or costs nothing to make.
    """
    arguments = {name: build(spec) for name, spec in case.arguments.items()}
    if exercise.judge == "ids":
        return oracle.encode_prompt(**arguments), float("inf")
    if isinstance(arguments.get("model"), (SpyModel, TableModel)):
        return None, float("inf")
    if exercise.judge == "text":
        return oracle.generate_text(**arguments)
    if exercise.judge != "greedy":
        return None, float("inf")
    prompt = arguments["input_ids"][0].tolist()
    return oracle.greedy_path(arguments["model"], prompt, arguments["max_length"])


def _encode_prompt(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    return equal_ids(expected or oracle.encode_prompt(**arguments), answer.value)


def _distribution(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    return close(oracle.next_token_probs(**arguments), answer.value, exercise.tolerance)


def _ranking(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    candidates = oracle.top_tokens(**arguments)
    return ranking(candidates, arguments["k"], answer.value, exercise.tolerance)


def _greedy(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    """Every new token an argmax, given the tokens before it; the right end."""
    model, limit = arguments["model"], arguments["max_length"]
    prompt = arguments["input_ids"][0].tolist()
    ids = _token_ids(answer.value)
    if isinstance(ids, Mismatch):
        return ids
    if ids == expected:
        return None
    if ids[: len(prompt)] != prompt:
        return Mismatch("prompt", prompt, ids[: len(prompt)])
    if len(ids) > limit:
        return Mismatch("too_long", limit, len(ids))
    size, eos = model.config.vocab_size, model.config.eos_token_id
    for i, token in enumerate(ids):
        if not 0 <= token < size:
            return Mismatch("value", f"0 ... {size - 1}", token, f"[0, {i}]")
    regret, best = oracle.greedy_regret(model, ids, len(prompt))
    new = ids[len(prompt) :]
    for i, (token, loss) in enumerate(zip(new, regret, strict=True)):
        place = f"[0, {len(prompt) + i}]"
        if loss > TIE:
            return Mismatch("token", _token(model, best[i]), _token(model, token), place)
        if token == eos and i + 1 < len(new):
            return Mismatch("after_eos", len(prompt) + i + 1, len(ids))
    if len(ids) < limit and (not new or new[-1] != eos):
        return Mismatch("too_short", limit, len(ids))
    return None


def _text(
    exercise: Exercise, arguments: Mapping[str, Any], expected: Any, answer: Answer
) -> Mismatch | None:
    """The settings that `generate` resolved, or a text that leaves nothing to chance."""
    if isinstance(arguments["model"], SpyModel):
        wanted = {k: v for k, v in arguments.items() if k in exercise.keywords}
        for key, neutral in (("repetition_penalty", 1.0), ("temperature", 1.0), ("top_p", 1.0)):
            wanted[key] = None if wanted.get(key) == neutral else wanted.get(key)
        if not wanted["do_sample"]:
            wanted = {k: wanted[k] for k in ("max_length", "do_sample", "repetition_penalty")}
        return settings(wanted, answer.reports)
    actual = answer.value
    if isinstance(actual, str):
        actual = actual.replace(arguments["tokenizer"].eos_token, "")
    if expected is None:
        expected = oracle.generate_text(**arguments)[0]
    return same_text(expected, actual)


JUDGES: dict[str, Callable[[Exercise, Mapping[str, Any], Any, Answer], Mismatch | None]] = {
    "distribution": _distribution,
    "greedy": _greedy,
    "ids": _encode_prompt,
    "ranking": _ranking,
    "text": _text,
}


def _token_ids(value: object) -> list[int] | Mismatch:
    """The ids of a (1, T) long tensor, whatever its T."""
    if isinstance(value, Array) and value.data.ndim == 2 and value.data.shape[0] == 1:
        wrong = array(value, value.data.shape, ["int64"])
        return wrong or [int(i) for i in value.data[0]]
    shape = value.data.shape if isinstance(value, Array) else None
    return Mismatch("shape", "(1, T)", shape) if shape is not None else _no_tensor(value)


def _no_tensor(value: object) -> Mismatch:
    wrong = array(value, (), [])
    assert wrong is not None
    return wrong


def _token(model: Any, token: int) -> str:
    """An id, with its text where the model has a tokenizer."""
    if model is model_of():
        return f"{token} ({tokenizer_of().decode([token])!r})"
    return str(token)


def _explained(
    exercise: Exercise, arguments: Mapping[str, Any], answer: Answer, mismatch: Mismatch
) -> Mismatch:
    """The mismatch with the misconception that the answer follows, if it follows one."""
    if mismatch.kind not in ("value", "text", "token"):
        return mismatch
    for misconception in exercise.misconceptions:
        wrong = getattr(misconceptions, misconception.rule)(**arguments)
        if _agrees(wrong, answer.value, exercise.tolerance):
            return Mismatch(
                mismatch.kind,
                mismatch.expected,
                mismatch.actual,
                mismatch.place,
                misconception.rule,
            )
    return mismatch


def _agrees(wrong: Any, value: Any, tolerance: float) -> bool:
    if isinstance(wrong, np.ndarray):
        return close(wrong, value, max(tolerance, 1e-6)) is None
    if isinstance(wrong, list):
        return ranking(wrong, len(wrong), value, max(tolerance, 1e-6)) is None
    return same_text(wrong, value) is None
