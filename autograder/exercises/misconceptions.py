"""Known wrong rules, followed on purpose, to recognise a reply that comes from one.

Each takes the student's arguments. A reply that agrees with one of them gets its hint (the
exercise's YAML has the rule and the text), so these functions never cost a point.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.beams import *  # noqa: F403 (its rules belong to these)
from autograder.exercises.measures import *  # noqa: F403
from autograder.exercises.oracle import Floats


def raw_logits(model: Any, input_ids: Tensor) -> Floats:
    return oracle.logits_of(model, input_ids[0].tolist())[-1]


def log_probs(model: Any, input_ids: Tensor) -> Floats:
    return oracle.log_softmax(raw_logits(model, input_ids))


def softmax_twice(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.next_token_probs(model, input_ids))


def first_position(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.logits_of(model, input_ids[0].tolist())[0])


def raw_tokens(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: -pair[1])
    return [(tokenizer.convert_ids_to_tokens(i), p) for i, p in ranked[:k]]


def stripped_texts(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return [(text.strip(), p) for text, p in oracle.top_tokens(tokenizer, probs, k)[:k]]


def least_likely_first(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return oracle.top_tokens(tokenizer, probs, k)[k - 1 :: -1]


def least_likely(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: pair[1])
    return [(tokenizer.decode([i]), p) for i, p in ranked[:k]]


# --- the parts of decoding: (logits, ...) -> (V,) -----------------------------------------------


def penalty_divides(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return _divided(oracle.floats(logits), input_ids[0].tolist(), penalty)


def _divided(logits: Floats, ids: list[int], penalty: float | None) -> Floats:
    result = logits.copy()
    result[ids] = logits[ids] / (penalty or 1)
    return result


def penalty_per_occurrence(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    result = oracle.floats(logits)
    for token in input_ids[0].tolist():
        result = oracle.penalised(result, [token], penalty)
    return result


def penalty_of_the_last_token(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return oracle.apply_repetition_penalty(logits, input_ids[:, -1:], penalty)


def penalty_on_probs(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return _divided(oracle.softmax(oracle.floats(logits)), input_ids[0].tolist(), penalty)


def penalty_on_log_probs(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    log_probs = oracle.log_softmax(oracle.floats(logits))
    return oracle.penalised(log_probs, input_ids[0].tolist(), penalty)


def penalised_probs(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return oracle.softmax(oracle.apply_repetition_penalty(logits, input_ids, penalty))


def temperature_multiplied(logits: Tensor, temperature: float | None) -> Floats:
    return oracle.floats(logits) * (temperature or 1)


def tempered_probs(logits: Tensor, temperature: float | None) -> Floats:
    return oracle.softmax(oracle.apply_temperature(logits, temperature))


def top_k_zero_drops_all(logits: Tensor, k: int | None) -> Floats:
    if k == 0:
        return np.full(len(logits), -np.inf)
    return _cut(oracle.floats(logits), oracle.filter_top_k(logits, k).may)


def top_k_ties_dropped(logits: Tensor, k: int | None) -> Floats:
    order = logits.topk(min(k or len(logits), len(logits))).indices.tolist()
    return _cut(oracle.floats(logits), np.isin(np.arange(len(logits)), order))


def top_k_set_to_zero(logits: Tensor, k: int | None) -> Floats:
    return np.where(oracle.filter_top_k(logits, k).may, oracle.floats(logits), 0.0)


def top_k_probs(logits: Tensor, k: int | None) -> Floats:
    return oracle.softmax(_cut(oracle.floats(logits), oracle.filter_top_k(logits, k).may))


def top_p_crossing_dropped(logits: Tensor, p: float | None) -> Floats:
    values = oracle.floats(logits)
    return _cut(values, _below(oracle.softmax(values), p))


def top_p_crossing_dropped_but_one(logits: Tensor, p: float | None) -> Floats:
    values = oracle.floats(logits)
    kept = _below(oracle.softmax(values), p)
    kept[values.argmax()] |= not kept.any()
    return _cut(values, kept)


def _below(probs: Floats, p: float | None) -> oracle.Bools:
    """The most likely tokens whose probabilities together do not exceed p."""
    order = np.argsort(-probs, kind="stable")
    kept = np.empty(len(probs), dtype=bool)
    kept[order] = np.cumsum(probs[order]) <= (1 if p is None else p)
    return kept


def top_p_inverted(logits: Tensor, p: float | None) -> Floats:
    kept = oracle.filter_top_p(logits, None if p is None else 1 - p).may
    return _cut(oracle.floats(logits), kept)


def top_p_unsorted(logits: Tensor, p: float | None) -> Floats:
    values = oracle.floats(logits)
    return _cut(values, _in_order_of_ids(oracle.softmax(values), p))


def _in_order_of_ids(probs: Floats, p: float | None) -> oracle.Bools:
    before = np.cumsum(probs) - probs
    return before < (1 if p is None else p)


def top_p_probs(logits: Tensor, p: float | None) -> Floats:
    return oracle.softmax(_cut(oracle.floats(logits), oracle.filter_top_p(logits, p).may))


def top_p_set_to_zero(logits: Tensor, p: float | None) -> Floats:
    return np.where(oracle.filter_top_p(logits, p).may, oracle.floats(logits), 0.0)


def min_p_absolute(logits: Tensor, p: float | None) -> Floats:
    values = oracle.floats(logits)
    return _cut(values, oracle.softmax(values) >= (p or 0))


def min_p_of_logits(logits: Tensor, p: float | None) -> Floats:
    values = oracle.floats(logits)
    return _cut(values, values >= (p or 0) * values.max())


def min_p_probs(logits: Tensor, p: float | None) -> Floats:
    return oracle.softmax(_cut(oracle.floats(logits), oracle.filter_min_p(logits, p).may))


def _cut(logits: Floats, kept: oracle.Bools) -> Floats:
    return np.where(kept, logits, -np.inf)


# --- sampling: (logits, ids so far, prompt length, settings) -> probabilities (V,) --------------

Parameters = Mapping[str, Any]
Sampling = Callable[[Floats, list[int], int, Parameters], Floats]

_ORDER = ("temperature", "top_k", "top_p")


def _next_probs(
    logits: Floats,
    settings: Parameters,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], oracle.Bools] | None = None,
) -> Floats:
    """The probabilities from logits that are penalised already; the steps in another order."""
    return oracle.softmax(_next_logits(logits, settings, order, top_p))


def _next_logits(
    logits: Floats,
    settings: Parameters,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], oracle.Bools] | None = None,
) -> Floats:
    for step in order:
        value = settings.get(step)
        if step == "temperature":
            logits = oracle.tempered(logits, value)
        elif step == "top_k":
            logits = _cut(logits, oracle.top_k_kept(logits, value).may)
        elif top_p is None:
            logits = _cut(logits, oracle.top_p_kept(logits, value).may)
        elif value is not None and value < 1:
            kept = top_p(oracle.softmax(logits), value)
            kept[logits.argmax()] |= not kept.any()  # such a loop would have no token to sample
            logits = _cut(logits, kept)
    return logits


def _penalised(logits: Floats, ids: list[int], settings: Parameters) -> Floats:
    return oracle.penalised(logits, ids, settings.get("repetition_penalty"))


def _variant(
    *,
    order: Sequence[str] = _ORDER,
    top_p: Callable[[Floats, float | None], oracle.Bools] | None = None,
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
    return (probs == probs.max()) / (probs == probs.max()).sum()


def sampled_evenly(logits: Floats, ids: list[int], start: int, settings: Parameters) -> Floats:
    allowed = np.isfinite(_next_logits(_penalised(logits, ids, settings), settings))
    return allowed / allowed.sum()


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
    return _next_probs(_cut(_penalised(logits, ids, settings), allowed), settings, ("temperature",))


def sampled_with_penalty_dividing(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    return _next_probs(_divided(logits, ids, settings.get("repetition_penalty")), settings)


def sampled_with_penalty_on_probs(
    logits: Floats, ids: list[int], start: int, settings: Parameters
) -> Floats:
    penalty = settings.get("repetition_penalty")
    return _next_probs(_log(_divided(oracle.softmax(logits), ids, penalty)), settings)


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
    """Where top_p chooses the tokens, one is sampled without the temperature."""
    probs = oracle.next_distribution(logits, ids, settings)
    if (settings.get("top_p") or 1.0) >= 1:
        return probs
    return oracle.softmax(_cut(_penalised(logits, ids, settings), probs > 0))


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
    return {**settings, "top_k": max((settings.get("top_k") or size) - 1, 1)}


def _inverted(settings: Parameters, size: int) -> Parameters:
    return {**settings, "temperature": 1 / (settings.get("temperature") or 1)}


def _top_p_inverted(settings: Parameters, size: int) -> Parameters:
    p = settings.get("top_p")
    return settings if p in (None, 1.0) else {**settings, "top_p": 1 - p}


# rules that differ from the right one in a single place
sampled_with_top_p_inverted = _variant(changed=_top_p_inverted)
sampled_with_one_token_less = _variant(changed=_one_token_less)
sampled_without_temperature = _variant(order=("top_k", "top_p"))
sampled_with_temperature_multiplied = _variant(changed=_inverted)
sampled_with_temperature_after_the_cut = _variant(order=("top_k", "top_p", "temperature"))
sampled_without_top_k = _variant(order=("temperature", "top_p"))
sampled_without_top_p = _variant(order=("temperature", "top_k"))
sampled_with_top_p_first = _variant(order=("temperature", "top_p", "top_k"))
sampled_with_the_crossing_token_dropped = _variant(top_p=_below)
sampled_with_top_p_unsorted = _variant(top_p=_in_order_of_ids)
sampled_without_penalty = _variant(penalised=lambda ids, start: [])
sampled_with_only_generated_penalised = _variant(penalised=lambda ids, start: ids[start:])
sampled_with_only_the_prompt_penalised = _variant(penalised=lambda ids, start: ids[:start])
sampled_with_a_window_penalised = _variant(penalised=lambda ids, start: ids[-64:])


# --- texts --------------------------------------------------------------------------------------


def penalty_ignored(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    settings["repetition_penalty"] = None
    return oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]


def prompt_cut_off(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    text = oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]
    return text.removeprefix(prompt_text)


def new_tokens_counted(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    prompt = oracle.encode_prompt(tokenizer, prompt_text)
    settings["max_length"] += len(prompt)
    return oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]


def explore_without_repetition(
    tokenizer: Any, model: Any, prompt_text: str, settings: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Explore as if no text repeated itself; in a case that separates the measures, one does."""
    entries = []
    for setting in settings:
        decided = oracle.decided_text(tokenizer, model, prompt_text, setting)
        text = decided[0] if decided else prompt_text
        measures = oracle.measures_of(tokenizer, model, prompt_text, text)
        entries.append({"setting": setting, "text": text, **measures, "repetition_rate": 0.0})
    return entries
