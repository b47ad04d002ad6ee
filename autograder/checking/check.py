"""Running a check: an exercise's cases against a student's function, one result."""

import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from autograder.checking import compare
from autograder.checking.calls import arguments_of, built_arguments
from autograder.checking.carried import known_in
from autograder.checking.compare import Mismatch
from autograder.checking.explain import catches_all, explained
from autograder.checking.judge import Trial, checker_of, expected_of, judge, margin
from autograder.checking.result import OURS, UNSOLVED, Message, Result
from autograder.checking.retarget import ForModel, for_model
from autograder.checking.solution import ReferenceFailedError, ReferenceMissingError
from autograder.checking.wording import (
    message_of,
    message_of_needs,
    mistake_of,
    unquoted,
    working_note,
)
from autograder.exercises.exercise import (
    PACKAGED,
    SEED_VARIABLE,
    Case,
    Exercise,
    ExerciseError,
    Level,
)
from autograder.exercises.generate import generate, seeded
from autograder.exercises.strict import DataError
from autograder.sandbox.student import Arguments, CallError, LocalStudent, Reply, Student
from kischule.smollm2 import cache

MAX_ATTEMPTS = 10_000  # to generate a hidden case that keeps away from ties
# exercise -> its functions when its examples passed: in a notebook they need not be tried again to
# find out whether an exercise that builds on it is to blame
_passed: dict[str, list[Any]] = {}


def check(
    exercise_id: str,
    *,
    hidden: bool = False,
    namespace: Mapping[str, Any] | None = None,
    model: str = "mini",
) -> Result:
    """Check one exercise's function and say what is wrong, as a notebook's test cell does.

    hidden: new cases, generated from the environment variable KISCHULE_SEED or, where it is not
        set, from a random seed; otherwise the exercise's public cases.
    namespace: where the function is defined; default: the caller's globals.
    model: the model that cases use, a name or folder of `kischule.load`. The expected replies of
        another one than `mini` are made on first use, which takes a while, and kept in the cache.

    Raises KeyError, naming the exercises there are, for an unknown id; for another model also what
    `kischule.load` raises, and TooCloseError for a model whose texts all hang on ties.
    """
    if namespace is None:
        namespace = sys._getframe(1).f_globals

    own = known_in(namespace)
    exercises = ForModel(own, model, cache() / "expected")
    exercise, student = exercises[exercise_id], LocalStudent(namespace)
    seed = os.environ.get(SEED_VARIABLE) or secrets.token_hex(16)
    known = {
        n: True for n in exercise.needs if _passed.get(n) == functions_behind(n, own, namespace)
    }
    with _one_thread():
        result = run_check(
            exercise, student, seed if hidden else None, known=known, exercises=exercises
        )
    if result.passed and not hidden:
        _passed[exercise_id] = functions_behind(exercise_id, own, namespace)
    return result


def functions_behind(
    exercise_id: str, exercises: Mapping[str, Exercise], namespace: Mapping[str, Any]
) -> list[Any]:
    """The functions of an exercise and of those that it builds on, as a namespace has them.

    Where these are the same, the exercise has the same result.
    """
    exercise = exercises[exercise_id]
    own = [namespace.get(name) for name in (exercise_id, *exercise.helpers)]
    return own + [
        f for need in exercise.needs for f in functions_behind(need, exercises, namespace)
    ]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit torch to one thread: a small model gains nothing from more.

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
    *,
    known: Mapping[str, bool] | None = None,
    exercises: Mapping[str, Exercise] = PACKAGED,
    working: Sequence[str] = (),
) -> Result:
    """Check a student's functions with an exercise's cases, up to the first that fails.

    seed: of hidden cases; None: the public cases. cases: the hidden cases, if they have been
    generated already. known: exercises whose public cases have been checked, and whether they
    passed. exercises: those that this one may build on. working: exercises whose reference stands
    in the place of the student's function; the result says so, and quotes nothing of a reply,
    which could be the reference's source.
    """
    level = Level.PUBLIC if seed is None else Level.HIDDEN
    if cases is None:
        cases = exercise.cases if seed is None else hidden_cases(exercise, seed)
    if not cases:  # nothing passes untried
        raise ExerciseError(f"{exercise.id} has no {level} cases here")
    points = exercise.points_of(level)
    result = Result(
        exercise=exercise.id,
        level=level,
        passed=True,
        points=points,
        max_points=points,
        bonus=exercise.bonus,
        passed_cases=len(cases),
        cases=len(cases),
        message=Message(sentence=working_note(working)) if working else None,
    )
    tried: list[Trial] = []
    for passed, case in enumerate(cases):
        tried.append(try_case(exercise, case, student))
        mismatch = tried[-1].mismatch
        if mismatch is None:
            continue
        result = replace(result, points=0.0, passed_cases=passed)
        if mismatch.kind not in (*OURS, *UNSOLVED) and (
            broken := _broken_needs(exercise, student, known or {}, exercises)
        ):
            message = message_of_needs(broken)
            return replace(result, passed=None, kind="needs", message=message)
        if working:
            failed = _failure(result, exercise, case, unquoted(mismatch))
            assert failed.message is not None
            return replace(failed, message=replace(failed.message, note=working_note(working)))
        rest = [*cases[passed + 1 :], *(exercise.cases if seed is not None else ())]
        mismatch = explained(exercise, tried, rest, lambda c: try_case(exercise, c, student))
        return _failure(result, exercise, case, mismatch)
    return result


def _failure(result: Result, exercise: Exercise, case: Case, mismatch: Mismatch) -> Result:
    hidden = result.level == Level.HIDDEN
    untouched = mismatch.kind in UNSOLVED and result.passed_cases == 0
    return replace(
        result,
        # None: the check itself failed, which is not the student's mistake
        passed=None if mismatch.kind in OURS else False,
        kind=mismatch.kind,
        rule=mistake_of(exercise, case, mismatch),
        error=str(mismatch.actual) if mismatch.kind == "raised" else "",
        message=message_of(exercise, case, mismatch, hidden=hidden, untouched=untouched),
        chart=None if hidden else mismatch.chart,
        table=None if hidden else mismatch.table,
    )


def run_case(exercise: Exercise, case: Case, student: Student) -> Mismatch | None:
    """Make a case's calls and judge the replies: None, or the first mismatch."""
    return try_case(exercise, case, student).mismatch


def try_case(exercise: Exercise, case: Case, student: Student) -> Trial:
    """Make a case's calls and judge the replies; never raises for what the student's code does.

    Raises ReferenceFailedError and ExerciseError, for mistakes that are the teacher's.
    """
    calls = arguments_of(exercise, case)
    if case.raises:
        return Trial(case, _not_raised(exercise, case, student, calls))
    early = checker_of(exercise, case).stops_early and 0 < case.first_calls < len(calls)
    replies: list[Reply] = []
    # only to accept a case its first calls can be enough: a mistake is explained by all of them
    for part in (calls[: case.first_calls], calls[case.first_calls :]) if early else (calls,):
        try:
            replies += student.call_all(case.function, part, exercise.time_limit_s)
        except CallError as error:
            built_arguments(exercise, case)  # what cannot be built is not the student's mistake
            number = len(replies) + error.number
            return Trial(case, Mismatch(error.kind, actual=error.detail, call=number))
        trial = _judged(exercise, case, replies)
        if trial.mismatch is None:
            break
    return trial


def _judged(exercise: Exercise, case: Case, replies: Sequence[Reply]) -> Trial:
    try:
        return judge(exercise, case, replies)
    except ReferenceMissingError:
        return Trial(case, Mismatch("no_reference"))
    except (ExerciseError, ReferenceFailedError):  # the teacher's to mend, before anyone is judged
        raise
    except Exception as error:
        return Trial(case, Mismatch("ours", actual=f"{type(error).__name__}: {error}"))


def _not_raised(
    exercise: Exercise, case: Case, student: Student, calls: Sequence[Arguments]
) -> Mismatch | None:
    """The first call that does not raise the case's exception, or one derived from it."""
    for number, call in enumerate(calls):
        try:
            (reply,) = student.call_all(case.function, [call], exercise.time_limit_s)
        except CallError as error:
            built_arguments(exercise, case)
            if error.kind != "raised":
                return Mismatch(error.kind, actual=error.detail, call=number)
            if case.raises not in error.bases:
                return Mismatch("other_error", case.raises, error.detail, call=number)
        else:
            return Mismatch("no_error", case.raises, compare.shown(reply.value), call=number)
    return None


def hidden_cases(exercise: Exercise, seed: str) -> Sequence[Case]:
    """Generate the hidden cases of a seed: the same ones each time."""
    return [
        _hidden_case(exercise, template, (seed, exercise.id, i, round_))
        for round_ in range(exercise.rounds)
        for i, template in enumerate(exercise.hidden)
    ]


def _hidden_case(exercise: Exercise, template: Case, key: tuple[object, ...]) -> Case:
    """The first attempt that hangs on no tie and catches the wrong rules that it is meant to."""
    for attempt in range(MAX_ATTEMPTS):
        rng = seeded(*key, attempt)
        try:
            arguments = {name: generate(spec, rng) for name, spec in template.arguments.items()}
        except DataError as error:
            raise ExerciseError(f"{exercise.id}: hidden: {error}") from error
        case = replace(template, arguments=for_model(arguments, exercise.model))
        if checker_of(exercise, case).margin:
            reply, gap = expected_of(exercise, case)
            if gap < margin(exercise, case):
                continue
            case = replace(case, expected=reply)
        if catches_all(exercise, case):
            return case
    raise ValueError(
        f"{exercise.id}: a hidden case must keep away from ties and catch {template.catches}; "
        f"{MAX_ATTEMPTS} attempts failed"
    )


def _broken_needs(
    exercise: Exercise,
    student: Student,
    known: Mapping[str, bool],
    exercises: Mapping[str, Exercise],
) -> list[str]:
    """The exercises that this one builds on and whose public cases fail."""

    def passes(name: str) -> bool:
        need = exercises[name]
        return all(run_case(need, case, student) is None for case in need.cases)

    return [n for n in exercise.needs if not (known[n] if n in known else passes(n))]
