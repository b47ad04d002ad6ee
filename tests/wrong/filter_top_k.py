"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def filter_top_k(logits, k):\n"
_OFF = _HEAD + "    if not k:\n        return logits\n    k = min(k, len(logits))\n"
_INF = "float('-inf')"

ANSWERS = {
    "exactly_k": (
        _OFF
        + f"    result = torch.full_like(logits, {_INF})\n"
        + "    kept = logits.topk(k).indices\n"
        + "    result[kept] = logits[kept]\n"
        + "    return result",
        7,
        "dropped",
        "top_k_ties_dropped",
    ),
    "one_too_few": (
        _OFF + f"    return logits.masked_fill(logits <= logits.topk(k).values[-1], {_INF})",
        1,
        "dropped",
    ),
    "one_too_many": (
        _OFF
        + "    k = min(k + 1, len(logits))\n"
        + f"    return logits.masked_fill(logits < logits.topk(k).values[-1], {_INF})",
        1,
        "kept",
    ),
    "drops_the_k_best": (
        _OFF + f"    return logits.masked_fill(logits >= logits.topk(k).values[-1], {_INF})",
        1,
        "dropped",
    ),
    "least_likely": (
        _OFF
        + "    bound = logits.topk(k, largest=False).values[-1]\n"
        + f"    return logits.masked_fill(logits > bound, {_INF})",
        1,
        "dropped",
    ),
    "the_first_k_ids": (
        _OFF + f"    result = logits.clone()\n    result[k:] = {_INF}\n    return result",
        1,
        "dropped",
    ),
    "zero_for_dropped": (
        _OFF + "    return logits.masked_fill(logits < logits.topk(k).values[-1], 0.0)",
        1,
        "kept",
        "top_k_set_to_zero",
    ),
    "very_small_for_dropped": (
        _OFF + "    return logits.masked_fill(logits < logits.topk(k).values[-1], -1e4)",
        1,
        "kept",
    ),
    "masked_by_multiplication": (
        _OFF
        + "    kept = (logits >= logits.topk(k).values[-1]).to(logits.dtype)\n"
        + f"    return logits * kept + {_INF} * (1 - kept)",
        1,
        "finite",
    ),
    "only_the_kept": (_OFF + "    return logits.topk(k).values", 1, "shape"),
    "probabilities": (
        _OFF
        + f"    return logits.masked_fill(logits < logits.topk(k).values[-1], {_INF}).softmax(-1)",
        1,
        "kept",
        "top_k_probs",
    ),
    "in_place": (
        _OFF + f"    logits[logits < logits.topk(k).values[-1]] = {_INF}\n" + "    return logits",
        1,
        "changed",
    ),
    "zero_drops_all": (
        _HEAD
        + "    if k is None:\n        return logits\n"
        + f"    result = torch.full_like(logits, {_INF})\n"
        + "    kept = logits >= logits.sort(descending=True).values[: max(k, 1)][-1]\n"
        + "    result[kept] = logits[kept]\n"
        + f"    return result if k else torch.full_like(logits, {_INF})",
        4,
        "dropped",
        "top_k_zero_drops_all",
    ),
    "none_not_handled": (
        _HEAD
        + "    k = min(k, len(logits)) or len(logits)\n"
        + f"    return logits.masked_fill(logits < logits.topk(k).values[-1], {_INF})",
        3,
        "raised",
    ),
    "more_than_there_are": (
        _HEAD
        + "    if not k:\n        return logits\n"
        + f"    return logits.masked_fill(logits < logits.topk(k).values[-1], {_INF})",
        6,
        "raised",
    ),
    "sorted": (
        _OFF
        + "    result = logits.sort(descending=True).values\n"
        + f"    result[k:] = {_INF}\n"
        + "    return result",
        1,
        "dropped",
    ),
    "not_filtered": (_HEAD + "    return logits.clone()", 1, "kept"),
}
