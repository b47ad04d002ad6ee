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
