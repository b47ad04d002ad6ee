"""Known wrong rules, followed on purpose: what an answer looks like that comes of one.

Each takes the student's arguments. An answer that agrees with one of them gets its hint (the
exercise's YAML names the rule and the words), so these functions never cost anybody a point.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from autograder import oracle
from autograder.oracle import Floats


def raw_logits(model: Any, input_ids: Tensor) -> Floats:
    return oracle.logits_of(model, input_ids[0].tolist())[-1]


def log_probs(model: Any, input_ids: Tensor) -> Floats:
    return np.log(oracle.next_token_probs(model, input_ids))


def softmax_twice(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.next_token_probs(model, input_ids))


def first_position(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.logits_of(model, input_ids[0].tolist())[0])


def raw_tokens(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: -pair[1])
    return [(tokenizer.convert_ids_to_tokens(i), p) for i, p in ranked[:k]]


def least_likely_first(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return oracle.top_tokens(tokenizer, probs, k)[k - 1 :: -1]


def least_likely(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: pair[1])
    return [(tokenizer.decode([i]), p) for i, p in ranked[:k]]


def penalty_ignored(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    settings["repetition_penalty"] = None
    return oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]


def prompt_cut_off(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    text = oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]
    return text.removeprefix(prompt_text)


def new_tokens_counted(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    prompt = oracle.encode_prompt(tokenizer, prompt_text)
    settings["max_length"] += len(prompt)
    return oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]
