"""Arguments as data: each kind is a class, and says all about itself.

What a case hands to a student is written as a *spec*, plain data that fits into YAML and JSON, so
that a case can cross into another process. A plain value stands for itself (`5`, `0.7`, `"text"`,
`true`, `null`, `[1, 2]`); a mapping is of the kind that one of its keys names:
`{vector: [1, 2], dtype: float16}` is a `Vector`. A new kind is a new class here; a test compares
the table in docs/arguments.md with the docstrings below.

Exercise files name `mini`, the embedded model; `for_model` puts another one in its place.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from autograder.sandbox.data import FLOATS, FUNCTIONS
from autograder.sandbox.models import (
    MINI,
    SpyModel,
    TableModel,
    end_of,
    model_of,
    table_model,
    tokenizer_of,
)
from autograder.sandbox.text import shortened

K = TypeVar("K", bound="Kind")
KINDS: dict[str, type[Kind]] = {}  # by the field that names them
MAX_SHOWN = 8  # numbers of a list in a described call


class Kind:
    """An argument that is not plain data. `key` is the field by which its specs are known."""

    key: ClassVar[str]
    yaml: ClassVar[str]  # an example

    def build(self) -> Any:
        """The object that a student's function gets."""
        raise NotImplementedError

    def describe(self, shown: int | None = None) -> str:
        """The argument as one would type it; "" where its parameter's name says enough.

        shown: numbers of a list, so that the argument fits into a sentence; None: all, so that it
        can be run.
        """
        return ""

    def for_model(self, name: str) -> Kind:
        """The same argument with another model where it names `mini`."""
        return self

    def spec(self) -> dict[str, Any]:
        """The plain data that stands for it; fields that have their default are left out."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}  # type: ignore[arg-type]


def kind(yaml: str) -> Callable[[type[K]], type[K]]:
    """Register a dataclass of arguments under its first field; yaml: an example for the docs."""

    def register(cls: type[K]) -> type[K]:
        cls.key, cls.yaml = fields(cls)[0].name, yaml  # type: ignore[arg-type]
        KINDS[cls.key] = cls
        return cls

    return register


def kind_of(spec: Any) -> Kind | None:
    """The kind that a spec is written as; None for plain data. ValueError for any other mapping."""
    if not isinstance(spec, Mapping):
        return None
    found = next((KINDS[key] for key in spec if key in KINDS), None)
    if found is None or not _is_spec_of(found, spec):
        known = ", ".join(kind.yaml for kind in KINDS.values())
        raise ValueError(f"an argument that is a mapping must be one of {known}; was: {spec!r}")
    return found(**spec)


def _is_spec_of(found: type[Kind], spec: Mapping[str, Any]) -> bool:
    known = {f.name: f for f in fields(found)}  # type: ignore[arg-type]
    needed = {name for name, f in known.items() if f.default is MISSING}
    main = spec.get(found.key)
    declared = str(known[found.key].type)
    wanted = {"Seq": list, "lis": list, "Map": dict, "int": int}.get(declared[:3], str)
    return needed <= spec.keys() <= known.keys() and isinstance(main, wanted)


def build(spec: Any) -> Any:
    """The object that a spec stands for; a list is a copy, which is the student's to spoil."""
    found = kind_of(spec)
    return copy.deepcopy(spec) if found is None else found.build()


def describe(name: str, spec: Any, whole: bool = False) -> str:
    """The argument of this parameter as one would type it; whole: with all its numbers."""
    found = kind_of(spec)
    if found is None:
        return repr(spec) if whole else shortened(repr(spec))
    return found.describe(None if whole else MAX_SHOWN) or name


def calls_of(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The specs of each call of a case: one call, or one for each entry of `{each: [..]}`."""
    many = [n for n, spec in arguments.items() if isinstance(spec, Mapping) and "each" in spec]
    if not many:
        return [dict(arguments)]
    if len(many) > 1:
        raise ValueError(f"only one argument can have `each`, was: {', '.join(many)}")
    (name,) = many
    return [{**arguments, name: one} for one in arguments[name]["each"]]


def _listed(values: list[Any], shown: int | None, show: Callable[[Any], str] = repr) -> str:
    more = ["..."] if len(values) > len(values[:shown]) else []
    return f"[{', '.join([*map(show, values[:shown]), *more])}]"


# --- a model and its tokenizer ------------------------------------------------------------------


class OfModel(Kind):
    """An argument that names a model in one of its fields."""

    field: ClassVar[str]

    def for_model(self, name: str) -> Kind:
        return replace(self, **{self.field: name}) if getattr(self, self.field) == MINI else self  # type: ignore[type-var]


@kind("{tokenizer: mini}")
@dataclass(frozen=True)
class TokenizerOf(OfModel):
    """A model's tokenizer, by a name or folder of `kischule.load`."""

    tokenizer: str
    field: ClassVar[str] = "tokenizer"

    def build(self) -> Any:
        return tokenizer_of(self.tokenizer)


@kind("{model: mini}")
@dataclass(frozen=True)
class ModelOf(OfModel):
    """The model."""

    model: str
    field: ClassVar[str] = "model"

    def build(self) -> Any:
        return model_of(self.model)


@kind("{spy: mini}")
@dataclass(frozen=True)
class SpyOf(OfModel):
    """The model, but `generate` reports its settings."""

    spy: str
    field: ClassVar[str] = "spy"

    def build(self) -> Any:
        return SpyModel.of(model_of(self.spy))


@kind('{prompt: "text", of: mini}')
@dataclass(frozen=True)
class Prompt(OfModel):
    """(1, T) long: the text's tokens; of: whose tokens (mini)."""

    prompt: str
    of: str = MINI
    field: ClassVar[str] = "of"

    def build(self) -> Tensor:
        ids = tokenizer_of(self.of)(self.prompt)["input_ids"]
        return torch.tensor([ids], dtype=torch.long)

    def describe(self, shown: int | None = None) -> str:
        return f"encode_prompt(tokenizer, {self.prompt!r})"

    def for_model(self, name: str) -> Kind:
        return Prompt(with_end_of(self.prompt, name), of=name)


@kind('{probs_after: "text", of: mini}')
@dataclass(frozen=True)
class ProbsAfter(OfModel):
    """(V,) float32: the distribution of the token after the text; of: whose (mini)."""

    probs_after: str
    of: str = MINI
    field: ClassVar[str] = "of"

    def build(self) -> Tensor:
        with torch.inference_mode():
            logits = model_of(self.of)(Prompt(self.probs_after, of=self.of).build()).logits
        return logits[0, -1].softmax(-1).clone()

    def describe(self, shown: int | None = None) -> str:
        return f"next_token_probs(model, encode_prompt(tokenizer, {self.probs_after!r}))"

    def for_model(self, name: str) -> Kind:
        return ProbsAfter(with_end_of(self.probs_after, name), of=name)


def with_end_of(text: str, name: str) -> str:
    """The text with another model's end token in place of `mini`'s."""
    return text.replace(end_of(MINI), end_of(name))


# --- models given by their logits ---------------------------------------------------------------


class OfTable(Kind):
    """A `TableModel`; eos: its end token."""

    eos: int | None

    def typed(self, table: str, size: int, more: str = "") -> str:
        """The model as one would type it; size: an end token of its own comes after these."""
        return f"table_model({table}, eos={size if self.eos is None else self.eos}{more})"


@kind("{table: [[0.0, 1.0], [2.0, 0.0]], eos: 0}")
@dataclass(frozen=True)
class Table(OfTable):
    """A `TableModel` with these logits, (V, V); eos: its end token (null: one that never comes)."""

    table: list[list[float]]
    eos: int | None = None

    def build(self) -> TableModel:
        return table_model(self.table, eos=self.eos)

    def describe(self, shown: int | None = None) -> str:
        size = len(self.table)
        rows = None if shown is None else max(1, shown // size)
        return self.typed(_listed(self.table, rows, lambda row: _listed(row, shown)), size)


@kind("{row: [0.0, 1.0], eos: 0}")
@dataclass(frozen=True)
class Row(OfTable):
    """A `TableModel` in which all rows are this one: each next token is independent."""

    row: list[float]
    eos: int | None = None

    def build(self) -> TableModel:
        return table_model(self.row, eos=self.eos)

    def describe(self, shown: int | None = None) -> str:
        return self.typed(_listed(self.row, shown), len(self.row))


@kind("{rotated: [0.0, 1.0], eos: 0}")
@dataclass(frozen=True)
class Rotated(OfTable):
    """A `TableModel` whose row i is this one, moved on by i places."""

    rotated: list[float]
    eos: int | None = None

    def build(self) -> TableModel:
        return table_model(self.rotated, eos=self.eos, rotated=True)

    def describe(self, shown: int | None = None) -> str:
        row = _listed(self.rotated, shown)
        return self.typed(row, len(self.rotated), ", rotated=True")


# --- tensors ------------------------------------------------------------------------------------


@kind("{ids: [5, 7]}")
@dataclass(frozen=True)
class Ids(Kind):
    """(1, T) long: these token ids."""

    ids: list[int]

    def build(self) -> Tensor:
        return torch.tensor([self.ids], dtype=torch.long)

    def describe(self, shown: int | None = None) -> str:
        return f"tensor([{_listed(self.ids, shown)}])"


@kind("{vector: [0.5, -1.0], dtype: float16, every: 2}")
@dataclass(frozen=True)
class Vector(Kind):
    """(V,) float32 or another dtype; every: not contiguous, each n-th of a longer tensor."""

    vector: list[float]
    dtype: str = "float32"
    every: int = 1

    def build(self) -> Tensor:
        if self.dtype not in FLOATS or self.every < 1:
            raise ValueError(
                f"dtype must be one of {FLOATS} and every at least 1, "
                f"was: {self.dtype}, {self.every}"
            )
        size, dtype = len(self.vector) * self.every, getattr(torch, self.dtype)
        vector = torch.full((size,), 99.0, dtype=dtype)[:: self.every]
        vector[:] = torch.tensor(self.vector, dtype=torch.float64)
        return vector

    def describe(self, shown: int | None = None) -> str:
        dtype = "" if self.dtype == "float32" else f", dtype=torch.{self.dtype}"
        # without a point or an infinity anywhere it would be a tensor of integers
        whole = all(math.isfinite(n) and n == int(n) for n in self.vector)
        show = (lambda n: repr(float(n))) if whole else "{:.15g}".format
        numbers = _listed(self.vector, shown, show)
        strided = f".repeat_interleave({self.every})[::{self.every}]" if self.every > 1 else ""
        return f"tensor({numbers}{dtype}){strided}"


@kind("{tensor: [[1, 2], [3, 4]], dtype: int64}")
@dataclass(frozen=True)
class AnyTensor(Kind):
    """A tensor of any shape, float32 or another dtype: a float's, int64 or bool."""

    tensor: list[Any]
    dtype: str = "float32"

    def build(self) -> Tensor:
        if self.dtype not in (*FLOATS, "int64", "bool"):
            allowed = ", ".join((*FLOATS, "int64", "bool"))
            raise ValueError(f"dtype must be one of {allowed}, was: {self.dtype}")
        return torch.tensor(self.tensor, dtype=getattr(torch, self.dtype))

    def describe(self, shown: int | None = None) -> str:
        dtype = "" if self.dtype == "float32" else f", dtype=torch.{self.dtype}"
        return f"tensor({self.tensor}{dtype})"


# --- lists, dicts, functions --------------------------------------------------------------------


@kind("{list: [{vector: [0.5]}, 5]}")
@dataclass(frozen=True)
class ListOf(Kind):
    """A list whose entries are arguments of these kinds themselves."""

    list: Sequence[Any]

    def build(self) -> Any:
        return [build(spec) for spec in self.list]

    def describe(self, shown: int | None = None) -> str:
        return f"[{', '.join(describe('...', spec, shown is None) for spec in self.list)}]"


@kind("{dict: {name: 5, row: {vector: [0.5]}}}")
@dataclass(frozen=True)
class DictOf(Kind):
    """A dict whose values are arguments of these kinds themselves."""

    dict: Mapping[str, Any]

    def build(self) -> Any:
        return {name: build(spec) for name, spec in self.dict.items()}

    def describe(self, shown: int | None = None) -> str:
        whole = shown is None
        entries = (f"{n!r}: {describe('...', spec, whole)}" for n, spec in self.dict.items())
        return "{" + ", ".join(entries) + "}"


@kind("{function: upper}")
@dataclass(frozen=True)
class FunctionOf(Kind):
    """A function of Python (abs, len, max, min, round, sorted, sum), of str or of torch.

    str's are lower, strip, upper; torch's are argmax, exp, log, relu.
    """

    function: str

    def build(self) -> Any:
        if self.function not in FUNCTIONS:
            known = ", ".join(FUNCTIONS)
            raise ValueError(f"function must be one of {known}, was: {self.function}")
        return FUNCTIONS[self.function]

    def describe(self, shown: int | None = None) -> str:
        return self.function
