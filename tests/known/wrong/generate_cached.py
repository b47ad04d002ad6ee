"""Wrong solutions of `generate_cached`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="cache_unused")
def everything_anew(model, input_ids, max_length):
    """Gives the whole text to each call, as in A7_2."""
    ids = input_ids
    with torch.no_grad():
        while ids.shape[1] < max_length:
            token = model(ids).logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_and_the_whole_text")
def cache_and_all_tokens(model, input_ids, max_length):
    """Passes the cache, and the whole text as well."""
    ids, cache = input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length:
            output = model(ids, past_key_values=cache)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_left_behind")
def cache_forgotten(model, input_ids, max_length):
    """Gives one token to each call, and no cache."""
    ids, new = input_ids, input_ids
    with torch.no_grad():
        while ids.shape[1] < max_length:
            new = model(new, use_cache=True).logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, new], dim=1)
            if new.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_without_the_prompt")
def only_the_last_token(model, input_ids, max_length):
    """Begins with the last token of the prompt."""
    ids, cache = input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length:
            output = model(ids[:, -1:], past_key_values=cache, use_cache=True)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_filled_one_by_one")
def prompt_token_by_token(model, input_ids, max_length):
    """Fills the cache with the prompt's tokens one by one."""
    ids, cache = input_ids, None
    with torch.no_grad():
        for i in range(ids.shape[1] - 1):
            cache = model(ids[:, i : i + 1], past_key_values=cache).past_key_values
        while ids.shape[1] < max_length:
            output = model(ids[:, -1:], past_key_values=cache)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_with_a_token_twice")
def last_token_twice(model, input_ids, max_length):
    """Fills the cache with the prompt, and then feeds its last token again."""
    ids = input_ids
    with torch.no_grad():
        cache = model(ids).past_key_values
        while ids.shape[1] < max_length:
            output = model(ids[:, -1:], past_key_values=cache)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_with_the_prompt_in_two")
def prompt_in_two_calls(model, input_ids, max_length):
    """Fills the cache with the prompt but its last token, which comes in a call of its own."""
    ids, cache = input_ids, None
    with torch.no_grad():
        if ids.shape[1] > 1:
            cache = model(ids[:, :-1]).past_key_values
        while ids.shape[1] < max_length:
            output = model(ids[:, -1:], past_key_values=cache)
            cache = output.past_key_values
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="value", misconception="cache_and_one_call_more")
def one_call_too_many(model, input_ids, max_length):
    """Feeds the last token as well, whose logits nobody needs."""
    ids = input_ids
    with torch.no_grad():
        output = model(ids)
        while ids.shape[1] < max_length:
            token = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, token], dim=1)
            if token.item() == model.config.eos_token_id:
                break
            output = model(token, past_key_values=output.past_key_values)
    return ids


@wrong(fails_case=1, kind="shape", misconception="shape")
def prompt_cut_off(model, input_ids, max_length):
    """Returns the new tokens without the prompt."""
    ids, new, cache = input_ids, input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length:
            output = model(new, past_key_values=cache)
            cache = output.past_key_values
            new = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, new], dim=1)
            if new.item() == model.config.eos_token_id:
                break
    return ids[:, input_ids.shape[1] :]


@wrong(fails_case=2, kind="shape", misconception="shape")
def ignores_eos(model, input_ids, max_length):
    """Keeps generating after the end token."""
    ids, new, cache = input_ids, input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length:
            output = model(new, past_key_values=cache)
            cache = output.past_key_values
            new = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, new], dim=1)
    return ids


@wrong(fails_case=3, kind="shape", misconception="shape")
def eos_in_the_prompt_ends(model, input_ids, max_length):
    """Stops at an end token of the prompt."""
    ids, new, cache = input_ids, input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length and model.config.eos_token_id not in ids[0].tolist():
            output = model(new, past_key_values=cache)
            cache = output.past_key_values
            new = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, new], dim=1)
    return ids


@wrong(fails_case=1, kind="raised", misconception="raised:get_seq_length")
def output_as_cache(model, input_ids, max_length):
    """Passes the whole output in the place of the cache."""
    ids, new, output = input_ids, input_ids, None
    with torch.no_grad():
        while ids.shape[1] < max_length:
            output = model(new, past_key_values=output)
            new = output.logits[:, -1:].argmax(dim=-1)
            ids = torch.cat([ids, new], dim=1)
            if new.item() == model.config.eos_token_id:
                break
    return ids


@wrong(fails_case=1, kind="no_generate", misconception="no_generate")
def by_generate(model, input_ids, max_length):
    """Lets transformers do it."""
    return model.generate(input_ids, max_length=max_length, do_sample=False)
