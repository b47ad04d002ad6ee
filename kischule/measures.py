"""Measures of a text: its repetition and diversity, the model's certainty, its probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kischule import messages
from kischule.arguments import checked_ids, token_list, whole_number
from kischule.errors import ArgumentError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def repeated_ngrams(token_ids: Sequence[int], n: int) -> list[bool]:
    """True for each n-gram of the text, in order, that occurred earlier.

    A text of T tokens has T - n + 1 n-grams; a shorter one gives []. Raises ArgumentError for n
    below 1.
    """
    n, token_ids = whole_number("n", n, 1), token_list("token_ids", token_ids)
    seen: set[tuple[int, ...]] = set()
    repeated = []
    # move a window of n tokens over the text, and remember all that it showed
    for i in range(len(token_ids) - n + 1):
        ngram = tuple(token_ids[i : i + n])
        repeated.append(ngram in seen)
        seen.add(ngram)
    return repeated


def repetition_rate(token_ids: Sequence[int], n: int = 4) -> float:
    """Share of n-grams that occurred earlier, from 0 to 1; 0 for a text shorter than n.

    Equals 1 - distinct_n. `rep-n` of Welleck et al. 2019, arXiv 1908.04319.
    """
    repeated = repeated_ngrams(token_ids, n)
    return sum(repeated) / len(repeated) if repeated else 0.0


def distinct_n(token_ids: Sequence[int], n: int = 2) -> float:
    """Share of distinct n-grams among all n-grams, from 0 to 1; 1 for a text shorter than n.

    Li et al. 2016, arXiv 1510.03055.
    """
    return 1.0 - repetition_rate(token_ids, n)


def entropy(probs: Tensor) -> Tensor:  # (..., V) -> (...)
    """Shannon entropy in nats; a probability of 0 adds nothing to it."""
    if not isinstance(probs, Tensor) or not probs.is_floating_point():
        raise ArgumentError("probs", messages.PROBABILITIES, probs)
    return torch.special.entr(probs).sum(-1)


def token_log_probs(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T) long, T >= 1
) -> Tensor:  # (T - 1,)
    """Natural log-probability of each token but the first, given those before it; on the CPU."""
    # the logits at each position are about the next token: those at the last one are not needed
    input_ids = checked_ids(model, input_ids, one_text=True).to(model.device)
    with torch.no_grad():
        log_probs = model(input_ids).logits[0, :-1].float().log_softmax(-1)
    return log_probs.gather(-1, input_ids[0, 1:, None])[:, 0].cpu()


def sequence_log_prob(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T) long
    prompt_length: int = 1,
) -> float:
    """Natural log-probability of the tokens after the prompt; 0.0 for the prompt alone.

    prompt_length: in tokens, at least 1, as no prediction exists for the first token. Raises
        ArgumentError for a length outside the text.
    """
    length = checked_ids(model, input_ids, one_text=True).shape[1]
    if not 1 <= whole_number("prompt_length", prompt_length) <= length:
        rule = messages.PROMPT_LENGTH.format(length=length)
        raise ArgumentError("prompt_length", rule, prompt_length)
    return float(token_log_probs(model, input_ids)[prompt_length - 1 :].sum())
