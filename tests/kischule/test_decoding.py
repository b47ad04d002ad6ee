"""The parts of decoding, against transformers' own and examples worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

import kischule
from kischule import decoding
from kischule.decoding import Pipeline, Setting
from kischule.errors import ArgumentError, SettingError
from kischule.tokens import explain

DROPPED = -torch.inf


def _logits(*shape: int, seed: int = 1) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def _ids(*shape: int, size: int) -> Tensor:
    return torch.randint(0, size, shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("size", [5, 700, 4096])
def test_each_part_does_what_transformers_does(size: int) -> None:
    logits, ids = _logits(3, size), _ids(3, 9, size=size)
    for penalty in (0.5, 1.0, 1.3, 3.0):
        theirs = RepetitionPenaltyLogitsProcessor(penalty)(ids, logits)
        assert torch.equal(decoding.apply_repetition_penalty(logits, ids, penalty), theirs)
    for temperature in (0.1, 1.0, 2.5):
        theirs = TemperatureLogitsWarper(temperature)(ids, logits)
        assert torch.equal(decoding.apply_temperature(logits, temperature), theirs)
    for k in (1, 4, size, size + 1):
        assert torch.equal(decoding.filter_top_k(logits, k), TopKLogitsWarper(k)(ids, logits))
    for p in (1e-9, 0.3, 0.9, 0.999, 1 - 1e-9):
        assert torch.equal(decoding.filter_top_p(logits, p), TopPLogitsWarper(p)(ids, logits))


@pytest.mark.parametrize("shape", [(6,), (2, 6), (2, 3, 6)])
@pytest.mark.parametrize(
    "part",
    [
        lambda x: decoding.apply_repetition_penalty(x, torch.zeros_like(x[..., :1]).long(), 2.0),
        lambda x: decoding.apply_temperature(x, 0.5),
        lambda x: decoding.filter_top_k(x, 2),
        lambda x: decoding.filter_top_p(x, 0.6),
    ],
)
def test_leading_dimensions_are_a_batch_and_nothing_is_mutated(
    shape: tuple[int, ...], part: Callable[[Tensor], Tensor]
) -> None:
    logits = _logits(*shape)
    before = logits.clone()
    together = part(logits)
    assert torch.equal(logits, before)
    rows = zip(together.reshape(-1, 6), logits.reshape(-1, 6), strict=True)
    for row, alone in rows:
        assert torch.equal(row, part(alone))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("size", [7, 3000])
def test_top_p_on_a_sum_is_rounded_as_in_transformers(dtype: torch.dtype, size: int) -> None:
    generator = torch.Generator().manual_seed(3)
    for _ in range(200 if size < 10 else 10):
        weights = torch.randperm(4 * size, generator=generator)[:size].double() + 1
        count = int(torch.randint(1, min(size, 900), (1,), generator=generator))
        p = float(weights.sort(descending=True).values[:count].sum() / weights.sum())
        logits = (weights / weights.sum()).log().to(dtype)[None]
        ours, theirs = decoding.filter_top_p(logits, p), TopPLogitsWarper(p)(None, logits)
        assert (ours > DROPPED).sum() == (theirs > DROPPED).sum()
        # of tokens that half precision makes equal, ours keeps the first ones
        assert torch.equal(ours.sort().values, theirs.sort().values)


BAD_LOGITS: list[Any] = [
    torch.tensor([1.0, float("nan")]),
    torch.tensor([1.0, float("inf")]),
    torch.full((2,), DROPPED),
    torch.tensor([[1.0, 2.0], [DROPPED, DROPPED]]),
    torch.zeros(0),
    torch.tensor([1, 2]),
    torch.tensor(1.0),
    [1.0, 2.0],
    None,
]


@pytest.mark.parametrize("logits", BAD_LOGITS, ids=repr)
def test_logits_that_cannot_be_cut_are_refused(logits: Any) -> None:
    for cut in (
        lambda: decoding.filter_top_k(logits, 1),
        lambda: decoding.filter_top_p(logits, 0.5),
    ):
        with pytest.raises(ArgumentError, match="logits"):
            cut()


@pytest.mark.parametrize(
    "value", [-1, 0.0, "1", None, True, float("nan"), float("inf"), [1], 10**400]
)
def test_each_part_refuses_a_value_outside_its_range(value: Any) -> None:
    logits, ids = torch.tensor([1.0, 2.0]), torch.tensor([0])
    parts: dict[str, Callable[[], Tensor]] = {
        "repetition_penalty": lambda: decoding.apply_repetition_penalty(logits, ids, value),
        "temperature": lambda: decoding.apply_temperature(logits, value),
        "top_k": lambda: decoding.filter_top_k(logits, value),
        "top_p": lambda: decoding.filter_top_p(logits, value),
    }
    if value == 0.0:
        del parts["top_k"]  # off
    for name, part in parts.items():
        with pytest.raises(SettingError, match=f"{name} must .*, was: ") as caught:
            part()
        assert name in explain(caught.value)


@pytest.mark.parametrize(
    "ids", [[0], None, torch.tensor([0.0]), torch.tensor([2]), torch.tensor([-1])]
)
def test_a_penalty_needs_token_ids(ids: Any) -> None:
    with pytest.raises(ArgumentError, match="ids must be"):
        decoding.apply_repetition_penalty(torch.tensor([1.0, 2.0]), ids, 2.0)


def test_neutral_values_change_nothing() -> None:
    logits = _logits(2, 30)
    assert torch.equal(decoding.apply_repetition_penalty(logits, _ids(2, 4, size=30), 1.0), logits)
    assert torch.equal(decoding.apply_temperature(logits, 1.0), logits)
    assert torch.equal(decoding.filter_top_k(logits, 0), logits)
    assert torch.equal(decoding.filter_top_p(logits, 1.0), logits)


def test_the_penalty_divides_positive_and_multiplies_negative() -> None:
    logits = torch.tensor([2.0, -2.0, 2.0, -2.0])
    result = decoding.apply_repetition_penalty(logits, torch.tensor([0, 1, 1, 0]), 2.0)
    assert result.tolist() == [1.0, -4.0, 2.0, -2.0]


def test_ties_with_the_kth_stay() -> None:
    result = decoding.filter_top_k(torch.tensor([1.0, 3.0, 1.0, 0.0]), 2)
    assert result.tolist() == [1.0, 3.0, 1.0, DROPPED]


def test_top_p_keeps_the_token_that_reaches_p_and_first_ties() -> None:
    logits = torch.tensor([0.25, 0.25, 0.25, 0.25]).log()
    assert (decoding.filter_top_p(logits, 0.5) > DROPPED).tolist() == [True, True, False, False]
    logits = torch.tensor([0.1, 0.6, 0.3]).log()
    assert (decoding.filter_top_p(logits, 0.61) > DROPPED).tolist() == [False, True, True]
    assert (decoding.filter_top_p(logits, 1e-9) > DROPPED).tolist() == [False, True, False]


def test_a_flat_distribution_is_cut_beyond_the_head() -> None:
    logits = torch.zeros(4096, dtype=torch.float64)
    kept = decoding.filter_top_p(logits, 0.75) > DROPPED
    assert kept.sum() == 3072
    assert kept[:3072].all()


MIXED = [
    Setting(),
    Setting(repetition_penalty=1.7),
    Setting(do_sample=True),
    Setting(do_sample=True, temperature=0.5, top_k=3),
    Setting(do_sample=True, top_p=0.8),
    Setting(1.3, True, 1.5, 7, 0.9),
    Setting(1.3, False, 1.5, 7, 0.9),
]


def test_a_batch_of_settings_is_each_of_them_alone() -> None:
    logits, ids = _logits(len(MIXED), 700), _ids(len(MIXED), 9, size=700)
    before = logits.clone()
    together = Pipeline([setting.effective for setting in MIXED]).apply(logits, ids)
    assert torch.equal(logits, before)
    for row, setting, alone, seen in zip(together, MIXED, logits, ids, strict=True):
        assert torch.equal(row, decoding.stages(alone, seen, setting.effective)["top_p"])


def test_stages_come_in_transformers_order() -> None:
    """A penalty before the cut decides which token is cut."""
    logits, seen = torch.tensor([2.0, 1.5, 0.0]), torch.tensor([0])
    after = decoding.stages(logits, seen, Setting(4.0, True, 0.5, 1, None))
    assert tuple(after) == decoding.STAGES
    assert after["model"].tolist() == [2.0, 1.5, 0.0]
    assert after["repetition_penalty"].tolist() == [0.5, 1.5, 0.0]
    assert after["temperature"].tolist() == [1.0, 3.0, 0.0]
    assert after["top_k"].tolist() == after["top_p"].tolist() == [DROPPED, 3.0, DROPPED]


def test_further_steps_are_transformers_own_in_its_order() -> None:
    """Each row has its own; where one is on elsewhere, the others stay as they are."""
    logits, ids = _logits(3, 300), _ids(3, 40, size=300)
    ids[0, -1] = ids[0, 3]  # so that a pair would come again
    on = Setting(do_sample=True, temperature=0.8, no_repeat_ngram_size=2, min_p=0.01, typical_p=0.6)
    plain = Setting(do_sample=True, temperature=0.8)
    theirs = LogitsProcessorList(
        [
            NoRepeatNGramLogitsProcessor(2),
            TemperatureLogitsWarper(0.8),
            MinPLogitsWarper(0.01),
            TypicalLogitsWarper(0.6),
        ]
    )
    ours = Pipeline([on, plain, on]).apply(logits, ids)
    expected = theirs(ids, logits.clone())
    assert torch.equal(ours[[0, 2]], expected[[0, 2]])
    assert torch.equal(ours[1], Pipeline([plain]).apply(logits[1:2], ids[1:2])[0])
    assert tuple(decoding.stages(logits[0], ids[0], on)) == on.stages
    assert ours[0, ids[0, 4]] == DROPPED
    assert on.effective == on
    greedy = Setting(no_repeat_ngram_size=2, min_p=0.01).effective
    assert greedy == Setting(no_repeat_ngram_size=2)


def test_a_greedy_text_repeats_no_ngram() -> None:
    tokenizer, model = kischule.load("mini", "cpu")
    ids = tokenizer("There was once a", return_tensors="pt").input_ids
    ours = kischule.generate(model, ids, seed=0, max_length=40, no_repeat_ngram_size=2)
    theirs = model.generate(ids, max_length=40, do_sample=False, no_repeat_ngram_size=2)
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"min_p": 1.5}, r"min_p must lie in \[0, 1\], was: 1.5"),
        ({"typical_p": 0}, r"typical_p must lie in \(0, 1\], was: 0"),
        ({"no_repeat_ngram_size": 2.5}, "no_repeat_ngram_size must be a whole number of 0 or more"),
        ({"top_p": 1.5}, r"top_p must lie in \(0, 1\], was: 1.5"),
        ({"top_p": 0}, r"top_p must lie in \(0, 1\], was: 0"),
        ({"top_p": float("nan")}, r"top_p must lie in \(0, 1\], was: nan"),
        ({"top_k": -1}, "top_k must be a whole number of 0 or more, was: -1"),
        ({"top_k": 1.5}, "top_k must be a whole number of 0 or more, was: 1.5"),
        ({"temperature": 0.0}, "temperature must be a number above 0, was: 0.0"),
        ({"temperature": float("inf")}, "temperature must be a number above 0, was: inf"),
        ({"temperature": True}, "temperature must be a number above 0, was: True"),
        ({"repetition_penalty": "3"}, "repetition_penalty must be a number above 0, was: '3'"),
        ({"do_sample": 1}, "do_sample must be True or False, was: 1"),
    ],
)
def test_a_setting_outside_its_range_is_refused(wrong: dict[str, Any], rule: str) -> None:
    with pytest.raises(SettingError, match=rule) as caught:
        Setting(**wrong)
    assert [caught.value.name] == list(wrong)


def test_the_next_tokens_report_the_cut() -> None:
    tokenizer, model = kischule.load("mini", "cpu")
    ids = tokenizer("Once upon a", return_tensors="pt").input_ids
    found = decoding.next_tokens(model, ids, Setting(do_sample=True, top_k=3), num_tokens=6)
    assert tokenizer.decode(found.ids[:1]) == " time"
    assert len(found.ids) == 6
    assert found.kept.tolist() == [True] * 3 + [False] * 3
    assert found.num_kept == 3
    probs = found.probs
    assert tuple(probs) == decoding.STAGES
    assert probs["model"].tolist() == sorted(probs["model"].tolist(), reverse=True)
    assert torch.equal(probs["model"], probs["temperature"])
    assert found.mass_cut == pytest.approx(1 - probs["model"][:3].sum().item())
    assert probs["top_p"].sum().item() == pytest.approx(1)


def test_a_token_that_the_penalty_pushes_down_is_still_shown() -> None:
    tokenizer, model = kischule.load("mini", "cpu")
    ids = tokenizer("time time Once upon a", return_tensors="pt").input_ids
    found = decoding.next_tokens(model, ids, Setting(repetition_penalty=8.0), num_tokens=5)
    shown = [tokenizer.decode(i) for i in found.ids]
    assert " time" in shown
    place = shown.index(" time")
    assert found.probs["repetition_penalty"][place] < 0.1 * found.probs["model"][place]
