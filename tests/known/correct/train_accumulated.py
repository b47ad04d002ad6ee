"""Correct solutions of `train_accumulated`, written differently from the reference."""

import torch

from autograder.exercises.known import correct


@correct()
def sums(model, optimizer, batches, max_norm):
    """Sums the losses of tokens, and divides by their number."""
    tokens = sum(int((b["labels"][:, 1:] != -100).sum()) for b in batches)
    total = 0.0
    optimizer.zero_grad()
    for b in batches:
        logits = model(b["input_ids"], attention_mask=b["attention_mask"]).logits
        loss = torch.nn.functional.cross_entropy(
            logits[:, :-1].flatten(0, 1), b["labels"][:, 1:].flatten(), reduction="sum"
        )
        (loss / tokens).backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total / tokens


@correct()
def divides_at_the_end(model, optimizer, batches, max_norm):
    """Divides the gradients before the step."""
    optimizer.zero_grad()
    total = tokens = 0
    for batch in batches:
        n = (batch["labels"][:, 1:] != -100).sum()
        loss = model(**batch).loss * n
        loss.backward()
        total, tokens = total + loss.detach(), tokens + n
    for weight in model.parameters():
        weight.grad /= tokens
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return (total / tokens).item()


@correct()
def one_large_batch(model, optimizer, batches, max_norm):
    """Lets all batches be one loss."""
    model.zero_grad()
    counts = [(b["labels"][:, 1:] != -100).sum() for b in batches]
    losses = [model(**b).loss * n for b, n in zip(batches, counts)]
    loss = sum(losses) / sum(counts)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.item()
