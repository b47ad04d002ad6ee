"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def apply_repetition_penalty(logits, input_ids, penalty):\n"
_OFF = _HEAD + "    if penalty is None:\n        return logits\n"
_CLONE = _OFF + "    result = logits.clone()\n"
_LOOP = _CLONE + "    for token in set(input_ids[0].tolist()):\n"

ANSWERS = {
    "divides_all": (
        _LOOP + "        result[token] /= penalty\n    return result",
        1,
        "value",
        "penalty_divides",
    ),
    "multiplies_all": (_LOOP + "        result[token] *= penalty\n    return result", 1, "value"),
    "signs_swapped": (
        _LOOP
        + "        result[token] *= penalty if result[token] > 0 else 1 / penalty\n"
        + "    return result",
        1,
        "value",
    ),
    "subtracts": (_LOOP + "        result[token] -= penalty\n    return result", 1, "value"),
    "once_per_occurrence": (
        _CLONE
        + "    for token in input_ids[0].tolist():\n"
        + "        result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result",
        2,
        "value",
        "penalty_per_occurrence",
    ),
    "only_the_last_token": (
        _CLONE
        + "    token = input_ids[0, -1]\n"
        + "    result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result",
        1,
        "value",
        "penalty_of_the_last_token",
    ),
    "only_without_the_first": (
        _CLONE
        + "    for token in set(input_ids[0, 1:].tolist()):\n"
        + "        result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result",
        1,
        "value",
        "penalty_of_the_last_token",
    ),
    "all_tokens": (
        _OFF + "    return torch.where(logits > 0, logits / penalty, logits * penalty)",
        1,
        "value",
    ),
    "the_others": (
        _OFF
        + "    changed = torch.where(logits > 0, logits / penalty, logits * penalty)\n"
        + "    changed[input_ids[0]] = logits[input_ids[0]]\n"
        + "    return changed",
        1,
        "value",
    ),
    "forbids_repetition": (
        _LOOP + "        result[token] = float('-inf')\n    return result",
        1,
        "value",
    ),
    "probabilities": (
        _LOOP
        + "        result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result.softmax(-1)",
        1,
        "value",
        "penalised_probs",
    ),
    "of_the_probabilities": (
        _OFF
        + "    probs = logits.softmax(-1)\n"
        + "    probs[input_ids[0]] /= penalty\n"
        + "    return probs",
        1,
        "value",
    ),
    "in_place": (
        _OFF
        + "    seen = logits[input_ids[0]]\n"
        + "    logits[input_ids[0]] = torch.where(seen > 0, seen / penalty, seen * penalty)\n"
        + "    return logits",
        1,
        "changed",
    ),
    "none_not_handled": (
        _HEAD
        + "    result = logits.clone()\n"
        + "    seen = logits[input_ids[0]]\n"
        + "    result[input_ids[0]] = torch.where(seen > 0, seen / penalty, seen * penalty)\n"
        + "    return result",
        3,
        "raised",
    ),
    "only_the_penalised": (
        _OFF
        + "    seen = logits[input_ids[0]]\n"
        + "    return torch.where(seen > 0, seen / penalty, seen * penalty)",
        1,
        "shape",
    ),
    "batch_dimension_added": (
        _LOOP
        + "        result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result.unsqueeze(0)",
        1,
        "shape",
    ),
    "half_precision": (
        _LOOP
        + "        result[token] *= 1 / penalty if result[token] > 0 else penalty\n"
        + "    return result.half()",
        1,
        "dtype",
    ),
}
