"""Wrong solutions of `token_losses`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="losses_not_shifted")
def not_shifted(logits, labels):
    """Compares each token with the logits at its own position."""
    x, y = logits[:, 1:], labels[:, 1:]
    logs = x.log_softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_shifted_the_other_way")
def other_way(logits, labels):
    """Predicts the token before."""
    x, y = logits[:, 1:], labels[:, :-1]
    logs = x.log_softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_not_negated")
def log_probs(logits, labels):
    """Forgets the sign."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.log_softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_as_probs")
def probs(logits, labels):
    """Returns probabilities."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_one_minus_prob")
def one_minus(logits, labels):
    """Takes 1 minus the probability for the loss."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return (1 - chosen).masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_base_2")
def bits(logits, labels):
    """Measures in bits."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.softmax(-1).log2()
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_of_raw_logits")
def no_softmax(logits, labels):
    """Takes logits for log-probabilities."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_over_positions")
def over_positions(logits, labels):
    """Lets softmax run over the positions."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.log_softmax(1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0)


@wrong(fails_case=1, kind="value", misconception="losses_softmax_twice")
def softmax_twice(logits, labels):
    """Gives probabilities to cross_entropy."""
    probs = logits[:, :-1].softmax(-1).transpose(1, 2)
    return torch.nn.functional.cross_entropy(probs, labels[:, 1:], reduction="none")


@wrong(fails_case=2, kind="value", misconception="losses_padding_counted")
def counts_padding(logits, labels):
    """Counts token 0 where the label is -100."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.log_softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen


@wrong(fails_case=1, kind="value", misconception="losses_as_mean")
def divides(logits, labels):
    """Divides by the number of tokens."""
    x, y = logits[:, :-1], labels[:, 1:]
    logs = x.log_softmax(-1)
    chosen = logs.gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -chosen.masked_fill(y == -100, 0.0) / max(int((y != -100).sum()), 1)


@wrong(fails_case=2, kind="raised", misconception="raised:out of bounds")
def indexes_padding(logits, labels):
    """Takes -100 for an index."""
    logs = logits[:, :-1].log_softmax(-1)
    return -logs.gather(-1, labels[:, 1:, None])[..., 0]


@wrong(fails_case=1, kind="shape", misconception="shape")
def with_the_first(logits, labels):
    """Gives the first token a loss of 0."""
    logs = logits[:, :-1].log_softmax(-1)
    y = labels[:, 1:]
    losses = -logs.gather(-1, y.clamp(min=0)[..., None])[..., 0].masked_fill(y == -100, 0.0)
    return torch.cat([torch.zeros(len(losses), 1), losses], 1)


@wrong(fails_case=1, kind="shape", misconception="shape")
def mean(logits, labels):
    """Returns the mean of all."""
    x, y = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
    return torch.nn.functional.cross_entropy(x, y)
