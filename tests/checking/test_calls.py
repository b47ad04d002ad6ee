"""Calls as a student reads them, which can be run; vectors as a table, token by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.notebooks import A7_2, reference_cells

import kischule
from autograder import check, table_model
from autograder.checking.result import Result
from autograder.checking.wording import call_of, code_of
from autograder.exercises.exercise import Case
from autograder.exercises.known import known_wrong
from autograder.sandbox.arguments import build, calls_of
from autograder.sandbox.models import TableModel
from kischule.i18n import LANGUAGE_VARIABLE

Solved = Callable[..., dict[str, Any]]
INF = float("inf")


# --- calls --------------------------------------------------------------------------------------


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, TableModel):
        ends = one.config.eos_token_id == other.config.eos_token_id
        return ends and torch.equal(one.table, other.table)
    if isinstance(one, torch.Tensor):
        kind = (one.dtype, one.stride()) == (other.dtype, other.stride())
        return kind and torch.equal(one, other)
    if callable(one):  # a tokenizer, or the embedded model, perhaps with a spy
        return isinstance(one, type(other)) or one is other
    return type(one) is type(other) and bool(one == other)


@pytest.fixture(scope="module")
def notebook(solved: Solved) -> dict[str, Any]:
    tokenizer, model = kischule.load("mini")
    return {**solved(), "tokenizer": tokenizer, "model": model}


def _given(code: str, case: Case, notebook: dict[str, Any]) -> tuple[Any, Any]:
    """The arguments that a student's function gets when this code runs."""
    found: list[tuple[Any, Any]] = []
    namespace = {**notebook, case.function: lambda *args, **named: found.append((args, named))}
    exec(code, namespace)
    (given,) = found
    return given


@pytest.mark.parametrize("name", list(A7_2))
def test_a_call_gives_the_arguments_of_its_case(name: str, notebook: dict[str, Any]) -> None:
    exercise = A7_2[name]
    for case in exercise.cases:
        for number, specs in enumerate(calls_of(case.arguments)[:2]):
            args, named = _given(code_of(exercise, case, number), case, notebook)
            assert all(
                _same(build(specs[parameter]), given)
                for parameter, given in zip(exercise.parameters, args, strict=True)
            ), code_of(exercise, case, number)
            assert named == {n: specs[n] for n in exercise.keywords if n in specs}


def test_a_long_list_is_cut_in_the_message_only() -> None:
    exercise = A7_2["sample_decode"]
    assert call_of(exercise, exercise.cases[0]) == (
        "sample_decode(table_model([1.69, 0.13, 1.04, 0.65, 0.91, 1.95, 1.3, 1.17, ...], "
        "eos=16, rotated=True), tensor([[0, 1]]), 90, seed=0)"
    )
    imports, tensors, call = code_of(exercise, exercise.cases[0]).splitlines()
    assert imports == "from autograder import table_model"
    assert tensors == "from torch import tensor"
    assert "..." not in call
    beams = A7_2["beam_search"]
    assert call_of(beams, beams.cases[5]) == (
        "beam_search(table_model([[-1.0, -1.6, 0.3, -0.2], [0.0, -1.2, 1.7, 1.2], ...], eos=0), "
        "tensor([[1]]), 6, 3)"
    )


@pytest.mark.parametrize(
    ("model", "after_1"),
    [
        (table_model([[0, 1], [2, 3]], eos=1), [2, 3]),
        (table_model([4, 5], eos=0), [4, 5]),
        (table_model([4, 5], eos=0, rotated=True), [5, 4]),
        (table_model([4, 5]), [4, 5, -1e4]),
        (table_model([4, 5], eos=2), [4, 5, -1e4]),
    ],
)
def test_a_table_model_has_the_logits_of_its_rows(model: Any, after_1: list[float]) -> None:
    assert model(torch.tensor([[0, 1]])).logits[0, -1].tolist() == after_1


def test_what_is_done_to_a_table_stays_with_it() -> None:
    spoiled, other = table_model([[0, 1], [2, 3]], eos=1), table_model([[0, 1], [2, 3]], eos=1)
    before = vars(other.config).copy(), vars(other.generation_config).copy(), other.training
    spoiled.config.eos_token_id = 0
    spoiled.config.use_cache = False
    spoiled.generation_config.eos_token_id = 0
    spoiled.train()
    spoiled.register_forward_hook(lambda *_: torch.zeros(1))
    spoiled.register_buffer("more", torch.zeros(1))
    with torch.no_grad():
        spoiled.table += 1
    for table in (other, table_model([[0, 1], [2, 3]], eos=1)):
        assert (vars(table.config), vars(table.generation_config), table.training) == before
        assert table(torch.tensor([[1]])).logits.tolist() == [[[2, 3]]]
        assert not list(table.buffers())


def test_a_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match=r"logits must have shape \(V, V\), was: \(1, 2\)"):
        table_model([[0, 1]])


def test_a_message_says_what_a_table_model_is(solved: Solved) -> None:
    source = "def greedy_decode(model, input_ids, max_length):\n    return input_ids[:, :1]"
    shown = check("greedy_decode", namespace=solved(greedy_decode=source))
    assert "table_model(…)" not in str(shown)  # the first case has a model
    source = known_wrong("sample_decode")["temperature_after_the_cut"].source
    result = check("sample_decode", namespace=solved(sample_decode=source))
    assert result.message is not None
    assert result.message.note is not None
    assert "from autograder import table_model" in result.message.note.de
    assert "row i has the logits after token i" in result.message.note.en
    page = result._repr_mimebundle_()["text/html"]
    assert "<summary>Diesen Aufruf selbst ausführen</summary><pre" in page
    assert page.count(">from autograder import table_model\n") == 2  # below it in English


# --- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "source", "de", "en"),
    [
        (
            "apply_temperature",
            "def apply_temperature(logits, temperature):\n    return logits + 1",
            "Erwartet: 4 an Stelle 0. Erhalten: 3.",
            "Expected: 4 at index 0. Got: 3.",
        ),
        (
            "greedy_decode",
            "def greedy_decode(model, input_ids, max_length):\n"
            "    return torch.cat([input_ids, input_ids[:, :1].expand(1, max_length - 4)], 1)",
            "Erwartet an Stelle [0, 4]: das wahrscheinlichste Token ",
            "Expected at index [0, 4]: the most likely token ",
        ),
        (
            "explore",
            "def explore(tokenizer, model, prompt_text, settings):\n"
            "    return [{'text': 1, 'repetition_rate': 0, 'mean_log_prob': 0} for s in settings]",
            "als Typ der Rückgabe bei [0]['text']. Erhalten: int.",
            "a return value of type str at [0]['text']. Got: int.",
        ),
    ],
)
def test_a_place_is_said_in_words(
    exercise: str, source: str, de: str, en: str, solved: Solved
) -> None:
    message = check(exercise, namespace=solved(**{exercise: source})).message
    assert message is not None
    assert de in message.sentence.de
    assert en in message.sentence.en


# --- the table ----------------------------------------------------------------------------------


def _wrong(solved: Solved, exercise: str, source: str, hidden: bool = False) -> Result:
    result = check(exercise, hidden=hidden, namespace=solved(**{exercise: source}))
    assert result.passed is False
    return result


def test_a_vector_is_shown_token_by_token(solved: Solved) -> None:
    """Probabilities 0.10, 0.64, 0.03, 0.23 and p = 0.7: token 3 crosses it."""
    source = known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source
    table = _wrong(solved, "filter_top_p", source).table
    assert table is not None
    assert table.rows == (
        ("1", "1.85", "0.639", "0.639", "1.85", "1.85"),
        ("3", "0.83", "0.230", "0.869", "0.83", "-inf"),
        ("0", "0", "0.100", "0.970", "-inf", "-inf"),
        ("2", "-1.2", "0.030", "1.000", "-inf", "-inf"),
    )
    assert table.wrong == (False, True, False, False)


@pytest.mark.parametrize(
    ("exercise", "body", "yours"),
    [
        ("apply_repetition_penalty", "logits.where(logits.isinf(), 9.0)", ["9", "9", "9", "9"]),
        ("apply_temperature", "logits * 0 + 4", ["4", "4", "4"]),
        ("apply_temperature", "logits * float('nan')", ["nan", "nan", "nan"]),
        ("filter_top_k", "logits.clone()", ["3", "2", "1", "-1"]),
        ("filter_min_p", "logits * 2", ["3.7", "1.66", "0", "-2.4"]),
    ],
)
def test_each_exercise_on_vectors_has_a_table(
    exercise: str, body: str, yours: list[str], solved: Solved
) -> None:
    parameters = ", ".join(A7_2[exercise].parameters)
    table = _wrong(solved, exercise, f"def {exercise}({parameters}):\n    return {body}").table
    assert table is not None
    assert [row[-1] for row in table.rows] == yours
    assert any(table.wrong)
    assert table.wrong == tuple(row[-1] != row[-2] for row in table.rows)


def test_a_tie_leaves_two_numbers_to_choose_from(solved: Solved) -> None:
    """Logits 1, 0, 1, 1, -1 and p = 0.5: any two of the three will do, or all."""
    source = (
        "def filter_top_p(logits, p):\n"
        "    if p == 0.5 and len(logits) == 5:\n"
        "        return logits.where(torch.arange(5) == 2, -torch.inf)\n"
        f"    return right(logits, p)\n{_as('right', 'filter_top_p')}"
    )
    table = _wrong(solved, "filter_top_p", source).table
    assert table is not None
    assert [(row[0], *row[-2:]) for row in table.rows] == [
        ("0", "1 / -inf", "-inf"),
        ("2", "1 / -inf", "1"),
        ("3", "1 / -inf", "-inf"),
        ("1", "-inf", "-inf"),
        ("4", "-inf", "-inf"),
    ]
    assert table.wrong == (True, False, False, False, False)  # the place of the sentence


def _as(name: str, exercise: str) -> str:
    """The reference solution of an exercise, under another name."""
    return reference_cells()[exercise].replace(f"def {exercise}", f"def {name}")


@pytest.mark.parametrize("body", ["logits[1:]", "logits.tolist()", "logits.long()", "1 / 0"])
def test_a_result_of_another_kind_has_no_table(body: str, solved: Solved) -> None:
    source = f"def apply_temperature(logits, temperature):\n    return {body}"
    assert _wrong(solved, "apply_temperature", source).table is None


def test_a_hidden_case_has_no_table_and_no_code(solved: Solved) -> None:
    source = known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source
    result = _wrong(solved, "filter_top_p", source, hidden=True)
    assert result.table is None
    assert result.message is not None
    assert result.message.code == ""
    assert "<table" not in result._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("code", "head"), [("de", "laufende Summe</th>"), ("en", "Running sum</th>")]
)
def test_the_box_shows_the_table_in_its_language(
    code: str, head: str, solved: Solved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, code)
    source = known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source
    page = _wrong(solved, "filter_top_p", source)._repr_mimebundle_()["text/html"]
    own = page.split('<details lang="en"')[0]
    assert own.count("<tr>") == 5
    assert head in own
    assert own.count("<b>-inf ✗</b>") == 1
