"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def next_token_probs(model, input_ids):\n    logits = model(input_ids).logits.detach()\n"

ANSWERS = {
    "logits": (_HEAD + "    return logits[0, -1]", 1, "value", "raw_logits"),
    "log_probs": (_HEAD + "    return logits[0, -1].log_softmax(-1)", 1, "value", "log_probs"),
    "softmax_twice": (
        _HEAD + "    return logits[0, -1].softmax(-1).softmax(-1)",
        1,
        "value",
        "softmax_twice",
    ),
    "first_position": (_HEAD + "    return logits[0, 0].softmax(-1)", 1, "value", "first_position"),
    "batch_dimension_kept": (_HEAD + "    return logits[:, -1].softmax(-1)", 1, "shape"),
    "all_positions": (_HEAD + "    return logits[0].softmax(-1)", 1, "shape"),
    "softmax_over_positions": (_HEAD + "    return logits[0].softmax(0)[-1]", 1, "value"),
    "one_hot": (
        _HEAD + "    return torch.nn.functional.one_hot(logits[0, -1].argmax(), logits.shape[-1])",
        1,
        "dtype",
    ),
    "list": (_HEAD + "    return logits[0, -1].softmax(-1).tolist()", 1, "type"),
    "nan": (_HEAD + "    return logits[0, -1].softmax(-1) * float('nan')", 1, "finite"),
    "half_temperature": (_HEAD + "    return (logits[0, -1] / 0.5).softmax(-1)", 1, "value"),
}
