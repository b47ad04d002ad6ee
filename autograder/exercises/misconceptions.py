"""Known wrong rules, followed on purpose, to recognise a reply that comes from one.

Each takes the student's arguments. A reply that agrees with one of them gets its hint (the
exercise's YAML has the rule and the text), so these functions never cost a point. Those of the
larger exercises stand in modules of their own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from autograder.exercises import oracle
from autograder.exercises.beams import *  # noqa: F403 (its rules belong to these)
from autograder.exercises.choosing_mistakes import *  # noqa: F403
from autograder.exercises.compare_rules import *  # noqa: F403
from autograder.exercises.cuts import *  # noqa: F403
from autograder.exercises.faster_mistakes import *  # noqa: F403
from autograder.exercises.laws import *  # noqa: F403
from autograder.exercises.measures import *  # noqa: F403
from autograder.exercises.modern_mistakes import *  # noqa: F403
from autograder.exercises.oracle import Floats
from autograder.exercises.step_rules import *  # noqa: F403
from autograder.exercises.training_rules import *  # noqa: F403


def raw_logits(model: Any, input_ids: Tensor) -> Floats:
    return oracle.logits_of(model, input_ids[0].tolist())[-1]


def log_probs(model: Any, input_ids: Tensor) -> Floats:
    return oracle.log_softmax(raw_logits(model, input_ids))


def softmax_twice(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.next_token_probs(model, input_ids))


def first_position(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.logits_of(model, input_ids[0].tolist())[0])


def earlier_position(model: Any, input_ids: Tensor) -> Floats:
    return oracle.softmax(oracle.logits_of(model, input_ids[0].tolist())[-2:][0])


def over_positions(model: Any, input_ids: Tensor) -> Floats:
    logits = oracle.logits_of(model, input_ids[0].tolist())
    return np.apply_along_axis(oracle.softmax, 0, logits)[-1]


def of_the_last_token(model: Any, input_ids: Tensor) -> Floats:
    return oracle.next_token_probs(model, input_ids[:, -1:])


def raw_tokens(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: -pair[1])
    return [(tokenizer.convert_ids_to_tokens(i), p) for i, p in ranked if p >= ranked[k - 1][1]]


def stripped_texts(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return [(text.strip(), p) for text, p in oracle.top_tokens(tokenizer, probs, k)]


def least_likely_first(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    values, indices = probs.topk(k)  # of tokens alike the one that torch takes
    texts = [tokenizer.decode([i]) for i in indices.tolist()]
    return list(zip(texts, values.tolist(), strict=True))[::-1]


def least_likely(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    ranked = sorted(enumerate(probs.tolist()), key=lambda pair: pair[1])
    return [(tokenizer.decode([i]), p) for i, p in ranked[:k]]


def renormalised(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    pairs = oracle.top_tokens(tokenizer, probs, k)
    total = sum(p for _, p in pairs[:k])
    return [(text, p / total) for text, p in pairs]


def softmax_of_probs(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return oracle.top_tokens(tokenizer, probs.double().softmax(-1), k)


def in_percent(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return [(text, 100 * p) for text, p in oracle.top_tokens(tokenizer, probs, k)]


def first_repeated(tokenizer: Any, probs: Tensor, k: int) -> list[tuple[str, float]]:
    return oracle.top_tokens(tokenizer, probs, k)[:1] * k


# --- prompts ------------------------------------------------------------------------------------


def prompt_stripped(tokenizer: Any, prompt_text: str) -> tuple[int, ...]:
    return tuple(oracle.encode_prompt(tokenizer, prompt_text.strip()))


def prompt_in_lower_case(tokenizer: Any, prompt_text: str) -> tuple[int, ...]:
    return tuple(oracle.encode_prompt(tokenizer, prompt_text.lower()))


def prompt_reversed(tokenizer: Any, prompt_text: str) -> tuple[int, ...]:
    return tuple(oracle.encode_prompt(tokenizer, prompt_text)[::-1])


def attention_mask(tokenizer: Any, prompt_text: str) -> tuple[int, ...]:
    return (1,) * len(oracle.encode_prompt(tokenizer, prompt_text))


def _last(tokenizer: Any, prompt_text: str) -> str:
    return str(tokenizer.decode(oracle.encode_prompt(tokenizer, prompt_text)[-1:]))


def space_always(tokenizer: Any, prompt_text: str) -> bool:
    return True


def space_never(tokenizer: Any, prompt_text: str) -> bool:
    return False


def space_of_the_first_token(tokenizer: Any, prompt_text: str) -> bool:
    return bool(tokenizer.decode(oracle.encode_prompt(tokenizer, prompt_text)[:1]).isspace())


def space_anywhere(tokenizer: Any, prompt_text: str) -> bool:
    ids = oracle.encode_prompt(tokenizer, prompt_text)
    return any(tokenizer.decode([i]).isspace() for i in ids)


def space_before_a_word(tokenizer: Any, prompt_text: str) -> bool:
    return _last(tokenizer, prompt_text)[:1].isspace()


def space_or_no_letters(tokenizer: Any, prompt_text: str) -> bool:
    return not _last(tokenizer, prompt_text).isalpha()


def space_alone(tokenizer: Any, prompt_text: str) -> bool:
    return _last(tokenizer, prompt_text) == " "


def space_or_line_break(tokenizer: Any, prompt_text: str) -> bool:
    return _last(tokenizer, prompt_text) in (" ", "\n")


# --- texts --------------------------------------------------------------------------------------


def _greedy(choose: Callable[[Any, list[int]], int]) -> Callable[..., tuple[int, ...]]:
    """Greedy decoding with another token in each step. choose: from the model and all ids."""

    def rule(model: Any, input_ids: Tensor, max_length: int) -> tuple[int, ...]:
        ids = input_ids[0].tolist()
        while len(ids) < max_length:
            ids.append(choose(model, ids))
            if ids[-1] == model.config.eos_token_id:
                break
        return tuple(ids)

    return rule


def _ranked(model: Any, ids: list[int], position: int = -1) -> list[int]:
    order = np.argsort(-oracle.logits_of(model, ids)[position], kind="stable")
    return [int(token) for token in order]


greedy_second_best = _greedy(lambda model, ids: _ranked(model, ids)[1])
greedy_least_likely = _greedy(lambda model, ids: _ranked(model, ids)[-1])
greedy_of_the_last_token = _greedy(lambda model, ids: _ranked(model, ids[-1:])[0])
greedy_at_the_first_position = _greedy(lambda model, ids: _ranked(model, ids, 0)[0])


def greedy_not_fed_back(model: Any, input_ids: Tensor, max_length: int) -> tuple[int, ...]:
    prompt = input_ids[0].tolist()
    new = [_ranked(model, prompt)[0]] * max(max_length - len(prompt), 0)
    return (*prompt, *(new[:1] if new[:1] == [model.config.eos_token_id] else new))


def prompt_cut_off(tokenizer: Any, model: Any, prompt_text: str, **settings: Any) -> str:
    text = oracle.generate_text(tokenizer, model, prompt_text, **settings)[0]
    return text.removeprefix(prompt_text)


def explore_without_repetition(
    tokenizer: Any, model: Any, prompt_text: str, settings: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Explore as if no text repeated itself; in a case that separates the measures, one does."""
    entries = []
    for setting in settings:
        decided = oracle.decided_text(tokenizer, model, prompt_text, setting)
        text = decided[0] if decided else prompt_text
        measures = oracle.measures_of(tokenizer, model, prompt_text, text)
        entries.append({"text": text, **measures, "repetition_rate": 0.0})
    return entries
