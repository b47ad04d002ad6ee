"""Correct solutions of `apply_count_penalties`, written differently from the reference."""

from collections import Counter

import torch

from autograder.exercises.known import correct


@correct()
def counter(logits, input_ids, prompt_length, frequency, presence):
    result = logits.clone()
    for token, count in Counter(input_ids[0, prompt_length:].tolist()).items():
        result[token] -= count * (frequency or 0.0)
        result[token] -= presence or 0.0
    return result


@correct()
def token_by_token(logits, input_ids, prompt_length, frequency, presence):
    values, seen = logits.double().tolist(), set()
    for token in input_ids[0].tolist()[prompt_length:]:
        if frequency is not None:
            values[token] -= frequency
        if presence is not None and token not in seen:
            values[token] -= presence
        seen.add(token)
    return torch.tensor(values, dtype=torch.float64)


@correct()
def scattered(logits, input_ids, prompt_length, frequency, presence):
    new = input_ids[0, prompt_length:]
    counts = torch.zeros(len(logits), dtype=logits.dtype)
    counts = counts.scatter_add(0, new, torch.ones(len(new), dtype=logits.dtype))
    if frequency is not None:
        logits = logits - frequency * counts
    if presence is not None:
        logits = logits - presence * counts.clamp(max=1)
    return logits
