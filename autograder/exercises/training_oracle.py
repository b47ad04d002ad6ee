"""References of the exercises on training: slow, obviously right, one function an exercise.

They share no code with the notebook's solutions: loops over tokens, gradients from autograd alone,
and the optimizer's step written out. A model that they get is left as it is; they give the state
that it should be in, as `kischule.training.tiny` describes it.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from autograder.exercises.oracle import floats, log_softmax
from kischule.training.tiny import RETURNED, state_of

Batch = Mapping[str, Tensor]
IGNORED = -100


# --- from texts to batches ----------------------------------------------------------------------


def split_texts(texts: list[str], fraction: float, seed: int) -> list[list[str]]:
    different: list[str] = []
    for text in texts:
        if text not in different:
            different.append(text)
    return divided(different, max(1, round(fraction * len(different))), seed)


def divided(texts: list[str], held: int, seed: int) -> list[list[str]]:
    """Texts to train on, and the first `held` of the seed's order."""
    rng = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(texts), generator=rng).tolist()
    return [[texts[i] for i in order[held:]], [texts[i] for i in order[:held]]]


def make_blocks(token_lists: list[list[int]], block_size: int, end: int) -> list[list[int]]:
    blocks: list[list[int]] = []
    for tokens in token_lists:
        for token in [*tokens, end]:
            if not blocks or len(blocks[-1]) == block_size:
                blocks.append([])
            blocks[-1].append(token)
    return blocks


def pad_batch(blocks: list[list[int]], pad: int) -> dict[str, Tensor]:
    rows, columns = len(blocks), max(map(len, blocks))
    ids = torch.full((rows, columns), pad)
    mask, labels = torch.zeros((rows, columns)).long(), torch.full((rows, columns), IGNORED)
    for i, block in enumerate(blocks):
        for j, token in enumerate(block):
            ids[i, j], mask[i, j], labels[i, j] = token, 1, token
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


# --- losses -------------------------------------------------------------------------------------


def token_losses(logits: Tensor, labels: Tensor) -> Tensor:  # (B, T, V), (B, T) -> (B, T - 1)
    rows, columns = labels.shape
    losses = torch.zeros(rows, columns - 1, dtype=torch.float64)
    for i in range(rows):
        for j in range(1, columns):
            if labels[i, j] != IGNORED:
                losses[i, j - 1] = -log_softmax(floats(logits[i, j - 1]))[labels[i, j]]
    return losses


def perplexity(losses: list[float], counts: list[int]) -> float:
    total = math.fsum(loss * count for loss, count in zip(losses, counts, strict=True))
    return math.exp(total / sum(counts))


def counted(batch: Batch) -> int:
    """The number of tokens that are predicted: not the first of a row, and no padding."""
    return int((batch["labels"][:, 1:] != IGNORED).sum())


def summed(model: Any, batch: Batch) -> Tensor:  # ()
    """The sum of a batch's token losses, with gradients."""
    logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    logs, labels = logits.log_softmax(-1), batch["labels"]
    found = [
        -logs[i, j - 1, labels[i, j]]
        for i in range(len(labels))
        for j in range(1, labels.shape[1])
        if labels[i, j] != IGNORED
    ]
    return torch.stack(found).sum()


# --- training -----------------------------------------------------------------------------------


def gradients(model: Any, loss: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(model.parameters())))


def clipped(grads: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in grads))
    return [g * min(1.0, max_norm / norm) for g in grads]


def moved(model: Any, grads: Sequence[Tensor], rate: float) -> Any:
    """A copy of the model after one step of plain gradient descent."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weight, grad in zip(other.parameters(), grads, strict=True):
            weight -= rate * grad
    return other


def left(model: Any, returned: float, **changed: Any) -> dict[str, Any]:
    """The reply of a function that returned a number and left the model so."""
    return {RETURNED: returned, "model": {**state_of(model), **changed}}


def rate_of(optimizer: torch.optim.Optimizer) -> float:
    return float(optimizer.param_groups[0]["lr"])


def train_step(
    model: Any, optimizer: torch.optim.Optimizer, batch: Batch, max_norm: float
) -> dict[str, Any]:
    return train_accumulated(model, optimizer, [batch], max_norm)


def train_accumulated(
    model: Any, optimizer: torch.optim.Optimizer, batches: Sequence[Batch], max_norm: float
) -> dict[str, Any]:
    model = copy.deepcopy(model)
    loss = torch.stack([summed(model, b) for b in batches]).sum() / sum(map(counted, batches))
    grads = clipped(gradients(model, loss), max_norm)
    return left(moved(model, grads, rate_of(optimizer)), loss.item())


def evaluate(model: Any, batches: Sequence[Batch]) -> dict[str, Any]:
    quiet = copy.deepcopy(model).eval()
    with torch.no_grad():
        total = math.fsum(summed(quiet, batch).item() for batch in batches)
    return left(model, total / sum(map(counted, batches)))


# --- the course of a training -------------------------------------------------------------------


def learning_rate(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest * (steps - step) / (steps - warm_up_steps)


def best_epoch(validation_losses: list[float], patience: int) -> int:
    best, lowest = 1, math.inf
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return best


# --- keep and compare ---------------------------------------------------------------------------


def mean_of(model: Any, batch: Batch) -> Tensor:  # ()
    """The mean loss of a batch's tokens, with gradients."""
    return summed(model, batch) / counted(batch)


def try_rate(model: Any, batch: Batch, rate: float) -> dict[str, Any]:
    before = copy.deepcopy(model)
    after = moved(before, gradients(before, mean_of(before, batch)), rate)
    return left(model, mean_of(after, batch).item())


def sample_both(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> list[list[int]]:
    return [continued(model, input_ids, steps, seed) for model in models]


def continued(model: Any, input_ids: Tensor, steps: int, seed: int) -> list[int]:
    """Sample with a generator of its own, which begins with the seed."""
    tokens, rng = input_ids[0].tolist(), torch.Generator().manual_seed(seed)
    for _ in range(steps):
        with torch.no_grad():
            probs = model(torch.tensor([tokens])).logits[0, -1].softmax(-1)
        tokens.append(int(torch.multinomial(probs, 1, generator=rng)))
    return tokens
