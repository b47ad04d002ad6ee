"""Correct solutions of `sequence_log_prob`, written differently from the reference."""

import numpy as np
import torch
from torch.nn import functional as F

from autograder.exercises.known import correct


@correct()
def gathered(model, input_ids, prompt_length):
    with torch.inference_mode():
        log_probs = model(input_ids).logits[:, :-1].log_softmax(-1)
    chosen = log_probs.gather(2, input_ids[:, 1:, None])[0, :, 0]
    return float(chosen[prompt_length - 1 :].sum())


@correct()
def cross_entropy(model, input_ids, prompt_length):
    logits = model(input_ids).logits[0].detach()
    targets = input_ids[0, prompt_length:]
    if len(targets) == 0:
        return 0.0
    return -F.cross_entropy(logits[prompt_length - 1 : -1], targets, reduction="sum").item()


@correct()
def token_by_token(model, input_ids, prompt_length):
    total = torch.zeros(())
    for end in range(prompt_length, input_ids.shape[1]):
        logits = model(input_ids[:, :end]).logits[0, -1].detach()
        total += torch.log_softmax(logits, dim=0)[input_ids[0, end]]
    return total


@correct()
def numpy_in_float64(model, input_ids, prompt_length):
    z = model(input_ids).logits[0].detach().numpy().astype(np.float64)
    ids = input_ids[0].numpy()
    top = z.max(axis=1)
    log_norm = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
    steps = [z[i - 1, ids[i]] - log_norm[i - 1] for i in range(prompt_length, len(ids))]
    return float(np.sum(steps))


@correct()
def with_labels(model, input_ids, prompt_length):
    steps = 0.0
    log_probs = torch.log_softmax(model(input_ids).logits[0].detach(), -1)
    for position, token in list(enumerate(input_ids[0].tolist()))[prompt_length:]:
        steps = steps + log_probs[position - 1][token].item()
    return steps


@correct()
def loss_of_the_labels(model, input_ids, prompt_length):
    new = input_ids.shape[1] - prompt_length
    if new == 0:
        return 0.0
    labels = input_ids.clone()
    labels[:, :prompt_length] = -100
    with torch.no_grad():
        loss, _ = model(input_ids, labels=labels)[:2]
    return -loss.item() * new


@correct()
def one_hot_vectors(model, input_ids, prompt_length):
    log_probs = model(input_ids, use_cache=False)[0].detach().log_softmax(-1)[:, :-1]
    chosen = F.one_hot(input_ids[:, 1:], model.config.vocab_size).to(log_probs)
    return torch.einsum("btv,btv->bt", log_probs, chosen)[0, prompt_length - 1 :].sum().item()


@correct()
def step_by_step_with_a_cache(model, input_ids, prompt_length):
    total = 0.0
    with torch.inference_mode():
        outputs = model(input_ids[:, :prompt_length], use_cache=True)
        for i in range(prompt_length, input_ids.shape[1]):
            total += outputs.logits[0, -1].log_softmax(-1)[input_ids[0, i]].item()
            outputs = model(input_ids[:, i : i + 1], past_key_values=outputs.past_key_values)
    return total
