"""Running a check: an exercise's cases against a student's function, one outcome."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from autograder.checking import messages as feedback
from autograder.checking.checkers import answer_of, judge, margin, tells
from autograder.checking.compare import Mismatch
from autograder.checking.result import Outcome
from autograder.exercises.exercise import SEED_VARIABLE, Case, Exercise, Words, load_exercise
from autograder.sandbox.arguments import calls_of, draw, for_model, seeded
from autograder.sandbox.student import CallError, LocalStudent, Student

MOST_DRAWS = 10_000
# exercise -> its functions when its examples passed: in a notebook they need not be tried again to
# see whether an exercise that builds on it is to blame
_passed: dict[str, list[Any]] = {}
WHOLE = ("text", "greedy", "exploration", "beam", "kept")  # judges that know one right answer


def check(
    exercise_id: str,
    *,
    drawn: bool = False,
    namespace: Mapping[str, Any] | None = None,
    model: str = "mini",
) -> Outcome:
    """Check one exercise's function and say what is wrong, as a notebook's test cell does.

    drawn: new cases from the seed in the environment variable KISCHULE_SEED, where there is none
        from a fresh one; else the exercise's public cases.
    namespace: where the function is; default: the caller's globals.
    model: that the function is called with, a name or folder of `kischule.load`. Right answers of
        another one than `mini` are made on first use, which takes a while, and kept in the cache.

    Raises KeyError, naming the exercises there are, for an id that is none; for another model also
    what `kischule.load` raises, and TooCloseError for one of which no text can be foretold.
    """
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    load = _loader(model)
    exercise, student = load(exercise_id), LocalStudent(namespace)
    seed = os.environ.get(SEED_VARIABLE) or secrets.token_hex(16)
    known = {n: True for n in exercise.needs if _passed.get(n) == _functions(n, namespace)}
    with _one_thread():
        outcome = run_check(exercise, student, seed if drawn else None, known=known, load=load)
    if outcome.passed and not drawn:
        _passed[exercise_id] = _functions(exercise_id, namespace)
    return outcome


def _loader(model: str) -> Callable[[str], Exercise]:
    """Exercises for a model by their id."""
    if model == "mini":
        return load_exercise

    from autograder.checking.retarget import exercise_for
    from kischule.smollm2 import cache

    return lambda name: exercise_for(name, model, cache() / "expected")


def _functions(exercise_id: str, namespace: Mapping[str, Any]) -> list[Any]:
    """The functions of an exercise and of those that it builds on, as a namespace has them."""
    exercise = load_exercise(exercise_id)
    own = [namespace.get(name) for name in (exercise_id, *exercise.helpers)]
    return own + [f for need in exercise.needs for f in _functions(need, namespace)]


@contextmanager
def _one_thread() -> Iterator[None]:
    """torch with one thread: a small model gains nothing from more.

    Where other programs use the cores, threads that wait for each other took ten times as long.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def run_check(
    exercise: Exercise,
    student: Student,
    seed: str | None = None,
    cases: Sequence[Case] | None = None,
    known: Mapping[str, bool] | None = None,
    load: Callable[[str], Exercise] = load_exercise,
) -> Outcome:
    """seed: draw cases from it; None: the public cases. cases: these, if they are drawn already.

    known: exercises whose public cases have been checked, and whether they passed. load: gives
    those that this one builds on.
    """
    drawn = seed is not None
    if cases is None:
        cases = exercise.cases if seed is None else drawn_cases(exercise, seed)
    solved, kind, rule, message, chart = 0, "", "", Words("", ""), None
    verdict: bool | None = True
    for case in cases:
        mismatch = run_case(exercise, case, student)
        if mismatch is not None:
            kind, rule = mismatch.kind, mismatch.rule
            message = feedback.failure(exercise, case, mismatch, drawn)
            chart = None if drawn else mismatch.chart
            # None: the check itself failed; the student has no part in it
            verdict = None if mismatch.kind == "ours" else False
            break
        solved += 1
    if verdict is False and (broken := _broken_needs(exercise, student, known or {}, load)):
        verdict, kind, rule, message = None, "needs", "", feedback.needed(broken)
        chart = None
    full = exercise.points(drawn)
    points = full if verdict else 0.0
    level = "drawn" if drawn else "public"
    return Outcome(
        exercise=exercise.id,
        level=level,
        passed=verdict,
        points=points,
        max_points=full,
        bonus=exercise.bonus,
        cases=solved,
        kind=kind,
        rule=rule,
        message=message,
        head=feedback.headline(exercise, level, verdict, points),
        done=Words("", "") if drawn else feedback.done(verdict, kind, solved, len(cases)),
        read=feedback.reading(exercise) if verdict is False else Words("", ""),
        chart=chart,
    )


def run_case(exercise: Exercise, case: Case, student: Student) -> Mismatch | None:
    """The case's calls, judged; never raises for what the student's function does."""
    calls = [
        (
            [(name, specs[name]) for name in exercise.parameters],
            {n: specs[n] for n in exercise.keywords if n in specs},
        )
        for specs in calls_of(case.arguments)
    ]
    try:
        answers = student.call_all(case.function, calls, exercise.time_limit)
    except CallError as error:
        return Mismatch(error.kind, actual=error.detail, call=error.number)
    try:
        return judge(exercise, case, answers)
    except Exception as error:
        return Mismatch("ours", actual=f"{type(error).__name__}: {error}")


def drawn_cases(exercise: Exercise, seed: str) -> Sequence[Case]:
    """The cases that this seed gives: the same ones each time."""
    return [
        _drawn_case(exercise, template, (seed, exercise.id, i, round_))
        for round_ in range(exercise.draws)
        for i, template in enumerate(exercise.drawn)
    ]


def _drawn_case(exercise: Exercise, template: Case, key: tuple[object, ...]) -> Case:
    """The first draw that does not hang on a tie and tells right from wrong as it is meant to."""
    for attempt in range(MOST_DRAWS):
        rng = seeded(*key, attempt)
        arguments = {name: draw(spec, rng) for name, spec in template.arguments.items()}
        case = replace(template, arguments=for_model(arguments, exercise.model))
        if exercise.judge_of(case) in WHOLE:
            answer, gap = answer_of(exercise, case)
            if gap < margin(exercise, case):
                continue
            case = replace(case, expected=answer)
        if tells(exercise, case):
            return case
    raise ValueError(
        f"{exercise.id}: a drawn case must keep away from ties and tell {template.tells}; none of "
        f"{MOST_DRAWS} draws did"
    )


def _broken_needs(
    exercise: Exercise,
    student: Student,
    known: Mapping[str, bool],
    load: Callable[[str], Exercise],
) -> list[str]:
    """Exercises that this one builds on and whose public cases fail."""

    def passes(name: str) -> bool:
        need = load(name)
        return all(run_case(need, case, student) is None for case in need.cases)

    return [n for n in exercise.needs if not (known[n] if n in known else passes(n))]
