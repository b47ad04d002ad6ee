"""Correct solutions of `repetition_rate`, written differently from the reference."""

from collections import Counter

import torch

from autograder.exercises.known import correct


@correct()
def one_minus_distinct(token_ids, n):
    ngrams = list(zip(*(token_ids[i:] for i in range(n))))
    if not ngrams:
        return 0
    return 1 - len(set(ngrams)) / len(ngrams)


@correct()
def counter(token_ids, n):
    counts = Counter(tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1))
    total = sum(counts.values())
    return sum(c - 1 for c in counts.values()) / total if total else 0.0


@correct()
def looking_back(token_ids, n):
    total = max(len(token_ids) - n + 1, 0)
    repeated = 0
    for i in range(total):
        for j in range(i):
            if token_ids[j : j + n] == token_ids[i : i + n]:
                repeated += 1
                break
    return repeated / max(total, 1)


@correct()
def in_torch(token_ids, n):
    if len(token_ids) < n:
        return torch.tensor(0.0)
    ngrams = torch.tensor(token_ids).unfold(0, n, 1)
    return 1 - torch.tensor(float(len(ngrams.unique(dim=0)))) / len(ngrams)


@correct()
def texts_as_keys(token_ids, n):
    seen = {}
    again = []
    for i in range(len(token_ids) - n + 1):
        key = "-".join(str(t) for t in token_ids[i : i + n])
        again.append(key in seen)
        seen[key] = True
    return float(sum(again)) / len(again) if again else 0.0
