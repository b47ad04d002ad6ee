"""Known wrong rules of the exercises on texts, batches and losses: see `misconceptions`."""

import math
from collections.abc import Callable
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from autograder.exercises import training_oracle as right
from autograder.exercises.training_oracle import IGNORED, Batch

Sides = list[list[str]]


# --- split_texts --------------------------------------------------------------------------------


def split_duplicates_kept(texts: list[str], fraction: float, seed: int) -> Sides:
    return right.divided(texts, max(1, round(fraction * len(texts))), seed)


def split_not_shuffled(texts: list[str], fraction: float, seed: int) -> Sides:
    found, held = _different(texts, fraction)
    return [found[held:], found[:held]]


def split_sides_swapped(texts: list[str], fraction: float, seed: int) -> Sides:
    return right.split_texts(texts, fraction, seed)[::-1]


def split_from_the_end(texts: list[str], fraction: float, seed: int) -> Sides:
    found, held = _different(texts, fraction)
    first, last = right.divided(found, len(found) - held, seed)
    return [last, first]


def split_seed_ignored(texts: list[str], fraction: float, seed: int) -> Sides:
    return right.split_texts(texts, fraction, 0)


def split_rounded_down(texts: list[str], fraction: float, seed: int) -> Sides:
    found, _ = _different(texts, fraction)
    return right.divided(found, max(1, int(fraction * len(found))), seed)


def split_none_held(texts: list[str], fraction: float, seed: int) -> Sides:
    found, _ = _different(texts, fraction)
    return right.divided(found, round(fraction * len(found)), seed)


def split_fraction_trained_on(texts: list[str], fraction: float, seed: int) -> Sides:
    found, _ = _different(texts, 1 - fraction)
    return right.divided(found, max(1, round((1 - fraction) * len(found))), seed)


def split_sorted(texts: list[str], fraction: float, seed: int) -> Sides:
    found, held = _different(texts, fraction)
    return right.divided(sorted(found), held, seed)


def _different(texts: list[str], fraction: float) -> tuple[list[str], int]:
    found = list(dict.fromkeys(texts))
    return found, max(1, round(fraction * len(found)))


# --- make_blocks --------------------------------------------------------------------------------

Blocks = list[list[int]]


def blocks_without_end(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return _cut([token for tokens in token_lists for token in tokens], block_size)


def blocks_rest_dropped(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    blocks = right.make_blocks(token_lists, block_size, end)
    return [block for block in blocks if len(block) == block_size]


def blocks_by_text(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return [b for tokens in token_lists for b in _cut([*tokens, end], block_size)]


def blocks_overlapping(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    stream = _stream(token_lists, end)
    return [stream[i : i + block_size] for i in range(0, len(stream), max(block_size - 1, 1))]


def blocks_end_between_only(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return _cut(_stream(token_lists, end)[:-1], block_size)


def blocks_end_first(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return _cut([t for tokens in token_lists for t in [end, *tokens]], block_size)


def blocks_one_longer(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return _cut(_stream(token_lists, end), block_size + 1)


def blocks_each_with_end(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    return [[*block, end] for block in blocks_without_end(token_lists, block_size, end)]


def blocks_padded(token_lists: Blocks, block_size: int, end: int) -> Blocks:
    blocks = right.make_blocks(token_lists, block_size, end)
    return [block + [end] * (block_size - len(block)) for block in blocks]


def _stream(token_lists: Blocks, end: int) -> list[int]:
    return [token for tokens in token_lists for token in [*tokens, end]]


def _cut(stream: list[int], size: int) -> Blocks:
    return [stream[i : i + size] for i in range(0, len(stream), size)]


# --- pad_batch ----------------------------------------------------------------------------------


def _padded(change: Callable[[dict[str, Tensor], int], dict[str, Tensor]]) -> Callable[..., Any]:
    """A rule that changes parts of the right batch."""

    def rule(blocks: Blocks, pad: int) -> dict[str, Tensor]:
        batch = right.pad_batch(blocks, pad)
        return {**batch, **change(batch, pad)}

    return rule


pad_trained_on = _padded(lambda b, pad: {"labels": b["input_ids"]})
pad_attended_to = _padded(lambda b, pad: {"attention_mask": torch.ones_like(b["input_ids"])})
pad_labels_shifted = _padded(lambda b, pad: {"labels": _shifted(b["labels"])})
pad_mask_by_token = _padded(lambda b, pad: {"attention_mask": (b["input_ids"] != pad).long()})
pad_labels_by_token = _padded(
    lambda b, pad: {"labels": b["input_ids"].masked_fill(b["input_ids"] == pad, IGNORED)}
)
pad_both_by_token = _padded(
    lambda b, pad: {
        "attention_mask": (b["input_ids"] != pad).long(),
        "labels": b["input_ids"].masked_fill(b["input_ids"] == pad, IGNORED),
    }
)
pad_mask_inverted = _padded(lambda b, pad: {"attention_mask": 1 - b["attention_mask"]})
pad_always_zero = _padded(lambda b, pad: {"input_ids": b["input_ids"] * b["attention_mask"]})
pad_with_ignored = _padded(lambda b, pad: {"input_ids": b["labels"]})
pad_labels_ignore_first = _padded(
    lambda b, pad: {"labels": torch.cat([_ignored(b), b["labels"][:, 1:]], 1)}
)


def pad_on_the_left(blocks: Blocks, pad: int) -> dict[str, Tensor]:
    batch = right.pad_batch([block[::-1] for block in blocks], pad)
    return {name: part.flip(1) for name, part in batch.items()}


def _ignored(batch: Batch) -> Tensor:
    return torch.full_like(batch["labels"][:, :1], IGNORED)


def _shifted(labels: Tensor) -> Tensor:
    return torch.cat([labels[:, 1:], torch.full_like(labels[:, :1], IGNORED)], 1)


# --- losses -------------------------------------------------------------------------------------


def _with_counted(losses: Tensor, labels: Tensor) -> Tensor:
    return losses.masked_fill(labels[:, 1:] == IGNORED, 0.0)


def losses_not_shifted(logits: Tensor, labels: Tensor) -> Tensor:
    return right.token_losses(torch.cat([logits[:, 1:], logits[:, :1]], 1), labels)


def losses_shifted_the_other_way(logits: Tensor, labels: Tensor) -> Tensor:
    flipped = right.token_losses(logits.flip(1), labels.flip(1))
    return flipped.flip(1)


def losses_not_negated(logits: Tensor, labels: Tensor) -> Tensor:
    return -right.token_losses(logits, labels)


def losses_as_probs(logits: Tensor, labels: Tensor) -> Tensor:
    return _with_counted((-right.token_losses(logits, labels)).exp(), labels)


def losses_one_minus_prob(logits: Tensor, labels: Tensor) -> Tensor:
    return _with_counted(1 - (-right.token_losses(logits, labels)).exp(), labels)


def losses_base_2(logits: Tensor, labels: Tensor) -> Tensor:
    return right.token_losses(logits, labels) / math.log(2)


def losses_of_raw_logits(logits: Tensor, labels: Tensor) -> Tensor:
    return _chosen(-logits.double(), labels)


def losses_over_positions(logits: Tensor, labels: Tensor) -> Tensor:
    return _chosen(-logits[:, :-1].double().log_softmax(1), labels)


def losses_softmax_twice(logits: Tensor, labels: Tensor) -> Tensor:
    return right.token_losses(logits.double().softmax(-1), labels)


def losses_padding_counted(logits: Tensor, labels: Tensor) -> Tensor:
    return right.token_losses(logits, labels.clamp(min=0))


def losses_padding_from_the_end(logits: Tensor, labels: Tensor) -> Tensor:
    """An index of -100 that is taken for one from the end, or for the last token."""
    return right.token_losses(logits, labels.where(labels != IGNORED, logits.shape[-1] - 1))


def losses_as_mean(logits: Tensor, labels: Tensor) -> Tensor:
    losses = right.token_losses(logits, labels)
    return losses / max(int((labels[:, 1:] != IGNORED).sum()), 1)


def _chosen(values: Tensor, labels: Tensor) -> Tensor:
    there = labels[:, 1:, None].clamp(min=0)
    found = values[:, : labels.shape[1] - 1].gather(-1, there)[..., 0]
    return _with_counted(found, labels)


def perplexity_of_means(losses: list[float], counts: list[int]) -> float:
    return math.exp(fmean(losses))


def perplexity_not_exponentiated(losses: list[float], counts: list[int]) -> float:
    return math.log(right.perplexity(losses, counts))


def perplexity_base_2(losses: list[float], counts: list[int]) -> float:
    return float(2.0 ** math.log(right.perplexity(losses, counts)))


def perplexity_mean_of_perplexities(losses: list[float], counts: list[int]) -> float:
    return fmean(map(math.exp, losses))


def perplexity_weighted_perplexities(losses: list[float], counts: list[int]) -> float:
    pairs = zip(losses, counts, strict=True)
    return sum(n * math.exp(loss) for loss, n in pairs) / sum(counts)


def perplexity_inverted(losses: list[float], counts: list[int]) -> float:
    return 1 / right.perplexity(losses, counts)


def perplexity_of_the_last(losses: list[float], counts: list[int]) -> float:
    return math.exp(losses[-1])


def perplexity_of_the_lowest(losses: list[float], counts: list[int]) -> float:
    return math.exp(min(losses))


def perplexity_by_tokens_only(losses: list[float], counts: list[int]) -> float:
    return math.exp(sum(losses) / sum(counts))


def perplexity_per_batch(losses: list[float], counts: list[int]) -> float:
    mean = math.log(right.perplexity(losses, counts))
    return math.exp(min(mean * sum(counts) / len(counts), 700.0))
