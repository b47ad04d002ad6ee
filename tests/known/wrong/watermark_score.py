"""Wrong solutions of `watermark_score`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="z_of_red_tokens")
def red_counted(token_ids, vocab_size, fraction, key):
    """Takes the rest of the shuffle for the green list."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[int(vocab_size * fraction) :]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction * (1 - fraction)) ** 0.5


@wrong(fails_case=1, kind="value", misconception="z_seeded_by_the_token")
def seeded_by_the_token(token_ids, vocab_size, fraction, key):
    """Seeds the list with the token itself instead of its predecessor."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * token)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction * (1 - fraction)) ** 0.5


@wrong(fails_case=3, kind="value", misconception="z_seeded_by_the_key")
def one_list_for_all(token_ids, vocab_size, fraction, key):
    """Uses the same list at every position."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction * (1 - fraction)) ** 0.5


@wrong(fails_case=1, kind="value", misconception="z_key_added")
def key_added(token_ids, vocab_size, fraction, key):
    """Adds the key to the predecessor instead of multiplying."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key + previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction * (1 - fraction)) ** 0.5


@wrong(fails_case=1, kind="value", misconception="z_as_share")
def share(token_ids, vocab_size, fraction, key):
    """Returns the share of green tokens."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return green / count


@wrong(fails_case=1, kind="value", misconception="z_as_count")
def number(token_ids, vocab_size, fraction, key):
    """Returns the number of green tokens."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return float(green)


@wrong(fails_case=1, kind="value", misconception="z_not_scaled")
def not_scaled(token_ids, vocab_size, fraction, key):
    """Forgets to divide by the standard deviation."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return green - fraction * count


@wrong(fails_case=1, kind="value", misconception="z_by_the_variance")
def variance(token_ids, vocab_size, fraction, key):
    """Divides by the variance instead of its square root."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction * (1 - fraction))


@wrong(fails_case=1, kind="value", misconception="z_of_one_more")
def all_tokens_scored(token_ids, vocab_size, fraction, key):
    """Counts the first token, which has no predecessor."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids)
    return (green - fraction * count) / (count * fraction * (1 - fraction)) ** 0.5


@wrong(fails_case=1, kind="value", misconception="z_without_the_others")
def factor_missing(token_ids, vocab_size, fraction, key):
    """Leaves 1 - fraction out of the standard deviation."""
    green = 0
    for previous, token in zip(token_ids, token_ids[1:]):
        generator = torch.Generator().manual_seed(key * previous)
        shuffled = torch.randperm(vocab_size, generator=generator).tolist()
        green += token in shuffled[: int(vocab_size * fraction)]
    count = len(token_ids) - 1
    return (green - fraction * count) / (count * fraction) ** 0.5
