"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = "def greedy_decode(model, input_ids, max_length):\n"
_STEP = (
    "        token = model(input_ids).logits[0, -1].argmax().view(1, 1)\n"
    "        input_ids = torch.cat([input_ids, token], dim=1)\n"
)
_EOS = "        if token.item() == model.config.eos_token_id:\n            break\n"
_WHILE = "    while input_ids.shape[1] < max_length:\n"
_LOOP = _HEAD + _WHILE + _STEP

ANSWERS = {
    "max_length_of_new_tokens": (
        _HEAD + "    for _ in range(max_length):\n" + _STEP + _EOS + "    return input_ids",
        1,
        "too_long",
    ),
    "one_too_many": (
        _LOOP.replace("< max", "<= max") + _EOS + "    return input_ids",
        1,
        "too_long",
    ),
    "one_too_few": (
        _LOOP.replace("< max_length", "< max_length - 1") + _EOS + "    return input_ids",
        1,
        "too_short",
    ),
    "ignores_eos": (_LOOP + "    return input_ids", 4, "after_eos"),
    "eos_in_the_prompt_ends": (
        _HEAD
        + "    while input_ids.shape[1] < max_length"
        + " and model.config.eos_token_id not in input_ids[0].tolist():\n"
        + _STEP
        + "    return input_ids",
        3,
        "too_short",
    ),
    "prompt_cut_off": (
        _HEAD
        + "    n = input_ids.shape[1]\n"
        + _WHILE
        + _STEP
        + _EOS
        + "    return input_ids[:, n:]",
        1,
        "prompt",
    ),
    "batch_dimension_lost": (_LOOP + _EOS + "    return input_ids[0]", 1, "shape"),
    "list": (_LOOP + _EOS + "    return input_ids.tolist()", 1, "type"),
    "second_best": (
        _LOOP.replace("argmax()", "topk(2).indices[1]") + _EOS + "    return input_ids",
        1,
        "token",
    ),
    "sampled": (
        _LOOP.replace("argmax()", "softmax(-1).multinomial(1)") + _EOS + "    return input_ids",
        1,
        "token",
    ),
    "only_the_last_token_as_context": (
        _LOOP.replace("model(input_ids)", "model(input_ids[:, -1:])")
        + _EOS
        + "    return input_ids",
        1,
        "token",
    ),
    "model_generate": (
        _HEAD + "    return model.generate(input_ids, max_length=max_length, do_sample=False)",
        4,
        "raised",
    ),
    "never_ends": (_HEAD + "    while True:\n        pass", 1, "timeout"),
}
