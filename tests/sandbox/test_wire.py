"""Messages between worker and kernel: values arrive as they were, nonsense does not arrive."""

from __future__ import annotations

import copy
import json
import math
import random
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from support import fuzz as random_input
from support.notebooks import places

from autograder.sandbox import wire
from autograder.sandbox.data import Array, Opaque, plain
from autograder.sandbox.student import CallError, Reply

VALUES: list[Any] = [
    None,
    True,
    0,
    -(2**70),
    1.5,
    -0.0,
    math.inf,
    "Zwölf\x00\ud800",
    [1, [2.0, "x"], {}],
    {"text": "a", "rate": 0.25, "nested": {"list": [None, False]}},
    Opaque("Tensor"),
]


def crossed(value: Any) -> Any:
    (reply,) = wire.read_replies(wire.write_replies([Reply(value)]), 1)
    return reply.value


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_arrive_as_they_were(value: Any) -> None:
    arrived = crossed(value)
    assert arrived == value
    assert type(arrived) is type(value)


def test_nan_arrives() -> None:
    assert math.isnan(crossed(math.nan))


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
def test_tensors_of_all_dtypes_arrive(dtype: str) -> None:
    tensor = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(torch, dtype))
    sent = plain(tensor)
    arrived = crossed(sent)
    assert (arrived.dtype, arrived.device, arrived.data.shape) == (dtype, "cpu", (2, 3))
    assert np.array_equal(arrived.data, sent.data)


def test_several_replies_keep_their_arrays_and_reports() -> None:
    arrays = [Array(np.arange(n, dtype="float32"), "float32") for n in (0, 3, 5)]
    replies = [Reply(a, ("logits",), [{"top_k": None, "p": 0.5}]) for a in arrays]
    found = wire.read_replies(wire.write_replies(replies), 3)
    assert [a.value.data.tolist() for a in found] == [a.data.tolist() for a in arrays]
    assert found[0].changed == ("logits",)
    assert found[2].reports == [{"top_k": None, "p": 0.5}]


def test_an_error_arrives_with_its_call() -> None:
    with pytest.raises(CallError) as caught:
        wire.read_replies(wire.write_error("raised", "ValueError: \x1b[2J" + "x" * 5000, 2), 3)
    assert (caught.value.kind, caught.value.number) == ("raised", 2)
    assert caught.value.detail.startswith("ValueError: [2J")
    assert len(caught.value.detail) <= 2000


def test_a_message_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(wire.WireError, match="must not be larger than 8,000,000 bytes"):
        wire.write_replies([Reply("x" * wire.MAX_MESSAGE_BYTES)])


def written(value: Any, **changed: Any) -> list[bytes]:
    return [json.dumps([{"value": value, "changed": [], "reports": [], **changed}]).encode()]


NONSENSE: list[list[bytes]] = [
    [],
    [b""],
    [b"\xff"],
    [b"null"],
    [b"[" * 100_000],
    [b"[]"],
    [b"[1]"],
    [b"x" * (wire.MAX_MESSAGE_BYTES + 1)],
    [b'{"error": "passed", "detail": "", "number": 0}'],
    [b'{"error": [], "detail": "", "number": 0}'],
    [b'{"error": "raised", "detail": 5, "number": 0}'],
    [b'{"error": "raised", "detail": "", "number": true}'],
    [b'{"error": "raised", "detail": "", "number": 7}'],
    written(["none"], changed=[["x"]]),
    written(["none"], changed=["not a name"]),
    written(["none"], reports=[["int", "0x1"]]),
    written(["none"], reports=5),
    written(1.0),
    written(["bool", 1]),
    written(["int", 5]),
    written(["int", "5.3"]),
    written(["int", "1" * 1000]),
    written(["float", 0.5]),
    written(["float", "nonsense"]),
    written(["str", ["x"]]),
    written(["str", "x" * (wire.MAX_TEXT + 1)]),
    written(["dict", [["key"]]]),
    written(["dict", [[1, ["none"]]]]),
    written(["list", [["none"]] * (wire.MAX_MESSAGE_PARTS + 1)]),
    [*written(["array", "object", [1], "cpu", 0]), b"x" * 8],
    [*written(["array", "float32", [1], "cpu", 7]), b"x" * 4],
    [*written(["array", "float32", [1], "cpu", -1]), b"x" * 4],
    [*written(["array", "float32", [1], "cpu", True]), b"x" * 4, b"x" * 4],
    [*written(["array", "float32", [1 << 40], "cpu", 0]), b"x" * 4],
    [*written(["array", "float32", [1, -1], "cpu", 0]), b"x" * 4],
    [*written(["array", "float32", [2], "cpu", 0]), b"x" * 4],
    [*written(["array", "float32", [1] * 9, "cpu", 0]), b"x" * 4],
    [*written(["array", "float32", [1], "<script>", 0]), b"x" * 4],
    [*written(["array", "bool", [1], "cpu", 0]), b"\x07"],
    [*written(["array", "float32", [0] + [(1 << 32) - 1] * 7, "cpu", 0]), b""],
]


@pytest.mark.parametrize("parts", NONSENSE, ids=lambda parts: repr(parts)[:60])
def test_nonsense_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(wire.WireError):
        wire.read_replies(parts, 1)


def test_depth_is_limited() -> None:
    deep: Any = ["none"]
    for _ in range(wire.MAX_DEPTH + 1):
        deep = ["list", [deep]]
    with pytest.raises(wire.WireError, match="must not be deeper"):
        wire.read_replies(written(deep), 1)


def test_10000_spoilt_replies_are_read_or_refused() -> None:
    rng = random.Random(3)
    parts = wire.write_replies(
        [Reply({"a": [1, 2.5, "x", Array(np.zeros(3, "float32"), "float32")]})]
    )
    values: list[Any] = [None, True, -1, 1e999, "float", [], {}, ["array"], ["int", "0x1"]]
    values += ["\ud800", 1 << 70]

    refused = 0
    for _ in range(10_000):
        data = json.loads(parts[0])
        for _ in range(rng.randint(1, 2)):
            node, key = rng.choice(places(data))
            node[key] = copy.deepcopy(rng.choice(values))
        spoilt = [json.dumps(data).encode(), *parts[1:]]
        if rng.random() < 0.2:
            place = rng.randrange(len(spoilt[0]))
            spoilt[0] = spoilt[0][:place] + bytes([rng.randrange(256)]) + spoilt[0][place + 1 :]
        try:
            wire.read_replies(spoilt, 1)
        except (wire.WireError, CallError):
            refused += 1
    assert 5000 < refused < 10_000


@random_input.EFFORTS
def test_any_message_is_read_or_refused(effort: int) -> None:
    array = Array(np.zeros((2, 3), "float32"), "float32")
    parts = wire.write_replies([Reply({"a": [1, 2.5, None, True, array]}, ("x",), [{"p": 0.5}])])
    count = len(places(json.loads(parts[0])))

    def check(messages: list[bytes]) -> None:
        with suppress(wire.WireError, CallError):
            wire.read_replies(messages, 1)

    def changed(place: int, value: Any) -> None:
        data = json.loads(parts[0])
        node, key = places(data)[place]
        node[key] = value
        check([json.dumps(data).encode(), *parts[1:]])

    fuzz = random_input.fuzz
    fuzz(check, st.lists(st.binary(max_size=20), max_size=3), examples=100 * effort)
    spoilt = random_input.spoilt_bytes(parts[0])
    fuzz(lambda first: check([first, *parts[1:]]), spoilt, examples=300 * effort)
    shapes = st.lists(st.integers(0, 2**32), max_size=9)
    values = random_input.VALUES | shapes
    fuzz(changed, st.integers(0, count - 1), values, examples=300 * effort)
