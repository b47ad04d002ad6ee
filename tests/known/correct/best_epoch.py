"""Correct solutions of `best_epoch`, written differently from the reference."""

import math

import torch

from autograder.exercises.known import correct


@correct()
def counts_down(validation_losses, patience):
    """Counts the patience that is left."""
    best, lowest, left = 1, float("inf"), patience
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest, left = epoch, loss, patience
        else:
            left -= 1
        if left == 0:
            break
    return best


@correct()
def by_index(validation_losses, patience):
    """Finds the end, and then the smallest before it."""
    seen = []
    best = 0
    for loss in validation_losses:
        seen.append(float("inf") if loss != loss else loss)
        best = seen.index(min(seen))
        if len(seen) - 1 - best >= patience:
            break
    return best + 1


@correct()
def as_a_tensor(validation_losses, patience):
    """Returns a tensor of one element."""
    best = 0
    for now in range(len(validation_losses)):
        loss = validation_losses[now]
        if loss < validation_losses[best] or (math.isnan(validation_losses[best]) and loss == loss):
            best = now
        if now - best == patience:
            break
    return torch.tensor(best + 1)
