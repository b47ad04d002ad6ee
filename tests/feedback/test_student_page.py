"""The part of a student's page that comes before the notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from support.notebooks import EXERCISES, RELEASE

from autograder.checking.check import run_check
from autograder.checking.result import Message, Result
from autograder.exercises.exercise import PACKAGED, Level
from autograder.exercises.known import known_wrong
from autograder.feedback import student_page
from autograder.feedback.student_page import Page
from autograder.grading.outputs import as_output
from autograder.notebooks.cells import exercise_of, grade_id_of, read_notebook
from autograder.sandbox.student import LocalStudent
from kischule.i18n import Text

Solved = Callable[..., dict[str, Any]]
ONLY = ("apply_temperature", "filter_top_k", "filter_top_p", "sample_decode", "filter_min_p")


EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True)
class Graded:
    """An executed notebook with a teacher's points, as nbgrader's GetGrades makes it."""

    notebook: Any
    results: Mapping[str, Result]  # by grade_id of the test cell


def _graded(namespace: dict[str, Any], only: tuple[str, ...] = ONLY) -> Graded:
    notebook, results = read_notebook(RELEASE), {}
    kept = []
    for cell in notebook.cells:
        tested = exercise_of(cell, EXERCISES)
        if tested is None:
            kept.append(cell)
        elif tested[0] in only:
            name, level = tested
            seed = "a seed of this test" if level == Level.HIDDEN else None
            result = run_check(EXERCISES[name], LocalStudent(namespace), seed)
            results[grade_id_of(cell)] = result
            cell.outputs = [as_output(result)]
            cell.metadata.nbgrader["score"] = result.points
            kept.append(cell)
    notebook.cells = kept
    for cell in notebook.cells:
        if grade_id_of(cell).startswith("observation_"):
            cell.metadata.nbgrader.update(score=0, waits=True)
    return Graded(notebook, results)


def _page(
    graded: Graded, language: str = "de", penalty: float = 0.0, dropped: Mapping[str, str] = EMPTY
) -> Page:
    return student_page.page(
        graded.notebook,
        graded.results,
        EXERCISES,
        name="A7_2",
        student="anna",
        points=12.5,
        max_points=54,
        penalty=penalty,
        dropped=dropped,
        given={},
        language=language,
    )


def _wrong(solved: Solved, **more: str) -> dict[str, Any]:
    return solved(
        filter_top_p=known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source,
        **more,
    )


@pytest.fixture(scope="module")
def mistaken(solved: Solved) -> Graded:
    return _graded(_wrong(solved))


def test_it_begins_with_points_and_what_went_well(mistaken: Graded) -> None:
    page = _page(mistaken, penalty=1.5)
    assert page.title == "Rückmeldung zu A7_2"
    assert page.points == "12,5 von 54 Punkten"
    assert page.remarks == (
        "davon 2 aus Zusatzaufgaben",
        "1,5 Punkte Abzug wegen später Abgabe, schon eingerechnet",
        "Bis zu 8 Punkte kommen noch dazu, wenn Ihre Antworten gelesen sind.",
    )
    assert page.well == "2 von 4 Aufgaben mit Code sind gelöst, dazu eine Zusatzaufgabe:"
    assert [item.id for item in page.solved] == [
        "apply_temperature",
        "filter_top_k",
        "filter_min_p",
    ]


def test_the_next_step_waits_for_no_other_exercise(mistaken: Graded) -> None:
    page = _page(mistaken)
    states = {item.id: item.state for item in page.exercises}
    assert states["filter_top_p"] == "open"
    assert states["sample_decode"] == "skipped"  # it builds on filter_top_p
    assert [item.id for item in page.next] == ["filter_top_p"]
    assert page.next[0].advice.startswith("Aufruf: filter_top_p(tensor(")
    hint = "Hinweis: Das Token, mit dem die Summe p erreicht, gehört noch dazu, nicht nur das "
    assert f"{hint}wahrscheinlichste." in page.next[0].advice


def test_a_dropped_exercise_is_no_next_step(mistaken: Graded) -> None:
    page = _page(mistaken, "en", dropped={"filter_top_p": "case 3 is ambiguous"})
    assert page.remarks[-1].endswith("The reason: case 3 is ambiguous")
    assert page.well == "2 of 3 coding exercises are solved, and one bonus exercise:"
    assert page.next == ()  # sample_decode was left out since filter_top_p is wrong


def test_with_all_solved_the_bonus_comes_next(solved: Solved) -> None:
    broken = solved(filter_min_p="def filter_min_p(logits, p):\n    return logits")
    page = _page(_graded(broken, ("apply_temperature", "filter_min_p")))
    assert page.well == "Die Aufgabe mit Code ist gelöst:"
    assert [item.id for item in page.next] == ["filter_min_p"]


def test_with_nothing_solved_the_page_says_where_to_begin(solved: Solved) -> None:
    nothing = dict.fromkeys(ONLY, None)
    page = _page(_graded({**solved(), **nothing}))
    assert page.solved == ()
    assert "Der erste Schritt steht gleich darunter" in page.well
    assert page.next[0].id == "apply_temperature"


def test_an_empty_submission_is_asked_about(solved: Solved) -> None:
    stub = "def {name}(logits, *_):\n    raise NotImplementedError()"
    stubs = {name: stub.format(name=name) for name in ("apply_temperature", "filter_min_p")}
    empty = _graded(solved(**stubs), tuple(stubs))
    page = _page(empty)
    assert page.well.startswith("In dieser Datei steht noch keine Lösung. Ist es die richtige")
    assert {item.state for item in page.exercises} == {"empty"}
    assert [item.id for item in page.next] == list(stubs)
    half = _page(_graded(solved(apply_temperature=stubs["apply_temperature"]), tuple(stubs)))
    assert "richtige Datei" not in half.well
    assert [(item.state, page.words[item.state]) for item in half.exercises] == [
        ("empty", "noch leer"),
        ("solved", "gelöst"),
    ]


def test_points_have_a_comma_in_german(solved: Solved) -> None:
    item = _page(_graded(solved(), ("apply_temperature",))).exercises[0]
    half = replace(item, points=0.5)
    assert _page(_graded(solved(), ())).figures(half) == "0,5/2"
    assert _page(_graded(solved(), ()), "en").figures(half) == "0.5/2"


def test_nbgraders_own_comment_is_not_the_teachers(solved: Solved) -> None:
    graded = _graded(solved(), ("apply_temperature",))
    for cell in graded.notebook.cells:
        if grade_id_of(cell).startswith("observation_"):
            cell.metadata.nbgrader.update(score=0.5, waits=False, comment="No response.")
    answer = _page(graded).answers[0]
    assert (answer.comment, answer.state) == ("", "empty")
    assert "zusatz" not in _page(graded).words["nothing_next"].lower()  # they may be solved


def test_a_table_of_the_public_replies_is_recognised(solved: Solved) -> None:
    public = [case.arguments["temperature"] for case in PACKAGED["apply_temperature"].cases]
    learned = (
        "def apply_temperature(logits, temperature):\n"
        f"    if temperature not in {public}:\n        return logits + 1\n"
        "    return logits if temperature is None else logits / temperature\n"
    )
    page = _page(_graded(solved(apply_temperature=learned), ("apply_temperature",)))
    item = page.exercises[0]
    assert [level.passed for level in item.levels] == [True, False]
    assert item.state == "partly"
    assert "stimmt bei den Beispielen, aber nicht bei neuen Fällen" in item.advice


def test_hidden_cases_show_the_kind_of_mistake_and_no_value(mistaken: Graded) -> None:
    item = next(item for item in _page(mistaken).exercises if item.id == "filter_top_p")
    public, hidden = item.levels
    assert "tensor([0, 1.85, -1.2, 0.83])" in public.message
    assert hidden.message.startswith("Aufruf: in einem neuen Fall")
    assert not re.search(r"\d\.\d", hidden.message)
    assert public.picture
    assert not hidden.picture


def test_a_picture_has_its_shares_in_words(mistaken: Graded) -> None:
    for language, words in (("de", "Token 3: richtig 26 %"), ("en", "token 3: expected 26%")):
        item = next(i for i in _page(mistaken, language).exercises if i.id == "filter_top_p")
        picture = item.levels[0].picture
        assert picture.startswith('<svg role="img" aria-label="')
        assert words in picture
        assert "<script" not in picture
        assert 'width="' not in picture.split(">")[0]


def test_in_english_nothing_of_the_page_is_german(mistaken: Graded) -> None:
    page = _page(mistaken, "en", penalty=1.0)
    texts = [page.title, page.points, page.well, *page.remarks, *page.words.values()]
    texts += [item.title for item in page.exercises] + [item.advice for item in page.next]
    texts += [level.message for item in page.exercises for level in item.levels]
    assert not re.search(r"\b(und|nicht|Hinweis|Aufruf|Punkte[n]?|gelöst)\b", " ".join(texts))


def test_a_teachers_comment_is_markdown_and_never_markup(mistaken: Graded) -> None:
    notebook = nbformat.from_dict(mistaken.notebook)
    for cell in notebook.cells:
        if grade_id_of(cell) in ("filter_top_p", "observation_greedy"):
            cell.metadata.nbgrader.update(comment="*gut* <img src=x onerror=alert(1)>", waits=False)
    page = _page(replace(mistaken, notebook=notebook))
    comments = [i.comment for i in (*page.exercises, *page.answers) if i.comment]
    assert comments == ["*gut* &lt;img src=x onerror=alert(1)>"] * 2
    states = {item.id: item.state for item in page.answers}
    assert states["observation_greedy"] == "read"
    assert states["observation_prompt"] == "waits"


def _not_reached(solved: Solved) -> Any:
    notebook = _graded(solved(), ("apply_temperature",)).notebook
    for cell in notebook.cells:
        if exercise_of(cell, EXERCISES):
            cell.outputs = [
                nbformat.v4.new_output("error", ename="X", evalue="Die Zeit war um.", traceback=[])
            ]
            cell.metadata.nbgrader["score"] = 0
    return notebook


def test_a_cell_that_was_not_reached_says_why(solved: Solved) -> None:
    notebook = _not_reached(solved)
    results = {
        level.prefix + "apply_temperature": Result(
            exercise="apply_temperature",
            level=level,
            passed=False,
            points=0.0,
            max_points=1.0,
            kind="timeout",
            message=Message(sentence=Text("Die Zeit war um.", "Time was up.")),
        )
        for level in (Level.PUBLIC, Level.HIDDEN)
    }
    item = _page(Graded(notebook, results)).exercises[0]
    assert item.state == "open"
    assert item.advice == "Die Zeit war um."
    assert (item.points, item.max_points) == (0, 2)


def test_a_cell_without_a_result_was_not_graded(solved: Solved) -> None:
    item = _page(Graded(_not_reached(solved), {})).exercises[0]
    assert item.state == "open"
    assert item.advice == "nicht bewertet"
    assert (item.points, item.max_points) == (0, 2)


def test_another_language_is_refused(mistaken: Graded) -> None:
    with pytest.raises(ValueError, match="language must be one of de, en, was: 'fr'"):
        _page(mistaken, "fr")


def test_the_page_says_what_was_judged_with_a_working_function(solved: Solved) -> None:
    exercise = EXERCISES["filter_top_k"]
    result = run_check(exercise, LocalStudent(solved()), working=["encode_prompt"])
    graded = _graded(solved(), ("filter_top_k",))
    page = _page(replace(graded, results={**graded.results, result.grade_id: result}))
    assert page.well.startswith("Die Aufgabe mit Code ist gelöst")
    exporter = HTMLExporter(
        template_name="kischule", extra_template_basedirs=[str(student_page.TEMPLATES)]
    )
    html, _ = exporter.from_notebook_node(graded.notebook, resources={"kischule": page})
    shown = html[: html.index("Ihr Notebook")]
    assert "Bewertet mit einer richtigen Fassung von `encode_prompt`" in shown
    assert _page(graded).exercises[0].levels[0].message == ""


@pytest.mark.parametrize("language", ["de", "en"])
def test_hints_are_folded_below_the_exercise(mistaken: Graded, language: str) -> None:
    """Once for both levels, and not among the next steps."""
    page = _page(mistaken, language)
    exporter = HTMLExporter(
        template_name="kischule", extra_template_basedirs=[str(student_page.TEMPLATES)]
    )
    html, _ = exporter.from_notebook_node(mistaken.notebook, resources={"kischule": page})
    shown = html[: html.index(page.words["notebook"])]
    for step in PACKAGED["filter_top_p"].hints:
        assert shown.count(escape(step[language])) == 1
    before, after = shown.split('id="exercise-filter_top_p"')
    assert "<details" not in before
    places = [after.index(part) for part in ("<figure>", "<details", 'href="#cell-filter_top_p"')]
    assert places == sorted(places)
    solved = {item.id: item.hints for item in page.exercises if item.state == "solved"}
    assert set(solved.values()) == {""}
    assert {item.id: item.hints for item in page.exercises}["sample_decode"] == ""  # not judged
