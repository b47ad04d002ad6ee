"""Generation from a seed: pinned texts, the same in any batch, with the right distribution."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from support.notebooks import ROOT
from support.seeded import PROMPT, SETTINGS

import kischule
from autograder.checking import distribution
from autograder.exercises import oracle
from kischule.generation import gumbel

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


def test_the_number_of_threads_changes_nothing(tmp_path: Any) -> None:
    program = (
        "import sys, torch, kischule; torch.set_num_threads(int(sys.argv[1]))\n"
        "tokenizer, model = kischule.load('mini', 'cpu')\n"
        f"ids = tokenizer({PROMPT!r}, return_tensors='pt').input_ids\n"
        "options = dict(seed=range(4), max_length=60, do_sample=True)\n"
        "print(kischule.generate(model, ids, **options).tolist())"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, threads],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
        for threads in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0]) > 200


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
        ({"max_length": 2}, "max_length includes the prompt's 3 tokens .* was: 2"),
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
    ],
)
def test_what_cannot_be_followed_is_refused(
    mini: tuple[Any, Any], wrong: dict[str, Any], rule: str
) -> None:
    given = {"input_ids": torch.tensor([[5, 6, 7]]), "seed": 0, **wrong}
    with pytest.raises(ValueError, match=rule):
        kischule.generate(mini[1], **given)


def test_a_setting_with_an_unknown_key_is_refused(mini: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"settings must be among .* was: \{'topp'\}"):
        kischule.generate_texts(*mini, PROMPT, [{"topp": 0.5}])
