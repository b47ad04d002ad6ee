"""Expected against actual: pure functions that return None, or the first Mismatch.

They go from basic to fine: type, shape, dtype, finite, value. They know nothing of exercises,
models, notebooks or the words that a student reads.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograder.checking.result import Chart, TokenTable
from autograder.exercises.oracle import Kept
from autograder.sandbox.data import EPS, FLOATS, Array, NumpyArray

# two honest ways of computing a number differ by no more than this: of its own size, of the largest
# number beside it in a tensor, and beside a zero
RELATIVE, OF_LARGEST, SMALLEST = 1e-5, 1e-6, 1e-8
ARRAYS = (Array, NumpyArray)
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")


@dataclass(frozen=True)
class Mismatch:
    """The first thing that is not as expected.

    kind: a key of `sentences.SENTENCES`; place: where in the reply, e.g. "[0, 7]"; rule: the
    misconception that explains the reply, if one does; call: which of the case's calls, counted
    from 0; chart, table: a picture of the mistake and its numbers, where they explain more.
    """

    kind: str
    expected: Any = None
    actual: Any = None
    place: str = ""
    rule: str = ""
    call: int = 0
    chart: Chart | None = None
    table: TokenTable | None = None


def array(
    actual: object, shape: tuple[int, ...], dtypes: Sequence[str], device: str = ""
) -> Mismatch | None:
    """Type, shape, dtype, device (where asked for) and, of floats, no NaN."""
    if not isinstance(actual, Array):
        return Mismatch("type", "torch.Tensor", type_name(actual))
    if actual.data.shape != shape:
        return Mismatch("shape", shape, actual.data.shape)
    if actual.dtype not in dtypes:
        return Mismatch("dtype", dtypes[0], actual.dtype)
    if device and actual.device != device:
        return Mismatch("device", device, actual.device)
    if actual.dtype in FLOATS and np.isnan(actual.data).any():
        return Mismatch("finite", "", "NaN", _index(np.isnan(actual.data)))
    return None


def close(
    expected: np.ndarray[Any, Any], actual: object, tolerance: float, dtype: str = "float32"
) -> Mismatch | None:
    """Floats, each within tolerance + 4 eps |expected|; -inf equals -inf.

    dtype: of the numbers that the reply was made from; its eps is that of rounding, and a reply
    must not be of a coarser one.
    """
    allowed = [name for name in FLOATS if EPS[name] <= EPS[dtype]]
    if wrong := array(actual, expected.shape, [dtype, *allowed]):
        return wrong
    assert isinstance(actual, Array)
    got = actual.data.astype(np.float64)
    bound = tolerance + 4 * EPS[dtype] * np.abs(np.nan_to_num(expected, neginf=0.0))
    with np.errstate(invalid="ignore"):
        far = ~((np.abs(got - expected) <= bound) | (got == expected))
    return _first(far, expected, got)


def kept(
    logits: np.ndarray[Any, Any], found: Kept, actual: object, dtype: str = "float32"
) -> Mismatch | None:
    """The logits with -inf for each dropped token: those that must stay do, no others but may.

    logits: (V,); dtype: of the logits.
    """
    allowed = [name for name in FLOATS if EPS[name] <= EPS[dtype]]
    if wrong := array(actual, logits.shape, [dtype, *allowed]):
        return wrong
    assert isinstance(actual, Array)
    got = actual.data.astype(np.float64)
    if wrong := _filled(logits, found, got):
        return wrong
    dropped = np.isneginf(got)
    wrongly = found.must & dropped
    if wrongly.any() or int((~dropped).sum()) < found.at_least:
        wrongly = wrongly if wrongly.any() else found.may & dropped
        return _first(wrongly, logits, got, "dropped")
    if mismatch := _first(~found.may & ~dropped, np.full(got.shape, -np.inf), got, "kept"):
        return mismatch
    return close(np.where(dropped, -np.inf, logits), actual, 0.0, dtype)


def _filled(
    logits: np.ndarray[Any, Any], found: Kept, got: np.ndarray[Any, Any]
) -> Mismatch | None:
    """The right tokens are dropped, but have another value than -inf."""
    there = np.isfinite(logits)
    kept, dropped = there & (got == logits), there & (got != logits)
    values = set(got[dropped].tolist())
    right = kept.any() and not (found.must & dropped).any() and not (~found.may & kept).any()
    if right and len(values) == 1 and np.isfinite(value := values.pop()):
        return Mismatch("filled", -np.inf, value, _index(dropped))
    return None


def _first(
    wrong: np.ndarray[Any, Any],
    expected: np.ndarray[Any, Any],
    got: np.ndarray[Any, Any],
    kind: str = "value",
) -> Mismatch | None:
    if not wrong.any():
        return None
    place = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return Mismatch(kind, float(expected[place]), float(got[place]), _index(wrong))


def number(expected: float, actual: object, tolerance: float) -> Mismatch | None:
    """A number within an absolute tolerance; a tensor of one element is one as well.

    Without a tolerance it may differ by rounding, unless both are integers.
    """
    got = _number(actual)
    if got is None:
        return Mismatch("type", "float", type_name(actual))
    if got == expected or (math.isnan(got) and math.isnan(expected)):
        return None
    if not math.isfinite(got):
        return Mismatch("finite", "", "NaN" if math.isnan(got) else str(got))
    exact = type(expected) is int and type(actual) is int
    bound = tolerance or (0.0 if exact else max(RELATIVE * abs(expected), SMALLEST))
    return None if abs(got - expected) <= bound < math.inf else Mismatch("value", expected, got)


def same_integer(expected: int, actual: object) -> Mismatch | None:
    """Exactly this integer; a tensor of one element is one as well, 3.0 and True are not."""
    one = isinstance(actual, ARRAYS) and actual.data.size == 1 and actual.data.dtype.kind in "iu"
    got = actual.data.item() if isinstance(actual, ARRAYS) and one else actual
    if type(got) is not int:
        return Mismatch("type", "int", type_name(actual))
    return None if got == expected else Mismatch("value", expected, got)


def same_boolean(expected: bool, actual: object) -> Mismatch | None:
    """True or False; a tensor of one element is one as well, a number is not."""
    one = isinstance(actual, ARRAYS) and actual.data.size == 1 and actual.dtype == "bool"
    return truth(expected, actual.data.item() if isinstance(actual, ARRAYS) and one else actual)


def truth(expected: bool, actual: object) -> Mismatch | None:
    """True or False; a tensor or a number in their place is a mismatch."""
    if type(actual) is not bool:
        return Mismatch("type", "bool", type_name(actual))
    return None if actual is expected else Mismatch("value", expected, actual)


def equal_ids(expected: Sequence[int], actual: object) -> Mismatch | None:
    """Token ids of shape (1, T), on the CPU."""
    wrong = array(actual, (1, len(expected)), ["int64"], device="cpu")
    if wrong and wrong.kind == "shape" and len(wrong.actual) == 2 and wrong.actual[0] == 1:
        return Mismatch("length", len(expected), wrong.actual[1])
    if wrong:
        return wrong
    assert isinstance(actual, Array)
    got = actual.data[0].tolist()
    for i, (e, a) in enumerate(zip(expected, got, strict=True)):
        if e != a:
            return Mismatch("value", e, a, f"[0, {i}]")
    return None


def ranking(
    candidates: Sequence[tuple[str, float]], k: int, actual: object, tolerance: float
) -> Mismatch | None:
    """The k most likely (text, probability) pairs, most likely first; ties in any order.

    candidates: all tokens at least as likely as the k-th, most likely first.
    """
    if not isinstance(actual, list):
        return Mismatch("type", "list", type_name(actual))
    if len(actual) != k:
        return Mismatch("length", k, len(actual))
    left = list(candidates)
    for i, pair in enumerate(actual):
        if not (isinstance(pair, list) and len(pair) == 2):
            return Mismatch("type", "(str, float)", type_name(pair), f"[{i}]")
        text, number = pair[0], _number(pair[1])
        if not isinstance(text, str) or number is None:
            got = f"({type_name(text)}, {type_name(pair[1])})"
            return Mismatch("type", "(str, float)", got, f"[{i}]")
        fits = [c for c in left if c[0] == text and abs(c[1] - number) <= tolerance]
        if not fits or abs(number - candidates[i][1]) > tolerance:
            return Mismatch("value", _pair(candidates[i]), _pair((text, number)), f"[{i}]")
        left.remove(fits[0])
    return None


def same_text(expected: str, actual: object) -> Mismatch | None:
    """The same text, but for white space at its ends."""
    if not isinstance(actual, str):
        return Mismatch("type", "str", type_name(actual))
    if expected.strip() != actual.strip():
        return Mismatch("text", expected, actual)
    return None


# --- values of any plain type -------------------------------------------------------------------


def same(expected: Any, actual: object, tolerance: float) -> Mismatch | None:
    """A value like the expected one, by that one's type; lists and dicts part by part."""
    if isinstance(expected, ARRAYS) and expected.data.ndim == 0:
        expected = expected.data.item()
    match expected:
        case None:
            return None if actual is None else Mismatch("value", None, shown(actual))
        case bool():
            return same_boolean(expected, actual)
        case int() | float():
            return number(expected, actual, tolerance)
        case str():
            return exact_text(expected, actual)
        case list():
            return entries(expected, actual, tolerance)
        case dict():
            return record(expected, actual, tolerance)
    return same_tensor(expected, actual, tolerance)


def exact_text(expected: str, actual: object) -> Mismatch | None:
    """Exactly this text, white space included."""
    if not isinstance(actual, str):
        return Mismatch("type", "str", type_name(actual))
    return None if actual == expected else Mismatch("text", expected, actual)


def same_tensor(expected: Array | NumpyArray, actual: object, tolerance: float) -> Mismatch | None:
    """A tensor, or a numpy array, of the same shape, the same sort of dtype and the same numbers.

    Floats may have another dtype if it is at least as fine as the expected one, or float32; so may
    integers. NaN is right where it is expected.
    """
    if isinstance(actual, NumpyArray):
        actual = Array(actual.data, actual.dtype)
    coarsest = max(expected.dtype, "float32", key=lambda name: EPS.get(name, 0.0))
    allowed = [name for name in FLOATS if EPS[name] <= EPS[coarsest]]
    if expected.dtype not in FLOATS:
        is_integer = expected.dtype != "bool"
        allowed = list(INTEGERS) if is_integer else []
    nan = np.isnan(expected.data) if expected.dtype in FLOATS else np.zeros((), dtype=bool)
    wrong = array(actual, expected.data.shape, [expected.dtype, *allowed])
    if wrong is not None and not (wrong.kind == "finite" and nan.any()):
        return wrong
    assert isinstance(actual, Array)
    e, got = expected.data, actual.data
    if expected.dtype not in FLOATS and not tolerance:
        return _first(e != got, e, got)
    e, got = e.astype(np.float64), got.astype(np.float64)
    size = np.abs(np.where(np.isfinite(e), e, 0.0))
    rounding = 4 * EPS[coarsest] * size
    bound = tolerance + rounding
    if not tolerance:
        bound = np.maximum(rounding, RELATIVE * size) + OF_LARGEST * size.max(initial=0.0)
        bound = np.maximum(bound, SMALLEST)
    with np.errstate(invalid="ignore"):
        far = ~((np.abs(got - e) <= bound) | (got == e) | (nan & np.isnan(got)))
    return _first(far, e, got)


def entries(
    expected: Sequence[Any], actual: object, tolerance: float, any_order: bool = False
) -> Mismatch | None:
    """A list of the same entries, in their order or in any."""
    if not isinstance(actual, list):
        return Mismatch("type", "list", type_name(actual))
    if len(actual) != len(expected):
        return Mismatch("length", len(expected), len(actual))
    if any_order:
        return _in_any_order(expected, actual, tolerance)
    for i, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        if wrong := same(wanted, got, tolerance):
            return replace(wrong, place=f"[{i}]{wrong.place}")
    return None


def _in_any_order(
    expected: Sequence[Any], actual: Sequence[Any], tolerance: float
) -> Mismatch | None:
    """Each entry has one of its own: with a tolerance one may fit several, so they can move on."""
    taken: dict[int, int] = {}  # of actual -> of expected

    def place(i: int, tried: set[int]) -> bool:
        for j in sorted(range(len(actual)), key=taken.__contains__):  # free ones first
            if j not in tried and same(expected[i], actual[j], tolerance) is None:
                tried.add(j)
                if j not in taken or place(taken[j], tried):
                    taken[j] = i
                    return True
        return False

    missing = next((e for i, e in enumerate(expected) if not place(i, set())), None)
    return None if len(taken) == len(expected) else Mismatch("entry", shown(missing))


def record(expected: Mapping[str, Any], actual: object, tolerance: float) -> Mismatch | None:
    """A dict with the same values under these keys; it may have more keys."""
    if not isinstance(actual, dict):
        return Mismatch("type", "dict", type_name(actual))
    for key, wanted in expected.items():
        if key not in actual:
            return Mismatch("key", key, ", ".join(actual))
        if wrong := same(wanted, actual[key], tolerance):
            return replace(wrong, place=f"[{key!r}]{wrong.place}")
    return None


def shown(value: object) -> str:
    """A plain value in a sentence: small ones as they are, of others the type."""
    if isinstance(value, ARRAYS):
        return f"{type_name(value)} {value.data.shape}"
    is_opaque = not isinstance(value, (bool, int, float, str, list, dict, type(None)))
    return type_name(value) if is_opaque else repr(value)


# --- calls of the model -------------------------------------------------------------------------


def settings(expected: Mapping[str, Any], reports: Sequence[Mapping[str, Any]]) -> Mismatch | None:
    """Exactly one call of `generate`, resolved to these settings."""
    if len(reports) != 1:
        return Mismatch("generate_calls", 1, len(reports))
    for key, value in expected.items():
        got = reports[0][key]
        same = value == got or (None not in (value, got) and abs(value - got) < 1e-9)
        if not same:
            return Mismatch("setting", value, got, key)
    return None


def type_name(value: object) -> str:
    """The type of this plain value, as a student would name it."""
    if isinstance(value, Array):
        return "torch.Tensor"
    return getattr(value, "type_name", None) or type(value).__name__


def _number(value: object) -> float | None:
    """A number, also where it comes as an array of one element."""
    if isinstance(value, ARRAYS) and value.data.size == 1 and value.data.dtype.kind in "fiu":
        return float(value.data.item())
    return float(value) if type(value) in (int, float) else None  # type: ignore[arg-type]


def _pair(pair: tuple[str, float]) -> str:
    return f"({pair[0]!r}, {pair[1]:.6f})"


def _index(where: np.ndarray[Any, Any]) -> str:
    """The first True, as one would index it."""
    place = np.unravel_index(int(where.argmax()), where.shape)
    return str([int(i) for i in place]) if place else ""
