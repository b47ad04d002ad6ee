"""The laws of many tokens at once are those of one token after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.checking.distribution import transform
from autograder.exercises import laws, oracle

Rng = np.random.Generator


@pytest.fixture
def rng() -> Rng:
    return np.random.default_rng(20261129)


def _text(rng: Rng) -> tuple[oracle.Floats, list[int], int]:
    """The logits before each new token, all tokens but the last, and the prompt's length."""
    size, start, new = (int(rng.integers(low, high)) for low, high in ((2, 60), (1, 8), (1, 90)))
    logits = rng.normal(0, rng.choice([0.5, 3.0, 10.0]), (new, size))
    if rng.random() < 0.3:
        logits = np.round(logits)  # ties
    if rng.random() < 0.3:
        logits[:, rng.integers(size)] = -1e4
    return logits, rng.integers(0, size, start + new - 1).tolist(), start


def _settings(rng: Rng) -> dict[str, Any]:
    return {
        "repetition_penalty": [None, 1.0, float(rng.uniform(0.5, 5))][rng.integers(3)],
        "temperature": [None, 1.0, float(rng.uniform(0.2, 3))][rng.integers(3)],
        "top_k": [None, 0, int(rng.integers(1, 70))][rng.integers(3)],
        "top_p": [None, 1.0, float(rng.uniform(0.05, 0.99))][rng.integers(3)],
        "seed": int(rng.integers(1000)),
        "eos": 0,
    }


def test_the_right_law_is_the_oracles_to_the_last_bit(rng: Rng) -> None:
    """500 random texts with random settings."""
    for _ in range(500):
        (logits, ids, start), settings = _text(rng), _settings(rng)
        found = laws.next_laws(logits, ids, start, settings)
        expected = [
            oracle.next_distribution(row, ids[: start + t], settings)
            for t, row in enumerate(logits)
        ]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", laws.__all__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of rules that leave no token
def test_each_wrong_law_sees_only_what_came_before(name: str, rng: Rng) -> None:
    """The law of each token is the one that the rule gives where the text ends there."""
    rule = getattr(laws, name)
    for _ in range(15):
        (logits, ids, start), settings = _text(rng), _settings(rng)
        found = rule(logits, ids, start, settings)
        alone = [
            rule(logits[t : t + 1], ids[: start + t], start, settings)[0]
            for t in range(len(logits))
        ]
        np.testing.assert_array_equal(found, alone)


def test_spans_of_a_penalty_count_each_token() -> None:
    logits, ids = np.full((3, 4), 8.0), [0, 1, 1, 2]  # seen: 0 1 / 0 1 1 / 0 1 1 2
    settings = {"repetition_penalty": 2.0, "eos": 0}

    def penalised(rule: laws.Sampling) -> list[list[int]]:
        found = np.log(rule(logits, ids, 2, settings))
        below = np.round(found.max(axis=1, keepdims=True) - found, 6)
        return [[int(token) for token in np.flatnonzero(row)] for row in below]

    assert penalised(laws.next_laws) == [[0, 1], [0, 1], [0, 1, 2]]
    assert penalised(laws.sampled_without_penalty) == [[], [], []]
    assert penalised(laws.sampled_with_only_generated_penalised) == [[], [1], [1, 2]]
    assert penalised(laws.sampled_with_only_the_prompt_penalised) == [[0, 1]] * 3
    assert penalised(laws.sampled_with_the_last_token_penalised) == [[1], [1], [2]]
    each = np.log(laws.sampled_with_penalty_per_occurrence(logits, ids, 2, settings))
    gaps = (each.max(axis=1, keepdims=True) - each).round(6)
    assert gaps.tolist() == [[4, 4, 0, 0], [4, 6, 0, 0], [4, 6, 4, 0]]


def test_tokens_are_placed_at_once_as_one_by_one(rng: Rng) -> None:
    probs = rng.dirichlet(np.full(7, 0.4), 40)
    tokens, spread = rng.integers(0, 7, 40), rng.random(40)
    alone = [transform(p, t, u) for p, t, u in zip(probs, tokens, spread, strict=True)]
    np.testing.assert_allclose(transform(probs, tokens, spread), alone, rtol=1e-14)
