"""Replies as plain data: what a student's function gave back, before anything judges it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

MAX_PARTS = 100_000  # of a list or dict whose parts are kept

# torch's names, from exact to coarse, and the distance from 1 to the next number
FLOATS = ("float64", "float32", "float16", "bfloat16")
# The functions that a case can hand over. A function of the teacher's own would take its code into
# the student's process.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (abs, len, max, min, round, sorted, sum)},
    **{f.__name__: f for f in (str.lower, str.strip, str.upper)},
    **{f.__name__: f for f in (torch.exp, torch.log, torch.relu, torch.argmax)},
}
EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@dataclass(frozen=True)
class Array:
    """A tensor as plain data."""

    data: np.ndarray[Any, Any]
    dtype: str  # torch's name: int64, float32, bfloat16 ...
    device: str = "cpu"


@dataclass(frozen=True)
class NumpyArray:
    """A numpy array as plain data: no tensor, but it holds the same numbers."""

    data: np.ndarray[Any, Any]
    dtype: str
    type_name: ClassVar[str] = "numpy.ndarray"


@dataclass(frozen=True)
class Opaque:
    """A value that is not plain data; only the name of its type is kept."""

    type_name: str


def plain(value: object, depth: int = 4) -> Any:
    """The value as None, bool, int, float, str, an array, and lists and dicts of these.

    Anything else, and anything nested deeper than `depth`, becomes Opaque.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor):
        data = value.detach().cpu()
        dtype = str(data.dtype).removeprefix("torch.")
        data = data.float() if dtype == "bfloat16" else data
        return Array(data.numpy().copy(), dtype, value.device.type)
    if isinstance(value, np.ndarray):
        native = np.array(value, dtype=value.dtype.newbyteorder("="), copy=True, subok=False)
        return NumpyArray(native, native.dtype.name)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, dict)) and len(value) > MAX_PARTS:
        return Opaque(type(value).__name__)
    if depth and isinstance(value, (list, tuple)):
        return [plain(v, depth - 1) for v in value]
    if depth and isinstance(value, dict) and all(type(k) is str for k in value):
        return {k: plain(v, depth - 1) for k, v in value.items()}
    return Opaque(type(value).__name__)
