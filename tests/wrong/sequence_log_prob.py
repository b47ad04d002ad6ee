"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = (
    "def sequence_log_prob(model, input_ids, prompt_length):\n"
    "    logits = model(input_ids).logits[0].detach()\n"
    "    ids = input_ids[0]\n"
    "    n = len(ids)\n"
)
_SHIFTED = (
    _HEAD
    + "    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]\n"
    + "    chosen = chosen[prompt_length - 1 :]\n"
)

ANSWERS = {
    "not_shifted": (
        _HEAD
        + "    chosen = logits.log_softmax(-1)[torch.arange(n), ids]\n"
        + "    return chosen[prompt_length:].sum().item()",
        1,
        "value",
        "log_prob_not_shifted",
    ),
    "prompt_counted": (
        _HEAD + "    return logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]].sum().item()",
        1,
        "value",
        "log_prob_of_the_prompt_too",
    ),
    "one_token_too_many": (
        _HEAD
        + "    chosen = logits.log_softmax(-1)[torch.arange(n - 1), ids[1:]]\n"
        + "    return chosen[max(prompt_length - 2, 0) :].sum().item()",
        1,
        "value",
    ),
    "one_token_too_few": (_SHIFTED + "    return chosen[1:].sum().item()", 1, "value"),
    "last_token_forgotten": (_SHIFTED + "    return chosen[:-1].sum().item()", 1, "value"),
    "mean": (_SHIFTED + "    return chosen.mean().item()", 1, "value", "log_prob_mean"),
    "mean_or_zero": (
        _SHIFTED + "    return chosen.sum().item() / max(len(chosen), 1)",
        1,
        "value",
        "log_prob_mean",
    ),
    "probability": (
        _SHIFTED + "    return chosen.exp().prod().item()",
        1,
        "value",
        "log_prob_as_probability",
    ),
    "negative": (_SHIFTED + "    return -chosen.sum().item()", 1, "value", "log_prob_negated"),
    "base_2": (
        _SHIFTED + "    return (chosen / torch.tensor(2.0).log()).sum().item()",
        1,
        "value",
        "log_prob_base_2",
    ),
    "sum_of_logits": (
        _HEAD
        + "    chosen = logits[torch.arange(n - 1), ids[1:]]\n"
        + "    return chosen[prompt_length - 1 :].sum().item()",
        1,
        "value",
        "log_prob_of_raw_logits",
    ),
    "sum_of_probabilities": (_SHIFTED + "    return chosen.exp().sum().item()", 1, "value"),
    "log_of_the_product": (_SHIFTED + "    return chosen.exp().prod().log().item()", 6, "finite"),
    "softmax_over_positions": (
        _HEAD
        + "    chosen = logits.log_softmax(0)[torch.arange(n - 1), ids[1:]]\n"
        + "    return chosen[prompt_length - 1 :].sum().item()",
        1,
        "value",
    ),
    "one_number_a_token": (_SHIFTED + "    return chosen", 1, "type"),
    "most_likely_tokens": (
        _HEAD
        + "    best = logits.log_softmax(-1).max(-1).values\n"
        + "    return best[prompt_length - 1 : -1].sum().item()",
        1,
        "value",
    ),
    "only_the_last_as_context": (
        "def sequence_log_prob(model, input_ids, prompt_length):\n"
        "    total = 0.0\n"
        "    for i in range(prompt_length, input_ids.shape[1]):\n"
        "        logits = model(input_ids[:, i - 1 : i]).logits[0, -1].detach()\n"
        "        total += logits.log_softmax(-1)[input_ids[0, i]].item()\n"
        "    return total",
        1,
        "value",
    ),
}
