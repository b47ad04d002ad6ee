"""Correct solutions of `greedy_decode`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def other_style(model, input_ids, max_length):
    ids = input_ids[0].tolist()
    for _ in range(max_length - len(ids)):
        with torch.no_grad():
            logits = model(torch.tensor([ids], device=input_ids.device)).logits
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == model.config.eos_token_id:
            break
    return torch.tensor([ids], device=input_ids.device)


@correct()
def with_a_cache(model, input_ids, max_length):
    ids, new, past = input_ids, input_ids, None
    with torch.no_grad():
        for _ in range(max_length - input_ids.shape[1]):
            out = model(new, past_key_values=past, use_cache=True)
            past = out.past_key_values
            new = out.logits[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat((ids, new), dim=-1)
            if new.item() == model.config.eos_token_id:
                return ids
    return ids


@correct()
def recursive(model, input_ids, max_length):
    if input_ids.shape[1] >= max_length:
        return input_ids
    new = next_token_probs(model, input_ids).topk(1).indices[None]
    longer = torch.hstack([input_ids, new])
    if new == model.config.eos_token_id:
        return longer
    return recursive(model, longer, max_length)


@correct()
def preallocated(model, input_ids, max_length):
    n = input_ids.size(1)
    ids = torch.zeros((1, max_length), dtype=torch.long)
    ids[:, :n] = input_ids
    while n < max_length:
        ids[0, n] = model(ids[:, :n]).logits[0, -1].argmax()
        n += 1
        if ids[0, n - 1] == model.config.eos_token_id:
            break
    return ids[:, :n]
