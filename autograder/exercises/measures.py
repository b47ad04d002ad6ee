"""Known wrong rules of `sequence_log_prob` and `repetition_rate`: see `misconceptions`."""

import math
from typing import Any

from torch import Tensor

from autograder.exercises import oracle


def log_prob_not_shifted(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    ids = input_ids[0].tolist()
    logits = oracle.logits_of(model, ids)
    return math.fsum(
        float(oracle.log_softmax(logits[i])[ids[i]]) for i in range(prompt_length, len(ids))
    )


def log_prob_of_the_prompt_too(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return oracle.sequence_log_prob(model, input_ids, 1)


def log_prob_mean(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    new = input_ids.shape[1] - prompt_length
    return oracle.sequence_log_prob(model, input_ids, prompt_length) / max(new, 1)


def log_prob_as_probability(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return math.exp(oracle.sequence_log_prob(model, input_ids, prompt_length))


def log_prob_negated(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return -oracle.sequence_log_prob(model, input_ids, prompt_length)


def log_prob_base_2(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return oracle.sequence_log_prob(model, input_ids, prompt_length) / math.log(2)


def log_prob_of_raw_logits(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    ids = input_ids[0].tolist()
    logits = oracle.logits_of(model, ids)
    return math.fsum(float(logits[i - 1, ids[i]]) for i in range(prompt_length, len(ids)))


def repetition_first_counted(token_ids: list[int], n: int) -> float:
    ngrams = _ngrams(token_ids, n)
    return sum(ngrams.count(g) > 1 for g in ngrams) / max(len(ngrams), 1)


def repetition_as_distinct(token_ids: list[int], n: int) -> float:
    return 1.0 - oracle.repetition_rate(token_ids, n)


def repetition_last_missed(token_ids: list[int], n: int) -> float:
    return oracle.repetition_rate(token_ids[:-1], n)


def repetition_by_tokens(token_ids: list[int], n: int) -> float:
    ngrams = _ngrams(token_ids, n)
    return oracle.repetition_rate(token_ids, n) * len(ngrams) / max(len(token_ids), 1)


def repetition_by_distinct(token_ids: list[int], n: int) -> float:
    ngrams = _ngrams(token_ids, n)
    return (len(ngrams) - len(set(ngrams))) / max(len(set(ngrams)), 1)


def _ngrams(token_ids: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(token_ids[i : i + n]) for i in range(len(token_ids) - n + 1)]
