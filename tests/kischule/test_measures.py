"""Measures of a text, against examples worked by hand and the exercises' oracle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import kischule
from autograder.exercises import oracle
from kischule import measures
from kischule.errors import ArgumentError

PAIRS = [1, 2, 1, 2, 1]  # (1 2) (2 1) (1 2) (2 1): the last two stood before


def test_the_repetition_rate_counts_what_stood_before() -> None:
    assert measures.repeated_ngrams(PAIRS, 2) == [False, False, True, True]
    assert measures.repetition_rate(PAIRS, 2) == 0.5
    assert measures.distinct_n(PAIRS, 2) == 0.5
    assert measures.repetition_rate(PAIRS, 1) == 3 / 5


def test_a_text_without_ngrams_repeats_nothing() -> None:
    assert measures.repetition_rate([7, 7], 3) == 0.0
    assert measures.distinct_n([], 2) == 1.0


@pytest.mark.parametrize("n", [0, -1, 1.5, True, "2", None])
def test_an_ngram_has_at_least_one_token(n: Any) -> None:
    with pytest.raises(ArgumentError, match=f"n must be .*, was: {n!r}"):
        measures.repetition_rate([1, 2], n)


def test_tensors_and_arrays_are_counted_as_lists_are() -> None:
    """Tensors of equal numbers are not equal objects."""
    for ids in (torch.tensor(PAIRS), np.array(PAIRS), tuple(PAIRS)):
        assert measures.repetition_rate(ids, 2) == 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "ids", [torch.tensor([PAIRS]), [PAIRS], "1212", [1.0], [True], [-1], None, 5]
)
def test_only_a_list_of_token_ids_is_measured(ids: Any) -> None:
    with pytest.raises(ArgumentError, match=r"token_ids must be a list of token ids, .* was: "):
        measures.distinct_n(ids)


@pytest.mark.parametrize(
    "ids", [PAIRS, torch.tensor(PAIRS), torch.tensor([PAIRS] * 2), torch.ones(1, 2)]
)
def test_a_text_is_a_row_of_token_ids(ids: Any) -> None:
    _, model = kischule.load("mini", "cpu")
    with pytest.raises(ArgumentError, match="input_ids must"):
        measures.token_log_probs(model, ids)


def test_the_oracle_of_the_exercise_agrees() -> None:
    generator = torch.Generator().manual_seed(3)
    for n in (1, 2, 4):
        ids = torch.randint(0, 4, (60,), generator=generator).tolist()
        assert measures.repetition_rate(ids, n) == pytest.approx(oracle.repetition_rate(ids, n))


def test_entropy_is_that_of_the_logarithm_and_zero_adds_nothing() -> None:
    probs = torch.tensor([[0.25] * 4, [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]])
    expected = torch.tensor([math.log(4), 0.0, math.log(2)])
    assert torch.allclose(measures.entropy(probs), expected)
    assert measures.entropy(probs[0]).shape == ()


def test_a_sequence_is_as_likely_as_its_tokens_together() -> None:
    tokenizer, model = kischule.load("mini", "cpu")
    ids = tokenizer("Once upon a time there was a king", return_tensors="pt").input_ids
    each = measures.token_log_probs(model, ids)
    assert each.shape == (ids.shape[1] - 1,)
    for i in (1, ids.shape[1] - 1):
        logits = model(ids[:, :i]).logits[0, -1]
        assert each[i - 1].item() == pytest.approx(
            logits.log_softmax(-1)[ids[0, i]].item(), abs=1e-4
        )
    assert measures.sequence_log_prob(model, ids, 3) == pytest.approx(each[2:].sum().item())
    assert measures.sequence_log_prob(model, ids, ids.shape[1]) == 0.0


@pytest.mark.parametrize("length", [0, 4])
def test_a_prompt_is_part_of_the_text(length: int) -> None:
    _, model = kischule.load("mini", "cpu")
    with pytest.raises(ValueError, match=rf"from 1 to the length of the text \(3\), was: {length}"):
        measures.sequence_log_prob(model, torch.tensor([[5, 6, 7]]), length)
