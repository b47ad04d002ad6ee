"""The training loop: steps, a schedule, validation, the best weights; it can be interrupted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from kischule.arguments import check_model, whole_number
from kischule.errors import ArgumentError
from kischule.training import messages
from kischule.training.corpus import IGNORED, checked_blocks, collate

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Callback:
    """Told about a training; override what you need. All methods get the `Training`."""

    def on_step(self, training: Training) -> None:
        """After each step; `training.losses[-1]` is new."""

    def on_evaluation(self, training: Training) -> None:
        """After each validation; `training.validation[-1]` is new."""

    def on_stop(self, training: Training) -> None:
        """At the end, after an interruption, and where the loss is no number any more."""


class Training:
    """The training of a causal language model on blocks of tokens; `run` starts it and goes on.

        training = Training(model, blocks, held_out, epochs=2, callbacks=[Monitor()])
        training.run()

    blocks, held_out: token ids, to train on and to validate with. batch_size: blocks a step, of
    which `accumulate` parts go through the model one after the other, to save memory; the step is
    the same. learning_rate: the highest, reached after the share `warm_up` of all steps; it falls
    to 0 at the end, both linearly. max_norm: of the gradient, which is clipped to it. seed: of the
    order of the blocks, another one in each epoch. AdamW, Loshchilov and Hutter 2019, arXiv
    1711.05101.

    Raises ArgumentError for blocks of fewer than two tokens and for numbers out of range.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        blocks: Sequence[Sequence[int]],
        held_out: Sequence[Sequence[int]],
        *,
        epochs: int = 2,
        batch_size: int = 16,
        accumulate: int = 1,
        learning_rate: float = 1e-3,
        warm_up: float = 0.05,
        max_norm: float = 1.0,
        evaluate_every: int = 40,
        seed: int = 0,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        check_model(model)
        for name, value in (("learning_rate", learning_rate), ("max_norm", max_norm)):
            if not isinstance(value, int | float) or not value > 0:
                raise ArgumentError(name, messages.POSITIVE.format(name=name), value)
        self.model, self.callbacks = model, list(callbacks)
        self.blocks = checked_blocks("blocks", blocks)
        self.held_out = checked_blocks("held_out", held_out)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        self.parts = whole_number("accumulate", accumulate, 1, self.batch_size)
        self.learning_rate, self.max_norm = float(learning_rate), float(max_norm)
        self.evaluate_every = whole_number("evaluate_every", evaluate_every, 1)
        self.seed = whole_number("seed", seed, 0)
        self.steps_of_epoch = math.ceil(len(self.blocks) / self.batch_size)
        self.steps = whole_number("epochs", epochs, 1) * self.steps_of_epoch
        self.warm_up_steps = round(warm_up * self.steps)
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=self.learning_rate)
        self.step = 0  # steps done
        self.losses: list[float] = []  # of the training batch, one a step
        self.validation: list[tuple[int, float]] = []  # (step, loss); the first one before any step
        self.best_step = 0
        self.diverged = False
        self._best_weights: dict[str, Tensor] = {}

    def run(self, max_steps: int | None = None) -> Training:
        """Train until the end, or for so many steps; after an interruption, go on from there.

        The stop button interrupts. At the end the model has the weights with the smallest loss on
        `held_out`, and is in the mode that it came in. A loss of nan ends the training for good.
        """
        last = self.steps if max_steps is None else min(self.steps, self.step + max_steps)
        was_training = self.model.training
        try:
            self.model.train()
            if not self.validation:
                self._evaluate()
            while self.step < last and not self.diverged:
                self._advance()
        except KeyboardInterrupt:
            print(messages.INTERRUPTED.format(step=self.step, steps=self.steps))
        finally:
            self.model.train(was_training)
        self._finish()
        return self

    def _advance(self) -> None:
        """One step: zero the gradients, forward, backward, clip, step."""
        rate = learning_rate_at(self.step, self.steps, self.warm_up_steps, self.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        chosen = self._blocks_of_step()
        # the last token of a row predicts nothing, and its first is predicted by nothing
        tokens = sum(len(block) - 1 for block in chosen)
        size, total = math.ceil(len(chosen) / self.parts), 0.0
        for start in range(0, len(chosen), size):
            loss = loss_sum(self.model, collate(chosen[start : start + size])) / tokens
            loss.backward()
            total += loss.item()
        if not math.isfinite(total):
            self.diverged = True
            return
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.max_norm)
        self.optimizer.step()
        self.step += 1
        self.losses.append(total)
        if self.step % self.evaluate_every == 0 or self.step == self.steps:
            self._evaluate()
        for callback in self.callbacks:
            callback.on_step(self)

    def _blocks_of_step(self) -> list[list[int]]:
        epoch, place = divmod(self.step, self.steps_of_epoch)
        rng = torch.Generator().manual_seed(self.seed + epoch)
        order = torch.randperm(len(self.blocks), generator=rng).tolist()
        chosen = order[place * self.batch_size : (place + 1) * self.batch_size]
        return [self.blocks[i] for i in chosen]

    def _evaluate(self) -> None:
        loss = mean_loss(self.model, self.held_out, self.batch_size)
        if not self.validation or loss < min(known for _, known in self.validation):
            self.best_step = self.step
            # copies: `state_dict` itself shows the weights that go on changing
            state = self.model.state_dict()
            self._best_weights = {n: w.detach().clone().cpu() for n, w in state.items()}
        self.validation.append((self.step, loss))
        for callback in self.callbacks:
            callback.on_evaluation(self)

    def _finish(self) -> None:
        if self.diverged or self.step == self.steps:
            self.model.load_state_dict(self._best_weights)
        if self.diverged:
            print(messages.DIVERGED.format(step=self.step + 1, rate=f"{self.learning_rate:g}"))
        elif self.step == self.steps:
            best = dict(self.validation)[self.best_step]
            told = messages.FINISHED.format(steps=self.steps, best=self.best_step, loss=best)
            print(told)
        for callback in self.callbacks:
            callback.on_stop(self)


def loss_sum(model: PreTrainedModel, batch: Mapping[str, Tensor]) -> Tensor:  # ()
    """Sum of the negative log-probabilities of a batch's tokens, in nats; -100 counts for nothing.

    batch: `input_ids`, `attention_mask` and `labels`, (B, T) long, as `collate` makes them.
    """
    batch = {name: part.to(model.device) for name, part in batch.items()}
    logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    # the logits at a position are about the token behind it
    predicted, wanted = logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten()
    return cross_entropy(predicted.float(), wanted, ignore_index=IGNORED, reduction="sum")


def mean_loss(
    model: PreTrainedModel, blocks: Sequence[Sequence[int]], batch_size: int = 16
) -> float:
    """Mean negative log-probability of all tokens of the blocks but each one's first, in nats.

    The mean is over tokens: a mean of batches' means would weigh a short batch as a long one. The
    model computes without gradients and without dropout, and is in its former mode afterwards.
    `math.exp` of it is the perplexity.
    """
    checked, was_training = checked_blocks("blocks", blocks), model.training
    batch_size = whole_number("batch_size", batch_size, 1)
    batches = [checked[i : i + batch_size] for i in range(0, len(checked), batch_size)]
    try:
        model.eval()
        with torch.no_grad():
            total = sum(loss_sum(model, collate(batch)).item() for batch in batches)
    finally:
        model.train(was_training)
    return total / sum(len(block) - 1 for block in checked)


def learning_rate_at(step: int, steps: int, warm_up_steps: int, highest: float) -> float:
    """The learning rate of a step, counted from 0: up to the highest linearly, then down to 0.

    Raises ArgumentError for a step outside of 0 to steps - 1.
    """
    step = whole_number("step", step, 0, whole_number("steps", steps, 1) - 1)
    if step < warm_up_steps:
        return highest * (step + 1) / warm_up_steps
    return highest * (steps - step) / (steps - warm_up_steps)


def check_numbers(measures: Any, names: Sequence[str]) -> None:
    """Raise ArgumentError unless this is a mapping with a number for each name."""
    known = isinstance(measures, Mapping) and all(
        isinstance(measures.get(name), int | float) for name in names
    )
    if not known:
        rule = messages.MEASURED.format(names=", ".join(names))
        raise ArgumentError("measures", rule, measures)
