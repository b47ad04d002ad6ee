"""The references of a7_2_plus against transformers' own classes, on random settings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import TypicalLogitsWarper

from autograder.exercises import modern

FEW = 300
MANY = pytest.param(10_000, marks=pytest.mark.slow)
Rng = np.random.Generator


def _logits(rng: Rng) -> torch.Tensor:
    size = int(rng.integers(2, 30))
    return torch.tensor(rng.normal(0, rng.uniform(0.3, 3), size), dtype=torch.float64)


def _typical(rng: Rng) -> None:
    logits, p = _logits(rng), float(rng.uniform(0.05, 0.98))
    kept = TypicalLogitsWarper(mass=p)(None, logits[None])[0].isfinite().numpy()
    found = modern.filter_typical(logits, p)
    assert not (found.must & ~kept).any(), (logits, p)
    assert not (kept & ~found.may).any(), (logits, p)
    assert kept.sum() >= found.at_least


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("compare", [_typical])
def test_a_reference_agrees_with_transformers(compare: Callable[[Rng], None], count: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(count):
        compare(rng)
