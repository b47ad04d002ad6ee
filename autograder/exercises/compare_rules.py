"""Known wrong rules of the exercises on keeping weights and comparing: see `misconceptions`."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.exercises import training_oracle as right
from autograder.exercises.training_oracle import Batch
from kischule.training.tiny import RETURNED, STALE

# --- try_rate -----------------------------------------------------------------------------------


def _tried(
    change: Callable[[list[Tensor], float], list[Tensor]],
    loss_of: Callable[[Any, Batch], Tensor] = right.mean_of,
) -> Callable[..., dict[str, Any]]:
    """A rule that tries another step, or the step of another loss.

    change: from the gradients and the rate to what is subtracted from the weights.
    """

    def rule(model: Any, batch: Batch, rate: float) -> dict[str, Any]:
        before = copy.deepcopy(model)
        grads = right.gradients(before, loss_of(before, batch))
        after = right.moved(before, change(grads, rate), 1.0)
        return right.left(model, right.mean_of(after, batch).item())

    return rule


def _unpadded_mean(model: Any, batch: Batch) -> Tensor:
    return right.mean_of(model, {**batch, "labels": batch["input_ids"]})


tried_uphill = _tried(lambda grads, rate: [-rate * g for g in grads])
tried_not_zeroed = _tried(lambda grads, rate: [rate * (g + STALE) for g in grads])
tried_clipped = _tried(lambda grads, rate: [rate * g for g in right.clipped(grads, 1.0)])
tried_twice_the_rate = _tried(lambda grads, rate: [2 * rate * g for g in grads])
tried_by_sign = _tried(lambda grads, rate: [rate * g.sign() for g in grads])
tried_padding = _tried(lambda grads, rate: [rate * g for g in grads], _unpadded_mean)


def tried_not_restored(model: Any, batch: Batch, rate: float) -> dict[str, Any]:
    before = copy.deepcopy(model)
    after = right.moved(before, right.gradients(before, right.mean_of(before, batch)), rate)
    return right.left(after, right.mean_of(after, batch).item())


def tried_loss_before(model: Any, batch: Batch, rate: float) -> dict[str, Any]:
    return right.left(model, right.mean_of(copy.deepcopy(model), batch).item())


def tried_difference(model: Any, batch: Batch, rate: float) -> dict[str, Any]:
    """By how much the loss falls."""
    before = right.mean_of(copy.deepcopy(model), batch).item()
    return right.left(model, before - right.try_rate(model, batch, rate)[RETURNED])


# --- sample_both --------------------------------------------------------------------------------

TokenLists = list[list[int]]


def both_from_one_generator(
    models: list[Any], input_ids: Tensor, steps: int, seed: int
) -> TokenLists:
    rng = torch.Generator().manual_seed(seed)
    texts = []
    for model in models:
        tokens = input_ids[0].tolist()
        for _ in range(steps):
            tokens.append(_drawn(model, tokens, rng))
        texts.append(tokens)
    return texts


def _drawn(model: Any, tokens: list[int], rng: torch.Generator) -> int:
    return int(torch.multinomial(_probs_after(model, tokens), 1, generator=rng))


def _probs_after(model: Any, tokens: list[int]) -> Tensor:  # (V,)
    with torch.no_grad():
        probs: Tensor = model(torch.tensor([tokens])).logits[0, -1].softmax(-1)
    return probs


def both_in_turn(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    """One generator from which the models draw alternately."""
    rng = torch.Generator().manual_seed(seed)
    texts: TokenLists = [input_ids[0].tolist() for _ in models]
    for _ in range(steps):
        for model, tokens in zip(models, texts, strict=True):
            tokens.append(_drawn(model, tokens, rng))
    return texts


def both_seeded_each_step(
    models: list[Any], input_ids: Tensor, steps: int, seed: int
) -> TokenLists:
    texts: TokenLists = [input_ids[0].tolist() for _ in models]
    for model, tokens in zip(models, texts, strict=True):
        for _ in range(steps):
            tokens.append(_drawn(model, tokens, torch.Generator().manual_seed(seed)))
    return texts


def both_with_other_seeds(
    models: list[Any], input_ids: Tensor, steps: int, seed: int
) -> TokenLists:
    return [right.continued(m, input_ids, steps, seed + i) for i, m in enumerate(models)]


def both_greedy(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    texts: TokenLists = [input_ids[0].tolist() for _ in models]
    for model, tokens in zip(models, texts, strict=True):
        for _ in range(steps):
            tokens.append(int(_probs_after(model, tokens).argmax()))
    return texts


def both_seed_ignored(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    return right.sample_both(models, input_ids, steps, 0)


def both_without_prompt(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    length = input_ids.shape[1]
    return [text[length:] for text in right.sample_both(models, input_ids, steps, seed)]


def both_from_the_first(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    return right.sample_both([models[0]] * len(models), input_ids, steps, seed)


def both_one_after_another(
    models: list[Any], input_ids: Tensor, steps: int, seed: int
) -> TokenLists:
    """Each model goes on with the text of the one before."""
    texts: TokenLists = []
    for model in models:
        input_ids = torch.tensor([right.continued(model, input_ids, steps, seed)])
        texts.append(input_ids[0].tolist())
    return texts


def both_one_step_short(models: list[Any], input_ids: Tensor, steps: int, seed: int) -> TokenLists:
    return right.sample_both(models, input_ids, steps - 1, seed)
