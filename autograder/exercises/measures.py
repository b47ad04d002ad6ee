"""Known wrong rules of `sequence_log_prob` and `repetition_rate`: see `misconceptions`."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import oracle


def log_prob_not_shifted(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    ids = input_ids[0].tolist()
    logits = oracle.logits_of(model, ids)
    return math.fsum(
        float(oracle.log_softmax(logits[i])[ids[i]]) for i in range(prompt_length, len(ids))
    )


def _chosen(model: Any, input_ids: Tensor) -> list[float]:
    """The log-probability of each token but the first."""
    ids = input_ids[0].tolist()
    logits = oracle.logits_of(model, ids)
    return [float(oracle.log_softmax(logits[i - 1])[ids[i]]) for i in range(1, len(ids))]


def log_prob_from_one_earlier(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return oracle.sequence_log_prob(model, input_ids, max(prompt_length - 1, 1))


def log_prob_from_one_later(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return oracle.sequence_log_prob(model, input_ids, prompt_length + 1)


def log_prob_without_the_last(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return math.fsum(_chosen(model, input_ids)[prompt_length - 1 : -1])


def log_prob_sum_of_probs(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    return math.fsum(math.exp(log) for log in _chosen(model, input_ids)[prompt_length - 1 :])


def log_prob_over_positions(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    ids = input_ids[0].tolist()
    logits = oracle.logits_of(model, ids)
    logs = np.apply_along_axis(oracle.log_softmax, 0, logits)
    return math.fsum(float(logs[i - 1, ids[i]]) for i in range(prompt_length, len(ids)))


def log_prob_of_likeliest(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    logits = oracle.logits_of(model, input_ids[0].tolist())[prompt_length - 1 : -1]
    return math.fsum(float(oracle.log_softmax(row).max()) for row in logits)


def log_prob_of_pairs(model: Any, input_ids: Tensor, prompt_length: int) -> float:
    """Each token given the one before it, not the whole text."""
    ids = input_ids[0].tolist()
    return math.fsum(
        float(oracle.log_softmax(oracle.logits_of(model, [ids[i - 1]])[-1])[ids[i]])
        for i in range(prompt_length, len(ids))
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
    return 1.0 - oracle.repetition_rate(token_ids, n) if len(token_ids) >= n else 0.0


def repetition_number(token_ids: list[int], n: int) -> float:
    return oracle.repetition_rate(token_ids, n) * len(_ngrams(token_ids, n))


def repetition_percent(token_ids: list[int], n: int) -> float:
    return 100 * oracle.repetition_rate(token_ids, n)


def repetition_of_distinct(token_ids: list[int], n: int) -> float:
    """The share of distinct n-grams that come more than once."""
    ngrams = _ngrams(token_ids, n)
    return sum(ngrams.count(g) > 1 for g in set(ngrams)) / max(len(set(ngrams)), 1)


def repetition_not_overlapping(token_ids: list[int], n: int) -> float:
    return _repeated(_ngrams(token_ids, n)[::n])


def repetition_of_neighbours(token_ids: list[int], n: int) -> float:
    ngrams = _ngrams(token_ids, n)
    return sum(a == b for a, b in itertools.pairwise(ngrams)) / max(len(ngrams), 1)


def repetition_of_tokens(token_ids: list[int], n: int) -> float:
    return oracle.repetition_rate(token_ids, 1)


def repetition_without_order(token_ids: list[int], n: int) -> float:
    return _repeated([frozenset(ngram) for ngram in _ngrams(token_ids, n)])


def repetition_of_none_is_one(token_ids: list[int], n: int) -> float:
    return oracle.repetition_rate(token_ids, n) if len(token_ids) >= n else 1.0


def repetition_from_three(token_ids: list[int], n: int) -> float:
    return oracle.repetition_rate(token_ids, n) if len(_ngrams(token_ids, n)) > 2 else 0.0


def _repeated(ngrams: Sequence[Any]) -> float:
    return 1 - len(set(ngrams)) / len(ngrams) if ngrams else 0.0


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
