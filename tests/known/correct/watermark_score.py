"""Correct solutions of `watermark_score`, written differently from the reference."""

import math

import torch

from autograder.exercises.known import correct


@correct()
def list_of_colours(token_ids, vocab_size, fraction, key):
    size, greens = int(fraction * vocab_size), []
    for i in range(1, len(token_ids)):
        torch.manual_seed(key * token_ids[i - 1])
        greens.append(token_ids[i] in torch.randperm(vocab_size)[:size])
    n = len(greens)
    return (sum(greens) - n * fraction) / math.sqrt(n * fraction * (1 - fraction))


@correct()
def place_in_the_shuffle(token_ids, vocab_size, fraction, key):
    generator, green, total = torch.Generator(), 0, 0
    previous = None
    for token in token_ids:
        if previous is not None:
            generator.manual_seed(previous * key)
            shuffled = torch.randperm(vocab_size, generator=generator).tolist()
            green += shuffled.index(token) < int(vocab_size * fraction)
            total += 1
        previous = token
    return (green / total - fraction) / (fraction * (1 - fraction) / total) ** 0.5


@correct()
def in_tensors(token_ids, vocab_size, fraction, key):
    ids = torch.tensor(token_ids)
    lists = [
        torch.randperm(vocab_size, generator=torch.Generator().manual_seed(key * int(p)))
        for p in ids[:-1]
    ]
    green = torch.stack(lists)[:, : int(vocab_size * fraction)]
    hits = (green == ids[1:, None]).any(dim=1).double()
    return (
        (hits.sum() - fraction * len(hits)) / (len(hits) * fraction * (1 - fraction)) ** 0.5
    ).item()
