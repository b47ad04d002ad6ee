"""Judging a case: the replies to its calls, by its checker, and why a wrong one is wrong."""

import logging
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checking import compare, general, sampling, texts, values
from autograder.checking.calls import Call, built_arguments
from autograder.checking.compare import Mismatch
from autograder.checking.registry import Checker, checker_named
from autograder.exercises import misconceptions
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.data import Array
from autograder.sandbox.student import Reply

REGISTERED = (general, sampling, texts, values)  # importing them has registered their checkers
# kinds of a mismatch that a wrong rule may explain
EXPLAINABLE = ("value", "text", "token", "kept", "dropped", "support", "distribution", "beam")
_log = logging.getLogger(__name__)


def checker_of(exercise: Exercise, case: Case) -> Checker:
    """The checker of a case."""
    return checker_named(exercise, exercise.checker_of(case))


def judge(
    exercise: Exercise, case: Case, replies: Sequence[Reply], passed: Sequence[Case] = ()
) -> Mismatch | None:
    """Judge the replies to a case's calls: None, or the first mismatch, explained if possible.

    passed: cases that the same function has passed; a wrong rule that fails one explains nothing.
    """
    calls = [
        Call(arguments, reply, number)
        for number, (arguments, reply) in enumerate(
            zip(built_arguments(exercise, case), replies, strict=True)
        )
    ]
    for i, call in enumerate(calls):
        if call.reply.changed:
            return Mismatch("changed", actual=call.reply.changed[0], call=i)
        if call.reply.value is None:  # which no exercise asks for
            return Mismatch("no_return", call=i)
    mismatch = checker_of(exercise, case).judge(exercise, case, calls)
    return mismatch and _explained(exercise, case, calls, mismatch, passed)


def expected_of(exercise: Exercise, case: Case) -> tuple[Any, float]:
    """The reference's reply to a case, where one is stored, and the smallest gap along it.

    (None, inf) where replies are judged in another way, or cost nothing to make.
    """
    expect = checker_of(exercise, case).expect
    if expect is None:
        return None, math.inf
    return expect(exercise, case, built_arguments(exercise, case)[0])


def margin(exercise: Exercise, case: Case) -> float:
    """The smallest gap that a case's expected reply may have along it; 0 where it has none.

    Twice as much for another model than `mini`: rounding grows with logits, and theirs are larger.
    """
    own = checker_of(exercise, case).margin
    return own if exercise.model == "mini" else 2 * own


# --- explanations -------------------------------------------------------------------------------


def _explained(
    exercise: Exercise,
    case: Case,
    calls: Sequence[Call],
    mismatch: Mismatch,
    passed: Sequence[Case],
) -> Mismatch:
    """The mismatch with a picture, a table and the misconception that the replies follow, if any.

    A wrong rule may fail on odd arguments, and a verdict does not depend on a hint: such an error
    is logged. Under pytest it is raised, since it is ours.
    """
    if case.function != exercise.id:
        return mismatch
    checker = checker_of(exercise, case)
    try:
        if checker.picture is not None:
            found = checker.picture(exercise, case, calls, mismatch)
            mismatch = replace(mismatch, chart=found)
        if checker.table is not None:
            table = checker.table(case, calls[mismatch.call], mismatch)
            mismatch = replace(mismatch, table=table)
        if mismatch.kind in EXPLAINABLE:
            rules = (checker.explain or _fitting)(exercise, calls, mismatch)
            passes = checker.passes or _passes
            earlier = [c for c in passed if c.function == case.function]
            fitting = (r for r in rules if all(passes(exercise, c, r) for c in earlier))
            mismatch = replace(mismatch, rule=next(fitting, ""))
    except Exception:
        if "PYTEST_CURRENT_TEST" in os.environ:
            raise
        _log.exception("%s: the explanation of a mismatch failed", exercise.id)
    return mismatch


def _fitting(exercise: Exercise, calls: Sequence[Call], mismatch: Mismatch) -> Iterator[str]:
    """Yield the misconceptions that give the same reply, in their order."""
    call = calls[mismatch.call]
    for name in (m.rule for m in exercise.misconceptions):
        wrong = getattr(misconceptions, name)(**call.arguments)
        if _agrees(wrong, call, exercise.tolerance):
            yield name


def _agrees(wrong: Any, call: Call, tolerance: float) -> bool:
    """Return True if the reply is the wrong rule's."""
    value, tolerance = call.reply.value, max(tolerance, 1e-6)
    if isinstance(wrong, np.ndarray):
        dtype = values.dtype_of(call) if "logits" in call.arguments else "float32"
        return compare.close(wrong, value, tolerance, dtype) is None
    if isinstance(wrong, float):
        return compare.number(wrong, value, tolerance) is None
    if isinstance(wrong, tuple):
        return compare.equal_ids(wrong, value) is None
    if isinstance(wrong, list):
        return compare.ranking(wrong, len(wrong), value, tolerance) is None
    return compare.same_text(wrong, value) is None


def catches_all(exercise: Exercise, case: Case) -> bool:
    """Return True if a hidden case catches every wrong rule that it names."""
    return not any(_passes(exercise, case, name) for name in case.catches)


def _passes(exercise: Exercise, case: Case, name: str) -> bool:
    """Return True if this wrong rule passes a case."""
    arguments = built_arguments(exercise, case)[0]
    wrong = getattr(misconceptions, name)(**arguments)
    call = Call(arguments, Reply(_as_reply(wrong)))
    return checker_of(exercise, case).judge(exercise, case, [call]) is None


def _as_reply(value: Any) -> Any:
    """The value of a wrong rule as a student's function would return it."""
    if isinstance(value, tuple):
        return Array(np.array([value]), "int64")
    return Array(value, "float64") if isinstance(value, np.ndarray) else value
