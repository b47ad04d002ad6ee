"""Follow-on errors: an exercise that builds on a broken one is judged with a working one."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from support.notebooks import EXERCISES, RELEASE, exercises, reference_cells

from autograder.checking.result import Result
from autograder.exercises.exercise import Exercise
from autograder.grading import worker
from autograder.grading.kernel import Kernel
from autograder.grading.settings import Settings
from autograder.grading.worker import Run, run_submission
from autograder.notebooks.cells import by_id, read_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

REFERENCE = reference_cells()
SAMPLING = (
    *("setup", "apply_repetition_penalty", "apply_temperature", "filter_top_k", "filter_top_p"),
    "sample_decode",
)
GREEDY = ("setup", "next_token_probs", "greedy_decode")
TEXTS = ("setup", "encode_prompt", "sequence_log_prob", "generate_text", "repetition_rate")


def graded(made: Any, solutions: dict[str, str] | None = None) -> Run:
    settings = Settings(time_limit_s=30, isolation="namespaces")
    return run_submission(
        made, "a seed", settings, EXERCISES, REFERENCE if solutions is None else solutions
    )


def points(run: Run) -> float:
    return sum(result.points for result in run.results)


def told(run: Run, grade_id: str) -> str:
    return next(r.told("en") for r in run.results if r.grade_id == grade_id)


def passed(run: Run) -> dict[str, bool | None]:
    return {r.grade_id: r.passed for r in run.results}


@dataclass(frozen=True)
class Kind:
    """A submission with one broken exercise, and its points before and after."""

    names: tuple[str, ...]
    broken: dict[str, str]
    before: float
    after: float


COLON = REFERENCE["filter_top_k"].replace("if not k:", "if not k")
CROSSING = REFERENCE["filter_top_p"].replace("sum_before >= p", "sum_before + probs >= p")
STUB = "def apply_temperature(logits, temperature):\n    raise NotImplementedError()"
IMPORT = REFERENCE["next_token_probs"].replace("torch.softmax", "F.softmax")
LIST = REFERENCE["encode_prompt"].replace('return_tensors="pt").input_ids', ").input_ids")
NOTHING = REFERENCE["repetition_rate"].replace("return repeated", "repeated")
slow = pytest.mark.slow
KINDS = [
    pytest.param(Kind(SAMPLING, {"filter_top_k": COLON}, 9, 16), id="missing colon"),
    pytest.param(Kind(SAMPLING, {"filter_top_p": CROSSING}, 8, 15), id="wrong rule", marks=slow),
    pytest.param(Kind(SAMPLING, {"apply_temperature": STUB}, 10, 17), id="stub", marks=slow),
    pytest.param(Kind(GREEDY, {"next_token_probs": IMPORT}, 0, 5), id="missing import"),
    pytest.param(
        Kind((*TEXTS, "explore"), {"encode_prompt": LIST}, 6, 14), id="wrong type", marks=slow
    ),
    pytest.param(
        Kind((*TEXTS, "explore"), {"repetition_rate": NOTHING}, 11, 14), id="no return", marks=slow
    ),
]


@pytest.mark.parametrize("kind", KINDS)
def test_right_code_gets_its_points(kind: Kind) -> None:
    (broken,) = kind.broken
    before = graded(exercises(kind.names, **kind.broken), {})
    after = graded(exercises(kind.names, **kind.broken))
    assert (points(before), points(after)) == (kind.before, kind.after)
    wrong = {name for name, ok in passed(after).items() if not ok}
    assert wrong == {f"test_{broken}", f"hidden_{broken}"}
    again = [r for r in after.results if r.passed and not passed(before)[r.grade_id]]
    assert again
    for result in again:
        assert result.told("en").startswith(f"Judged with a working `{broken}`")
        assert f"richtigen Fassung von `{broken}`" in result.told("de")


WRONG = REFERENCE["greedy_decode"].replace("argmax", "argmin")
SPY = """
def greedy_decode(model, input_ids, max_length):
    raise {raised}("".join(get_ipython().user_ns["In"]) + repr(next_token_probs))
"""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """All checks and cells of a run, in their order."""
    found: list[tuple[str, str]] = []
    real_check, real_execute = worker.run_check, Kernel.execute

    def check(exercise: Exercise, *given: Any, **more: Any) -> Result:
        found.append(("check", exercise.id))
        return real_check(exercise, *given, **more)

    def execute(kernel: Kernel, cell: Any, *given: Any) -> str:
        found.append(("cell", cell.source))
        return real_execute(kernel, cell, *given)

    monkeypatch.setattr(worker, "run_check", check)
    monkeypatch.setattr(Kernel, "execute", execute)
    return found


def test_a_reference_comes_when_all_is_judged(steps: list[tuple[str, str]]) -> None:
    graded(exercises(GREEDY, next_token_probs=IMPORT))
    first = steps.index(("cell", REFERENCE["next_token_probs"]))
    assert [name for kind, name in steps[:first] if kind == "check"] == [
        *("next_token_probs", "next_token_probs", "greedy_decode", "greedy_decode")
    ]
    assert ("check", "next_token_probs") not in steps[first:]
    assert REFERENCE["greedy_decode"] in [source for _, source in steps]  # the student's own


def test_a_mistake_of_its_own_is_named(steps: list[tuple[str, str]]) -> None:
    run = graded(exercises(GREEDY, next_token_probs=IMPORT, greedy_decode=WRONG))
    assert points(run) == 0
    (public, hidden) = (told(run, f"{level}_greedy_decode") for level in ("test", "hidden"))
    assert "A token is not the most likely one." in public
    assert "Judged with a working `next_token_probs`" in public
    assert "Judged with a working `next_token_probs`" in hidden
    assert passed(run)["test_greedy_decode"] is False


@pytest.mark.parametrize("raised", ["ValueError", "type('x' * 9, (Exception,), {})", "SystemExit"])
def test_no_reference_leaves_the_kernel(raised: str) -> None:
    """Not in a message, an output or an error: only that it fails."""
    source = SPY.format(raised=raised)
    run = graded(exercises(GREEDY, next_token_probs=IMPORT, greedy_decode=source))
    text = json.dumps(run.notebook) + json.dumps([r.as_data() for r in run.results])
    assert points(run) == 0
    assert "Judged with a working" in told(run, "test_greedy_decode")
    assert "torch.no_grad" not in text.replace(json.dumps(IMPORT)[1:-1], "")


def test_what_fails_with_a_reference_as_well_is_left_out() -> None:
    broken = {**REFERENCE, "next_token_probs": "def next_token_probs(model, input_ids): pass"}
    run = graded(exercises(GREEDY, next_token_probs=IMPORT), broken)
    assert passed(run)["test_greedy_decode"] is None
    assert points(run) == 0
    assert "could not be judged, not even with a working version" in told(run, "test_greedy_decode")


def test_an_empty_exercise_is_not_judged_again(steps: list[tuple[str, str]]) -> None:
    stubs = {n: c.source for n, c in by_id(read_notebook(RELEASE)).items() if n in GREEDY[1:]}
    run = graded(exercises(GREEDY, **stubs))
    assert told(run, "test_greedy_decode") == "Your solution is still missing here."
    assert len([source for kind, source in steps if kind == "cell"]) == 3
