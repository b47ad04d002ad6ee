"""A reference solution as the reference: run once, judged strictly, stored for students."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.own import checked, own_exercise

from autograder.checking.solution import (
    ReferenceFailedError,
    ReferenceMissingError,
    reply_of,
    stored_replies,
    with_stored,
)
from autograder.exercises.exercise import PACKAGED, Exercise, ExerciseError
from autograder.sandbox import wire
from autograder.sandbox.data import Array, NumpyArray

BIAS = """
import math
from transformers import LogitsProcessorList

def half(number):
    return number / 2

def apply_logit_bias(logits, bias):
    changed = logits.clone()
    for token, value in enumerate(bias):
        changed[token] += 2 * half(value)
    return changed
"""
CASES = [
    {"logits": {"vector": [0.0, 1.0, -2.0]}, "bias": [1.0, 0.0, 0.5]},
    {"logits": {"vector": [0.5, 0.5]}, "bias": [0.0, -1.0]},
]


def bias(solution: str = BIAS, **keys: Any) -> Exercise:
    settings = {"parameters": ["logits", "bias"], "checker": "tensor", "cases": CASES, **keys}
    return own_exercise("apply_logit_bias", solution, **settings)


def test_an_own_function_is_judged_by_its_solution() -> None:
    right = "def apply_logit_bias(logits, bias): return logits + torch.tensor(bias)"
    assert checked(bias(), right).passed
    wrong = checked(bias(), right.replace("+", "-"))
    assert (wrong.passed, wrong.kind, wrong.passed_cases) == (False, "value", 0)
    assert "Expected: 1 at index 0. Got: -1." in wrong.told("en")


def test_the_oracle_judges_its_own_functions_unless_told() -> None:
    rule = "def apply_temperature(logits, temperature): return logits * temperature"
    cases = [{"logits": {"vector": [1.0, 2.0]}, "temperature": 2.0}]
    keys = {"parameters": ["logits", "temperature"], "cases": cases}
    by_oracle = own_exercise("apply_temperature", rule, checker="logits", **keys)
    assert checked(by_oracle, rule).passed is False
    keys |= {"checker": "tensor", "reference": "solution"}
    assert checked(own_exercise("apply_temperature", rule, **keys), rule).passed
    # `softmax` is a part of the oracle, and no reference
    source = "def softmax(logits): return torch.softmax(logits, -1)"
    keys = {"parameters": ["logits"], "cases": [{"logits": {"vector": [1.0, 2.0]}}]}
    assert checked(own_exercise("softmax", source, checker="tensor", **keys), source).passed


def test_the_solution_runs_once(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    source = f"with open({str(trace)!r}, 'a') as file: file.write('x')\n{BIAS}"
    for _ in range(3):
        assert checked(bias(source), BIAS).passed
    assert trace.read_text() == "x"


FAILURES = {
    "raises ValueError: math domain error in line 3: return math.sqrt(-1)": (
        "import math\ndef apply_logit_bias(logits, bias):\n    return math.sqrt(-1)"
    ),
    "raises SyntaxError": "def apply_logit_bias(logits, bias:\n    pass",
    "raises NameError: name 'helper' is not defined in line 1: helper()": "helper()",
    "raises KeyError: 'x' in line 2: return {}['x']": (
        "def other(bias):\n    return {}['x']\ndef apply_logit_bias(logits, bias):\n"
        "    return other(bias)"
    ),
    "does not define apply_logit_bias": "def apply_bias(logits, bias): return logits",
    "is still missing (NotImplementedError) in line 2": (
        "def apply_logit_bias(logits, bias):\n    raise NotImplementedError()"
    ),
    "changes its argument logits": (
        "def apply_logit_bias(logits, bias):\n    logits += 1\n    return logits"
    ),
    "returns None": "def apply_logit_bias(logits, bias): pass",
    "returns a value of type set, which is not plain data": (
        "def apply_logit_bias(logits, bias): return [{1, 2}]"
    ),
    "returns a value of type complex64": (
        "def apply_logit_bias(logits, bias): return logits.to(torch.complex64)"
    ),
    "takes longer than the 0.2 seconds of time_limit_s in line 2: while True: pass": (
        "def apply_logit_bias(logits, bias):\n    while True: pass"
    ),
}


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failing_solution_is_the_teachers_mistake(reason: str) -> None:
    exercise = bias(FAILURES[reason], time_limit_s=0.2)
    with pytest.raises(ReferenceFailedError) as caught:
        checked(exercise, BIAS)
    message = str(caught.value)
    assert message.startswith(f"apply_logit_bias: the reference solution {reason}")
    assert message.endswith("; case: apply_logit_bias(tensor([0.0, 1.0, -2.0]), [1.0, 0.0, 0.5])")


def test_a_failing_solution_is_named_for_its_case() -> None:
    source = "def apply_logit_bias(logits, bias):\n    return logits / (len(bias) - 2 or 1 // 0)"
    with pytest.raises(ReferenceFailedError, match=r"line 2: .*case: .*tensor\(\[0.5, 0.5\]\)"):
        checked(bias(source), "def apply_logit_bias(logits, bias): return logits")


def test_a_checker_says_what_it_needs_of_a_solution() -> None:
    with pytest.raises(ReferenceFailedError, match="needs a number from the reference, was: torch"):
        checked(bias(checker="number"), BIAS)
    with pytest.raises(ExerciseError, match=r"one of beam, .*, was: 'tensr'"):
        checked(bias(checker="tensr"), BIAS)
    with pytest.raises(ExerciseError, match=r"reference solution \(boolean, .*, was: 'kept'"):
        checked(bias(checker="kept"), BIAS)


# --- for students -------------------------------------------------------------------------------


def test_students_get_the_stored_replies_only() -> None:
    cases = [*CASES, {"logits": {"each": [{"vector": [1.0]}, {"vector": [2.0]}]}, "bias": [1.0]}]
    teachers = bias(cases=cases)
    written = json.loads(json.dumps(stored_replies(teachers)))
    assert [len(replies) for replies in written] == [1, 1, 2]
    students = with_stored(teachers, written)
    assert students.solution == ""
    assert checked(students, BIAS).passed
    assert checked(students, BIAS.replace("2 *", "3 *")).passed is False
    last = reply_of(students, students.cases[2], 1)
    assert last.data.tolist() == [3.0]
    assert last.dtype == "float32"
    hidden = replace(students, hidden=(replace(students.cases[0], expected=None),))
    result = checked(hidden, BIAS, "a seed")
    assert (result.passed, result.points, result.kind) == (None, 0, "no_reference")
    assert result.ours
    assert "This case is judged only in grading" in result.told("en")
    with pytest.raises(ReferenceMissingError, match=r"^apply_logit_bias: .* needs the reference"):
        reply_of(hidden, hidden.hidden[0])


def test_exercises_of_the_oracle_store_nothing_here() -> None:
    assert set(stored_replies(PACKAGED["apply_temperature"])) == {None}


VALUES = [
    None, True, 7, -(2**70), 0.1, "Zwölf\n", [1, [2.5, None]], {"a": [1], "ä": {}},
    Array(np.array([[1.5, -np.inf]], dtype=np.float32), "float32"),
    NumpyArray(np.array([1, 2]), "int64"),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_stored_value_comes_back(value: Any) -> None:
    back = wire.from_json(json.loads(json.dumps(wire.to_json(value))))
    if isinstance(value, Array | NumpyArray):
        assert type(back) is type(value)
        assert back.dtype == value.dtype
        assert np.array_equal(back.data, value.data)
    else:
        assert back == value
        assert type(back) is type(value)


@pytest.mark.parametrize(
    "data", [None, [], ["int"], [["int", "0x1"], 5], [["array", "float32", [1], "cpu", 0], "?"]]
)
def test_a_stored_value_is_read_strictly(data: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.from_json(data)


def test_the_limit_of_a_solution_holds_in_a_thread() -> None:
    source = "def apply_logit_bias(logits, bias):\n    while True: pass"
    caught: list[BaseException] = []

    def call() -> None:
        try:
            reply_of(exercise, exercise.cases[0])
        except ReferenceFailedError as error:
            caught.append(error)

    exercise = bias(source, time_limit_s=0.2)
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert "takes longer" in str(caught[0])


def test_solutions_in_two_threads_leave_the_output_alone() -> None:
    exercise = bias(f"import time\n{BIAS.replace('changed =', 'time.sleep(0.01); changed =')}")
    cases = [
        replace(case, arguments={**case.arguments, "bias": [float(n), 0.0]})
        for n in range(4)
        for case in exercise.cases[1:]
    ]
    before = sys.stdout
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda case: reply_of(exercise, case).data[0], cases))
    assert found == [0.5, 1.5, 2.5, 3.5]
    assert sys.stdout is before


def test_random_numbers_of_a_solution_are_its_own() -> None:
    exercise = bias("def apply_logit_bias(logits, bias): return torch.rand(3)")
    before = torch.random.get_rng_state()
    first = reply_of(exercise, exercise.cases[0])
    again = reply_of(replace(exercise, time_limit_s=5.0), exercise.cases[0])
    assert first.data.tolist() == again.data.tolist()
    assert torch.equal(before, torch.random.get_rng_state())
