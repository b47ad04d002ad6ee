"""What a student's page says before the notebook."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from conftest import RELEASE

from autograder.checking.check import run_check
from autograder.course.release import read_notebook
from autograder.exercises.exercise import load_exercise
from autograder.exercises.known import known_wrong
from autograder.feedback import student_page
from autograder.feedback.student_page import Page
from autograder.grading.worker import _shown
from autograder.notebooks.cells import exercise_of, nbgrader_of
from autograder.sandbox.student import LocalStudent

Solved = Callable[..., dict[str, Any]]
ONLY = ("apply_temperature", "filter_top_k", "filter_top_p", "sample_decode", "filter_min_p")


def _notebook(namespace: dict[str, Any], only: tuple[str, ...] = ONLY) -> Any:
    """An executed notebook with a teacher's points, as it comes from nbgrader's GetGrades."""
    notebook = read_notebook(RELEASE)
    kept = []
    for cell in notebook.cells:
        name, level = exercise_of(cell)
        if name in only:
            seed = "a seed of this test" if level == "drawn" else None
            outcome = run_check(load_exercise(name), LocalStudent(namespace), seed)
            cell.outputs = [_shown(outcome)]
            cell.metadata.nbgrader["score"] = outcome.points
            kept.append(cell)
        elif not level:
            kept.append(cell)
    notebook.cells = kept
    for cell in notebook.cells:
        if str(nbgrader_of(cell).get("grade_id")).startswith("observation_"):
            cell.metadata.nbgrader.update(score=0, waits=True)
    return notebook


def _page(notebook: Any, language: str = "de", penalty: float = 0.0) -> Page:
    return student_page.page(notebook, "A7_2", "anna", 12.5, 54, penalty, language)


def _wrong(solved: Solved, **more: str) -> dict[str, Any]:
    return solved(
        filter_top_p=known_wrong("filter_top_p")["crossing_token_dropped_but_one_stays"].source,
        **more,
    )


@pytest.fixture(scope="module")
def mistaken(solved: Solved) -> Any:
    return _notebook(_wrong(solved))


def test_it_begins_with_points_and_what_went_well(mistaken: Any) -> None:
    page = _page(mistaken, penalty=1.5)
    assert page.title == "Rückmeldung zu A7_2"
    assert page.points == "12.5 von 54 Punkten"
    assert page.remarks == (
        "davon 2 aus Zusatzaufgaben",
        "1.5 Punkte Abzug wegen später Abgabe, schon eingerechnet",
        "Bis zu 8 Punkte kommen noch dazu, wenn Ihre Antworten gelesen sind.",
    )
    assert page.well == "3 von 5 Aufgaben mit Code sind gelöst:"
    assert [item.id for item in page.solved] == [
        "apply_temperature",
        "filter_top_k",
        "filter_min_p",
    ]


def test_what_to_do_next_is_what_does_not_wait_for_something_else(mistaken: Any) -> None:
    page = _page(mistaken)
    states = {item.id: item.state for item in page.exercises}
    assert states["filter_top_p"] == "open"
    assert states["sample_decode"] == "skipped"  # it builds on filter_top_p
    assert [item.id for item in page.next] == ["filter_top_p"]
    assert page.next[0].advice.startswith("Aufruf: filter_top_p(tensor(")
    assert "Hinweis: Das Token, mit dem die Summe p erreicht, gehört noch dazu." in (
        page.next[0].advice
    )


def test_with_all_solved_the_bonus_comes_next(solved: Solved) -> None:
    broken = solved(filter_min_p="def filter_min_p(logits, p):\n    return logits")
    page = _page(_notebook(broken, ("apply_temperature", "filter_min_p")))
    assert page.well == "Alle 1 Aufgaben, die Code verlangen, sind gelöst."
    assert [item.id for item in page.next] == ["filter_min_p"]


def test_with_nothing_solved_it_says_where_to_begin(solved: Solved) -> None:
    nothing = dict.fromkeys(ONLY, None)
    page = _page(_notebook({**solved(), **nothing}))
    assert page.solved == ()
    assert "Der erste Schritt steht gleich darunter" in page.well
    assert page.next[0].id == "apply_temperature"


def test_a_table_of_the_public_answers_is_told_apart(solved: Solved) -> None:
    public = [case.arguments["temperature"] for case in load_exercise("apply_temperature").cases]
    learned = (
        "def apply_temperature(logits, temperature):\n"
        f"    if temperature not in {public}:\n        return logits + 1\n"
        "    return logits if temperature is None else logits / temperature\n"
    )
    page = _page(_notebook(solved(apply_temperature=learned), ("apply_temperature",)))
    item = page.exercises[0]
    assert [level.passed for level in item.levels] == [True, False]
    assert item.state == "partly"
    assert "stimmt bei den Beispielen, aber nicht bei neuen Fällen" in item.advice


def test_drawn_cases_show_the_kind_of_mistake_and_no_value(mistaken: Any) -> None:
    item = next(item for item in _page(mistaken).exercises if item.id == "filter_top_p")
    public, drawn = item.levels
    assert "tensor([0, 1.85, -1.2, 0.83])" in public.message
    assert drawn.message.startswith("Aufruf: in einem neuen Fall")
    assert not re.search(r"\d\.\d", drawn.message)
    assert public.picture
    assert not drawn.picture


def test_a_picture_says_in_words_what_it_shows(mistaken: Any) -> None:
    for language, words in (("de", "Token 3: richtig 26%"), ("en", "token 3: right 26%")):
        item = next(i for i in _page(mistaken, language).exercises if i.id == "filter_top_p")
        picture = item.levels[0].picture
        assert picture.startswith('<svg role="img" aria-label="')
        assert words in picture
        assert "<script" not in picture
        assert 'width="' not in picture.split(">")[0]


def test_in_english_nothing_of_the_page_is_german(mistaken: Any) -> None:
    page = _page(mistaken, "en", penalty=1.0)
    said = [page.title, page.points, page.well, *page.remarks, *page.words.values()]
    said += [item.title for item in page.exercises] + [item.advice for item in page.next]
    said += [level.message for item in page.exercises for level in item.levels]
    assert not re.search(r"\b(und|nicht|Hinweis|Aufruf|Punkte[n]?|gelöst)\b", " ".join(said))


def test_a_teachers_comment_is_shown_as_markdown_and_never_as_markup(mistaken: Any) -> None:
    notebook = nbformat.from_dict(mistaken)
    for cell in notebook.cells:
        if nbgrader_of(cell).get("grade_id") in ("filter_top_p", "observation_greedy"):
            cell.metadata.nbgrader.update(comment="*gut* <img src=x onerror=alert(1)>", waits=False)
    page = _page(notebook)
    comments = [i.comment for i in (*page.exercises, *page.answers) if i.comment]
    assert comments == ["*gut* &lt;img src=x onerror=alert(1)>"] * 2
    states = {item.id: item.state for item in page.answers}
    assert states["observation_greedy"] == "read"
    assert states["observation_prompt"] == "waits"


def test_a_cell_that_was_not_reached_says_why(solved: Solved) -> None:
    notebook = _notebook(solved(), ("apply_temperature",))
    for cell in notebook.cells:
        if exercise_of(cell)[1]:
            cell.outputs = [
                nbformat.v4.new_output("error", ename="X", evalue="Die Zeit war um.", traceback=[])
            ]
            cell.metadata.nbgrader["score"] = 0
    item = _page(notebook).exercises[0]
    assert item.state == "open"
    assert item.advice == "Die Zeit war um."
    assert (item.points, item.max_points) == (0, 2)


def test_another_language_is_refused(mistaken: Any) -> None:
    with pytest.raises(ValueError, match="language must be de or en, was: 'fr'"):
        _page(mistaken, "fr")
