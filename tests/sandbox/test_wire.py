"""What crosses between worker and kernel: it arrives as it was, and nonsense does not arrive."""

from __future__ import annotations

import copy
import json
import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from conftest import places

from autograder.checking.compare import Array
from autograder.sandbox import wire
from autograder.sandbox.student import Answer, CallError, Opaque, plain

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
    (answer,) = wire.read_reply(wire.write_answers([Answer(value)]), 1)
    return answer.value


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


def test_several_answers_with_their_arrays_and_reports() -> None:
    arrays = [Array(np.arange(n, dtype="float32"), "float32") for n in (0, 3, 5)]
    answers = [Answer(a, ("logits",), [{"top_k": None, "p": 0.5}]) for a in arrays]
    found = wire.read_reply(wire.write_answers(answers), 3)
    assert [a.value.data.tolist() for a in found] == [a.data.tolist() for a in arrays]
    assert found[0].changed == ("logits",)
    assert found[2].reports == [{"top_k": None, "p": 0.5}]


def test_an_error_arrives_with_its_call() -> None:
    with pytest.raises(CallError) as caught:
        wire.read_reply(wire.write_error("raised", "ValueError: \x1b[2J" + "x" * 5000, 2), 3)
    assert (caught.value.kind, caught.value.number) == ("raised", 2)
    assert caught.value.detail.startswith("ValueError: [2J")
    assert len(caught.value.detail) <= 2000


def test_what_is_too_large_is_not_sent() -> None:
    with pytest.raises(wire.WireError, match="must not be larger than 8,000,000 bytes"):
        wire.write_answers([Answer("x" * wire.MOST_BYTES)])


def reply(value: Any, **changed: Any) -> list[bytes]:
    return [json.dumps([{"value": value, "changed": [], "reports": [], **changed}]).encode()]


NONSENSE: list[list[bytes]] = [
    [],
    [b""],
    [b"\xff"],
    [b"null"],
    [b"[" * 100_000],
    [b"[]"],
    [b"[1]"],
    [b"x" * (wire.MOST_BYTES + 1)],
    [b'{"error": "passed", "detail": "", "number": 0}'],
    [b'{"error": [], "detail": "", "number": 0}'],
    [b'{"error": "raised", "detail": 5, "number": 0}'],
    [b'{"error": "raised", "detail": "", "number": true}'],
    [b'{"error": "raised", "detail": "", "number": 7}'],
    reply(["none"], changed=[["x"]]),
    reply(["none"], changed=["not a name"]),
    reply(["none"], reports=[["int", "0x1"]]),
    reply(["none"], reports=5),
    reply(1.0),
    reply(["bool", 1]),
    reply(["int", 5]),
    reply(["int", "5.3"]),
    reply(["int", "1" * 1000]),
    reply(["float", 0.5]),
    reply(["float", "nonsense"]),
    reply(["str", ["x"]]),
    reply(["str", "x" * (wire.MOST_TEXT + 1)]),
    reply(["dict", [["key"]]]),
    reply(["dict", [[1, ["none"]]]]),
    reply(["list", [["none"]] * (wire.MOST_PARTS + 1)]),
    [*reply(["array", "object", [1], "cpu", 0]), b"x" * 8],
    [*reply(["array", "float32", [1], "cpu", 7]), b"x" * 4],
    [*reply(["array", "float32", [1], "cpu", -1]), b"x" * 4],
    [*reply(["array", "float32", [1], "cpu", True]), b"x" * 4, b"x" * 4],
    [*reply(["array", "float32", [1 << 40], "cpu", 0]), b"x" * 4],
    [*reply(["array", "float32", [1, -1], "cpu", 0]), b"x" * 4],
    [*reply(["array", "float32", [2], "cpu", 0]), b"x" * 4],
    [*reply(["array", "float32", [1] * 9, "cpu", 0]), b"x" * 4],
    [*reply(["array", "float32", [1], "<script>", 0]), b"x" * 4],
    [*reply(["array", "bool", [1], "cpu", 0]), b"\x07"],
]


@pytest.mark.parametrize("parts", NONSENSE, ids=lambda parts: repr(parts)[:60])
def test_nonsense_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(wire.WireError):
        wire.read_reply(parts, 1)


def test_depth_is_limited() -> None:
    deep: Any = ["none"]
    for _ in range(wire.DEEPEST + 1):
        deep = ["list", [deep]]
    with pytest.raises(wire.WireError, match="must not be deeper"):
        wire.read_reply(reply(deep), 1)


def test_10000_spoilt_replies_are_read_or_refused_and_nothing_else_happens() -> None:
    rng = random.Random(3)
    parts = wire.write_answers(
        [Answer({"a": [1, 2.5, "x", Array(np.zeros(3, "float32"), "float32")]})]
    )
    values = [None, True, -1, 1e999, "float", [], {}, ["array"], ["int", "0x1"], "\ud800", 1 << 70]

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
            wire.read_reply(spoilt, 1)
        except (wire.WireError, CallError):
            refused += 1
    assert 5000 < refused < 10_000
