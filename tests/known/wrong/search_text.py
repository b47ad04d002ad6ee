"""Wrong solutions of `search_text`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=2, kind="beam", misconception="search_without_penalty")
def no_penalty(model, input_ids, max_length, num_beams, length_penalty):
    """Takes the largest sum."""
    running, ended = [(0.0, input_ids)], []
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0])[1]


@wrong(fails_case=2, kind="beam", misconception="search_multiplied")
def multiplied(model, input_ids, max_length, num_beams, length_penalty):
    """Multiplies by the power of the length."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] * (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=1, kind="beam", misconception="search_by_the_mean")
def mean(model, input_ids, max_length, num_beams, length_penalty):
    """Divides by the length, whatever the penalty is."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size))[1]


@wrong(fails_case=3, kind="beam", misconception="search_divided_by_the_product")
def product(model, input_ids, max_length, num_beams, length_penalty):
    """Divides by the product of length and penalty."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(
        ended + running, key=lambda b: b[0] / ((b[1].shape[1] - size) * length_penalty or 1)
    )[1]


@wrong(fails_case=2, kind="beam", misconception="search_with_the_prompt")
def prompt_counts(model, input_ids, max_length, num_beams, length_penalty):
    """Counts the prompt as well."""
    running, ended = [(0.0, input_ids)], []
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / b[1].shape[1] ** length_penalty)[1]


@wrong(fails_case=2, kind="beam", misconception="search_with_one_beam")
def one_beam(model, input_ids, max_length, num_beams, length_penalty):
    """Keeps one beam."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:1]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=5, kind="beam", misconception="search_ended_only")
def ended_only(model, input_ids, max_length, num_beams, length_penalty):
    """Scores the running beams only where none has ended."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended or running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=1, kind="beam", misconception="search_running_only")
def running_only(model, input_ids, max_length, num_beams, length_penalty):
    """Scores the ended beams only where none is running."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(running or ended, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=2, kind="beam", misconception="search_first_ended")
def first_ended(model, input_ids, max_length, num_beams, length_penalty):
    """Returns the first beam that ends."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        if ended:
            return ended[0][1]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=4, kind="beam", misconception="search_in_the_race")
def in_the_race(model, input_ids, max_length, num_beams, length_penalty):
    """Lets ended beams take a place."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = list(ended)
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended = [
            b for b in best if b[1].shape[1] > size and b[1][0, -1] == model.config.eos_token_id
        ]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=4, kind="too_long", misconception="too_long")
def one_too_many(model, input_ids, max_length, num_beams, length_penalty):
    """Generates one token more than there may be."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] <= max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=1, kind="after_eos", misconception="after_eos")
def goes_on_after_the_end(model, input_ids, max_length, num_beams, length_penalty):
    """Extends beams that have ended."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        running = best
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1]


@wrong(fails_case=1, kind="prompt", misconception="prompt")
def prompt_cut_off(model, input_ids, max_length, num_beams, length_penalty):
    """Returns the new tokens alone."""
    running, ended, size = [(0.0, input_ids)], [], input_ids.shape[1]
    while running and running[0][1].shape[1] < max_length:
        found = []
        for total, ids in running:
            logs = model(ids).logits[0, -1].log_softmax(dim=-1)
            for token, log in enumerate(logs.tolist()):
                found.append((total + log, torch.cat([ids, torch.tensor([[token]])], dim=1)))
        best = sorted(found, key=lambda beam: -beam[0])[:num_beams]
        ended += [b for b in best if b[1][0, -1] == model.config.eos_token_id]
        running = [b for b in best if b[1][0, -1] != model.config.eos_token_id]
    return max(ended + running, key=lambda b: b[0] / (b[1].shape[1] - size) ** length_penalty)[1][
        :, size:
    ]
