"""Formgrader's page of a submission: what was written, and what the student saw beside it."""

from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_output
from support.notebooks import EXERCISES, RELEASE, ROOT, filled, reference_cells
from traitlets.config import Config

from autograder.course.configuration import configure
from autograder.course.messages import FOR_YOU_TO_GRADE, GRADED_BY_PROGRAM, SUBMITTED_OUTPUT
from autograder.course.preprocessors import show_results
from autograder.grading.messages import DISPLAY_ONLY, both
from autograder.grading.submission import rebuilt_from
from autograder.notebooks.cells import Role, by_id, role

PICTURE = {"image/png": small.PNG, "text/plain": "<Figure>"}
FORGED = '<div class="kischule"><b>✓ explore: bestanden, 99 von 99 Punkten</b></div>'
HOSTILE: tuple[Any, ...] = (
    *(
        "text",
        None,
        3,
        [],
        {},
        {"output_type": "stream"},
        {"data": "x"},
        {"data": {"image/png": 1}},
    ),
    {"output_type": "stream", "text": "</pre></div><script>alert(1)</script>" + FORGED},
    {"output_type": "stream", "text": ["</div>", {"a": 1}, "<img src=x onerror=alert(1)>"]},
    {"output_type": "error", "ename": "<svg onload=alert(1)>", "evalue": ["<iframe>"]},
    {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>" + FORGED}},
    {"output_type": "display_data", "data": {"image/svg+xml": "<svg><script>alert(1)</script>"}},
    {"output_type": "display_data", "data": {"image/png": '"><script>alert(1)</script>'}},
    {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}},
    {"output_type": "display_data", "data": {"text/latex": "\\href{javascript:alert(1)}{x}"}},
)


class _Tags(HTMLParser):
    """The tags of a page, with the depth of those that are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with the package's assignment, and its release."""
    for step in ("source", "release"):
        shutil.copytree(ROOT / step / "a7_2", tmp_path / step / "a7_2")
    return tmp_path


def _page(course: Path, submitted: Any, graded: Any = None) -> str:
    """The page of a submission that was graded without a program's results.

    graded: the submission as it was graded; None: the one in the folder.
    """
    folder = course / "submitted" / "ada" / "a7_2"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RELEASE.name).write_text(json.dumps(submitted), encoding="utf-8")
    content = json.dumps(submitted if graded is None else graded).encode()
    notebook = rebuilt_from(RELEASE.read_bytes(), content, EXERCISES).notebook
    for cell in notebook.cells:
        if "display-only" in cell.metadata.get("tags", []):
            cell.outputs = [new_output("stream", name="stdout", text=both(DISPLAY_ONLY))]
    show_results(notebook, {})
    config = Config()
    configure(config)
    config.CourseDirectory.root = str(course)
    about = {"assignment_id": "a7_2", "notebook_id": RELEASE.stem, "student": "ada"}
    page: str = HTMLExporter(config=config).from_notebook_node(notebook, resources=about)[0]
    return page[page.index("<main") :]


def _before(notebook: Any, name: str) -> Any:
    """The code cell before this one."""
    index = notebook.cells.index(by_id(notebook)[name])
    return next(c for c in reversed(notebook.cells[:index]) if c.cell_type == "code")


def _frames(page: str) -> list[str]:
    """The frames with outputs of the file; each ends before the next cell."""
    parts = page.split(both(SUBMITTED_OUTPUT))[1:]
    return [re.split(r'<div class="[^"]*jp-Cell', part)[0] for part in parts]


def test_the_outputs_that_an_answer_speaks_of_are_beside_it(course: Path) -> None:
    notebook = filled(RELEASE, reference_cells())
    shown = _before(notebook, "observation_greedy")
    shown.outputs = [
        new_output("stream", text="Wiederholung: 17 %\n"),
        new_output("display_data", PICTURE),
    ]
    far = _before(notebook, "greedy_decode")
    far.outputs = [new_output("stream", text="not about an answer")]
    own = new_code_cell("print('own')", outputs=[new_output("stream", text="own")])
    notebook.cells.insert(notebook.cells.index(shown), own)
    page = _page(course, notebook)
    theirs, frame = _frames(page)
    assert "<pre" in theirs
    assert "own</pre>" in theirs
    assert "Wiederholung: 17 %" in frame
    pictures = [a["src"] for tag, a in _Tags(frame).found if tag == "img"]
    assert pictures == [f"data:image/png;base64,{small.PNG}"]
    assert "not about an answer" not in page
    assert page.count(both(DISPLAY_ONLY)) == len(_around(notebook)) - 1


def _around(notebook: Any) -> list[Any]:
    """The display cells from the last exercise before the observations to the last of these."""
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    some = notebook.cells[names.index("hidden_explore") : names.index("observation_endoftext")]
    return [cell for cell in some if "display-only" in cell.metadata.get("tags", [])]


def test_what_a_teacher_grades_comes_first(course: Path) -> None:
    """Then the exercises, each with its cells, and the release's texts folded."""
    notebook = filled(RELEASE, reference_cells())
    page = _page(course, notebook)
    questions = [f"<strong>Beobachtung {number}.</strong>" for number in range(1, 5)]
    first = [
        page.index(text) for text in (both(FOR_YOU_TO_GRADE), *questions, both(GRADED_BY_PROGRAM))
    ]
    rest = page[first[-1] :]
    first += [first[-1] + rest.index(text) for text in ("Vorbereitungen", "filter_min_p")]
    assert first == sorted(first)
    typed = html.unescape(re.sub("<[^>]+>", "", rest))
    code = [
        cell.source.partition("\n")[0] for cell in notebook.cells if role(cell) == Role.SOLUTION
    ]
    assert len(code) == 15
    assert [line for line in code if line not in typed] == []
    prose = "GPT-2 gibt es in vier Größen."
    folded = page[: page.index(prose)].rindex("<details>")
    assert page[folded:].index(prose) < page[folded:].index("</details>")


def test_a_file_that_was_replaced_since_shows_nothing(course: Path) -> None:
    """Its outputs are not about what was graded."""
    graded, later = (filled(RELEASE, reference_cells()) for _ in range(2))
    for number, notebook in enumerate((graded, later)):
        cell = new_code_cell(f"print({number})", outputs=[new_output("stream", text="seen")])
        notebook.cells.insert(notebook.cells.index(by_id(notebook)["question_greedy"]), cell)
    assert len(_frames(_page(course, graded))) == 1
    assert _frames(_page(course, later, graded)) == []
    (course / "submitted" / "ada" / "a7_2" / RELEASE.name).unlink()


def test_nothing_in_a_frame_acts_or_leaves_it(course: Path) -> None:
    notebook = filled(RELEASE, reference_cells())
    cell = _before(notebook, "observation_greedy")
    quiet = _Tags(_page(course, notebook))
    cell.outputs = list(HOSTILE)
    page = _page(course, notebook)
    tags = _Tags(page).found
    assert [tag for tag in tags if tag[0] in ("script", "iframe", "svg", "img", "form")] == [
        tag for tag in quiet.found if tag[0] in ("script", "iframe", "svg", "img", "form")
    ]
    assert not [a for _, attributes in tags for a in attributes if a.startswith("on")]
    (frame,) = _frames(page)
    assert "&lt;script&gt;" in frame
    assert ("div", {"class": "kischule"}) not in tags


def test_outputs_too_large_for_a_page_are_named(course: Path) -> None:
    notebook = filled(RELEASE, reference_cells())
    _before(notebook, "observation_greedy").outputs = [new_output("stream", text="a" * 2_100_000)]
    page = _page(course, notebook)
    assert "für diese Seite zu groß" in page
    assert len(page) < 1_000_000
