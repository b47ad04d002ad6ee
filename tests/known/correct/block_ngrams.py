"""Correct solutions of `block_ngrams`, written differently from the reference."""

from collections import defaultdict

import torch
from transformers import NoRepeatNGramLogitsProcessor

from autograder.exercises.known import correct


@correct()
def transformers_processor(logits, input_ids, n):
    if not n:
        return logits
    return NoRepeatNGramLogitsProcessor(n)(input_ids, logits[None])[0]


@correct()
def table_of_continuations(logits, input_ids, n):
    if n is None or n == 0:
        return logits
    ids, following = input_ids[0].tolist(), defaultdict(set)
    for end in range(n, len(ids) + 1):
        *before, last = ids[end - n : end]
        following[tuple(before)].add(last)
    banned = following[tuple(ids[-(n - 1) :]) if n > 1 else ()]
    allowed = torch.tensor([token not in banned for token in range(len(logits))])
    return torch.where(allowed, logits, float("-inf"))


@correct()
def each_token_tried(logits, input_ids, n):
    result = logits.clone()
    ids = input_ids[0].tolist()
    if n and len(ids) >= n:
        seen = {tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)}
        for token in range(len(logits)):
            if tuple([*ids, token][-n:]) in seen:
                result[token] = -torch.inf
    return result
