"""Reading YAML and JSON into dataclasses, strictly: a misspelt key never goes unnoticed.

msgspec and its like reject unknown keys as well, but do not say which keys are allowed.
"""

import difflib
import json
import math
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from kischule.errors import UserError, shown
from kischule.i18n import EDITIONS, INFORMAL, LANGUAGES, Text, in_editions

T = TypeVar("T")
MAX_DEPTH = 40  # of a YAML document
MAX_VALUES = 100_000
MAX_NAMED = 40  # values that an error lists
_SURROGATE = re.compile("[\ud800-\udfff]")


class DataError(UserError, ValueError):
    """Data that breaks a rule; the message names the file, the rule and what arrived."""


class _NoDoubles:
    """Mixed into a loader: refuses doubled keys, of which PyYAML would silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise _error_at(key, f"the key {key.value!r} is there already")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)  # type: ignore[misc]

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except yaml.YAMLError:
            raise
        except Exception as error:  # PyYAML raises whatever a malformed value provokes
            raise _error_at(node, str(error)) from error


class _UniqueKeys(_NoDoubles, yaml.SafeLoader):
    """YAML as PyYAML itself reads it."""


class _Quick(_NoDoubles, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as libyaml reads it, where it is installed: the same data in a fifth of the time."""


def _error_at(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _key_of(node: yaml.Node) -> Any:
    """The key as Python has it: `on`, `yes` and `5` are not text."""
    return _UniqueKeys("").construct_document(node)


class Place(str):
    """The place of a value in a YAML file, as an error names it: file, line, and keys."""

    parts: tuple[str, yaml.Node, int, tuple[str, ...]]

    def __new__(
        cls, file: str, node: yaml.Node, line: int = 0, keys: tuple[str, ...] = ()
    ) -> "Place":
        """Name the place of a node; line: 0 for the whole document."""
        place = super().__new__(cls, ": ".join([f"{file}, line {line}" if line else file, *keys]))
        place.parts = (file, node, line, keys)
        return place

    def inside(self, key: object, name: str) -> "Place":
        """The place of a value in this one; of a list by its number, from 1. name: may be empty."""
        file, node, line, keys = self.parts
        if isinstance(node, yaml.MappingNode):  # own keys come after those of `<<`
            for marked, value in reversed(node.value):
                if key == (marked.value if isinstance(key, str) else _key_of(marked)):
                    node, line = value, marked.start_mark.line + 1
                    break
        elif isinstance(node, yaml.SequenceNode):
            node = node.value[int(str(key)) - 1]
            line = node.start_mark.line + 1
        return Place(file, node, line, (*keys, name) if name else keys)


def inside(where: str, key: object, name: str | None = None) -> str:
    """The place of the value under a key. name: the key's in errors; "": it has none there."""
    name = str(key) if name is None else name
    if isinstance(where, Place):
        return where.inside(key, name)
    return f"{where}: {name}" if name else where


def load_yaml(text: str, name: str, *, tested: bool = False) -> tuple[Any, str]:
    """Load a YAML document, and its place for errors. name: the file's.

    tested: libyaml is known to find in it what PyYAML finds.

    DataError for bad YAML, for a key that is there twice, for a document that is nested too deeply,
    that becomes too large where its aliases are written out, or that holds half of a pair of
    surrogates, which no file takes.
    """
    if tested:
        with suppress(Exception):  # raised again below, in PyYAML's words
            return _document(_Quick(text), name)
    try:
        return _document(_UniqueKeys(text), name)
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        line = f", line {mark.line + 1}" if mark else ""
        raise DataError(f"{name}{line}: not YAML: {problem}") from error
    except yaml.reader.ReaderError as error:
        line = f", line {text.count(chr(10), 0, error.position) + 1}"
        raise DataError(f"{name}{line}: not YAML: {shown(text[error.position])} in it") from error
    except Exception as error:  # of depth
        raise DataError(f"{name}: not YAML: {error}") from error


def _document(loader: Any, name: str) -> tuple[Any, str]:
    node = loader.get_single_node()
    if node is None:
        return None, name
    _check_size(node)
    return loader.construct_document(node), Place(name, node)


def _check_size(document: yaml.Node) -> None:
    """Raise YAMLError for a document beyond the bounds."""
    sizes: dict[int, int] = {}  # of nodes, each alias counted as what it stands for

    def size(node: yaml.Node, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise _error_at(node, f"must not be nested deeper than {MAX_DEPTH}")
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise _error_at(node, "half of a character")
        if id(node) not in sizes:
            parts = [] if isinstance(node, yaml.ScalarNode) else node.value
            if isinstance(node, yaml.MappingNode):
                parts = [part for pair in node.value for part in pair]
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in parts)
        if sizes[id(node)] > MAX_VALUES:
            raise _error_at(node, f"must not have more than {MAX_VALUES:,} values")
        return sizes[id(node)]

    size(document, 0)


def load_json(text: str | bytes, where: str) -> Any:
    """Load a JSON document. DataError for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits; depth
        raise DataError(f"{where}: not JSON: {error}") from error


def meant(word: object, known: Iterable[str]) -> str:
    """Ask for the known word that is most like this one, in brackets; "" if none is."""
    like = difflib.get_close_matches(word, known, 1) if isinstance(word, str) else []
    return f" (did you mean {like[0]!r}?)" if like else ""


def mapping(data: Any, allowed: Sequence[str], where: str) -> dict[str, Any]:
    """Check that data is a mapping with these keys only."""
    if not isinstance(data, Mapping):
        raise DataError(f"{where} must be a mapping, was: {shown(data)}")
    for key in data:
        if key not in allowed:
            known, asked = ", ".join(allowed) or "none", f"{shown(key)}{meant(key, allowed)}"
            raise DataError(f"{inside(where, key, '')}: unknown key {asked}; allowed: {known}")
    return dict(data)


def read(cls: type[T], data: Any, where: str) -> T:
    """Read a mapping into a dataclass; fields without a default are required.

    Field types: str, int, float (finite), bool, Text, Any, enumerations, unions of these,
    tuple[X, ...], Mapping[str, X] and other dataclasses.
    """
    hints, known = _hints_of(cls), fields(cls)  # type: ignore[arg-type]
    given = mapping(data, [f.name for f in known], where)
    for f in known:
        if f.name not in given and f.default is MISSING and f.default_factory is MISSING:
            raise DataError(f"{where}: the key {f.name!r} is missing")
    return cls(**{key: value_of(hints[key], v, where, key) for key, v in given.items()})


@cache  # evaluating them takes most of the time of a record, and a class has thousands
def _hints_of(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def typed(data: Any, allowed: Mapping[str, type], where: str) -> dict[str, Any]:
    """Check the keys of a mapping and the types of its values; a key with a ? is optional."""
    kinds = {key.rstrip("?"): kind for key, kind in allowed.items()}
    given = mapping(data, list(kinds), where)
    for key in allowed:
        if not key.endswith("?") and key not in given:
            raise DataError(f"{where}: the key {key!r} is missing")
    return {key: value_of(kinds[key], value, where, key) for key, value in given.items()}


def value_of(kind: Any, value: Any, where: str, key: str) -> Any:
    """Read one value of a declared type; tuples and mappings entry by entry."""
    place = inside(where, key)
    if kind is Any:
        return value
    if kind is Text:
        return read_text(value, place)
    if get_origin(kind) in (Union, types.UnionType):
        return _one_of(get_args(kind), value, where, key)
    if get_origin(kind) is tuple and _is(value, list):
        return tuple(value_of(get_args(kind)[0], v, place, str(i + 1)) for i, v in enumerate(value))
    if get_origin(kind) is not None and get_origin(kind) is not tuple and _is(value, dict):
        if odd := [k for k in value if not isinstance(k, str)]:
            raise DataError(f"{place}: a key must be text, was: {shown(odd[0])}")
        return {k: value_of(get_args(kind)[1], v, place, str(k)) for k, v in value.items()}
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
        return read(kind, value, place)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, place)
    wanted: Any = {float: (int, float)}.get(kind, kind)
    if not isinstance(wanted, (type, tuple)) or not _is(value, wanted):
        raise _wrong_type(value, where, key)
    return _finite(value, place) if kind is float else value


def _wrong_type(value: Any, where: str, key: str) -> DataError:
    place = inside(where, key, "")
    return DataError(f"{place}: {key!r} has the wrong type, was: {shown(value)}")


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        raise not_one_of([str(member.value) for member in kind], value, where) from error


def not_one_of(known: Sequence[str], value: object, where: str) -> DataError:
    """Make the error of a value that is none of those known."""
    asked = f"{shown(value)}{meant(value, known)}"
    few = [*known[:MAX_NAMED], "…"] if len(known) > MAX_NAMED else known
    return DataError(f"{where} must be one of {', '.join(few)}, was: {asked}")


def _finite(value: float, where: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise DataError(f"{where} must be a finite number, was: {shown(value)}")
    return number


def _one_of(kinds: Sequence[Any], value: Any, where: str, key: str) -> Any:
    kinds = [kind for kind in kinds if kind is not type(None) or value is None]
    if len(kinds) == 1:  # its own words say more
        return value_of(kinds[0], value, where, key)
    for kind in kinds:
        try:
            return value_of(kind, value, where, key)
        except DataError:
            continue
    raise _wrong_type(value, where, key)


def _is(value: Any, wanted: Any) -> bool:
    """Return True if the type fits; True and False are not numbers."""
    return isinstance(value, wanted) and (isinstance(value, bool) == (wanted is bool))


def read_text(data: Any, where: str, one_line: bool = False) -> Text:
    """Read a text in both languages, `{de: .., en: ..}`, and perhaps the German that says du."""
    given = mapping(data, EDITIONS, where)
    if not set(LANGUAGES) <= set(given):
        missing = ", ".join(given) or "neither"
        raise DataError(f"{where} needs both de and en, was: {missing}")
    for key, value in given.items():
        place = inside(where, key, "")
        if not isinstance(value, str):
            raise DataError(f"{place} must be text, was: {shown(value)}")
        if one_line and (not value.strip() or "\n" in value):
            raise DataError(f"{place} must be one line in each language, was: {shown(value)}")
    return in_editions(given["de"], given["en"], given.get(INFORMAL))
