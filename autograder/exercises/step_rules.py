"""Known wrong rules of the exercises on steps, validation and schedule: see `misconceptions`."""

import copy
import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from autograder.exercises import training_oracle as right
from autograder.exercises.training_oracle import IGNORED, Batch
from kischule.training.tiny import STALE

# --- train_step, train_accumulated --------------------------------------------------------------

Grads = list[Tensor]


def _step(
    change: Callable[[Any, list[Tensor], float], list[Tensor]],
    loss_of: Callable[[Any, Sequence[Batch]], Tensor] | None = None,
    *,
    returned: Callable[[Any, Any, Sequence[Batch]], float] | None = None,
) -> Callable[..., Any]:
    """A rule that takes one step with other gradients, of another loss, or returns another number.

    change: from the model, its gradients and max_norm to the gradients of the step.
    """

    def rule(
        model: Any, optimizer: Any, batches: Sequence[Batch], max_norm: float
    ) -> dict[str, Any]:
        before = copy.deepcopy(model)
        loss = (loss_of or _mean)(before, batches)
        grads = change(before, right.gradients(before, loss), max_norm)
        after = right.moved(before, grads, right.rate_of(optimizer))
        told = loss.item() if returned is None else returned(model, after, batches)
        return right.left(after, told)

    return rule


def _of_one(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The same rule for a single batch."""

    def of_batch(model: Any, optimizer: Any, batch: Batch, max_norm: float) -> Any:
        return rule(model, optimizer, [batch], max_norm)

    return of_batch


def _mean(model: Any, batches: Sequence[Batch]) -> Tensor:
    return torch.stack([right.summed(model, b) for b in batches]).sum() / sum(
        map(right.counted, batches)
    )


def _clipped(_: Any, grads: Grads, max_norm: float) -> Grads:
    return right.clipped(grads, max_norm)


def _added_to_stale(grads: Grads) -> Grads:
    return [g + STALE for g in grads]


def _scaled(grads: Grads, max_norm: float) -> Grads:
    """Gradients of exactly this norm, also where theirs is smaller."""
    return right.clipped([g * 1e6 for g in grads], max_norm)


def _unpadded(model: Any, batches: Sequence[Batch]) -> Tensor:
    return _mean(model, [{**b, "labels": b["input_ids"]} for b in batches])


def _loss_afterwards(_: Any, after: Any, batches: Sequence[Batch]) -> float:
    return _mean(after, batches).item()


def _nothing(_: Any, grads: Grads, __: float) -> Grads:
    return [torch.zeros_like(g) for g in grads]


step_not_zeroed = _of_one(_step(lambda m, g, n: right.clipped(_added_to_stale(g), n)))
step_not_clipped = _of_one(_step(lambda m, g, n: g))
step_clipped_by_value = _of_one(_step(lambda m, g, n: [x.clamp(-n, n) for x in g]))
step_not_taken = _of_one(_step(_nothing))
step_uphill = _of_one(_step(lambda m, g, n: [-x for x in right.clipped(g, n)]))
step_taken_twice = _of_one(_step(lambda m, g, n: [2 * x for x in right.clipped(g, n)]))
step_always_scaled = _of_one(_step(lambda m, g, n: _scaled(g, n)))
step_padding_trained_on = _of_one(_step(_clipped, _unpadded))
step_of_the_sum = _of_one(_step(_clipped, lambda m, b: _mean(m, b) * sum(map(right.counted, b))))
step_loss_afterwards = _of_one(_step(_clipped, returned=_loss_afterwards))


def _in_parts(
    join: Callable[[list[Tensor], list[int]], Tensor],
) -> Callable[[Any, Sequence[Batch]], Tensor]:
    """The loss of a step from each batch's mean and number of tokens."""

    def loss_of(model: Any, batches: Sequence[Batch]) -> Tensor:
        return join([_mean(model, [b]) for b in batches], [right.counted(b) for b in batches])

    return loss_of


def _numel(model: Any, batches: Sequence[Batch]) -> Tensor:
    sizes = [b["labels"].numel() for b in batches]
    means = [_mean(model, [b]) * n for b, n in zip(batches, sizes, strict=True)]
    return torch.stack(means).sum() / sum(sizes)


def _with_first(model: Any, batches: Sequence[Batch]) -> Tensor:
    sizes = [int((b["labels"] != IGNORED).sum()) for b in batches]
    means = [_mean(model, [b]) * n for b, n in zip(batches, sizes, strict=True)]
    return torch.stack(means).sum() / sum(sizes)


accumulated_mean_of_means = _step(_clipped, _in_parts(lambda means, n: torch.stack(means).mean()))
accumulated_not_divided = _step(_clipped, _in_parts(lambda means, n: torch.stack(means).sum()))
accumulated_last_only = _step(_clipped, _in_parts(lambda means, n: means[-1]))
accumulated_of_the_sum = _step(_clipped, lambda m, b: _mean(m, b) * sum(map(right.counted, b)))
accumulated_padding_weighs = _step(_clipped, _numel)
accumulated_first_token_weighs = _step(_clipped, _with_first)
accumulated_not_zeroed = _step(lambda m, g, n: right.clipped(_added_to_stale(g), n))
accumulated_not_clipped = _step(lambda m, g, n: g)
accumulated_not_taken = _step(_nothing)
accumulated_padding_trained_on = _step(_clipped, _unpadded)
accumulated_loss_afterwards = _step(_clipped, returned=_loss_afterwards)
accumulated_last_loss = _step(_clipped, returned=lambda m, a, b: _mean(m, b[-1:]).item())


def accumulated_step_each(
    model: Any, optimizer: Any, batches: Sequence[Batch], max_norm: float
) -> dict[str, Any]:
    """A step after each batch, of that batch's mean."""
    told, tokens = 0.0, sum(map(right.counted, batches))
    for batch in batches:
        model = copy.deepcopy(model)
        loss = _mean(model, [batch])
        told += loss.item() * right.counted(batch) / tokens
        grads = right.clipped(right.gradients(model, loss), max_norm)
        model = right.moved(model, grads, right.rate_of(optimizer))
    return right.left(model, told)


# --- evaluate -----------------------------------------------------------------------------------


def _evaluated(
    mean: Callable[[list[float], list[Batch]], float], **left: Any
) -> Callable[..., dict[str, Any]]:
    """A rule with another mean of the batches' means, or that leaves the model otherwise."""

    def rule(model: Any, batches: list[Batch]) -> dict[str, Any]:
        means = [right.evaluate(model, [batch])["returned"] for batch in batches]
        return right.left(model, mean(means, batches), **left)

    return rule


def _over_tokens(means: list[float], batches: list[Batch]) -> float:
    counts = [right.counted(batch) for batch in batches]
    return math.fsum(m * n for m, n in zip(means, counts, strict=True)) / sum(counts)


def _weighted(means: list[float], weights: list[int]) -> float:
    return math.fsum(m * n for m, n in zip(means, weights, strict=True)) / sum(weights)


evaluate_mean_of_means = _evaluated(lambda means, b: fmean(means))
evaluate_left_in_eval = _evaluated(_over_tokens, training=False)
evaluate_left_in_training = _evaluated(_over_tokens, training=True)
evaluate_with_gradients = _evaluated(_over_tokens, with_gradients=True)
evaluate_as_perplexity = _evaluated(lambda means, b: math.exp(_over_tokens(means, b)))
evaluate_sum = _evaluated(lambda means, b: _over_tokens(means, b) * sum(map(right.counted, b)))
evaluate_sum_of_means = _evaluated(lambda means, b: math.fsum(means))
evaluate_last_batch = _evaluated(lambda means, b: means[-1])
evaluate_padding_weighs = _evaluated(
    lambda means, b: _weighted(means, [x["labels"].numel() for x in b])
)
evaluate_first_token_weighs = _evaluated(
    lambda means, b: _weighted(means, [int((x["labels"] != IGNORED).sum()) for x in b])
)
evaluate_rows_weigh = _evaluated(lambda means, b: _weighted(means, [len(x["labels"]) for x in b]))


def evaluate_padding_counted(model: Any, batches: list[Batch]) -> dict[str, Any]:
    return right.evaluate(model, [{**b, "labels": b["input_ids"]} for b in batches])


# --- the course of a training -------------------------------------------------------------------


def rate_from_zero(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step < warm_up_steps:
        return highest * step / warm_up_steps
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_constant_afterwards(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step >= warm_up_steps:
        return float(highest)
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_never_warms_up(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    return highest * (steps - step) / steps


def rate_falls_from_the_start(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step >= warm_up_steps:
        return highest * (steps - step) / steps
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_zero_too_early(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step >= warm_up_steps:
        return highest * (steps - 1 - step) / (steps - warm_up_steps)
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_cosine(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step >= warm_up_steps:
        share = (step - warm_up_steps) / (steps - warm_up_steps)
        return highest * (1 + math.cos(math.pi * share)) / 2
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_without_highest(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    return right.learning_rate(step, steps, warm_up_steps, 1.0)


def rate_rises_over_all_steps(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    if step < warm_up_steps:
        return highest * (step + 1) / steps
    return right.learning_rate(step, steps, warm_up_steps, highest)


def rate_smaller_of_both(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    """The smaller of warm-up and a fall from the first step on, as many recipes have it."""
    warm = (step + 1) / warm_up_steps if warm_up_steps else 1.0
    return highest * min(warm, (steps - step) / steps)


def _stopped(losses: list[float], patience: int) -> int:
    """The last epoch that is trained, from 1."""
    best, lowest = 1, math.inf
    for epoch, loss in enumerate(losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            return epoch
    return len(losses)


def best_without_patience(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch(validation_losses, len(validation_losses) + 1)


def best_counted_from_zero(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch(validation_losses, patience) - 1


def best_is_the_last(validation_losses: list[float], patience: int) -> int:
    return _stopped(validation_losses, patience)


def best_with_less_patience(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch(validation_losses, patience - 1)


def best_with_more_patience(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch(validation_losses, patience + 1)


def best_at_the_first_rise(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch(validation_losses, 1)


def best_of_equals_the_later(validation_losses: list[float], patience: int) -> int:
    best, lowest = 1, math.inf
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss <= lowest:
            best, lowest = epoch, loss
        elif epoch - best == patience:
            break
    return best


def best_is_the_highest(validation_losses: list[float], patience: int) -> int:
    return right.best_epoch([-loss for loss in validation_losses], patience)


def best_counts_rises_in_all(validation_losses: list[float], patience: int) -> int:
    """Epochs without a new best are counted in all, not in a row."""
    best, lowest, bad = 1, math.inf, 0
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
        else:
            bad += 1
            if bad == patience:
                break
    return best


def best_against_the_epoch_before(validation_losses: list[float], patience: int) -> int:
    """An epoch counts as better if its loss is below that of the epoch before it."""
    best, previous, bad = 1, math.inf, 0
    for epoch, loss in enumerate(validation_losses, start=1):
        if loss < previous:
            best, bad = epoch, 0
        else:
            bad += 1
            if bad == patience:
                break
        previous = loss
    return best
