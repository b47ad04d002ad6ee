"""Correct solutions of `sample_both`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def with_the_global_seed(models, input_ids, steps, seed):
    """Sets torch's own seed before each model."""
    texts = []
    for model in models:
        torch.manual_seed(seed)
        ids = input_ids.clone()
        for _ in range(steps):
            probs = model(ids).logits[:, -1].softmax(-1)
            ids = torch.cat([ids, torch.multinomial(probs, 1)], dim=1)
        texts.append(ids[0].tolist())
    return texts


@correct()
def with_a_cache(models, input_ids, steps, seed):
    """Passes only the new token on."""
    texts = []
    for model in models:
        rng, cache, new = torch.Generator().manual_seed(seed), None, input_ids
        tokens = input_ids[0].tolist()
        for _ in range(steps):
            with torch.no_grad():
                out = model(new, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            new = torch.multinomial(torch.softmax(out.logits[0, -1:], -1), 1, generator=rng)
            tokens.append(new.item())
        texts.append(tokens)
    return texts


@correct()
def by_length(models, input_ids, steps, seed):
    """Stops at the length, with weights of its own softmax."""
    texts = []
    for model in models:
        rng = torch.Generator()
        rng.manual_seed(seed)
        ids = input_ids[0]
        while len(ids) < input_ids.shape[1] + steps:
            with torch.no_grad():
                logits = model(ids[None]).logits[0, -1]
            weights = (logits - logits.max()).exp()
            ids = torch.cat([ids, torch.multinomial(weights / weights.sum(), 1, generator=rng)])
        texts.append(ids.tolist())
    return texts
