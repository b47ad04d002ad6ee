"""Wrong solutions of `filter_top_k`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=7, kind="dropped", misconception="top_k_ties_dropped")
def exactly_k(logits, k):
    """Keeps exactly k tokens, although tokens tied with the k-th should stay too."""
    if not k:
        return logits
    k = min(k, len(logits))
    result = torch.full_like(logits, float("-inf"))
    kept = logits.topk(k).indices
    result[kept] = logits[kept]
    return result


@wrong(fails_case=1, kind="dropped", misconception="top_k_one_less")
def one_too_few(logits, k):
    """Drops the k-th token as well."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.masked_fill(logits <= logits.topk(k).values[-1], float("-inf"))


@wrong(fails_case=1, kind="kept", misconception="top_k_one_more")
def one_too_many(logits, k):
    """Keeps k + 1 tokens."""
    if not k:
        return logits
    k = min(k + 1, len(logits))
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="top_k_inverted")
def drops_the_k_best(logits, k):
    """Drops the k most likely tokens and keeps the rest."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.masked_fill(logits >= logits.topk(k).values[-1], float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="top_k_of_the_least")
def least_likely(logits, k):
    """Keeps the k least likely tokens."""
    if not k:
        return logits
    k = min(k, len(logits))
    bound = logits.topk(k, largest=False).values[-1]
    return logits.masked_fill(logits > bound, float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="top_k_of_the_first")
def the_first_k_ids(logits, k):
    """Keeps the first k ids of the vocabulary, however unlikely they are."""
    if not k:
        return logits
    k = min(k, len(logits))
    result = logits.clone()
    result[k:] = float("-inf")
    return result


@wrong(fails_case=1, kind="filled", misconception="filled")
def zero_for_dropped(logits, k):
    """Sets dropped logits to 0, which does not rule those tokens out."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.masked_fill(logits < logits.topk(k).values[-1], 0.0)


@wrong(fails_case=1, kind="filled", misconception="filled")
def very_small_for_dropped(logits, k):
    """Sets dropped logits to a very small number instead of minus infinity."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.masked_fill(logits < logits.topk(k).values[-1], -1e4)


@wrong(fails_case=1, kind="finite", misconception="finite")
def masked_by_multiplication(logits, k):
    """Multiplies infinity by 0 for the tokens that stay, which gives NaN."""
    if not k:
        return logits
    k = min(k, len(logits))
    kept = (logits >= logits.topk(k).values[-1]).to(logits.dtype)
    return logits * kept + float("-inf") * (1 - kept)


@wrong(fails_case=1, kind="shape", misconception="shape")
def only_the_kept(logits, k):
    """Returns only the k largest logits, not the whole vocabulary."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.topk(k).values


@wrong(fails_case=1, kind="kept", misconception="top_k_probs")
def probabilities(logits, k):
    """Returns probabilities where logits are expected."""
    if not k:
        return logits
    k = min(k, len(logits))
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf")).softmax(-1)


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, k):
    """Overwrites the caller's logits."""
    if not k:
        return logits
    k = min(k, len(logits))
    logits[logits < logits.topk(k).values[-1]] = float("-inf")
    return logits


@wrong(fails_case=4, kind="dropped", misconception="top_k_zero_drops_all")
def zero_drops_all(logits, k):
    """Drops every token for k = 0, which should switch the filter off."""
    if k is None:
        return logits
    result = torch.full_like(logits, float("-inf"))
    kept = logits >= logits.sort(descending=True).values[: max(k, 1)][-1]
    result[kept] = logits[kept]
    return result if k else torch.full_like(logits, float("-inf"))


@wrong(fails_case=3, kind="raised", misconception="none")
def none_not_handled(logits, k):
    """Computes with `None`, which should switch the filter off."""
    k = min(k, len(logits)) or len(logits)
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf"))


@wrong(fails_case=6, kind="raised", misconception="raised:out of range")
def more_than_there_are(logits, k):
    """Fails if k is larger than the vocabulary."""
    if not k:
        return logits
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="top_k_sorted")
def sorted_logits(logits, k):
    """Returns the logits in sorted order, so they no longer belong to their ids."""
    if not k:
        return logits
    k = min(k, len(logits))
    result = logits.sort(descending=True).values
    result[k:] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_k_ignored")
def not_filtered(logits, k):
    """Returns all logits as they are."""
    return logits.clone()


@wrong(fails_case=6, kind="value")
def off_above_the_vocabulary(logits, k):
    """Returns nothing but zeros if k is larger than the vocabulary."""
    if not k:
        return logits
    if k > len(logits):
        return torch.zeros_like(logits)
    return logits.masked_fill(logits < logits.topk(k).values[-1], float("-inf"))
