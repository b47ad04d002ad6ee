"""The statistics of sampled tokens: exact where they claim to be, and false alarms as stated."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from support.power import chance, critical

from autograder.checking import distribution
from autograder.checking.distribution import distance, one_sided_tail, p_value, transform


def test_the_tail_of_one_and_two_values_equals_the_formula() -> None:
    for d in (0.1, 0.5, 0.9):
        assert one_sided_tail(1, d) == pytest.approx(1 - d)
    # n = 2: D+ >= d unless x(1) > 1/2 - d and x(2) > 1 - d
    for d in (0.2, 0.4):
        area = 2 * Fraction(str(d)) * (Fraction(1, 2) + Fraction(str(d))) - Fraction(str(d)) ** 2
        assert one_sided_tail(2, d) == pytest.approx(float(1 - area))


@pytest.mark.parametrize(
    ("n", "d"), [(5, 0.50945), (10, 0.36866), (20, 0.26473), (50, 0.16959), (100, 0.12067)]
)
def test_the_tail_agrees_with_published_critical_values(n: int, d: float) -> None:
    """Miller 1956, Table of percentage points of Kolmogorov statistics, one-sided 5 %."""
    assert one_sided_tail(n, d) == pytest.approx(0.05, abs=2e-5)


def test_the_tail_stays_below_massarts_bound_and_near_it_far_out() -> None:
    for n in (64, 256, 1000):
        for exponent in (4.0, 12.0, 18.0):
            d = math.sqrt(exponent / (2 * n))
            tail = one_sided_tail(n, d)
            assert 0.3 * math.exp(-exponent) < tail <= math.exp(-exponent)


def test_the_ends_of_the_tail() -> None:
    assert one_sided_tail(10, 0.0) == 1.0
    assert one_sided_tail(10, 1.0) == 0.0
    with pytest.raises(ValueError, match="n must be at least 1, was: 0"):
        one_sided_tail(0, 0.5)
    assert p_value([]) == 1.0
    assert distance([]) == (0.0, 0.0)


def test_the_distance_is_the_largest_on_either_side() -> None:
    assert distance([0.2, 0.9])[0] == pytest.approx(0.4)  # two values, one of them below 0.9
    assert distance([0.5, 0.6, 0.7]) == (pytest.approx(0.5), 0.5)
    assert distance([0.1, 0.2, 0.3]) == (pytest.approx(0.7), 0.3)


def test_transformed_tokens_are_uniform_exactly() -> None:
    """Each token covers an interval as wide as it is likely, and together they fill [0, 1]."""
    probs = np.array([0.2, 0.5, 0.0, 0.2, 0.1])
    intervals = sorted((transform(probs, t, 0.0), transform(probs, t, 1.0)) for t in (0, 1, 3, 4))
    assert intervals[0] == (0.0, 0.5)
    for (_, end), (begin, _) in pairwise(intervals):
        assert end == pytest.approx(begin)
    assert intervals[-1][1] == pytest.approx(1.0)
    widths = {t: transform(probs, t, 1.0) - transform(probs, t, 0.0) for t in range(5)}
    assert widths == pytest.approx(dict(enumerate(probs.tolist())))


@pytest.mark.parametrize("n", [16, 256])
def test_the_measured_rate_of_false_alarms_is_the_stated_one(n: int) -> None:
    """20,000 honest texts of n tokens at a rate of 1e-2: refused within the binomial error.

    Tokens of a distribution with four atoms, as in the exercises. The bound is 4.9 standard
    errors: this test itself fails by chance once in a million seeds, and its seed is fixed.
    """
    rng = np.random.default_rng(20261124)
    runs, stated = 20_000, 1e-2
    probs = np.array([0.5, 0.25, 0.15, 0.1])
    tokens = rng.choice(4, (runs, n), p=probs)
    starts = np.array([transform(probs, t, 0.0) for t in range(4)])
    values = np.sort(starts[tokens] + rng.random((runs, n)) * probs[tokens], axis=1)
    steps = np.arange(1, n + 1) / n
    d = np.maximum((steps - values).max(axis=1), (values - steps + 1 / n).max(axis=1))
    low, high = 0.0, 1.0  # the d at which the p-value is the stated rate
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * one_sided_tail(n, middle) > stated else (low, middle)
    refused = int((d >= high).sum())
    assert d[0] == pytest.approx(distance(values[0].tolist())[0])
    assert abs(refused / runs - stated) < 4.9 * math.sqrt(stated * (1 - stated) / runs)


@pytest.mark.slow
def test_two_looks_err_as_often_as_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 honest samples and as many of a mistake, at rates that can be counted."""
    monkeypatch.setattr(distribution, "ALPHA", 1e-3)
    rng, runs, first, tokens = np.random.default_rng(20261129), 100_000, 36, 144
    right, wrong = np.array([0.6, 0.25, 0.15]), np.array([0.25, 0.45, 0.3])
    accepted, doubted = {}, {}
    for name, law in (("right", right), ("wrong", wrong)):
        starts = np.array([transform(right, token, 0.0) for token in range(3)])
        sampled = rng.choice(3, (runs, tokens), p=law)
        values = starts[sampled] + rng.random((runs, tokens)) * right[sampled]
        passed = {
            n: _distances(values[:, :n]) < critical(n, rate)
            for n, rate in ((first, distribution.DOUBT), (tokens, distribution.ALPHA))
        }
        accepted[name] = (passed[first] | passed[tokens]).mean()
        doubted[name] = 1 - passed[first].mean()
    print(f"\nhonest: {1 - accepted['right']:.1e} refused, {doubted['right']:.3f} need all tokens")
    bound = sum(
        chance(right, wrong, n, rate)
        for n, rate in ((first, distribution.DOUBT), (tokens, distribution.ALPHA))
    )
    print(f"a mistake: {accepted['wrong']:.1e} accepted, at most {bound:.1e}")
    assert 1 - accepted["right"] < 1e-3 + 4.9 * math.sqrt(1e-3 / runs)
    assert abs(doubted["right"] - 0.05) < 4.9 * math.sqrt(0.05 / runs)
    assert 1e-4 < accepted["wrong"] < bound + 4.9 * math.sqrt(bound / runs)


def _distances(values: np.ndarray) -> np.ndarray:  # (runs, n) -> (runs,)
    n = values.shape[1]
    x, steps = np.sort(values, axis=1), np.arange(1, n + 1) / n
    return np.maximum((steps - x).max(axis=1), (x - steps + 1 / n).max(axis=1))


def test_the_budget_of_a_run_is_one_in_a_million() -> None:
    assert distribution.BUDGET == 1e-6
    assert pytest.approx(distribution.BUDGET) == distribution.ALPHA * distribution.TESTS
