"""Published facts about a model: its outputs and their sources, one JSON file a model.

GPT-2's facts are outputs that others printed (prompts, parameters, texts, ids, numbers, and where
they were published); those of `mini` are this project's own. No fact depends on a library's
default: every length, rule and setting is written out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.exercises.strict import DataError, load_json, read, typed

PUBLISHED_FOLDER = Path(__file__).parent / "published"

# transformers' words for what changes the logits before the most likely token is taken
_RULES = {
    "repetition_penalty?": float,
    "prompt_ignore_length?": int,  # the first tokens, which are not penalised
    "no_repeat_ngram_size?": int,
    "bad_words_ids?": list,
    "suppress_tokens?": list,
    "min_length?": int,
}
_SETTINGS = {
    "max_length?": int,
    "do_sample?": bool,
    "repetition_penalty?": float,
    "temperature?": float,
    "top_k?": int,
    "top_p?": float,
}
# kind -> (inputs, expected); a key that ends in ? is optional
_KINDS: dict[str, tuple[dict[str, type], dict[str, type]]] = {
    "tokens": ({"text": str}, {"ids": list}),
    "greedy": ({"prompt": str, "rules?": dict}, {"text": str, "ids": list}),
    "beam": (
        {"prompt": str, "num_beams": int, "early_stopping": bool, "no_repeat_ngram_size?": int},
        {"text": str, "ids": list},
    ),
    # of the first of these tokens after the prompt
    "log_probs": ({"prompt": str, "ids": list}, {"log_probs": list}),
    # their sum, without the first `skipped` of them, over `divided_by`
    "score": (
        {"prompt": str, "ids": list, "rules?": dict, "skipped": int, "divided_by": float},
        {"score": float},
    ),
    # the most likely tokens after the prompt
    "next_token": ({"prompt": str}, {"probs": dict}),
    "logit": ({"prompt": str}, {"token": str, "logit": float}),
    "seeded": ({"prompt": str, "seed": int, "settings": dict}, {"text": str}),
    "weights": ({}, {"sha256": str}),
}


class PublishedError(DataError):
    """A file of facts that breaks a rule, or a model without facts."""


@dataclass(frozen=True)
class Fact:
    """One output of a model, and its source."""

    id: str
    model: str
    kind: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    source: str
    tolerance: float  # of logits in greedy and logit, else of the number; 0 for text and ids
    note: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A published output that is not compared, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Published:
    """The facts about one model."""

    model: str
    facts: tuple[Fact, ...]
    left_out: tuple[LeftOut, ...]


def published_models() -> list[str]:
    """List the models with facts, sorted."""
    return sorted(path.stem for path in PUBLISHED_FOLDER.glob("*.json"))


def load_published(model: str) -> Published:
    """Load the facts about a model; PublishedError naming the models that have some."""
    if model not in published_models():
        known = ", ".join(published_models())
        raise PublishedError(f"no published outputs of {model!r} are kept; there are: {known}")
    path = PUBLISHED_FOLDER / f"{model}.json"
    return parse_published(path.read_text(encoding="utf-8"), path.name)


def parse_published(text: str, name: str) -> Published:
    """Read facts from the text of their file, which errors call `name`. PublishedError."""
    try:
        return _published(text, name)
    except PublishedError:
        raise
    except DataError as error:
        raise PublishedError(str(error)) from error


def _published(text: str, name: str) -> Published:
    data = typed(load_json(text, name), {"model": str, "facts": list, "left_out": list}, name)
    facts = tuple(_fact(given, f"{name}: fact {i + 1}") for i, given in enumerate(data["facts"]))
    left_out = tuple(
        read(LeftOut, given, f"{name}: left_out {i + 1}")
        for i, given in enumerate(data["left_out"])
    )
    ids = [fact.id for fact in facts] + [left.id for left in left_out]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise PublishedError(f"{name}: the id {twice!r} is there twice")
    for fact in facts:
        if fact.model != data["model"] or name != f"{fact.model}.json":
            raise PublishedError(f"{name}: {fact.id} is of another model, was: {fact.model!r}")
    return Published(data["model"], facts, left_out)


def _fact(given: Any, where: str) -> Fact:
    fact = read(Fact, given, where)
    where = f"{where} ({fact.id})"
    if fact.kind not in _KINDS:
        kinds = ", ".join(_KINDS)
        raise PublishedError(f"{where}: kind must be one of {kinds}, was: {fact.kind!r}")
    if not fact.source.strip():
        raise PublishedError(f"{where}: the source is missing")
    inputs, expected = _KINDS[fact.kind]
    typed(fact.inputs, inputs, f"{where}: inputs")
    typed(fact.expected, expected, f"{where}: expected")
    typed(fact.inputs.get("rules", {}), _RULES, f"{where}: rules")
    typed(fact.inputs.get("settings", {}), _SETTINGS, f"{where}: settings")
    return fact
