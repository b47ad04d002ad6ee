"""Checkers of one value: compute with the reference and compare."""

import math
from collections.abc import Mapping
from typing import Any

from autograder.checking import chart, compare
from autograder.checking.calls import Call
from autograder.checking.compare import Mismatch
from autograder.checking.registry import checker, reference
from autograder.exercises import oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.exercises.references import own_reference


def dtype_of(call: Call) -> str:
    """torch's name of the dtype of the call's logits."""
    return str(call.arguments["logits"].dtype).removeprefix("torch.")


def _ids_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    return oracle.encode_prompt(**arguments), math.inf


@checker("ids", expect=_ids_expected, stored=True)
def ids(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """(1, T) long, exactly these token ids."""
    return compare.equal_ids(case.expected or reference(exercise, case, call), call.reply.value)


@checker("truth")
def truth(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """True or False."""
    return compare.truth(reference(exercise, case, call), call.reply.value)


@checker("probs", tables_only=True)
def probs(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """(V,) probabilities within the exercise's tolerance."""
    return compare.close(reference(exercise, case, call), call.reply.value, exercise.tolerance)


@checker("logits", table=chart.token_table)
def logits(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """(V,) logits within the exercise's tolerance and the rounding of the argument's dtype."""
    expected = reference(exercise, case, call)
    return compare.close(expected, call.reply.value, exercise.tolerance, dtype_of(call))


def _kept_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    return None, own_reference(case.function)(**arguments).gap


@checker("kept", expect=_kept_expected, margin=1e-3, picture=chart.cut, table=chart.token_table)
def kept(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """(V,) the logits with -inf for every dropped token; any choice among ties passes."""
    found = reference(exercise, case, call)
    values = oracle.floats(call.arguments["logits"])
    return compare.kept(values, found, call.reply.value, dtype_of(call))


@checker("ranking")
def ranking(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """The k most likely (text, probability) pairs, most likely first; ties in any order."""
    k = call.arguments["k"]
    return compare.ranking(reference(exercise, case, call), k, call.reply.value, exercise.tolerance)
