"""Explaining a mismatch: the misconception that gives the same replies, if there is one.

A reply may agree with a wrong rule by chance. So the rule must also give what the function returns
in every other case in which the rule is wrong; the cases behind the one that failed are called for
this alone, and after a hidden one the public ones as well. Whatever is left is named; if nothing
is, the student reads the general hint.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import NoneType
from typing import Any

import numpy as np

from autograder.checking import compare
from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.judge import Trial, checker_of
from autograder.checking.registry import Fits, reference
from autograder.exercises import misconceptions, oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox import wire
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.data import EPS, Array, plain
from autograder.sandbox.models import SpyModel, TableModel
from autograder.sandbox.student import Reply
from autograder.sandbox.trainable import build_all

# kinds of a mismatch that show a symptom, and that a wrong rule may explain
EXPLAINABLE = (
    *("value", "text", "token", "kept", "dropped", "length"),
    *("support", "distribution", "beam", "early"),
)
REPEATABLE = ("raised", *EXPLAINABLE)  # after another one no further call is made
MAX_ROUNDING = 1e-4  # of a reply to what a rule gives, relative
AS_LIKELY = 1.0  # of log-likelihoods: of two rules that are as good the first is named
_logger = logging.getLogger(__name__)


def explained(
    exercise: Exercise,
    tried: Sequence[Trial],
    rest: Sequence[Case],
    attempt: Callable[[Case], Trial],
) -> Mismatch:
    """The mismatch of the last trial with picture and table, and the misconception behind it.

    rest: the cases that have not been tried yet; attempt: tries one. A wrong rule may fail on odd
    arguments, and a verdict does not depend on a hint: such an error is logged. Under pytest it is
    raised, since it is ours.
    """
    failed = tried[-1]
    mismatch = failed.mismatch
    assert mismatch is not None
    checker = checker_of(exercise, failed.case)
    try:
        if checker.picture is not None and failed.calls:
            found = checker.picture(exercise, failed.case, failed.calls, mismatch)
            mismatch = replace(mismatch, chart=found)
        if checker.table is not None and failed.calls:
            table = checker.table(failed.case, failed.calls[mismatch.call], mismatch)
            mismatch = replace(mismatch, table=table)
        if mismatch.kind in EXPLAINABLE:
            # a rule gives a value, which says nothing about a case that is to raise
            same = failed.case.function
            others = [t for t in tried if t.case.function == same and not t.case.raises]
            more = [c for c in rest if c.function == same and not c.raises]
            rule = _rule(exercise, others, more, attempt)
            if not (rule or checker.fit or checker.name == "exploration"):  # chance has its say
                rule = _general_rule(exercise, others, more, attempt)
            mismatch = replace(mismatch, rule=rule)
    except Exception:
        if "PYTEST_CURRENT_TEST" in os.environ:
            raise
        _logger.exception("%s: the explanation of a mismatch failed", exercise.id)
    return mismatch


def _rule(
    exercise: Exercise,
    tried: Sequence[Trial],
    rest: Sequence[Case],
    attempt: Callable[[Case], Trial],
) -> str:
    """The rule that explains all replies, the likeliest first; "" if none does."""
    failed = tried[-1]
    function = failed.case.function
    scores = dict.fromkeys(
        (m.rule for m in exercise.misconceptions if (m.function or exercise.id) == function), 0.0
    )
    if not scores:
        return ""
    # the case that failed rules out most; on a model that takes long the others come before it
    order = [failed, *tried[:-1]] if _is_quick(exercise, failed.case) else tried
    for trial in _telling(exercise, scores, [*order, *rest], attempt):
        fits = _fits_of(exercise, trial)
        for rule, fit in {rule: fits(rule) for rule in scores}.items():
            if fit is None:
                del scores[rule]
            else:
                scores[rule] += fit
    best = max(scores.values(), default=0.0)
    return next((rule for rule, score in scores.items() if score > best - AS_LIKELY), "")


def _general_rule(
    exercise: Exercise,
    tried: Sequence[Trial],
    rest: Sequence[Case],
    attempt: Callable[[Case], Trial],
) -> str:
    """A rule that needs no knowledge of the exercise: chance, or an argument that has no effect.

    "varies"; "ignored:NAME" where all cases that differ in this argument alone get the same
    tensor, and must not; "" otherwise.
    """
    failed = tried[-1]
    again = attempt(failed.case)
    if again.calls and not _same_replies(again, failed):
        return "varies"
    checker = checker_of(exercise, failed.case).name
    if checker not in ("logits", "probs"):
        return ""
    right = reference(exercise, failed.case, failed.calls[0])
    others: list[Trial | Case] = [*tried[:-1], *rest]
    ignored = set()
    for other in others:
        case = other.case if isinstance(other, Trial) else other
        named = [n for n, v in failed.case.arguments.items() if case.arguments[n] != v]
        if len(named) != 1 or case.arguments[named[0]] is None:
            continue
        if _accepted(exercise, case, _arguments(_call_key(case)), right):
            continue
        trial = other if isinstance(other, Trial) else attempt(other)
        if not _same_replies(trial, failed):
            return ""
        ignored.add(named[0])
    return f"ignored:{ignored.pop()}" if len(ignored) == 1 else ""


def _same_replies(a: Trial, b: Trial) -> bool:
    """Compare the replies to the first calls of two trials."""
    one, other = (trial.calls[0].reply.value if trial.calls else None for trial in (a, b))
    if isinstance(one, Array) and isinstance(other, Array):
        return bool(np.array_equal(one.data, other.data, equal_nan=True))
    return wire.to_json(one) == wire.to_json(other)


def _telling(
    exercise: Exercise,
    scores: dict[str, float],
    cases: Sequence[Trial | Case],
    attempt: Callable[[Case], Trial],
) -> Iterator[Trial]:
    """Yield the trials of those cases that some rule of `scores`, which shrinks, gets wrong."""
    for given in cases:
        case = given.case if isinstance(given, Trial) else given
        if not isinstance(given, Trial) or given.mismatch is None:
            checker = checker_of(exercise, case)
            arguments = _arguments(_call_key(case))
            if not _is_quick(exercise, case) or isinstance(arguments.get("model"), SpyModel):
                continue  # a spy reports settings, not a text
            logits = arguments.get("logits")
            if logits is not None and _accepted(exercise, case, arguments, oracle.floats(logits)):
                continue  # nothing to do here, so a function may have left before its mistake
            if checker.name == "kept" and _tied(exercise, case):
                continue
            differs = checker.differs or _wrong_on
            if not any(differs(exercise, case, rule) for rule in scores):
                continue
        trial = given if isinstance(given, Trial) else attempt(given)
        if trial.mismatch and trial.mismatch.kind not in REPEATABLE:
            return
        if trial.calls:
            yield trial


def _is_quick(exercise: Exercise, case: Case) -> bool:
    """Return True if the misconceptions are soon followed on this case."""
    model = _arguments(_call_key(case)).get("model")
    tables_only = checker_of(exercise, case).tables_only
    return not tables_only or isinstance(model, (TableModel, NoneType))


def _tied(exercise: Exercise, case: Case) -> bool:
    """Return True if tokens tie at the cut, so that several replies are right."""
    found = reference(exercise, case, Call(_arguments(_call_key(case)), Reply(None)))
    return bool(found.may.sum() > found.at_least)


def _fits_of(exercise: Exercise, trial: Trial) -> Fits:
    """The log-likelihood of what the function returned, by a rule; None: not explained."""
    if fit := checker_of(exercise, trial.case).fit:
        return fit(exercise, trial.case, trial.calls)
    return partial(_fit_of, exercise, trial)


def _fit_of(exercise: Exercise, trial: Trial, rule: str) -> float | None:
    checker = checker_of(exercise, trial.case)
    wrong = _wrong_reply(_call_key(trial.case), rule)
    if checker.general:
        value = trial.calls[0].reply.value
        return (
            0.0
            if compare.same(plain(wrong, wire.MAX_DEPTH), value, exercise.tolerance) is None
            else None
        )
    as_right = trial.mismatch is None and not _wrong_on(exercise, trial.case, rule)
    return 0.0 if as_right or _agrees(wrong, trial.calls[0], exercise.tolerance) else None


def _agrees(wrong: Any, call: Call, tolerance: float) -> bool:
    """Return True if the reply is the wrong rule's."""
    value, tolerance = call.reply.value, max(tolerance, 1e-6)
    if isinstance(wrong, np.ndarray):
        return isinstance(value, Array) and _near(wrong, value, tolerance)
    if isinstance(wrong, bool):
        return compare.truth(wrong, value) is None
    if isinstance(wrong, float):
        return compare.number(wrong, value, tolerance) is None
    if isinstance(wrong, tuple):
        return compare.equal_ids(wrong, value) is None
    if isinstance(wrong, list):
        return compare.ranking(wrong, call.arguments["k"], value, tolerance) is None
    return compare.same_text(wrong, value) is None


def _near(wrong: oracle.Floats, value: Array, tolerance: float) -> bool:
    """Compare in the reply's own floats, in which a mistake that repeats itself may overflow."""
    if value.data.shape != wrong.shape or value.dtype not in EPS:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = wrong.astype(np.float64 if value.dtype == "float64" else np.float32)
        got = value.data.astype(rounded.dtype)
        relative = max(MAX_ROUNDING, 4 * EPS[value.dtype])
        return bool(np.allclose(got, rounded, rtol=relative, atol=tolerance))


def catches_all(exercise: Exercise, case: Case) -> bool:
    """Return True if a hidden case catches every wrong rule that it names."""
    return all(_wrong_on(exercise, case, name) for name in case.catches)


def _wrong_on(exercise: Exercise, case: Case, rule: str) -> bool:
    """Return True if this wrong rule fails on a case."""
    key = _call_key(case)
    return not _accepted(exercise, case, _arguments(key), _wrong_reply(key, rule))


def _call_key(case: Case) -> str:
    return json.dumps(calls_of(case.arguments)[0])


@lru_cache(maxsize=64)
def _arguments(key: str) -> dict[str, Any]:
    return build_all(json.loads(key))


@lru_cache(maxsize=512)  # for the other students who fail the same case
def _wrong_reply(key: str, rule: str) -> Any:
    return getattr(misconceptions, rule)(**_arguments(key))


def _accepted(exercise: Exercise, case: Case, arguments: Mapping[str, Any], value: Any) -> bool:
    """Return True if a case accepts the value of a wrong rule as a function's reply."""
    if checker_of(exercise, case).general:
        value = plain(value, wire.MAX_DEPTH)
    elif isinstance(value, tuple):
        value = Array(np.array([value]), "int64")
    elif isinstance(value, np.ndarray):
        value = Array(value, "float64")
    call = Call(arguments, Reply(value))
    return checker_of(exercise, case).judge(exercise, case, [call]) is None
