"""Correct solutions of `filter_typical`, written differently from the reference."""

import math

import torch
from transformers import TypicalLogitsWarper

from autograder.exercises.known import correct


@correct()
def transformers_warper(logits, p):
    if p is None or p >= 1:
        return logits
    return TypicalLogitsWarper(mass=p)(None, logits[None])[0]


@correct()
def loop(logits, p):
    if p is None:
        return logits
    probs = logits.double().softmax(-1).tolist()
    entropy = -sum(q * math.log(q) for q in probs if q > 0)
    possible = [i for i, q in enumerate(probs) if q > 0]
    possible.sort(key=lambda i: abs(-math.log(probs[i]) - entropy))
    result, total = torch.full_like(logits, -float("inf")), 0.0
    for i in possible:
        if total >= p:
            break
        result[i] = logits[i]
        total += probs[i]
    return result


@correct()
def in_bits(logits, p):
    if p is None or p >= 1:
        return logits
    probs = logits.float().softmax(-1)
    bits = -probs.log2()
    entropy = (probs * bits).nansum()
    order = (bits - entropy).abs().argsort(stable=True)
    number = int((probs[order].cumsum(0) < p).sum()) + 1
    kept = torch.zeros(len(logits), dtype=torch.bool)
    kept[order[:number]] = True
    return torch.where(kept, logits, -torch.inf)
