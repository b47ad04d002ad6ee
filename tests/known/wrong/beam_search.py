"""Wrong solutions of `beam_search`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="beam", misconception="beam_as_greedy")
def greedy(model, input_ids, max_length, num_beams):
    """Keeps only one beam, which is greedy decoding."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:1]
    return beams[0][1]


@wrong(fails_case=1, kind="beam", misconception="beam_as_greedy")
def one_beam_less(model, input_ids, max_length, num_beams):
    """Keeps one beam too few."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[: max(num_beams - 1, 1)]
    return beams[0][1]


@wrong(fails_case=2, kind="beam", misconception="beam_wider")
def one_beam_more(model, input_ids, max_length, num_beams):
    """Keeps one beam too many."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[: num_beams + 1]
    return beams[0][1]


@wrong(fails_case=1, kind="beam", misconception="beam_as_greedy")
def best_token_of_each_beam(model, input_ids, max_length, num_beams):
    """Extends each beam by its best token only, so there is never more than one beam."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in [step.argmax().item()]:
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=1, kind="beam")
def the_least_likely(model, input_ids, max_length, num_beams):
    """Keeps the beams with the lowest scores."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=1, kind="beam", misconception="beam_as_greedy")
def the_last_beam(model, input_ids, max_length, num_beams):
    """Returns the worst of the remaining beams instead of the best."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[-1][1]


@wrong(fails_case=6, kind="beam")
def only_the_last_step_counts(model, input_ids, max_length, num_beams):
    """Scores a beam by its last token alone instead of the sum over its tokens."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=3, kind="beam")
def sums_of_logits(model, input_ids, max_length, num_beams):
    """Adds up raw logits instead of log-probabilities."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach()
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=6, kind="beam", misconception="beam_never_ended")
def sums_of_probabilities(model, input_ids, max_length, num_beams):
    """Adds up probabilities instead of log-probabilities."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=6, kind="beam", misconception="beam_never_ended")
def divided_by_the_length(model, input_ids, max_length, num_beams):
    """Ranks beams by their mean log-probability instead of the sum."""
    beams = [(0.0, input_ids, False)]
    start = input_ids.shape[1]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0] / max(b[1].shape[1] - start, 1))[:num_beams]
    return beams[0][1]


@wrong(fails_case=6, kind="beam", misconception="beam_never_ended")
def ended_beams_dropped(model, input_ids, max_length, num_beams):
    """Drops a beam once it has ended, so it can no longer win."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = []
        if all(b[2] for b in beams):
            break
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=7, kind="beam", misconception="beam_first_ended")
def first_ended_wins(model, input_ids, max_length, num_beams):
    """Returns the first beam that ends, although another may still be more likely."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
        done = [b for b in beams if b[2]]
        if done:
            return done[0][1]
    return beams[0][1]


@wrong(fails_case=6, kind="after_eos")
def ignores_eos(model, input_ids, max_length, num_beams):
    """Keeps extending a beam after the end token."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = False
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=8, kind="too_short")
def eos_in_the_prompt_ends(model, input_ids, max_length, num_beams):
    """Ends at an end token in the prompt, although only a generated one counts."""
    beams = [(0.0, input_ids, model.config.eos_token_id in input_ids[0].tolist())]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=1, kind="shape")
def all_beams(model, input_ids, max_length, num_beams):
    """Returns all beams instead of the best one."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return torch.cat([b[1] for b in beams])


@wrong(fails_case=1, kind="shape")
def batch_dimension_lost(model, input_ids, max_length, num_beams):
    """Returns ids of shape (T,) instead of (1, T)."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1][0]


@wrong(fails_case=1, kind="too_long")
def max_length_of_new_tokens(model, input_ids, max_length, num_beams):
    """Generates `max_length` new tokens, although the prompt counts towards it."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=1, kind="incomplete")
def one_too_few(model, input_ids, max_length, num_beams):
    """Stops one token short of `max_length`."""
    beams = [(0.0, input_ids, False)]
    start = input_ids.shape[1]
    for _ in range(max_length - start - 1):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=1, kind="no_generate")
def model_generate(model, input_ids, max_length, num_beams):
    """Calls `model.generate`, which not every model of the cases has."""
    return model.generate(input_ids, max_length=max_length, num_beams=num_beams)
