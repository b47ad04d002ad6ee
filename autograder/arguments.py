"""Arguments as data: what a case hands to a student, before and after it becomes an object.

A *spec* is plain data (it fits into YAML and JSON), so that a case can cross into another process:

    5, 0.7, "text", True, null, [1, 2]      itself
    {tokenizer: mini}                       the embedded model's tokenizer
    {model: mini}                           the embedded model
    {spy: mini}                             the same, but `generate` reports its settings
    {table: [[..]..], eos: 0}               a TableModel with these logits
    {prompt: "text"}                        (1, T) long, the prompt's tokens
    {ids: [..]}                             (1, T) long
    {vector: [..]}                          (V,) float32
    {probs_after: "text"}                   (V,) float32, its next-token distribution

`draw` turns {draw: ..} specs into such specs, from a seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch

from autograder.models import SpyModel, TableModel

# --- building -----------------------------------------------------------------------------------


@cache
def _loaded(name: str) -> tuple[Any, Any]:
    import kischule

    return kischule.load(name, device="cpu")


def model_of(name: str = "mini") -> Any:
    """The checks' own copy of a model: what a student did to theirs does not matter here."""
    model = _loaded(name)[1]
    return model.eval()


def tokenizer_of(name: str = "mini") -> Any:
    return _loaded(name)[0]


def build(spec: Any) -> Any:
    """The object that a spec stands for. ValueError for a spec that is none of the above."""
    if not isinstance(spec, Mapping):
        return spec
    match dict(spec):
        case {"tokenizer": str(name)}:
            return tokenizer_of(name)
        case {"model": str(name)}:
            return model_of(name)
        case {"spy": str(name)}:
            return SpyModel(model_of(name))
        case {"table": list(rows), **rest} if set(rest) <= {"eos"}:
            return TableModel(torch.tensor(rows, dtype=torch.float32), eos=rest.get("eos"))
        case {"prompt": str(text)}:
            ids = tokenizer_of()(text)["input_ids"]
            return torch.tensor([ids], dtype=torch.long)
        case {"ids": list(ids)}:
            return torch.tensor([ids], dtype=torch.long)
        case {"vector": list(numbers)}:
            return torch.tensor(numbers, dtype=torch.float32)
        case {"probs_after": str(text)}:
            with torch.inference_mode():
                logits = model_of()(build({"prompt": text})).logits[0, -1]
            return logits.softmax(-1).clone()
    raise ValueError(f"unknown argument spec, was: {spec!r}")


# --- drawing ------------------------------------------------------------------------------------

_SUBJECTS = ["The old king", "A poor miller", "The little girl", "The youngest prince", "A fox"]
_SUBJECTS += ["The wicked witch", "A brave tailor", "The shepherd", "An old woman", "The giant"]
_VERBS = ["went into", "looked at", "had lost", "dreamed of", "came back from", "asked about"]
_VERBS += ["was afraid of", "set out to find", "lived near"]
_OBJECTS = ["the dark forest", "a golden bird", "the castle", "his three brothers", "the sea"]
_OBJECTS += ["a silver ring", "the mountain", "a great wolf", "the well", "an empty house"]
_ENDINGS = ["", " and", " because", ", but", ". Then", ', and said: "', " when"]


def seeded(*parts: object) -> np.random.Generator:
    """A generator that depends on all parts and on nothing else."""
    text = "\x1f".join(map(str, parts))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def draw(spec: Any, rng: np.random.Generator) -> Any:
    """The spec with each {draw: kind, ..} replaced by what was drawn.

    Kinds: integer (from, to: both included); choice (of); sentence (end: how it ends); prompt (the
    tokens of a sentence); ids (vocabulary, from, to: the length, first: a token put before them,
    none of the drawn ones is 0); weights (size: probabilities that sum to 1); table (vocabulary,
    eos: logits of a TableModel); cycle (vocabulary: a table whose most likely tokens go round
    through all of the vocabulary, eos = 0 among them).
    """
    if not isinstance(spec, Mapping) or "draw" not in spec:
        return spec
    match dict(spec):
        case {"draw": "integer", "from": low, "to": high}:
            return int(rng.integers(low, high + 1))
        case {"draw": "choice", "of": options}:
            return options[int(rng.integers(len(options)))]
        case {"draw": "sentence", **rest} if set(rest) <= {"end"}:
            subject, verb, thing, ending = (
                parts[int(rng.integers(len(parts)))]
                for parts in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
            )
            return f"{subject} {verb} {thing}{rest.get('end', ending)}"
        case {"draw": "prompt"}:
            return {"prompt": draw({"draw": "sentence"}, rng)}
        case {"draw": "ids", "vocabulary": size, "from": low, "to": high, **rest} if set(rest) <= {
            "first"
        }:
            length = int(rng.integers(low, high + 1))
            first = [rest["first"]] if "first" in rest else []
            return {"ids": first + rng.integers(1, size, length).tolist()}
        case {"draw": "weights", "size": size}:
            # away from ties: neighbours in rank differ by a factor of at least 1.05
            steps = 1.05 + rng.random(size)
            ranked = np.exp(-np.cumsum(np.log(steps)) * 8 / size)
            return {"vector": (rng.permutation(ranked) / ranked.sum()).tolist()}
        case {"draw": "table", "vocabulary": size, **rest} if set(rest) <= {"eos"}:
            # in each row the logits are a permutation of an even ladder: no ties, gaps of 0.1
            rows = [rng.permutation(size) * 0.1 - 1.0 for _ in range(size)]
            return {"table": [row.round(4).tolist() for row in rows], **rest}
        case {"draw": "cycle", "vocabulary": size}:
            order = [0, *(1 + rng.permutation(size - 1)).tolist()]
            table = rng.random((size, size)).round(4)
            table[order, np.roll(order, -1)] = 2.0
            return {"table": table.tolist(), "eos": 0}
    raise ValueError(f"unknown draw, was: {spec!r}")
