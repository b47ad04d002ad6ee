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


@wrong(fails_case=1, kind="beam", misconception="beam_narrower")
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


@wrong(fails_case=1, kind="beam", misconception="beam_least_likely")
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


@wrong(fails_case=1, kind="beam", misconception="beam_worst_chosen")
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


@wrong(fails_case=10, kind="beam", misconception="beam_of_last_tokens")
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


@wrong(fails_case=3, kind="beam", misconception="beam_of_logits")
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


@wrong(fails_case=6, kind="beam", misconception="beam_of_probs")
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


@wrong(fails_case=6, kind="beam", misconception="beam_ranked_by_the_mean")
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


@wrong(fails_case=10, kind="beam", misconception="beam_ranked_by_the_whole_mean")
def divided_by_the_whole_length(model, input_ids, max_length, num_beams):
    """Ranks beams by their sum divided by the length of prompt and text."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0] / b[1].shape[1])[:num_beams]
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


@wrong(fails_case=6, kind="beam", misconception="beam_first_ended")
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


@wrong(fails_case=6, kind="beam", misconception=("beam_continued", "after_eos"))
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


@wrong(fails_case=8, kind="early", misconception="beam_ended_by_the_prompt")
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


@wrong(fails_case=1, kind="shape", misconception="shape")
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


@wrong(fails_case=1, kind="shape", misconception="shape")
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


@wrong(fails_case=1, kind="too_long", misconception="too_long")
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


@wrong(fails_case=1, kind="early", misconception="beam_too_short")
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


@wrong(fails_case=1, kind="no_generate", misconception="no_generate")
def model_generate(model, input_ids, max_length, num_beams):
    """Calls `model.generate`, which not every model of the cases has."""
    return model.generate(input_ids, max_length=max_length, num_beams=num_beams)


@wrong(fails_case=9, kind="beam", misconception=("beam_set_aside", "beam_without_a_place"))
def ended_beams_set_aside(model, input_ids, max_length, num_beams):
    """Sets ended beams aside, so others take their places and they can no longer be beaten."""
    beams, done = [(0.0, input_ids, False)], []
    for _ in range(max_length - input_ids.shape[1]):
        candidates = []
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        best = sorted(candidates, key=lambda b: -b[0])[:num_beams]
        done += [b for b in best if b[2]]
        beams = [b for b in best if not b[2]]
    return max(done + beams, key=lambda b: b[0])[1]


@wrong(fails_case=9, kind="beam", misconception="beam_set_aside_for_good")
def ended_beams_keep_their_places(model, input_ids, max_length, num_beams):
    """Sets ended beams aside for good, although a better beam may take their place."""
    beams, done = [(0.0, input_ids, False)], []
    for _ in range(max_length - input_ids.shape[1]):
        candidates = []
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        best = sorted(candidates, key=lambda b: -b[0])[: num_beams - len(done)]
        done += [b for b in best if b[2]]
        beams = [b for b in best if not b[2]]
    return max(done + beams, key=lambda b: b[0])[1]


@wrong(fails_case=7, kind="beam", misconception=("beam_set_aside", "beam_without_a_place"))
def ended_beams_take_no_place(model, input_ids, max_length, num_beams):
    """Keeps all ended beams beside num_beams others, so they can no longer be beaten."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        candidates.sort(key=lambda b: -b[0])
        going_on = [b for b in candidates if not b[2]][:num_beams]
        beams = sorted(going_on + [b for b in candidates if b[2]], key=lambda b: -b[0])
    return beams[0][1]


@wrong(fails_case=6, kind="beam", misconception="beam_continued")
def ended_beams_continued(model, input_ids, max_length, num_beams):
    """Extends ended beams as well and cuts the result after its first end token."""
    beams, start = [(0.0, input_ids)], input_ids.shape[1]
    for _ in range(max_length - start):
        candidates = []
        for score, ids in beams:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                candidates.append((score + step[token].item(), longer))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    ids, eos = beams[0][1][0].tolist(), model.config.eos_token_id
    end = ids.index(eos, start) + 1 if eos in ids[start:] else len(ids)
    return torch.tensor([ids[:end]])


@wrong(fails_case=8, kind="early", misconception="beam_ended_by_the_last_token")
def eos_last_in_the_prompt_ends(model, input_ids, max_length, num_beams):
    """Takes a beam whose last token is the end token for ended, even if that is the prompt."""
    eos = model.config.eos_token_id
    beams = [(0.0, input_ids, input_ids[0, -1].item() == eos)]
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


@wrong(fails_case=6, kind="early", misconception="beam_stopped_by_an_end")
def stops_at_the_first_end(model, input_ids, max_length, num_beams):
    """Stops the search as soon as one beam has ended, and returns the best so far."""
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
        if any(b[2] for b in beams):
            break
    return beams[0][1]


@wrong(fails_case=9, kind="beam", misconception="beam_enough_ended")
def enough_beams_ended(model, input_ids, max_length, num_beams):
    """Stops when num_beams beams have ended and lets those that go on fill their places."""
    beams, done = [(0.0, input_ids, False)], []
    for _ in range(max_length - input_ids.shape[1]):
        candidates = []
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = []
        for beam in sorted(candidates, key=lambda b: -b[0]):
            if len(beams) < num_beams:
                (done if beam[2] else beams).append(beam)
        if len(done) >= num_beams:
            break
    return max(done + beams, key=lambda b: b[0])[1]


@wrong(fails_case=7, kind="beam", misconception="beam_ended_preferred")
def ended_beams_preferred(model, input_ids, max_length, num_beams):
    """Returns the best ended beam at the end, although another one has a larger sum."""
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
    return ([b for b in beams if b[2]] or beams)[0][1]


@wrong(fails_case=6, kind="beam", misconception="beam_by_the_mean")
def mean_at_the_end(model, input_ids, max_length, num_beams):
    """Chooses the result by the mean log-probability instead of the sum."""
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
    start = input_ids.shape[1]
    return max(beams, key=lambda b: b[0] / max(b[1].shape[1] - start, 1))[1]


@wrong(fails_case=10, kind="beam", misconception="beam_by_the_whole_mean")
def whole_mean_at_the_end(model, input_ids, max_length, num_beams):
    """Chooses the result by its sum divided by the length of prompt and text."""
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
    return max(beams, key=lambda b: b[0] / b[1].shape[1])[1]


@wrong(fails_case=1, kind="beam", misconception="beam_as_greedy")
def copies_of_the_prompt(model, input_ids, max_length, num_beams):
    """Begins with num_beams equal beams, so the best continuation fills all places."""
    beams = [(0.0, input_ids, False)] * num_beams
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


@wrong(fails_case=9, kind="beam", misconception="beam_greedy_after_one_step")
def greedy_after_the_first_step(model, input_ids, max_length, num_beams):
    """Branches in the first step only and then extends each beam by its best token."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in [step.argmax()] if len(beams) > 1 else range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=11, kind="beam", misconception="beam_of_two_continuations")
def two_continuations_of_a_beam(model, input_ids, max_length, num_beams):
    """Looks at the two best tokens of each beam only, so a third one never stays."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in step.topk(
                min(2 if len(beams) > 1 else num_beams, len(step))
            ).indices.tolist():
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:num_beams]
    return beams[0][1]


@wrong(fails_case=2, kind="beam", misconception="beam_not_pruned")
def never_pruned(model, input_ids, max_length, num_beams):
    """Keeps all beams until the end, so it finds texts that num_beams beams would lose."""
    beams = [(0.0, input_ids, False)]
    for _ in range(max_length - input_ids.shape[1]):
        candidates = [b for b in beams if b[2]]
        for score, ids, _ in [b for b in beams if not b[2]]:
            step = model(ids).logits[0, -1].detach().log_softmax(-1)
            for token in range(len(step)):
                longer = torch.cat([ids, torch.tensor([[token]])], dim=1)
                ended = token == model.config.eos_token_id
                candidates.append((score + step[token].item(), longer, ended))
        beams = sorted(candidates, key=lambda b: -b[0])[:500]
    return beams[0][1]
