"""Comparisons go from basic to fine and name the place of the first mismatch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checking import compare
from autograder.checking.compare import Mismatch
from autograder.exercises.oracle import Kept
from autograder.sandbox.data import Array


def _array(data: Any, dtype: str = "float32") -> Array:
    return Array(np.asarray(data, dtype=dtype), dtype)


@pytest.mark.parametrize(
    ("actual", "kind", "place"),
    [
        ([0.5, 0.5], "type", ""),
        (_array([[0.5, 0.5]]), "shape", ""),
        (_array([1, 0], "int64"), "dtype", ""),
        (_array([np.nan, 0.5]), "finite", "[0]"),
        (_array([0.5, 0.4]), "value", "[1]"),
    ],
)
def test_close_goes_from_basic_to_fine(actual: object, kind: str, place: str) -> None:
    found = compare.close(np.array([0.5, 0.5]), actual, 1e-6)
    assert found is not None
    assert (found.kind, found.place) == (kind, place)


def test_close_takes_equal_infinities_and_the_tolerance() -> None:
    expected = np.array([0.5, -np.inf])
    assert compare.close(expected, _array([0.5 + 1e-7, -np.inf]), 1e-6) is None
    assert compare.close(expected, _array([0.5, 0.0]), 1e-6) == Mismatch(
        "value", -np.inf, 0.0, "[1]"
    )


def test_close_knows_how_exact_a_dtype_is() -> None:
    third = np.array([1 / 3, 1000 / 3])
    assert compare.close(third, _array(third, "float16"), 0.0, "float16") is None
    coarse = compare.close(third, _array(third, "float16"), 0.0, "float32")
    assert coarse == Mismatch("dtype", "float32", "float16")
    assert compare.close(third, _array(third, "float64"), 0.0, "float16") is None
    off = compare.close(third, _array(third + 0.01), 0.0, "float16")
    assert off is not None
    assert off.place == "[0]"


@pytest.mark.parametrize(
    ("actual", "kind", "place"),
    [
        ([1.0, -np.inf, 0.0, -np.inf], "", ""),
        ([1.0, -np.inf, -np.inf, 0.0], "", ""),
        ([1.0, -np.inf, 0.0, 0.0], "", ""),
        ([-np.inf, -np.inf, 0.0, 0.0], "dropped", "[0]"),
        ([1.0, -np.inf, -np.inf, -np.inf], "dropped", "[2]"),
        ([1.0, -1.0, 0.0, -np.inf], "kept", "[1]"),
        ([1.0, -1e9, 0.0, -np.inf], "kept", "[1]"),
        ([2.0, -np.inf, 0.0, -np.inf], "value", "[0]"),
    ],
)
def test_kept_takes_any_of_a_tie_and_names_the_token(
    actual: list[float], kind: str, place: str
) -> None:
    logits = np.array([1.0, -1.0, 0.0, 0.0])
    must, may = np.array([True, False, False, False]), np.array([True, False, True, True])
    found = compare.kept(logits, Kept(must, may, at_least=2), _array(actual))
    assert (found is None) if not kind else (found and (found.kind, found.place) == (kind, place))


@pytest.mark.parametrize(
    ("actual", "kind"),
    [
        (0.5, ""),
        (_array(0.5), ""),
        (0, "value"),
        (True, "type"),
        ("0.5", "type"),
        (None, "type"),
        (float("nan"), "finite"),
        (_array([0.5, 0.5]), "type"),
    ],
)
def test_number_takes_numbers_alone(actual: object, kind: str) -> None:
    found = compare.number(0.5, actual, 1e-6)
    assert (found.kind if found else "") == kind


def test_truth_takes_true_and_false_only() -> None:
    assert compare.truth(True, True) is None
    for actual, kind in ((False, "value"), (1, "type"), (_array([1.0]), "type")):
        found = compare.truth(True, actual)
        assert found is not None
        assert found.kind == kind


def test_a_ranking_takes_ties_in_any_order_but_none_twice() -> None:
    candidates = [("a", 0.5), ("b", 0.2), ("c", 0.2)]
    assert compare.ranking(candidates, 2, [["a", 0.5], ["c", 0.2]], 1e-6) is None
    assert compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["b", 0.2]], 1e-6) is None
    wrong = compare.ranking(candidates, 3, [["a", 0.5], ["c", 0.2], ["c", 0.2]], 1e-6)
    assert wrong is not None
    assert wrong.place == "[2]"
