"""A submission's page in formgrader: safe, with rubrics and the student's own outputs, and short.

A teacher gives points for the answers in words. What these speak of is shown as the student saw
it: outputs of the submitted file, in a frame that says so. What only repeats the release is folded.
"""

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat.v4 import new_markdown_cell, new_output
from nbgrader.preprocessors import ClearMarkScheme

from autograder.course.messages import (
    FOR_YOU_TO_GRADE,
    GRADED_BY_PROGRAM,
    SUBMITTED_OUTPUT,
    SUBMITTED_OUTPUT_LARGE,
)
from autograder.course.ours import ForExercises
from autograder.course.own_outputs import beside_answers, own_outputs
from autograder.errors import UserError
from autograder.grading.messages import DISPLAY_ONLY, both
from autograder.grading.outputs import framed, harmless_markdown
from autograder.notebooks import reader
from autograder.notebooks.cells import (
    RUBRIC,
    Role,
    by_id,
    grade_id_of,
    metadata_of,
    read_notebook,
    role,
    rubrics_of,
)
from autograder.notebooks.display import is_display_only
from autograder.notebooks.editions import texts_of_editions
from autograder.notebooks.matching import plain
from autograder.notebooks.pictures import pictures

RUBRIC_HEADING = "Bewertung · Rubric"
COLAB = "https://colab.research.google.com/"
LOCKED = {"locked": True}  # metadata of a text that needs no cleaning
_MARKDOWN = re.compile(r"[#*`$\\]")  # of Markdown


class FormgraderPage(ForExercises):
    """Gathers what the answers in words need, and folds the rest of the release's text.

    On formgrader's page alone; the student's has a layout of its own.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put what a teacher gives points for first, with the student's own outputs."""
        if "student" not in resources:
            return nb, resources
        name = f"{resources['notebook_id']}.ipynb"
        about = self.directory, resources["assignment_id"], name
        texts, shown = _release_texts(*about), own_outputs(*about, resources["student"], nb)
        beside = beside_answers(nb.cells)
        by_hand = [c for n, cells in beside.items() for c in (*cells, by_id(nb)[n])]
        for cell in by_hand:
            _add_outputs(cell, shown)
            if cell.cell_type != "code" and role(cell) == Role.OWN and plain(cell.source) in texts:
                cell.metadata.nbgrader = LOCKED
        rest = [cell for cell in nb.cells if all(cell is not other for other in by_hand)]
        rest = [_in_one_line(cell) if plain(cell.source) in texts else cell for cell in rest]
        if by_hand:
            line = " · ".join(f"[{answer}](#{answer})" for answer in beside)
            first = _own_text(f"**{both(FOR_YOU_TO_GRADE)}:** {line}")
            rest = [first, *by_hand, _own_text(f"---\n\n**{both(GRADED_BY_PROGRAM)}**"), *rest]
        nb.cells = [cell for cell in rest if cell is not None]
        return nb, resources


def _release_texts(directory: Any, assignment: str, name: str) -> set[str]:
    """The texts of the release's cells, in all editions; none where it is gone."""
    path = Path(directory.format_path(directory.release_directory, ".", assignment), name)
    try:
        return texts_of_editions(reader.parse(path.read_bytes()))[1]
    except (UserError, OSError):
        return set()


def _add_outputs(cell: Any, shown: Mapping[str, list[Any] | None]) -> None:
    """Add a frame with what the cell shows in the file, if grading did not show the same."""
    if cell.get("id") not in shown:
        return
    theirs = shown[cell.id]
    title = both(SUBMITTED_OUTPUT if theirs is not None else SUBMITTED_OUTPUT_LARGE)
    frame = framed(title, theirs or ())
    if theirs is not None and frame == framed(title, cell.outputs):
        return
    more = [new_output("display_data", {"text/html": frame})]
    cell.outputs = more if _was_skipped(cell) else [*cell.outputs, *more]


def _was_skipped(cell: Any) -> bool:
    """Return True if grading left a note in place of the cell's outputs."""
    return [output.get("text", "").strip() for output in cell.outputs] == [both(DISPLAY_ONLY)]


def _in_one_line(cell: Any) -> Any:
    """A text of the release in one line that opens; None for its code that shows nothing here."""
    if role(cell) not in (Role.OWN, Role.LOCKED):
        return cell
    if cell.cell_type == "code":
        return None if is_display_only(cell) and _was_skipped(cell) else cell
    first = html.escape(_MARKDOWN.sub("", cell.source.strip().partition("\n")[0]))
    summary = f'<summary style="display: list-item; cursor: pointer">{first}</summary>'
    made = _own_text(f"<details>{summary}\n\n{cell.source}\n\n</details>")
    if "attachments" in cell:
        made.attachments = cell.attachments
    return made


def _own_text(text: str) -> Any:
    """A cell with a text of ours."""
    return new_markdown_cell(text, metadata={"nbgrader": LOCKED})


class HarmlessText(ForExercises):
    """Makes a student's texts safe for a browser.

    Markdown stays, and pictures that were pasted into it; markup, links and other pictures go.
    """

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clean a cell of the student's; the link to Colab, wider than a phone, is of no use."""
        lines = cell.source.splitlines()
        cell.source = "\n".join(line for line in lines if COLAB not in line)
        if cell.cell_type != "code" and not metadata_of(cell).get("locked"):
            cell["attachments"] = pictures(cell.get("attachments"))
            cell.source = harmless_markdown(cell.source, cell.attachments)
        return cell, resources


class Rubrics(ForExercises, ClearMarkScheme):
    """Shows the source's rubrics on formgrader's own pages, and none on a student's page."""

    stock = None  # nbgrader leaves them as they are

    def _enforce_metadata_default(self) -> bool:
        return False  # too late for a complaint: the notebook has been graded

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put each rubric above its answer; on a student's page, clear those of task cells."""
        if "nbgrader" in resources:
            return super().preprocess(nb, resources)
        directory, assignment = self.directory, resources["assignment_id"]
        folder = Path(directory.format_path(directory.source_directory, ".", assignment))
        path = folder / f"{resources.get('notebook_id')}.ipynb"
        rubrics = rubrics_of(read_notebook(path)) if path.is_file() else {}
        cells = []
        for cell in nb.cells:
            if rubric := rubrics.get(grade_id_of(cell)):
                cells.append(new_markdown_cell(rubric))
            elif role(cell) == Role.LOCKED:  # a task's is in its own cell
                cell.source = RUBRIC.sub(rf"\n\n**{RUBRIC_HEADING}**\n\n\1", cell.source)
            cells.append(cell)
        nb.cells = cells
        return nb, resources

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        """Clear a cell of the teacher's; a marker in a student's text means nothing."""
        if role(cell) != Role.LOCKED:
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)
