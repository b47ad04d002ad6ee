"""Arguments as data: what a case hands to a student, before and after it becomes an object.

A *spec* is plain data (it fits into YAML and JSON), so that a case can cross into another process:

    5, 0.7, "text", True, null, [1, 2]      itself
    {tokenizer: mini}                       a model's tokenizer, by a name of `kischule.load`
    {model: mini}                           the model
    {spy: mini}                             the same, but `generate` reports its settings
    {table: [[..]..], eos: 0}               a TableModel with these logits
    {row: [..], eos: 0}                     a TableModel in which all rows are this one
    {rotated: [..], eos: 0}                 a TableModel: row i is this one, moved on by i places
    {prompt: "text", of: mini}              (1, T) long, the prompt's tokens; of: whose; mini
    {ids: [..]}                             (1, T) long
    {vector: [..], dtype: float16, every: 2}
                                            (V,) float32 or that dtype; every: not contiguous,
                                            each second number of a longer tensor
    {probs_after: "text", of: mini}         (V,) float32, its next-token distribution
    {each: [..]}                            one call for each of these

`draw` turns {draw: ..} specs into such specs, from a seed. Exercise files name `mini`, the embedded
model; `for_model` puts another one in its place.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from autograder.checking.compare import FLOATS
from autograder.sandbox.models import SpyModel, TableModel

# --- building -----------------------------------------------------------------------------------


MINI = "mini"
_pairs: dict[str, tuple[Any, Any]] = {}


def _loaded(name: str) -> tuple[Any, Any]:
    if name not in _pairs:
        import kischule

        _pairs[name] = kischule.load(name, device="cpu")
    return _pairs[name]


def model_of(name: str = MINI) -> Any:
    """The checks' own copy of a model: what a student did to theirs does not matter here.

    It is handed to solutions as well, and one may move it to a device, or into half precision.
    """
    model = _loaded(name)[1]
    if model.dtype != torch.float32:  # what was rounded away does not come back
        del _pairs[name]
        model = _loaded(name)[1]
    if model.device.type != "cpu":
        model.to("cpu")
    return model.eval()


def tokenizer_of(name: str = MINI) -> Any:
    return _loaded(name)[0]


def tokenizer_with(model: Any) -> Any:
    """The tokenizer of a model that `model_of` gave; None for any other, such as a table."""
    return next((tokenizer for tokenizer, own in _pairs.values() if own is model), None)


def build(spec: Any) -> Any:
    """The object that a spec stands for. ValueError for a spec that is none of the above."""
    if not isinstance(spec, Mapping):
        return copy.deepcopy(spec)  # a list is the student's to spoil
    match dict(spec):
        case {"tokenizer": str(name)}:
            return tokenizer_of(name)
        case {"model": str(name)}:
            return model_of(name)
        case {"spy": str(name)}:
            return SpyModel(model_of(name))
        case {"table": list(rows), **rest} if set(rest) <= {"eos"}:
            return TableModel(torch.tensor(rows, dtype=torch.float32), eos=rest.get("eos"))
        case {"row": list(row), **rest} if set(rest) <= {"eos"}:
            table = torch.tensor([row] * len(row), dtype=torch.float32)
            return TableModel(table, eos=rest.get("eos"))
        case {"rotated": list(row), **rest} if set(rest) <= {"eos"}:
            rows = [row[-i:] + row[:-i] for i in range(len(row))]
            return TableModel(torch.tensor(rows, dtype=torch.float32), eos=rest.get("eos"))
        case {"prompt": str(text), **rest} if set(rest) <= {"of"}:
            ids = tokenizer_of(rest.get("of", MINI))(text)["input_ids"]
            return torch.tensor([ids], dtype=torch.long)
        case {"ids": list(ids)}:
            return torch.tensor([ids], dtype=torch.long)
        case {"vector": list(numbers), **rest} if set(rest) <= {"dtype", "every"}:
            return _vector(numbers, rest.get("dtype", "float32"), rest.get("every", 1))
        case {"probs_after": str(text), **rest} if set(rest) <= {"of"}:
            with torch.inference_mode():
                logits = model_of(rest.get("of", MINI))(build({"prompt": text, **rest})).logits
            return logits[0, -1].softmax(-1).clone()
    raise ValueError(f"unknown argument spec, was: {spec!r}")


def _vector(numbers: list[float], dtype: str, every: int) -> torch.Tensor:
    if dtype not in FLOATS or every < 1:
        raise ValueError(
            f"dtype must be one of {FLOATS} and every at least 1, was: {dtype}, {every}"
        )
    vector = torch.full((len(numbers) * every,), 99.0, dtype=getattr(torch, dtype))[::every]
    vector[:] = torch.tensor(numbers, dtype=torch.float64)
    return vector


def calls_of(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The specs of each call of a case: one, or as many as {each: [..]} has."""
    many = [n for n, spec in arguments.items() if isinstance(spec, Mapping) and "each" in spec]
    if not many:
        return [dict(arguments)]
    (name,) = many
    return [{**arguments, name: one} for one in arguments[name]["each"]]


# --- another model ------------------------------------------------------------------------------


def for_model(arguments: Mapping[str, Any], name: str, prompt: str | None = None) -> dict[str, Any]:
    """The specs of a case with this model where they name `mini`. prompt: in place of the case's.

    The end token in a text becomes the model's own. Lengths count tokens, and a tokenizer of its
    own makes more or fewer of a prompt: they move along, so that as many tokens are generated, or
    scored, as with `mini`. A case without `mini` stays as it is.
    """
    if name == MINI:
        return dict(arguments)
    text, given = prompt_of(arguments), dict(arguments)
    if prompt is not None:
        given |= (
            {"prompt_text": prompt} if "prompt_text" in given else {"input_ids": {"prompt": prompt}}
        )
    moved = {n: _renamed(spec, name) for n, spec in given.items()}
    if text is None:
        return moved
    more = len(_ids_of(str(prompt_of(moved)), name)) - len(_ids_of(text, MINI))
    for length, least in (("max_length", 0), ("prompt_length", 1)):
        if isinstance(moved.get(length), int):
            moved[length] = max(least, moved[length] + more)
    if "settings" in moved:
        moved["settings"] = [
            {**setting, "max_length": setting["max_length"] + more} for setting in moved["settings"]
        ]
    return moved


def names_model(arguments: Mapping[str, Any]) -> bool:
    """Whether a model, or its tokenizer, has a part in a case with these specs."""
    marks = {"tokenizer", "model", "spy", "prompt", "probs_after"}
    return any(isinstance(spec, Mapping) and marks & spec.keys() for spec in arguments.values())


def prompt_of(arguments: Mapping[str, Any]) -> str | None:
    """The text that a model continues in a case; None where there is none, or no model for it."""
    if isinstance(text := arguments.get("prompt_text"), str):
        return text
    ids = arguments.get("input_ids")
    return ids.get("prompt") if isinstance(ids, Mapping) else None


def _renamed(spec: Any, name: str) -> Any:
    match spec:
        case str(text):
            return text.replace(end_of(MINI), end_of(name))
        case {"tokenizer": "mini"} | {"model": "mini"} | {"spy": "mini"}:
            return dict.fromkeys(spec, name)
        case {"prompt": _} | {"probs_after": _}:
            return {**{key: _renamed(text, name) for key, text in spec.items()}, "of": name}
        case _:
            return spec


def end_of(name: str) -> str:
    """A model's end token, as text."""
    return str(tokenizer_of(name).decode([model_of(name).config.eos_token_id]))


def _ids_of(text: str, name: str) -> list[int]:
    return list(tokenizer_of(name)(text)["input_ids"])


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
    """The spec with each {draw: kind, ..} replaced by what was drawn; see `DRAWS` for the kinds.

    Lists and mappings are gone through. ValueError for an unknown kind or a wrong setting of it.
    """
    if isinstance(spec, list):
        return [draw(part, rng) for part in spec]
    if not isinstance(spec, Mapping):
        return spec
    if "draw" not in spec:
        return {name: draw(part, rng) for name, part in spec.items()}
    settings = {name: part for name, part in spec.items() if name not in ("draw", "from")}
    if "from" in spec:
        settings["low"] = spec["from"]
    try:
        return DRAWS[spec["draw"]](rng, **settings)
    except (KeyError, TypeError) as error:
        raise ValueError(f"unknown draw, was: {spec!r}") from error


def _integer(rng: np.random.Generator, low: int, to: int) -> int:
    """From low to `to`, both included."""
    return int(rng.integers(low, to + 1))


def _number(rng: np.random.Generator, low: float, to: float) -> float:
    """Between low and `to`, with three digits."""
    return round(float(rng.uniform(low, to)), 3)


def _choice(rng: np.random.Generator, of: list[Any]) -> Any:
    return of[int(rng.integers(len(of)))]


def _seeds(rng: np.random.Generator, pattern: str) -> dict[str, list[int]]:
    """A seed for each letter of the pattern, the same for the same letter: "aab"."""
    # apart from each other: a seed's neighbour may be what a solution makes of it
    drawn = dict(
        zip(sorted(set(pattern)), rng.choice(10**6, len(set(pattern)), False), strict=True)
    )
    return {"each": [int(drawn[letter]) for letter in pattern]}


def _sentence(rng: np.random.Generator, end: str | None = None, gap: str = " ") -> str:
    """end: how it ends; None: that is drawn as well. gap: stands after the subject."""
    parts = [_choice(rng, list(p)) for p in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)]
    subject, verb, thing, ending = parts
    return f"{subject}{gap}{verb} {thing}{ending if end is None else end}"


def _prompt(rng: np.random.Generator) -> dict[str, str]:
    """The tokens of a sentence."""
    return {"prompt": _sentence(rng)}


def _id_list(
    rng: np.random.Generator, vocabulary: int, low: int, to: int, first: int | None = None
) -> list[int]:
    """Between low and `to` ids of a vocabulary; none is 0. first: a token put before them."""
    ids = rng.integers(1, vocabulary, _integer(rng, low, to)).tolist()
    return ids if first is None else [first, *ids]


def _ids(rng: np.random.Generator, **settings: Any) -> dict[str, list[int]]:
    """The same as an argument of shape (1, T)."""
    return {"ids": _id_list(rng, **settings)}


def _weights(rng: np.random.Generator, size: int) -> dict[str, list[float]]:
    """Probabilities that sum to 1, away from ties: each at least 1.05 times the next in rank."""
    steps = 1.05 + rng.random(size)
    ranked = np.exp(-np.cumsum(np.log(steps)) * 8 / size)
    return {"vector": (rng.permutation(ranked) / ranked.sum()).tolist()}


def _logits(
    rng: np.random.Generator, size: int, dtype: str = "float32", every: int = 1, ties: bool = False
) -> dict[str, Any]:
    """Numbers of both signs in random order: an even ladder. ties: each of its steps twice."""
    rungs = np.arange(size) // 2 * 2 if ties else np.arange(size)
    ladder = rng.permutation(rungs * 0.5 - 0.2 * size)
    return {"vector": ladder.round(4).tolist(), "dtype": dtype, "every": every}


def _table(rng: np.random.Generator, vocabulary: int, eos: int | None = None) -> dict[str, Any]:
    """Logits of a TableModel: each row a permutation of an even ladder: no ties, gaps of 0.1."""
    rows = [rng.permutation(vocabulary) * 0.1 - 1.0 for _ in range(vocabulary)]
    return {"table": [row.round(4).tolist() for row in rows], "eos": eos}


def _cycle(rng: np.random.Generator, vocabulary: int) -> dict[str, Any]:
    """A table whose most likely tokens go round through all of the vocabulary, eos = 0 included."""
    order = [0, *(1 + rng.permutation(vocabulary - 1)).tolist()]
    table = rng.random((vocabulary, vocabulary)).round(4)
    table[order, np.roll(order, -1)] = 2.0
    return {"table": table.tolist(), "eos": 0}


def _shuffled(
    rng: np.random.Generator,
    probs: list[float],
    shift: float = 0.0,
    eos: int | None = None,
    zero: int | None = None,
) -> dict[str, Any]:
    """A table whose rows hold the logarithms of these probabilities, each in an order of its own.

    shift: added to the logits; it changes no probability, but what a penalty does. zero: the place
    in probs of what token 0 has in each row; None: that is shuffled as well.
    """
    logs, fixed = np.log(probs) + shift, [] if zero is None else [zero]
    others = np.delete(logs, fixed)
    rows = [np.concatenate([logs[fixed], rng.permutation(others)]) for _ in probs]
    return {"table": [row.round(6).tolist() for row in rows], "eos": eos}


def _shuffled_row(rng: np.random.Generator, probs: list[float]) -> dict[str, Any]:
    """(V,): the logarithms of these probabilities in random order, moved up or down together."""
    row = rng.permutation(np.log(probs)) + rng.uniform(-3, 3)
    return {"vector": row.round(6).tolist()}


def _peaked(rng: np.random.Generator, vocabulary: int, eos: int | None = None) -> dict[str, Any]:
    """A table in which following the most likely token is often not the most likely way."""
    table = rng.normal(0.0, 1.0, (vocabulary, vocabulary))
    # some tokens lead to a sure continuation, others nowhere: a wider search sees it coming
    table[np.arange(vocabulary), rng.permutation(vocabulary)] += 3.0 * rng.random(vocabulary)
    return {"table": table.round(4).tolist(), "eos": eos}


def _heavy(rng: np.random.Generator, size: int, p: float) -> dict[str, Any]:
    """A table in which after each token one has probability p, and the others share the rest."""
    row = [0.0] * size
    row[int(rng.integers(size))] = round(math.log(p * (size - 1) / (1 - p)), 4)
    return {"rotated": row}


def _level(rng: np.random.Generator, size: int, level: float) -> dict[str, Any]:
    """A table in which all logits are near `level`."""
    return {"row": (level + 0.05 * rng.random(size)).round(4).tolist()}


def _half(rng: np.random.Generator, size: int) -> dict[str, list[int]]:
    """(1, size // 2): half of a vocabulary, none twice."""
    return {"ids": rng.permutation(size)[: size // 2].tolist()}


DRAWS: dict[str, Callable[..., Any]] = {
    "choice": _choice,
    "cycle": _cycle,
    "half": _half,
    "heavy": _heavy,
    "id_list": _id_list,
    "ids": _ids,
    "integer": _integer,
    "level": _level,
    "logits": _logits,
    "number": _number,
    "peaked": _peaked,
    "prompt": _prompt,
    "seeds": _seeds,
    "sentence": _sentence,
    "shuffled": _shuffled,
    "shuffled_row": _shuffled_row,
    "table": _table,
    "weights": _weights,
}
