"""References: slow, obviously right, one function an exercise.

They take the student's arguments and share no code with the notebook's solutions: plain loops and
numpy in float64 on top of one forward pass over the whole sequence, no cache, no `generate`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]

# A sum of probabilities, or a logit, this near to a cut may fall on either side of it: so much is
# rounding in float32, over a vocabulary of thousands and in a forward pass of another shape.
BOUNDARY = 1e-4
TIE = 1e-4  # float32 logits nearer than this are a tie in floating point
ROUNDINGS = 4  # of half precision, that a comparison of two logits may hang on: see `tie`


def logits_of(model: Any, ids: list[int]) -> Floats:  # (T, V)
    """The model's logits at each position of one sequence."""
    with torch.inference_mode():
        logits = model(torch.tensor([ids], device=model.device)).logits[0]
    return logits.float().cpu().numpy().astype(np.float64)


def tie(dtype: torch.dtype, logits: Floats) -> Floats:  # (..., V) -> (...)
    """The distance from the best logit that counts as a tie, for weights of this dtype.

    float32 and float64: TIE. In half precision a logit is a sum that is rounded once, to within
    eps / 2 of its size. Who computes a text step by step, with or without a cache, and who looks at
    it in one pass have two such roundings for each of the two logits that are compared, in all
    2 eps times the largest logit. What was rounded inside of the model before is allowed as much
    again: ROUNDINGS = 4. Of 420 tokens of `mini` two ways differed by at most 1.8 (bfloat16) and
    2.0 (float16) of these. With TIE alone one right text of 16 tokens in eight (bfloat16), and one
    in fifty (float16), was refused.
    """
    if dtype not in (torch.float16, torch.bfloat16):
        return np.full(logits.shape[:-1], TIE)
    there = np.exp(logits - logits.max(axis=-1, keepdims=True)) > 0  # not what can never come
    largest = np.abs(logits).max(axis=-1, where=there, initial=0.0)
    return np.maximum(TIE, ROUNDINGS * torch.finfo(dtype).eps * largest)


def softmax(logits: Floats) -> Floats:  # (V,) -> (V,)
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def log_softmax(logits: Floats) -> Floats:  # (V,) -> (V,)
    """The logarithms of `softmax`, finite also where that is 0 in float64."""
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


def floats(tensor: Tensor) -> Floats:
    return tensor.detach().cpu().to(torch.float64).numpy().copy()


# --- prompt, distribution, ranking --------------------------------------------------------------


def encode_prompt(tokenizer: Any, prompt_text: str) -> list[int]:
    return list(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(prompt_text)))


def ends_in_space_token(tokenizer: Any, prompt_text: str) -> bool:
    return tokenizer.decode(encode_prompt(tokenizer, prompt_text)[-1:]).isspace()


def next_token_probs(model: Any, input_ids: Tensor) -> Floats:  # (V,)
    return softmax(logits_of(model, input_ids[0].tolist())[-1])


def top_tokens(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    """All tokens at least as likely as the k-th, most likely first: k of them, more on a tie."""
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: -pair[1])
    least = ranked[k - 1][1]
    return [(tokenizer.decode([i]), p) for i, p in ranked if p >= least]


# --- the parts of decoding ----------------------------------------------------------------------


def penalised(logits: Floats, ids: list[int], penalty: float | None) -> Floats:  # (V,)
    """Each token that occurs in `ids`, prompt included: positive logits divided, others multiplied.

    Keskar et al. 2019 (arXiv 1909.05858, section 4.1) divide; transformers'
    RepetitionPenaltyLogitsProcessor multiplies negative logits, so that they fall as well.
    """
    result = logits.copy()
    for token in set(ids):
        if penalty is not None:
            high = result[token] > 0
            result[token] = result[token] / penalty if high else result[token] * penalty
    return result


def apply_repetition_penalty(logits: Tensor, input_ids: Tensor, penalty: float | None) -> Floats:
    return penalised(floats(logits), input_ids[0].tolist(), penalty)


def tempered(logits: Floats, temperature: float | None) -> Floats:  # (V,)
    return logits if temperature is None else logits / temperature


def apply_temperature(logits: Tensor, temperature: float | None) -> Floats:
    return tempered(floats(logits), temperature)


@dataclass(frozen=True)
class Kept:
    """The tokens that a filter keeps: all of `must`, others of `may`, and `at_least` in all.

    The three differ where tokens tie at the cut, and where rounding decides (BOUNDARY).
    gap: how far, in probability, the nearest other cut is away.
    """

    must: Bools  # (V,)
    may: Bools  # (V,)
    at_least: int
    gap: float = float("inf")


def all_kept(logits: Floats) -> Kept:
    there = np.isfinite(logits)
    return Kept(there, there, int(there.sum()))


def filter_top_k(logits: Tensor, k: int | None) -> Kept:
    return top_k_kept(floats(logits), k)


def top_k_kept(logits: Floats, k: int | None) -> Kept:
    """All tokens at least as likely as the k-th: Fan et al. 2018 (arXiv 1805.04833).

    Ties with the k-th stay, as in transformers' TopKLogitsWarper. None or 0: all.
    """
    if not k:
        return all_kept(logits)
    least = sorted(logits.tolist(), reverse=True)[min(k, len(logits)) - 1]
    there = np.isfinite(logits)
    must, may = (logits >= least) & there, (logits >= least - BOUNDARY) & there
    return Kept(must, may, int(must.sum()))


def filter_top_p(logits: Tensor, p: float | None) -> Kept:
    return top_p_kept(floats(logits), p)


def top_p_kept(logits: Floats, p: float | None) -> Kept:
    """The smallest set of most likely tokens that together reach p: Holtzman et al. 2019.

    (arXiv 1904.09751, section 3.1.) The token that crosses p stays. Of tokens that tie at the cut
    any may stay. None: all; so do 1 and more, but in float32 the sum may reach 1 before the last.
    """
    if p is None:
        return all_kept(logits)
    probs = softmax(logits)
    ranked = sorted(probs.tolist(), reverse=True)
    fewest, most = needed(ranked, p - BOUNDARY), needed(ranked, p + BOUNDARY)
    there = np.isfinite(logits)
    gap = float(np.abs(np.cumsum(ranked)[:-1] - p).min(initial=np.inf))
    must = (probs > ranked[fewest - 1]) & there
    return Kept(must, (probs >= ranked[most - 1]) & there, min(fewest, int(there.sum())), gap)


def needed(ranked: Sequence[float], p: float) -> int:
    """The number of these descending probabilities that reach p; all of them if none do."""
    total = 0.0
    for count, probability in enumerate(ranked, 1):
        total += probability
        if total >= p:
            return count
    return len(ranked)


def filter_min_p(logits: Tensor, p: float | None) -> Kept:
    """All tokens at least p times as likely as the most likely one: Nguyen et al. 2024.

    (arXiv 2407.01082.) None or 0: all.
    """
    values = floats(logits)
    if not p:
        return all_kept(values)
    probs = softmax(values)
    best = probs == probs.max()
    least, there = p * probs.max(), np.isfinite(values)
    must = (best | (probs >= least * (1 + BOUNDARY))) & there
    may = (probs >= least * (1 - BOUNDARY)) & there
    gap = float(np.abs(probs - least)[~best].min(initial=np.inf))
    return Kept(must, may, int(must.sum()), gap)


def next_distribution(logits: Floats, ids: Sequence[int], settings: Mapping[str, Any]) -> Floats:
    """Probabilities of the next token under these settings: penalty, temperature, top-k, top-p.

    logits (V,) as the model gives them, ids: all tokens so far, prompt included. 0 is forbidden.
    """
    logits = penalised(logits, list(ids), settings.get("repetition_penalty"))
    logits = tempered(logits, settings.get("temperature"))
    logits = np.where(top_k_kept(logits, settings.get("top_k")).may, logits, -np.inf)
    logits = np.where(top_p_kept(logits, settings.get("top_p")).may, logits, -np.inf)
    return softmax(logits)


# --- texts --------------------------------------------------------------------------------------


def greedy_path(
    model: Any, prompt: list[int], max_length: int, penalty: float | None = None
) -> tuple[list[int], float]:
    """Greedy tokens, prompt included, and the smallest gap between first and second logit.

    The gap is infinite where nothing was generated. Ends after eos or at `max_length` tokens.
    """
    ids, gap = _greedy_path(model, tuple(prompt), max_length, penalty)
    return list(ids), gap


@lru_cache(maxsize=64)  # the wrong rules that a case must tell apart follow the same path
def _greedy_path(
    model: Any, prompt: tuple[int, ...], max_length: int, penalty: float | None
) -> tuple[tuple[int, ...], float]:
    ids = list(prompt)
    gap = float("inf")
    while len(ids) < max_length:
        logits = penalised(logits_of(model, ids)[-1], ids, penalty)
        second, first = np.sort(logits)[-2:]
        gap = min(gap, float(first - second))
        ids.append(int(logits.argmax()))
        if ids[-1] == model.config.eos_token_id:
            break
    return tuple(ids), gap


def greedy_decode(model: Any, input_ids: Tensor, max_length: int) -> list[int]:
    return greedy_path(model, input_ids[0].tolist(), max_length)[0]


def greedy_regret(model: Any, ids: list[int], prompt_length: int) -> tuple[Floats, list[int]]:
    """By teacher forcing: how far each token after the prompt is below the best one, in logits.

    Returns (regret, best): regret (n,) is 0 where the token is the argmax; best are the argmaxes.
    One forward pass, so a tie in floating point costs nobody the rest of the text.
    """
    return _regret(_before(model, ids, prompt_length), ids[prompt_length:])


def greedy_slip(model: Any, ids: list[int], prompt_length: int) -> tuple[int, int] | None:
    """The first token after the prompt that is not the best one, nor ties with it.

    Its place in the text, and the best token there; None where all are right. As `greedy_regret`.
    """
    before = _before(model, ids, prompt_length)
    regret, best = _regret(before, ids[prompt_length:])
    slips = np.flatnonzero(regret > tie(model.dtype, before))
    return (prompt_length + int(slips[0]), best[slips[0]]) if len(slips) else None


def _before(model: Any, ids: list[int], prompt_length: int) -> Floats:  # (n, V)
    """The logits from which each of the n tokens after the prompt is chosen."""
    if len(ids) == prompt_length:
        return np.zeros((0, model.config.vocab_size))
    return logits_of(model, ids[:-1])[prompt_length - 1 :]


def _regret(before: Floats, chosen: list[int]) -> tuple[Floats, list[int]]:
    own = before[np.arange(len(before)), chosen]
    return before.max(axis=1) - own, before.argmax(axis=1).tolist()


def sequence_log_prob(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    """Sum of log p(token | tokens before it) over the tokens after the prompt; 0 for none."""
    ids = input_ids[0].tolist()
    logits = logits_of(model, ids)
    total = 0.0
    for i in range(prompt_length, len(ids)):
        total += float(log_softmax(logits[i - 1])[ids[i]])
    return total


@dataclass(frozen=True)
class Beam:
    score: float  # sum of natural log-probabilities of the tokens after the prompt
    ids: tuple[int, ...]
    ended: bool


@lru_cache(maxsize=1024)  # the wrong searches that a case must tell apart ask for the same
def next_logs(model: Any, ids: tuple[int, ...]) -> Floats:  # (V,)
    return log_softmax(logits_of(model, list(ids))[-1])


def beam_steps(
    model: Any, prompt: list[int], max_length: int, num_beams: int
) -> Iterator[tuple[list[Beam], float]]:
    """The beams after each step, best first, and the gap to the best that did not stay.

    In each step all beams are continued by every token; the num_beams continuations with the
    highest sum of log-probabilities stay. A beam that ended in eos stays as it is and keeps its
    place. No length penalty.
    """
    beams = [Beam(0.0, tuple(prompt), False)]
    for _ in range(max_length - len(prompt)):
        candidates = [b for b in beams if b.ended]
        for beam in (b for b in beams if not b.ended):
            for token, step in enumerate(next_logs(model, beam.ids).tolist()):
                ended = token == model.config.eos_token_id
                candidates.append(Beam(beam.score + step, (*beam.ids, token), ended))
        candidates.sort(key=lambda b: -b.score)
        beams, dropped = candidates[:num_beams], candidates[num_beams:]
        yield beams, beams[-1].score - dropped[0].score if dropped else float("inf")
        if all(b.ended for b in beams):
            return


def beam_path(
    model: Any, prompt: list[int], max_length: int, num_beams: int
) -> tuple[list[int], float]:
    """The best beam's ids, and the smallest gap along the way and between best and second."""
    beams, smallest = [Beam(0.0, tuple(prompt), False)], float("inf")
    for found, gap in beam_steps(model, prompt, max_length, num_beams):
        beams, smallest = found, min(smallest, gap)
    if len(beams) > 1:
        smallest = min(smallest, beams[0].score - beams[1].score)
    return list(beams[0].ids), smallest


class UndecidedError(ValueError):
    """Settings under which the text is not determined."""


def generate_text(
    tokenizer: Any,
    model: Any,
    prompt_text: str,
    *,
    max_length: int,
    repetition_penalty: float | None = None,
    do_sample: bool = False,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
) -> tuple[str, float]:
    """The text, and the smallest gap along it; UndecidedError where chance has a say.

    Sampling is decided where only the most likely token is left: top_k = 1, or a tiny top_p or
    temperature.
    """
    one_left = top_k == 1 or (top_p or 1) <= 1e-6 or (temperature or 1) <= 1e-6
    if do_sample and not one_left:
        raise UndecidedError(f"sampling among more than one token, settings: {top_k=} {top_p=}")
    prompt = encode_prompt(tokenizer, prompt_text)
    ids, gap = greedy_path(model, prompt, max_length, repetition_penalty)
    return tokenizer.decode(ids, skip_special_tokens=True), gap


def decided_text(
    tokenizer: Any, model: Any, prompt_text: str, settings: Mapping[str, Any]
) -> tuple[str, float] | None:
    """As `generate_text`; None where chance has a say."""
    try:
        return generate_text(tokenizer, model, prompt_text, **settings)
    except UndecidedError:
        return None


# --- measures -----------------------------------------------------------------------------------


def repetition_rate(token_ids: Sequence[int], n: int) -> float:
    """Share of n-grams that occurred before in the text; 0 where there is no n-gram."""
    ngrams = [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
    seen = [ngram in ngrams[:i] for i, ngram in enumerate(ngrams)]
    return sum(seen) / len(seen) if seen else 0.0


def measures_of(tokenizer: Any, model: Any, prompt_text: str, text: str) -> dict[str, float]:
    """The measures that `explore` gives for a text, from the new tokens that it encodes to."""
    ids = encode_prompt(tokenizer, text)
    start = len(encode_prompt(tokenizer, prompt_text))
    total = sequence_log_prob(model, torch.tensor([ids]), start)
    return {
        "repetition_rate": repetition_rate(ids[start:], 4),
        "mean_log_prob": total / (len(ids) - start) if len(ids) > start else 0.0,
    }
