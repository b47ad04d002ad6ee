"""Checkers: each says all about itself where it is defined.

    @checker("greedy", expect=greedy_expected, stored=True, margin=1e-3)
    def greedy(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
        \"\"\"Every new token must be an argmax, given the tokens before it.\"\"\"

An exercise file names its checker; a new one is one function.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.result import Chart, TokenTable
from autograder.exercises import oracle
from autograder.exercises.exercise import Case, Exercise

Judge = Callable[[Exercise, Case, Sequence[Call]], Mismatch | None]
JudgeOne = Callable[[Exercise, Case, Call], Mismatch | None]
# the reference's reply to a case with these arguments, and the smallest gap along it
Expect = Callable[[Case, Mapping[str, Any]], tuple[Any, float]]
Picture = Callable[[Exercise, Case, Sequence[Call], Mismatch], Chart | None]
Tabulate = Callable[[Case, Call, Mismatch], TokenTable | None]
# the misconceptions that explain the replies, the best one first
Explain = Callable[[Exercise, Sequence[Call], Mismatch], Iterable[str]]
# whether a function that follows this misconception passes a case
Passes = Callable[[Exercise, Case, str], bool]


@dataclass(frozen=True)
class Checker:
    """One way to judge the replies to a case."""

    name: str
    judge: Judge  # None, or the first mismatch
    expect: Expect | None = None  # None: nothing to store, and no tie to keep away from
    stored: bool = False  # the reference's replies to public cases are kept in the exercise file
    margin: float = 0.0  # smallest gap along an expected reply that rounding cannot close
    picture: Picture | None = None
    table: Tabulate | None = None
    explain: Explain | None = None
    passes: Passes | None = None


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


def reference(case: Case, call: Call) -> Any:
    """The reference's reply to a call: the function of the oracle that has the same name."""
    return getattr(oracle, case.function)(**call.arguments)
