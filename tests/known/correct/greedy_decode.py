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


@correct()
def tuples_and_the_second_output(model, input_ids, max_length):
    ids, step, past = input_ids.clone(), input_ids, None
    model.eval()
    with torch.no_grad():
        while ids.shape[-1] < max_length:
            outputs = model(step, past_key_values=past, use_cache=True, return_dict=False)
            logits, past = outputs[0], outputs[1]
            step = logits[:, -1, :].argmax(dim=-1).unsqueeze(-1)
            ids = torch.cat([ids, step], dim=-1)
            if (step == model.config.eos_token_id).all():
                break
    return ids


@correct()
def unfinished_sequences(model, input_ids, max_length):
    unfinished = torch.ones(input_ids.shape[0], dtype=torch.long, device=model.device)
    mask = torch.ones_like(input_ids)
    for _ in range(input_ids.shape[1], min(max_length, model.config.max_position_embeddings)):
        positions = mask.cumsum(-1) - 1
        scores = model(input_ids, attention_mask=mask, position_ids=positions)[0][:, -1]
        new = scores.argmax(-1)
        input_ids = torch.cat([input_ids, new[:, None]], dim=-1)
        mask = torch.nn.functional.pad(mask, (0, 1), value=1)
        unfinished = unfinished.mul(new.ne(model.config.eos_token_id).long())
        if unfinished.max() == 0:
            break
    return input_ids


@correct()
def a_window_of_the_text(model, input_ids, max_length):
    device = next(model.parameters()).device
    ids = input_ids.to(device)
    block = model.config.max_position_embeddings
    while ids.size(1) < max_length:
        cond = ids if ids.size(1) <= block else ids[:, -block:]
        logits, *_ = model(cond).to_tuple()
        new = torch.topk(logits[:, -1, : model.config.vocab_size], k=1, dim=-1).indices
        ids = torch.cat((ids, new), dim=1)
        if new.eq(model.config.eos_token_id).all():
            break
    return ids.cpu()
