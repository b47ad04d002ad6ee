"""Wrong solutions of `speculative_decode`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="distribution", misconception="drafted_always")
def accepts_everything(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Accepts every guess."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if acceptance < 0:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_then_from_the_target")
def replaced_from_the_target(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Samples the replacement from the target's own law."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(targets[i], 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_then_drafted")
def replaced_from_the_draft(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Samples the replacement from the draft model again."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(law, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_by_the_target")
def accepts_by_the_target(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Accepts with the target's probability alone."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= targets[i, token]:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_if_likelier")
def accepts_the_likelier(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Accepts without chance what the target finds at least as likely."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if targets[i, token] < law[token]:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_inverted")
def ratio_inverted(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Accepts with the draft's probability divided by the target's."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= law[token] / targets[i, token]:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="distribution", misconception="drafted_alone")
def only_the_draft(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Takes all tokens from the draft model."""
    generator = torch.Generator().manual_seed(seed)
    ids = input_ids
    while ids.shape[1] < max_length:
        law = draft(ids).logits[0, -1].softmax(dim=-1)
        token = torch.multinomial(law, 1, generator=generator)
        ids = torch.cat([ids, token.view(1, 1)], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return ids


@wrong(fails_case=1, kind="distribution", misconception="drafted_greedily")
def greedy_target(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Takes the target's best token at each position."""
    ids = input_ids
    while ids.shape[1] < max_length:
        token = model(ids).logits[0, -1].argmax()
        ids = torch.cat([ids, token.view(1, 1)], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return ids


@wrong(fails_case=2, kind="value", misconception="value:['calls']")
def only_the_target(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Samples from the target, token by token."""
    generator = torch.Generator().manual_seed(seed)
    ids = input_ids
    while ids.shape[1] < max_length:
        law = model(ids).logits[0, -1].softmax(dim=-1)
        token = torch.multinomial(law, 1, generator=generator)
        ids = torch.cat([ids, token.view(1, 1)], dim=1)
        if token.item() == model.config.eos_token_id:
            break
    return ids


@wrong(fails_case=1, kind="value", misconception="value:['calls']")
def a_call_for_each_guess(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Asks the target at each guessed token."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        places = range(ids.shape[1], text.shape[1] + 1)
        targets = torch.stack([model(text[:, :n]).logits[0, -1].softmax(dim=-1) for n in places])
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=2, kind="value", misconception="value:['calls']")
def no_token_after_the_guesses(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Adds nothing where all guesses are right."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=5, kind="distribution")
def goes_on_after_a_rejection(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Keeps the guesses after a rejected one."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]


@wrong(fails_case=1, kind="too_long", misconception="too_long")
def not_cut_at_the_length(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Lets a round go beyond max_length."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids


@wrong(fails_case=4, kind="after_eos", misconception="after_eos")
def ignores_eos(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Keeps generating after the end token."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
    return ids[:, :max_length]


@wrong(fails_case=4, kind="after_eos", misconception="after_eos")
def keeps_the_round_after_eos(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Ends at the end token, but keeps the rest of the round."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1, generator=generator)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            break
    return ids[:, :max_length]


@wrong(fails_case=2, kind="seed_ignored", misconception="seed_ignored")
def draft_without_seed(model, draft, input_ids, max_length, num_draft, *, seed=0):
    """Lets the draft model guess by torch's own generator."""
    generator = torch.Generator().manual_seed(seed)
    ids, size, eos = input_ids, input_ids.shape[1], model.config.eos_token_id
    while ids.shape[1] < max_length:
        text, laws = ids, []
        for _ in range(num_draft):
            laws.append(draft(text).logits[0, -1].softmax(dim=-1))
            token = torch.multinomial(laws[-1], 1)
            text = torch.cat([text, token.view(1, 1)], dim=1)
        targets = model(text).logits[0, ids.shape[1] - 1 :].softmax(dim=-1)
        for i, law in enumerate(laws):
            token = text[0, ids.shape[1]].item()
            acceptance, residual = accept_draft(targets[i], law, token)
            if torch.rand(1, generator=generator).item() >= acceptance:
                token = torch.multinomial(residual, 1, generator=generator).item()
                ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
                break
            ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        else:
            token = torch.multinomial(targets[-1], 1, generator=generator)
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
        new = ids[0, size:].tolist()
        if eos in new:
            ids = ids[:, : size + new.index(eos) + 1]
            break
    return ids[:, :max_length]
