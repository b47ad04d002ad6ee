"""Known wrong rules of sampling: see `misconceptions`.

Each gives the law of the next token, (logits, ids so far, prompt length, settings) -> (V,).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from autograder.exercises import oracle
from autograder.exercises.cuts import below, cut, divided, in_order_of_ids
from autograder.exercises.oracle import Bools, Floats

Parameters = Mapping[str, Any]
Sampling = Callable[[Floats, list[int], int, Parameters], Floats]

_ORDER = ("temperature", "top_k", "top_p")


def _next_probs(
    logits: Floats,
    settings: Parameters,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], Bools] | None = None,
) -> Floats:
    """The probabilities from logits that are penalised already; the steps in another order."""
    return oracle.softmax(_next_logits(logits, settings, order, top_p))


def _next_logits(
    logits: Floats,
    settings: Parameters,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], Bools] | None = None,
) -> Floats:
    for step in order:
        value = settings.get(step)
        if step == "temperature":
            logits = oracle.tempered(logits, value)
        elif step == "top_k":
            logits = cut(logits, oracle.top_k_kept(logits, value).may)
        elif top_p is None:
            logits = cut(logits, oracle.top_p_kept(logits, value).may)
        elif value is not None and value < 1:
            kept = top_p(oracle.softmax(logits), value)
            kept[logits.argmax()] |= not kept.any()  # such a loop would have no token to sample
            logits = cut(logits, kept)
    return logits


def _penalised(logits: Floats, ids: list[int], settings: Parameters) -> Floats:
    return oracle.penalised(logits, ids, settings.get("repetition_penalty"))


def _variant(
    *,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], Bools] | None = None,
    changed: Callable[[Parameters, int], Parameters] = lambda settings, size: settings,
    penalised: Callable[[list[int], int], list[int]] = lambda ids, start: ids,
) -> Sampling:
    """The right rule with one change.

    order: the steps after the penalty. top_p: which tokens it keeps. changed: settings, from the
    right ones and the size of the vocabulary. penalised: tokens, from all ids so far and the
    prompt's length.
    """

    def rule(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
        settings = changed(settings, len(logits))
        return _next_probs(
            _penalised(logits, penalised(ids, start), settings), settings, order, top_p
        )

    return rule


def sampled_greedily(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    probs = oracle.next_distribution(logits, ids, settings)
    return 1.0 * (np.arange(len(probs)) == probs.argmax())  # of tokens alike the first, as torch


def sampled_evenly(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    allowed = np.isfinite(_next_logits(_penalised(logits, ids, settings), settings))
    return allowed / allowed.sum()


def _only_with(setting: str, rule: Sampling) -> Sampling:
    """A mistake that is made only where this setting is on."""

    def law(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
        if settings.get(setting) in (None, 0, 1.0):
            return oracle.next_distribution(logits, ids, settings)
        return rule(logits, ids, start, settings)

    return law


def sampled_by_logits(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    values = _next_logits(_penalised(logits, ids, settings), settings)
    return _shares(np.where(values > 0, values, 0.0))


def sampled_by_shifted_logits(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    values = _next_logits(_penalised(logits, ids, settings), settings)
    kept = np.isfinite(values)
    return _shares(np.where(kept, values - values[kept].min(), 0.0) + 1e-6)


def _shares(weights: Floats) -> Floats:
    return weights / (weights.sum() or 1.0)


def sampled_with_one_draw(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    """The generator is seeded anew for each token; nearly certain, for another way to draw."""
    probs = oracle.next_distribution(logits, ids, settings)
    generator = torch.Generator().manual_seed(settings.get("seed", 0))
    weights = torch.tensor(probs, dtype=torch.float32)
    sampled = torch.multinomial(weights, 1, generator=generator).item()
    return 0.02 * probs + 0.98 * (np.arange(len(probs)) == sampled)


def sampled_with_softmax_twice(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return oracle.softmax(oracle.next_distribution(logits, ids, settings))


def sampled_without_settings(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return oracle.softmax(logits)


def sampled_with_penalty_after_the_cut(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    allowed = _next_probs(logits, settings) > 0
    return _next_probs(cut(_penalised(logits, ids, settings), allowed), settings, ("temperature",))


def sampled_with_penalty_dividing(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _next_probs(divided(logits, ids, settings.get("repetition_penalty")), settings)


def sampled_with_penalty_on_probs(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    penalty = settings.get("repetition_penalty")
    return _next_probs(_log(divided(oracle.softmax(logits), ids, penalty)), settings)


def sampled_with_penalty_on_log_probs(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _next_probs(_penalised(oracle.log_softmax(logits), ids, settings), settings)


def sampled_without_the_end_token(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    logits = _penalised(logits, ids, settings)
    ends = np.arange(len(logits)) == settings["eos"]
    return _next_probs(np.where(ends, -np.inf, logits), settings)


def _log(probs: Floats) -> Floats:
    return np.log(probs, out=np.full(len(probs), -np.inf), where=probs > 0)


def sampled_with_penalty_per_occurrence(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    for token in ids:
        logits = _penalised(logits, [token], settings)
    return _next_probs(logits, settings)


def sampled_with_untempered_weights(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    """The temperature helps to choose the tokens; one of them is sampled without it."""
    probs = oracle.next_distribution(logits, ids, settings)
    return oracle.softmax(cut(_penalised(logits, ids, settings), probs > 0))


def sampled_with_the_crossing_token_up_to_p(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    probs = _next_probs(_penalised(logits, ids, settings), settings, ("temperature", "top_k"))
    p, order = settings.get("top_p") or 1.0, np.argsort(-probs, kind="stable")
    below = np.minimum(np.cumsum(probs[order]), p)
    result = np.empty(len(probs))
    result[order] = np.diff(below, prepend=0.0)
    return result / result.sum()


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
sampled_without_penalty = _variant(penalised=lambda ids, start: [])
sampled_with_only_generated_penalised = _variant(penalised=lambda ids, start: ids[start:])
sampled_with_only_the_prompt_penalised = _variant(penalised=lambda ids, start: ids[:start])
sampled_with_a_window_penalised = _variant(penalised=lambda ids, start: ids[-64:])
sampled_with_the_last_token_penalised = _variant(penalised=lambda ids, start: ids[-1:])
# made only where another setting is on
sampled_evenly_with_top_k = _only_with("top_k", sampled_evenly)
sampled_evenly_with_top_p = _only_with("top_p", sampled_evenly)
sampled_without_temperature_with_top_k = _only_with("top_k", sampled_without_temperature)
sampled_without_temperature_with_top_p = _only_with("top_p", sampled_without_temperature)
sampled_untempered_with_top_k = _only_with("top_k", sampled_with_untempered_weights)
sampled_untempered_with_top_p = _only_with("top_p", sampled_with_untempered_weights)

__all__ = [name for name in list(globals()) if name.startswith("sampled_")]
