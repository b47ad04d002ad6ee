"""Known wrong rules of the parts of decoding, (logits, ...) -> (V,): see `misconceptions`."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import modern, oracle
from autograder.exercises.oracle import Bools, Floats

Places = np.ndarray[Any, np.dtype[np.int64]]

# --- the penalty --------------------------------------------------------------------------------


def _penalty(
    *,
    high: Callable[[float, float], float] = lambda logit, p: logit / p,
    low: Callable[[float, float], float] = lambda logit, p: logit * p,
    tokens: Callable[[list[int], int], list[int]] = lambda ids, size: ids,
    values: Callable[[Floats], Floats] = lambda logits: logits,
    smallest: float = 0.0,
) -> Callable[..., Floats]:
    """The right rule with one change.

    high, low: for positive and other logits. tokens: those penalised, from the ids and the size of
    the vocabulary. values: that it is applied to. smallest: from which on a penalty has an effect.
    """

    def rule(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
        result = values(oracle.floats(logits))
        if penalty is not None and penalty >= smallest:
            for token in set(tokens(input_ids[0].tolist(), len(result))):
                change = high if result[token] > 0 else low
                result[token] = change(result[token], penalty)
        return result

    return rule


def _others(ids: list[int], size: int) -> list[int]:
    return [token for token in range(size) if token not in ids]


def _forbidden(logit: float, penalty: float) -> float:
    return -np.inf


def divided(logits: Floats, ids: list[int], penalty: float | None) -> Floats:
    result = logits.copy()
    result[ids] = logits[ids] / (penalty or 1)
    return result


penalty_left_out = _penalty(tokens=lambda ids, size: [])
penalty_divides = _penalty(low=lambda logit, p: logit / p)
penalty_multiplies = _penalty(high=lambda logit, p: logit * p)
penalty_swapped = _penalty(high=lambda logit, p: logit * p, low=lambda logit, p: logit / p)
penalty_subtracted = _penalty(high=lambda logit, p: logit - p, low=lambda logit, p: logit - p)
penalty_forbids = _penalty(high=_forbidden, low=_forbidden)
penalty_of_the_last_token = _penalty(tokens=lambda ids, size: ids[-1:])
penalty_of_a_window = _penalty(tokens=lambda ids, size: ids[-64:])
penalty_without_the_first = _penalty(tokens=lambda ids, size: ids[1:])
penalty_without_the_last = _penalty(tokens=lambda ids, size: ids[:-1])
penalty_of_all_tokens = _penalty(tokens=lambda ids, size: list(range(size)))
penalty_of_the_others = _penalty(tokens=_others)
penalty_from_one = _penalty(smallest=1.0)
penalty_on_log_probs = _penalty(values=oracle.log_softmax)


def penalty_per_occurrence(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    result = oracle.floats(logits)
    for token in input_ids[0].tolist():
        result = oracle.penalised(result, [token], penalty)
    return result


def penalty_on_probs(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return divided(oracle.softmax(oracle.floats(logits)), input_ids[0].tolist(), penalty)


def penalised_probs(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return oracle.softmax(oracle.apply_repetition_penalty(logits, input_ids, penalty))


# --- the temperature ----------------------------------------------------------------------------


def _temperature(change: Callable[[Floats, float], Floats]) -> Callable[..., Floats]:
    """A rule that switches off as the right one does."""

    def rule(logits: Tensor, temperature: float | None) -> Floats:
        values = oracle.floats(logits)
        return values if temperature is None else change(values, temperature)

    return rule


temperature_ignored = _temperature(lambda logits, t: logits)
temperature_multiplied = _temperature(lambda logits, t: logits * t)
temperature_added = _temperature(lambda logits, t: logits + t)
temperature_subtracted = _temperature(lambda logits, t: logits - t)
temperature_of_probs = _temperature(lambda logits, t: oracle.softmax(logits) / t)
temperature_of_positive = _temperature(lambda logits, t: np.where(logits > 0, logits / t, logits))
temperature_shifted = _temperature(lambda logits, t: (logits - logits.max()) / t)
temperature_bounded = _temperature(lambda logits, t: logits / max(t, 0.1))
tempered_log_probs = _temperature(lambda logits, t: oracle.log_softmax(logits / t))
tempered_probs = _temperature(lambda logits, t: oracle.softmax(logits / t))

# --- the filters --------------------------------------------------------------------------------


def cut(logits: Floats, kept: Bools) -> Floats:
    return np.where(kept, logits, -np.inf)


def _with(
    kept: Callable[..., oracle.Kept], change: Callable[[Floats, Bools], Floats]
) -> Callable[..., Floats]:
    """A rule that keeps the right tokens and makes something else of them."""

    def rule(logits: Tensor, **setting: Any) -> Floats:
        return change(oracle.floats(logits), kept(logits, **setting).may)

    return rule


def _as_probs(logits: Floats, kept: Bools) -> Floats:
    return oracle.softmax(cut(logits, kept))


def _of_probs(logits: Floats, kept: Bools) -> Floats:
    return np.where(kept, oracle.softmax(logits), 0.0)


def _zero_for_others(logits: Floats, kept: Bools) -> Floats:
    return np.where(kept, logits, 0.0)


def _inverted(logits: Floats, kept: Bools) -> Floats:
    return logits if kept.all() else cut(logits, ~kept)


def _sorted(logits: Floats, kept: Bools) -> Floats:
    return logits if kept.all() else cut(logits, kept)[_descending(logits)]


def _in_sorted_places(logits: Floats, kept: Bools) -> Floats:
    return cut(logits, kept[_descending(logits)])


def _unchanged(logits: Floats, setting: Any) -> Bools:
    return np.isfinite(logits)


def _unless(
    off: Callable[[Any], bool], keep: Callable[[Floats, Any], Bools]
) -> Callable[..., Floats]:
    """A rule that keeps other tokens. keep: those, from the logits and the setting."""

    def rule(logits: Tensor, **setting: Any) -> Floats:
        values, (value,) = oracle.floats(logits), setting.values()
        return values if off(value) else cut(values, keep(values, value))

    return rule


def _no_share(p: float | None) -> bool:
    return p is None or p >= 1


def _descending(values: Floats) -> Places:
    return np.argsort(-values, kind="stable")


def _kth(logits: Floats, k: int) -> float:
    return float(-np.sort(-logits)[min(k, len(logits)) - 1])


def _sum_before(weights: Floats, order: Places) -> Floats:
    """The sum of the weights in front of each token, in this order; both (V,) or (N, V)."""
    sums = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1)
    result = np.zeros(weights.shape)
    np.put_along_axis(result, order[..., 1:], sums[..., :-1], axis=-1)
    return result


def top_k_zero_drops_all(logits: Tensor, k: int | None) -> Floats:
    if k == 0:
        return np.full(len(logits), -np.inf)
    return cut(oracle.floats(logits), oracle.filter_top_k(logits, k).may)


def top_k_ties_dropped(logits: Tensor, k: int | None) -> Floats:
    order = logits.topk(min(k or len(logits), len(logits))).indices.tolist()
    return cut(oracle.floats(logits), np.isin(np.arange(len(logits)), order))


def top_k_sorted(logits: Tensor, k: int | None) -> Floats:
    values = oracle.floats(logits)
    return cut(-np.sort(-values), np.arange(len(values)) < k) if k else values


top_k_probs = _with(oracle.filter_top_k, _as_probs)
top_k_of_probs = _with(oracle.filter_top_k, _of_probs)
top_k_inverted = _with(oracle.filter_top_k, _inverted)
top_k_in_sorted_places = _with(oracle.filter_top_k, _in_sorted_places)
top_k_ignored = _unless(operator.not_, _unchanged)
top_k_one_less = _unless(operator.not_, lambda logits, k: logits > _kth(logits, k))
top_k_one_more = _unless(operator.not_, lambda logits, k: logits >= _kth(logits, k + 1))
top_k_of_the_least = _unless(operator.not_, lambda logits, k: logits <= -_kth(-logits, k))
top_k_of_the_first = _unless(operator.not_, lambda logits, k: np.arange(len(logits)) < k)


def below(probs: Floats, p: float | None) -> Bools:
    """The most likely tokens whose probabilities together do not exceed p."""
    return _sum_before(probs, _descending(probs)) + probs <= (1 if p is None else p)


def in_order_of_ids(probs: Floats, p: float | None) -> Bools:
    order = np.broadcast_to(np.arange(probs.shape[-1]), probs.shape)
    return _sum_before(probs, order) < (1 if p is None else p)


def _reached(weights: Floats, p: float) -> Bools:
    """The heaviest tokens up to the one with which the sum of weights reaches p."""
    return _sum_before(weights, _descending(weights)) < p


def _below_but_one(logits: Floats, p: float) -> Bools:
    kept = below(oracle.softmax(logits), p)
    kept[logits.argmax()] = True
    return kept


def _one_more(logits: Floats, p: float) -> Bools:
    probs = oracle.softmax(logits)
    order = _descending(probs)
    kept = _reached(probs, p)
    kept[order[min(kept.sum(), len(order) - 1)]] = True
    return kept


def _from_the_least(logits: Floats, p: float) -> Bools:
    probs = oracle.softmax(logits)
    return _sum_before(probs, np.argsort(probs, kind="stable")) < p


top_p_probs = _with(oracle.filter_top_p, _as_probs)
top_p_of_probs = _with(oracle.filter_top_p, _of_probs)
top_p_rest = _with(oracle.filter_top_p, _inverted)
top_p_sorted = _with(oracle.filter_top_p, _sorted)
top_p_set_to_zero = _with(oracle.filter_top_p, _zero_for_others)
top_p_in_sorted_places = _with(oracle.filter_top_p, _in_sorted_places)
top_p_crossing_dropped = _unless(_no_share, lambda x, p: below(oracle.softmax(x), p))
top_p_crossing_dropped_but_one = _unless(_no_share, _below_but_one)
top_p_ignored = _unless(_no_share, _unchanged)
top_p_one_more = _unless(_no_share, _one_more)
top_p_inverted = _unless(_no_share, lambda x, p: _reached(oracle.softmax(x), 1 - p))
top_p_unsorted = _unless(_no_share, lambda x, p: in_order_of_ids(oracle.softmax(x), p))
top_p_ascending = _unless(_no_share, _from_the_least)
top_p_of_logits = _unless(_no_share, _reached)
top_p_of_weights = _unless(_no_share, lambda x, p: _reached(np.exp(x), p))
top_p_each_above_rest = _unless(_no_share, lambda x, p: oracle.softmax(x) >= 1 - p)
top_p_each_above = _unless(_no_share, lambda x, p: oracle.softmax(x) >= p)
top_p_as_min_p = _unless(_no_share, lambda x, p: x >= x.max() + np.log(p))


def _mean_share(logits: Floats, p: float) -> Bools:
    probs = oracle.softmax(logits)
    return probs >= p * probs.mean()


def _less_than_p_away(logits: Floats, p: float) -> Bools:
    probs = oracle.softmax(logits)
    return probs >= probs.max() - p


min_p_probs = _with(oracle.filter_min_p, _as_probs)
min_p_of_probs = _with(oracle.filter_min_p, _of_probs)
min_p_rest = _with(oracle.filter_min_p, _inverted)
min_p_sorted = _with(oracle.filter_min_p, _sorted)
min_p_set_to_zero = _with(oracle.filter_min_p, _zero_for_others)
min_p_in_sorted_places = _with(oracle.filter_min_p, _in_sorted_places)
min_p_ignored = _unless(operator.not_, _unchanged)
min_p_absolute = _unless(operator.not_, lambda x, p: oracle.softmax(x) >= p)
min_p_of_logits = _unless(operator.not_, lambda x, p: x >= p * x.max())
min_p_of_the_mean = _unless(operator.not_, _mean_share)
min_p_as_difference = _unless(operator.not_, _less_than_p_away)
min_p_of_the_best = _unless(operator.not_, lambda x, p: x == x.max())
min_p_as_top_p = _unless(operator.not_, lambda x, p: _reached(oracle.softmax(x), p))


def _in_order(order: Callable[[Floats], Floats]) -> Callable[[Floats, float], Bools]:
    """The tokens with the smallest values of `order` up to the one that reaches p."""

    def keep(logits: Floats, p: float) -> Bools:
        places = np.argsort(order(logits), kind="stable")
        return _sum_before(oracle.softmax(logits), places) < p

    return keep


def _typical_below(logits: Floats, p: float) -> Bools:
    probs, places = oracle.softmax(logits), np.argsort(modern.atypical(logits), kind="stable")
    return _sum_before(probs, places) + probs <= p


def _typical_one_more(logits: Floats, p: float) -> Bools:
    kept = _in_order(modern.atypical)(logits, p)
    rest = np.where(kept, np.inf, modern.atypical(logits))
    kept[rest.argmin()] = True
    return kept


def _typical_in_places(logits: Floats, kept: Bools) -> Floats:
    return cut(logits, kept[np.argsort(modern.atypical(logits), kind="stable")])


def _away_in_probs(logits: Floats) -> Floats:
    return np.abs(oracle.softmax(logits) - modern.entropy(logits))


def _from_the_mean(logits: Floats) -> Floats:
    logs = -oracle.log_softmax(logits)
    return np.abs(logs - logs[np.isfinite(logs)].mean())


def _in_two_units(logits: Floats) -> Floats:
    return np.abs(-oracle.log_softmax(logits) - modern.entropy(logits) / np.log(2))


typical_probs = _with(modern.filter_typical, _as_probs)
typical_rest = _with(modern.filter_typical, _inverted)
typical_in_sorted_places = _with(modern.filter_typical, _typical_in_places)
typical_ignored = _unless(_no_share, _unchanged)
typical_as_top_p = _unless(_no_share, _in_order(operator.neg))
typical_farthest_first = _unless(_no_share, _in_order(lambda x: -modern.atypical(x)))
typical_of_probs = _unless(_no_share, _in_order(_away_in_probs))
typical_of_the_mean = _unless(_no_share, _in_order(_from_the_mean))
typical_in_two_units = _unless(_no_share, _in_order(_in_two_units))
typical_crossing_dropped = _unless(_no_share, _typical_below)
typical_one_more = _unless(_no_share, _typical_one_more)

_PARTS = ("penal", "temper", "top_k_", "top_p_", "min_p_", "typical_")
__all__ = [name for name in list(globals()) if name.startswith(_PARTS)]
