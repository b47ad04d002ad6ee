"""Correct solutions of `generate_cached`, written differently from the reference."""

import torch
from transformers import DynamicCache

from autograder.exercises.known import correct


@correct()
def own_cache(model, input_ids, max_length):
    cache, ids = DynamicCache(), input_ids.clone()
    for _ in range(max_length - input_ids.shape[1]):
        new = ids if cache.get_seq_length() == 0 else ids[:, -1:]
        logits = model(input_ids=new, past_key_values=cache, use_cache=True).logits
        ids = torch.cat((ids, logits[0, -1].argmax().reshape(1, 1)), dim=-1)
        if ids[0, -1] == model.config.eos_token_id:
            return ids
    return ids


@correct()
def list_of_tokens(model, input_ids, max_length):
    tokens, past, done = input_ids[0].tolist(), None, 0
    while len(tokens) < max_length:
        with torch.inference_mode():
            out = model(torch.tensor([tokens[done:]]), past, return_dict=True)
        past, done = out.past_key_values, len(tokens)
        tokens.append(int(out.logits[0, -1].argmax()))
        if tokens[-1] == model.config.eos_token_id:
            break
    return torch.tensor([tokens])


@correct()
@torch.no_grad()
def prefill_apart(model, input_ids, max_length):
    if input_ids.shape[1] >= max_length:
        return input_ids
    out = model(input_ids, use_cache=True, logits_to_keep=1)
    chosen = [out.logits[:, -1].argmax(-1, keepdim=True)]
    while (
        input_ids.shape[1] + len(chosen) < max_length
        and chosen[-1].item() != model.config.eos_token_id
    ):
        out = model(chosen[-1], past_key_values=out.past_key_values, use_cache=True)
        chosen.append(out.logits[:, -1].argmax(-1, keepdim=True))
    return torch.cat([input_ids, *chosen], dim=1)
