"""What a class's page counts, and whom it points at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from autograder.course.bridge import Total

from autograder.grading.record import Record
from autograder.notebooks.cells import TestResult
from autograder.reports import class_data
from autograder.reports.class_data import Student


def _outcome(passed: bool | None, message: str = "", kind: str = "value") -> dict[str, Any]:
    return {"passed": passed, "kind": kind, "message": {"de": message, "en": message}}


def student(
    name: str,
    solved: dict[str, tuple[bool | None, bool | None]],
    messages: dict[tuple[str, str], str] | None = None,
    **record: Any,
) -> Student:
    outcomes, results = {}, []
    for exercise, passed in solved.items():
        for level, ok in zip(("public", "drawn"), passed, strict=True):
            outcomes[exercise, level] = _outcome(ok, (messages or {}).get((exercise, level), ""))
            points = 1.0 if ok else 0.0
            prefix = "test_" if level == "public" else "drawn_"
            results.append(
                TestResult(f"{prefix}{exercise}", exercise, level, 1.0, ok, points, "", "")
            )
    about = {"status": "graded", "seconds": 5.0, **record}
    points = sum(r.points for r in results)
    return Student(
        name,
        Record("key", results=tuple(results), **about),
        Total(points, len(results), 0.0, 0.0),
        outcomes,
        {},
    )


YES, NO, HALF = (True, True), (False, False), (True, False)
A, B, C = "encode_prompt", "top_tokens", "filter_top_p"


def _class(*patterns: Sequence[bool]) -> list[Student]:
    return [
        student(f"s{i}", {e: YES if ok else NO for e, ok in zip((A, B, C), pattern, strict=True)})
        for i, pattern in enumerate(patterns)
    ]


def test_discrimination_is_the_correlation_with_the_other_exercises() -> None:
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
    rows = {row.id: row for row in class_data.exercise_rows(graded, "de")}
    assert (rows[A].solved, rows[B].solved) == (2, 1)
    assert rows[A].share == pytest.approx(2 / 3)


def test_hints_are_counted_once_a_student() -> None:
    message = "f: Aufruf: f(1)\nErwartet: 1. Erhalten: 2.\nHinweis: Zählen Sie."
    both = {(A, "public"): message, (A, "drawn"): message}
    graded = [student("a", {A: NO}, both), student("b", {A: NO}, both), student("c", {A: YES})]
    assert class_data.hint_counts(graded, "de") == {(A, "Zählen Sie."): 2}
    row = class_data.exercise_rows(graded, "de")[0]
    assert (row.hint, row.hints) == ("Zählen Sie.", 2)


def test_wrong_outputs_are_grouped_with_who_gave_them() -> None:
    def message(got: int) -> dict[tuple[str, str], str]:
        return {(A, "public"): f"f: Aufruf: f(1)\nErwartet: 1. Erhalten: {got}.\nHinweis: x"}

    graded = [student(n, {A: NO}, message(g)) for n, g in (("a", 3), ("b", 2), ("c", 3))]
    found = class_data.wrong_outputs(graded, "de")
    assert [(w.students, w.message) for w in found] == [
        (("a", "c"), "Aufruf: f(1)\nErwartet: 1. Erhalten: 3."),
        (("b",), "Aufruf: f(1)\nErwartet: 1. Erhalten: 2."),
    ]


def test_who_needs_a_talk_and_why() -> None:
    good = [student(f"good{i}", {A: YES, B: YES}) for i in range(5)]
    special = [
        student("odd", {A: YES, B: YES}, flags=("changed: test_top_tokens", "renamed: x.ipynb")),
        student("learned", {A: HALF, B: YES}),
        student("low", {A: NO, B: NO}),
        student("slow", {A: YES, B: YES}, seconds=200.0),
        student("ended", {A: YES, B: YES}, status="timeout"),
        Student("nothing", None, None, {}, {}),
    ]
    found = {talk.student: dict(talk.reasons) for talk in class_data.talks([*good, *special])}
    assert found == {
        "odd": {"odd": "changed: test_top_tokens"},
        "learned": {"half": A},
        "low": {"low": "0%"},
        "slow": {"slow": "200"},
        "ended": {"status": "timeout"},
        "nothing": {"no_grade": ""},
    }
