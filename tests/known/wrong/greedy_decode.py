"""Wrong solutions of `greedy_decode`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="too_long", misconception="too_long")
def max_length_of_new_tokens(model, input_ids, max_length):
    """Generates `max_length` new tokens, although the prompt counts towards it."""
    for _ in range(max_length):
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="too_long", misconception="too_long")
def one_too_many(model, input_ids, max_length):
    """Generates one token beyond `max_length`."""
    while input_ids.shape[1] <= max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="incomplete", misconception="incomplete")
def one_too_few(model, input_ids, max_length):
    """Stops one token short of `max_length`."""
    while input_ids.shape[1] < max_length - 1:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=4, kind="after_eos", misconception="after_eos")
def ignores_eos(model, input_ids, max_length):
    """Keeps generating after the end token."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
    return input_ids


@wrong(fails_case=3, kind="too_short", misconception="too_short")
def eos_in_the_prompt_ends(model, input_ids, max_length):
    """Stops at an end token in the prompt, although only a generated one counts."""
    while (
        input_ids.shape[1] < max_length and model.config.eos_token_id not in input_ids[0].tolist()
    ):
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
    return input_ids


@wrong(fails_case=1, kind="prompt", misconception="prompt")
def prompt_cut_off(model, input_ids, max_length):
    """Returns the new tokens without the prompt."""
    n = input_ids.shape[1]
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids[:, n:]


@wrong(fails_case=1, kind="shape", misconception="shape")
def batch_dimension_lost(model, input_ids, max_length):
    """Returns ids of shape (T,) instead of (1, T)."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids[0]


@wrong(fails_case=1, kind="type", misconception="type")
def returns_a_list(model, input_ids, max_length):
    """Returns a nested list instead of a tensor."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids.tolist()


@wrong(fails_case=1, kind="token", misconception="greedy_second_best")
def second_best(model, input_ids, max_length):
    """Picks the second most likely token."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].topk(2).indices[1].view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="token", misconception="varies")
def sampled(model, input_ids, max_length):
    """Samples the next token instead of picking the most likely one."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].softmax(-1).multinomial(1).view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="token", misconception="greedy_of_the_last_token")
def only_the_last_token_as_context(model, input_ids, max_length):
    """Shows the model only the last token instead of the text so far."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids[:, -1:]).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=4, kind="no_generate", misconception="no_generate")
def model_generate(model, input_ids, max_length):
    """Calls `model.generate`, which not every model of the cases has."""
    return model.generate(input_ids, max_length=max_length, do_sample=False)


@wrong(fails_case=1, kind="timeout", misconception="timeout")
def never_ends(model, input_ids, max_length):
    """Loops forever."""
    while True:
        pass


@wrong(fails_case=3, kind="too_short", misconception="too_short")
def eos_last_in_the_prompt_ends(model, input_ids, max_length):
    """Looks for the end token before each step, so a prompt that ends with it stays alone."""
    while input_ids.shape[1] < max_length and input_ids[0, -1] != model.config.eos_token_id:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
    return input_ids


@wrong(fails_case=3, kind="too_short", misconception="too_short")
def ends_at_the_first_eos(model, input_ids, max_length):
    """Cuts the text after its first end token, even if that one is part of the prompt."""
    while input_ids.shape[1] < max_length:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if model.config.eos_token_id in input_ids[0, :-1].tolist():
            break
    return input_ids


@wrong(fails_case=8, kind="too_long", misconception="too_long")
def at_least_one_new(model, input_ids, max_length):
    """Generates a token even if the prompt already has `max_length` tokens."""
    while True:
        token = model(input_ids).logits[0, -1].argmax().view(1, 1)
        input_ids = torch.cat([input_ids, token], dim=1)
        if input_ids.shape[1] >= max_length or token.item() == model.config.eos_token_id:
            return input_ids
