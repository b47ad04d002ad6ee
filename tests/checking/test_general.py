"""General checkers: a small set of own exercises, with right and wrong solutions of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from support.own import checked, own_exercise

from autograder.checking import compare
from autograder.checking.check import hidden_cases
from autograder.checking.registry import CHECKERS
from autograder.checking.solution import ReferenceFailedError, stored_replies
from autograder.checking.stored import replies_of
from autograder.exercises.exercise import Exercise, ExerciseError, TooCloseError
from autograder.sandbox import wire
from autograder.sandbox.data import Array, NumpyArray, plain
from autograder.sandbox.student import CallError


@dataclass
class Own:
    """An exercise `f(x)`: the reference's expression, right ones, and wrong ones by kind."""

    checker: str
    reference: str
    right: list[str]
    wrong: dict[str, str]
    x: Any = field(default_factory=lambda: {"vector": [0.5, 0.25, 0.25]})
    keys: dict[str, Any] = field(default_factory=dict)

    def exercise(self) -> Exercise:
        keys = {"parameters": ["x"], "cases": [{"x": self.x}], "checker": self.checker}
        return own_exercise("f", f"def f(x): return {self.reference}", **keys, **self.keys)


WORDS = ["the", "cat", "the", "dog"]
COUNTS = "[{'word': w, 'n': x.count(w), 'share': x.count(w) / len(x)} for w in sorted(set(x))]"
TABLE_MODEL = {"table": [[0.0, 2.0, 1.0], [1.0, 0.0, 2.0], [3.0, 1.0, 0.0]]}
GREEDY = "(lambda ids: [ids.append(int(x(torch.tensor([ids])).logits[0, -1].argmax())) for _ in range(4)] and torch.tensor([ids]))([0])"  # noqa: E501
SET = {
    "number": Own(
        "number",
        "-(x * x.log()).sum().item()",
        ["-(x * x.log()).sum()", "1.0397207708399179", "float((x * (1 / x).log()).sum())"],
        {
            "(x * x.log()).sum().item()": "value",
            "1.0398": "value",
            "'1.03'": "type",
            "True": "type",
            "x": "type",
            "None": "no_return",
            "float('nan')": "finite",
        },
    ),
    "number_of_ints": Own("number", "200000", ["200000", "200000.0"], {"200001": "value"}),
    "number_with_tolerance": Own(
        "number",
        "0.5",
        ["0.509", "torch.tensor(0.5)"],
        {"0.511": "value"},
        keys={"tolerance": 0.01},
    ),
    "integer": Own(
        "integer",
        "len(x)",
        ["3", "torch.tensor(3)", "__import__('numpy').int64(3)"],
        {"4": "value", "3.0": "type", "True": "type", "'3'": "type", "[3]": "type"},
    ),
    "boolean": Own(
        "boolean",
        "bool((x > 0).all())",
        ["True", "(x > 0).all()", "__import__('numpy').bool_(True)"],
        {"False": "value", "1": "type", "torch.tensor(1)": "type", "None": "no_return"},
    ),
    "text": Own(
        "text",
        "' '.join(w.upper() for w in x)",
        ["'THE CAT THE DOG'"],
        {"'THE CAT THE DOG '": "text", "'the cat the dog'": "text", "['THE']": "type"},
        WORDS,
    ),
    "tensor": Own(
        "tensor",
        "x.softmax(-1)",
        ["torch.softmax(x.double(), 0)", "x.exp() / x.exp().sum()", "x.softmax(-1).numpy()"],
        {
            "x.softmax(-1)[None]": "shape",
            "x.softmax(-1).tolist()": "type",
            "x.softmax(-1).half()": "dtype",
            "(x > 0)": "dtype",
            "x.log_softmax(-1)": "value",
            "x.softmax(-1) * float('nan')": "finite",
        },
    ),
    "tensor_of_integers": Own(
        "tensor",
        "x.argsort()",
        ["x.argsort().int()", "x.argsort().numpy()"],
        {"x.argsort().float()": "dtype", "x.argsort(descending=True)": "value"},
        {"vector": [0.5, 0.25, 0.125]},
    ),
    "tensor_with_nan": Own(
        "tensor",
        "torch.tensor([float('nan'), float('-inf'), 1.0])",
        ["torch.tensor([float('nan'), float('-inf'), 1.0])"],
        {"torch.tensor([0.0, float('-inf'), 1.0])": "value"},
    ),
    "list": Own(
        "list",
        "[w for w in x if w != 'the']",
        ["('cat', 'dog')", "list(filter(lambda w: w != 'the', x))"],
        {"['dog', 'cat']": "text", "['cat']": "length", "'cat dog'": "type", "[1, 'dog']": "type"},
        WORDS,
    ),
    "list_in_any_order": Own(
        "list",
        "[0.1 + 0.2, 1, 'a', None, (2, 'b')]",
        ["['a', [2.0, 'b'], 0.3, 1.0, None]", "[None, torch.tensor(0.3), (2, 'b'), 1, 'a']"],
        {"['a', [2, 'b'], 0.3, 0.3, None]": "entry", "['a', 'a', 0.3, 1, None]": "entry"},
        WORDS,
        {"any_order": True},
    ),
    "table": Own(
        "table",
        COUNTS,
        [
            f"[{{**row, 'more': 1}} for row in {COUNTS}]",
            f"tuple({{k: float(v) if k == 'n' else v for k, v in r.items()}} for r in {COUNTS})",
        ],
        {
            f"{COUNTS}[::-1]": "text",
            f"{COUNTS}[:2]": "length",
            "[{'word': 'cat', 'n': 1}] * 3": "key",
            "[['cat', 1, 0.25]] * 3": "type",
        },
        WORDS,
    ),
    "table_in_any_order": Own(
        "table",
        "[[w, x.count(w)] for w in sorted(set(x))]",
        ["[(w, x.count(w)) for w in reversed(sorted(set(x)))]"],
        {"[(w, 1) for w in sorted(set(x))]": "entry"},
        WORDS,
        {"any_order": True},
    ),
    "record": Own(
        "record",
        "{'n': len(x), 'words': {'first': torch.tensor([len(x[0])])}}",
        ["{'n': 4, 'words': {'first': torch.tensor([3]), 'more': 1}, 'more': 2}"],
        {
            "{'n': 4, 'words': {'first': torch.tensor([4])}}": "value",
            "{'n': 4, 'words': {}}": "key",
            "[4, 3]": "type",
        },
        WORDS,
    ),
    "tokens": Own(
        "tokens",
        GREEDY,
        [f"{GREEDY}[0]", f"{GREEDY}.tolist()", f"{GREEDY}[0].tolist()", f"{GREEDY}.numpy()"],
        {
            f"{GREEDY}.float()": "type",
            f"{GREEDY}[:, :-1]": "length",
            f"{GREEDY}.flip(1)": "value",
            "None": "no_return",
        },
        TABLE_MODEL,
    ),
    "distribution": Own(
        "distribution",
        "x / x.sum()",
        ["x.tolist()", "x.numpy()", "x.double()", "[torch.tensor(p) for p in x.tolist()]"],
        {
            "x + 1": "sum",
            "x - 0.3": "negative",
            "x.flip(0)": "value",
            "x[:2]": "shape",
            "['a']": "type",
        },
    ),
    "distribution_by_token": Own(
        "distribution",
        "{w: x.count(w) / len(x) for w in x}",
        ["{'dog': 0.25, 'cat': 0.25, 'the': 0.5}"],
        {"{'dog': 1, 'cat': 1, 'the': 2}": "sum", "{'dog': 0.5, 'cat': 0.5}": "key"},
        WORDS,
    ),
}
RIGHT = [(name, source) for name, own in SET.items() for source in own.right]
WRONG = [(name, *wrong) for name, own in SET.items() for wrong in own.wrong.items()]


def test_the_set_has_every_general_checker() -> None:
    assert {own.checker for own in SET.values()} == {c.name for c in CHECKERS.values() if c.general}


@pytest.mark.parametrize(("name", "source"), RIGHT)
def test_a_right_reply_in_an_honest_shape_is_accepted(name: str, source: str) -> None:
    own = SET[name]
    for right in (own.reference, source):
        result = checked(own.exercise(), f"def f(x): return {right}")
        assert result.passed, str(result)


@pytest.mark.parametrize(("name", "source", "kind"), WRONG)
def test_a_wrong_reply_is_refused_in_both_languages(name: str, source: str, kind: str) -> None:
    result = checked(SET[name].exercise(), f"def f(x): return {source}")
    assert (result.passed, result.kind) == (False, kind), str(result)
    assert result.points == 0
    german, english = result.told("de"), result.told("en")
    assert german != english
    assert "{" not in german.replace("{'", "")


@pytest.mark.parametrize("name", SET)
def test_students_are_judged_the_same_without_it(name: str) -> None:
    own = SET[name]
    replies = stored_replies(own.exercise())
    assert wire.from_json(replies[0][0]) is not None


# --- exceptions ---------------------------------------------------------------------------------

ROOT = """
def root(x):
    if x < 0:
        raise ValueError(f"x must not be negative, was: {x}")
    return x ** 0.5
"""


def root(**case: Any) -> Exercise:
    cases = [{"x": 4.0}, {"x": -1.0, "raises": "ValueError", **case}]
    return own_exercise("root", ROOT, parameters=["x"], checker="number", cases=cases)


def test_a_case_can_expect_an_exception() -> None:
    assert checked(root(), ROOT).passed
    assert checked(root(raises="Exception"), ROOT).passed
    own_class = "class TooSmall(ValueError): pass\n" + ROOT.replace(
        "raise ValueError", "raise TooSmall"
    )
    assert checked(root(), own_class).passed
    library = ROOT.replace("ValueError(f", "__import__('json').JSONDecodeError('', '', 0) or (f")
    assert checked(root(), library).passed


def test_the_wrong_exception_or_none_is_refused() -> None:
    result = checked(root(), "def root(x): return abs(x) ** 0.5")
    assert (result.kind, result.passed_cases) == ("no_error", 1)
    assert "Expected: the call raises ValueError. Got: 1.0." in result.told("en")
    result = checked(root(), ROOT.replace("ValueError(", "KeyError("))
    assert result.kind == "other_error"
    assert "the call raises ValueError. It raised KeyError: " in result.told("en")
    assert checked(root(), "def root(x):\n    raise NotImplementedError").passed_cases == 0
    stub = "def root(x):\n    if x < 0:\n        raise NotImplementedError\n    return x ** 0.5"
    assert checked(root(raises="RuntimeError"), stub).kind == "not_implemented"


@pytest.mark.parametrize("name", ["Nonsense", "print", "KeyboardInterrupt", "NotImplementedError"])
def test_a_case_expects_a_built_in_exception(name: str) -> None:
    with pytest.raises(
        ExerciseError, match=rf"case 2: raises must be a built-in .*, was: '{name}'"
    ):
        root(raises=name)


def test_the_bases_of_an_exception_cross_strictly() -> None:
    with pytest.raises(CallError) as caught:
        wire.read_replies(wire.write_error("raised", "E: x", 0, ["ValueError", "Exception"]), 1)
    assert caught.value.bases == ("ValueError", "Exception")
    for bases in (["a b"], [5], ["A"] * 99):
        with pytest.raises(wire.WireError, match="bases"):
            wire.read_replies(wire.write_error("raised", "E: x", 0, bases), 1)


def test_options_that_mean_nothing_are_refused() -> None:
    keys = {"parameters": ["x"], "cases": [{"x": 1}]}
    with pytest.raises(ExerciseError, match="any_order needs the checker list or table, was: 'nu"):
        own_exercise("f", checker="number", any_order=True, **keys)
    with pytest.raises(ExerciseError, match=r"tolerance must be at least 0, was: -0\.1"):
        own_exercise("f", checker="number", tolerance=-0.1, **keys)
    with pytest.raises(ExerciseError, match=r"reference must be one of oracle, solution, was: 'me"):
        own_exercise("f", checker="number", reference="mental", **keys)


# --- any order, ties ----------------------------------------------------------------------------


def test_entries_in_any_order_find_partners_within_the_tolerance() -> None:
    """0.0 fits both, 0.15 only one of them: whoever takes the first that fits runs out."""
    assert compare.entries([0.0, 0.15], [0.08, -0.05], 0.1, True) is None
    assert compare.entries([0.0, 0.15], [0.0, -0.05], 0.1, True) is not None
    many = [1] * 1_500
    assert compare.entries(many, list(many), 0.0, True) is None


def test_hidden_cases_of_tokens_keep_away_from_ties() -> None:
    source = "def f(model): return [0, int(model(torch.tensor([[0]])).logits[0, -1].argmax())]"
    rows = {"tie": [1.0, 2.0, 2.0], "clear": [1.0, 3.0, 2.0]}
    tables = {name: {"table": [row] * 3, "eos": 0} for name, row in rows.items()}
    draw = {"generate": "choice", "of": list(tables.values())}
    keys = {"parameters": ["model"], "checker": "tokens", "rounds": 8}
    exercise = own_exercise(
        "f", source, cases=[{"model": tables["clear"]}], hidden=[{"model": draw}], **keys
    )
    cases = hidden_cases(exercise, "seed")
    assert [case.arguments["model"] for case in cases] == [tables["clear"]] * 8
    assert checked(exercise, source, "seed").passed
    public = own_exercise("f", source, cases=[{"model": tables["tie"]}], **keys)
    with pytest.raises(TooCloseError, match=r"^f: the gap along the reply must be at least 0\.001"):
        replies_of(public)


def test_a_reference_that_is_no_distribution_is_refused() -> None:
    own = Own("distribution", "x * 2", [], {})
    with pytest.raises(ReferenceFailedError, match="needs probabilities that add up to 1"):
        checked(own.exercise(), "def f(x): return x")


def test_numpy_arrays_cross_as_what_they_are() -> None:
    big_endian = plain(np.array([1.5], dtype=">f8"))
    assert isinstance(big_endian, NumpyArray)
    assert big_endian.dtype == "float64"
    back = wire.from_json(wire.to_json(plain([np.array([1, 2]), np.array(["a"])])))
    assert back[0].data.tolist() == [1, 2]
    assert compare.type_name(back[0]) == compare.type_name(back[1]) == "numpy.ndarray"
    assert isinstance(plain(torch.tensor([1])), Array)
