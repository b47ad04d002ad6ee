"""Correct solutions of `filter_top_k`, written differently from the reference."""

import numpy as np
import torch
from transformers import TopKLogitsWarper

from autograder.exercises.known import correct


@correct()
def sorted_threshold(logits, k):
    if k is None or k == 0 or k >= len(logits):
        return logits
    bound = sorted(logits.tolist(), reverse=True)[k - 1]
    result = logits.clone()
    result[logits < bound] = -float("inf")
    return result


@correct()
def kthvalue(logits, k):
    n = logits.numel()
    k = n if not k else min(k, n)
    bound = logits.float().kthvalue(n - k + 1).values
    return torch.where(logits.float() >= bound, logits, torch.tensor(float("-inf")).to(logits))


@correct()
def transformers_warper(logits, k):
    if not k:
        return logits.clone()
    return TopKLogitsWarper(top_k=k)(None, logits[None])[0]


@correct()
def counting_the_better_ones(logits, k):
    if not k:
        return logits
    better = (logits[None, :] > logits[:, None]).sum(dim=1)
    return logits.masked_fill(better >= k, float("-inf"))


@correct()
def in_numpy(logits, k):
    z = logits.numpy()
    if not k or k > len(z):
        k = len(z)
    bound = np.partition(z, -k)[-k]
    return torch.from_numpy(np.where(z >= bound, z, -np.inf).astype(z.dtype))


@correct()
def loop(logits, k):
    result = logits.clone()
    if k:
        bound = logits.sort(descending=True).values[:k][-1].item()
        for token, value in enumerate(logits.tolist()):
            if value < bound:
                result[token] = float("-inf")
    return result


@correct()
def against_the_last_of_the_best(logits, k):
    if k is None or k <= 0:
        return logits
    out = logits.clone().unsqueeze(0)
    values, _ = torch.topk(out, min(k, out.size(-1)))
    out[out < values[:, [-1]]] = -float("Inf")
    return out.squeeze(0)
