"""Arguments of cases: each kind's and each draw's example, and what a wrong one says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import yaml
from support.own import checked, own_exercise

from autograder.checking.check import hidden_cases
from autograder.exercises.exercise import Exercise, ExerciseError
from autograder.exercises.generate import EXAMPLES, GENERATORS, generate, seeded
from autograder.sandbox.arguments import FUNCTIONS, KINDS, build, calls_of, describe
from autograder.sandbox.trainable import build_all


def draw(spec: str, number: int = 0) -> Any:
    return generate(yaml.safe_load(spec), seeded("a seed", number))


def built(spec: Any) -> list[Any]:
    return [build(one["x"]) for one in calls_of({"x": spec})]


@pytest.mark.parametrize("key", KINDS)
def test_the_example_of_a_kind_is_one(key: str) -> None:
    spec = yaml.safe_load(KINDS[key].yaml)
    assert key in spec
    assert build(spec) is not None
    assert describe("x", spec)


@pytest.mark.parametrize("kind", GENERATORS)
def test_the_example_of_a_draw_is_one(kind: str) -> None:
    drawn = [draw(EXAMPLES[kind], number) for number in range(8)]
    assert drawn == [draw(EXAMPLES[kind], number) for number in range(8)]
    assert any(one != drawn[0] for one in drawn)
    for spec in drawn:
        assert built(spec)


def test_draws_keep_their_bounds() -> None:
    for number in range(50):
        entries = draw(
            "{generate: list, of: {generate: integer, from: 1, to: 4}, from: 0, to: 4,"
            " distinct: true}",
            number,
        )
        assert len(entries) == len(set(entries)) <= 4
        assert set(entries) <= {1, 2, 3, 4}
        assert 2 <= len(draw("{generate: text, from: 2, to: 3, of: ab}", number)) <= 3
        numbers = build(draw("{generate: vector, size: 4, from: -1, to: 1}", number))
        assert numbers.shape == (4,)
        assert numbers.abs().max() <= 1
        integers = build(draw("{generate: tensor, shape: [2, 3], from: 0, to: 1, dtype: int64}"))
        assert integers.shape == (2, 3)
        assert set(integers.flatten().tolist()) <= {0, 1}
        assert type(draw("{generate: boolean}", number)) is bool


def test_draws_are_made_of_draws() -> None:
    sizes = "{generate: vector, size: {generate: integer, from: 1, to: 9}, from: 0, to: 1}"
    assert len({build(draw(sizes, number)).numel() for number in range(30)}) > 4
    choice = "{generate: choice, of: [{generate: boolean}, {generate: text, from: 1, to: 1}]}"
    assert {type(draw(choice, number)) for number in range(30)} == {bool, str}
    tensors = build(draw(f"{{generate: list, of: {sizes}, from: 2, to: 2}}"))
    assert [type(tensor) for tensor in tensors] == [torch.Tensor] * 2
    named = build(draw("{dict: {a: {generate: integer, from: 1, to: 1}}}"))
    assert named == {"a": 1}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{generate: intger}", "generate must be one of batch, .*, was: 'intger'"),
        ("{generate: integer, from: 1}", "missing .*'to'.*such as: {generate: integer, from: 1"),
        ("{generate: integer, from: 1, to: 2, x: 3}", "unexpected .*'x'"),
        ("{generate: integer, from: 5, to: 2}", "low >= high"),
        ("{generate: choice, of: []}", "generate: choice"),
        (
            "{generate: list, of: true, from: 2, to: 2, distinct: true}",
            "of must have 2 distinct values",
        ),
    ],
)
def test_a_wrong_draw_names_its_exercise(spec: str, message: str) -> None:
    hidden = [{"x": yaml.safe_load(spec)}]
    with pytest.raises(ExerciseError, match=rf"^f: hidden: .*{message}"):
        hidden_cases(taking(1, hidden=hidden), "seed")


# --- what a function gets -----------------------------------------------------------------------


def taking(x: Any, reference: str = "1", **keys: Any) -> Exercise:
    source = f"def f(x): return {reference}"
    settings = {"parameters": ["x"], "checker": "number", "cases": [{"x": x}], **keys}
    return own_exercise("f", source, **settings)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ({"vector": [1.0], "dtype": "float23"}, "dtype must be one of .*, was: float23"),
        ({"tensor": [[1, 2], [3]]}, "expected sequence"),
        ({"vecto": [1.0]}, "must be one of {tokenizer: mini}.*; was: {'vecto'"),
        ({"function": "eval"}, "function must be one of abs, .*, was: eval"),
        ({"vector": ["a"]}, "f: "),
        ({"table": [[0.0]], "eos": 0, "more": 1}, "must be one of"),
    ],
)
def test_a_wrong_argument_is_the_teachers_mistake(x: Any, message: str) -> None:
    with pytest.raises(ExerciseError, match=message) as caught:
        checked(taking(x), "def f(x): return 1")
    assert "; case of f: {'x': " in str(caught.value)


def test_two_arguments_cannot_both_be_many() -> None:
    many = {"each": [1, 2]}
    keys = {"parameters": ["x", "y"], "checker": "number", "cases": [{"x": many, "y": many}]}
    with pytest.raises(ExerciseError, match="only one argument can have `each`, was: x, y"):
        checked(own_exercise("f", "def f(x, y): return x", **keys), "def f(x, y): return x")


def test_a_dict_a_list_and_a_function_are_handed_over() -> None:
    data = {"dict": {"scores": {"vector": [1.0, 2.0]}, "weight": 3}}
    exercise = taking(data, "x['weight'] * float(x['scores'].sum())")
    assert checked(exercise, "def f(x): return 9").passed
    assert checked(taking({"list": [{"ids": [1]}, 2]}, "x[1]"), "def f(x): return 2").passed
    assert checked(taking({"function": "upper"}, "len(x('ab'))"), "def f(x): return 2").passed
    assert describe("x", data) == "{'scores': tensor([1.0, 2.0]), 'weight': 3}"
    assert FUNCTIONS["relu"](torch.tensor([-1.0])).item() == 0


@pytest.mark.parametrize(
    ("x", "change"),
    [
        ({"dict": {"a": {"vector": [1.0, 2.0]}}}, "x['a'].zero_()"),
        ({"dict": {"a": 1}}, "x.clear()"),
        ({"list": [{"vector": [1.0, 2.0]}]}, "x[0].add_(1)"),
        ({"list": [1, 2]}, "x.append(3)"),
    ],
)
def test_a_change_inside_of_an_argument_is_seen(x: Any, change: str) -> None:
    assert checked(taking(x), "def f(x): return 1").passed
    assert checked(taking(x), f"def f(x):\n    {change}\n    return 1").kind == "changed"


# --- a model to train ---------------------------------------------------------------------------

STEP = {"model": {"tiny": 7}, "optimizer": {"sgd": "tiny", "rate": 0.5}}
TRAINS = """
def f(model, optimizer):
    loss = sum((weight ** 2).sum() for weight in model.parameters())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    {last}
    return loss.item()
"""


def trained(last: str) -> Any:
    keys = {"parameters": ["model", "optimizer"], "checker": "record", "cases": [STEP]}
    return checked(own_exercise("f", TRAINS.format(last="pass"), **keys), TRAINS.format(last=last))


def test_an_optimizer_gets_the_weights_of_its_model() -> None:
    built = build_all(STEP)
    (group,) = built["optimizer"].param_groups
    assert group["params"] == list(built["model"].parameters())
    with pytest.raises(ValueError, match="an optimizer needs a tiny model"):
        build_all({"optimizer": STEP["optimizer"]})


@pytest.mark.parametrize(
    ("last", "place"),
    [
        ("pass", ""),
        ("loss = loss + 1", "Erhalten: 1"),
        ("model.eval()", "True bei model.training nach dem Aufruf"),
        ("model(torch.tensor([[1]]))", "auf die Frage, ob model mit Gradienten rechnete"),
        (
            "model.lm_head.weight.data[2, 3] += 0.01",
            "0 im Gewicht wte.weight[2, 3] von model nach dem Aufruf",
        ),
    ],
)
def test_what_a_call_leaves_is_judged(last: str, place: str) -> None:
    """Also by a teacher's own reference solution, and none of it is shared between calls."""
    result = trained(last)
    assert result.passed is not bool(place)
    if place:
        assert place in str(result)


WATCHED = {"model": {"watched": {"row": [0.0, 1.0], "eos": 0}}, "ids": {"ids": [1, 1, 0]}}
CALLS = """
def f(model, ids):
    cache = model(ids{whole}).past_key_values
    model(ids[:, {start}:], past_key_values={cache}){more}
    return ids
"""


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({}, ""),
        ({"more": "\n    model(ids)"}, "Zahl der Aufrufe von model"),
        ({"start": "-2"}, "Zahl der Tokens, die Aufruf 1 von model bekommt"),
        ({"cache": "None"}, "Zahl der Tokens in past_key_values bei Aufruf 1"),
        ({"whole": "[:, 1:]"}, "Zahl der Tokens, die Aufruf 0 von model bekommt"),
    ],
)
def test_the_calls_of_a_watched_model_are_judged(changed: dict[str, str], place: str) -> None:
    right = {"whole": "", "start": "-1", "cache": "cache", "more": ""}
    keys = {"parameters": ["model", "ids"], "checker": "record", "cases": [WATCHED]}
    exercise = own_exercise("f", CALLS.format(**right), **keys)
    result = checked(exercise, CALLS.format(**right | changed))
    assert result.passed is not bool(place)
    assert place in str(result)
    assert not place or "f(table_model([0.0, 1.0], eos=0), " in str(result)


def test_the_same_seed_gives_the_same_model() -> None:
    state = torch.get_rng_state()
    one, other, third = (build({"tiny": seed}) for seed in (7, 7, 8))
    weights = [list(model.parameters()) for model in (one, other, third)]
    assert all(map(torch.equal, *weights[:2]))
    assert not torch.equal(weights[0][0], weights[2][0])
    assert all(weight.grad is not None for weight in weights[0])
    assert one.training
    assert not build({"tiny": 7, "training": False}).training
    assert torch.equal(torch.get_rng_state(), state)


def test_a_padded_batch_has_texts_of_different_lengths() -> None:
    batch = build(draw("{generate: batch, vocabulary: 12, rows: 3, from: 2, to: 6}"))
    lengths = batch["attention_mask"].sum(1).tolist()
    assert (lengths[0], lengths[-1]) == (6, 2)
    assert torch.equal(batch["labels"] == -100, batch["attention_mask"] == 0)
