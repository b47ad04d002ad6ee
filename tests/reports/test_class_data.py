"""The numbers of a class's page, and the students whom it points at."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support import school
from support.notebooks import A7_2

from autograder.checking.result import Chart, Message, Result
from autograder.course.gradebook import Total
from autograder.course.messages import UNGRADED
from autograder.exercises.exercise import PACKAGED, Level
from autograder.grading.record import Record, Status
from autograder.grading.store import Store
from autograder.notebooks.flags import Flag, FlagKind
from autograder.reports import class_data, class_page, messages
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


def test_the_page_names_results_of_an_earlier_file() -> None:
    class_of_two = [student("ada", {A: YES, B: NO}, reused=(A, B)), student("bob", {A: YES})]
    names = {"ada": "Ada L.", "bob": "Bob"}
    remarks = [text["en"] for text in class_page._class_remarks(class_of_two, names, (), "a7_2")]
    told = "Unchanged since the file before, so not run again: Ada L. (encode_prompt, top_tokens)."
    assert [text for text in remarks if "not run again" in text] == [told]


def test_every_status_has_words() -> None:
    assert set(messages.STATUS_WORDS) == set(Status)


def named(exercise: str, level: Level, rule: str, hint: str, **about: Any) -> Result:
    told = Message(sentence=Text.same("Nein."), hint=Text.same(hint))
    kinds = {"passed": False, "points": 0.0, "max_points": 1.0, "kind": "value", "message": told}
    return Result(exercise=exercise, level=level, rule=rule, **kinds, **about)


def with_results(name: str, *results: Result) -> GradedStudent:
    record = Record(key="key", results=results, status=Status.GRADED, seconds=5.0)
    return GradedStudent(name=name, record=record, total=None, cells={})


def test_misconceptions_are_counted_over_all_exercises() -> None:
    chart = Chart(labels=("a", "b"), expected=(1.0, 0.0), actual=(0.5, 0.5), sampled=False)
    public, hidden = LEVELS
    graded = [
        with_results("anna", named("filter_top_k", hidden, "shifted", "Um eins verschoben.")),
        with_results(
            "bert",
            named("filter_top_p", public, "shifted", "Um eins daneben.", chart=chart),
            named("filter_top_p", hidden, "shifted", "Um eins daneben."),
            named("explore", public, "", "Ein Hinweis ohne Namen."),
        ),
        with_results("cara", named("explore", public, "once", "Nur einmal.")),
    ]
    first, second = class_data.misconceptions(graded)
    assert (first.name, first.students) == ("shifted", ("anna", "bert"))
    assert first.exercises == ("filter_top_k", "filter_top_p")
    assert (first.example.chart, first.hint["de"]) == (chart, "Um eins daneben.")
    assert (second.name, second.students) == ("once", ("cara",))


def test_exercises_that_fail_together_are_listed() -> None:
    """Of twenty, five fail p and q; r fails at random; who solved nothing does not count."""
    graded = [
        student(
            str(i), {"p": (i > 4,) * 2, "q": (i > 4,) * 2, "r": (i % 2 == 0,) * 2, "s": (True,) * 2}
        )
        for i in range(20)
    ]
    (pair,) = class_data.failing_together(graded)
    assert (pair.exercises, pair.both, pair.expected) == (("p", "q"), 5, 1.25)
    empty = [student(f"e{i}", dict.fromkeys("prs", (False, False))) for i in range(9)]
    assert class_data.failing_together([*graded, *empty]) == [pair]
    assert class_data.failing_together(graded[:6]) == []
    assert class_data.failing_together([]) == []


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_slide_says_all_and_names_nobody(language: str) -> None:
    chart = Chart(labels=("a$", "b"), expected=(1.0, 0.0), actual=(0.5, 0.5), sampled=False)
    for about in ({"chart": chart}, {}):
        result = named("filter_top_p", Level.PUBLIC, "shifted", "Zahlt $5 <zu viel>.", **about)
        graded = [with_results(name, result) for name in ("anna", "bert")]
        (found,) = class_data.misconceptions(graded)
        slide = class_page._misconception(found, 7, language)["slide"]
        tree = ElementTree.fromstring(slide)
        text = " ".join("".join(node.itertext()) for node in tree.iter())
        assert "$5 <zu viel>" in text
        assert {"de": "2 von 7 Abgaben", "en": "2 of 7 submissions"}[language] in text
        assert "anna" not in slide
        _, _, width, height = map(float, tree.attrib["viewBox"].split())
        assert width / height == pytest.approx(16 / 9)


CALLS = {
    'hint("top_tokens", 2)': {"top_tokens": 2},
    "hint('top_tokens')\nhint( 'explore', step = 3 )\nhint('explore', 1)": {
        "top_tokens": 1,
        "explore": 3,
    },
    "x = hint": {},
    "my.hint('explore', 1)": {},
    "hint(name, 2)": {},
    "hint('explore', " + " " * 100_000: {},
    "hint(" * 100_000: {},
    "(" * 100_000 + "hint('explore')": {},
}


@pytest.mark.parametrize(("source", "expected"), CALLS.items(), ids=range(len(CALLS)))
def test_calls_for_a_hint_are_read(source: str, expected: dict[str, int]) -> None:
    began = time.process_time()
    assert class_data.hints_called([source]) == expected
    assert time.process_time() - began < 1


def test_hint_steps_are_counted_for_a_class_alone() -> None:
    """The last step of each student; nothing of fewer than five, and of no invented exercise."""
    exercises = {name: PACKAGED[name] for name in (A, B)}
    steps = [{A: 1}, {A: 3}, {A: 3, B: 2}, {B: 2}, {A: 9, "<b>": 1}, {"<b>": 2}, {}]
    graded = [replace(student(f"s{i}", {A: YES}), hint_steps=each) for i, each in enumerate(steps)]
    assert class_data.hint_steps(graded, exercises) == {A: (1, 0, 2), B: (0, 2, 0)}
    assert class_data.hint_steps(graded[1:], exercises) == {}


def test_the_page_shows_misconceptions_and_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = named("filter_top_p", Level.PUBLIC, "shifted", "Um <eins> verschoben.")
    graded = [with_results(name, wrong) for name in ("anna", "bert")]
    hints = [("top_tokens", 2), ("explore", 1)]
    failed = [("greedy_decode", (False, False)), ("explore", (False, False))]
    solved = {"top_tokens": (True, True)}
    graded += [student(f"f{i}", {**solved, **dict(failed)}) for i in range(4)]
    graded += [
        student(f"s{i}", {**solved, **dict.fromkeys(dict(failed), (True, True))}) for i in range(9)
    ]
    graded = [replace(each, hint_steps=dict(hints)) for each in graded]
    monkeypatch.setattr(class_data, "students", lambda *_: graded)
    course = school.course(tmp_path / "course")
    for language, who in (("de", "2 von 15 Abgaben"), ("en", "2 of 15 submissions")):
        page = class_page.class_page(course, school.ASSIGNMENT, language)
        assert f"Um &lt;eins&gt; verschoben. ({who})" in page
        assert 'download="shifted.svg" href="data:image/svg+xml;base64,' in page
        pair = "<li><code>greedy_decode</code> · <code>explore</code>: 4 "
        assert pair in page
        word = {"de": "Schritt", "en": "step"}[language]
        assert f"<code>top_tokens</code>: {word} 1: 0, {word} 2: 15, {word} 3: 0</li>" in page
        assert "<script" not in page


def test_hint_steps_come_from_the_graded_notebook(tmp_path: Path) -> None:
    """Own cells are in it, and text is no call."""
    course, store = school.course(tmp_path / "course"), Store(tmp_path / "course")
    school.grade(course, {"zoe": 10})
    cells = [
        new_code_cell("from autograder import hint\nhint('explore', 2)"),
        new_markdown_cell("hint('explore', 3)"),
    ]
    notebook = json.dumps(new_notebook(cells=cells)).encode()
    results = student("zoe", {"explore": YES}).record.results  # type: ignore[union-attr]
    record = Record(key="k", status=Status.GRADED, results=results, notebook=notebook)
    store.write(school.ASSIGNMENT, record)
    store.note_written(school.ASSIGNMENT, "zoe", "m", {"A7_2": "k"})
    (found,) = class_data.students(course, school.ASSIGNMENT)
    assert found.hint_steps == {"explore": 2}
