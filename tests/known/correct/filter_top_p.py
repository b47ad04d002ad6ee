"""Correct solutions of `filter_top_p`, written differently from the reference."""

import numpy as np
import torch
from transformers import TopPLogitsWarper

from autograder.exercises.known import correct


@correct()
def loop(logits, p):
    if p is None:
        return logits
    probs = torch.softmax(logits.double(), dim=-1).tolist()
    result = torch.full_like(logits, float("-inf"))
    total = 0.0
    for token in sorted(range(len(probs)), key=lambda i: -probs[i]):
        result[token] = logits[token]
        total += probs[token]
        if total >= p:
            break
    return result


@correct()
def transformers_warper(logits, p):
    if p is None:
        return logits
    return TopPLogitsWarper(top_p=float(p))(None, logits[None])[0]


@correct()
def shifted_mask(logits, p):
    if p is None or p >= 1.0:
        return logits.clone()
    ordered, index = torch.sort(logits, descending=True)
    remove = ordered.float().softmax(-1).cumsum(-1) >= p
    remove[1:] = remove[:-1].clone()
    remove[0] = False
    return logits.masked_fill(remove.scatter(0, index, remove), float("-inf"))


@correct()
def numpy_and_back(logits, p):
    z = logits.numpy().astype(np.float64)
    if p is None or p >= 1:
        return logits
    w = np.exp(z - z.max())
    w = w / w.sum()
    order = np.argsort(-w)
    count = int(np.searchsorted(np.cumsum(w[order]), p)) + 1
    out = np.full_like(z, -np.inf)
    out[order[:count]] = z[order[:count]]
    return torch.from_numpy(out).to(logits.dtype)


@correct()
def threshold_that_keeps_all_ties(logits, p):
    if p is None:
        return logits
    probs = logits.float().softmax(-1)
    ordered = probs.sort(descending=True).values
    total = ordered.cumsum(-1)
    count = min(int((total < p).sum()) + 1, len(logits))
    return torch.where(probs >= ordered[count - 1], logits, float("-inf"))


@correct()
def ties_the_other_way_round(logits, p):
    if p is None:
        return logits
    probs = logits.float().softmax(-1)
    order = sorted(range(len(logits)), key=lambda i: (-probs[i].item(), -i))
    kept, total = [], 0.0
    while order and (not kept or total < p):
        kept.append(order.pop(0))
        total += probs[kept[-1]].item()
    result = torch.full_like(logits, -torch.inf)
    result[kept] = logits[kept]
    return result


@correct()
def sum_before_each_token_in_float32(logits, p):
    threshold = 1.0 if p is None else p
    probs, order = torch.sort(logits.float().softmax(-1), descending=True)
    cut = torch.cumsum(probs, dim=-1) - probs >= threshold
    cut[0] = False
    return logits.masked_fill(torch.zeros_like(cut).scatter(0, order, cut), float("-inf"))


@correct()
def sum_before_each_token_above_p(logits, p):
    if p is None:
        return logits
    ordered, order = logits.sort(descending=True)
    probs = ordered.to(torch.float32).softmax(-1)
    ordered[probs.cumsum(-1) - probs > p] = -torch.inf
    return ordered[order.argsort()]


@correct()
def from_the_least_likely_upwards(logits, p):
    if p is None:
        return logits
    ordered, order = torch.sort(logits, descending=False)
    remove = ordered.float().softmax(-1).cumsum(-1) <= 1 - p
    remove[-1:] = False
    return logits.masked_fill(remove.scatter(0, order, remove), float("-inf"))
