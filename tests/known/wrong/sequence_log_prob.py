"""Wrong solutions of `sequence_log_prob`, each with the case that must find it."""

import math

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="log_prob_not_shifted")
def not_shifted(model, input_ids, prompt_length):
    """Reads a token's probability at its own position instead of the one before."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n), ids]
    return chosen[prompt_length:].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_of_the_prompt_too")
def prompt_counted(model, input_ids, prompt_length):
    """Includes the tokens of the prompt."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    return logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_from_one_earlier")
def one_token_too_many(model, input_ids, prompt_length):
    """Includes the last token of the prompt."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    return chosen[max(prompt_length - 2, 0) :].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_from_one_later")
def one_token_too_few(model, input_ids, prompt_length):
    """Leaves out the first new token."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen[1:].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_without_the_last")
def last_token_forgotten(model, input_ids, prompt_length):
    """Leaves out the last token."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen[:-1].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_mean")
def mean(model, input_ids, prompt_length):
    """Returns the mean instead of the sum."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen.mean().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_mean")
def mean_or_zero(model, input_ids, prompt_length):
    """Returns the mean instead of the sum, and 0 if there are no new tokens."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen.sum().item() / max(len(chosen), 1)


@wrong(fails_case=1, kind="value", misconception="log_prob_as_probability")
def probability(model, input_ids, prompt_length):
    """Returns the probability instead of its logarithm."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen.exp().prod().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_negated")
def negative(model, input_ids, prompt_length):
    """Returns the negative log-probability, which is a loss."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return -chosen.sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_base_2")
def base_2(model, input_ids, prompt_length):
    """Takes logarithms to base 2 instead of natural ones."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return (chosen / torch.tensor(2.0).log()).sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_of_raw_logits")
def sum_of_logits(model, input_ids, prompt_length):
    """Adds up raw logits instead of log-probabilities."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits[torch.arange(n - 1), ids[1:]]
    return chosen[prompt_length - 1 :].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_sum_of_probs")
def sum_of_probabilities(model, input_ids, prompt_length):
    """Adds up probabilities instead of log-probabilities."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen.exp().sum().item()


@wrong(fails_case=6, kind="finite", misconception="finite")
def log_of_the_product(model, input_ids, prompt_length):
    """Multiplies probabilities first, which underflows to 0 for a long text."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen.exp().prod().log().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_over_positions")
def softmax_over_positions(model, input_ids, prompt_length):
    """Normalises over the positions instead of the vocabulary."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(0)[torch.arange(n - 1), ids[1:]]
    return chosen[prompt_length - 1 :].sum().item()


@wrong(fails_case=1, kind="type", misconception="type")
def one_number_a_token(model, input_ids, prompt_length):
    """Returns one number per token instead of their sum."""
    logits = model(input_ids).logits[0].detach()
    ids = input_ids[0]
    n = len(ids)
    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]
    chosen = chosen[prompt_length - 1 :]
    return chosen


@wrong(fails_case=1, kind="value", misconception="log_prob_of_likeliest")
def most_likely_tokens(model, input_ids, prompt_length):
    """Scores the most likely tokens instead of those of the text."""
    logits = model(input_ids).logits[0].detach()
    best = logits.log_softmax(-1).max(-1).values
    return best[prompt_length - 1 : -1].sum().item()


@wrong(fails_case=1, kind="value", misconception="log_prob_of_pairs")
def only_the_last_as_context(model, input_ids, prompt_length):
    """Shows the model only the previous token instead of the text so far."""
    total = 0.0
    for i in range(prompt_length, input_ids.shape[1]):
        logits = model(input_ids[:, i - 1 : i]).logits[0, -1].detach()
        total += logits.log_softmax(-1)[input_ids[0, i]].item()
    return total


@wrong(fails_case=6, kind="raised", misconception="raised:math domain error")
def log_of_the_product_in_float64(model, input_ids, prompt_length):
    """Multiplies probabilities as Python floats, whose product is 0 for a long text as well."""
    probs = model(input_ids).logits[0].detach().softmax(-1)
    product = 1.0
    for i in range(prompt_length, input_ids.shape[1]):
        product *= probs[i - 1, input_ids[0, i]].item()
    return math.log(product)


@wrong(fails_case=6, kind="value")
def log_of_the_product_kept_above_zero(model, input_ids, prompt_length):
    """Multiplies probabilities and adds 1e-300 before the logarithm."""
    probs = model(input_ids).logits[0].detach().double().softmax(-1)
    chosen = probs[:-1].gather(1, input_ids[0, 1:, None])[prompt_length - 1 :]
    return (chosen.prod() + 1e-300).log().item()


@wrong(fails_case=6, kind="value")
def clamped(model, input_ids, prompt_length):
    """Raises every probability to at least 1e-9, which hides how unlikely a token is."""
    probs = model(input_ids).logits[0].detach().softmax(-1).clamp(min=1e-9)
    chosen = probs[:-1].gather(1, input_ids[0, 1:, None])[prompt_length - 1 :]
    return chosen.log().sum().item()
