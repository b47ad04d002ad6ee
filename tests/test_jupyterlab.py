"""A student's work in a real browser: solve by typing, read the boxes, use the lab, submit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import browser as tools
from support.notebooks import EXERCISES, RELEASE, ROOT

from autograder.cli import main
from autograder.notebooks import intake, reader
from autograder.notebooks.cells import metadata_of, read_notebook
from autograder.notebooks.structure import rebuild

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

TIMEOUT_MS = tools.TIMEOUT_S * 1000
WRONG = "def encode_prompt(tokenizer, prompt_text): return tokenizer(prompt_text).input_ids"
RIGHT = (
    "def encode_prompt(tokenizer, prompt_text):\n"
    'return tokenizer(prompt_text, return_tensors="pt").input_ids\n\n'
    "\bdef ends_in_space_token(tokenizer, prompt_text):\n"
    "return tokenizer.decode([encode_prompt(tokenizer, prompt_text)[0, -1].item()]).isspace()"
)
PROBS = (
    "def next_token_probs(model, input_ids):\n"
    "with torch.no_grad(): logits = model(input_ids).logits[0, -1]\n"
    "return logits.softmax(dim=-1)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder: the release's notebook, and nothing else."""
    made = tmp_path_factory.mktemp("student")
    shutil.copy(RELEASE, made / RELEASE.name)
    return made


@pytest.fixture(scope="module")
def server(
    chromium: Browser, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tools.Server]:
    with tools.jupyter_lab(folder, tmp_path_factory.mktemp("home")) as started:
        yield started


def _open(page: Page, server: tools.Server, path: str) -> None:
    """Open the notebook, wait for its kernel, and run its first two cells: imports and model."""
    tools.log_in(page, server, f"/{path}/{RELEASE.name}")
    page.locator(".jp-Notebook").get_by_text("from autograder import check").wait_for()
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    idle.first.wait_for(state="attached")  # a narrow page hides it
    _run(page, "import kischule")
    _run(page, "kischule.load(model_name)")
    _cell(page, "kischule.load(model_name)").get_by_text("2,615,424 Parameter").wait_for()


def _cell(page: Page, text: str) -> Locator:
    return page.locator(".jp-CodeCell").filter(has_text=text).first


def _run(page: Page, text: str) -> Locator:
    """Run the cell with this text; returns its output."""
    from playwright.sync_api import expect

    cell = _cell(page, text)
    prompt = cell.locator(".jp-InputArea-prompt")
    before = prompt.inner_text()
    for _ in range(5):  # a page that is still being laid out loses a key
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text(before, timeout=5_000)
            break
        except AssertionError:
            continue
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=TIMEOUT_MS)
    return cell.locator(".jp-OutputArea-output")


def _drag(page: Page, slider: Locator, pixels: float) -> None:
    """Move the slider's handle with the mouse, by so many pixels to the right."""
    slider.scroll_into_view_if_needed()
    box = slider.locator(".noUi-handle").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=6)
    page.mouse.up()


def _type(page: Page, cell: str, solution: str) -> None:
    """Replace a cell's text, key by key, and run it."""
    _cell(page, cell).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    for key in solution:
        page.keyboard.press({"\n": "Enter", "\b": "Shift+Tab"}.get(key, key))
    page.keyboard.press("Control+Enter")


@pytest.mark.parametrize("path", ["lab/tree", "notebooks"])
def test_the_laboratory_responds_to_the_mouse(
    chromium: Browser, server: tools.Server, path: str, tmp_path: Path
) -> None:
    """JupyterLab, and Notebook 7: a slider, a click on a token, two settings, a bad value."""
    from playwright.sync_api import expect

    with tools.page_at(chromium, 1280, 1000) as page:
        _open(page, server, path)
        cell = _cell(page, "kischule.lab(")
        _run(page, "kischule.lab(")
        table = cell.locator("table").first
        table.wait_for()
        before = table.inner_text()
        temperature = cell.locator(".widget-slider").filter(has_text="temperature")
        _drag(page, temperature, 60)
        expect(table).not_to_have_text(before, use_inner_text=True, timeout=TIMEOUT_MS)
        _drag(page, temperature, -400)
        cell.get_by_text("temperature muss größer als 0 sein").wait_for()
        _drag(page, temperature, 40)
        cell.get_by_text("temperature muss größer als 0 sein").wait_for(state="hidden")

        prompt = cell.locator("textarea").first
        token = cell.get_by_title("weiter mit diesem Token").first
        name = token.inner_text()
        token.click()
        expect(prompt).to_have_value("There was once a poor woman" + name[1:-1], timeout=TIMEOUT_MS)
        cell.get_by_role("button", name="vergleichen").click()
        cell.get_by_text("am Ende").nth(1).wait_for()
        cell.get_by_role("button", name="als Code").click()
        cell.get_by_text("model.generate(input_ids").first.wait_for()
        page.screenshot(path=tmp_path / "laboratory.png")


def _box(part: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a part, in pixels of the window."""
    box = part.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


@pytest.mark.parametrize(("width", "height"), [(1280, 768), (768, 1024), (520, 1024)])
def test_the_laboratory_fits_the_window(
    chromium: Browser, server: tools.Server, width: int, height: int, tmp_path: Path
) -> None:
    """Controls, text and table, with a name for each control; a number is typed with a comma."""
    from playwright.sync_api import expect

    with tools.page_at(chromium, width, height) as page:
        _open(page, server, "notebooks")
        _run(page, "kischule.lab(")
        lab = page.locator(".kischule-lab").first
        lab.locator("table").wait_for()
        lab.evaluate("lab => lab.scrollIntoView()")
        left, top, right, bottom = _box(lab)
        assert lab.evaluate("lab => lab.scrollWidth <= lab.clientWidth")  # no sideways scrolling
        assert bottom - top <= height - 120  # of JupyterLab's bars
        for part in (
            lab.locator("input, textarea, button, [role=slider]").locator("visible=true").all()
        ):
            assert left <= _box(part)[0] < _box(part)[2] <= right
        slider = _box(lab.locator(".widget-slider").filter(has_text="temperature"))
        text = _box(lab.get_by_text("There was once a poor woman").last)
        beside = text[0] > slider[2] and text[1] < slider[3]
        assert beside == (width > 700)
        assert text[1] < _box(lab.locator("table"))[3]
        page.screenshot(path=tmp_path / f"laboratory_{width}.png")

        field = lab.get_by_role("textbox", name="temperature", exact=True)
        assert lab.get_by_role("slider").count() == 5
        expect(lab.get_by_role("slider", name="temperature", exact=True)).to_be_visible()
        field.fill("0,7")
        field.press("Enter")
        expect(lab.locator("th").filter(has_text="temperature")).to_contain_text("0,7")
        expect(lab.get_by_role("status")).to_have_count(0)
        header = lab.locator(".lm-Accordion-header, .jupyter-widget-Collapse-header").first
        further = lab.get_by_role("textbox", name="min_p", exact=True)
        expect(further).to_be_hidden()
        header.click()
        further.fill("0,1")
        further.press("Enter")
        expect(lab.locator("th").filter(has_text="min_p")).to_contain_text("0,1")
        for part in lab.locator("input, [role=slider]").locator("visible=true").all():
            assert left <= _box(part)[0] < _box(part)[2] <= right
        for dial in lab.locator(".kischule-dial").locator("visible=true").all():
            name, number = dial.locator(".widget-label").first, dial.get_by_role("textbox")
            assert name.evaluate("label => label.scrollWidth <= label.clientWidth")
            assert _box(name)[1] < (_box(number)[1] + _box(number)[3]) / 2 < _box(name)[3]
        page.screenshot(path=tmp_path / f"further_{width}.png")
        for _ in range(2):  # deletes a cell that can be deleted
            lab.get_by_role("slider", name="temperature", exact=True).press("d")
        expect(lab).to_be_visible()
        faults = [fault for fault in tools.violations(page) if "noUi" in fault or "widget" in fault]
        assert faults == []


def test_a_student_solves_by_typing_and_submits(
    chromium: Browser, server: tools.Server, folder: Path, tmp_path: Path
) -> None:
    with tools.page_at(chromium, 1280, 1000) as page:
        _open(page, server, "lab/tree")
        _type(page, "def encode_prompt(", WRONG)
        output = _run(page, 'check("encode_prompt")')
        output.get_by_text("✗").wait_for()
        output.get_by_text("Erwartet: torch.Tensor").first.wait_for()
        page.screenshot(path=tmp_path / "wrong.png")

        _type(page, "def encode_prompt(", RIGHT)
        output = _run(page, 'check("encode_prompt")')
        output.get_by_text("✓").wait_for()
        _type(page, "def next_token_probs(", PROBS)
        output = _run(page, 'check("next_token_probs")')
        output.get_by_text("✓").wait_for()
        page.screenshot(path=tmp_path / "right.png")
        page.keyboard.press("Control+S")
        page.locator(".jp-mod-dirty").first.wait_for(state="detached")

    submitted = folder / RELEASE.name
    rebuilt = rebuild(read_notebook(RELEASE), reader.parse(intake.read_bytes(submitted)), EXERCISES)
    assert rebuilt.flags == ()
    solutions = {metadata_of(c).get("grade_id"): c.source for c in rebuilt.notebook.cells}
    assert "ends_in_space_token" in solutions["encode_prompt"]
    assert "softmax" in solutions["next_token_probs"]
    assert "NotImplementedError" in solutions["top_tokens"]

    course = tmp_path / "course"
    for part in ("source", "release"):
        shutil.copytree(ROOT / part, course / part)
    (tmp_path / "in" / "anna").mkdir(parents=True)
    shutil.copy(submitted, tmp_path / "in" / "anna")
    assert main(["import", "folder", str(tmp_path / "in"), "a7_2", "--course", str(course)]) == 0
    assert main(["grade", "a7_2", "--course", str(course), "--quiet"]) == 0
    from autograder.course.gradebook import Course

    total = Course(course).totals("a7_2")["anna"]
    assert total.points == 5  # both exercises, public and hidden cases
