"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def apply_temperature(logits, temperature):\n"
_OFF = _HEAD + "    if temperature is None:\n        return logits\n"

ANSWERS = {
    "multiplies": (_OFF + "    return logits * temperature", 1, "value", "temperature_multiplied"),
    "unchanged": (_HEAD + "    return logits", 1, "value"),
    "adds": (_OFF + "    return logits + temperature", 1, "value"),
    "probabilities": (
        _OFF + "    return (logits / temperature).softmax(-1)",
        1,
        "value",
        "tempered_probs",
    ),
    "divides_probabilities": (_OFF + "    return logits.softmax(-1) / temperature", 1, "value"),
    "in_place": (_OFF + "    logits /= temperature\n    return logits", 1, "changed"),
    "none_not_handled": (_HEAD + "    return logits / temperature", 3, "raised"),
    "none_as_zero": (_HEAD + "    return logits / max(temperature or 0, 1e-6)", 3, "value"),
    "only_positive_logits": (
        _OFF + "    return torch.where(logits > 0, logits / temperature, logits)",
        1,
        "value",
    ),
    "never_below_a_tenth": (_OFF + "    return logits / max(temperature, 0.1)", 5, "value"),
    "shifted_by_the_maximum": (
        _OFF + "    return (logits - logits.max()) / temperature",
        1,
        "value",
    ),
    "list": (_OFF + "    return (logits / temperature).tolist()", 1, "type"),
    "whole_numbers": (_OFF + "    return (logits / temperature).long()", 1, "dtype"),
    "cut_off_infinities": (_OFF + "    return (logits / temperature).clamp(min=-100)", 5, "value"),
}
