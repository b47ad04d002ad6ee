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
