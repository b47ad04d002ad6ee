"""Wrong solutions of `generate_text`, each with the case that must find it."""

from transformers import GenerationConfig

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="setting", misconception="setting:max_length")
def ignores_max_length(tokenizer, model, prompt_text, **parameters):
    """Does not pass `max_length` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("max_length", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="setting", misconception="setting")
def ignores_repetition_penalty(tokenizer, model, prompt_text, **parameters):
    """Does not pass `repetition_penalty` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("repetition_penalty", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="setting", misconception="setting")
def ignores_do_sample(tokenizer, model, prompt_text, **parameters):
    """Does not pass `do_sample` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("do_sample", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="setting", misconception="setting")
def ignores_temperature(tokenizer, model, prompt_text, **parameters):
    """Does not pass `temperature` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("temperature", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="setting", misconception="setting:top_k")
def ignores_top_k(tokenizer, model, prompt_text, **parameters):
    """Does not pass `top_k` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("top_k", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="setting", misconception="setting")
def ignores_top_p(tokenizer, model, prompt_text, **parameters):
    """Does not pass `top_p` on to the model."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters.pop("top_p", None)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=2, kind="setting", misconception="setting:top_k")
def none_left_out(tokenizer, model, prompt_text, **parameters):
    """Leaves out parameters that are `None`, so the library's defaults apply instead."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters = {k: v for k, v in parameters.items() if v is not None}
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=2, kind="setting", misconception="setting:top_k")
def none_in_a_config(tokenizer, model, prompt_text, **parameters):
    """Puts `None` into a `GenerationConfig`, where it stands for the library's defaults."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    config = GenerationConfig(**parameters)
    return tokenizer.decode(model.generate(ids, generation_config=config)[0])


@wrong(fails_case=1, kind="setting", misconception="setting:max_length")
def max_new_tokens(tokenizer, model, prompt_text, **parameters):
    """Counts only the new tokens, although the prompt counts towards `max_length`."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters["max_new_tokens"] = parameters.pop("max_length")
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=4, kind="text", misconception="prompt_cut_off")
def prompt_cut_off(tokenizer, model, prompt_text, **parameters):
    """Returns the text without the prompt."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0, ids.shape[1] :])


@wrong(fails_case=4, kind="type", misconception="type")
def tokens(tokenizer, model, prompt_text, **parameters):
    """Returns token ids instead of text."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    return model.generate(ids, **parameters)


@wrong(fails_case=1, kind="generate_calls", misconception="generate_calls")
def calls_twice(tokenizer, model, prompt_text, **parameters):
    """Generates two texts and returns the second."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    model.generate(ids, **parameters)
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])


@wrong(fails_case=1, kind="generate_calls", misconception="generate_calls")
def prompt_as_it_is(tokenizer, model, prompt_text, **parameters):
    """Returns the prompt and generates nothing."""
    return prompt_text


@wrong(fails_case=3, kind="setting", misconception="setting")
def always_samples(tokenizer, model, prompt_text, **parameters):
    """Samples even if `do_sample` is false."""
    ids = tokenizer(prompt_text, return_tensors="pt").input_ids
    parameters["do_sample"] = True
    output = model.generate(ids, **parameters)
    return tokenizer.decode(output[0])
