"""The oracle against examples worked by hand, and against transformers as a second reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from autograder.checking import compare
from autograder.exercises import oracle
from autograder.sandbox.data import Array
from autograder.sandbox.models import TableModel, model_of, tokenizer_of

ZERO = torch.tensor([0])


def _processors(settings: dict[str, Any]) -> LogitsProcessorList:
    """In the order in which transformers' own `generate` builds them."""
    found = LogitsProcessorList()
    if settings["repetition_penalty"] is not None:
        found.append(RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]))
    if settings["temperature"] is not None:
        found.append(TemperatureLogitsWarper(settings["temperature"]))
    if settings["top_k"]:
        found.append(TopKLogitsWarper(settings["top_k"]))
    if settings["top_p"] is not None and settings["top_p"] < 1:
        found.append(TopPLogitsWarper(settings["top_p"]))
    return found


def test_all_settings_together_agree_with_transformers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2,000 random settings, vocabularies and texts, each setting on or off, in float64."""
    monkeypatch.setattr(oracle, "BOUNDARY", 1e-12)
    rng = np.random.default_rng(7)
    seen = 0
    for _ in range(2_000):
        size = int(rng.integers(2, 40))
        logits = rng.normal(0, 3, size).astype(np.float32)
        ids = rng.integers(0, size, int(rng.integers(1, 20))).tolist()
        settings = {
            "repetition_penalty": [None, 1.0, float(rng.uniform(0.5, 3))][rng.integers(3)],
            "temperature": [None, 1.0, float(rng.uniform(0.2, 3))][rng.integers(3)],
            "top_k": [None, 0, int(rng.integers(1, 50))][rng.integers(3)],
            "top_p": [None, 1.0, float(rng.uniform(0.05, 0.99))][rng.integers(3)],
        }
        ours = oracle.next_distribution(logits.astype(np.float64), ids, settings)
        scores = torch.from_numpy(logits).double()[None]
        theirs = _processors(settings)(torch.tensor([ids]), scores)[0].softmax(-1).numpy()
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
        seen += int((ours == 0).any())
    assert seen > 500  # a cut was at work


@pytest.mark.parametrize("p", [0.02, 0.2, 0.7])
def test_min_p_agrees_with_transformers(p: float) -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        logits = torch.from_numpy(rng.normal(0, 2, 30))
        kept = torch.isfinite(MinPLogitsWarper(min_p=p)(None, logits[None])[0]).numpy()
        assert (oracle.filter_min_p(logits, p).must == kept).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"repetition_penalty": 1.3, "temperature": 0.8, "top_k": 20, "top_p": 0.9},
        {"repetition_penalty": 3.0, "temperature": 0.7, "top_k": None, "top_p": 0.5},
    ],
)
def test_generate_samples_from_the_oracles_distribution(
    settings: dict[str, Any],
) -> None:
    """`model.generate` itself, with the processors that it builds: no forbidden token."""
    model, prompt = model_of(), tokenizer_of()("The old king", return_tensors="pt").input_ids
    torch.manual_seed(5)
    out = model.generate(prompt, max_length=48, do_sample=True, pad_token_id=0, **settings)
    ids = out[0].tolist()
    logits = oracle.logits_of(model, ids)
    for t in range(prompt.shape[1], len(ids)):
        assert oracle.next_distribution(logits[t - 1], ids[:t], settings)[ids[t]] > 0


def test_greedy_and_beam_agree_with_transformers_generate() -> None:
    model, prompt = model_of(), tokenizer_of()("The old king", return_tensors="pt").input_ids
    theirs = model.generate(prompt, max_length=20, do_sample=False, pad_token_id=0)[0].tolist()
    assert oracle.greedy_decode(model, prompt, 20) == theirs
    # no eos comes on the way, so transformers' rules for ended beams have no say
    wide = model.generate(
        prompt, max_length=14, do_sample=False, num_beams=4, length_penalty=0.0, pad_token_id=0
    )[0].tolist()
    assert 0 not in wide
    assert oracle.beam_path(model, prompt[0].tolist(), 14, 4)[0] == wide


def test_a_log_probability_agrees_with_the_models_own_loss() -> None:
    model = model_of()
    ids = tokenizer_of()("Once upon a time there was a king", return_tensors="pt").input_ids
    with torch.inference_mode():
        loss = model(ids, labels=ids).loss.item()
    assert oracle.sequence_log_prob(model, ids, 1) == pytest.approx(
        -loss * (ids.shape[1] - 1), rel=1e-5
    )


def test_what_rounding_decides_may_fall_on_either_side() -> None:
    near = torch.tensor([1.0, 0.5, 0.49995, 0.0])
    assert oracle.filter_top_k(near, 2).must.tolist() == [True, True, False, False]
    assert oracle.filter_top_k(near, 2).may.tolist() == [True, True, True, False]
    probs = torch.tensor([0.5, 0.3, 0.2]).log()
    found = oracle.filter_top_p(probs, 0.80005)
    assert (found.must.tolist(), found.at_least) == ([True, False, False], 2)
    assert found.may.tolist() == [True, True, True]


# --- worked by hand -----------------------------------------------------------------------------


def test_the_penalty_lowers_logits_on_both_sides_of_zero() -> None:
    logits = torch.tensor([2.0, -1.0, 0.5])
    got = oracle.apply_repetition_penalty(logits, torch.tensor([[0, 1, 1]]), 2.0)
    assert got.tolist() == [1.0, -2.0, 0.5]


def test_top_p_keeps_the_token_that_crosses_p_and_any_of_a_tie() -> None:
    probs = torch.tensor([0.1, 0.4, 0.3, 0.2]).log()
    assert oracle.filter_top_p(probs, 0.5).may.tolist() == [False, True, True, False]
    assert oracle.filter_top_p(probs, 0.39).may.tolist() == [False, True, False, False]
    assert oracle.filter_top_p(probs, 1e-9).may.tolist() == [False, True, False, False]
    tie = oracle.filter_top_p(torch.zeros(4), 0.6)
    assert (tie.must.any(), tie.may.all(), tie.at_least) == (False, True, 3)


def test_top_k_keeps_ties_with_the_kth_and_zero_is_off() -> None:
    logits = torch.tensor([1.0, 3.0, 1.0, 0.0])
    assert oracle.filter_top_k(logits, 2).must.tolist() == [True, True, True, False]
    assert oracle.filter_top_k(logits, 0).must.all()
    assert oracle.filter_top_k(logits, 9).must.all()


def test_min_p_goes_with_the_most_likely_token() -> None:
    probs = torch.tensor([0.6, 0.31, 0.09]).log()
    assert oracle.filter_min_p(probs, 0.5).must.tolist() == [True, True, False]
    assert oracle.filter_min_p(probs, None).must.all()


def test_a_beam_that_ended_keeps_its_place_and_may_win() -> None:
    table = torch.tensor([[0.0, 0.0], [math.log(0.4), math.log(0.6)]])
    ids, gap = oracle.beam_path(TableModel(table, eos=0), [1], 4, 2)
    assert ids == [1, 0]  # probability 0.4 at once against 0.6 * 0.6 and 0.6 * 0.6 * 0.6
    assert gap > 0
    assert oracle.beam_path(TableModel(table, eos=0), [1], 2, 2)[0] == [1, 1]


def test_repetition_by_hand() -> None:
    assert oracle.repetition_rate([1, 2, 3, 1, 2, 4], 2) == pytest.approx(1 / 5)
    assert oracle.repetition_rate([1], 2) == 0.0


def test_a_space_at_the_end_is_a_token_of_its_own() -> None:
    tokenizer = tokenizer_of()
    assert oracle.ends_in_space_token(tokenizer, "It ") is True
    assert oracle.ends_in_space_token(tokenizer, "It") is False
    assert oracle.ends_in_space_token(tokenizer, "") is False


def test_either_set_is_right_where_float32_decides() -> None:
    """At p = 1 the sum in float32 reaches p before the last tokens, or never does."""
    smaller = 0
    for seed in range(50):
        logits = torch.randn(400, generator=torch.Generator().manual_seed(seed)) * 4
        probs, order = logits.softmax(-1).sort(descending=True)
        for total in (probs.cumsum(-1) - probs, probs.cumsum(-1).roll(1).index_fill(0, ZERO, 0.0)):
            cut = torch.zeros(400, dtype=torch.bool).scatter(0, order, total >= 1.0)
            smaller += bool(cut.any())
            reply = Array(logits.masked_fill(cut, -math.inf).numpy(), "float32")
            found = oracle.filter_top_p(logits, 1.0)
            assert compare.kept(oracle.floats(logits), found, reply) is None
    assert smaller > 10


def test_a_cut_that_rounding_does_not_explain_is_wrong_at_1() -> None:
    logits = torch.tensor([0.0, 1.85, -1.2, 0.83])  # probabilities 0.10, 0.64, 0.03, 0.23
    found = oracle.filter_top_p(logits, 1.0)
    dropped = torch.tensor([0.0, 1.85, -math.inf, 0.83])
    mismatch = compare.kept(oracle.floats(logits), found, Array(dropped.numpy(), "float32"))
    assert mismatch is not None
    assert mismatch.kind == "dropped"
    last_is_tiny = torch.tensor([0.0, 1.85, -20.0, 0.83])
    found = oracle.filter_top_p(last_is_tiny, 1.0)
    assert (found.at_least, found.may.sum()) == (3, 4)
