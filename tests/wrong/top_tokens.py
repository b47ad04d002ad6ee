"""Wrong answers that students give: name -> (source, kind of the mismatch)."""

_HEAD = "def top_tokens(tokenizer, probs, k):\n    values, indices = probs.topk(k)\n"
_PAIRS = "list(zip(map(tokenizer.decode, indices.tolist()), values.tolist()))"

ANSWERS = {
    "raw_tokens": (
        _HEAD + "    return list(zip(tokenizer.convert_ids_to_tokens(indices), values.tolist()))",
        "value",
    ),
    "ascending": (_HEAD + f"    return {_PAIRS}[::-1]", "value"),
    "least_likely": (
        _HEAD.replace("topk(k)", "topk(k, largest=False)") + f"    return {_PAIRS}",
        "value",
    ),
    "one_too_few": (_HEAD + f"    return {_PAIRS}[:-1]", "length"),
    "ids": (_HEAD + "    return list(zip(indices.tolist(), values.tolist()))", "type"),
    "swapped": (_HEAD + f"    return [(p, t) for t, p in {_PAIRS}]", "type"),
    "dictionary": (_HEAD + f"    return dict({_PAIRS})", "type"),
    "texts_only": (_HEAD + f"    return [t for t, _ in {_PAIRS}]", "type"),
    "stripped": (_HEAD + f"    return [(t.strip(), p) for t, p in {_PAIRS}]", "value"),
    "renormalised": (
        _HEAD + f"    return [(t, p / values.sum().item()) for t, p in {_PAIRS}]",
        "value",
    ),
    "the_first_one_repeated": (_HEAD + f"    return [{_PAIRS}[0]] * k", "value"),
}
