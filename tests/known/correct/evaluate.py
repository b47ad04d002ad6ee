"""Correct solutions of `evaluate`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def by_hand(model, batches):
    """Sums the losses of tokens."""
    mode = model.training
    model.eval()
    losses = []
    with torch.inference_mode():
        for b in batches:
            logits = model(b["input_ids"], attention_mask=b["attention_mask"]).logits
            logs, labels = logits[:, :-1].log_softmax(-1), b["labels"][:, 1:]
            there = labels != -100
            losses += (-logs[there].gather(-1, labels[there][:, None])).flatten().tolist()
    if mode:
        model.train()
    return sum(losses) / len(losses)


@correct()
def weighted(model, batches):
    """Weighs the means by tokens."""
    before = model.training
    try:
        with torch.no_grad():
            means = torch.stack([model.eval()(**batch).loss for batch in batches])
    finally:
        model.train(before)
    counts = torch.tensor([(batch["labels"][:, 1:] != -100).sum() for batch in batches])
    return (means * counts).sum() / counts.sum()


@correct()
def decorated(model, batches):
    """Has a decorator in place of a block."""

    @torch.no_grad()
    def total(batch):
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        return torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten(), reduction="sum"
        ).item()

    was_training = model.training
    model.eval()
    found = sum(total(batch) for batch in batches)
    model.train(was_training)
    return found / sum(int((b["labels"][:, 1:] != -100).sum()) for b in batches)
