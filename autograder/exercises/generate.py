"""Hidden cases' arguments: `{generate: KIND, ...}` in an exercise file, made from a seed.

A generated argument is a spec (see `autograder.sandbox.arguments`), so what is random about a case
is settled before anything of it crosses into a student's process. A new kind is a new function
here, registered under its name; `docs/exercises.md` lists them from the docstrings below.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Generator = Callable[..., Any]
GENERATORS: dict[str, Generator] = {}
MIN_SEED_DISTANCE = 1_000  # of two seeds of a case; no text of a case has as many tokens


def generator(function: Generator) -> Generator:
    """Register a function `generated_KIND(rng, **settings)` under its kind."""
    GENERATORS[function.__name__.removeprefix("generated_")] = function
    return function


_SUBJECTS = ["The old king", "A poor miller", "The little girl", "The youngest prince", "A fox"]
_SUBJECTS += ["The wicked witch", "A brave tailor", "The shepherd", "An old woman", "The giant"]
_VERBS = ["went into", "looked at", "had lost", "dreamed of", "came back from", "asked about"]
_VERBS += ["was afraid of", "set out to find", "lived near"]
_OBJECTS = ["the dark forest", "a golden bird", "the castle", "his three brothers", "the sea"]
_OBJECTS += ["a silver ring", "the mountain", "a great wolf", "the well", "an empty house"]
_ENDINGS = ["", " and", " because", ", but", ". Then", ', and said: "', " when"]


def seeded(*parts: object) -> np.random.Generator:
    """Seed a random generator with all parts, and nothing else."""
    text = "\x1f".join(map(str, parts))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def generate(spec: Any, rng: np.random.Generator) -> Any:
    """The spec with each `{generate: KIND, ..}` in it replaced by a spec made from `rng`.

    ValueError for an unknown kind or a wrong setting of one.
    """
    if isinstance(spec, list):
        return [generate(part, rng) for part in spec]
    if not isinstance(spec, Mapping):
        return spec
    if "generate" not in spec:
        return {name: generate(part, rng) for name, part in spec.items()}
    settings = {name: part for name, part in spec.items() if name not in ("generate", "from")}
    if "from" in spec:
        settings["low"] = spec["from"]  # `from` is a keyword of Python
    try:
        return GENERATORS[spec["generate"]](rng, **settings)
    except (KeyError, TypeError) as error:
        raise ValueError(f"unknown generated argument, was: {spec!r}") from error


@generator
def generated_integer(rng: np.random.Generator, low: int, to: int) -> int:
    """An integer between `from` and `to`, both included."""
    return int(rng.integers(low, to + 1))


@generator
def generated_number(rng: np.random.Generator, low: float, to: float) -> float:
    """A number between `from` and `to`, with three decimals."""
    return round(float(rng.uniform(low, to)), 3)


@generator
def generated_choice(rng: np.random.Generator, of: list[Any]) -> Any:
    """One entry of the list `of`."""
    return of[int(rng.integers(len(of)))]


@generator
def generated_seeds(rng: np.random.Generator, pattern: str) -> dict[str, list[int]]:
    """One call a seed: equal letters of the pattern (such as "aab") get equal seeds, "0" gets 0."""
    letters = sorted(set(pattern) - {"0"})
    # far apart: a solution may derive the neighbours of a seed from it, one a step
    free = 10**6 - MIN_SEED_DISTANCE * len(letters)
    apart = np.sort(rng.choice(free, len(letters), False))
    apart += MIN_SEED_DISTANCE * np.arange(1, len(letters) + 1)
    by_letter = dict(zip(letters, rng.permutation(apart).tolist(), strict=True))
    by_letter["0"] = 0
    return {"each": [by_letter[letter] for letter in pattern]}


@generator
def generated_sentence(rng: np.random.Generator, end: str | None = None, gap: str = " ") -> str:
    """A text; end: its ending (null: random); gap: the white space after its subject."""
    parts = [generated_choice(rng, list(p)) for p in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)]
    subject, verb, thing, ending = parts
    return f"{subject}{gap}{verb} {thing}{ending if end is None else end}"


@generator
def generated_prompt(rng: np.random.Generator) -> dict[str, str]:
    """(1, T) long: the tokens of a sentence."""
    return {"prompt": generated_sentence(rng)}


@generator
def generated_id_list(
    rng: np.random.Generator,
    vocabulary: int,
    low: int,
    to: int,
    first: int | None = None,
    last: int | None = None,
) -> list[int]:
    """A list of `from` to `to` token ids, 0 excluded; first, last: ids around them."""
    ids: list[int] = rng.integers(1, vocabulary, size=(generated_integer(rng, low, to),)).tolist()
    return [i for i in (first, *ids, last) if i is not None]


@generator
def generated_ids(rng: np.random.Generator, **settings: Any) -> dict[str, list[int]]:
    """(1, T) long: the same ids as a tensor."""
    return {"ids": generated_id_list(rng, **settings)}


@generator
def generated_weights(rng: np.random.Generator, size: int) -> dict[str, list[float]]:
    """(V,): probabilities without ties, each at least 1.05 times the next smaller one."""
    steps = 1.05 + rng.random(size)
    ranked = np.exp(-np.cumsum(np.log(steps)) * 8 / size)
    return {"vector": (rng.permutation(ranked) / ranked.sum()).tolist()}


@generator
def generated_logits(
    rng: np.random.Generator, size: int, dtype: str = "float32", every: int = 1, ties: bool = False
) -> dict[str, Any]:
    """(V,): evenly spaced logits of both signs, shuffled; ties: each value twice."""
    rungs = np.arange(size) // 2 * 2 if ties else np.arange(size)
    ladder = rng.permutation(rungs * 0.5 - 0.2 * size)
    return {"vector": ladder.round(4).tolist(), "dtype": dtype, "every": every}


@generator
def generated_table(
    rng: np.random.Generator, vocabulary: int, eos: int | None = None
) -> dict[str, Any]:
    """A table model: each row is a permutation of values 0.1 apart."""
    rows = [rng.permutation(vocabulary) * 0.1 - 1.0 for _ in range(vocabulary)]
    return {"table": [row.round(4).tolist() for row in rows], "eos": eos}


@generator
def generated_cycle(rng: np.random.Generator, vocabulary: int) -> dict[str, Any]:
    """A table model whose most likely tokens visit the whole vocabulary in turn; eos is 0."""
    order = [0, *(1 + rng.permutation(vocabulary - 1)).tolist()]
    table = rng.random((vocabulary, vocabulary)).round(4)
    table[order, np.roll(order, -1)] = 2.0
    return {"table": table.tolist(), "eos": 0}


@generator
def generated_shuffled(
    rng: np.random.Generator,
    probs: list[float],
    shift: float = 0.0,
    eos: int | None = None,
    zero: int | None = None,
) -> dict[str, Any]:
    """A table model whose rows are the logarithms of these probabilities, each row shuffled anew.

    shift: added to the logits, which changes the effect of a penalty but no probability. zero: the
    index in probs of token 0's probability in every row (null: shuffled like the others).
    """
    logs, fixed = np.log(probs) + shift, [] if zero is None else [zero]
    others = np.delete(logs, fixed)
    rows = [np.concatenate([logs[fixed], rng.permutation(others)]) for _ in probs]
    return {"table": [row.round(6).tolist() for row in rows], "eos": eos}


@generator
def generated_shuffled_row(rng: np.random.Generator, probs: list[float]) -> dict[str, Any]:
    """(V,): the logarithms of these probabilities, shuffled and shifted together."""
    row = rng.permutation(np.log(probs)) + rng.uniform(-3, 3)
    return {"vector": row.round(6).tolist()}


@generator
def generated_peaked(
    rng: np.random.Generator, vocabulary: int, eos: int | None = None
) -> dict[str, Any]:
    """A table model on which greedy search often misses the most likely sequence."""
    table = rng.normal(0.0, 1.0, (vocabulary, vocabulary))
    # some tokens lead to a likely continuation, others do not; a wider search finds out
    table[np.arange(vocabulary), rng.permutation(vocabulary)] += 3.0 * rng.random(vocabulary)
    return {"table": table.round(4).tolist(), "eos": eos}


@generator
def generated_heavy(
    rng: np.random.Generator, size: int, p: float, scale: float = 1.0
) -> dict[str, Any]:
    """A table model: one token has probability p after each token, the others share the rest.

    All logits are positive, and no two alike. scale: what divides them before p is right.
    """
    others = 0.002 * (1 + rng.permutation(size - 1))
    heavy = math.log(p / (1 - p) * np.exp(others).sum())
    row = scale * np.insert(others, size // 2, heavy)
    return {"rotated": row.round(5).tolist()}


@generator
def generated_level(
    rng: np.random.Generator, size: int, level: float, zero: float | None = None
) -> dict[str, Any]:
    """A table model whose logits are all close to `level`; zero: the logit of token 0."""
    row = (level + 0.05 * rng.random(size)).round(4).tolist()
    return {"row": row if zero is None else [zero, *row[1:]]}


@generator
def generated_half(rng: np.random.Generator, size: int, again: int = 0) -> dict[str, list[int]]:
    """(1, T) long: half of a vocabulary, each token once; again: token 0 this often behind it."""
    ids = rng.permutation(size)[: size // 2].tolist()
    return {"ids": [i for i in ids if i or not again] + [0] * again}
