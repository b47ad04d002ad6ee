"""Wrong answers that students give: name -> (source, first case that catches it, kind, rule)."""

_HEAD = (
    "def generate_text(tokenizer, model, prompt_text, **parameters):\n"
    "    ids = tokenizer(prompt_text, return_tensors='pt').input_ids\n"
)
_REST = "    output = model.generate(ids, **parameters)\n    return tokenizer.decode(output[0])"


def _without(name: str) -> str:
    return _HEAD + f"    parameters.pop({name!r}, None)\n" + _REST


ANSWERS = {
    "ignores_max_length": (_without("max_length"), 1, "text"),
    "ignores_repetition_penalty": (_without("repetition_penalty"), 3, "text", "penalty_ignored"),
    "ignores_do_sample": (_without("do_sample"), 7, "setting"),
    "ignores_temperature": (_without("temperature"), 6, "text"),
    "ignores_top_k": (_without("top_k"), 4, "text"),
    "ignores_top_p": (_without("top_p"), 5, "text"),
    "none_left_out": (
        _HEAD + "    parameters = {k: v for k, v in parameters.items() if v is not None}\n" + _REST,
        7,
        "setting",
    ),
    "none_in_a_config": (
        _HEAD
        + "    from transformers import GenerationConfig\n"
        + "    config = GenerationConfig(**parameters)\n"
        + "    return tokenizer.decode(model.generate(ids, generation_config=config)[0])",
        7,
        "setting",
    ),
    "max_new_tokens": (
        _HEAD + "    parameters['max_new_tokens'] = parameters.pop('max_length')\n" + _REST,
        1,
        "text",
        "new_tokens_counted",
    ),
    "prompt_cut_off": (
        _HEAD + _REST.replace("output[0]", "output[0, ids.shape[1]:]"),
        1,
        "text",
        "prompt_cut_off",
    ),
    "tokens": (_HEAD + "    return model.generate(ids, **parameters)", 1, "type"),
    "calls_twice": (_HEAD + "    model.generate(ids, **parameters)\n" + _REST, 7, "generate_calls"),
    "prompt_as_it_is": (_HEAD + "    return prompt_text", 1, "text"),
    "always_samples": (_HEAD + "    parameters['do_sample'] = True\n" + _REST, 1, "text"),
}
