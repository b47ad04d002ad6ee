"""Wrong solutions of `evaluate`, each with the case that must find it."""

import math

import torch

from autograder.exercises.known import wrong


@wrong(fails_case=1, kind="value", misconception="evaluate_mean_of_means")
def mean_of_means(model, batches):
    """Weighs each batch alike."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = 1
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_left_in_eval")
def stays_in_eval(model, batches):
    """Leaves the model in evaluation mode."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    return total / tokens


@wrong(fails_case=2, kind="value", misconception="evaluate_left_in_training")
def always_train(model, batches):
    """Always puts the model into training mode."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train()
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_with_gradients")
def with_gradients(model, batches):
    """Computes with gradients."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.enable_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_as_perplexity")
def perplexity(model, batches):
    """Returns the perplexity."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return math.exp(total / tokens)


@wrong(fails_case=1, kind="value", misconception="evaluate_sum")
def sum_over_tokens(model, batches):
    """Returns the sum."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total


@wrong(fails_case=1, kind="value", misconception="evaluate_sum_of_means")
def sum_of_means(model, batches):
    """Adds the means up."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = 1
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total


@wrong(fails_case=1, kind="value", misconception="evaluate_last_batch")
def last_batch(model, batches):
    """Looks at the last batch only."""
    was = model.training
    model.eval()
    with torch.no_grad():
        for batch in batches:
            loss = model(**batch).loss.item()
    model.train(was)
    return loss


@wrong(fails_case=1, kind="value", misconception="evaluate_padding_weighs")
def counts_padding(model, batches):
    """Counts padding as tokens."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = batch["labels"].numel()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_first_token_weighs")
def counts_the_first(model, batches):
    """Counts the first token of each row."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_rows_weigh")
def counts_rows(model, batches):
    """Weighs each batch by its rows."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = len(batch["labels"])
            total += model(**batch).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=1, kind="value", misconception="evaluate_padding_counted")
def predicts_padding(model, batches):
    """Takes the tokens for labels, padding included."""
    was = model.training
    model.eval()
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = batch["labels"][:, 1:].numel()
            total += model(**{**batch, "labels": batch["input_ids"]}).loss.item() * n
            tokens += n
    model.train(was)
    return total / tokens


@wrong(fails_case=3, kind="value", misconception="varies")
def with_dropout(model, batches):
    """Leaves dropout on."""
    total = tokens = 0
    with torch.no_grad():
        for batch in batches:
            n = (batch["labels"][:, 1:] != -100).sum().item()
            total += model(**batch).loss.item() * n
            tokens += n
    return total / tokens
