"""Wrong solutions of `sample_decode`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong

# each signature in two lines instead of eight:
# fmt: off


@wrong(fails_case=9, kind="distribution", misconception="sampled_without_penalty")
def no_penalty(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Leaves out the repetition penalty."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=9, kind="distribution", misconception="sampled_with_penalty_dividing")
def penalty_divides(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Divides negative logits too, which makes those tokens more likely."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        if repetition_penalty is not None:
            seen = input_ids[0].unique()
            logits[seen] = logits[seen] / repetition_penalty
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=9, kind="distribution", misconception="sampled_with_only_generated_penalised")
def only_generated_penalised(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Penalises only the generated tokens, not those of the prompt."""
    generator = torch.Generator().manual_seed(seed)
    start = input_ids.shape[1]
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids[:, start:], repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=9, kind="distribution", misconception="sampled_with_only_the_prompt_penalised")
def only_prompt_penalised(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Penalises only the tokens of the prompt, not the generated ones."""
    generator = torch.Generator().manual_seed(seed)
    start = input_ids.shape[1]
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids[:, :start], repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=9, kind="distribution", misconception="sampled_with_the_last_token_penalised")
def only_the_last_penalised(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Penalises only the last token, not every token of the text."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids[:, -1:], repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=12, kind="support", misconception="sampled_with_penalty_after_the_cut")
def penalty_after_the_cut(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies the penalty after top-k and top-p, which then cut by the wrong logits."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=3, kind="distribution", misconception="sampled_without_temperature")
def no_temperature(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Leaves out the temperature."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=3, kind="distribution", misconception="sampled_with_temperature_multiplied")
def temperature_inverted(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Multiplies by the temperature instead of dividing by it."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, 1 / (temperature or 1))
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=17, kind="support", misconception="sampled_with_temperature_after_the_cut")
def temperature_after_the_cut(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies the temperature after top-p, which then cuts the wrong distribution."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        logits = apply_temperature(logits, temperature)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=3, kind="distribution", misconception="sampled_without_temperature")
def temperature_after_softmax(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Divides probabilities by the temperature, which cancels out when they are normalised."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        probs = logits.softmax(-1) / (temperature or 1)
        new = (probs / probs.sum()).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=5, kind="support", misconception="sampled_without_top_k")
def no_top_k(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Leaves out top-k."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=5, kind="distribution", misconception="sampled_with_one_token_less")
def k_less_one(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Keeps one token too few in top-k."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k and max(top_k - 1, 1))
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=5, kind="support", misconception="sampled_with_one_token_more")
def k_plus_one(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Keeps one token too many in top-k."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k and top_k + 1)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=7, kind="support", misconception="sampled_without_top_p")
def no_top_p(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Leaves out top-p."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=7, kind="distribution", misconception="sampled_with_the_crossing_token_dropped")
def crossing_token_dropped(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Drops the token that reaches top_p, unless it is the most likely one."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        if top_p is not None and top_p < 1:
            probs, order = logits.softmax(-1).sort(descending=True)
            drop = probs.cumsum(-1) > top_p
            drop[0] = False
            logits[order[drop]] = float("-inf")
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=7, kind="support", misconception="sampled_with_top_p_unsorted")
def top_p_unsorted(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Adds up the probabilities in the order of the ids, not from the most likely down."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        if top_p is not None and top_p < 1:
            probs = logits.softmax(-1)
            logits[probs.cumsum(-1) - probs >= top_p] = float("-inf")
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=19, kind="support", misconception="sampled_with_top_p_first")
def top_p_before_top_k(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies top-p before top-k."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_p(logits, top_p)
        logits = filter_top_k(logits, top_k)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=3, kind="distribution", misconception="sampled_without_settings")
def no_settings(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Ignores all settings and samples from the model's own distribution."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="distribution")
def settings_fixed(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Overwrites the caller's temperature and top_p."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        temperature, top_p = 0.7, 0.9
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="distribution", misconception="sampled_greedily")
def greedy(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Takes the most likely token instead of drawing one."""
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.argmax()
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="support", misconception="sampled_evenly")
def evenly_among_the_allowed(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws all tokens that were not ruled out with the same probability."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        allowed = torch.isfinite(logits).float()
        new = allowed.multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="distribution", misconception="sampled_by_shifted_logits")
def weights_are_logits(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws with shifted logits as weights instead of probabilities."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        weights = (logits - logits[torch.isfinite(logits)].min()).clamp(min=0)
        new = (weights + 1e-6).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="support", misconception="sampled_with_softmax_twice")
def softmax_twice(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies softmax twice, which flattens the distribution."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="distribution", misconception="sampled_with_one_draw")
def one_draw_for_all(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Seeds the generator again for every token, so all get the same random number."""
    generator = torch.Generator()
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        generator.manual_seed(seed)
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="seed_ignored", misconception="seed_ignored")
def seed_ignored(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws without the generator, so the seed has no effect."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="seed_fixed", misconception="seed_fixed")
def seed_fixed(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Uses the seed 0, whatever the caller asks for."""
    generator = torch.Generator().manual_seed(0)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="too_long", misconception="too_long")
def max_length_of_new_tokens(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Generates `max_length` new tokens, although the prompt counts towards it."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(max_length):
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="too_long", misconception="too_long")
def one_too_many(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Generates one token beyond `max_length`."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] <= max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="incomplete", misconception="incomplete")
def one_too_few(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Stops one token short of `max_length`."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length - 1:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=22, kind="too_long", misconception="too_long")
def at_least_one_new(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Generates a token even if the prompt already has `max_length` tokens."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
        if input_ids.shape[1] >= max_length:
            break
    return input_ids


@wrong(fails_case=21, kind="after_eos", misconception="after_eos")
def ignores_eos(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Keeps generating after the end token."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
    return input_ids


@wrong(fails_case=21, kind="too_short", misconception="too_short")
def eos_in_the_prompt_ends(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Stops at an end token in the prompt, although only a generated one counts."""
    generator = torch.Generator().manual_seed(seed)
    while (
        input_ids.shape[1] < max_length and model.config.eos_token_id not in input_ids[0].tolist()
    ):
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=21, kind="eos_missing", misconception="eos_missing")
def eos_left_out(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Stops before it appends the end token, which is part of the result."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        if new.item() == model.config.eos_token_id:
            break
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
    return input_ids


@wrong(fails_case=1, kind="distribution")
def first_position(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws from the distribution at the first position instead of the last."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, 0].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="prompt", misconception="prompt")
def prompt_cut_off(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Returns the new tokens without the prompt."""
    generator = torch.Generator().manual_seed(seed)
    start = input_ids.shape[1]
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids[:, start:]


@wrong(fails_case=1, kind="shape", misconception="shape")
def batch_dimension_lost(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Returns ids of shape (T,) instead of (1, T)."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids[0]


@wrong(fails_case=1, kind="no_generate", misconception="no_generate")
def model_generate(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Calls `model.generate`, which not every model of the cases has."""
    torch.manual_seed(seed)
    return model.generate(
        input_ids, max_length=max_length, do_sample=True,
        repetition_penalty=repetition_penalty, temperature=temperature, top_k=top_k, top_p=top_p,
    )


@wrong(fails_case=10, kind="distribution", misconception="sampled_with_a_window_penalised")
def only_the_last_20_penalised(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Penalises only the last 20 tokens of the text, as some libraries do."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids[:, -20:], repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=11, kind="distribution", misconception="sampled_with_a_window_penalised")
def only_the_last_64_penalised(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Penalises only the last 64 tokens of the text, as some libraries do."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids[:, -64:], repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=11, kind="distribution", misconception="sampled_with_penalty_per_occurrence")
def penalty_once_per_occurrence(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies the penalty once per occurrence, so a repeated token is penalised repeatedly."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        for token in input_ids[0] if repetition_penalty is not None else ():
            factor = 1 / repetition_penalty if logits[token] > 0 else repetition_penalty
            logits[token] *= factor
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=3, kind="distribution", misconception="sampled_with_untempered_weights")
def temperature_for_the_choice_only(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Uses the temperature to choose the tokens and forgets it when one of them is drawn."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        chosen = filter_top_p(filter_top_k(apply_temperature(logits, temperature), top_k), top_p)
        logits = logits.masked_fill(chosen == float("-inf"), float("-inf"))
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=18, kind="distribution", misconception="sampled_untempered_with_top_p")
def top_p_forgets_the_temperature(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws with the probabilities before the temperature, but only where top_p is set."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        tempered = filter_top_k(apply_temperature(logits, temperature), top_k)
        kept = filter_top_p(tempered, top_p).isfinite()
        weights = tempered if top_p is None or top_p >= 1 else logits
        probs = weights.softmax(-1) * kept
        new = probs.multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=16, kind="distribution", misconception="sampled_without_temperature_with_top_k")
def top_k_forgets_the_temperature(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Applies the temperature only where top_k is not set."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = filter_top_k(logits, top_k) if top_k else apply_temperature(logits, temperature)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=2, kind="support", misconception="sampled_evenly_with_top_k")
def evenly_among_the_top_k(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws one of the k most likely tokens, all with the same probability."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        if top_k:
            allowed = logits.isfinite().nonzero().flatten()
            new = allowed[torch.randint(len(allowed), (1,), generator=generator)]
        else:
            new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=8, kind="distribution", misconception="sampled_evenly_with_top_p")
def evenly_among_what_top_p_left(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws one of the tokens that top-p left, all with the same probability."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        if top_p is not None and top_p < 1:
            allowed = logits.isfinite().nonzero().flatten()
            new = allowed[torch.randint(len(allowed), (1,), generator=generator)]
        else:
            new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=7, kind="distribution", misconception="sampled_with_the_crossing_token_up_to_p")
def crossing_token_up_to_p(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Draws a number from 0 to p, so the token that reaches p gets only the rest up to p."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        probs, order = logits.softmax(-1).sort(descending=True)
        number = torch.rand(1, generator=generator) * (1.0 if top_p is None else top_p)
        place = torch.searchsorted(probs.cumsum(-1), number).clamp(max=len(probs) - 1)
        new = order[place]
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=1, kind="seed_ignored", misconception="seed_ignored")
def seed_zero_is_none(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Takes the seed 0 for none, so the default seed gives another text each time."""
    if seed:
        torch.manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=2, kind="raised", misconception="raised:out of range")
def top_k_larger_than_the_vocabulary(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Fails if top_k is larger than the vocabulary."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        if top_k:
            logits[logits < logits.topk(top_k).values[-1]] = float("-inf")
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
        if new.item() == model.config.eos_token_id:
            break
    return input_ids


@wrong(fails_case=21, kind="too_short", misconception="too_short")
def eos_last_in_the_prompt_ends(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    """Looks for the end token before each step, so a prompt that ends with it stays alone."""
    generator = torch.Generator().manual_seed(seed)
    while input_ids.shape[1] < max_length and input_ids[0, -1] != model.config.eos_token_id:
        logits = model(input_ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_k(logits, top_k)
        logits = filter_top_p(logits, top_p)
        new = logits.softmax(-1).multinomial(1, generator=generator)
        input_ids = torch.cat([input_ids, new.view(1, 1)], dim=1)
    return input_ids
