"""Correct solutions of `perplexity`, written differently from the reference."""

import math

import torch

from autograder.exercises.known import correct


@correct()
def by_tensors(losses, counts):
    """Multiplies tensors."""
    losses, counts = torch.tensor(losses), torch.tensor(counts)
    return ((losses * counts).sum() / counts.sum()).exp().item()


@correct()
def by_a_loop(losses, counts):
    """Adds up in a loop."""
    total, tokens = 0.0, 0
    for loss, count in zip(losses, counts):
        total += loss * count
        tokens += count
    return math.e ** (total / tokens)


@correct()
def by_numpy(losses, counts):
    """Lets numpy weigh the mean."""
    import numpy as np

    return float(np.exp(np.average(losses, weights=counts)))
