"""General checkers: any function, compared with whatever its reference returns.

Each accepts a right reply in another honest shape; docs/checking.md lists which.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from transformers import PreTrainedModel

from autograder.checking import compare
from autograder.checking.calls import Call, token_text
from autograder.checking.compare import ARRAYS, Mismatch, shown
from autograder.checking.registry import checker, reference
from autograder.checking.solution import ReferenceFailedError, reply_of
from autograder.exercises import oracle
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.data import FLOATS, NumpyArray

MAX_SUM_ERROR = 1e-3  # of probabilities: half precision is as far from 1


def unfit(exercise: Exercise, wanted: str, found: object) -> ReferenceFailedError:
    """The error of a reference whose reply the checker cannot compare with."""
    return ReferenceFailedError(
        f"{exercise.id}: its checker needs {wanted} from the reference, was: {shown(found)}"
    )


def _scalar(value: Any) -> Any:
    """A tensor of one element as that number, any other value as it is."""
    return value.data.item() if isinstance(value, ARRAYS) and value.data.size == 1 else value


@checker("number", tables_only=True, general=True)
def number(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """A number within the exercise's tolerance, or within rounding."""
    expected = _scalar(reference(exercise, case, call))
    if type(expected) not in (int, float):
        raise unfit(exercise, "a number", expected)
    return compare.number(expected, call.reply.value, exercise.tolerance)


@checker("integer", general=True)
def integer(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Exactly this integer."""
    expected = _scalar(reference(exercise, case, call))
    if type(expected) is not int:
        raise unfit(exercise, "an integer", expected)
    return compare.same_integer(expected, call.reply.value)


@checker("boolean", general=True)
def boolean(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """True or False."""
    expected = _scalar(reference(exercise, case, call))
    if type(expected) is not bool:
        raise unfit(exercise, "True or False", expected)
    return compare.same_boolean(expected, call.reply.value)


@checker("text", general=True)
def text(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Exactly this text, white space included."""
    expected = reference(exercise, case, call)
    if type(expected) is not str:
        raise unfit(exercise, "a text", expected)
    return compare.exact_text(expected, call.reply.value)


@checker("tensor", general=True)
def tensor(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """A tensor of this shape and these numbers; a numpy array of them is right as well."""
    expected = reference(exercise, case, call)
    if not isinstance(expected, ARRAYS):
        raise unfit(exercise, "a tensor", expected)
    return compare.same_tensor(expected, call.reply.value, exercise.tolerance)


@checker("list", general=True)
def listed(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """A list or tuple of these entries, in this order or in any; entries of any plain type."""
    expected = reference(exercise, case, call)
    if not isinstance(expected, list):
        raise unfit(exercise, "a list", expected)
    return compare.entries(expected, call.reply.value, exercise.tolerance, exercise.any_order)


@checker("table", general=True)
def table(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """A list of rows, each a dict or a list; a row may have more keys than these."""
    expected = reference(exercise, case, call)
    if not isinstance(expected, list) or not all(isinstance(r, (dict, list)) for r in expected):
        raise unfit(exercise, "a list of dicts or of lists", expected)
    return compare.entries(expected, call.reply.value, exercise.tolerance, exercise.any_order)


@checker("record", general=True)
def recorded(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """A dict with these keys and values of any plain type; it may have more keys."""
    expected = reference(exercise, case, call)
    if not isinstance(expected, dict):
        raise unfit(exercise, "a dict", expected)
    return compare.record(expected, call.reply.value, exercise.tolerance)


# --- probabilities ------------------------------------------------------------------------------


def _probabilities(value: Any) -> list[Any]:
    """The numbers of a tensor of one dimension, a list, or a dict."""
    if isinstance(value, ARRAYS):
        return list(value.data.tolist()) if value.data.ndim == 1 else []
    return list(value.values()) if isinstance(value, dict) else value


@checker("distribution", general=True)
def distribution(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Probabilities, none below 0, that add up to 1: (V,), a list, or a dict by token."""
    expected, actual = reference(exercise, case, call), call.reply.value
    if not isinstance(expected, (*ARRAYS, list, dict)) or _improper(expected):
        raise unfit(exercise, "probabilities that add up to 1", expected)
    if isinstance(expected, ARRAYS) and isinstance(actual, list):
        actual = _as_array(actual)
    wrong = compare.same(expected, actual, exercise.tolerance)
    # a wrong value in what is no distribution: that says more
    return (wrong.kind == "value" and _improper(actual)) or wrong if wrong else None


def _improper(value: Any) -> Mismatch | None:
    """The reason why a value is no distribution."""
    weights = [float(w) for w in map(_scalar, _probabilities(value)) if type(w) in (int, float)]
    for i, weight in enumerate(weights):
        if weight < 0:
            return Mismatch("negative", actual=weight, place=f"[{i}]")
    total = math.fsum(weights) if all(map(math.isfinite, weights)) else math.nan
    return None if abs(total - 1) <= MAX_SUM_ERROR else Mismatch("sum", actual=total)


def _as_array(numbers: list[Any]) -> Any:
    """A list of numbers as an array; any other list as it is."""
    if not all(type(n) in (int, float) for n in map(_scalar, numbers)):
        return numbers
    return NumpyArray(np.array([float(_scalar(n)) for n in numbers]), FLOATS[0])


# --- tokens of a greedy text --------------------------------------------------------------------


def _token_ids(value: Any) -> list[int] | None:
    """Token ids: of a (1, T) or (T,) tensor or array of integers, or of a list; None otherwise."""
    if isinstance(value, ARRAYS):
        flat = value.data.reshape(-1)
        is_row = value.data.ndim == 1 or (value.data.ndim == 2 and len(value.data) == 1)
        return flat.tolist() if is_row and flat.dtype.kind in "iu" else None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list):
        return None
    ids = [_scalar(i) for i in value]
    return ids if all(type(i) is int for i in ids) else None


def _model_in(arguments: Mapping[str, Any]) -> Any:
    return next((a for a in arguments.values() if isinstance(a, PreTrainedModel)), None)


def _tokens_expected(
    exercise: Exercise, case: Case, arguments: Mapping[str, Any]
) -> tuple[Any, float]:
    """The smallest gap between first and second choice, where the reply takes the first."""
    model, gaps = _model_in(arguments), [math.inf]
    known = exercise.solution and not case.raises
    ids = _token_ids(reply_of(exercise, case)) if known else None
    if model is not None and ids:
        logits = oracle.logits_of(model, ids)
        given = arguments.get("input_ids")
        for t in range(1 if given is None else given.shape[1], len(ids)):
            second, first = np.sort(logits[t - 1])[-2:]
            if logits[t - 1].argmax() == ids[t]:
                gaps.append(float(first - second))
    return None, min(gaps)


@checker("tokens", general=True, expect=_tokens_expected, margin=1e-3)
def tokens(exercise: Exercise, case: Case, call: Call) -> Mismatch | None:
    """Exactly these token ids: (1, T), (T,), or a list. Cases keep away from ties."""
    expected, actual = (
        _token_ids(found := reference(exercise, case, call)),
        _token_ids(call.reply.value),
    )
    if expected is None:
        raise unfit(exercise, "token ids", found)
    if actual is None:
        return Mismatch("type", "torch.Tensor (1, T), int64", shown(call.reply.value))
    model = _model_in(call.arguments)
    for i, (wanted, token) in enumerate(zip(expected, actual, strict=False)):
        if wanted != token:
            best, got = token_text(model, wanted), token_text(model, token)
            return Mismatch("value", best, got, f"[0, {i}]")
    same_length = len(actual) == len(expected)
    return None if same_length else Mismatch("length", len(expected), len(actual))
