"""Wrong solutions of `sample_both`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


def _sampled(model, tokens, steps, rng):
    for _ in range(steps):
        with torch.no_grad():
            probs = torch.softmax(model(torch.tensor([tokens])).logits[0, -1], dim=-1)
        tokens = [*tokens, torch.multinomial(probs, 1, generator=rng).item()]
    return tokens


@wrong(fails_case=1, kind="value", misconception="both_from_one_generator", also=[_sampled])
def one_generator(models, input_ids, steps, seed):
    """All models draw from one generator, one after the other."""
    rng = torch.Generator().manual_seed(seed)
    return [_sampled(model, input_ids[0].tolist(), steps, rng) for model in models]


@wrong(fails_case=1, kind="value", misconception="both_from_one_generator", also=[_sampled])
def seeded_once(models, input_ids, steps, seed):
    """Sets torch's own seed once, for all models."""
    torch.manual_seed(seed)
    return [_sampled(model, input_ids[0].tolist(), steps, None) for model in models]


@wrong(fails_case=1, kind="value", misconception="both_in_turn", also=[_sampled])
def in_turn(models, input_ids, steps, seed):
    """The models draw in turn."""
    rng = torch.Generator().manual_seed(seed)
    texts = [input_ids[0].tolist() for _ in models]
    for _ in range(steps):
        texts = [_sampled(m, t, 1, rng) for m, t in zip(models, texts, strict=True)]
    return texts


@wrong(fails_case=1, kind="value", misconception="both_seeded_each_step", also=[_sampled])
def seeded_each_step(models, input_ids, steps, seed):
    """Makes a generator for each token."""
    texts = []
    for model in models:
        tokens = input_ids[0].tolist()
        for _ in range(steps):
            tokens = _sampled(model, tokens, 1, torch.Generator().manual_seed(seed))
        texts.append(tokens)
    return texts


@wrong(fails_case=1, kind="value", misconception="both_with_other_seeds", also=[_sampled])
def other_seeds(models, input_ids, steps, seed):
    """Gives each model a seed of its own."""
    rngs = [torch.Generator().manual_seed(seed + i) for i in range(len(models))]
    return [
        _sampled(m, input_ids[0].tolist(), steps, rng) for m, rng in zip(models, rngs, strict=True)
    ]


@wrong(fails_case=1, kind="value", misconception="both_greedy")
def greedy(models, input_ids, steps, seed):
    """Takes the most likely token."""
    texts = []
    for model in models:
        ids = input_ids
        for _ in range(steps):
            with torch.no_grad():
                ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], dim=1)
        texts.append(ids[0].tolist())
    return texts


@wrong(fails_case=1, kind="value", misconception="both_seed_ignored", also=[_sampled])
def seed_ignored(models, input_ids, steps, seed):
    """Always begins with 0."""
    return [
        _sampled(model, input_ids[0].tolist(), steps, torch.Generator().manual_seed(0))
        for model in models
    ]


@wrong(fails_case=1, kind="length", misconception="both_without_prompt", also=[_sampled])
def without_prompt(models, input_ids, steps, seed):
    """Returns the new tokens alone."""
    length = input_ids.shape[1]
    return [
        _sampled(model, input_ids[0].tolist(), steps, torch.Generator().manual_seed(seed))[length:]
        for model in models
    ]


@wrong(fails_case=1, kind="value", misconception="both_from_the_first", also=[_sampled])
def the_first_writes_all(models, input_ids, steps, seed):
    """Uses the first model throughout."""
    return [
        _sampled(models[0], input_ids[0].tolist(), steps, torch.Generator().manual_seed(seed))
        for _ in models
    ]


@wrong(fails_case=1, kind="length", misconception="both_one_after_another", also=[_sampled])
def one_after_another(models, input_ids, steps, seed):
    """Each model goes on where the one before has stopped."""
    tokens, texts = input_ids[0].tolist(), []
    for model in models:
        tokens = _sampled(model, tokens, steps, torch.Generator().manual_seed(seed))
        texts.append(tokens)
    return texts


@wrong(fails_case=1, kind="length", misconception="both_one_step_short", also=[_sampled])
def one_short(models, input_ids, steps, seed):
    """Counts the prompt's last token as a step."""
    return [
        _sampled(model, input_ids[0].tolist(), steps - 1, torch.Generator().manual_seed(seed))
        for model in models
    ]
