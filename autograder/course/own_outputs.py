"""A student's own outputs, which answers in words speak of: those of the submitted file.

Grading does not run cells that only show something, and its numbers may differ from those that a
student saw. So a teacher sees the file's, beside each answer, and never as a result of grading.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course.ours import exercises_by_notebook
from autograder.errors import UserError
from autograder.grading.submission import rebuilt_from
from autograder.notebooks import intake, reader
from autograder.notebooks.cells import Role, grade_id_of, is_graded, role
from autograder.notebooks.matching import plain


def is_answer(cell: Any) -> bool:
    """Return True for what a teacher gives points for."""
    return is_graded(cell) and role(cell) != Role.TEST


def beside_answers(cells: list[Any]) -> dict[str, list[Any]]:
    """The cells between each answer and what is judged before it, by the answer's grade_id."""
    found: dict[str, list[Any]] = {}
    since: list[Any] = []
    for cell in cells:
        if is_answer(cell):
            found[grade_id_of(cell)] = since
        judged = is_answer(cell) or role(cell) in (Role.TEST, Role.SOLUTION)
        since = [] if judged else [*since, cell]
    return found


def own_outputs(
    directory: Any, assignment: str, name: str, student: str, graded: Any
) -> Mapping[str, list[Any] | None]:
    """Read what cells beside answers show in the submitted file, by the graded cell's id.

    directory: nbgrader's of the course. name: of the notebook's file. None: more than a page can
    show. Cells that are not what was graded are left out, and so are all of a file that is gone or
    cannot be read any more.
    """
    folders = (
        Path(directory.format_path(step, whose, assignment))
        for step, whose in (
            (directory.release_directory, "."),
            (directory.submitted_directory, student),
        )
    )
    released, submitted = folders
    try:
        notebooks = exercises_by_notebook(directory, assignment)
        content = intake.read_submission(submitted, name, notebooks.keys() - {name}).content
        rebuilt = rebuilt_from((released / name).read_bytes(), content, notebooks[name])
        beside = [cell for cells in beside_answers(graded.cells).values() for cell in cells]
        sources = {cell.get("id"): plain(cell.source) for cell in beside}
        origins = {
            origin: cell.id
            for cell, origin in zip(rebuilt.notebook.cells, rebuilt.origins, strict=True)
            if origin is not None and cell.cell_type == "code"
            if sources.get(cell.id) == plain(cell.source)
        }
        shown = reader.outputs(content, origins)
    except (UserError, OSError, KeyError):
        return {}
    return {origins[index]: outputs for index, outputs in shown.items()}
