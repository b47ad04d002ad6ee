"""Measures of many texts, one pass of the model."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import Any

import pytest

import kischule
from kischule import measures, survey

PROMPTS = ["The old king", "Once upon a time", "A wolf met a"]
SAMPLED = {"do_sample": True, "top_p": 0.9}


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


def test_an_entry_sums_up_its_texts(mini: tuple[Any, Any]) -> None:
    tokenizer, model = mini
    greedy, sampled = survey(*mini, PROMPTS, [{}, SAMPLED], num_texts=3, new_tokens=9)
    assert (greedy["setting"], sampled["setting"]) == ({}, SAMPLED)
    assert [t.startswith(p) for t, p in zip(sampled["texts"], PROMPTS, strict=True)] == [True] * 3
    expected = []
    for i, prompt in enumerate(PROMPTS):
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        length = ids.shape[1]
        tokens = kischule.generate(model, ids, seed=i, max_length=length + 9, **SAMPLED)
        assert tokenizer.decode(tokens[0]) == sampled["texts"][i]
        expected.append(measures.sequence_log_prob(model, tokens, length) / 9)
    assert sampled["mean_log_prob"] == pytest.approx(fmean(expected), abs=1e-4)
    assert sampled["spread"]["mean_log_prob"] == pytest.approx(stdev(expected), abs=1e-4)


def test_the_prompt_is_not_measured(mini: tuple[Any, Any]) -> None:
    prompt = "the wolf and the wolf and the wolf and the wolf and"
    (entry,) = survey(*mini, prompt, [{"repetition_penalty": 3.0}], num_texts=2, new_tokens=9)
    assert entry["repetition_rate"] == 0.0
    assert entry["spread"] == {"repetition_rate": 0.0, "distinct_2": 0.0, "mean_log_prob": 0.0}
    assert entry["texts"] == [entry["text"]] * 2  # greedy: the seed has no effect


def test_max_length_is_no_matter(mini: tuple[Any, Any]) -> None:
    long, short = survey(
        *mini, "The", [{"max_length": 9}, {"max_length": 2}], num_texts=2, new_tokens=5
    )
    assert long["texts"] == short["texts"]


@pytest.mark.parametrize(
    ("prompts", "options", "rule"),
    [
        ("The", {"num_texts": 1}, "num_texts must be at least 2, was: 1"),  # it has no spread
        # a prompt that no text begins with would be left out in silence
        (["The", "The old", "The old king"], {"num_texts": 2}, "num_texts must be at least 3"),
        ("The", {"num_texts": "12"}, "num_texts must be a whole number"),
        ("The", {"new_tokens": 0}, "new_tokens must be at least 1, was: 0"),
        ([], {}, "Prompt"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    mini: tuple[Any, Any], prompts: Any, options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        survey(*mini, prompts, [{}], **options)
