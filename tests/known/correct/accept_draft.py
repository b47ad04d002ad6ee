"""Correct solutions of `accept_draft`, written differently from the reference."""

import numpy as np
import torch

from autograder.exercises.known import correct


@correct()
def relu_of_the_difference(target_probs, draft_probs, token):
    missing = torch.relu(target_probs - draft_probs)
    total = missing.sum()
    chance = (target_probs / draft_probs)[token].clamp(max=1.0)
    return [chance, missing / total if total else target_probs]


@correct()
def by_the_overlap(target_probs, draft_probs, token):
    overlap = torch.minimum(target_probs, draft_probs)
    rest = target_probs - overlap
    if not rest.any():
        rest = target_probs
    return (overlap[token] / draft_probs[token]).item(), rest / rest.sum()


@correct()
def with_numpy(target_probs, draft_probs, token):
    p, q = target_probs.double().numpy(), draft_probs.double().numpy()
    missing = np.where(p > q, p - q, 0)
    if (p == q).all():
        missing = p
    return float(min(p[token] / q[token], 1)), torch.from_numpy(missing / missing.sum())
