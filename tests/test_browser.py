"""A teacher's screen: JupyterLab and formgrader on a graded course, in a real browser.

Everything here is real: `jupyter lab` with nbgrader's extensions as its wheel enables them, a login
by the form, Chromium, and the gradebook that formgrader writes to.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import browser as tools
from support.notebooks import short

from autograder.cli import demo, main
from autograder.course.gradebook import Course
from kischule import plots

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

ASSIGNMENT, NOTEBOOK = "a7_2", "A7_2"
STUDENTS = {"blank", "reference", "too_hot"}
BY_HAND, POINTS = "observation_greedy", 1.5
COMMENT = "Gut gesehen; ein **Beispiel** fehlt: 1 < 2."
COMMENT_SHOWN = "Gut gesehen; ein Beispiel fehlt: 1 < 2."
HTML = f"{NOTEBOOK}.html"


def _three(root: Path) -> dict[str, Any]:
    """Three of the demo's submissions, without the display cells."""
    return {name: short(nb) for name, nb in _all(root).items() if name in STUDENTS}


_all = demo.submissions


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with three submissions that `kischule` has graded."""
    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.cli.demo.submissions", _three)
        # reasons to refuse a release are tested in tests/course/test_release.py
        patch.setattr("autograder.course.release.run_problems", lambda *_: [])
        assert main(["demo", "--keep", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def server(
    chromium: Browser, course: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tools.Server]:
    with tools.jupyter_lab(course, tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def page(chromium: Browser, server: tools.Server) -> Iterator[Page]:
    """Logged in, on formgrader's first page."""
    with tools.page_at(chromium, 1280) as opened:
        tools.log_in(opened, server, "/formgrader")
        yield opened


@pytest.fixture(scope="module")
def by_hand(chromium: Browser, server: tools.Server) -> None:
    """A teacher has given points and a comment for one observation, in formgrader."""
    with tools.page_at(chromium, 1280) as page:
        tools.log_in(page, server, "/formgrader")
        _open_submission(page, server, "too_hot")
        for place, text in ((BY_HAND, str(POINTS)), (f"{BY_HAND}-comment", COMMENT)):
            field = page.locator(f"#{place}")
            field.fill(text)
            with page.expect_response(lambda response: response.request.method == "PUT") as saved:
                field.blur()  # formgrader saves a field that is left
            assert saved.value.ok


def _go(page: Page, server: tools.Server, path: str) -> None:
    """To one of formgrader's tables, when it is filled."""
    page.goto(f"{server.url}/formgrader/{path}")
    page.locator(".dataTables_wrapper #main-table tr").first.wait_for()


def _open_submission(page: Page, server: tools.Server, student: str) -> None:
    """From the gradebook by clicks; until formgrader has filled in what the gradebook knows."""
    _go(page, server, "gradebook")
    page.get_by_role("link", name=ASSIGNMENT, exact=True).click()
    page.locator("#main-table").get_by_role("link", name=NOTEBOOK, exact=True).click()
    page.locator("#main-table a.name-hidden").first.wait_for()
    page.get_by_text("Show All Names").click()
    page.locator("#main-table a.name-shown").get_by_text(student, exact=True).click()
    page.locator(f"#{BY_HAND}_extra_credit[placeholder]").wait_for()
    page.locator(f"#{BY_HAND}-comment[placeholder]").wait_for()


def _row(page: Page, text: str) -> Locator:
    cell = page.locator("td").filter(has_text=re.compile(f"^{re.escape(text)}$"))
    return page.locator("#main-table tr").filter(has=cell)


def _columns(page: Page) -> dict[str, dict[str, str]]:
    """Student -> class of a cell -> its text, from the table of submissions."""
    found = {}
    for row in page.locator("#main-table tr").all():
        cells = {c.get_attribute("class") or "": c.inner_text() for c in row.locator("td").all()}
        cells = {classes.split()[-1]: text for classes, text in cells.items()}
        found[cells.get("student-id") or cells["name"]] = cells
    return found


def _fraction(points: float, most: float) -> str:
    return f"{points:g} / {most:g}"


def _totals(course: Path) -> dict[str, str]:
    """The totals from the gradebook, as formgrader shows them."""
    return {
        student: _fraction(
            sum(s.points for s in cells.values()), sum(s.max_points for s in cells.values())
        )
        for student, cells in Course(course).scores(ASSIGNMENT).items()
    }


def _press(page: Page, server: tools.Server, button: str, student: str) -> None:
    """A button of a student's row on the page of submissions, until formgrader says that it did."""
    _go(page, server, f"manage_submissions/{ASSIGNMENT}")
    _row(page, student).locator(f".{button} a").click()
    done = page.locator("#success-modal, #error-modal")
    done.wait_for(timeout=240_000)
    assert done.get_attribute("id") == "success-modal", done.inner_text()


def test_jupyterlab_opens_the_source_notebook(page: Page, server: tools.Server) -> None:
    page.goto(f"{server.url}/lab/tree/source/{ASSIGNMENT}/{NOTEBOOK}.ipynb")
    notebook = page.locator(".jp-Notebook")
    notebook.get_by_role("heading", name=re.compile("Textgenerierung mit GPT-2")).wait_for()
    notebook.get_by_text("from autograder import check").wait_for()


def test_jupyterlab_has_formgrader_in_its_menu(page: Page, server: tools.Server) -> None:
    page.goto(f"{server.url}/lab")
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader").click()
    formgrader = page.frame_locator("iframe[src*='formgrader']")
    formgrader.get_by_role("heading", name="Manage Assignments").wait_for()
    formgrader.get_by_role("link", name=ASSIGNMENT, exact=True).wait_for()


def test_formgrader_lists_the_assignment_with_its_submissions(
    page: Page, server: tools.Server
) -> None:
    _go(page, server, "manage_assignments")
    row = _row(page, ASSIGNMENT)
    assert row.locator(".num-submissions").inner_text() == str(len(STUDENTS))


def test_formgrader_shows_the_scores_of_the_gradebook(
    page: Page, server: tools.Server, course: Path
) -> None:
    totals = _totals(course)
    assert set(totals) == STUDENTS
    _go(page, server, f"manage_submissions/{ASSIGNMENT}")
    shown = _columns(page)
    assert {student: cells["score"] for student, cells in shown.items()} == totals
    assert "graded" in shown["blank"]["status"]
    assert shown["reference"]["status"] == "needs manual grading"


def test_formgrader_shows_each_cells_points_of_a_submission(
    page: Page, server: tools.Server, course: Path
) -> None:
    _open_submission(page, server, "reference")
    fields = page.locator("input.score").all()
    shown = {f.get_attribute("id"): f.get_attribute("placeholder") for f in fields}
    extra = {
        name: page.locator(f"#{name}_extra_credit").input_value() or "0" for name in shown if name
    }
    scores = Course(course).scores(ASSIGNMENT)["reference"]
    assert set(shown) == set(scores)
    for name, score in scores.items():
        if score.machine is None:  # an observation that waits for the teacher
            assert shown[name] is None, name
            assert "needs_manual_grade" in str(page.locator(f"#{name}").get_attribute("class"))
        else:
            assert float(shown[name] or 0) + float(extra[name]) == score.machine, name


def test_the_rubric_of_an_observation_is_there_for_the_teacher(
    page: Page, server: tools.Server
) -> None:
    _open_submission(page, server, "reference")
    page.get_by_text("Der Text gerät in Wiederholungen").wait_for()


@pytest.mark.usefixtures("by_hand")
def test_points_and_a_comment_of_formgrader_are_in_the_gradebook(
    page: Page, server: tools.Server, course: Path
) -> None:
    assert _given(course) == (POINTS, False, COMMENT)
    assert Course(course).scores(ASSIGNMENT)["too_hot"][BY_HAND].points == POINTS
    _open_submission(page, server, "too_hot")
    assert page.locator(f"#{BY_HAND}").input_value() == str(POINTS)
    assert page.locator(f"#{BY_HAND}-comment").input_value() == COMMENT


def _given(course: Path) -> tuple[float | None, bool, str | None]:
    """The teacher's points, whether they are still to be given, and the comment."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grade = book.find_grade(BY_HAND, NOTEBOOK, ASSIGNMENT, "too_hot")
        comment = book.find_comment(BY_HAND, NOTEBOOK, ASSIGNMENT, "too_hot")
        return grade.manual_score, grade.needs_manual_grade, comment.manual_comment


@pytest.mark.usefixtures("by_hand")
def test_feedback_of_formgraders_button_has_points_and_comment(
    page: Page, server: tools.Server, course: Path
) -> None:
    _press(page, server, "generate-feedback", "too_hot")
    path = course / "feedback" / "too_hot" / ASSIGNMENT / HTML
    served = f"{server.url}/files/feedback/too_hot/{ASSIGNMENT}/{HTML}"
    for address in (path.as_uri(), served):
        page.goto(address, referer=f"{server.url}/tree" if address == served else None)
        page.get_by_text(COMMENT_SHOWN).wait_for()
        assert re.search(r"1,5 ?/ ?2", page.locator("body").inner_text())
    assert "MARK SCHEME" not in page.content()


def test_formgraders_autograde_button_grades_within_the_server(
    page: Page, server: tools.Server, course: Path
) -> None:
    notebook = course / "autograded" / "blank" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    made, before = notebook.stat().st_mtime_ns, _totals(course)
    _press(page, server, "autograde", "blank")
    assert notebook.stat().st_mtime_ns > made
    assert _totals(course) == before


@pytest.mark.usefixtures("by_hand")
def test_another_grading_keeps_the_teachers_points_and_comment(
    page: Page, server: tools.Server, course: Path
) -> None:
    """Nothing is new at first; then too_hot submits again, without its mistake."""
    again = ["grade", ASSIGNMENT, "--course", str(course), "--time-limit", "10"]
    assert main(again) == 0
    assert _given(course) == (POINTS, False, COMMENT)
    better = course / "submitted" / "reference" / ASSIGNMENT / f"{NOTEBOOK}.ipynb"
    shutil.copy(better, course / "submitted" / "too_hot" / ASSIGNMENT)
    assert main(again) == 0
    assert _given(course) == (POINTS, False, COMMENT)  # the answer is the same
    scores = Course(course).scores(ASSIGNMENT)
    gained = {
        name: score.points - scores["reference"][name].points
        for name, score in scores["too_hot"].items()
    }
    assert {name: points for name, points in gained.items() if points} == {BY_HAND: POINTS}
    _go(page, server, f"manage_submissions/{ASSIGNMENT}")
    assert _columns(page)["too_hot"]["score"] == _totals(course)["too_hot"]
    _open_submission(page, server, "too_hot")
    assert page.locator(f"#{BY_HAND}").input_value() == str(POINTS)
    assert page.locator(f"#{BY_HAND}-comment").input_value() == COMMENT
    assert page.locator("#hidden_sample_decode").get_attribute("placeholder") == "4"


PAGE = """<!doctype html><html lang="de"><head><meta charset="utf-8"><title>Seite</title></head>
<body><main><h1>Seite</h1>{}</main></body></html>"""


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">', "image-alt"),
        ('<p style="color: #bbb; background: #fff">blass</p>', "color-contrast"),
    ],
    ids=["image-alt", "color-contrast"],
)
def test_axe_refuses_a_page_with_a_known_fault(chromium: Browser, fault: str, rule: str) -> None:
    with tools.page_at(chromium, 400) as page:
        page.set_content(PAGE.format("<p>gut</p>"))
        assert tools.violations(page) == []
        page.set_content(PAGE.format(fault))
        (line,) = tools.violations(page)
    assert line.startswith(f"{rule} (")
    assert fault[:4] in line


def test_a_page_is_as_wide_as_asked_and_reaches_no_other_host(chromium: Browser) -> None:
    outside: list[str] = []
    with tools.page_at(chromium, 375, outside=outside) as page:
        page.set_content(PAGE.format('<img alt="fern" src="https://example.org/x.png">'))
        page.wait_for_load_state("networkidle")
        assert page.evaluate("innerWidth") == 375
    assert outside == ["https://example.org/x.png"]


def test_a_table_of_texts_fits_a_narrow_notebook(chromium: Browser) -> None:
    measures = {"repetition_rate": 0.5, "distinct_2": 0.25, "mean_log_prob": -1.49}
    setting = {"do_sample": True, "repetition_penalty": 1.5, "temperature": 0.8, "top_p": 0.9}
    entry = {"setting": setting, "text": "There was once a " + "w" * 90, **measures}
    table = plots.table([{**entry, "spread": measures}])._repr_html_()
    style = "width:330px;overflow:auto;font-size:13px"  # an output of JupyterLab at 520 px
    with tools.page_at(chromium, 520) as page:
        page.set_content(
            f'<!doctype html><style>td,th{{padding:.5em}}</style><div style="{style}">{table}</div>'
        )
        box = page.locator("div").evaluate("box => [box.scrollWidth, box.clientWidth]")
    assert box == [330, 330]


@pytest.mark.parametrize("width", [390, 1280], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_are_accessible_fit_the_screen_and_stand_alone(
    chromium: Browser, course: Path, tmp_path: Path, language: str, width: int
) -> None:
    options = ["--course", str(course), "--language", language]
    target = tmp_path / "class.html"
    assert main(["feedback", ASSIGNMENT, *options]) == 0
    assert main(["report", ASSIGNMENT, *options, "--output", str(target)]) == 0
    for path in (*sorted(course.glob(f"feedback/*/{ASSIGNMENT}/{HTML}")), target):
        outside: list[str] = []
        with tools.page_at(chromium, width, outside=outside) as page:
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert tools.violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.scripts.length") == 0
            assert page.evaluate("document.documentElement.lang") == language
        assert outside == []
