"""Wrong solutions of `train_accumulated`, each with the case that must find it."""

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="accumulated_mean_of_means")
def mean_of_means(model, optimizer, batches, max_norm):
    """Weighs each batch alike."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss / len(batches)
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_not_divided")
def not_divided(model, optimizer, batches, max_norm):
    """Adds the means up."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_last_only")
def zeroes_each_time(model, optimizer, batches, max_norm):
    """Zeroes before each batch."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        total = loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_of_the_sum")
def sum_over_tokens(model, optimizer, batches, max_norm):
    """Sums over tokens."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_padding_weighs")
def counts_padding(model, optimizer, batches, max_norm):
    """Counts padding as tokens."""
    counts = [batch["labels"].numel() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_first_token_weighs")
def counts_the_first(model, optimizer, batches, max_norm):
    """Counts the first token of each row."""
    counts = [(batch["labels"] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_first_token_weighs")
def counts_by_the_mask(model, optimizer, batches, max_norm):
    """Counts the tokens of the mask."""
    counts = [batch["attention_mask"].sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_not_zeroed")
def not_zeroed(model, optimizer, batches, max_norm):
    """Adds to the gradients of the step before."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_not_clipped")
def not_clipped(model, optimizer, batches, max_norm):
    """Does not clip."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_not_taken")
def no_step(model, optimizer, batches, max_norm):
    """Forgets the step."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_padding_trained_on")
def trains_on_padding(model, optimizer, batches, max_norm):
    """Takes the tokens for labels, padding included."""
    tokens = sum(b["input_ids"][:, 1:].numel() for b in batches)
    total = 0.0
    optimizer.zero_grad()
    for batch in batches:
        y = batch["input_ids"]
        logits = model(y, attention_mask=batch["attention_mask"]).logits[:, :-1].flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, y[:, 1:].flatten(), reduction="sum")
        loss = loss / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total


@wrong(fails_case=1, kind="value", misconception="accumulated_loss_afterwards")
def loss_afterwards(model, optimizer, batches, max_norm):
    """Returns the loss after the step."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return sum(model(**b).loss.item() * n for b, n in zip(batches, counts)) / tokens


@wrong(fails_case=1, kind="value", misconception="accumulated_last_loss")
def last_loss(model, optimizer, batches, max_norm):
    """Returns the last batch's loss."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        last = loss.item() * tokens / n
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return last


@wrong(fails_case=1, kind="value", misconception="accumulated_step_each")
def step_each(model, optimizer, batches, max_norm):
    """Takes a step after each batch."""
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    total = 0.0
    for batch, n in zip(batches, counts):
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        total += loss.item() * n / sum(counts)
    return total


@wrong(fails_case=1, kind="value", misconception="value:['training']")
def leaves_eval(model, optimizer, batches, max_norm):
    """Trains in evaluation mode."""
    model.eval()
    counts = [(batch["labels"][:, 1:] != -100).sum().item() for batch in batches]
    tokens, total = sum(counts), 0.0
    optimizer.zero_grad()
    for batch, n in zip(batches, counts):
        loss = model(**batch).loss * n / tokens
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return total
