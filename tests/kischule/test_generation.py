"""Generation from a seed: pinned texts, the same in any batch, with the right distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from support.seeded import PROMPT, SETTINGS
from transformers import BatchEncoding, GenerationConfig, TopPLogitsWarper

import kischule
from autograder.checking import distribution
from autograder.exercises import oracle
from kischule.decoding import Setting
from kischule.errors import ArgumentError, PromptError, UserError
from kischule.generation import SeededSampling, gumbel

# the text of each of SETTINGS with seed 7 and max_length 20, on any machine
GOLDEN = [
    "The old king was very much pleased with the idea of the old woman who had been a long time",
    "The old king was very much pleased with the idea of his son-in-law, and he",
    "The old king with the long grey reptments which had refused to be known to anyone.\n",
    "The old king was very angry, and said, 'You have done well enough to treat you",
    "The old king and the whole troops were greatly pleased with such care as these who had just "
    "finished",
    "The old king with every effort I do so to go.'\nDirectly she got the pearls",
]


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


@pytest.fixture(scope="module")
def ids(mini: tuple[Any, Any]) -> torch.Tensor:
    return mini[0](PROMPT, return_tensors="pt").input_ids


def test_a_seed_gives_these_texts(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    texts = [
        mini[0].decode(kischule.generate(mini[1], ids, seed=7, max_length=20, **s)[0])
        for s in SETTINGS
    ]
    assert texts == GOLDEN


def test_a_row_of_a_batch_is_the_text_alone(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    """Other settings, seeds and lengths in the same batch change nothing."""
    settings = [s | {"max_length": 30 + i} for i, s in enumerate(SETTINGS)] * 2
    seeds = list(range(len(settings)))
    together = kischule.generate_texts(*mini, PROMPT, settings, seed=seeds)
    alone = [
        mini[0].decode(kischule.generate(mini[1], ids, seed=seed, **s)[0])
        for s, seed in zip(settings, seeds, strict=True)
    ]
    assert together == alone
    assert len(set(together)) == len(SETTINGS) * 2 - 2  # greedy does not depend on the seed


def test_the_number_of_threads_changes_nothing(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    before, said = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            said.append(
                kischule.generate(mini[1], ids, seed=range(4), max_length=60, do_sample=True)
            )
    finally:
        torch.set_num_threads(before)
    assert said[0].shape[1] > 40
    assert said[0].tolist() == said[1].tolist()


def test_greedy_and_the_penalty_are_those_of_transformers(
    mini: tuple[Any, Any], ids: torch.Tensor
) -> None:
    for penalty in (None, 1.5):
        theirs = mini[1].generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_length=50,
            do_sample=False,
            repetition_penalty=penalty,
        )
        ours = kischule.generate(mini[1], ids, seed=0, max_length=50, repetition_penalty=penalty)
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("setting", SETTINGS[2:])
def test_tokens_are_sampled_from_the_oracles_distribution(
    mini: tuple[Any, Any], ids: torch.Tensor, setting: dict[str, Any]
) -> None:
    """About 1,500 tokens of 60 seeds, allowed and distributed as the oracle says.

    The seeds are fixed, so this cannot fail by chance; another choice of seeds would with
    probability 1e-3.
    """
    tokens = kischule.generate(mini[1], ids, seed=range(60), max_length=28, **setting)
    rng = np.random.default_rng(1)
    values = []
    for row in tokens.tolist():
        logits = oracle.logits_of(mini[1], row)
        for i in range(ids.shape[1], len(row)):
            probs = oracle.next_distribution(logits[i - 1], row[:i], setting)
            assert probs[row[i]] > 0
            values.append(distribution.transform(probs, row[i], rng.random()))
            if row[i] == mini[1].config.eos_token_id:
                break
    assert len(values) > 1_300
    assert distribution.p_value(values) > 1e-3


def test_the_noise_is_gumbels_and_differs_by_seed_and_position() -> None:
    """Fixed seeds: it cannot fail by chance."""
    noise = gumbel(3, 5, 20_000)
    assert np.array_equal(noise, gumbel(3, 5, 20_000))
    assert np.array_equal(noise[:100], gumbel(3, 5, 100))
    assert np.isfinite(noise).all()
    assert distribution.p_value(np.exp(-np.exp(-noise))[:5_000].tolist()) > 1e-3
    for other in (gumbel(4, 5, 20_000), gumbel(3, 6, 20_000), gumbel(2**64 - 1, 5, 20_000)):
        assert abs(np.corrcoef(noise, other)[0, 1]) < 0.03


def philox(key: tuple[int, int], counter: list[int]) -> list[int]:
    """Philox4x64-10 after Salmon et al. 2011, figure 4 and table 2: four numbers of 64 bits."""
    low = 2**64 - 1
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        left, right = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = (right >> 64) ^ b ^ k, right & low, (left >> 64) ^ d ^ m, left & low
        k, m = (k + 0x9E3779B97F4A7C15) & low, (m + 0xBB67AE8584CAA73B) & low
    return [a, b, c, d]


def test_the_noise_is_philox_and_these_numbers_on_any_machine() -> None:
    """The first answer is the one published with Random123; numpy counts up before it draws."""
    assert philox((0, 0), [0, 0, 0, 0])[:2] == [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC]
    bits = philox((2026, 0), [1, 41, 0, 0]) + philox((2026, 0), [2, 41, 0, 0])
    expected = [-math.log(-math.log(((b >> 12) + 0.5) * 2.0**-52)) for b in bits]
    assert gumbel(2026, 41, 8).tolist() == pytest.approx(expected, abs=1e-12)


def test_the_global_random_state_is_neither_used_nor_changed(
    mini: tuple[Any, Any], ids: torch.Tensor
) -> None:
    sampled = []
    for state in (5, 6):
        torch.manual_seed(state)
        before = torch.random.get_rng_state()
        sampled.append(kischule.generate(mini[1], ids, seed=1, max_length=30, do_sample=True))
        assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(*sampled)


def test_equal_rows_differ_only_if_their_seeds_do(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    options: dict[str, Any] = {"max_length": 20, "do_sample": True}
    same = kischule.generate(mini[1], ids.expand(2, -1), seed=1, **options)
    assert torch.equal(same[0], same[1])
    other = kischule.generate(mini[1], ids, seed=[1, 2], **options)
    assert torch.equal(other[0], same[0])
    assert not torch.equal(other[0], other[1])


def test_top_k_none_means_off_and_not_transformers_50(
    mini: tuple[Any, Any], ids: torch.Tensor
) -> None:
    options: dict[str, Any] = {"max_length": 200, "do_sample": True, "temperature": 1.5}
    sampled = kischule.generate(mini[1], ids, seed=1, **options)
    logits = mini[1](sampled).logits[0, ids.shape[1] - 1 : -1]
    new = sampled[0, ids.shape[1] :]
    ranks = (logits > logits.gather(1, new[:, None])).sum(1)
    assert ranks.max() >= 50


def test_max_length_of_the_prompt_gives_the_prompt(mini: tuple[Any, Any]) -> None:
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(kischule.generate(mini[1], ids, seed=0, max_length=3), ids)
    assert kischule.generate(mini[1], ids, seed=[0, 1], max_length=3).tolist() == [[5, 6, 7]] * 2


def test_a_text_ends_with_its_end_token(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    """A row that ended is filled up with end tokens, which `generate_texts` removes."""
    eos = mini[1].config.eos_token_id
    options: dict[str, Any] = {"do_sample": True, "temperature": 3.0, "max_length": 150}
    tokens = kischule.generate(mini[1], ids, seed=range(12), **options)
    texts = kischule.generate_texts(*mini, PROMPT, [options] * 12, seed=range(12))
    ended = [i for i, row in enumerate(tokens.tolist()) if eos in row]
    assert ended
    for i, (row, text) in enumerate(zip(tokens.tolist(), texts, strict=True)):
        assert text.count("<|endoftext|>") == (i in ended)
        if i in ended:
            assert set(row[row.index(eos) :]) == {eos}
            assert text.endswith("<|endoftext|>")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"top_p": 1.5}, r"top_p must lie in \(0, 1\], was: 1.5"),
        ({"top_k": [1, -1]}, "top_k must be a whole number of 0 or more, was: -1"),
        ({"max_length": 2}, "max_length includes the prompt .* its length 3, was: 2"),
        ({"max_length": 257}, "max_length must fit the model's window of 256, was: 257"),
        ({"seed": -1}, r"seed must be a whole number from 0 to 2\*\*64 - 1, was: -1"),
        ({"seed": 1.5}, "seed must be a whole number .* was: 1.5"),
        (
            {"seed": [1, 2, 3], "top_p": [0.5, 0.6]},
            r"top_p must be one value, or one per row \(3\), was: 2",
        ),
        ({"input_ids": torch.tensor([5, 6])}, r"shape \(B, T\), was: \(2,\)"),
        ({"input_ids": torch.ones(1, 0).long()}, "at least one token, was: 0"),
        ({"input_ids": torch.ones(2, 3).long(), "seed": [1, 2, 3]}, r"input_ids must be .* was: 2"),
        ({"input_ids": [[5, 6]]}, r"input_ids must be a tensor of whole .* was: \[\[5, 6\]\]"),
        ({"input_ids": np.array([[5, 6]])}, r"a tensor of whole .* was: array\(\[\[5, 6\]\]\)"),
        ({"input_ids": None}, "input_ids must be a tensor of whole .* was: None"),
        ({"input_ids": "Once"}, "input_ids must be a tensor of whole .* was: 'Once'"),
        (
            {"input_ids": BatchEncoding({"input_ids": [[5]]})},
            r"a tensor .* was: {'input_ids': \[\[",
        ),
        ({"input_ids": torch.ones(1, 3)}, "a tensor of whole .* was: torch.float32"),
        ({"input_ids": torch.ones(1, 3).bool()}, "a tensor of whole .* was: torch.bool"),
        ({"input_ids": torch.ones(0, 3).long()}, r"must hold a prompt or more, was: \(0, 3\)"),
        ({"input_ids": torch.tensor([[5, 4096]])}, "ids must be from 0 to 4095, .* was: 4096"),
        ({"input_ids": torch.tensor([[5, -1]])}, "ids must be from 0 to 4095, .* was: -1"),
        ({"max_length": None}, "max_length must be a whole number, was: None"),
        ({"max_length": "20"}, "max_length must be a whole number, was: '20'"),
        ({"max_length": 20.0}, r"max_length must be a whole number, was: 20\.0"),
        ({"max_length": True}, "max_length must be a whole number, was: True"),
        ({"top_k": 10**30}, r"top_k must be at most 2\*\*31 - 1 .*, was: 10{30}$"),
        ({"top_k": 10**5000}, "top_k must be at most .* was: a value of type int"),
        ({"top_p": "0.5"}, r"top_p must lie in \(0, 1\], was: '0\.5'"),
        ({"top_p": []}, r"top_p must be one value, or one per row \(1\), was: 0"),
        ({"temperature": 1e-300}, "temperature must lie from 1e-30 to 1e\\+30, was: 1e-300"),
        ({"repetition_penalty": 1e300}, "repetition_penalty must lie from .* was: 1e\\+300"),
        ({"do_sample": None}, "do_sample must be True or False, was: None"),
        ({"seed": True}, "seed must be a whole number .* was: True"),
        ({"seed": "7"}, "seed must be a whole number .* was: '7'"),
        ({"seed": 2**64}, "seed must be a whole number .* was: 18446744073709551616"),
        ({"seed": []}, r"seed must be one value, or one per row \(1\), was: 0"),
        ({"seed": [1, 2, 3], "top_p": [0.5, 0.6]}, "seed gives 3 rows: top_p .* was: 2"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    mini: tuple[Any, Any], wrong: dict[str, Any], rule: str
) -> None:
    given = {"input_ids": torch.tensor([[5, 6, 7]]), "seed": 0, **wrong}
    with pytest.raises(UserError, match=rule) as caught:
        kischule.generate(mini[1], **given)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("settings", "seed", "rule"),
    [
        ([{"topp": 0.5}], 0, r"settings must be among .* was: \{'topp'\}"),
        ([], 0, r"settings must be a list of at least one setting, .* was: \[\]"),
        ({"top_p": 0.5}, 0, r"settings must be a list .* was: \{'top_p': 0\.5\}"),
        ("top_p", 0, "settings must be a list .* was: 'top_p'"),
        (None, 0, "settings must be a list .* was: None"),
        ([None], 0, r"settings must be a list .* was: \[None\]"),
        ([{"max_length": None}], 0, "max_length must be a whole number, was: None"),
        ([{"max_length": 20}, {"max_length": 2}], 0, "max_length includes the prompt .* was: 2"),
        ([{"top_p": 0.5}, {}], [1, 2, 3], r"seed must be one value, or one per row \(2\), was: 3"),
    ],
)
def test_settings_that_cannot_be_followed_are_refused(
    mini: tuple[Any, Any], settings: Any, seed: Any, rule: str
) -> None:
    with pytest.raises(UserError, match=rule):
        kischule.generate_texts(*mini, PROMPT, settings, seed=seed)


@pytest.mark.parametrize("prompt", ["", None, 5, ["a", "b"], b"a", "\ud800"])
def test_a_prompt_that_is_no_text_is_refused(mini: tuple[Any, Any], prompt: Any) -> None:
    with pytest.raises(PromptError, match="Der Prompt "):
        kischule.generate_texts(*mini, prompt, [{}])


def test_tokenizer_and_model_in_each_others_place_are_named(mini: tuple[Any, Any]) -> None:
    with pytest.raises(ArgumentError, match=r"tokenizer must be .* was: 'GPT2LMHeadModel'"):
        kischule.generate_texts(*mini[::-1], PROMPT, [{}])
    with pytest.raises(ArgumentError, match="model must be the language model"):
        kischule.generate(mini[0], torch.tensor([[5]]), seed=1)
    with pytest.raises(ArgumentError, match=r"model must be .* was: 'NoneType'"):
        kischule.generate(None, torch.tensor([[5]]), seed=1)  # type: ignore[arg-type]


def test_numbers_of_numpy_and_torch_are_numbers(mini: tuple[Any, Any], ids: torch.Tensor) -> None:
    plain = {"seed": [7, 8], "top_p": [0.5, 0.75], "do_sample": True, "max_length": 12}
    theirs = {
        "seed": np.array([7, 8]),
        "top_p": torch.tensor([0.5, 0.75]),
        "do_sample": np.True_,
        "max_length": np.int32(12),
    }
    expected = kischule.generate(mini[1], ids, **plain)  # type: ignore[arg-type]
    assert torch.equal(kischule.generate(mini[1], ids.int(), **theirs), expected)  # type: ignore[arg-type]
    assert torch.equal(
        kischule.generate(mini[1], ids, seed=np.int64(7), max_length=12),
        *[kischule.generate(mini[1], ids, seed=7, max_length=12)],
    )


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
@pytest.mark.parametrize("setting", [{}, {"top_p": 0.5}, {"top_k": 2}, {"do_sample": False}])
def test_logits_that_are_no_numbers_are_refused(wrong: float, setting: dict[str, Any]) -> None:
    sampling = SeededSampling([Setting(**{"do_sample": True, **setting})], [1])
    scores = torch.tensor([[1.0, wrong, 2.0]])
    with pytest.raises(ArgumentError, match=f"the logits of each row .* was: {wrong}"):
        sampling(torch.tensor([[0]]), scores)
    with pytest.raises(ArgumentError, match="was: -inf"):
        sampling(torch.tensor([[0]]), torch.full((1, 3), -math.inf))


# field -> a value that changes what transformers' own `generate` gives, or its type
ACTIVE: dict[str, Any] = {
    "bad_words_ids": [[i] for i in range(5, 4000)],
    "begin_suppress_tokens": list(range(5, 4000)),
    "do_sample": True,
    "encoder_repetition_penalty": 3.0,
    "exponential_decay_length_penalty": (1, 3.0),
    "forced_bos_token_id": 9,
    "forced_eos_token_id": 9,
    "guidance_scale": 1.5,
    "max_length": 7,
    "max_new_tokens": 2,
    "max_time": 0.0,
    "min_length": 12,
    "min_new_tokens": 12,
    "no_repeat_ngram_size": 1,
    "num_beams": 3,
    "num_return_sequences": 2,
    "penalty_alpha": 0.6,
    "prompt_lookup_num_tokens": 3,
    "repetition_penalty": 3.0,
    "return_dict_in_generate": True,
    "sequence_bias": [[[300], 90.0]],
    "stop_strings": ["a"],
    "suppress_tokens": list(range(5, 4000)),
    "temperature": 0.1,
    "top_k": 1,
    "top_p": 0.01,
    "use_cache": False,
}
FIELDS = sorted(vars(GenerationConfig()).keys() - {"eos_token_id"})  # a text ends where it did


@pytest.mark.parametrize("field", [*FIELDS, "of_its_own"])
def test_a_models_own_generation_config_has_no_effect(
    mini: tuple[Any, Any], ids: torch.Tensor, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    options: dict[str, Any] = {"seed": [1, 1], "do_sample": [True, False], "max_length": 12}
    expected = kischule.generate(mini[1], ids, **options)
    config = GenerationConfig(eos_token_id=mini[1].generation_config.eos_token_id)
    setattr(config, field, ACTIVE.get(field, 2))
    monkeypatch.setattr(mini[1], "generation_config", config)
    assert torch.equal(kischule.generate(mini[1], ids, **options), expected)
    assert mini[1].generation_config is config


@pytest.mark.parametrize(("field", "value"), [("max_length", 5), ("top_k", 1), ("num_beams", 2)])
def test_a_models_configuration_has_no_effect_either(
    mini: tuple[Any, Any],
    ids: torch.Tensor,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    value: int,
) -> None:
    options: dict[str, Any] = {"seed": 1, "do_sample": True, "max_length": 12}
    expected = kischule.generate(mini[1], ids, **options)
    monkeypatch.setattr(mini[1].config, field, value, raising=False)
    assert torch.equal(kischule.generate(mini[1], ids, **options), expected)


def test_cuts_on_a_sum_are_those_of_transformers() -> None:
    """Probabilities in whole 1/n, p exactly a sum of them: rounding decides, on the same side."""
    rng = np.random.default_rng(1)
    for _ in range(400):
        weights = rng.choice(1000, int(rng.integers(3, 20)), replace=False) + 1
        p = float(np.sort(weights)[::-1][: rng.integers(1, len(weights))].sum() / weights.sum())
        scores = torch.tensor(np.log(weights / weights.sum()), dtype=torch.float32)[None]
        pipeline = SeededSampling([Setting(do_sample=True, top_p=p)], [1]).pipeline
        ours = pipeline.apply(scores, torch.tensor([[0]]))
        assert torch.equal(ours, TopPLogitsWarper(p)(None, scores))
