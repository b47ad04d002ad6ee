"""Messages between the worker and a student's kernel: plain data, read strictly.

A message is a list of byte strings: JSON first, then the bytes of each array. The kernel is the
student's process, so its messages are read as an enemy's: limited in size, depth and number, with
exact types and a fixed list of dtypes. No pickle, no eval.

A value is written as a pair of its kind and its content:

    ["none"] ["bool", true] ["int", "0x2a"] ["float", "0x1.8p+1"] ["str", "text"]
    ["list", [..]] ["dict", [["key", value], ..]] ["opaque", "type name"]
    ["array", "float32", [1, 5], "cpu", index of its bytes] ["numpy", "float64", [3], index]
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.sandbox.data import Array, NumpyArray, Opaque
from autograder.sandbox.student import CallError, Reply
from autograder.sandbox.text import clean

MAX_MESSAGE_BYTES = 8_000_000  # of a message
MAX_DEPTH = 6
MAX_MESSAGE_PARTS = 200_000
MAX_REPORTS = 100
MAX_BASES = 20  # of an exception
MAX_TEXT = 1_000_000  # characters
ERROR_KINDS = (
    *("missing", "not_callable", "not_implemented", "raised", "timeout", "too_large"),
    *("no_generate", "not_in_table"),
)
# torch's name of a dtype -> numpy's of the bytes that are sent
DTYPES = {
    **{n: n for n in ("float16", "float32", "float64", "complex64", "complex128", "bool")},
    **{n: n for n in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")},
    "bfloat16": "float32",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}")
_DEVICE = re.compile(r"[a-z]{1,10}(:[0-9]{1,3})?")


class WireError(ValueError):
    """A message that breaks a rule; the message says which."""


# --- the kernel's side --------------------------------------------------------------------------


def write_replies(replies: Sequence[Reply]) -> list[bytes]:
    """Write replies as a message. WireError where it is too large."""
    arrays: list[bytes] = []
    data = [
        {
            "value": _encoded(reply.value, arrays),
            "changed": list(reply.changed),
            "reports": [_encoded(report, arrays) for report in reply.reports],
        }
        for reply in replies
    ]
    parts = [json.dumps(data).encode("utf-8"), *arrays]
    if (size := sum(map(len, parts))) > MAX_MESSAGE_BYTES:
        raise WireError(
            f"a message must not be larger than {MAX_MESSAGE_BYTES:,} bytes, was: {size:,}"
        )
    return parts


def write_error(kind: str, detail: str, number: int = 0, bases: Sequence[str] = ()) -> list[bytes]:
    """Write why a call gave no reply. number: of that call; bases: of the error that it raised."""
    data = {"error": kind, "detail": detail[:2000], "number": number, "bases": list(bases)}
    return [json.dumps(data).encode("utf-8")]


def _encoded(value: Any, arrays: list[bytes]) -> list[Any]:
    if value is None:
        return ["none"]
    if type(value) is bool:
        return ["bool", value]
    if type(value) is int:
        return ["int", hex(value)]
    if type(value) is float:
        return ["float", value.hex()]
    if type(value) is str:
        return ["str", value]
    if type(value) is list:
        return ["list", [_encoded(part, arrays) for part in value]]
    if type(value) is dict:
        return ["dict", [[key, _encoded(part, arrays)] for key, part in value.items()]]
    if isinstance(value, Array) and value.dtype in DTYPES:
        arrays.append(np.ascontiguousarray(value.data).tobytes())
        return ["array", value.dtype, list(value.data.shape), value.device, len(arrays) - 1]
    if isinstance(value, NumpyArray) and value.dtype in DTYPES:
        arrays.append(np.ascontiguousarray(value.data).tobytes())
        return ["numpy", value.dtype, list(value.data.shape), len(arrays) - 1]
    name = value.dtype if isinstance(value, Array) else getattr(value, "type_name", "object")
    return ["opaque", str(name)]


# --- the worker's side --------------------------------------------------------------------------


def read_replies(parts: Sequence[bytes], calls: int) -> list[Reply]:
    """Read the replies to so many calls. CallError if one failed, WireError if invalid."""
    if not parts or sum(map(len, parts)) > MAX_MESSAGE_BYTES:
        raise WireError(f"a message must have from 1 to {MAX_MESSAGE_BYTES:,} bytes")
    try:
        data = json.loads(bytes(parts[0]).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise WireError("a message must be JSON") from error
    if type(data) is dict:
        raise _error(data, calls)
    if type(data) is not list or len(data) != calls:
        raise WireError(f"a message must have {calls} replies")
    reader = _ReplyReader(parts[1:])
    return [reader.reply(part) for part in data]


def _error(data: dict[str, Any], calls: int) -> CallError:
    kind, detail, number = data.get("error"), data.get("detail"), data.get("number")
    bases = data.get("bases", [])
    if type(kind) is not str or kind not in ERROR_KINDS or type(detail) is not str:
        raise WireError("an error must be of a known kind")
    if type(number) is not int or not 0 <= number < max(calls, 1):
        raise WireError("an error must name its call")
    if type(bases) is not list or len(bases) > MAX_BASES or not all(map(_is_name, bases)):
        raise WireError("the bases of an error must be names")
    return CallError(kind, clean(detail)[:2000], number, bases)


def _is_name(value: Any) -> bool:
    return type(value) is str and _NAME.fullmatch(value) is not None


class _ReplyReader:
    def __init__(self, arrays: Sequence[bytes]) -> None:
        self.arrays = arrays
        self.parts = 0

    def reply(self, data: Any) -> Reply:
        if type(data) is not dict:
            raise WireError("a reply must be an object")
        changed, reports = data.get("changed"), data.get("reports")
        if type(changed) is not list or not all(map(_is_name, changed)):
            raise WireError("changed must be a list of names")
        if type(reports) is not list or len(reports) > MAX_REPORTS:
            raise WireError("reports must be a list")
        found = [self.read(report) for report in reports]
        if not all(type(report) is dict for report in found):
            raise WireError("a report must be a dict")
        return Reply(self.read(data.get("value")), tuple(changed), found)

    def read(self, node: Any, depth: int = 0) -> Any:
        self.parts += 1
        if depth > MAX_DEPTH or self.parts > MAX_MESSAGE_PARTS:
            raise WireError(f"a value must not be deeper than {MAX_DEPTH} or have more parts")
        match node:
            case ["none"]:
                return None
            case ["bool", bool() as value]:
                return value
            case ["int", str() as text] if len(text) < 100:
                return self._number(int, text, 16)
            case ["float", str() as text] if len(text) < 100:
                return self._number(float.fromhex, text)
            case ["str", str() as text]:
                if len(text) > MAX_TEXT:
                    raise WireError(f"a text must not be longer than {MAX_TEXT:,} characters")
                return text
            case ["list", list(items)]:
                return [self.read(item, depth + 1) for item in items]
            case ["dict", list(items)]:
                return dict(self._item(item, depth) for item in items)
            case ["opaque", str(name)]:
                return Opaque(name if _NAME.fullmatch(name) else "object")
            case ["array", str(dtype), list(shape), str(device), int(index)] if dtype in DTYPES:
                return self._array(dtype, shape, device, index)
            case ["numpy", str(dtype), list(shape), int(index)] if dtype in DTYPES:
                array = self._array(dtype, shape, "cpu", index)
                return NumpyArray(array.data, dtype)
        raise WireError("a value must be of a known kind")

    def _item(self, item: Any, depth: int) -> tuple[str, Any]:
        if type(item) is not list or len(item) != 2 or type(item[0]) is not str:
            raise WireError("an item must be a name and a value")
        return item[0], self.read(item[1], depth + 1)

    @staticmethod
    def _number(convert: Any, *given: Any) -> Any:
        try:
            return convert(*given)
        except (ValueError, OverflowError) as error:
            raise WireError("a number must be written as one") from error

    def _array(self, dtype: str, shape: list[Any], device: str, index: int) -> Array:
        if len(shape) > 8 or not all(type(n) is int and 0 <= n < 1 << 32 for n in shape):
            raise WireError("a shape must be a list of sizes")
        if type(index) is not int or not 0 <= index < len(self.arrays):
            raise WireError("an array must name its bytes")
        if not _DEVICE.fullmatch(device):
            raise WireError("a device must be one's name")
        kind, content = np.dtype(DTYPES[dtype]), bytes(self.arrays[index])
        if math.prod(size for size in shape if size) > MAX_MESSAGE_BYTES:  # beside a 0
            raise WireError("a shape must not be larger than a message")
        if math.prod(shape) * kind.itemsize != len(content):
            raise WireError("an array must have as many bytes as its shape and dtype say")
        if dtype == "bool" and not set(content) <= {0, 1}:
            raise WireError("a bool must be 0 or 1")
        return Array(np.frombuffer(content, kind).reshape(shape), dtype, device)


# --- values in a file ---------------------------------------------------------------------------


def to_json(value: Any) -> list[Any]:
    """A plain value as JSON has it: the value, then the bytes of each array in base64."""
    arrays: list[bytes] = []
    encoded = _encoded(value, arrays)
    return [encoded, *(base64.b64encode(array).decode() for array in arrays)]


def from_json(data: Any) -> Any:
    """Read what `to_json` wrote, as strictly as a message. WireError."""
    if type(data) is not list or not data or not all(type(part) is str for part in data[1:]):
        raise WireError("a stored value must be a list of the value and its arrays")
    try:
        arrays = [base64.b64decode(part, validate=True) for part in data[1:]]
    except binascii.Error as error:
        raise WireError("the bytes of a stored array must be in base64") from error
    return _ReplyReader(arrays).read(data[0])
