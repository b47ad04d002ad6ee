"""Reading YAML and JSON into dataclasses, strictly: a misspelt key never goes unnoticed.

msgspec and its like reject unknown keys as well, but do not say which keys are allowed.
"""

import json
import math
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from kischule.errors import UserError, shown
from kischule.i18n import LANGUAGES, Text

T = TypeVar("T")
MAX_DEPTH = 40  # of a YAML document
MAX_VALUES = 100_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class DataError(UserError, ValueError):
    """Data that breaks a rule; the message names the file, the rule and what arrived."""


class _UniqueKeys(yaml.SafeLoader):
    """YAML without doubled keys, of which PyYAML would silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"the key {key.value!r} in line {line} is there already")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def load_yaml(text: str, where: str) -> Any:
    """Load a YAML document. DataError for bad YAML and for a key that is there twice.

    Also for one that is nested too deeply, that becomes too large where its aliases are written
    out, or that holds half of a pair of surrogates, which no file takes.
    """
    try:
        loader = _UniqueKeys(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    except Exception as error:  # PyYAML raises whatever a malformed value provokes
        raise DataError(f"{where}: not YAML: {error}") from error


def _check_size(document: yaml.Node) -> None:
    """Raise YAMLError for a document beyond the bounds."""
    sizes: dict[int, int] = {}  # of nodes, each alias counted as what it stands for

    def size(node: yaml.Node, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"must not be nested deeper than {MAX_DEPTH}")
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise yaml.YAMLError(f"line {node.start_mark.line + 1} has half of a character")
        if id(node) not in sizes:
            parts = [] if isinstance(node, yaml.ScalarNode) else node.value
            if isinstance(node, yaml.MappingNode):
                parts = [part for pair in node.value for part in pair]
            sizes[id(node)] = 1 + sum(size(part, depth + 1) for part in parts)
        if sizes[id(node)] > MAX_VALUES:
            raise yaml.YAMLError(f"must not have more than {MAX_VALUES:,} values")
        return sizes[id(node)]

    size(document, 0)


def load_json(text: str | bytes, where: str) -> Any:
    """Load a JSON document. DataError for anything else."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits; depth
        raise DataError(f"{where}: not JSON: {error}") from error


def mapping(data: Any, allowed: Sequence[str], where: str) -> dict[str, Any]:
    """Check that data is a mapping with these keys only."""
    if not isinstance(data, Mapping):
        raise DataError(f"{where} must be a mapping, was: {shown(data)}")
    for key in data:
        if key not in allowed:
            known = ", ".join(allowed) or "none"
            raise DataError(f"{where}: unknown key {shown(key)}; allowed: {known}")
    return dict(data)


def read(cls: type[T], data: Any, where: str) -> T:
    """Read a mapping into a dataclass; fields without a default are required.

    Field types: str, int, float (finite), bool, Text, Any, enumerations, unions of these,
    tuple[X, ...], Mapping[str, X] and other dataclasses.
    """
    hints, known = get_type_hints(cls), fields(cls)  # type: ignore[arg-type]
    given = mapping(data, [f.name for f in known], where)
    for f in known:
        if f.name not in given and f.default is MISSING and f.default_factory is MISSING:
            raise DataError(f"{where}: the key {f.name!r} is missing")
    return cls(**{key: value_of(hints[key], v, where, key) for key, v in given.items()})


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
    inside = f"{where}: {key}"
    if kind is Any:
        return value
    if kind is Text:
        return read_text(value, inside)
    if get_origin(kind) in (Union, types.UnionType):
        return _one_of(get_args(kind), value, where, key)
    if get_origin(kind) is tuple and _is(value, list):
        return tuple(
            value_of(get_args(kind)[0], v, inside, str(i + 1)) for i, v in enumerate(value)
        )
    if get_origin(kind) is not None and get_origin(kind) is not tuple and _is(value, dict):
        if odd := [k for k in value if not isinstance(k, str)]:
            raise DataError(f"{inside}: a key must be text, was: {shown(odd[0])}")
        return {k: value_of(get_args(kind)[1], v, inside, str(k)) for k, v in value.items()}
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
        return read(kind, value, inside)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, inside)
    wanted: Any = {float: (int, float)}.get(kind, kind)
    if not isinstance(wanted, (type, tuple)) or not _is(value, wanted):
        raise DataError(f"{where}: {key!r} has the wrong type, was: {shown(value)}")
    return _finite(value, inside) if kind is float else value


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(str(member.value) for member in kind)
        raise DataError(f"{where} must be one of {known}, was: {shown(value)}") from error


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
    raise DataError(f"{where}: {key!r} has the wrong type, was: {shown(value)}")


def _is(value: Any, wanted: Any) -> bool:
    """Return True if the type fits; True and False are not numbers."""
    return isinstance(value, wanted) and (isinstance(value, bool) == (wanted is bool))


def read_text(data: Any, where: str, one_line: bool = False) -> Text:
    """Read a text in both languages, `{de: .., en: ..}`."""
    given = mapping(data, LANGUAGES, where)
    if set(given) != set(LANGUAGES):
        missing = ", ".join(given) or "neither"
        raise DataError(f"{where} needs both de and en, was: {missing}")
    for value in given.values():
        if not isinstance(value, str):
            raise DataError(f"{where} must be text, was: {shown(value)}")
        if one_line and (not value.strip() or "\n" in value):
            raise DataError(f"{where} must be one line in each language, was: {shown(value)}")
    return Text(given["de"], given["en"])
