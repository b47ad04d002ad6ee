"""Known wrong rules of the assignment a7_2_plus, but for its filter: see `misconceptions`."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.modern import completing, constrained_probs, finishes, green_list, z_score
from autograder.exercises.oracle import Floats

# --- n-grams ------------------------------------------------------------------------------------


def _blocked(banned: Callable[[list[int], int], Iterable[int]]) -> Callable[..., Floats]:
    """A rule that bans other tokens. banned: those, from all ids and n."""

    def rule(logits: Tensor, input_ids: Tensor, n: int | None) -> Floats:
        result = oracle.floats(logits)
        if n:
            result[list(banned(input_ids[0].tolist(), n))] = -np.inf
        return result

    return rule


def _in_order(ids: list[int], n: int) -> list[int]:
    """The banned tokens in the order in which their n-grams came."""
    ending = ids[len(ids) - n + 1 :]
    starts = range(len(ids) - n + 1)
    return [ids[i + n - 1] for i in starts if ids[i : i + n - 1] == ending]


ngram_ignored = _blocked(lambda ids, n: [])
ngram_one_shorter = _blocked(lambda ids, n: completing(ids, n - 1) if n > 1 else [])
ngram_one_longer = _blocked(lambda ids, n: completing(ids, n + 1))
ngram_of_all_tokens = _blocked(lambda ids, n: ids)
ngram_without_its_beginning = _blocked(lambda ids, n: ids[n - 1 :])
ngram_always_pairs = _blocked(lambda ids, n: completing(ids, 2))
ngram_first_only = _blocked(lambda ids, n: _in_order(ids, n)[:1])
ngram_latest_only = _blocked(lambda ids, n: _in_order(ids, n)[-1:])

# --- frequency and presence ---------------------------------------------------------------------


def _counted(
    tokens: Callable[[list[int], int], list[int]] = lambda ids, start: ids[start:],
    lowered: Callable[[int, float, float], float] = lambda count, f, p: count * f + p,
) -> Callable[..., Floats]:
    """The right rule with one change.

    tokens: those counted, from all ids and the prompt's length. lowered: by how much a token is,
    from its count and both settings.
    """

    def rule(
        logits: Tensor,
        input_ids: Tensor,
        prompt_length: int,
        frequency: float | None,
        presence: float | None,
    ) -> Floats:
        result, ids = oracle.floats(logits), tokens(input_ids[0].tolist(), prompt_length)
        for token in set(ids):
            result[token] -= lowered(ids.count(token), frequency or 0.0, presence or 0.0)
        return result

    return rule


count_with_the_prompt = _counted(lambda ids, start: ids)
count_of_the_prompt = _counted(lambda ids, start: ids[:start])
count_without_the_last = _counted(lambda ids, start: ids[start:-1])
count_once = _counted(lowered=lambda count, f, p: f + p)
count_presence_too = _counted(lowered=lambda count, f, p: count * (f + p))
count_added = _counted(lowered=lambda count, f, p: -count * f - p)
count_swapped = _counted(lowered=lambda count, f, p: count * p + f)
count_without_presence = _counted(lowered=lambda count, f, p: count * f)

# --- biases -------------------------------------------------------------------------------------

Applies = Callable[[list[int], list[int]], bool]


def _ends_in(ids: list[int], before: list[int]) -> bool:
    return ids[max(len(ids) - len(before), 0) :] == before


def _contains(ids: list[int], before: list[int]) -> bool:
    size = len(before)
    return any(ids[i : i + size] == before for i in range(len(ids) - size + 1))


def _biased(
    applies: Applies = _ends_in,
    place: int = -1,
    change: Callable[[float, float, float], float] = lambda now, bias, logit: now + bias,
) -> Callable[..., Floats]:
    """The right rule with one change.

    applies: from all ids and the tokens before a sequence's last. place: of the biased token.
    change: from the logit so far, the bias and the logit that was given.
    """

    def rule(logits: Tensor, input_ids: Tensor, biases: Sequence[Any]) -> Floats:
        given, ids = oracle.floats(logits), input_ids[0].tolist()
        result = given.copy()
        for sequence, bias in biases:
            if applies(ids, sequence[:-1]):
                token = sequence[place]
                result[token] = change(result[token], bias, given[token])
        return result

    return rule


bias_ignored = _biased(lambda ids, before: False)
bias_of_single_tokens = _biased(lambda ids, before: not before)
bias_always = _biased(lambda ids, before: True)
bias_anywhere = _biased(_contains)
bias_after_the_last_token = _biased(lambda ids, before: before[-1:] in ([], ids[-1:]))
bias_of_the_first = _biased(place=0)
bias_not_summed = _biased(change=lambda now, bias, logit: logit + bias)
bias_subtracted = _biased(change=lambda now, bias, logit: now - bias)
bias_replaces = _biased(change=lambda now, bias, logit: bias)

# --- watermarks ---------------------------------------------------------------------------------


def _scored(
    seed: Callable[[int, int, int], int] = lambda key, before, token: key * before,
    score: Callable[[int, int, float], float] = z_score,
    red: bool = False,
) -> Callable[..., float]:
    """The right rule with one change.

    seed: from key, the token before, and the token. score: from the green tokens, all that were
    scored, and the fraction. red: the others are counted.
    """

    def rule(token_ids: list[int], vocab_size: int, fraction: float, key: int) -> float:
        pairs = list(itertools.pairwise(token_ids))
        green = [b in green_list(seed(key, a, b), vocab_size, fraction) for a, b in pairs]
        return float(score(sum(g != red for g in green), len(pairs), fraction))

    return rule


z_of_red_tokens = _scored(red=True)
z_seeded_by_the_token = _scored(lambda key, before, token: key * token)
z_seeded_by_the_key = _scored(lambda key, before, token: key)
z_key_added = _scored(lambda key, before, token: key + before)
z_as_share = _scored(score=lambda green, count, f: green / count)
z_as_count = _scored(score=lambda green, count, f: green)
z_not_scaled = _scored(score=lambda green, count, f: green - f * count)
z_by_the_variance = _scored(
    score=lambda green, count, f: (green - f * count) / (count * f * (1 - f))
)
z_of_one_more = _scored(score=lambda green, count, f: z_score(green, count + 1, f))
z_without_the_others = _scored(
    score=lambda green, count, f: (green - f * count) / float(np.sqrt(count * f))
)

# --- a form to keep -----------------------------------------------------------------------------


def _allowed(
    more: int = 0, of_all: bool = False, weights: Callable[[Floats], Floats] = np.exp
) -> Callable[..., Floats]:
    """The right rule with one change.

    more: tokens than there may still be. of_all: whatever the state is. weights: of the tokens.
    """

    def rule(
        logits: Tensor, edges: Sequence[Any], final: Sequence[int], state: int, steps: int
    ) -> Floats:
        result, kept = np.zeros(len(logits)), weights(oracle.log_softmax(oracle.floats(logits)))
        for here, token, there in edges:
            if (of_all or here == state) and finishes(edges, final, there, steps - 1 + more):
                result[token] = kept[token]
        return result / (result.sum() or 1.0)

    return rule


def form_ignored(logits: Tensor, **_: Any) -> Floats:
    return oracle.softmax(oracle.floats(logits))


def form_with_dead_ends(logits: Tensor, edges: Sequence[Any], state: int, **_: Any) -> Floats:
    tokens = [token for here, token, _ in edges if here == state]
    kept = np.isin(np.arange(len(logits)), tokens)
    return oracle.softmax(np.where(kept, oracle.floats(logits), -np.inf))


def form_not_renormalised(logits: Tensor, **automaton: Any) -> Floats:
    kept = constrained_probs(logits, **automaton) > 0
    return np.where(kept, oracle.softmax(oracle.floats(logits)), 0.0)


def form_of_the_best(logits: Tensor, **automaton: Any) -> Floats:
    probs = constrained_probs(logits, **automaton)
    return 1.0 * (np.arange(len(probs)) == probs.argmax())


form_without_limit = _allowed(more=20)
form_one_token_more = _allowed(more=1)
form_one_token_less = _allowed(more=-1)
form_of_any_state = _allowed(of_all=True)
form_even = _allowed(weights=np.ones_like)

_PREFIXES = ("ngram_", "count_", "bias_", "z_", "form_")
__all__ = [
    name for name in list(globals()) if name.startswith(_PREFIXES) and name != z_score.__name__
]
