"""Correct solutions of `top_tokens`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def other_style(tokenizer, probs, k):
    order = sorted(range(len(probs)), key=lambda i: probs[i].item(), reverse=True)
    result = []
    for i in order[:k]:
        result.append((tokenizer.decode(i), probs[i].item()))
    return result


@correct()
def argsort(tokenizer, probs, k):
    order = torch.argsort(probs, descending=True)[:k]
    return [(tokenizer.decode(i), float(probs[i])) for i in order]


@correct()
def zero_dimensional_tensors(tokenizer, probs, k):
    return [[tokenizer.decode([i]), p] for p, i in zip(*probs.topk(k))]


@correct()
def ties_the_other_way_round(tokenizer, probs, k):
    order = sorted(range(len(probs)), key=lambda i: (-probs[i].item(), -i))
    return [(tokenizer.decode([i]), probs[i].item()) for i in order[:k]]
