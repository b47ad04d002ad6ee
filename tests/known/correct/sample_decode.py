"""Correct solutions of `sample_decode`, written differently from the reference."""

import random

import numpy as np
import torch
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from autograder.exercises.known import correct

# each signature in two lines instead of eight:
# fmt: off


@correct()
def global_seed(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    torch.manual_seed(seed)
    ids = input_ids.clone()
    for _ in range(max_length - ids.size(1)):
        z = model(ids).logits[0, -1].detach()
        z = filter_top_p(
            filter_top_k(
                apply_temperature(
                    apply_repetition_penalty(z, ids, repetition_penalty), temperature
                ),
                top_k,
            ),
            top_p,
        )
        ids = torch.hstack([ids, torch.multinomial(z.softmax(-1), 1)[None]])
        if ids[0, -1] == model.config.eos_token_id:
            break
    return ids


@correct()
def transformers_processors(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    steps = LogitsProcessorList()
    if repetition_penalty is not None:
        steps.append(RepetitionPenaltyLogitsProcessor(repetition_penalty))
    if temperature is not None:
        steps.append(TemperatureLogitsWarper(temperature))
    if top_k:
        steps.append(TopKLogitsWarper(top_k))
    if top_p is not None:
        steps.append(TopPLogitsWarper(top_p))
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        while input_ids.shape[-1] < max_length:
            scores = steps(input_ids, model(input_ids).logits[:, -1])
            new = torch.multinomial(scores.softmax(-1), 1, generator=generator)
            input_ids = torch.cat([input_ids, new], dim=-1)
            if new.item() == model.config.eos_token_id:
                break
    return input_ids


@correct()
def numpy_choice(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    rng = np.random.default_rng(seed)
    ids = input_ids[0].tolist()
    while len(ids) < max_length:
        z = model(torch.tensor([ids])).logits[0, -1].detach().double().numpy()
        if repetition_penalty is not None:
            for t in set(ids):
                z[t] = z[t] / repetition_penalty if z[t] > 0 else z[t] * repetition_penalty
        z = z / (temperature or 1.0)
        order = np.argsort(-z)
        if top_k:
            z[z < z[order[min(top_k, len(z)) - 1]]] = -np.inf
        p = np.exp(z - z.max())
        p /= p.sum()
        if top_p is not None and top_p < 1:
            before = np.cumsum(p[order]) - p[order]
            p[order[before >= top_p]] = 0
            p /= p.sum()
        ids.append(int(rng.choice(len(p), p=p)))
        if ids[-1] == model.config.eos_token_id:
            break
    return torch.tensor([ids])


@correct()
def gumbel_max(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    generator = torch.Generator()
    generator.manual_seed(seed)
    while input_ids.shape[1] < max_length:
        with torch.no_grad():
            logits = model(input_ids).logits[0, -1]
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = apply_temperature(logits, temperature)
        logits = filter_top_p(filter_top_k(logits, top_k), top_p)
        uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
        new = (logits.double() - torch.log(-torch.log(uniform))).argmax()
        input_ids = torch.cat([input_ids, new.reshape(1, 1)], dim=1)
        if new == model.config.eos_token_id:
            break
    return input_ids


@correct()
def inverse_of_the_distribution_function(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    rng = random.Random(seed)
    ids = input_ids
    while ids.shape[1] < max_length:
        logits = model(ids).logits[0, -1].detach()
        logits = apply_repetition_penalty(logits, ids, repetition_penalty)
        logits = filter_top_k(apply_temperature(logits, temperature), top_k)
        probs = filter_top_p(logits, top_p).double().softmax(-1).tolist()
        x, new = rng.random(), None
        for token, p in enumerate(probs):
            if p > 0:
                new = token
            x -= p
            if x < 0:
                break
        ids = torch.cat([ids, torch.tensor([[new]])], dim=1)
        if new == model.config.eos_token_id:
            return ids
    return ids


@correct()
def recursive_with_a_seed_a_step(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    if input_ids.shape[1] >= max_length:
        return input_ids
    z = model(input_ids).logits[0, -1].detach()
    z = apply_repetition_penalty(z, input_ids, repetition_penalty)
    z = filter_top_p(filter_top_k(apply_temperature(z, temperature), top_k), top_p)
    step = torch.Generator().manual_seed(seed * 100_003 + input_ids.shape[1])
    new = torch.multinomial(z.softmax(0), 1, generator=step)
    longer = torch.cat([input_ids, new.view(1, 1)], dim=1)
    if new.item() == model.config.eos_token_id:
        return longer
    return recursive_with_a_seed_a_step(
        model, longer, max_length,
        repetition_penalty=repetition_penalty, temperature=temperature, top_k=top_k, top_p=top_p,
        seed=seed,
    )


@correct()
def cache_and_sorted_probs(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    generator = torch.Generator(device=model.device).manual_seed(seed)
    ids, past, step = input_ids, None, input_ids
    while ids.shape[1] < max_length:
        with torch.no_grad():
            logits, past = model(step, past_key_values=past, use_cache=True)[:2]
        logits = logits[:, -1]
        if repetition_penalty:
            score = torch.gather(logits, 1, ids)
            score = torch.where(score < 0, score * repetition_penalty, score / repetition_penalty)
            logits = logits.scatter(1, ids, score)
        if temperature:
            logits = logits / temperature
        if top_k:
            least = logits.topk(min(top_k, logits.size(-1))).values[:, -1:]
            logits = logits.masked_fill(logits < least, float("-inf"))
        probs, order = logits.softmax(-1).sort(dim=-1, descending=True)
        if top_p is not None:
            probs[probs.cumsum(-1) - probs > top_p] = 0.0
        probs = probs / probs.sum(-1, keepdim=True)
        step = order.gather(1, torch.multinomial(probs, 1, generator=generator))
        ids = torch.cat([ids, step], dim=1)
        if step.eq(model.config.eos_token_id).all():
            break
    return ids


@correct()
def exponential_race(
    model, input_ids, max_length, *,
    repetition_penalty=None, temperature=None, top_k=None, top_p=None, seed=0,
):
    generator = torch.Generator().manual_seed(seed)
    eos = model.generation_config.eos_token_id
    limit = min(max_length, model.config.max_position_embeddings)
    while input_ids.shape[1] < limit:
        logits = model(input_ids, return_dict=False)[0][0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        logits = filter_top_k(apply_temperature(logits, temperature), top_k)
        probs = filter_top_p(logits, top_p).softmax(-1)
        times = torch.empty_like(probs).exponential_(1, generator=generator)
        new = torch.argmax(probs / times, dim=-1, keepdim=True)
        input_ids = torch.cat([input_ids, new[None]], dim=1)
        if (new == eos).all():
            break
    return input_ids


@correct()
def log_space_and_categorical(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    for step in range(input_ids.shape[1], max_length):
        torch.manual_seed(seed + step)
        logits = model(input_ids)[0][0, -1].detach()
        logits = apply_repetition_penalty(logits, input_ids, repetition_penalty)
        log_probs = apply_temperature(logits, temperature).log_softmax(-1)
        log_probs = filter_top_k(log_probs, top_k).log_softmax(-1)
        log_probs = filter_top_p(log_probs, top_p)
        new = torch.distributions.Categorical(logits=log_probs).sample()
        input_ids = torch.cat([input_ids, new.reshape(1, 1)], dim=-1)
        if new.item() == model.config.eos_token_id:
            return input_ids
    return input_ids


@correct()
def random_choices_with_a_seed_a_step(
    model, input_ids, max_length, *,
    repetition_penalty=1.0, temperature=1.0, top_k=None, top_p=None, seed=0,
):
    ids = input_ids[0].tolist()
    processors = LogitsProcessorList()
    if repetition_penalty:
        processors.append(RepetitionPenaltyLogitsProcessor(penalty=repetition_penalty))
    if temperature:
        processors.append(TemperatureLogitsWarper(temperature))
    if top_k:
        processors.append(TopKLogitsWarper(top_k=top_k, filter_value=-float("inf")))
    if top_p:
        processors.append(TopPLogitsWarper(top_p=top_p, min_tokens_to_keep=1))
    while len(ids) < max_length:
        random.seed(seed + len(ids))
        batch = torch.tensor([ids])
        scores = processors(batch, model(batch).logits[:, -1].detach())
        weights = scores.softmax(-1)[0].tolist()
        ids.append(random.choices(range(len(weights)), weights=weights)[0])
        if ids[-1] == model.config.eos_token_id:
            break
    return torch.tensor([ids])
