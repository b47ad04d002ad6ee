"""Does a model here give what was published of it? Facts with their sources, and the comparisons.

`published/*.json`: one file a model. GPT-2's facts are outputs that others printed (prompts,
parameters, texts, ids, numbers, and where they stand); those of `mini` are this project's own.
None of them depends on a library's default: every length, rule and setting is written out.

Nothing is asked to be equal that rounding decides. A greedy text is followed token by token: each
must be within the fact's tolerance of the likeliest (in logits, after the rules). 2e-3 where the
source ran float32: two implementations, each within 1e-3 of the exact logits, can differ by that.
Numbers may differ by half a unit of the last digit that was printed, and rounding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

import kischule
from autograder import oracle
from kischule import models
from kischule.catalog import FAMILY

FOLDER = Path(__file__).parent / "published"

_NUMBER = (int, float)
# transformers' words for what changes the logits before the likeliest token is taken
_RULES = {
    "repetition_penalty": _NUMBER,
    "prompt_ignore_length": int,  # so many tokens are not penalised
    "no_repeat_ngram_size": int,
    "bad_words_ids": list,
    "suppress_tokens": list,
    "min_length": int,
}
_SETTINGS = {
    "max_length": int,
    "do_sample": bool,
    "repetition_penalty": _NUMBER,
    "temperature": _NUMBER,
    "top_k": int,
    "top_p": _NUMBER,
}
# kind -> (inputs, expected); a key that ends in ? may be missing
_KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
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
        {"prompt": str, "ids": list, "rules?": dict, "skipped": int, "divided_by": _NUMBER},
        {"score": _NUMBER},
    ),
    # the likeliest tokens after the prompt
    "next_token": ({"prompt": str}, {"probs": dict}),
    "logit": ({"prompt": str}, {"token": str, "logit": _NUMBER}),
    "seeded": ({"prompt": str, "seed": int, "settings": dict}, {"text": str}),
    "weights": ({}, {"sha256": str}),
}
_FACT = {
    "id": str,
    "model": str,
    "kind": str,
    "inputs": dict,
    "expected": dict,
    "source": str,
    "tolerance": _NUMBER,
    "note?": str,
}


class PublishedError(ValueError):
    """A file of facts that breaks a rule, or a model of which no facts are kept."""


@dataclass(frozen=True)
class Fact:
    """One output of a model, and who published it."""

    id: str
    model: str
    kind: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    source: str
    tolerance: float  # of logits in greedy and logit, else of the number; 0 where text or ids count
    note: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A published output that is not compared, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class Published:
    """What is kept of one model."""

    model: str
    facts: tuple[Fact, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class Result:
    """A comparison, worded: passed is None where a published output was left out."""

    id: str
    kind: str
    source: str
    passed: bool | None
    expected: str
    got: str


@dataclass(frozen=True)
class Subject:
    """The model that is compared."""

    tokenizer: Any
    model: Any
    folder: Path | None = None  # with its weights

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text).input_ids)

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))

    @cached_property
    def eos(self) -> int:
        return int(self.model.config.eos_token_id)


# --- the files ----------------------------------------------------------------------------------


def published_models() -> list[str]:
    """The models of which facts are kept, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load_published(model: str) -> Published:
    """The facts of a model; PublishedError naming the models that have some."""
    if model not in published_models():
        known = ", ".join(published_models())
        raise PublishedError(f"no published outputs of {model!r} are kept; there are: {known}")
    path = FOLDER / f"{model}.json"
    return parse_published(path.read_text(encoding="utf-8"), path.name)


def parse_published(text: str, name: str) -> Published:
    """Facts from the text of their file; `name` is what a PublishedError calls it."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise PublishedError(f"{name}: not JSON: {error}") from error
    data = _keys(data, {"model": str, "facts": list, "left_out": list}, name)
    facts = tuple(_fact(given, f"{name}: fact {i + 1}") for i, given in enumerate(data["facts"]))
    left_out = tuple(
        LeftOut(**_keys(given, {"id": str, "reason": str}, f"{name}: left_out {i + 1}"))
        for i, given in enumerate(data["left_out"])
    )
    ids = [fact.id for fact in facts] + [left.id for left in left_out]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise PublishedError(f"{name}: the id {twice!r} stands twice")
    for fact in facts:
        if fact.model != data["model"] or name != f"{fact.model}.json":
            raise PublishedError(f"{name}: {fact.id} is of another model, was: {fact.model!r}")
    return Published(data["model"], facts, left_out)


def _fact(given: Any, where: str) -> Fact:
    data = _keys(given, _FACT, where)
    where = f"{where} ({data['id']})"
    if data["kind"] not in _KINDS:
        raise PublishedError(
            f"{where}: kind must be one of {', '.join(_KINDS)}, was: {data['kind']!r}"
        )
    if not data["source"].strip():
        raise PublishedError(f"{where}: the source is missing")
    inputs, expected = _KINDS[data["kind"]]
    given_inputs = _keys(data["inputs"], inputs, f"{where}: inputs")
    _keys(data["expected"], expected, f"{where}: expected")
    optional = {f"{name}?": kind for name, kind in _RULES.items()}
    _keys(given_inputs.get("rules", {}), optional, f"{where}: rules")
    optional = {f"{name}?": kind for name, kind in _SETTINGS.items()}
    _keys(given_inputs.get("settings", {}), optional, f"{where}: settings")
    return Fact(**data)


def _keys(data: Any, allowed: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The mapping, if its keys are these and its values of these types."""
    if not isinstance(data, dict):
        raise PublishedError(f"{where} must be a mapping, was: {data!r}")
    kinds = {key.rstrip("?"): kind for key, kind in allowed.items()}
    for key, value in data.items():
        if key not in kinds:
            known = ", ".join(kinds) or "none"
            raise PublishedError(f"{where}: unknown key {key!r}; allowed: {known}")
        kind = kinds[key]
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise PublishedError(f"{where}: {key!r} has the wrong type, was: {value!r}")
    for key in allowed:
        if not key.endswith("?") and key not in data:
            raise PublishedError(f"{where}: the key {key!r} is missing")
    return data


# --- running ------------------------------------------------------------------------------------


def selftest(name: str, folder: Path | None = None) -> Iterator[Result]:
    """Compare a model on this machine with what was published of it, one result a fact.

    folder: where it lies, if `kischule.load` does not find it under its name.
    Runs in float32 on the CPU. Raises ModelUnavailableError where the model is not there, before
    the first result; PublishedError where no facts are kept of it.
    """
    if folder is None and name not in (*published_models(), *FAMILY):
        kischule.load(name, "cpu")  # says what there is
    published = load_published(name)
    tokenizer, model = kischule.load(str(folder) if folder else name, "cpu")
    place = folder or (models.where(name) if name in FAMILY else None)
    subject = Subject(tokenizer, model.float(), place)
    return _results(published, subject)


def _results(published: Published, subject: Subject) -> Iterator[Result]:
    for fact in published.facts:
        yield compare(fact, subject)
    for left in published.left_out:
        yield Result(left.id, "left out", "", None, "", left.reason)


def compare(fact: Fact, subject: Subject) -> Result:
    """One fact against the model: what was expected and what came, each in one line."""
    passed, expected, got = _COMPARISONS[fact.kind](fact, subject)
    return Result(fact.id, fact.kind, fact.source, passed, expected, got)


# --- the rules ----------------------------------------------------------------------------------


def ruled(
    logits: oracle.Floats,  # (V,) after `ids`
    ids: Sequence[int],
    rules: Mapping[str, Any],
    eos: int,
) -> oracle.Floats:  # (V,)
    """Logits after the rules, forbidden tokens -inf; each as transformers' LogitsProcessor."""
    start = rules.get("prompt_ignore_length", 0)
    result = oracle.penalised(logits, list(ids[start:]), rules.get("repetition_penalty"))
    forbidden = set(rules.get("suppress_tokens", ()))
    for *before, last in rules.get("bad_words_ids", ()):
        if not before or list(ids[-len(before) :]) == before:
            forbidden.add(last)
    if n := rules.get("no_repeat_ngram_size", 0):
        end = tuple(ids[len(ids) - n + 1 :])
        ngrams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
        forbidden |= {ngram[-1] for ngram in ngrams if ngram[:-1] == end}
    if len(ids) < rules.get("min_length", 0):
        forbidden.add(eos)
    result[list(forbidden)] = -np.inf
    return result


def _steps(
    subject: Subject, prompt: Sequence[int], new: Sequence[int], rules: Mapping[str, Any]
) -> Iterator[oracle.Floats]:
    """The logits before each new token, after the rules; one forward pass."""
    ids = [*prompt, *new]
    logits = oracle.logits_of(subject.model, ids[:-1])
    for i in range(len(prompt), len(ids)):
        yield ruled(logits[i - 1], ids[:i], rules, subject.eos)


def _log_prob(logits: oracle.Floats, token: int) -> float:
    best = logits.max()
    return float(logits[token] - best - np.log(np.exp(logits - best).sum()))


# --- one comparison a kind: passed, expected, got -----------------------------------------------

_Outcome = tuple[bool, str, str]


def _tokens(fact: Fact, subject: Subject) -> _Outcome:
    ids, found = fact.expected["ids"], subject.encode(fact.inputs["text"])
    return found == ids, f"ids {ids}", _difference(ids, found)


def _difference(ids: Sequence[int], found: Sequence[int]) -> str:
    if list(ids) == list(found):
        return "the same ids"
    at = next((i for i, (a, b) in enumerate(zip(ids, found, strict=False)) if a != b), None)
    if at is None:
        return f"{len(found)} ids, expected {len(ids)}"
    return f"id {found[at]} at position {at}, expected {ids[at]}"


def _misspelt(fact: Fact, subject: Subject) -> str | None:
    """Where a fact's ids are not its text; None where they are."""
    wanted = fact.inputs["prompt"] + fact.expected["text"]
    found = subject.decode([*subject.encode(fact.inputs["prompt"]), *fact.expected["ids"]])
    return None if found == wanted else f"the ids read {found!r}"


def _greedy(fact: Fact, subject: Subject) -> _Outcome:
    expected, new = repr(fact.expected["text"]), fact.expected["ids"]
    if wrong := _misspelt(fact, subject):
        return False, expected, wrong
    prompt = subject.encode(fact.inputs["prompt"])
    largest = 0.0
    steps = _steps(subject, prompt, new, fact.inputs.get("rules", {}))
    for i, (token, logits) in enumerate(zip(new, steps, strict=True)):
        regret = float(logits.max() - logits[token])
        largest = max(largest, regret)
        if not regret <= fact.tolerance:
            best = subject.decode([int(logits.argmax())])
            text = subject.decode([token])
            return False, expected, f"token {i + 1}: {best!r} is above {text!r} by {regret:.4g}"
    near = f", one token below the likeliest by {largest:.1g}" if largest else ""
    return True, expected, f"the same {len(new)} tokens{near}"


def _beam(fact: Fact, subject: Subject) -> _Outcome:
    """The same text, or one that is as probable: where beams tie, rounding decides."""
    expected, new = repr(fact.expected["text"]), fact.expected["ids"]
    if wrong := _misspelt(fact, subject):
        return False, expected, wrong
    prompt = subject.encode(fact.inputs["prompt"])
    ids = torch.tensor([prompt], device=subject.model.device)
    found = subject.model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_length=len(prompt) + len(new),
        num_beams=fact.inputs["num_beams"],
        early_stopping=fact.inputs["early_stopping"],
        no_repeat_ngram_size=fact.inputs.get("no_repeat_ngram_size", 0),
        length_penalty=1.0,
        repetition_penalty=1.0,
        do_sample=False,
        pad_token_id=subject.eos,
    )[0, len(prompt) :].tolist()
    if found == new:
        return True, expected, f"the same {len(new)} tokens"
    ours, theirs = (
        sum(map(_log_prob, _steps(subject, prompt, ids, {}), ids)) for ids in (found, new)
    )
    text = repr(subject.decode(found))
    same = abs(ours - theirs) <= fact.tolerance
    return same, expected, f"{text}, as probable" if same else f"{text}, {_difference(new, found)}"


def _log_probs(fact: Fact, subject: Subject) -> _Outcome:
    prompt, new = subject.encode(fact.inputs["prompt"]), fact.inputs["ids"]
    wanted = fact.expected["log_probs"]
    steps = _steps(subject, prompt, new, {})
    found = [_log_prob(logits, token) for logits, token in zip(steps, new, strict=True)]
    return _numbers(wanted, found[: len(wanted)], fact.tolerance)


def _numbers(wanted: Sequence[float], found: Sequence[float], tolerance: float) -> _Outcome:
    passed = len(wanted) == len(found) and all(
        abs(a - b) <= tolerance for a, b in zip(wanted, found, strict=True)
    )
    return passed, " ".join(f"{v:g}" for v in wanted), " ".join(f"{v:.4f}" for v in found)


def _score(fact: Fact, subject: Subject) -> _Outcome:
    prompt, new = subject.encode(fact.inputs["prompt"]), fact.inputs["ids"]
    steps = _steps(subject, prompt, new, fact.inputs.get("rules", {}))
    found = [_log_prob(logits, token) for logits, token in zip(steps, new, strict=True)]
    score = sum(found[fact.inputs["skipped"] :]) / fact.inputs["divided_by"]
    return _numbers([fact.expected["score"]], [score], fact.tolerance)


def _next_token(fact: Fact, subject: Subject) -> _Outcome:
    """These probabilities, and no other token likelier than the least of them."""
    wanted = fact.expected["probs"]
    probs = oracle.softmax(
        oracle.logits_of(subject.model, subject.encode(fact.inputs["prompt"]))[-1]
    )
    expected = ", ".join(f"{text!r} {p:g}" for text, p in wanted.items())
    found = {}
    for text in wanted:
        ids = subject.encode(text)
        if len(ids) != 1:
            return False, expected, f"{text!r} is {len(ids)} tokens"
        found[text] = float(probs[ids[0]])
    ranked = [int(i) for i in np.argsort(-probs)[: len(wanted)]]
    got = ", ".join(f"{text!r} {p:.4f}" for text, p in found.items())
    for token in ranked:
        if probs[token] > min(wanted.values()) + fact.tolerance and (
            subject.decode([token]) not in wanted
        ):
            return False, expected, f"{subject.decode([token])!r} has {probs[token]:.4f}"
    passed = all(abs(found[text] - p) <= fact.tolerance for text, p in wanted.items())
    return passed, expected, got


def _logit(fact: Fact, subject: Subject) -> _Outcome:
    """The likeliest token after the prompt, and its logit."""
    logits = oracle.logits_of(subject.model, subject.encode(fact.inputs["prompt"]))[-1]
    best = int(logits.argmax())
    text, value = subject.decode([best]), float(logits[best])
    passed = text == fact.expected["token"]
    passed = passed and abs(value - fact.expected["logit"]) <= fact.tolerance
    wanted = f"{fact.expected['token']!r} {fact.expected['logit']:g}"
    return passed, wanted, f"{text!r} {value:.4f}"


def _seeded(fact: Fact, subject: Subject) -> _Outcome:
    prompt = torch.tensor([subject.encode(fact.inputs["prompt"])])
    tokens = kischule.generate(
        subject.model, prompt, seed=fact.inputs["seed"], **fact.inputs["settings"]
    )
    text = subject.decode(tokens[0].tolist())
    return text == fact.expected["text"], repr(fact.expected["text"]), repr(text)


def _weights(fact: Fact, subject: Subject) -> _Outcome:
    file = (subject.folder or Path()) / "model.safetensors"
    found = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "no such file"
    return found == fact.expected["sha256"], fact.expected["sha256"], found


_COMPARISONS = {
    "tokens": _tokens,
    "greedy": _greedy,
    "beam": _beam,
    "log_probs": _log_probs,
    "score": _score,
    "next_token": _next_token,
    "logit": _logit,
    "seeded": _seeded,
    "weights": _weights,
}
