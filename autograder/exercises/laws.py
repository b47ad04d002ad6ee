"""Known wrong rules of sampling: see `misconceptions`.

Each gives the laws of consecutive tokens of a text, (logits, ids, prompt length, settings) ->
(N, V): logits (N, V) as the model gives them, ids: all tokens before the last of the N. Many rules
are followed through long texts, so each step of a rule is one operation on all N tokens.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from autograder.exercises import oracle
from autograder.exercises.cuts import Places, below, cut, in_order_of_ids
from autograder.exercises.oracle import Bools, Floats

Parameters = Mapping[str, Any]
Sampling = Callable[[Floats, list[int], int, Parameters], Floats]
# the part of a text that is penalised, from the length of the text and of the prompt
Span = Callable[[Places, int], tuple[Places | int, Places | int]]
Shares = Callable[[Floats, float], Bools]  # the tokens that top-p keeps, from probabilities

_ORDER = ("temperature", "top_k", "top_p")


def next_laws(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    """The right rule, as `oracle.next_distribution` has it for one token."""
    return _next_probs(_penalised(logits, ids, start, settings), settings)


def _next_probs(
    logits: Floats, settings: Parameters, order: Sequence[str] = _ORDER, top_p: Shares | None = None
) -> Floats:
    """The probabilities from logits that are penalised already; the steps in another order."""
    return _softmax(_next_logits(logits, settings, order, top_p))


def _next_logits(
    logits: Floats, settings: Parameters, order: Sequence[str] = _ORDER, top_p: Shares | None = None
) -> Floats:
    for step in order:
        value = settings.get(step)
        if step == "temperature":
            logits = oracle.tempered(logits, value)
        elif step == "top_k":
            logits = _top_k(logits, value)
        elif top_p is None:
            logits = _top_p(logits, value)
        elif value is not None and value < 1:
            kept = top_p(_softmax(logits), value)
            best = np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]
            # such a loop would have no token to sample
            logits = cut(logits, kept | (best & ~kept.any(axis=1, keepdims=True)))
    return logits


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _top_k(logits: Floats, k: int | None) -> Floats:
    if not k:
        return logits
    least = np.sort(logits)[:, -min(k, logits.shape[1])]
    return cut(logits, logits >= least[:, None] - oracle.BOUNDARY)


def _top_p(logits: Floats, p: float | None) -> Floats:
    if p is None:
        return logits
    probs = _softmax(logits)
    ranked = np.sort(probs)[:, ::-1]
    reached = np.cumsum(ranked, axis=1) >= p + oracle.BOUNDARY
    reached[:, -1] = True  # by all of them, where rounding keeps their sum below p
    least = np.take_along_axis(ranked, reached.argmax(axis=1)[:, None], axis=1)
    return cut(logits, probs >= least)


def _counts(logits: Floats, ids: list[int], start: int, span: Span) -> Places:  # (N, V)
    """The number of times that each token occurs in the part of the text before each of N."""
    rows, size = logits.shape
    seen = np.zeros((len(ids) + 1, size), dtype=np.int64)
    seen[np.arange(1, len(ids) + 1), ids] = 1
    seen = seen.cumsum(axis=0)
    begin, end = span(np.arange(len(ids) - rows + 1, len(ids) + 1), start)
    return seen[end] - seen[begin]


def _all_so_far(length: Places, start: int) -> tuple[Places | int, Places | int]:
    return 0, length


def _penalised(
    logits: Floats, ids: list[int], start: int, settings: Parameters, span: Span = _all_so_far
) -> Floats:
    penalty = settings.get("repetition_penalty")
    if penalty is None:
        return logits
    changed = np.where(logits > 0, logits / penalty, logits * penalty)
    return np.where(_counts(logits, ids, start, span) > 0, changed, logits)


def _divided(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    penalty = settings.get("repetition_penalty") or 1
    return np.where(_counts(logits, ids, start, _all_so_far) > 0, logits / penalty, logits)


def _variant(
    *,
    order: Sequence[str] = _ORDER,
    top_p: Shares | None = None,
    changed: Callable[[Parameters, int], Parameters] = lambda settings, size: settings,
    penalised: Span = _all_so_far,
) -> Sampling:
    """The right rule with one change.

    order: the steps after the penalty. top_p: which tokens it keeps. changed: settings, from the
    right ones and the size of the vocabulary. penalised: the part of the text.
    """

    def rule(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
        settings = changed(settings, logits.shape[1])
        values = _penalised(logits, ids, start, settings, penalised)
        return _next_probs(values, settings, order, top_p)

    return rule


def sampled_greedily(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    probs = next_laws(logits, ids, start, settings)
    return _at(probs.argmax(axis=1), probs).astype(
        np.float64
    )  # of tokens alike the first, as torch


def _at(tokens: Sequence[int] | Places, probs: Floats) -> Bools:
    """One token of each row."""
    return np.arange(probs.shape[1]) == np.asarray(tokens)[:, None]


def sampled_evenly(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    allowed = np.isfinite(_next_logits(_penalised(logits, ids, start, settings), settings))
    return _shares(1.0 * allowed)


def _only_with(setting: str, rule: Sampling) -> Sampling:
    """A mistake that is made only where this setting is on."""

    def law(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
        if settings.get(setting) in (None, 0, 1.0):
            return next_laws(logits, ids, start, settings)
        return rule(logits, ids, start, settings)

    return law


def sampled_by_logits(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    values = _next_logits(_penalised(logits, ids, start, settings), settings)
    return _shares(np.where(values > 0, values, 0.0))


def sampled_by_shifted_logits(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    values = _next_logits(_penalised(logits, ids, start, settings), settings)
    kept = np.isfinite(values)
    least = values.min(axis=1, where=kept, initial=np.inf, keepdims=True)
    return _shares(np.where(kept, values - least, 0.0) + 1e-6)


def _shares(weights: Floats) -> Floats:
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total, total, 1.0)


def sampled_with_one_draw(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    """The generator is seeded anew for each token; nearly certain, for another way to draw."""
    probs = next_laws(logits, ids, start, settings)
    seed, sampled = settings.get("seed", 0), []
    for weights in torch.tensor(probs, dtype=torch.float32):
        generator = torch.Generator().manual_seed(seed)
        sampled.append(int(torch.multinomial(weights, 1, generator=generator).item()))
    return 0.02 * probs + 0.98 * _at(sampled, probs)


def sampled_with_softmax_twice(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _softmax(next_laws(logits, ids, start, settings))


def sampled_without_settings(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _softmax(logits)


def sampled_with_penalty_after_the_cut(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    allowed = _next_probs(logits, settings) > 0
    return _next_probs(
        cut(_penalised(logits, ids, start, settings), allowed), settings, ("temperature",)
    )


def sampled_with_penalty_dividing(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _next_probs(_divided(logits, ids, start, settings), settings)


def sampled_with_penalty_on_probs(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    probs = _divided(_softmax(logits), ids, start, settings)
    with np.errstate(divide="ignore"):
        return _next_probs(np.log(probs), settings)


def sampled_with_penalty_on_log_probs(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return _next_probs(_penalised(logs, ids, start, settings), settings)


def sampled_without_the_end_token(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    logits = _penalised(logits, ids, start, settings)
    ends = np.arange(logits.shape[1]) == settings["eos"]
    return _next_probs(np.where(ends, -np.inf, logits), settings)


def sampled_with_penalty_per_occurrence(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    penalty = settings.get("repetition_penalty")
    if penalty is not None:
        counts = _counts(logits, ids, start, _all_so_far)
        for times in range(counts.max()):
            changed = np.where(logits > 0, logits / penalty, logits * penalty)
            logits = np.where(counts > times, changed, logits)
    return _next_probs(logits, settings)


def sampled_with_untempered_weights(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    """The temperature helps to choose the tokens; one of them is sampled without it."""
    probs = next_laws(logits, ids, start, settings)
    return _softmax(cut(_penalised(logits, ids, start, settings), probs > 0))


def sampled_with_the_crossing_token_up_to_p(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    probs = _next_probs(
        _penalised(logits, ids, start, settings), settings, ("temperature", "top_k")
    )
    order = np.argsort(-probs, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probs, order, axis=1), axis=1)
    result = np.empty(probs.shape)
    shares = np.diff(np.minimum(sums, settings.get("top_p") or 1.0), axis=1, prepend=0.0)
    np.put_along_axis(result, order, shares, axis=1)
    return result / result.sum(axis=1, keepdims=True)


def _one_token_less(settings: Parameters, size: int) -> Parameters:
    k = settings.get("top_k")
    return {**settings, "top_k": k and max(min(k, size) - 1, 1)}


def _one_token_more(settings: Parameters, size: int) -> Parameters:
    k = settings.get("top_k")
    return {**settings, "top_k": k and k + 1}


def _temperature_inverted(settings: Parameters, size: int) -> Parameters:
    return {**settings, "temperature": 1 / (settings.get("temperature") or 1)}


def _top_p_inverted(settings: Parameters, size: int) -> Parameters:
    p = settings.get("top_p")
    return settings if p in (None, 1.0) else {**settings, "top_p": 1 - p}


# rules that differ from the right one in a single place
sampled_with_top_p_inverted = _variant(changed=_top_p_inverted)
sampled_with_one_token_less = _variant(changed=_one_token_less)
sampled_with_one_token_more = _variant(changed=_one_token_more)
sampled_without_temperature = _variant(order=("top_k", "top_p"))
sampled_with_temperature_multiplied = _variant(changed=_temperature_inverted)
sampled_with_temperature_after_the_cut = _variant(order=("top_k", "top_p", "temperature"))
sampled_without_top_k = _variant(order=("temperature", "top_p"))
sampled_without_top_p = _variant(order=("temperature", "top_k"))
sampled_with_top_p_first = _variant(order=("temperature", "top_p", "top_k"))
sampled_with_the_crossing_token_dropped = _variant(top_p=below)
sampled_with_top_p_unsorted = _variant(top_p=in_order_of_ids)
sampled_without_penalty = _variant(penalised=lambda length, start: (0, 0))
sampled_with_only_generated_penalised = _variant(penalised=lambda length, start: (start, length))
sampled_with_only_the_prompt_penalised = _variant(penalised=lambda length, start: (0, start))
sampled_with_a_window_penalised = _variant(
    penalised=lambda length, start: (np.maximum(length - 64, 0), length)
)
sampled_with_the_last_token_penalised = _variant(
    penalised=lambda length, start: (length - 1, length)
)
# made only where another setting is on
sampled_evenly_with_top_k = _only_with("top_k", sampled_evenly)
sampled_evenly_with_top_p = _only_with("top_p", sampled_evenly)
sampled_without_temperature_with_top_k = _only_with("top_k", sampled_without_temperature)
sampled_without_temperature_with_top_p = _only_with("top_p", sampled_without_temperature)
sampled_untempered_with_top_k = _only_with("top_k", sampled_with_untempered_weights)
sampled_untempered_with_top_p = _only_with("top_p", sampled_with_untempered_weights)

__all__ = [name for name in list(globals()) if name.startswith("sampled_")]
