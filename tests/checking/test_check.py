"""Tests of the tests: wrong solutions are refused, for the right reason; correct ones accepted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from support.notebooks import A7_2, hidden

from autograder import check
from autograder.checking import check as check_module
from autograder.checking import distribution
from autograder.checking.check import hidden_cases, run_case, run_check
from autograder.checking.explain import catches_all
from autograder.checking.result import RESULT_MIME
from autograder.course.verify import MIN_CORRECT, MIN_WRONG, namespace
from autograder.exercises.exercise import PACKAGED, Case, Exercise
from autograder.exercises.known import known_correct, known_wrong
from autograder.sandbox.arguments import build, calls_of
from autograder.sandbox.models import model_of
from autograder.sandbox.student import Arguments, CallError, LocalStudent, Reply

WRONG = {(e, name): known for e in A7_2 for name, known in known_wrong(e).items()}
CORRECT = {(e, name): source for e in A7_2 for name, source in known_correct(e).items()}
SEED = "a seed for tests"
# wrong solutions of which only a symptom is stated, in public or hidden cases
UNNAMED = {
    ("apply_temperature", "cut_off_infinities"),
    ("greedy_decode", "ends_at_the_first_eos"),  # where a missing end token explains it as well
    ("filter_top_k", "off_above_the_vocabulary"),
    ("next_token_probs", "half_temperature"),
    ("repetition_rate", "not_overlapping"),
    *(("sample_decode", name) for name in ("settings_fixed", "first_position")),
    ("sample_decode", "only_the_last_20_penalised"),  # the rule's window is longer
    ("sequence_log_prob", "clamped"),
    ("sequence_log_prob", "log_of_the_product_kept_above_zero"),
}


def _exercise(exercise_id: str) -> Exercise:
    return replace(A7_2[exercise_id], time_limit_s=3)


def _known(exercise: str) -> dict[str, bool]:
    """The exercises that this one builds on: the reference's, which pass."""
    return dict.fromkeys(A7_2[exercise].needs, True)


@pytest.mark.parametrize(("exercise", "name"), WRONG)
def test_a_wrong_solution_fails_its_case_for_its_reason(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    known = WRONG[exercise, name]
    student = LocalStudent(solved(**{exercise: known.source}))
    public = run_check(_exercise(exercise), student, known=_known(exercise))
    assert (public.passed, public.points) == (False, 0.0)
    assert (public.passed_cases + 1, public.kind) == (known.fails_case, known.kind), str(public)
    assert _rightly_named(exercise, name, public.rule), (public.rule, str(public))
    assert public.message is not None
    assert public.message.plain("de").startswith("Aufruf: ")
    assert public.message.hint or public.message.steps


def _rightly_named(exercise: str, name: str, told: str) -> bool:
    """Return True if this is the planted mistake, or none where the check cannot know it."""
    return told in WRONG[exercise, name].names or (not told and (exercise, name) in UNNAMED)


@pytest.mark.parametrize(("exercise", "name"), WRONG)
def test_a_wrong_solution_fails_hidden_cases(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    student = LocalStudent(solved(**{exercise: WRONG[exercise, name].source}))
    drawn, known = hidden(exercise, SEED), _known(exercise)
    result = run_check(_exercise(exercise), student, SEED, drawn, known=known)
    assert (result.passed, result.points) == (False, 0.0)
    assert _rightly_named(exercise, name, result.rule), (result.rule, str(result))


@pytest.mark.parametrize(
    ("exercise", "name"),
    [
        ("apply_repetition_penalty", "only_the_last_64"),
        ("sample_decode", "only_the_last_64_penalised"),
    ],
)
def test_a_penalty_on_the_last_512_fails_hidden_cases(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    """The public prompts are shorter."""
    source = WRONG[exercise, name].source.replace("-64:", "-512:")
    student = LocalStudent(solved(**{exercise: source}))
    drawn, known = hidden(exercise, SEED), _known(exercise)
    result = run_check(_exercise(exercise), student, SEED, drawn, known=known)
    assert result.passed is False


@pytest.mark.parametrize(("exercise", "name"), CORRECT)
def test_a_correct_solution_is_accepted(
    exercise: str, name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    student = LocalStudent(solved(**{exercise: CORRECT[exercise, name]}))
    assert (result := run_check(A7_2[exercise], student)).passed, str(result)
    drawn = hidden(exercise, "one seed")  # thousands of draws: test_statistics.py
    result = run_check(A7_2[exercise], student, "one seed", drawn)
    assert result.passed, str(result)
    assert result.points == result.max_points


@pytest.mark.parametrize("number", range(4))
def test_correct_solutions_of_all_exercises_work_together(
    number: int, solved: Callable[..., dict[str, Any]]
) -> None:
    known = {e: list(known_correct(e).values()) for e in A7_2}
    mixed = {e: sources[number % len(sources)] for e, sources in known.items()}
    student = LocalStudent(solved(**mixed))
    for exercise in A7_2:
        result = run_check(A7_2[exercise], student, SEED, hidden(exercise, SEED))
        assert result.passed, str(result)


def test_a_call_that_waits_is_not_one_that_computes() -> None:
    """The limit is of computing; by the clock a call has six times as long."""
    slept = "import time\ndef repetition_rate(token_ids, n):\n    time.sleep({s})\n    return 0.0"
    exercise = replace(A7_2["repetition_rate"], time_limit_s=0.1)
    for seconds, kind in ((0.2, "value"), (5, "timeout")):
        student = LocalStudent(namespace({"x": slept.format(s=seconds)}))
        assert run_check(exercise, student).kind == kind


@pytest.mark.parametrize("exercise", list(A7_2))
def test_each_exercise_has_enough_known_solutions(exercise: str) -> None:
    assert sum(e == exercise for e, _ in WRONG) >= MIN_WRONG == 8
    assert sum(e == exercise for e, _ in CORRECT) >= MIN_CORRECT == 3


@pytest.mark.parametrize("name", [n for n in A7_2 if n != "sample_decode"])
def test_no_misconception_is_right(name: str) -> None:
    """Each wrong rule fails on a public case; for those of sampling see test_statistics.py."""
    exercise = A7_2[name]
    cases = [c for c in exercise.cases if c.function == name]
    if name == "generate_text":  # rules give texts, and a text is judged where nothing is sampled
        cases = [c for c in cases if "model" in c.arguments["model"]]
    for misconception in exercise.misconceptions:
        catching = (replace(case, catches=(misconception.rule,)) for case in cases)
        assert any(catches_all(exercise, case) for case in catching), misconception.rule


def test_hidden_cases_depend_on_the_seed_alone() -> None:
    for name in A7_2:
        exercise = A7_2[name]
        assert hidden_cases(exercise, "one seed") == hidden(name, "one seed")
        assert hidden(name, "one seed") != hidden(name, "another seed")


@pytest.mark.parametrize("name", list(PACKAGED))
def test_hidden_cases_are_soon_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most hundreds of attempts a case: thousands took 14 seconds for a submission."""
    attempts, seeded = [0], check_module.seeded

    def counted(*key: Any) -> Any:
        attempts.append(key[-1])
        return seeded(*key)

    monkeypatch.setattr(check_module, "seeded", counted)
    for seed in ("seed 0", "seed 1"):
        hidden_cases(PACKAGED[name], seed)
    assert max(attempts) < 1_000


class LookUpStudent:
    """Gives the replies that it has seen, and the last one to whatever it does not know."""

    def __init__(self, student: LocalStudent) -> None:
        self.student: LocalStudent | None = student
        self.table: dict[str, Reply] = {}

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        keys = [json.dumps([function, positional, dict(named)]) for positional, named in calls]
        if self.student is not None:
            replies = self.student.call_all(function, calls, time_limit_s)
            self.table.update(zip(keys, replies, strict=True))
        if not self.table:
            raise CallError("missing")
        return [self.table.get(key) or list(self.table.values())[-1] for key in keys]


@pytest.mark.parametrize("name", list(A7_2))
def test_a_table_of_public_replies_fails_the_hidden_cases(
    name: str, solved: Callable[..., dict[str, Any]]
) -> None:
    exercise = A7_2[name]
    student = LookUpStudent(LocalStudent(solved()))
    for known in (*exercise.needs, name):
        assert run_check(A7_2[known], student).passed
    student.student = None
    assert run_check(exercise, student).passed
    assert run_check(exercise, student, SEED, hidden(name, SEED)).passed is False


class Sampler:
    """Draws two tokens with these chances of the second; counts its calls."""

    def __init__(self, chances: Sequence[float]) -> None:
        self.chances, self.calls = chances, 0

    def __call__(self, model: Any, input_ids: torch.Tensor, max_length: int, **_: Any) -> Any:
        chance = self.chances[self.calls]
        self.calls += 1
        new = max_length - input_ids.shape[1]
        second = torch.arange(new) < round(chance * new)
        return torch.cat([input_ids, second.long()[None]], dim=1)


@pytest.mark.parametrize(
    ("chances", "calls", "kind"),
    [
        ((0.5,), 1, None),
        ((0.8, 0.5, 0.5, 0.5), 4, None),  # a doubt that the others clear up
        ((0.8, 0.8, 0.8, 0.8), 4, "distribution"),
        ((1.0, 0.5, 0.5, 0.5), 4, None),
        ((1.0, 1.0, 1.0, 1.0), 4, "distribution"),
    ],
)
def test_first_calls_are_enough_only_without_a_doubt(
    chances: Sequence[float], calls: int, kind: str | None
) -> None:
    arguments = {
        "model": {"row": [0.0, 0.0]},
        "input_ids": {"ids": [0]},
        "max_length": 41,
        "seed": {"each": [1, 2, 3, 4]},
    }
    case = Case(arguments, "sample_decode", first_calls=1)
    sampler = Sampler(chances)
    mismatch = run_case(A7_2["sample_decode"], case, LocalStudent({"sample_decode": sampler}))
    assert (sampler.calls, mismatch and mismatch.kind) == (calls, kind)


def test_an_error_of_a_later_call_names_its_number() -> None:
    first, *_, last = A7_2["sample_decode"].cases
    case = replace(last, arguments=first.arguments, first_calls=1)
    sampler = Sampler((1.0,))  # the second call raises
    mismatch = run_case(A7_2["sample_decode"], case, LocalStudent({"sample_decode": sampler}))
    assert mismatch is not None
    assert (mismatch.kind, mismatch.call) == ("raised", 1)


def test_a_run_makes_no_more_statistical_tests_than_the_budget() -> None:
    tests = 0
    for name in A7_2:
        exercise = A7_2[name]
        if exercise.checker != "sample":
            continue
        for case in [*exercise.cases, *hidden(name, "one seed")]:
            seeds = {specs.get("seed") for specs in calls_of(case.arguments)}
            tests += 1 + (len(seeds) > 1)  # uniformity; another seed
    assert 0 < tests <= distribution.TESTS


def test_an_exercise_whose_need_is_broken_is_not_judged(
    solved: Callable[..., dict[str, Any]],
) -> None:
    broken = solved(next_token_probs=WRONG["next_token_probs", "all_positions"].source)
    result = run_check(_exercise("greedy_decode"), LocalStudent(broken))
    assert (result.passed, result.points, result.kind) == (None, 0.0, "needs")
    assert "next_token_probs" in result.told("de")


def test_sampling_with_a_broken_part_is_not_judged(solved: Callable[..., dict[str, Any]]) -> None:
    broken = solved(filter_top_p=WRONG["filter_top_p", "unsorted"].source)
    result = run_check(_exercise("sample_decode"), LocalStudent(broken))
    assert (result.passed, result.kind) == (None, "needs")
    assert "filter_top_p" in result.told("en")


def test_a_solution_without_the_broken_need_keeps_its_points(
    solved: Callable[..., dict[str, Any]],
) -> None:
    broken = solved(
        next_token_probs=WRONG["next_token_probs", "raw_logits"].source,
        greedy_decode=CORRECT["greedy_decode", "other_style"],
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
    result = run_check(_exercise("top_tokens"), LocalStudent(solved(top_tokens=source)))
    assert (result.passed, result.kind) == (False, "changed")


def test_what_a_student_does_to_a_list_stays_with_that_call(
    solved: Callable[..., dict[str, Any]],
) -> None:
    exercise = _exercise("explore")
    before = json.dumps([dict(case.arguments) for case in exercise.cases])
    spoils = WRONG["explore", "setting_changed"].source
    assert run_check(exercise, LocalStudent(solved(explore=spoils))).kind == "changed"
    assert json.dumps([dict(case.arguments) for case in exercise.cases]) == before


def test_a_failing_check_of_ours_is_nobodys_mistake(
    solved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_: Any) -> None:
        raise RuntimeError("broken oracle")

    monkeypatch.setattr("autograder.exercises.oracle.next_token_probs", breaks)
    result = run_check(_exercise("next_token_probs"), LocalStudent(solved()))
    assert (result.passed, result.kind) == (None, "ours")
    assert "broken oracle" in result.told("de")


def test_a_hint_that_cannot_be_found_costs_no_verdict(
    solved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**_: Any) -> None:
        raise RuntimeError("broken rule")

    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it the error would be raised
    monkeypatch.setattr("autograder.exercises.misconceptions.raw_logits", breaks)
    broken = solved(next_token_probs=WRONG["next_token_probs", "raw_logits"].source)
    result = run_check(_exercise("next_token_probs"), LocalStudent(broken))
    assert (result.passed, result.kind, result.rule) == (False, "value", "")


def test_check_finds_the_function_of_its_caller() -> None:
    namespace: dict[str, Any] = {"check": check}
    exec("result = check('encode_prompt')", namespace)
    assert namespace["result"].kind == "missing"
    with pytest.raises(KeyError, match=r"no exercise 'nope'; there are: accept_draft"):
        check("nope")


def test_a_result_shows_nbgrader_a_pass_and_students_a_box(
    solved: Callable[..., dict[str, Any]],
) -> None:
    result = check("encode_prompt", namespace=solved())
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == "passed"
    assert "bestanden<" in bundle["text/html"]
    assert bundle[RESULT_MIME]["max_points"] == 0.0


def test_only_a_failure_is_a_value_for_nbgrader(solved: Callable[..., dict[str, Any]]) -> None:
    """Without a value it gives the points that the teacher has set in the cell."""
    passed = check("encode_prompt", namespace=solved())
    assert DisplayFormatter().format(passed)[0] == {}
    failed = check("encode_prompt", namespace={})
    assert DisplayFormatter().format(failed)[0]["text/plain"] == "0"


def test_a_bonus_has_its_points_in_its_file(
    solved: Callable[..., dict[str, Any]],
) -> None:
    bundle = check("filter_min_p", namespace=solved())._repr_mimebundle_()
    assert bundle[RESULT_MIME]["points"] == 1.0
    assert "1 von 1 Zusatzpunkt" in bundle["text/html"]


def test_the_check_leaves_the_random_state_alone(solved: Callable[..., dict[str, Any]]) -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    check("generate_text", namespace=solved())
    assert torch.rand(1) == expected


def test_arguments_are_what_their_specs_say() -> None:
    import torch

    half = build({"vector": [1.0, 2.5], "dtype": "float16", "every": 2})
    assert (half.dtype, half.is_contiguous(), half.tolist()) == (torch.float16, False, [1.0, 2.5])
    model = build({"row": [0.0, 1.0, 2.0], "eos": 1})
    assert model(torch.tensor([[2, 0]])).logits.tolist() == [[[0.0, 1.0, 2.0]] * 2]
    assert model.config.eos_token_id == 1
    with pytest.raises(ValueError, match=r"dtype must be one of .*, was: int8, 1"):
        build({"vector": [1], "dtype": "int8"})
    with pytest.raises(ValueError, match=r"must be one of .*; was: {'nonsense': 1}"):
        build({"nonsense": 1})


def test_a_check_uses_one_thread_and_restores_the_number(
    solved: Callable[..., dict[str, Any]],
) -> None:
    """Threads that wait for cores which others use made it ten times as long."""
    seen = []
    functions = solved()
    correct = functions["repetition_rate"]

    def repetition_rate(token_ids: list[int], n: int) -> float:
        seen.append(torch.get_num_threads())
        return float(correct(token_ids, n))

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = check("repetition_rate", namespace={"repetition_rate": repetition_rate})
        assert found.passed
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_model_in_half_precision_spoils_no_other_check(
    solved: Callable[..., dict[str, Any]],
) -> None:
    source = (
        "def greedy_decode(model, input_ids, max_length):\n"
        "    model.to(torch.bfloat16)\n"
        "    return model.generate(input_ids, max_length=max_length)"
    )
    run_check(A7_2["greedy_decode"], LocalStudent(solved(greedy_decode=source)))
    assert model_of().dtype == torch.float32
    assert run_check(A7_2["next_token_probs"], LocalStudent(solved())).passed


def test_a_passed_exercise_is_not_run_again_for_those_above_it(
    solved: Callable[..., dict[str, Any]],
) -> None:
    """`explore` fails: `generate_text`, checked before, is not called again, unless it is new."""
    calls = []

    def noted(function: Callable[..., str]) -> Callable[..., str]:
        def generate_text(*args: Any, **parameters: Any) -> str:
            calls.append(parameters)
            return function(*args, **parameters)

        return generate_text

    functions = solved(explore=known_wrong("explore")["a_key_missing"].source)
    functions["generate_text"] = noted(functions["generate_text"])
    assert check("generate_text", namespace=functions).passed
    calls.clear()
    assert check("explore", namespace=functions).passed is False
    assert len(calls) == 5  # its own, one a setting
    functions["generate_text"] = lambda tokenizer, model, prompt_text, **parameters: prompt_text
    assert check("explore", namespace=functions).kind == "needs"
