"""Tests of the tests: wrong answers are refused, for the right reason; honest ones are accepted."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder import check
from autograder.checks import OUTCOME_MIME, drawn_cases, run_check
from autograder.demo import OTHER_STYLE
from autograder.exercise import Exercise, exercise_ids, load_exercise
from autograder.student import LocalStudent

HERE = Path(__file__).parent


def _answers(path: str) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("answers", HERE / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.ANSWERS)


WRONG = {
    (exercise, name): answer
    for exercise in exercise_ids()
    for name, answer in _answers(f"wrong/{exercise}.py").items()
}
HONEST = {
    (exercise, name): text
    for exercise, found in _answers("honest/answers.py").items()
    for name, text in {**found, "other_style": OTHER_STYLE[exercise]}.items()
}


def _exercise(exercise_id: str) -> Exercise:
    return replace(load_exercise(exercise_id), time_limit=3)


@pytest.mark.parametrize(("exercise", "name"), WRONG)
def test_a_wrong_answer_is_refused_by_public_and_drawn_cases(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    source, kind = WRONG[exercise, name]
    student = LocalStudent(solved(**{exercise: source}))
    public = run_check(_exercise(exercise), student)
    drawn = run_check(_exercise(exercise), student, "a seed for tests")
    assert (public.passed, public.points, public.kind) == (False, 0.0, kind)
    assert (drawn.passed, drawn.points) == (False, 0.0)


@pytest.mark.parametrize(("exercise", "name"), HONEST)
def test_an_honest_solution_is_accepted(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    student = LocalStudent(solved(**{exercise: HONEST[exercise, name]}))
    for seed in (None, "one seed", "another seed"):
        outcome = run_check(load_exercise(exercise), student, seed)
        assert outcome.passed, str(outcome)
        assert outcome.points == outcome.max_points > 0


@pytest.mark.parametrize("exercise", exercise_ids())
def test_each_exercise_has_eight_wrong_answers_and_three_honest_ones(exercise: str) -> None:
    assert sum(e == exercise for e, _ in WRONG) >= 8
    assert sum(e == exercise for e, _ in HONEST) >= 3


def test_the_same_seed_draws_the_same_cases_and_another_seed_others() -> None:
    for name in exercise_ids():
        exercise = load_exercise(name)
        assert drawn_cases(exercise, "a") == drawn_cases(exercise, "a")
        assert drawn_cases(exercise, "a") != drawn_cases(exercise, "b")


def test_a_table_of_the_public_answers_fails_the_drawn_cases(
    solved: Callable[..., dict[str, Any]],
) -> None:
    exercise = load_exercise("greedy_decode")
    good = solved()["greedy_decode"]
    known = {}

    def look_up(model: Any, input_ids: Any, max_length: int) -> Any:
        return known[tuple(input_ids[0].tolist()), max_length]

    def remember(model: Any, input_ids: Any, max_length: int) -> Any:
        known[tuple(input_ids[0].tolist()), max_length] = good(model, input_ids, max_length)
        return look_up(model, input_ids, max_length)

    student = LocalStudent(solved() | {"greedy_decode": remember})
    assert run_check(exercise, student).passed
    student = LocalStudent(solved() | {"greedy_decode": look_up})
    assert run_check(exercise, student).passed
    assert run_check(exercise, student, "seed").passed is False


def test_an_exercise_whose_need_is_broken_is_not_judged(
    solved: Callable[..., dict[str, Any]],
) -> None:
    broken = solved(next_token_probs=WRONG["next_token_probs", "all_positions"][0])
    outcome = run_check(_exercise("greedy_decode"), LocalStudent(broken))
    assert (outcome.passed, outcome.points, outcome.kind) == (None, 0.0, "needs")
    assert "next_token_probs" in outcome.message.de


def test_a_solution_that_does_not_use_a_broken_need_keeps_its_points(
    solved: Callable[..., dict[str, Any]],
) -> None:
    broken = solved(
        next_token_probs=WRONG["next_token_probs", "logits"][0],
        greedy_decode=OTHER_STYLE["greedy_decode"],
    )
    assert run_check(_exercise("greedy_decode"), LocalStudent(broken)).passed


def test_a_function_that_changes_its_argument_is_refused(
    solved: Callable[..., dict[str, Any]],
) -> None:
    source = (
        "def top_tokens(tokenizer, probs, k):\n"
        "    result = []\n"
        "    for _ in range(k):\n"
        "        i = probs.argmax()\n"
        "        result.append((tokenizer.decode(i), probs[i].item()))\n"
        "        probs[i] = 0\n"
        "    return result"
    )
    outcome = run_check(_exercise("top_tokens"), LocalStudent(solved(top_tokens=source)))
    assert (outcome.passed, outcome.kind) == (False, "changed")


def test_a_failing_check_of_ours_is_nobodys_mistake(
    solved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_: Any) -> None:
        raise RuntimeError("broken oracle")

    monkeypatch.setattr("autograder.oracle.next_token_probs", breaks)
    outcome = run_check(_exercise("next_token_probs"), LocalStudent(solved()))
    assert (outcome.passed, outcome.kind) == (None, "ours")
    assert "broken oracle" in outcome.message.de


def test_check_finds_the_function_of_its_caller_and_names_unknown_exercises() -> None:
    namespace: dict[str, Any] = {"check": check}
    exec("outcome = check('encode_prompt')", namespace)
    assert namespace["outcome"].kind == "missing"
    with pytest.raises(KeyError, match=r"no exercise 'nope'; there are: encode_prompt"):
        check("nope")


def test_an_outcome_shows_points_to_nbgrader_and_a_box_to_the_student(
    solved: Callable[..., dict[str, Any]],
) -> None:
    outcome = check("encode_prompt", namespace=solved())
    bundle = outcome._repr_mimebundle_()
    assert bundle["text/plain"] == "1"
    assert "bestanden" in bundle["text/html"]
    assert bundle[OUTCOME_MIME]["points"] == 1.0


def test_the_check_leaves_the_random_state_alone(solved: Callable[..., dict[str, Any]]) -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    check("generate_text", namespace=solved())
    assert torch.rand(1) == expected
