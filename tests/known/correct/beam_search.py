"""Correct solutions of `beam_search`, written differently from the reference."""

import heapq

import torch

from autograder.exercises.known import correct


@correct()
def lists_of_ids(model, input_ids, max_length, num_beams):
    eos = model.config.eos_token_id
    start = input_ids.shape[1]
    beams = {tuple(input_ids[0].tolist()): 0.0}

    def finished(ids):
        return len(ids) > start and ids[-1] == eos

    for _ in range(max_length - start):
        found = {}
        for ids, score in beams.items():
            if finished(ids):
                found[ids] = score
                continue
            with torch.no_grad():
                steps = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1).tolist()
            best = sorted(range(len(steps)), key=lambda t: -steps[t])[:num_beams]
            for token in best:
                found[ids + (token,)] = score + steps[token]
        kept = sorted(found, key=found.get, reverse=True)[:num_beams]
        beams = {ids: found[ids] for ids in kept}
    return torch.tensor([max(beams, key=beams.get)])


@correct()
def heap(model, input_ids, max_length, num_beams):
    beams = [(0.0, input_ids, False)]
    while any(not b[2] and b[1].shape[1] < max_length for b in beams):
        pool = []
        for score, ids, ended in beams:
            if ended:
                pool.append((score, ids, True))
            else:
                log_probs = torch.log(next_token_probs(model, ids))
                for token in log_probs.topk(min(num_beams, log_probs.numel())).indices:
                    pool.append(
                        (
                            score + log_probs[token].item(),
                            torch.cat([ids, token.reshape(1, 1)], 1),
                            token.item() == model.config.eos_token_id,
                        )
                    )
        beams = heapq.nlargest(num_beams, pool, key=lambda b: b[0])
    return beams[0][1]


@correct()
def batched(model, input_ids, max_length, num_beams):
    eos = model.config.eos_token_id
    ids, scores = input_ids.clone(), torch.zeros(1, dtype=torch.double)
    done = []  # (score, ids)
    while len(ids) and ids.shape[1] < max_length:
        steps = model(ids).logits[:, -1].detach().double().log_softmax(-1)
        vocabulary = steps.shape[1]
        total = torch.cat(
            [
                (scores[:, None] + steps).flatten(),
                torch.tensor([s for s, _ in done], dtype=torch.double),
            ]
        )
        best = total.topk(min(num_beams, len(total)))
        new_ids, new_scores, new_done = [], [], []
        for score, place in zip(best.values.tolist(), best.indices.tolist()):
            if place >= len(ids) * vocabulary:
                new_done.append(done[place - len(ids) * vocabulary])
                continue
            row, token = divmod(place, vocabulary)
            longer = torch.cat([ids[row], torch.tensor([token])])
            if token == eos:
                new_done.append((score, longer))
            else:
                new_ids.append(longer)
                new_scores.append(score)
        ids = torch.stack(new_ids) if new_ids else ids[:0]
        scores, done = torch.tensor(new_scores, dtype=torch.double), new_done
    everything = done + list(zip(scores.tolist(), ids))
    return max(everything, key=lambda pair: pair[0])[1][None]


@correct()
def reordered_cache(model, input_ids, max_length, num_beams):
    """Keeps finished beams by giving them the end token again, at no cost."""
    eos, start = model.config.eos_token_id, input_ids.shape[1]
    ids, scores = input_ids, torch.zeros(1)
    finished = torch.zeros(1, dtype=torch.bool)
    past, step = None, input_ids
    with torch.no_grad():
        while ids.shape[1] < max_length and not finished.all():
            outputs = model(step, past_key_values=past, use_cache=True)
            past = outputs.past_key_values
            log_probs = outputs.logits[:, -1].log_softmax(-1)
            log_probs[finished] = float("-inf")
            log_probs[finished, eos] = 0.0
            size = log_probs.shape[-1]
            total = (scores[:, None] + log_probs).view(-1)
            scores, best = total.topk(min(num_beams, len(total)))
            rows = torch.div(best, size, rounding_mode="floor")
            step = (best % size)[:, None]
            ids = torch.cat([ids[rows], step], dim=1)
            finished = finished[rows] | step.eq(eos)[:, 0]
            past.reorder_cache(rows)
    new = ids[0, start:]
    ends = (new == eos).nonzero()
    length = start + (int(ends[0]) + 1 if len(ends) else len(new))
    return ids[:1, :length]


@correct()
def stops_when_the_best_has_ended(model, input_ids, max_length, num_beams):
    """More tokens only lower a sum, so nothing beats a finished beam that is in front."""
    beams = [(input_ids[0].tolist(), 0.0)]
    done = []
    for _ in range(max_length - input_ids.shape[1]):
        batch = torch.tensor([ids for ids, _ in beams])
        steps = model(batch, return_dict=False)[0][:, -1].detach().log_softmax(-1)
        found = list(done)
        for (ids, score), step in zip(beams, steps):
            values, tokens = step.sort(descending=True)
            for value, token in zip(values.tolist(), tokens.tolist()):
                found.append((ids + [token], score + value))
        found = sorted(found, key=lambda pair: pair[1], reverse=True)[:num_beams]
        ended = [
            len(ids) > input_ids.shape[1] and ids[-1] == model.config.eos_token_id
            for ids, _ in found
        ]
        if ended[0] or all(ended):
            return torch.tensor([found[0][0]])
        done = [pair for pair, end in zip(found, ended) if end]
        beams = [pair for pair, end in zip(found, ended) if not end]
    return torch.tensor([max(done + beams, key=lambda pair: pair[1])[0]])
