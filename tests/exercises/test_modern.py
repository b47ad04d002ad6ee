"""The references of a7_2_plus against transformers' own classes, on random settings."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    GPT2Config,
    NoRepeatNGramLogitsProcessor,
    PrefixConstrainedLogitsProcessor,
    SequenceBiasLogitsProcessor,
    StopStringCriteria,
    TypicalLogitsWarper,
    WatermarkDetector,
    WatermarkingConfig,
)

import kischule
from autograder.exercises import modern, oracle
from autograder.sandbox.watched import WatchedModel
from kischule.training.tiny import RETURNED, tiny_gpt2

FEW = 300
MANY = pytest.param(10_000, marks=pytest.mark.slow)
Rng = np.random.Generator


def _logits(rng: Rng) -> torch.Tensor:
    size = int(rng.integers(2, 30))
    return torch.tensor(rng.normal(0, rng.uniform(0.3, 3), size), dtype=torch.float64)


def _typical(rng: Rng) -> None:
    logits, p = _logits(rng), float(rng.uniform(0.05, 0.98))
    kept = TypicalLogitsWarper(mass=p)(None, logits[None])[0].isfinite().numpy()
    found = modern.filter_typical(logits, p)
    assert not (found.must & ~kept).any(), (logits, p)
    assert not (kept & ~found.may).any(), (logits, p)
    assert kept.sum() >= found.at_least


def _ids(rng: Rng, size: int, longest: int) -> torch.Tensor:
    return torch.tensor(rng.integers(size, size=(1, int(rng.integers(2, longest)))))


def _ngrams(rng: Rng) -> None:
    logits = _logits(rng)
    n, ids = int(rng.integers(1, 6)), _ids(rng, len(logits), 40)
    kept = NoRepeatNGramLogitsProcessor(n)(ids, logits[None])[0].isfinite().numpy()
    assert (modern.block_ngrams(logits, ids, n).must == kept).all(), (ids, n)


def _biases(rng: Rng) -> None:
    """transformers skips a sequence whose beginning is the whole text; none of these is so long."""
    logits = _logits(rng)[:5]
    ids, biases = _ids(rng, len(logits), 12), dict[tuple[int, ...], float]()
    for _ in range(int(rng.integers(1, 6))):
        length = int(rng.integers(1, ids.shape[1] + 1))
        start = int(rng.integers(ids.shape[1] - length + 1)) if rng.random() < 0.8 else 0
        before = ids[0, max(ids.shape[1] - length + 1, start) :].tolist()[: length - 1]
        biases[(*before, int(rng.integers(len(logits))))] = float(rng.normal())
    theirs = SequenceBiasLogitsProcessor([[list(t), b] for t, b in biases.items()])
    pairs = [[list(tokens), bias] for tokens, bias in biases.items()]
    expected = theirs(ids, logits.float()[None])[0].numpy()
    assert np.allclose(modern.apply_sequence_bias(logits, ids, pairs), expected, atol=1e-5), biases


def _automata(rng: Rng) -> None:
    """The tokens that an automaton permits here come from all paths to its end, tried in turn."""
    logits = _logits(rng)
    size, steps = len(logits), int(rng.integers(1, 5))
    edges = {(int(a), int(t)): int(b) for a, t, b in rng.integers([4, size, 4], size=(12, 3))}
    listed = [[a, t, b] for (a, t), b in edges.items()]
    allowed = set()
    for path in itertools.product(range(4), repeat=steps):
        for first, token, state in listed:
            ends = [state, *path[:-1]]
            steps_exist = [any(a == x and b == y for a, _, b in listed) for x, y in pairwise(ends)]
            way = list(itertools.takewhile(bool, steps_exist))
            if first == 0 and 3 in ends[: len(way) + 1]:
                allowed.add(token)
    if not allowed:
        return
    processor = PrefixConstrainedLogitsProcessor(lambda *_: sorted(allowed), num_beams=1)
    expected = processor(torch.tensor([[0]]), logits[None])[0].softmax(-1).numpy()
    assert np.allclose(modern.constrained_probs(logits, listed, [3], 0, steps), expected), listed


def _watermarks(rng: Rng) -> None:
    size, ratio = int(rng.integers(8, 60)), float(rng.choice([0.25, 0.3, 0.5]))
    key, ids = int(rng.integers(1, 10**8)), _ids(rng, size, 30)
    config = WatermarkingConfig(greenlist_ratio=ratio, hashing_key=key)
    detector = WatermarkDetector(GPT2Config(vocab_size=size, bos_token_id=-1), "cpu", config)
    expected = float(detector(ids, return_dict=True).z_score[0])
    found = modern.watermark_score(ids[0].tolist(), size, ratio, key)
    assert found == pytest.approx(expected, abs=1e-9), (ids, size, ratio, key)


def _caches(rng: Rng) -> None:
    """transformers, too, gives the prompt to the first call and one token to each other one."""
    model = WatchedModel.of(tiny_gpt2(int(rng.integers(10**6)), training=False))
    ids, limit = torch.tensor(rng.integers(1, 12, (1, int(rng.integers(1, 8))))), 12
    expected = model.generate(ids, max_length=limit, do_sample=False)
    noted = model.noted()
    found = modern.generate_cached(model, ids, limit)
    assert found[RETURNED].tolist() == expected.tolist(), ids
    assert found["model"] == noted


def _stops(rng: Rng) -> None:
    """The token at which transformers' criterion is met first, and the text before the string."""
    tokenizer, _ = kischule.load("mini")
    ids = rng.choice(tokenizer.convert_tokens_to_ids([*"abc,.", "Ġa", "Ġ"]), 10)
    pieces = [tokenizer.decode([token]) for token in ids.tolist()]
    stops = ["".join(rng.choice([*"abc,. "], int(rng.integers(2, 4)))) for _ in range(2)]
    criteria = StopStringCriteria(tokenizer, stops)
    met = [bool(criteria(torch.tensor(ids[None, :n]), None)[0]) for n in range(1, len(ids) + 1)]
    text, count = modern.stop_text(pieces, stops)
    assert count == (met.index(True) + 1 if any(met) else len(ids)), (pieces, stops)
    whole = "".join(pieces[:count])
    places = [whole.find(stop) for stop in stops if stop in whole]
    assert text == whole[: min(places, default=len(whole))]


def _votes(rng: Rng) -> None:
    """Settled: no continuation changes the winner, and some ties where one sample less was used."""
    answers = [[None, "a", "b", "c"][i] for i in rng.integers(4, size=int(rng.integers(1, 8)))]
    winner, used = modern.majority_answer(answers)
    counts = [Counter({"a": 0, "b": 0, "c": 0})]
    for answer in answers:
        counts.append(counts[-1] + Counter([answer] if answer else []))

    def settled(n: int) -> bool:
        best, second, *_ = [*sorted(counts[n].values(), reverse=True), 0, 0]
        return all(
            best + extra > second + (len(answers) - n - extra)
            for extra in range(len(answers) - n + 1)
        )

    first = next((n for n in range(1, len(answers)) if settled(n)), len(answers))
    assert used == first, answers
    top = max(counts[used].values(), default=0)
    assert winner == next((a for a in answers[:used] if a and counts[used][a] == top), None)


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("compare", [_typical, _ngrams, _biases, _automata, _votes])
def test_a_reference_agrees_with_transformers(compare: Callable[[Rng], None], count: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(count):
        compare(rng)


def _texts(model: Any, ids: list[int], limit: int) -> dict[tuple[int, ...], float]:
    """All texts to their end, with the sums of their logarithms."""
    found, open_texts = dict[tuple[int, ...], float](), {tuple(ids): 0.0}
    while open_texts:
        text, total = open_texts.popitem()
        for token, log in enumerate(oracle.next_logs(model, text)):
            longer = (*text, token)
            ends = token == model.config.eos_token_id or len(longer) == limit
            (found if ends else open_texts)[longer] = total + float(log)
    return found


def _searches(rng: Rng) -> None:
    """With beams for all texts it is the best of them, for transformers as well."""
    model = tiny_gpt2(int(rng.integers(10**6)), vocabulary=4, training=False)
    ids, penalty = (
        rng.integers(4, size=int(rng.integers(1, 4))).tolist(),
        rng.choice([0.0, 0.7, 1.4]),
    )
    limit = len(ids) + 4
    found, gap = modern.searched(model, ids, limit, 128, penalty)
    if gap < 1e-4:
        return
    scores = {t: s / (len(t) - len(ids)) ** penalty for t, s in _texts(model, ids, limit).items()}
    assert found == max(scores, key=lambda text: scores[text]), (ids, penalty)
    settings = {"num_beams": 128, "length_penalty": float(penalty), "early_stopping": "never"}
    theirs = model.generate(torch.tensor([ids]), max_length=limit, do_sample=False, **settings)
    assert found == tuple(theirs[0].tolist()), (ids, penalty)


# transformers makes a table of a million each time; or generates a text
@pytest.mark.parametrize("count", [20, MANY])
@pytest.mark.parametrize("compare", [_watermarks, _caches, _stops, _searches])
def test_a_reference_agrees_with_slow_transformers(
    compare: Callable[[Rng], None], count: int
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(count):
        compare(rng)
