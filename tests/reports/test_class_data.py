"""The numbers of a class's page, and the students whom it points at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from support.notebooks import A7_2

from autograder.checking.result import Message, Result
from autograder.course.gradebook import Total
from autograder.course.messages import UNGRADED
from autograder.exercises.exercise import Level
from autograder.grading.record import Record, Status
from autograder.notebooks.flags import Flag, FlagKind
from autograder.reports import class_data, messages
from autograder.reports.class_data import GradedStudent
from kischule.i18n import Text

LEVELS = (Level.PUBLIC, Level.HIDDEN)


def student(
    name: str,
    solved: Mapping[str, tuple[bool | None, bool | None]],
    told: Mapping[tuple[str, Level], Message] | None = None,
    **record: Any,
) -> GradedStudent:
    results = [
        Result(
            exercise=exercise,
            level=level,
            passed=ok,
            points=1.0 if ok else 0.0,
            max_points=1.0,
            kind="" if ok else "value",
            message=(told or {}).get((exercise, level)),
        )
        for exercise, passed in solved.items()
        for level, ok in zip(LEVELS, passed, strict=True)
    ]
    about = {"status": Status.GRADED, "seconds": 5.0, **record}
    points = sum(r.points for r in results)
    return GradedStudent(
        name=name,
        record=Record(key="key", results=tuple(results), **about),
        total=Total(points=points, max_points=len(results), waiting=0.0, penalty=0.0),
        cells={},
    )


def message(got: int) -> Message:
    return Message(
        call=Text.same("f(1)"),
        sentence=Text(f"Erwartet: 1. Erhalten: {got}.", f"Expected: 1. Got: {got}."),
        hint=Text("Zählen Sie.", "Count."),
    )


YES, NO, HALF = (True, True), (False, False), (True, False)
A, B = "encode_prompt", "top_tokens"


def test_discrimination_is_the_correlation_with_the_rest() -> None:
    # by hand: item 1,1,0,0 and rest 2,1,1,0: covariance 0.25, deviations 0.5 and sqrt(0.5)
    value = class_data.discrimination([True, True, False, False], [2, 1, 1, 0])
    assert value == pytest.approx(0.25 / (0.5 * math.sqrt(0.5)))
    assert class_data.discrimination([True, False, True], [0, 2, 0]) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("solved", "rest"),
    [([True, True, True], [1, 2, 3]), ([True, False, True], [2, 2, 2]), ([True, False], [1, 0])],
)
def test_discrimination_is_left_open_where_nothing_varies(
    solved: list[bool], rest: list[float]
) -> None:
    assert class_data.discrimination(solved, rest) is None


def test_an_exercise_counts_as_solved_with_both_levels() -> None:
    graded = [
        student("a", {A: YES, B: HALF}),
        student("b", {A: NO, B: YES}),
        student("c", {A: YES, B: NO}),
    ]
    rows = {row.id: row for row in class_data.exercise_rows(graded, A7_2, "de")}
    assert (rows[A].solved, rows[B].solved) == (2, 1)
    assert rows[A].share == pytest.approx(2 / 3)


def test_an_exercise_that_was_not_judged_counts_for_nobody() -> None:
    graded = [
        student("a", {A: YES, B: YES}),
        student("b", {A: NO, B: (None, None)}),
        student("c", {A: YES, B: (True, None)}),
    ]
    rows = {row.id: row for row in class_data.exercise_rows(graded, A7_2, "de")}
    assert (rows[A].solved, rows[A].share) == (2, pytest.approx(2 / 3))
    assert (rows[B].solved, rows[B].share) == (1, 1.0)


def test_hints_are_counted_once_a_student() -> None:
    both = dict.fromkeys(((A, level) for level in LEVELS), message(2))
    graded = [student("a", {A: NO}, both), student("b", {A: NO}, both), student("c", {A: YES})]
    assert class_data.hint_counts(graded, "de") == {(A, "Zählen Sie."): 2}
    assert class_data.hint_counts(graded, "en") == {(A, "Count."): 2}
    row = class_data.exercise_rows(graded, A7_2, "de")[0]
    assert (row.hint, row.hints) == ("Zählen Sie.", 2)


def test_wrong_outputs_are_grouped_with_who_gave_them() -> None:
    got = {"a": 3, "b": 2, "c": 3}
    graded = [student(n, {A: NO}, {(A, Level.PUBLIC): message(g)}) for n, g in got.items()]
    found = class_data.wrong_outputs(graded, "de")
    assert [(w.students, w.message) for w in found] == [
        (("a", "c"), "Aufruf: f(1)\nErwartet: 1. Erhalten: 3."),
        (("b",), "Aufruf: f(1)\nErwartet: 1. Erhalten: 2."),
    ]


def test_students_who_need_a_talk_are_listed_with_the_reasons() -> None:
    good = [student(f"good{i}", {A: YES, B: YES}) for i in range(5)]
    flags = (
        Flag(FlagKind.CHANGED, cell="test_top_tokens"),
        Flag(FlagKind.RENAMED, reason="x.ipynb"),
    )
    special = [
        student("odd", {A: YES, B: YES}, flags=flags),
        student("learned", {A: HALF, B: YES}),
        student("low", {A: NO, B: NO}),
        student("slow", {A: YES, B: YES}, seconds=200.0),
        student("ended", {A: YES, B: YES}, status=Status.TIMEOUT),
        GradedStudent(name="nothing", record=None, total=None, cells={}),
    ]
    found = {talk.student: talk.reasons for talk in class_data.talks([*good, *special])}
    assert found == {
        "odd": (
            Text(
                "auffällig: gesperrte Zelle geändert: test_top_tokens",
                "odd: changed: test_top_tokens",
            ),
        ),
        "learned": (messages.ONLY_PUBLIC.format(exercises=A),),
        "low": (messages.LOW.format(share=0.0),),
        "slow": (messages.SLOW_BY.format(seconds=200),),
        "ended": (messages.ENDED_WITH.format(status=messages.STATUS_WORDS[Status.TIMEOUT]),),
        "nothing": (UNGRADED,),
    }


def test_every_status_has_words() -> None:
    assert set(messages.STATUS_WORDS) == set(Status)
