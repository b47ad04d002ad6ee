"""Comparing a model's outputs with published facts: passed, expected, got.

Rounding never decides. A greedy text is followed token by token: each must be within the fact's
tolerance of the most likely one (in logits, after the rules), 2e-3 where the source ran float32,
since two implementations, each within 1e-3 of the exact logits, can differ by that. Numbers may
differ by half a unit of the last digit printed, and rounding.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

import kischule
from autograder.exercises import oracle
from autograder.selftest.facts import Fact


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

Compared = tuple[bool, str, str]


def _tokens(fact: Fact, subject: Subject) -> Compared:
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


def _greedy(fact: Fact, subject: Subject) -> Compared:
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


def _beam(fact: Fact, subject: Subject) -> Compared:
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


def _log_probs(fact: Fact, subject: Subject) -> Compared:
    prompt, new = subject.encode(fact.inputs["prompt"]), fact.inputs["ids"]
    wanted = fact.expected["log_probs"]
    steps = _steps(subject, prompt, new, {})
    found = [_log_prob(logits, token) for logits, token in zip(steps, new, strict=True)]
    return _numbers(wanted, found[: len(wanted)], fact.tolerance)


def _numbers(wanted: Sequence[float], found: Sequence[float], tolerance: float) -> Compared:
    passed = len(wanted) == len(found) and all(
        abs(a - b) <= tolerance for a, b in zip(wanted, found, strict=True)
    )
    return passed, " ".join(f"{v:g}" for v in wanted), " ".join(f"{v:.4f}" for v in found)


def _score(fact: Fact, subject: Subject) -> Compared:
    prompt, new = subject.encode(fact.inputs["prompt"]), fact.inputs["ids"]
    steps = _steps(subject, prompt, new, fact.inputs.get("rules", {}))
    found = [_log_prob(logits, token) for logits, token in zip(steps, new, strict=True)]
    score = sum(found[fact.inputs["skipped"] :]) / fact.inputs["divided_by"]
    return _numbers([fact.expected["score"]], [score], fact.tolerance)


def _next_token(fact: Fact, subject: Subject) -> Compared:
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


def _logit_of(fact: Fact, subject: Subject) -> Compared:
    """The likeliest token after the prompt, and its logit."""
    logits = oracle.logits_of(subject.model, subject.encode(fact.inputs["prompt"]))[-1]
    best = int(logits.argmax())
    text, value = subject.decode([best]), float(logits[best])
    passed = text == fact.expected["token"]
    passed = passed and abs(value - fact.expected["logit"]) <= fact.tolerance
    wanted = f"{fact.expected['token']!r} {fact.expected['logit']:g}"
    return passed, wanted, f"{text!r} {value:.4f}"


def _seeded(fact: Fact, subject: Subject) -> Compared:
    prompt = torch.tensor([subject.encode(fact.inputs["prompt"])])
    tokens = kischule.generate(
        subject.model, prompt, seed=fact.inputs["seed"], **fact.inputs["settings"]
    )
    text = subject.decode(tokens[0].tolist())
    return text == fact.expected["text"], repr(fact.expected["text"]), repr(text)


def _weights(fact: Fact, subject: Subject) -> Compared:
    file = (subject.folder or Path()) / "model.safetensors"
    found = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "no such file"
    return found == fact.expected["sha256"], fact.expected["sha256"], found


COMPARISONS = {
    "tokens": _tokens,
    "greedy": _greedy,
    "beam": _beam,
    "log_probs": _log_probs,
    "score": _score,
    "next_token": _next_token,
    "logit": _logit_of,
    "seeded": _seeded,
    "weights": _weights,
}
