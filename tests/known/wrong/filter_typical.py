"""Wrong solutions of `filter_typical`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="kept", misconception="typical_as_top_p")
def top_p(logits, p):
    """Takes the most likely tokens first, which is top-p."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    result = logits.clone()
    result[order[probs.cumsum(-1) - probs >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="dropped", misconception="typical_crossing_dropped")
def crossing_token_dropped(logits, p):
    """Keeps tokens while the sum is at most p, so the token that reaches p is lost."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) > p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_farthest_first")
def farthest_first(logits, p):
    """Sorts the distances in descending order."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort(descending=True)
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_as_top_p")
def no_absolute_value(logits, p):
    """Forgets the absolute value, so that the least surprising tokens come first."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_of_probs")
def distance_of_probabilities(logits, p):
    """Compares the entropy with the probabilities instead of the surprises."""
    if p is None or p >= 1:
        return logits
    probs = logits.softmax(-1)
    entropy = torch.special.entr(probs).sum()
    order = (probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_of_the_mean")
def mean_surprise(logits, p):
    """Takes the plain mean of the surprises for the entropy."""
    if p is None or p >= 1:
        return logits
    surprise = -logits.log_softmax(-1)
    probs = logits.softmax(-1)
    order = (surprise - surprise[surprise.isfinite()].mean()).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_in_two_units")
def entropy_in_bits(logits, p):
    """Measures the entropy in bits and the surprise in nats."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum() / torch.tensor(2.0).log()
    order = (-log_probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="typical_probs")
def probabilities(logits, p):
    """Returns probabilities where logits are expected."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result.softmax(-1)


@wrong(fails_case=1, kind="kept", misconception="typical_in_sorted_places")
def kept_in_sorted_places(logits, p):
    """Applies the selection, made in the order of the distances, to the unsorted logits."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    before = probs[order].cumsum(-1) - probs[order]
    return logits.masked_fill(before >= p, float("-inf"))


@wrong(fails_case=1, kind="kept", misconception="typical_one_more")
def one_more(logits, p):
    """Keeps one token behind the one that reaches p."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    count = int((probs[order].cumsum(-1) < p).sum()) + 2
    result = torch.full_like(logits, float("-inf"))
    result[order[:count]] = logits[order[:count]]
    return result


@wrong(fails_case=1, kind="filled", misconception="filled")
def zero_for_dropped(logits, p):
    """Sets dropped logits to 0, which does not rule those tokens out."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = 0.0
    return result


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, p):
    """Overwrites the caller's logits."""
    if p is None or p >= 1:
        return logits
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    logits[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return logits


@wrong(fails_case=4, kind="raised", misconception="none")
def none_not_handled(logits, p):
    """Computes with `None`, which should switch the filter off."""
    log_probs = logits.log_softmax(-1)
    probs = log_probs.exp()
    entropy = torch.special.entr(probs).sum()
    order = (-log_probs - entropy).abs().argsort()
    result = logits.clone()
    result[order[probs[order].cumsum(-1) - probs[order] >= p]] = float("-inf")
    return result
