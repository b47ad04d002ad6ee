"""The schema of exercise files: for editors as JSON, and for errors that name a line.

Checkers, argument kinds and generated kinds are taken from their registries, keys from the
dataclasses. After a change of one of these run `python -m autograder.checking.schema`.
"""

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import autograder.exercises
from autograder.checking import judge  # noqa: F401  registers the checkers
from autograder.checking.registry import CHECKERS
from autograder.exercises import misconceptions
from autograder.exercises.exercise import (
    CASE_KEYS,
    ENTRIES,
    PACKAGED,
    ExerciseError,
    ExerciseFile,
)
from autograder.exercises.generate import GENERATORS, generated_id_list
from autograder.exercises.strict import DataError, inside, load_yaml, mapping, not_one_of
from autograder.files import write_atomically
from autograder.sandbox.arguments import KINDS, Kind
from kischule.i18n import EDITIONS, INFORMAL, Text

PATH = Path(autograder.exercises.__path__[0]) / "exercise.schema.json"
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
PLAIN = {"type": ["string", "number", "boolean", "null", "array"]}  # arguments, as they are
RULES = [name for name, rule in vars(misconceptions).items() if inspect.isfunction(rule)]
Schema = dict[str, Any]


# --- errors -------------------------------------------------------------------------------------


def check_names(content: str, name: str, exercises: Sequence[str] = ()) -> None:
    """Look up what an exercise file names: checkers, kinds, misconceptions, other exercises.

    content: of a file that `parse_exercise` reads, which errors call `name`. exercises: that it may
    build on, beside the package's. ExerciseError.
    """
    try:
        data, place = load_yaml(content, name)
        helpers, needs = data.get("helpers"), data.get("needs")
        _look_up([(data["checker"], inside(place, "checker"))], sorted(CHECKERS))
        _look_up(_parts(helpers, inside(place, "helpers")), sorted(CHECKERS))
        _look_up(_parts(needs, inside(place, "needs")), [*PACKAGED, *exercises])
        for given, where in _listed(data, place, "misconceptions"):
            _look_up([(given["rule"], inside(where, "rule"))], RULES)
        for key in ("cases", "hidden"):
            for case, where in _listed(data, place, key):
                _look_up(_parts(case.get("catches"), inside(where, "catches")), RULES)
                arguments = {name: case[name] for name in case if name not in CASE_KEYS}
                for spec, spot in _parts(arguments, where):
                    _check_argument(spec, spot)
    except DataError as error:
        raise ExerciseError(str(error)) from error


def _look_up(values: Iterable[tuple[Any, str]], known: Sequence[str]) -> None:
    for value, where in values:
        if value not in known:
            raise not_one_of(known, value, where)


def _listed(data: Any, place: str, key: str) -> Iterator[tuple[Any, str]]:
    return _parts(data.get(key), inside(place, key, ""), ENTRIES[key])


def _parts(whole: Any, where: str, name: str = "") -> Iterator[tuple[Any, str]]:
    """Yield what a list or a mapping holds, each part with its place."""
    if isinstance(whole, list):
        for number, part in enumerate(whole, start=1):
            yield part, inside(where, number, f"{name} {number}".strip())
    elif isinstance(whole, Mapping):
        for key, part in whole.items():
            yield part, inside(where, key)


def _check_argument(spec: Any, where: str, data: bool = False) -> None:
    """Look up the kinds in an argument. data: a mapping stands for itself, unless generated."""
    inner = spec
    if isinstance(spec, list):
        data = True
    elif not isinstance(spec, Mapping):
        return
    elif "generate" in spec:
        _look_up([(spec["generate"], inside(where, "generate"))], sorted(GENERATORS))
        mapping(spec, ["generate", *_settings(spec["generate"])], where)
        for part, spot in _parts(spec.get("of"), inside(where, "of")):
            _check_argument(part, spot, data)
        inner = {key: value for key, value in spec.items() if key != "of"}
    elif "each" in spec:
        inner, where = spec["each"], inside(where, "each")
    elif not data:
        kind = next((KINDS[key] for key in spec if key in KINDS), None)
        known = [*KINDS, "generate", "each"] if kind is None else _fields(kind)
        mapping(spec, known, where)
        if kind is None:
            raise DataError(f"{where} must name the kind of an argument, was: {{}}")
        data = kind.key not in ("list", "dict")
        if not data:
            inner, where = spec[kind.key], inside(where, kind.key)
    for part, spot in _parts(inner, where):
        _check_argument(part, spot, data)


def _fields(kind: type[Kind]) -> list[str]:
    return [f.name for f in fields(kind)]  # type: ignore[arg-type]


def _settings(kind: str) -> dict[str, inspect.Parameter]:
    """The settings of a generated kind, by their names in exercise files."""
    found = inspect.signature(GENERATORS[kind]).parameters
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in found.values()):
        found = inspect.signature(generated_id_list).parameters  # which it hands them to
    return {"from" if name == "low" else name: p for name, p in found.items() if name != "rng"}


# --- JSON schema --------------------------------------------------------------------------------


def schema() -> Schema:
    """Make the JSON schema of exercise files, in the draft that editors read."""
    text, checker = _ref("text"), {"enum": sorted(CHECKERS)}
    languages: Schema = {language: {"type": "string"} for language in EDITIONS}
    rule = {"rule": {"type": "string"}, **languages, "function": {"type": "string"}}
    file = _typed(ExerciseFile)
    file["properties"] |= {
        "checker": checker,
        "helpers": {"type": "object", "additionalProperties": checker},
        "read": text,
        "misconceptions": {"type": "array", "items": _object(rule, ["function", INFORMAL])},
        "cases": {"type": "array", "items": _case("argument")},
        "hidden": {"type": "array", "items": _case("hidden")},
    }
    generated = [_generated(kind) for kind in GENERATORS]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "An exercise of kischule",
        **file,
        "definitions": {
            "text": _object(languages, [INFORMAL]),
            "argument": {"anyOf": _kinds_of("argument")},
            "hidden": {"anyOf": [*_kinds_of("hidden"), _ref("generated")]},
            "generated": {"anyOf": generated},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _object(properties: Schema, optional: Sequence[str] = ()) -> Schema:
    needed = [name for name in properties if name not in optional]
    closed = {"properties": properties, "required": needed, "additionalProperties": False}
    return {"type": "object", **closed}


def _typed(kind: Any, inner: Schema | None = None) -> Schema:
    """The schema of a declared type. inner: in the place of Any."""
    arguments = [_typed(each, inner) for each in get_args(kind) if each is not ...]
    if kind is Any:
        return inner or {}
    if kind is Text:
        return _ref("text")
    if get_origin(kind) in (Union, UnionType):
        return {"anyOf": arguments}
    if get_origin(kind) is not None and len(arguments) == 1:
        return {"type": "array", "items": arguments[0]}
    if get_origin(kind) is not None:
        return {"type": "object", "additionalProperties": arguments[1]}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        given = {f.name for f in fields(kind) if f.default is f.default_factory is MISSING}
        found = {f.name: _typed(hints[f.name], inner) for f in fields(kind)}
        return _object(found, [name for name in found if name not in given])
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return {"type": TYPES[kind]}


def _case(argument: str) -> Schema:
    own = {name: {"type": "string"} for name in CASE_KEYS}
    own |= {"catches": _typed(tuple[str, ...]), "first_calls": _typed(int)}
    return {"type": "object", "properties": own, "additionalProperties": _ref(argument)}


def _kinds_of(name: str) -> list[Schema]:
    """Plain values, and all argument kinds; in hidden cases any part can be generated."""
    found = []
    for kind in KINDS.values():
        made = {**_typed(kind, _ref(name)), "description": inspect.getdoc(kind)}
        if name == "hidden":
            made["properties"] = {n: _or_generated(p) for n, p in made["properties"].items()}
        found.append(made)
    each = {"each": {"type": "array", "items": _ref(name)}}
    return [PLAIN, _object(each), *found]


def _generated(kind: str) -> Schema:
    settings = _settings(kind)
    found = {n: _or_generated(_typed(p.annotation, _ref("hidden"))) for n, p in settings.items()}
    optional = [n for n, p in settings.items() if p.default is not p.empty]
    about = {"description": inspect.getdoc(GENERATORS[kind])}
    return {**_object({"generate": {"const": kind}, **found}, optional), **about}


def _or_generated(part: Schema) -> Schema:
    return {"anyOf": [part, _ref("generated")]}


def written() -> str:
    """The schema as the package publishes it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    write_atomically(PATH, written().encode())
