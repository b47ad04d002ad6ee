"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def top_tokens(tokenizer, probs, k):\n    values, indices = probs.topk(k)\n"
_PAIRS = "list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))"

ANSWERS = {
    "raw_tokens": (
        _HEAD + "    return list(zip(tokenizer.convert_ids_to_tokens(indices), values.tolist()))",
        1,
        "value",
        "raw_tokens",
    ),
    "ascending": (_HEAD + f"    return {_PAIRS}[::-1]", 1, "value", "least_likely_first"),
    "least_likely": (
        _HEAD.replace("topk(k)", "topk(k, largest=False)") + f"    return {_PAIRS}",
        1,
        "value",
        "least_likely",
    ),
    "one_too_few": (_HEAD + f"    return {_PAIRS}[:-1]", 1, "length"),
    "ids": (_HEAD + "    return list(zip(indices.tolist(), values.tolist()))", 1, "type"),
    "swapped": (_HEAD + f"    return [(p, t) for t, p in {_PAIRS}]", 1, "type"),
    "dictionary": (_HEAD + f"    return dict({_PAIRS})", 1, "type"),
    "texts_only": (_HEAD + f"    return [t for t, _ in {_PAIRS}]", 1, "type"),
    "stripped": (_HEAD + f"    return [(t.strip(), p) for t, p in {_PAIRS}]", 1, "value"),
    "renormalised": (
        _HEAD + f"    return [(t, p / values.sum().item()) for t, p in {_PAIRS}]",
        1,
        "value",
    ),
    "the_first_one_repeated": (_HEAD + f"    return [{_PAIRS}[0]] * k", 1, "value"),
}
