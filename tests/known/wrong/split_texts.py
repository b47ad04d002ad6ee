"""Wrong solutions of `split_texts`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=2, kind="length", misconception="split_duplicates_kept")
def duplicates(texts, fraction, seed):
    """Splits a text that occurs again as if it were another one, so it can be on both sides."""
    n = max(1, round(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed))
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=1, kind="text", misconception="split_not_shuffled")
def in_order(texts, fraction, seed):
    """Takes the first texts for validation, without shuffling."""
    texts = list(dict.fromkeys(texts))
    n = max(1, round(fraction * len(texts)))
    return texts[n:], texts[:n]


@wrong(fails_case=1, kind="length", misconception="split_sides_swapped")
def swapped(texts, fraction, seed):
    """Returns the texts for validation first."""
    texts = list(dict.fromkeys(texts))
    n = max(1, round(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[:n]], [texts[i] for i in order[n:]]


@wrong(fails_case=1, kind="text", misconception="split_from_the_end")
def last_places(texts, fraction, seed):
    """Takes the last places of the order for validation."""
    texts = list(dict.fromkeys(texts))
    n = max(1, round(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[:-n]], [texts[i] for i in order[-n:]]


@wrong(fails_case=1, kind="text", misconception="split_seed_ignored")
def one_seed(texts, fraction, seed):
    """Seeds with 0, whatever seed is."""
    texts = list(dict.fromkeys(texts))
    n = max(1, round(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(0)).tolist()
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=1, kind="length", misconception="split_rounded_down")
def cut_off(texts, fraction, seed):
    """Cuts the number of texts off where it should be rounded."""
    texts = list(dict.fromkeys(texts))
    n = max(1, int(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=3, kind="length", misconception="split_none_held")
def none_left(texts, fraction, seed):
    """Leaves no text for validation where there are few."""
    texts = list(dict.fromkeys(texts))
    n = round(fraction * len(texts))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=1, kind="length", misconception="split_fraction_trained_on")
def wrong_share(texts, fraction, seed):
    """Trains on the fraction that is for validation."""
    texts = list(dict.fromkeys(texts))
    n = max(1, round((1 - fraction) * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=1, kind="text", misconception="split_sorted")
def sorted_set(texts, fraction, seed):
    """Sorts the texts, so that their numbers are others."""
    texts = sorted(set(texts))
    n = max(1, round(fraction * len(texts)))
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]


@wrong(fails_case=1, kind="text", misconception="varies")
def with_replacement(texts, fraction, seed):
    """Draws texts with Python's own random numbers, which have no seed here."""
    import random

    texts = list(dict.fromkeys(texts))
    n = max(1, round(fraction * len(texts)))
    order = list(range(len(texts)))
    random.shuffle(order)
    return [texts[i] for i in order[n:]], [texts[i] for i in order[:n]]
