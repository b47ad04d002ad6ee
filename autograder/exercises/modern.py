"""References of the assignment a7_2_plus, "Decoding today": slow and obvious, as in `oracle`."""

import numpy as np
from torch import Tensor

from autograder.exercises.oracle import (
    BOUNDARY,
    Floats,
    Kept,
    all_kept,
    floats,
    log_softmax,
    needed,
    softmax,
)

# --- cutting by information ---------------------------------------------------------------------


def entropy(logits: Floats) -> float:
    """The expected surprise of the next token, in nats; a token of probability 0 adds nothing."""
    probs = softmax(logits)
    return float(-sum(p * np.log(p) for p in probs.tolist() if p > 0))


def atypical(logits: Floats) -> Floats:  # (V,)
    """The distance of each token's surprise from the expected one; inf for an impossible token."""
    distance = np.abs(-log_softmax(logits) - entropy(logits))
    return np.where(np.isfinite(logits), distance, np.inf)


def filter_typical(logits: Tensor, p: float | None) -> Kept:
    """The most typical tokens that together reach p: Meister et al. 2022 (arXiv 2202.00666).

    Most typical are those whose surprise -log p is nearest to the entropy. The token that reaches p
    stays; of those that are as far away any may stay. None, or 1 and more: all.
    """
    values = floats(logits)
    if p is None or p >= 1:
        return all_kept(values)
    distance, probs = atypical(values), softmax(values)
    order = np.argsort(distance, kind="stable")
    ranked, away = probs[order].tolist(), distance[order]
    first, last = away[needed(ranked, p - BOUNDARY) - 1], away[needed(ranked, p + BOUNDARY) - 1]
    there = np.isfinite(values)
    must = (distance < first - BOUNDARY) & there
    may = (distance <= last + BOUNDARY) & there
    # how near another sum, or another token's distance, is to the cut
    gap = np.abs(np.cumsum(ranked)[:-1] - p).min(initial=np.inf)
    others = np.abs(np.delete(away, needed(ranked, p) - 1) - first)
    gap = min(gap, others.min(initial=np.inf, where=others > BOUNDARY))  # equals: any may stay
    return Kept(must, may, max(1, int(must.sum())), float(gap))
