"""Correct solutions of `split_texts`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def by_a_loop(texts, fraction, seed):
    """Collects the different texts in a loop, and both sides by position."""
    different = []
    for text in texts:
        if text not in different:
            different.append(text)
    generator = torch.Generator()
    generator.manual_seed(seed)
    mixed = [different[i] for i in torch.randperm(len(different), generator=generator)]
    held = round(fraction * len(mixed)) or 1
    return [mixed[held:], mixed[:held]]


@correct()
def by_sets(texts, fraction, seed):
    """Decides for each number on which side it is."""
    known = list(dict.fromkeys(texts))
    rng = torch.Generator().manual_seed(seed)
    order = [int(i) for i in torch.randperm(len(known), generator=rng)]
    validation = order[: max(round(len(known) * fraction), 1)]
    return (
        [known[i] for i in order if i not in validation],
        [known[i] for i in validation],
    )


@correct()
def with_numpy(texts, fraction, seed):
    """Shuffles an array of texts."""
    import numpy as np

    different = np.array(list(dict.fromkeys(texts)), dtype=object)
    rng = torch.Generator().manual_seed(seed)
    mixed = different[torch.randperm(len(different), generator=rng).numpy()]
    n = max(1, round(fraction * len(different)))
    return mixed[n:].tolist(), mixed[:n].tolist()
