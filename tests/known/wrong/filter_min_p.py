"""Wrong solutions of `filter_min_p`, each with the case that must find it."""

from autograder.exercises.known import wrong


@wrong(fails_case=5, kind="dropped", misconception="min_p_absolute")
def absolute(logits, p):
    """Compares with p itself instead of p times the largest probability."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < p, float("-inf"))


@wrong(fails_case=2, kind="dropped", misconception="min_p_of_logits")
def of_logits(logits, p):
    """Compares logits instead of probabilities."""
    if not p:
        return logits
    return logits.masked_fill(logits < p * logits.max(), float("-inf"))


@wrong(fails_case=1, kind="kept", misconception="min_p_of_the_mean")
def of_the_mean(logits, p):
    """Compares with the mean probability instead of the largest."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < p * probs.mean(), float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="min_p_rest")
def the_rest_stays(logits, p):
    """Drops the tokens that should stay and keeps the rest."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs >= p * probs.max(), float("-inf"))


@wrong(fails_case=1, kind="kept", misconception=("min_p_set_to_zero", "filled"))
def zero_for_dropped(logits, p):
    """Sets dropped logits to 0, which does not rule those tokens out."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < p * probs.max(), 0.0)


@wrong(fails_case=1, kind="kept", misconception="min_p_probs")
def probabilities(logits, p):
    """Returns probabilities where logits are expected."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < p * probs.max(), float("-inf")).softmax(-1)


@wrong(fails_case=1, kind="kept", misconception="min_p_of_probs")
def filtered_probabilities(logits, p):
    """Filters and returns the probabilities instead of the logits."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return probs.masked_fill(probs < p * probs.max(), 0.0)


@wrong(fails_case=1, kind="changed", misconception="changed")
def in_place(logits, p):
    """Overwrites the caller's logits."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    logits[probs < p * probs.max()] = float("-inf")
    return logits


@wrong(fails_case=3, kind="raised", misconception="none")
def none_not_handled(logits, p):
    """Computes with `None`, which should switch the filter off."""
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < p * probs.max(), float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="min_p_as_difference")
def difference_instead_of_ratio(logits, p):
    """Subtracts p from the largest probability instead of multiplying the two."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < probs.max() - p, float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="min_p_of_the_best")
def only_the_best(logits, p):
    """Keeps only the most likely token, whatever p is."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    return logits.masked_fill(probs < probs.max(), float("-inf"))


@wrong(fails_case=1, kind="dropped", misconception="min_p_as_top_p")
def top_p(logits, p):
    """Applies top-p, which adds up probabilities instead of comparing each with the largest."""
    if not p:
        return logits
    probs = logits.softmax(-1)
    probs, order = probs.sort(descending=True)
    result = logits.clone()
    result[order[probs.cumsum(-1) - probs >= p]] = float("-inf")
    return result
