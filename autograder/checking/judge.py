"""Judging a case: the replies to its calls, by its checker."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.checking import general, sampling, speculative, texts, values
from autograder.checking.calls import Call, built_arguments
from autograder.checking.compare import Mismatch
from autograder.checking.registry import Checker, checker_named
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.student import Reply

# importing them has registered their checkers
REGISTERED = (general, sampling, speculative, texts, values)


@dataclass(frozen=True)
class Trial:
    """One case as it was tried. calls: none where one of them gave no reply."""

    case: Case
    mismatch: Mismatch | None
    calls: Sequence[Call] = ()


def checker_of(exercise: Exercise, case: Case) -> Checker:
    """The checker of a case."""
    return checker_named(exercise, exercise.checker_of(case))


def judge(exercise: Exercise, case: Case, replies: Sequence[Reply]) -> Trial:
    """Judge the replies to a case's calls, or to the first of them: a mismatch, or None."""
    built = built_arguments(exercise, case, len(replies))
    calls = [
        Call(arguments, reply, number)
        for number, (arguments, reply) in enumerate(zip(built, replies, strict=True))
    ]
    for i, call in enumerate(calls):
        if call.reply.changed:
            return Trial(case, Mismatch("changed", actual=call.reply.changed[0], call=i), calls)
        if call.reply.value is None:  # which no exercise asks for
            return Trial(case, Mismatch("no_return", call=i), calls)
    return Trial(case, checker_of(exercise, case).judge(exercise, case, calls), calls)


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
