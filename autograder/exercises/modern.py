"""References of the assignment a7_2_plus, "Decoding today": slow and obvious, as in `oracle`."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.oracle import (
    BOUNDARY,
    Floats,
    Kept,
    all_kept,
    floats,
    log_softmax,
    needed,
    softmax,
)
from kischule.training.tiny import RETURNED

# --- cutting by information ---------------------------------------------------------------------


def entropy(logits: Floats) -> float:
    """The expected surprise of the next token, in nats; a token of probability 0 adds nothing."""
    probs = softmax(logits)
    return float(-sum(p * np.log(p) for p in probs.tolist() if p > 0))


def atypical(logits: Floats) -> Floats:  # (V,)
    """The distance of each token's surprise from the expected one; inf for an impossible token."""
    distance = np.abs(-log_softmax(logits) - entropy(logits))
    return np.where(np.isfinite(logits), distance, np.inf)


def filter_typical(logits: Tensor, p: float | None) -> Kept:
    """The most typical tokens that together reach p: Meister et al. 2022 (arXiv 2202.00666).

    Most typical are those whose surprise -log p is nearest to the entropy. The token that reaches p
    stays; of those that are as far away any may stay. None, or 1 and more: all.
    """
    values = floats(logits)
    if p is None or p >= 1:
        return all_kept(values)
    distance, probs = atypical(values), softmax(values)
    order = np.argsort(distance, kind="stable")
    ranked, away = probs[order].tolist(), distance[order]
    first, last = away[needed(ranked, p - BOUNDARY) - 1], away[needed(ranked, p + BOUNDARY) - 1]
    there = np.isfinite(values)
    must = (distance < first - BOUNDARY) & there
    may = (distance <= last + BOUNDARY) & there
    # how near another sum, or another token's distance, is to the cut
    gap = np.abs(np.cumsum(ranked)[:-1] - p).min(initial=np.inf)
    others = np.abs(np.delete(away, needed(ranked, p) - 1) - first)
    gap = min(gap, others.min(initial=np.inf, where=others > BOUNDARY))  # equals: any may stay
    return Kept(must, may, max(1, int(must.sum())), float(gap))


# --- repetition, counted ------------------------------------------------------------------------


def completing(ids: list[int], n: int) -> set[int]:
    """The tokens after which the last n tokens would be an n-gram that occurred before."""
    ngrams = [ids[i : i + n] for i in range(len(ids) - n + 1)]
    ending = ids[len(ids) - n + 1 :]
    return {ngram[-1] for ngram in ngrams if ngram[:-1] == ending}


def block_ngrams(logits: Tensor, input_ids: Tensor, n: int | None) -> Kept:
    """All tokens but those that repeat an n-gram: Paulus et al. 2017 (arXiv 1705.04304)."""
    values = floats(logits)
    banned = completing(input_ids[0].tolist(), n) if n else set()
    there = np.isfinite(values) & ~np.isin(np.arange(len(values)), list(banned))
    return Kept(there, there, int(there.sum()))


def apply_count_penalties(
    logits: Tensor,
    input_ids: Tensor,
    prompt_length: int,
    frequency: float | None,
    presence: float | None,
) -> Floats:
    """Lower each generated token by presence, and by frequency for each time that it came."""
    result = floats(logits)
    generated = input_ids[0].tolist()[prompt_length:]
    for token in set(generated):
        result[token] -= generated.count(token) * (frequency or 0.0) + (presence or 0.0)
    return result


# --- steering -----------------------------------------------------------------------------------


def apply_sequence_bias(logits: Tensor, input_ids: Tensor, biases: Sequence[Any]) -> Floats:
    """Add each bias to the last token of its sequence where the text ends in the others."""
    result, ids = floats(logits), input_ids[0].tolist()
    for sequence, bias in biases:
        *before, last = sequence
        if len(before) <= len(ids) and ids[len(ids) - len(before) :] == before:
            result[last] += bias
    return result


# --- watermarks ---------------------------------------------------------------------------------


def green_list(seed: int, vocab_size: int, fraction: float) -> list[int]:
    """The green tokens for a seed: Kirchenbauer et al. 2023 (arXiv 2301.10226)."""
    shuffled = torch.randperm(vocab_size, generator=torch.Generator().manual_seed(seed))
    return shuffled[: int(vocab_size * fraction)].tolist()


def z_score(green: int, count: int, fraction: float) -> float:
    """The number of standard deviations by which the green tokens exceed what is expected."""
    return float((green - fraction * count) / np.sqrt(count * fraction * (1 - fraction)))


def watermark_score(token_ids: list[int], vocab_size: int, fraction: float, key: int) -> float:
    """The z-score of the tokens that are green after the one before them."""
    pairs = list(itertools.pairwise(token_ids))
    green = [b in green_list(key * a, vocab_size, fraction) for a, b in pairs]
    return z_score(sum(green), len(pairs), fraction)


# --- a form to keep -----------------------------------------------------------------------------


def finishes(edges: Sequence[Any], final: Sequence[int], state: int, steps: int) -> bool:
    """Return True if a final state can be reached from this one with so many tokens, or fewer."""
    after = [there for here, _, there in edges if here == state]
    return state in final or (
        steps > 0 and any(finishes(edges, final, a, steps - 1) for a in after)
    )


def constrained_probs(
    logits: Tensor, edges: Sequence[Any], final: Sequence[int], state: int, steps: int
) -> Floats:
    """Softmax over the tokens that an automaton allows and that leave time to finish."""
    values, allowed = floats(logits), np.zeros(len(logits), dtype=bool)
    for here, token, there in edges:
        allowed[token] |= here == state and finishes(edges, final, there, steps - 1)
    return softmax(np.where(allowed, values, -np.inf))


# --- faster, with the same result ---------------------------------------------------------------


def generate_cached(model: Any, input_ids: Tensor, max_length: int) -> dict[str, Any]:
    """The greedy text, and the calls: the prompt first, then one token each, all others cached."""
    prompt = input_ids[0].tolist()
    ids, _ = oracle.greedy_path(model, prompt, max_length)
    tokens = [len(prompt), *[1] * (len(ids) - len(prompt) - 1)]
    cached = [sum(tokens[:i]) for i in range(len(tokens))]
    noted = {"calls": len(tokens), "tokens": tokens, "cached": cached}
    return {RETURNED: torch.tensor([ids]), "model": noted}


def accept_draft(target_probs: Tensor, draft_probs: Tensor, token: int) -> list[Any]:
    """The chance that a drafted token stays, and the law of what replaces it: arXiv 2211.17192.

    Where the target has nowhere more than the draft, nothing is ever replaced; then its own law.
    """
    p, q = floats(target_probs), floats(draft_probs)
    missing = np.maximum(p - q, 0.0)
    residual = missing / missing.sum() if missing.sum() > 0 else p
    return [float(min(1.0, p[token] / q[token])), residual]


# --- stopping and choosing ----------------------------------------------------------------------


def stop_text(pieces: Sequence[str], stop_strings: Sequence[str]) -> list[Any]:
    """The text before the first stop string, and the tokens generated when it was complete."""
    for count in range(1, len(pieces) + 1):
        text = "".join(pieces[:count])
        found = [text.index(stop) for stop in stop_strings if stop in text]
        if found:
            return [text[: min(found)], count]
    return ["".join(pieces), len(pieces)]


def majority_answer(answers: Sequence[str | None]) -> list[Any]:
    """The most frequent answer, and the samples until none could reach it: arXiv 2203.11171.

    None is a sample without an answer. Of answers that are as frequent the first wins.
    """
    for used in range(1, len(answers) + 1):
        given = [answer for answer in answers[:used] if answer is not None]
        ranked = sorted(dict.fromkeys(given), key=given.count, reverse=True)  # stable
        first, second, *_ = [*map(given.count, ranked), 0, 0]
        if used == len(answers) or first - second > len(answers) - used:
            return [ranked[0] if ranked else None, used]
    return [None, 0]


def search_text(
    model: Any, input_ids: Tensor, max_length: int, num_beams: int, length_penalty: float
) -> tuple[int, ...]:
    """The text that a beam search with length penalty finds."""
    prompt = input_ids[0].tolist()
    return searched(model, prompt, max_length, num_beams, length_penalty)[0]


def searched(
    model: Any, prompt: list[int], max_length: int, num_beams: int, length_penalty: float
) -> tuple[tuple[int, ...], float]:
    """The ids with the best score, and the smallest gap along the way and to the second best."""
    running, ended, gap = [(0.0, tuple(prompt))], list[tuple[float, tuple[int, ...]]](), np.inf
    while running and len(running[0][1]) < max_length:
        found = [
            (total + float(log), (*ids, token))
            for total, ids in running
            for token, log in enumerate(oracle.next_logs(model, ids))
        ]
        found.sort(reverse=True)
        kept, dropped = found[:num_beams], found[num_beams:]
        gap = min([gap, *(kept[-1][0] - total for total, _ in dropped[:1])])
        ended += [pair for pair in kept if pair[1][-1] == model.config.eos_token_id]
        running = [pair for pair in kept if pair not in ended]
    ranked = sorted(
        (
            (total / (len(ids) - len(prompt)) ** length_penalty, ids)
            for total, ids in ended + running
        ),
        reverse=True,
    )
    return ranked[0][1], min([gap, *(ranked[0][0] - score for score, _ in ranked[1:2])])
