"""Correct solutions of `filter_min_p`, written differently from the reference."""

import math

import torch
from transformers import MinPLogitsWarper

from autograder.exercises.known import correct


@correct()
def in_logits(logits, p):
    if p is None or p == 0:
        return logits
    return logits.masked_fill(logits < logits.max() + math.log(p), float("-inf"))


@correct()
def transformers_warper(logits, p):
    if not p:
        return logits
    return MinPLogitsWarper(min_p=p)(None, logits[None])[0]


@correct()
def loop(logits, p):
    probs = logits.double().softmax(-1).tolist()
    result = logits.clone()
    for token, probability in enumerate(probs):
        if probability < (p or 0) * max(probs):
            result[token] = -float("inf")
    return result


@correct()
def ratio_to_the_best(logits, p):
    ratio = (logits.float() - logits.float().max()).exp()
    return torch.where(ratio >= (p or 0.0), logits, float("-inf"))


@correct()
def in_log_space(logits, p):
    if not p:
        return logits
    log_probs = torch.log_softmax(logits.float(), dim=-1)
    least = log_probs.max() + torch.log(torch.tensor(p))
    return torch.where(log_probs < least, torch.full_like(logits, float("-inf")), logits)
