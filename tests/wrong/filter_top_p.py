"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def filter_top_p(logits, p):\n"
_OFF = _HEAD + "    if p is None or p >= 1:\n        return logits\n"
_SORT = (
    _OFF
    + "    probs, order = logits.softmax(-1).sort(descending=True)\n"
    + "    total = probs.cumsum(-1)\n"
    + "    result = logits.clone()\n"
)
_INF = "float('-inf')"
_END = f" = {_INF}\n    return result"

ANSWERS = {
    "crossing_token_dropped": (
        _SORT + "    result[order[total > p]]" + _END,
        1,
        "dropped",
        "top_p_crossing_dropped",
    ),
    "crossing_token_dropped_but_one_stays": (
        _SORT + "    result[order[1:][total[1:] > p]]" + _END,
        2,
        "dropped",
        "top_p_crossing_dropped",
    ),
    "one_too_many": (
        _SORT
        + "    drop = torch.zeros_like(order, dtype=torch.bool)\n"
        + "    drop[2:] = (total >= p)[:-2]\n"
        + "    result[order[drop]]"
        + _END,
        1,
        "kept",
    ),
    "unsorted": (
        _OFF
        + "    probs = logits.softmax(-1)\n"
        + f"    return logits.masked_fill(probs.cumsum(-1) - probs >= p, {_INF})",
        1,
        "kept",
        "top_p_unsorted",
    ),
    "ascending": (
        _OFF
        + "    probs, order = logits.softmax(-1).sort()\n"
        + "    result = logits.clone()\n"
        + "    result[order[probs.cumsum(-1) - probs >= p]]"
        + _END,
        1,
        "kept",
    ),
    "mask_not_put_back_in_order": (
        _SORT + f"    return logits.masked_fill(total - probs >= p, {_INF})",
        1,
        "kept",
    ),
    "sorted_result": (
        _SORT + f"    return logits[order].masked_fill(total - probs >= p, {_INF})",
        1,
        "kept",
    ),
    "threshold_on_each_token": (
        _OFF + f"    return logits.masked_fill(logits.softmax(-1) < 1 - p, {_INF})",
        2,
        "dropped",
        "top_p_crossing_dropped",
    ),
    "sums_logits": (
        _OFF
        + "    values, order = logits.sort(descending=True)\n"
        + "    result = logits.clone()\n"
        + "    result[order[values.cumsum(-1) - values >= p]]"
        + _END,
        2,
        "dropped",
        "top_p_crossing_dropped",
    ),
    "zero_for_dropped": (
        _SORT + "    result[order[total - probs >= p]] = 0.0\n    return result",
        1,
        "kept",
        "top_p_set_to_zero",
    ),
    "probabilities": (
        _SORT
        + f"    result[order[total - probs >= p]] = {_INF}\n"
        + "    return result.softmax(-1)",
        1,
        "kept",
        "top_p_probs",
    ),
    "in_place": (
        _SORT + f"    logits[order[total - probs >= p]] = {_INF}\n    return logits",
        1,
        "changed",
    ),
    "none_not_handled": (
        _HEAD
        + "    probs, order = logits.softmax(-1).sort(descending=True)\n"
        + "    result = logits.clone()\n"
        + "    result[order[probs.cumsum(-1) - probs >= p]]"
        + _END,
        3,
        "raised",
    ),
    "the_rest_stays": (_SORT + "    result[order[total - probs < p]]" + _END, 1, "kept"),
    "exp_without_normalising": (
        _OFF
        + "    weights, order = logits.exp().sort(descending=True)\n"
        + "    result = logits.clone()\n"
        + "    result[order[weights.cumsum(-1) - weights >= p]]"
        + _END,
        2,
        "dropped",
        "top_p_crossing_dropped",
    ),
    "complement": (
        _SORT + "    result[order[total - probs >= 1 - p]]" + _END,
        2,
        "dropped",
        "top_p_crossing_dropped",
    ),
}
