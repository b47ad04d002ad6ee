"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def filter_min_p(logits, p):\n"
_OFF = _HEAD + "    if not p:\n        return logits\n    probs = logits.softmax(-1)\n"
_INF = "float('-inf')"

ANSWERS = {
    "absolute": (
        _OFF + f"    return logits.masked_fill(probs < p, {_INF})",
        5,
        "dropped",
        "min_p_absolute",
    ),
    "of_logits": (
        _OFF + f"    return logits.masked_fill(logits < p * logits.max(), {_INF})",
        2,
        "dropped",
        "min_p_of_logits",
    ),
    "of_the_mean": (
        _OFF + f"    return logits.masked_fill(probs < p * probs.mean(), {_INF})",
        1,
        "kept",
    ),
    "the_rest_stays": (
        _OFF + f"    return logits.masked_fill(probs >= p * probs.max(), {_INF})",
        1,
        "dropped",
    ),
    "zero_for_dropped": (
        _OFF + "    return logits.masked_fill(probs < p * probs.max(), 0.0)",
        1,
        "kept",
    ),
    "probabilities": (
        _OFF + f"    return logits.masked_fill(probs < p * probs.max(), {_INF}).softmax(-1)",
        1,
        "kept",
        "min_p_probs",
    ),
    "filtered_probabilities": (
        _OFF + "    return probs.masked_fill(probs < p * probs.max(), 0.0)",
        1,
        "kept",
    ),
    "in_place": (
        _OFF + f"    logits[probs < p * probs.max()] = {_INF}\n    return logits",
        1,
        "changed",
    ),
    "none_not_handled": (
        _HEAD
        + "    probs = logits.softmax(-1)\n"
        + f"    return logits.masked_fill(probs < p * probs.max(), {_INF})",
        3,
        "raised",
    ),
    "difference_instead_of_ratio": (
        _OFF + f"    return logits.masked_fill(probs < probs.max() - p, {_INF})",
        1,
        "dropped",
    ),
    "only_the_best": (
        _OFF + f"    return logits.masked_fill(probs < probs.max(), {_INF})",
        1,
        "dropped",
    ),
    "top_p": (
        _OFF
        + "    probs, order = probs.sort(descending=True)\n"
        + "    result = logits.clone()\n"
        + f"    result[order[probs.cumsum(-1) - probs >= p]] = {_INF}\n"
        + "    return result",
        1,
        "dropped",
    ),
}
