"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = (
    "def sample_decode(model, input_ids, max_length, *, repetition_penalty=1.0,\n"
    "                  temperature=1.0, top_k=None, top_p=None, seed=0):\n"
)
_SEED = "    generator = torch.Generator().manual_seed(seed)\n    start = input_ids.shape[1]\n"
_WHILE = "    while input_ids.shape[1] < max_length:\n"
_LOGITS = "        logits = model(input_ids).logits[0, -1].detach()\n"
_PENALTY = "        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)\n"
_TEMPERATURE = "        logits = apply_temperature(logits, temperature)\n"
_TOP_K = "        logits = filter_top_k(logits, top_k)\n"
_TOP_P = "        logits = filter_top_p(logits, top_p)\n"
_STEPS = _PENALTY + _TEMPERATURE + _TOP_K + _TOP_P
_DRAW = "        new = logits.softmax(-1).multinomial(1, generator=generator)\n"
_APPEND = "        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)\n"
_EOS = "        if new.item() == model.config.eos_token_id:\n            break\n"
_RETURN = "    return input_ids"


def _with(
    head: str = _HEAD,
    seed: str = _SEED,
    loop: str = _WHILE,
    logits: str = _LOGITS,
    steps: str = _STEPS,
    draw: str = _DRAW,
    append: str = _APPEND,
    eos: str = _EOS,
    end: str = _RETURN,
) -> str:
    return head + seed + loop + logits + steps + draw + append + eos + end


ANSWERS = {
    # the rules of the settings
    "no_penalty": (
        _with(steps=_TEMPERATURE + _TOP_K + _TOP_P),
        6,
        "distribution",
        "sampled_without_penalty",
    ),
    "penalty_divides": (
        _with(
            steps="        if repetition_penalty is not None:\n"
            "            seen = input_ids[0].unique()\n"
            "            logits[seen] = logits[seen] / repetition_penalty\n"
            + _TEMPERATURE
            + _TOP_K
            + _TOP_P
        ),
        6,
        "distribution",
        "sampled_with_penalty_dividing",
    ),
    "only_generated_penalised": (
        _with(steps=_STEPS.replace("logits, input_ids,", "logits, input_ids[:, start:],")),
        6,
        "distribution",
        "sampled_with_only_generated_penalised",
    ),
    "only_prompt_penalised": (
        _with(steps=_STEPS.replace("logits, input_ids,", "logits, input_ids[:, :start],")),
        7,
        "support",
        "sampled_with_only_the_prompt_penalised",
    ),
    "only_the_last_penalised": (
        _with(steps=_STEPS.replace("logits, input_ids,", "logits, input_ids[:, -1:],")),
        6,
        "distribution",
        "sampled_without_penalty",
    ),
    "penalty_after_the_cut": (
        _with(steps=_TEMPERATURE + _TOP_K + _TOP_P + _PENALTY),
        7,
        "support",
        "sampled_with_penalty_after_the_cut",
    ),
    "no_temperature": (
        _with(steps=_PENALTY + _TOP_K + _TOP_P),
        3,
        "distribution",
        "sampled_without_temperature",
    ),
    "temperature_inverted": (
        _with(steps=_STEPS.replace("logits, temperature", "logits, 1 / (temperature or 1)")),
        3,
        "distribution",
        "sampled_with_temperature_multiplied",
    ),
    "temperature_after_the_cut": (
        _with(steps=_PENALTY + _TOP_K + _TOP_P + _TEMPERATURE),
        8,
        "support",
        "sampled_with_temperature_after_the_cut",
    ),
    "temperature_after_softmax": (
        _with(
            steps=_PENALTY + _TOP_K + _TOP_P,
            draw="        probs = logits.softmax(-1) / (temperature or 1)\n"
            "        new = (probs / probs.sum()).multinomial(1, generator=generator)\n",
        ),
        3,
        "distribution",
        "sampled_without_temperature",
    ),
    "no_top_k": (
        _with(steps=_PENALTY + _TEMPERATURE + _TOP_P),
        4,
        "support",
        "sampled_without_top_k",
    ),
    "k_less_one": (
        _with(steps=_STEPS.replace("logits, top_k", "logits, top_k and max(top_k - 1, 1)")),
        4,
        "distribution",
        "sampled_with_one_token_less",
    ),
    "k_plus_one": (
        _with(steps=_STEPS.replace("logits, top_k", "logits, top_k and top_k + 1")),
        4,
        "support",
    ),
    "no_top_p": (
        _with(steps=_PENALTY + _TEMPERATURE + _TOP_K),
        5,
        "support",
        "sampled_without_top_p",
    ),
    "crossing_token_dropped": (
        _with(
            steps=_PENALTY + _TEMPERATURE + _TOP_K + "        if top_p is not None and top_p < 1:\n"
            "            probs, order = logits.softmax(-1).sort(descending=True)\n"
            "            drop = probs.cumsum(-1) > top_p\n"
            "            drop[0] = False\n"
            "            logits[order[drop]] = float('-inf')\n"
        ),
        5,
        "distribution",
        "sampled_with_the_crossing_token_dropped",
    ),
    "top_p_unsorted": (
        _with(
            steps=_PENALTY + _TEMPERATURE + _TOP_K + "        if top_p is not None and top_p < 1:\n"
            "            probs = logits.softmax(-1)\n"
            "            logits[probs.cumsum(-1) - probs >= top_p] = float('-inf')\n"
        ),
        5,
        "support",
        "sampled_with_top_p_unsorted",
    ),
    "top_p_before_top_k": (
        _with(steps=_PENALTY + _TEMPERATURE + _TOP_P + _TOP_K),
        9,
        "support",
        "sampled_with_top_p_first",
    ),
    "no_settings": (_with(steps=""), 3, "distribution", "sampled_without_temperature"),
    "settings_fixed": (
        _with(steps="        temperature, top_p = 0.7, 0.9\n" + _STEPS),
        1,
        "distribution",
    ),
    # the draw
    "greedy": (
        _with(draw="        new = logits.argmax()\n"),
        1,
        "distribution",
        "sampled_greedily",
    ),
    "evenly_among_the_allowed": (
        _with(
            draw="        allowed = torch.isfinite(logits).float()\n"
            "        new = allowed.multinomial(1, generator=generator)\n"
        ),
        1,
        "distribution",
        "sampled_evenly",
    ),
    "weights_are_logits": (
        _with(
            draw="        weights = (logits - logits[torch.isfinite(logits)].min()).clamp(min=0)\n"
            "        new = (weights + 1e-6).multinomial(1, generator=generator)\n"
        ),
        1,
        "distribution",
        "sampled_greedily",
    ),
    "softmax_twice": (
        _with(draw=_DRAW.replace("softmax(-1)", "softmax(-1).softmax(-1)")),
        1,
        "distribution",
        "sampled_with_softmax_twice",
    ),
    "one_draw_for_all": (
        _with(
            seed="    generator = torch.Generator()\n    start = input_ids.shape[1]\n",
            steps="        generator.manual_seed(seed)\n" + _STEPS,
        ),
        1,
        "distribution",
        "sampled_greedily",
    ),
    # the seed
    "seed_ignored": (_with(draw=_DRAW.replace("1, generator=generator", "1")), 1, "seed_ignored"),
    "seed_fixed": (
        _with(seed=_SEED.replace("manual_seed(seed)", "manual_seed(0)")),
        1,
        "seed_fixed",
    ),
    # the loop
    "max_length_of_new_tokens": (_with(loop="    for _ in range(max_length):\n"), 1, "too_long"),
    "one_too_many": (_with(loop=_WHILE.replace("< max", "<= max")), 1, "too_long"),
    "one_too_few": (_with(loop=_WHILE.replace("< max_length", "< max_length - 1")), 1, "too_short"),
    "at_least_one_new": (
        _with(loop="    while True:\n", end=_RETURN, eos=_EOS).replace(
            "            break\n",
            "            break\n        if input_ids.shape[1] >= max_length:\n            break\n",
        ),
        11,
        "too_long",
    ),
    "ignores_eos": (_with(eos=""), 10, "after_eos"),
    "eos_in_the_prompt_ends": (
        _with(
            loop="    while (input_ids.shape[1] < max_length\n"
            "           and model.config.eos_token_id not in input_ids[0].tolist()):\n"
        ),
        10,
        "too_short",
    ),
    "eos_left_out": (_with(append="", eos=_EOS + _APPEND), 10, "too_short"),
    "first_position": (_with(logits=_LOGITS.replace("[0, -1]", "[0, 0]")), 1, "distribution"),
    "prompt_cut_off": (_with(end="    return input_ids[:, start:]"), 1, "prompt"),
    "batch_dimension_lost": (_with(end="    return input_ids[0]"), 1, "shape"),
    "model_generate": (
        _HEAD + "    torch.manual_seed(seed)\n"
        "    return model.generate(input_ids, max_length=max_length, do_sample=True,\n"
        "        repetition_penalty=repetition_penalty, temperature=temperature,\n"
        "        top_k=top_k, top_p=top_p)",
        1,
        "raised",
    ),
}
