"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = (
    "def repetition_rate(token_ids, n):\n"
    "    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]\n"
)
_SAFE = _HEAD + "    if not ngrams:\n        return 0.0\n"

ANSWERS = {
    "first_occurrence_counted": (
        _SAFE + "    return sum(ngrams.count(g) > 1 for g in ngrams) / len(ngrams)",
        1,
        "value",
        "repetition_first_counted",
    ),
    "distinct": (
        _SAFE + "    return len(set(ngrams)) / len(ngrams)",
        1,
        "value",
        "repetition_as_distinct",
    ),
    "divided_by_tokens": (
        _SAFE + "    return (len(ngrams) - len(set(ngrams))) / len(token_ids)",
        1,
        "value",
        "repetition_by_tokens",
    ),
    "divided_by_distinct": (
        _SAFE + "    return (len(ngrams) - len(set(ngrams))) / len(set(ngrams))",
        1,
        "value",
        "repetition_by_distinct",
    ),
    "number_instead_of_share": (_SAFE + "    return len(ngrams) - len(set(ngrams))", 1, "value"),
    "percent": (
        _SAFE + "    return 100 * (len(ngrams) - len(set(ngrams))) / len(ngrams)",
        1,
        "value",
    ),
    "which_ngrams_repeat": (
        _SAFE + "    return sum(ngrams.count(g) > 1 for g in set(ngrams)) / len(set(ngrams))",
        1,
        "value",
        "repetition_by_distinct",
    ),
    "not_overlapping": (
        _SAFE.replace("+ 1)]", "+ 1, n)]")
        + "    return (len(ngrams) - len(set(ngrams))) / len(ngrams)",
        1,
        "value",
    ),
    "last_ngram_forgotten": (
        _SAFE.replace(" + 1)]", ")]") + "    return (len(ngrams) - len(set(ngrams))) / len(ngrams)",
        1,
        "value",
        "repetition_by_distinct",
    ),
    "only_neighbours": (
        _SAFE + "    return sum(a == b for a, b in zip(ngrams, ngrams[1:])) / len(ngrams)",
        1,
        "value",
    ),
    "single_tokens": (
        "def repetition_rate(token_ids, n):\n"
        "    return 1 - len(set(token_ids)) / max(len(token_ids), 1)",
        1,
        "value",
    ),
    "order_ignored": (
        _HEAD.replace("tuple(", "frozenset(")
        + "    if not ngrams:\n        return 0.0\n"
        + "    return (len(ngrams) - len(set(ngrams))) / len(ngrams)",
        4,
        "value",
        "repetition_first_counted",
    ),
    "empty_not_handled": (
        _HEAD + "    return (len(ngrams) - len(set(ngrams))) / len(ngrams)",
        7,
        "raised",
    ),
    "empty_is_one": (
        _HEAD + "    return (len(ngrams) - len(set(ngrams))) / len(ngrams) if ngrams else 1.0",
        7,
        "value",
        "repetition_as_distinct",
    ),
    "text": (
        _SAFE + "    return f'{(len(ngrams) - len(set(ngrams))) / len(ngrams):.0%}'",
        1,
        "type",
    ),
}
