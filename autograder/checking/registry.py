"""Checkers: each says all about itself where it is defined.

    @checker("greedy", expect=greedy_expected, stored=True, margin=1e-3)
    def greedy(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
        \"\"\"Every new token must be an argmax, given the tokens before it.\"\"\"

An exercise file names its checker; a new one is one function.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from autograder.checking import solution
from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.result import Chart, TokenTable
from autograder.exercises.exercise import Case, Exercise, ExerciseError
from autograder.exercises.references import own_reference
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.data import plain
from autograder.sandbox.trainable import build_all
from autograder.sandbox.wire import MAX_DEPTH

Judge = Callable[[Exercise, Case, Sequence[Call]], Mismatch | None]
JudgeOne = Callable[[Exercise, Case, Call], Mismatch | None]
# the reference's reply to a case with these arguments, and the smallest gap along it
Expect = Callable[[Exercise, Case, Mapping[str, Any]], tuple[Any, float]]
Picture = Callable[[Exercise, Case, Sequence[Call], Mismatch], Chart | None]
Tabulate = Callable[[Case, Call, Mismatch], TokenTable | None]
# how well a misconception explains the replies to a case's calls: a log-likelihood; None: not
Fits = Callable[[str], float | None]
Fit = Callable[[Exercise, Case, Sequence[Call]], Fits]
# whether a misconception gives other replies to a case than the right rule
Differs = Callable[[Exercise, Case, str], bool]


@dataclass(frozen=True)
class Checker:
    """One way to judge the replies to a case."""

    name: str
    judge: Judge  # None, or the first mismatch
    expect: Expect | None = None  # None: nothing to store, and no tie to keep away from
    stored: bool = False  # the reference's replies to public cases are kept in the exercise file
    # compares with whatever a reference solution returns; the others know their reference
    general: bool = False
    margin: float = 0.0  # smallest gap along an expected reply that rounding cannot close
    picture: Picture | None = None
    fit: Fit | None = None  # with differs: of replies that are left to chance
    differs: Differs | None = None
    tables_only: bool = False  # on other models misconceptions take long to follow
    stops_early: bool = False  # the first of a case's calls may be enough to accept it
    table: Tabulate | None = None


CHECKERS: dict[str, Checker] = {}


def checker(name: str, **about: Any) -> Callable[[JudgeOne], JudgeOne]:
    """Register a function that judges one call; a case's calls are judged one after the other."""

    def register(judge_one: JudgeOne) -> JudgeOne:
        def judge(exercise: Exercise, case: Case, calls: Sequence[Call]) -> Mismatch | None:
            for i, call in enumerate(calls):
                if mismatch := judge_one(exercise, case, call):
                    return replace(mismatch, call=i)
            return None

        CHECKERS[name] = Checker(name, judge, **about)
        return judge_one

    return register


def checker_of_all_calls(name: str, **about: Any) -> Callable[[Judge], Judge]:
    """Register a function that judges all calls of a case together."""

    def register(judge: Judge) -> Judge:
        CHECKERS[name] = Checker(name, judge, **about)
        return judge

    return register


def checker_named(exercise: Exercise, name: str) -> Checker:
    """The checker of this name. ExerciseError if there is none that fits the exercise."""
    if name not in CHECKERS:
        raise ExerciseError(
            f"{exercise.id}: checker must be one of {', '.join(sorted(CHECKERS))}, was: {name!r}"
        )
    return CHECKERS[name]


def reference(exercise: Exercise, case: Case, call: Call) -> Any:
    """The reference's reply to a call: the oracle's, or as plain data the reference solution's.

    Raises ReferenceFailedError, ReferenceMissingError, or ExerciseError.
    """
    name = exercise.checker_of(case)
    general = checker_named(exercise, name).general
    if not exercise.by_solution(case.function):
        if general:
            return _plain_reply(case.function, json.dumps(calls_of(case.arguments)[call.number]))
        return own_reference(case.function)(**call.arguments)
    if not general:
        known = ", ".join(sorted(c.name for c in CHECKERS.values() if c.general))
        raise ExerciseError(
            f"{exercise.id}: checker must be one that compares with a reference solution "
            f"({known}), was: {name!r}"
        )
    return solution.reply_of(exercise, case, call.number)


@lru_cache(maxsize=512)  # for the other students, who get the same cases
def _plain_reply(function: str, call: str) -> Any:
    """The oracle's reply as plain data, to arguments of its own; call: their specs, as JSON."""
    return plain(own_reference(function)(**build_all(json.loads(call))), MAX_DEPTH)
