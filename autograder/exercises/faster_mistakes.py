"""Known wrong rules of the cache and of speculative decoding: see `misconceptions`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.modern import generate_cached
from autograder.exercises.oracle import Floats
from kischule.training.tiny import RETURNED

# --- the cache ----------------------------------------------------------------------------------

CachedRun = Callable[[Any, Tensor, int], Tensor]  # from model, input_ids and max_length to all ids
# the tokens of the next call, and its cache, from all ids so far and the last call's cache
Feed = Callable[[Tensor, Any], tuple[Tensor, Any]]


def _noted(run: CachedRun) -> Callable[..., dict[str, Any]]:
    """The reply to a run on a watched model: its return value, and the model's calls."""

    def rule(model: Any, input_ids: Tensor, max_length: int) -> dict[str, Any]:
        before, model.calls = model.calls, []
        try:
            with torch.inference_mode():
                ids = run(model, input_ids, max_length)
            return {RETURNED: ids, "model": model.noted()}
        finally:
            model.calls = before

    return rule


def _fed(feed: Feed, first: Callable[[Any, Tensor], Any] = lambda model, ids: None) -> CachedRun:
    """A greedy run that feeds the model so. first: the cache from all calls before the loop."""

    def run(model: Any, ids: Tensor, max_length: int) -> Tensor:
        cache = first(model, ids)
        while ids.shape[1] < max_length:
            tokens, cache = feed(ids, cache)
            output = model(tokens, past_key_values=cache)
            cache = output.past_key_values
            ids = torch.cat([ids, output.logits[:, -1:].argmax(-1)], dim=1)
            if ids[0, -1] == model.config.eos_token_id:
                break
        return ids

    return run


def _one_by_one(model: Any, ids: Tensor) -> Any:
    cache = None
    for token in ids[0, :-1]:
        cache = model(token.view(1, 1), past_key_values=cache).past_key_values
    return cache


def _but_last(model: Any, ids: Tensor) -> Any:
    return model(ids[:, :-1]).past_key_values if ids.shape[1] > 1 else None


def _right(ids: Tensor, cache: Any) -> tuple[Tensor, Any]:
    return (ids if cache is None else ids[:, -1:]), cache


def cache_and_one_call_more(model: Any, input_ids: Tensor, max_length: int) -> dict[str, Any]:
    """The last token is fed as well, unless it ends the text."""
    reply = generate_cached(model, input_ids, max_length)
    noted, ids = reply["model"], reply[RETURNED]
    if ids[0, -1] != model.config.eos_token_id:
        noted["calls"] += 1
        noted["cached"].append(sum(noted["tokens"]))
        noted["tokens"].append(1)
    return reply


cache_unused = _noted(_fed(lambda ids, cache: (ids, None)))
cache_and_the_whole_text = _noted(_fed(lambda ids, cache: (ids, cache)))
cache_left_behind = _noted(_fed(lambda ids, cache: (_right(ids, cache)[0], None)))
cache_without_the_prompt = _noted(_fed(lambda ids, cache: (ids[:, -1:], cache)))
cache_filled_one_by_one = _noted(_fed(lambda ids, cache: (ids[:, -1:], cache), _one_by_one))
cache_with_a_token_twice = _noted(_fed(_right, lambda model, ids: model(ids).past_key_values))
cache_with_the_prompt_in_two = _noted(_fed(_right, _but_last))


# --- the draft's tokens -------------------------------------------------------------------------


def _draft_accepted(
    chance: Callable[[float, float], float] = lambda p, q: min(1.0, p / q),
    rest: Callable[[Floats, Floats, int], Floats] = lambda p, q, token: np.maximum(p - q, 0.0),
    normalised: bool = True,
) -> Callable[..., list[Any]]:
    """The right rule with one change.

    chance: that a token stays, from its probability in target and draft. rest: weights of what
    replaces it, from both laws and the token.
    """

    def rule(target_probs: Tensor, draft_probs: Tensor, token: int) -> list[Any]:
        p, q = oracle.floats(target_probs), oracle.floats(draft_probs)
        weights = rest(p, q, token)
        total = weights.sum() if normalised else 1.0
        left = weights / total if weights.sum() > 0 else p
        return [float(chance(p[token], q[token])), left]

    return rule


def _but(p: Floats, q: Floats, token: int) -> Floats:
    return np.where(np.arange(len(p)) == token, 0.0, p)


accept_inverted = _draft_accepted(lambda p, q: min(1.0, q / p) if p else 1.0)
accept_not_capped = _draft_accepted(lambda p, q: p / q)
accept_by_the_target = _draft_accepted(lambda p, q: p)
accept_always = _draft_accepted(lambda p, q: 1.0)
accept_the_likelier = _draft_accepted(lambda p, q: float(p >= q))
rest_of_the_target = _draft_accepted(rest=lambda p, q, token: p)
rest_of_the_draft = _draft_accepted(rest=lambda p, q, token: q)
rest_reversed = _draft_accepted(rest=lambda p, q, token: np.maximum(q - p, 0.0))
rest_absolute = _draft_accepted(rest=lambda p, q, token: np.abs(p - q))
rest_but_the_token = _draft_accepted(rest=_but)
rest_not_normalised = _draft_accepted(normalised=False)

# --- texts from guesses: the law of a token, given those before it -------------------------------

Law = Callable[[Floats, Floats, int], Floats]  # from both laws and num_draft


def _sampled(
    chance: Callable[[Floats, Floats], Any] = lambda p, q: np.minimum(1.0, p / q),
    rest: Callable[[Floats, Floats], Any] = lambda p, q: np.maximum(p - q, 0.0),
) -> Law:
    """The law of a token in a long text, with one change of the right rule.

    chance: that each token stays; rest: weights of what replaces it. It mixes the law of a guess
    with that of the last token of a round, which no guess precedes where all of them stay.
    """

    def law(p: Floats, q: Floats, num_draft: int) -> Floats:
        there = np.maximum(q, np.finfo(np.float64).tiny)
        kept = q * chance(p, there)
        stays, weights = kept.sum(), rest(p, q)
        guessed = kept + (1 - stays) * weights / (weights.sum() or 1.0)
        last = stays**num_draft / sum(stays**i for i in range(num_draft + 1))
        mixed = (1 - last) * guessed + last * p
        return mixed / mixed.sum()

    return law


drafted_always = _sampled(lambda p, q: np.ones_like(p))
drafted_by_the_target = _sampled(lambda p, q: p)
drafted_if_likelier = _sampled(lambda p, q: 1.0 * (p >= q))
drafted_inverted = _sampled(lambda p, q: np.minimum(1.0, q / np.maximum(p, 1e-300)))
drafted_then_from_the_target = _sampled(rest=lambda p, q: p)
drafted_then_drafted = _sampled(rest=lambda p, q: q)


def drafted_alone(p: Floats, q: Floats, num_draft: int) -> Floats:
    return q


def drafted_greedily(p: Floats, q: Floats, num_draft: int) -> Floats:
    return 0.999 * (np.arange(len(p)) == p.argmax()) + 0.001 / len(p)


_DRAFT_PREFIXES = ("cache_", "accept_", "rest_", "drafted_")
__all__ = [name for name in list(globals()) if name.startswith(_DRAFT_PREFIXES)]
