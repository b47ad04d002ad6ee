"""Correct solutions of `speculative_decode`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def without_its_need(model, draft, input_ids, max_length, num_draft, *, seed=0):
    torch.manual_seed(seed)
    tokens, start = input_ids[0].tolist(), input_ids.shape[1]
    while len(tokens) < max_length:
        guesses, laws = [], []
        for _ in range(min(num_draft, max_length - len(tokens) - 1)):
            with torch.no_grad():
                q = draft(torch.tensor([tokens + guesses])).logits[0, -1].softmax(-1)
            laws.append(q)
            guesses.append(int(torch.multinomial(q, 1)))
        with torch.no_grad():
            logits = model(torch.tensor([tokens + guesses])).logits[0]
        targets = logits[len(tokens) - 1 :].softmax(-1)
        rejected = False
        for token, q, p in zip(guesses, laws, targets, strict=False):
            rejected = bool(torch.rand(()) * q[token] > p[token])
            if rejected:
                token = int(torch.multinomial(torch.relu(p - q), 1))
            tokens.append(token)
            if rejected or token == model.config.eos_token_id:
                break
        if not rejected and model.config.eos_token_id not in tokens[start:]:
            tokens.append(int(torch.multinomial(targets[-1], 1)))
        if model.config.eos_token_id in tokens[start:]:
            break
    return torch.tensor([tokens])


@correct()
@torch.no_grad()
def all_accepted_at_once(model, draft, input_ids, max_length, num_draft, *, seed=0):
    generator, ids = torch.Generator().manual_seed(seed), input_ids
    while ids.shape[1] < max_length:
        n, text = ids.shape[1], ids
        for _ in range(num_draft):
            q = torch.softmax(draft(text).logits[:, -1], dim=-1)
            text = torch.cat([text, torch.multinomial(q, 1, generator=generator)], dim=1)
        p = torch.softmax(model(text).logits[0, n - 1 :], dim=-1)
        q = torch.softmax(draft(text).logits[0, n - 1 : -1], dim=-1)
        guessed = text[0, n:, None]
        ratio = (p[:-1].gather(1, guessed) / q.gather(1, guessed))[:, 0]
        stays = torch.rand(num_draft, generator=generator) < ratio
        count = int(stays.long().cumprod(0).sum())
        rest = p[count] if count == num_draft else accept_draft(p[count], q[count], text[0, n])[1]
        last = torch.multinomial(rest, 1, generator=generator)[None]
        ids = torch.cat([text[:, : n + count], last], dim=1)[:, :max_length]
        ends = (ids[0, input_ids.shape[1] :] == model.config.eos_token_id).nonzero()
        if len(ends):
            return ids[:, : input_ids.shape[1] + int(ends[0]) + 1]
    return ids


@correct()
def one_generator_a_purpose(model, draft, input_ids, max_length, num_draft, *, seed=0):
    guessing, accepting = (torch.Generator().manual_seed(2 * seed + i) for i in range(2))
    eos, done = model.config.eos_token_id, input_ids[0].tolist()
    while True:
        if len(done) >= max_length:
            return torch.tensor([done])
        guess, laws = list(done), {}
        for place in range(len(done), len(done) + num_draft):
            laws[place] = draft(torch.tensor([guess])).logits[0, -1].softmax(-1)
            guess.append(torch.multinomial(laws[place], 1, generator=guessing).item())
        found = model(torch.tensor([guess])).logits[0].softmax(-1)
        for place in range(len(done), len(guess) + 1):
            law, token = found[place - 1], None
            if place in laws:
                chance, rest = accept_draft(law, laws[place], guess[place])
                if torch.rand(1, generator=accepting).item() < chance:
                    token = guess[place]
                else:
                    law = rest
            drawn = token is None
            if drawn:
                token = torch.multinomial(law, 1, generator=accepting).item()
            done.append(token)
            if token == eos or len(done) == max_length:
                return torch.tensor([done])
            if drawn:
                break
