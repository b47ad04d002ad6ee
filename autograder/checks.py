"""Running a check: an exercise's cases against a student's function, one outcome."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from autograder import feedback
from autograder.arguments import calls_of, draw, seeded
from autograder.chart import Chart
from autograder.compare import Mismatch
from autograder.exercise import Case, Exercise, Words, load_exercise
from autograder.judge import MARGIN, answer_of, judge, tells
from autograder.student import CallError, LocalStudent, Student

SEED_VARIABLE = "KISCHULE_SEED"
MOST_DRAWS = 10_000
WHOLE = ("text", "exploration", "beam", "kept")  # judges that compare with one right answer
OUTCOME_MIME = "application/vnd.kischule.outcome+json"


@dataclass(frozen=True)
class Outcome:
    """What a check found. passed: True, False (the student's mistake), None (not judged)."""

    exercise: str
    level: str  # public | drawn
    passed: bool | None
    points: float
    max_points: float
    bonus: bool  # the points come on top of the assignment's
    cases: int  # that passed
    kind: str  # of the first mismatch; "" if there is none
    rule: str  # the misconception that explains it; "" if none does
    message: Words
    head: Words
    chart: Chart | None = None  # of a public case that did not pass

    def __str__(self) -> str:
        return "\n".join(t for t in (self.head.de, self.message.de) if t)

    __repr__ = __str__

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "message": asdict(self.message), "head": asdict(self.head)}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """In a notebook: the box; as text the points, which is what nbgrader reads.

        nbgrader takes no more points than a cell has, and that of a bonus has none: they go into
        its extra credit (`bridge.SaveBonus`).
        """
        return {
            "text/plain": "0" if self.bonus else f"{self.points:g}",
            "text/html": feedback.box(self.passed, self.head, self.message),
            OUTCOME_MIME: self.as_data(),
        }


def check(
    exercise_id: str, *, drawn: bool = False, namespace: Mapping[str, Any] | None = None
) -> Outcome:
    """Check one exercise's function and say what is wrong, as a notebook's test cell does.

    drawn: new cases from the seed in the environment variable KISCHULE_SEED, where there is none
        from a fresh one; else the exercise's public cases.
    namespace: where the function is; default: the caller's globals.

    Raises KeyError, naming the exercises there are, for an id that is none.
    """
    if namespace is None:
        namespace = sys._getframe(1).f_globals
    seed = os.environ.get(SEED_VARIABLE) or secrets.token_hex(16)
    return run_check(load_exercise(exercise_id), LocalStudent(namespace), seed if drawn else None)


def run_check(
    exercise: Exercise,
    student: Student,
    seed: str | None = None,
    cases: Sequence[Case] | None = None,
    known: Mapping[str, bool] | None = None,
) -> Outcome:
    """seed: draw cases from it; None: the public cases. cases: these, if they are drawn already.

    known: exercises whose public cases have been checked, and whether they passed.
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
    if verdict is False and (broken := _broken_needs(exercise, student, known or {})):
        verdict, kind, rule, message = None, "needs", "", feedback.needed(broken)
        chart = None
    full = exercise.points(drawn)
    points = full if verdict else 0.0
    level = "drawn" if drawn else "public"
    return Outcome(
        exercise.id,
        level,
        verdict,
        points,
        full,
        exercise.bonus,
        solved,
        kind,
        rule,
        message,
        feedback.headline(exercise, level, verdict, points),
        chart,
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
    kind = exercise.judge_of(template)
    for attempt in range(MOST_DRAWS):
        rng = seeded(*key, attempt)
        arguments = {name: draw(spec, rng) for name, spec in template.arguments.items()}
        case = replace(template, arguments=arguments)
        if kind in WHOLE:
            answer, gap = answer_of(exercise, case)
            if gap < MARGIN[kind]:
                continue
            case = replace(case, expected=answer)
        if tells(exercise, case):
            return case
    raise ValueError(
        f"{exercise.id}: a drawn case must keep away from ties and tell {template.tells}; none of "
        f"{MOST_DRAWS} draws did"
    )


def _broken_needs(exercise: Exercise, student: Student, known: Mapping[str, bool]) -> list[str]:
    """Exercises that this one builds on and whose public cases fail."""

    def passes(name: str) -> bool:
        need = load_exercise(name)
        return all(run_case(need, case, student) is None for case in need.cases)

    return [n for n in exercise.needs if not (known[n] if n in known else passes(n))]
