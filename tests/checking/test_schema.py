"""The schema of exercise files: as editors read it, and as errors name a line by it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from autograder.checking.schema import PATH, check_names, written
from autograder.exercises.exercise import PACKAGED, ExerciseError, parse_exercise
from autograder.exercises.generate import EXAMPLES
from autograder.sandbox.arguments import KINDS

OWN = """\
id: own
title: {de: a, en: a}
parameters: [logits, settings]
checker: tensor
read: {de: b, en: b}
helpers: {helper: number}
needs: [filter_top_k]
misconceptions: [{rule: top_p_probs, de: c, en: c}]
cases:
  - {logits: {vector: [0.5]}, settings: [{top_k: 5}]}
hidden:
  - {catches: [top_k_probs], logits: {generate: logits, size: 3}, settings: {list: [{vector: [1]}]}}
  - {logits: {generate: choice, of: [{ids: [1]}, {model: mini}]}, settings: {dict: {a: {ids: [1]}}}}
"""
KEYS = ["title", "cases", "parameters"]
# what is changed, the line of the change, what is said
WRONG = {
    "checker": ("checker: tensor", "tensr", 4, "checker must be one of"),
    "helper": ("helper: number", "numbr", 6, "helpers: helper must be one of"),
    "needs": ("[filter_top_k]", "filter_topk", 7, "needs: 1 must be one of"),
    "rule": ("rule: top_p_probs", "top_p_prob", 8, "misconception 1: rule must be one of"),
    "catches": ("[top_k_probs]", "top_k_prob", 12, "hidden 1: catches: 1 must be one of"),
    "kind": ("{vector: [0.5]", "vectr", 10, "case 1: logits: unknown key 'vectr'"),
    "setting": ("size: 3", "sise", 12, "hidden 1: logits: unknown key 'sise'"),
    "draw": ("generate: logits", "logit", 12, "hidden 1: logits: generate must be one of"),
    "list": ("{vector: [1]", "vectr", 12, "hidden 1: settings: list: 1: unknown key 'vectr'"),
    "choice": ("{model: mini", "modle", 13, "hidden 2: logits: of: 2: unknown key 'modle'"),
    "dict": ("{a: {ids: [1]", "idss", 13, "hidden 2: settings: dict: a: unknown key 'idss'"),
}
MEANT = {"tensr": "tensor", "numbr": "number", "vectr": "vector", "sise": "size"}
MEANT |= {"filter_topk": "filter_top_k", "top_p_prob": "top_p_probs", "top_k_prob": "top_k_probs"}
MEANT |= {"logit": "logits", "modle": "model", "idss": "ids"}


def _wrong(name: str) -> str:
    """The file with one word misspelt."""
    old, word, _, _ = WRONG[name]
    assert OWN.count(old) == 1
    return OWN.replace(old, old.replace(MEANT[word], word, 1))


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schema = json.loads(PATH.read_text(encoding="utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert PATH.read_text(encoding="utf-8") == written(), "run `make schema`"


@pytest.mark.parametrize("name", list(PACKAGED))
def test_the_packages_files_follow_it(validator: Draft7Validator, name: str) -> None:
    text = PACKAGED.paths[name].read_text(encoding="utf-8")
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    check_names(text, f"{name}.yaml")


def test_a_right_file_is_accepted(validator: Draft7Validator) -> None:
    parse_exercise(OWN, "own.yaml")
    check_names(OWN, "own.yaml")
    assert list(validator.iter_errors(yaml.safe_load(OWN))) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_misspelt_word_is_named_with_its_line(validator: Draft7Validator, name: str) -> None:
    _, word, line, said = WRONG[name]
    text = _wrong(name)
    parse_exercise(text, "own.yaml")  # whose floor does not know the kinds
    with pytest.raises(ExerciseError) as caught:
        check_names(text, "own.yaml")
    assert str(caught.value).startswith(f"own.yaml, line {line}: {said}")
    assert f"{word!r} (did you mean {MEANT[word]!r}?)" in str(caught.value)
    if name not in ("needs", "rule", "catches"):  # which an editor cannot know
        assert not validator.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "changes",
    [
        {"chekcer": "tensor"},
        {"bonus": {"open": 1}},
        {"rounds": "two"},
        {"title": {"de": "a"}},
        {"read": 5},
        {"needs": ["a", ["b"]]},
        {"reference": "solutoin"},
        {"helpers": {"a": "numbr"}},
        {"misconceptions": [{"rule": "a", "de": "b"}]},
        {"cases": [{"logits": {"generate": "logits", "size": 3}}]},
        {"cases": [{"logits": 1, "catches": "a"}]},
        {"expected": {"model": "m", "replys": []}},
        *({key: None} for key in KEYS),
    ],
)
def test_a_broken_file_is_refused(validator: Draft7Validator, changes: dict[str, Any]) -> None:
    assert not validator.is_valid({**yaml.safe_load(OWN), **changes})


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_refused(validator: Draft7Validator, key: str) -> None:
    data = yaml.safe_load(OWN)
    del data[key]
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    "example", [*(kind.yaml for kind in KINDS.values()), *EXAMPLES.values(), "{each: [1, 2]}", "5"]
)
def test_the_examples_of_arguments_follow_it(validator: Draft7Validator, example: str) -> None:
    text = f"{OWN}  - {{logits: {example}, settings: null}}\n"
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    check_names(text, "own.yaml")
