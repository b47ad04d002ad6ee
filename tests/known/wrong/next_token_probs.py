"""Wrong solutions of `next_token_probs`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="raw_logits")
def raw_logits(model, input_ids):
    """Returns logits instead of probabilities."""
    logits = model(input_ids).logits.detach()
    return logits[0, -1]


@wrong(fails_case=1, kind="value", misconception="log_probs")
def log_probs(model, input_ids):
    """Returns log-probabilities instead of probabilities."""
    logits = model(input_ids).logits.detach()
    return logits[0, -1].log_softmax(-1)


@wrong(fails_case=1, kind="value", misconception="softmax_twice")
def softmax_twice(model, input_ids):
    """Applies softmax twice, which flattens the distribution."""
    logits = model(input_ids).logits.detach()
    return logits[0, -1].softmax(-1).softmax(-1)


@wrong(fails_case=1, kind="value", misconception="first_position")
def first_position(model, input_ids):
    """Reads the first position instead of the last."""
    logits = model(input_ids).logits.detach()
    return logits[0, 0].softmax(-1)


@wrong(fails_case=1, kind="shape", misconception="shape")
def batch_dimension_kept(model, input_ids):
    """Returns probabilities of shape (1, V) instead of (V,)."""
    logits = model(input_ids).logits.detach()
    return logits[:, -1].softmax(-1)


@wrong(fails_case=1, kind="shape", misconception="shape")
def all_positions(model, input_ids):
    """Returns the probabilities at every position instead of the last one only."""
    logits = model(input_ids).logits.detach()
    return logits[0].softmax(-1)


@wrong(fails_case=1, kind="value", misconception="over_positions")
def softmax_over_positions(model, input_ids):
    """Normalises over the positions instead of the vocabulary."""
    logits = model(input_ids).logits.detach()
    return logits[0].softmax(0)[-1]


@wrong(fails_case=1, kind="dtype", misconception="dtype")
def one_hot(model, input_ids):
    """Marks the most likely token with 1 instead of returning probabilities."""
    logits = model(input_ids).logits.detach()
    return torch.nn.functional.one_hot(logits[0, -1].argmax(), logits.shape[-1])


@wrong(fails_case=1, kind="type", misconception="type")
def returns_a_list(model, input_ids):
    """Returns a list instead of a tensor."""
    logits = model(input_ids).logits.detach()
    return logits[0, -1].softmax(-1).tolist()


@wrong(fails_case=1, kind="finite", misconception="finite")
def nan(model, input_ids):
    """Returns NaN for every token."""
    logits = model(input_ids).logits.detach()
    return logits[0, -1].softmax(-1) * float("nan")


@wrong(fails_case=1, kind="value")
def half_temperature(model, input_ids):
    """Sharpens the distribution with a temperature of 0.5."""
    logits = model(input_ids).logits.detach()
    return (logits[0, -1] / 0.5).softmax(-1)
