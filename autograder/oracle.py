"""References: slow, obviously right, one function an exercise.

They take the student's arguments and share no code with the notebook's solutions: plain loops and
numpy in float64 on top of one forward pass over the whole sequence, no cache, no `generate`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

Floats = np.ndarray[Any, np.dtype[np.float64]]


def logits_of(model: Any, ids: list[int]) -> Floats:  # (T, V)
    """The model's logits at each position of one sequence."""
    with torch.inference_mode():
        logits = model(torch.tensor([ids], device=model.device)).logits[0]
    return logits.float().cpu().numpy().astype(np.float64)


def softmax(logits: Floats) -> Floats:  # (V,) -> (V,)
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def encode_prompt(tokenizer: Any, prompt_text: str) -> list[int]:
    return list(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(prompt_text)))


def next_token_probs(model: Any, input_ids: Tensor) -> Floats:  # (V,)
    return softmax(logits_of(model, input_ids[0].tolist())[-1])


def top_tokens(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    """All tokens at least as likely as the k-th, most likely first: k of them, more on a tie."""
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: -pair[1])
    least = ranked[k - 1][1]
    return [(tokenizer.decode([i]), p) for i, p in ranked if p >= least]


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


def greedy_path(
    model: Any, prompt: list[int], max_length: int, penalty: float | None = None
) -> tuple[list[int], float]:
    """Greedy tokens, prompt included, and the smallest gap between first and second logit.

    The gap is infinite where nothing was generated. Ends after eos or at `max_length` tokens.
    """
    ids = list(prompt)
    gap = float("inf")
    while len(ids) < max_length:
        logits = penalised(logits_of(model, ids)[-1], ids, penalty)
        second, first = np.sort(logits)[-2:]
        gap = min(gap, float(first - second))
        ids.append(int(logits.argmax()))
        if ids[-1] == model.config.eos_token_id:
            break
    return ids, gap


def greedy_decode(model: Any, input_ids: Tensor, max_length: int) -> list[int]:
    return greedy_path(model, input_ids[0].tolist(), max_length)[0]


def greedy_regret(model: Any, ids: list[int], prompt_length: int) -> tuple[Floats, list[int]]:
    """By teacher forcing: how far each token after the prompt is below the best one, in logits.

    Returns (regret, best): regret (n,) is 0 where the token is the argmax; best are the argmaxes.
    One forward pass, so a tie in floating point costs nobody the rest of the text.
    """
    if len(ids) == prompt_length:
        return np.zeros(0), []
    before = logits_of(model, ids[:-1])[prompt_length - 1 :]
    chosen = before[np.arange(len(before)), ids[prompt_length:]]
    return before.max(axis=1) - chosen, before.argmax(axis=1).tolist()


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
