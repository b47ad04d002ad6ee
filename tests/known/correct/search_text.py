"""Correct solutions of `search_text`, written differently from the reference."""

import heapq

import torch

from autograder.exercises.known import correct


@correct()
@torch.no_grad()
def with_a_heap(model, input_ids, max_length, num_beams, length_penalty):
    eos, prompt = model.config.eos_token_id, input_ids[0].tolist()
    beams, done = [(0.0, [])], []
    for _ in range(max_length - len(prompt)):
        options = []
        for total, new in beams:
            logits = model(torch.tensor([prompt + new])).logits[0, -1]
            for token, log in enumerate(torch.log_softmax(logits.double(), -1).tolist()):
                options.append((total + log, [*new, token]))
        beams = []
        for option in heapq.nlargest(num_beams, options):
            (done if option[1][-1] == eos else beams).append(option)
    best = max(done + beams, key=lambda option: option[0] / len(option[1]) ** length_penalty)
    return torch.tensor([prompt + best[1]])


@correct()
@torch.inference_mode()
def all_beams_at_once(model, input_ids, max_length, num_beams, length_penalty):
    ids, totals, best = input_ids, torch.zeros(1), (-float("inf"), input_ids)
    for new in range(1, max_length - input_ids.shape[1] + 1):
        logs = model(ids).logits[:, -1].log_softmax(dim=-1)
        scores = (totals[:, None] + logs).flatten()
        totals, places = scores.topk(min(num_beams, len(scores)))
        tokens = places % logs.shape[1]
        ids = torch.cat([ids[places // logs.shape[1]], tokens[:, None]], dim=1)
        last = tokens == model.config.eos_token_id
        if ids.shape[1] == max_length:
            last = torch.ones_like(last)
        for total, text in zip(totals[last].tolist(), ids[last], strict=True):
            best = max(best, (total / new**length_penalty, text[None]), key=lambda pair: pair[0])
        ids, totals = ids[~last], totals[~last]
        if len(ids) == 0:
            break
    return best[1]


@correct()
def scored_on_the_way(model, input_ids, max_length, num_beams, length_penalty):
    size, eos = input_ids.shape[1], model.config.eos_token_id
    beams, scored = {tuple(input_ids[0].tolist()): 0.0}, {}
    while beams:
        longer = {}
        for ids, total in beams.items():
            if len(ids) == max_length:
                scored[ids] = total / (len(ids) - size) ** length_penalty
                continue
            with torch.no_grad():
                logs = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], dim=0)
            longer |= {(*ids, token): total + log.item() for token, log in enumerate(logs)}
        beams = {}
        for ids in sorted(longer, key=longer.get)[::-1][:num_beams]:
            if ids[-1] == eos:
                scored[ids] = longer[ids] / (len(ids) - size) ** length_penalty
            else:
                beams[ids] = longer[ids]
    return torch.tensor([max(scored, key=scored.get)])
