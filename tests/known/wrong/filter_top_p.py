"""Wrong solutions of `filter_top_p`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="dropped", misconception="top_p_crossing_dropped")
def crossing_token_dropped(logits, p):
    """Keeps tokens while the sum is at most p, so the token that reaches p is lost."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[total > p]] = float("-inf")
    return result


@wrong(fails_case=2, kind="dropped", misconception="top_p_crossing_dropped_but_one")
def crossing_token_dropped_but_one_stays(logits, p):
    """Drops the token that reaches p, unless it is the most likely one."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[1:][total[1:] > p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_one_more")
def one_too_many(logits, p):
    """Keeps one token more after the one that reaches p."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    drop = torch.zeros_like(order, dtype=torch.bool)
    drop[2:] = (total >= p)[:-2]
    result[order[drop]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_unsorted")
def unsorted(logits, p):
    """Adds up the probabilities in the order of the ids, not from the most likely down."""
    if p is None or p >= 1:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs.cumsum(-1) - probs >= p, float("-inf"))


@wrong(fails_case=1, kind="kept", misconception="top_p_ascending")
def ascending(logits, p):
    """Adds up the probabilities from the least likely token up."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort()
    result = logits.clone()
    result[order[probs.cumsum(-1) - probs >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_in_sorted_places")
def mask_not_put_back_in_order(logits, p):
    """Applies the mask of the sorted tokens to the unsorted logits."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    return logits.masked_fill(total - probs >= p, float("-inf"))


@wrong(fails_case=1, kind="kept", misconception="top_p_sorted")
def sorted_result(logits, p):
    """Returns the logits in sorted order, so they no longer belong to their ids."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    return logits[order].masked_fill(total - probs >= p, float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="top_p_each_above_rest")
def threshold_on_each_token(logits, p):
    """Compares each probability with 1 - p instead of their running sum with p."""
    if p is None or p >= 1:
        return logits
    return logits.masked_fill(logits.softmax(-1) < 1 - p, float("-inf"))


@wrong(fails_case=2, kind="dropped", misconception="top_p_of_logits")
def sums_logits(logits, p):
    """Adds up logits instead of probabilities."""
    if p is None or p >= 1:
        return logits
    values, order = logits.sort(descending=True)
    result = logits.clone()
    result[order[values.cumsum(-1) - values >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception=("top_p_set_to_zero", "filled"))
def zero_for_dropped(logits, p):
    """Sets dropped logits to 0, which does not rule those tokens out."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[total - probs >= p]] = 0.0
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_probs")
def probabilities(logits, p):
    """Returns probabilities where logits are expected."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[total - probs >= p]] = float("-inf")
    return result.softmax(-1)


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, p):
    """Overwrites the caller's logits."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    logits[order[total - probs >= p]] = float("-inf")
    return logits


@wrong(fails_case=3, kind="raised", misconception="none")
def none_not_handled(logits, p):
    """Computes with `None`, which should switch the filter off."""
    probs, order = logits.softmax(-1).sort(descending=True)
    result = logits.clone()
    result[order[probs.cumsum(-1) - probs >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_rest")
def the_rest_stays(logits, p):
    """Drops the tokens that should stay and keeps the rest."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[total - probs < p]] = float("-inf")
    return result


@wrong(fails_case=2, kind="dropped", misconception="top_p_of_weights")
def exp_without_normalising(logits, p):
    """Adds up exponentials that were not normalised to probabilities."""
    if p is None or p >= 1:
        return logits
    weights, order = logits.exp().sort(descending=True)
    result = logits.clone()
    result[order[weights.cumsum(-1) - weights >= p]] = float("-inf")
    return result


@wrong(fails_case=1, kind="kept", misconception="top_p_inverted")
def complement(logits, p):
    """Keeps a share of 1 - p instead of p."""
    if p is None or p >= 1:
        return logits
    probs, order = logits.softmax(-1).sort(descending=True)
    total = probs.cumsum(-1)
    result = logits.clone()
    result[order[total - probs >= 1 - p]] = float("-inf")
    return result
