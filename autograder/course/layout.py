"""An assignment's cells in the gradebook: read, and replaced while grades and comments stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    MissingEntry,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import delete, select, update

from autograder.course import messages
from kischule.i18n import Line

CELL_KINDS = {kind.__name__: kind for kind in (GradeCell, SolutionCell, TaskCell)}
GRADED, COMMENTED = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")


@dataclass(frozen=True, kw_only=True)
class BookCell:
    """An entry of a cell; a written answer has two, for its points and for the comment."""

    name: str
    kind: str  # of CELL_KINDS
    cell_type: str | None = None  # code | markdown; None without points
    max_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class BookSource:
    """The text that nbgrader keeps of a cell."""

    name: str
    cell_type: str
    locked: bool
    source: str | None
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class BookNotebook:
    """The entries of a notebook."""

    name: str
    kernelspec: str | None
    cells: tuple[BookCell, ...]
    sources: tuple[BookSource, ...]


Layout = tuple[BookNotebook, ...]


def read_layout(book: Gradebook, assignment: str) -> Layout:
    """Read an assignment's cells; () if the gradebook does not have it."""
    try:
        notebooks = book.find_assignment(assignment).notebooks
    except MissingEntry:
        return ()
    return tuple(
        BookNotebook(
            name=notebook.name,
            kernelspec=notebook.kernelspec,
            cells=tuple(
                BookCell(
                    name=cell.name,
                    kind=cell.type,
                    cell_type=getattr(cell, "cell_type", None),
                    max_score=getattr(cell, "max_score", None),
                )
                for cell in (*notebook.grade_cells, *notebook.solution_cells, *notebook.task_cells)
            ),
            sources=tuple(
                BookSource(**{name: getattr(cell, name) for name in BookSource.__annotations__})
                for cell in notebook.source_cells
            ),
        )
        for notebook in notebooks
    )


def of_submissions(query: Any, rows: Any, assignment: str) -> Any:
    """Join a query of rows, grades or comments, with all that they belong to; an assignment's."""
    return (
        query.join(SubmittedNotebook, SubmittedNotebook.id == rows.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .filter(Assignment.name == assignment)
    )


def outline(layout: Layout) -> dict[str, str]:
    """Describe each cell, by name: its purpose, its points, its notebook if there are several.

    Equal outlines mean the same cells, types and points.
    """
    found: dict[str, str] = {}
    for notebook in layout:
        cells: dict[str, list[BookCell]] = {}
        for cell in notebook.cells:
            cells.setdefault(cell.name, []).append(cell)
        for name, entries in cells.items():
            key = f"{notebook.name}/{name}" if name in found else name
            place = f" in {notebook.name}" if len(layout) > 1 else ""
            found[key] = _described(entries) + place
    return found


def _described(entries: Sequence[BookCell]) -> str:
    kinds = {entry.kind for entry in entries}
    graded = next((entry for entry in entries if entry.kind in GRADED), None)
    if graded is None:
        return "solution"
    purpose = "task" if "TaskCell" in kinds else "answer" if len(kinds) > 1 else "test"
    points = f"{graded.max_score:g} point{'' if graded.max_score == 1 else 's'}"
    return f"{purpose} ({graded.cell_type}), {points}"


def write_layout(book: Gradebook, assignment: str, layout: Layout) -> None:
    """Replace an assignment's cells, without a commit.

    The rows of a student follow their cell, by its name: with points, comment and extra credit,
    also where its type changed or where it is in another notebook now. Rows of cells that are gone
    go; a new cell gets a row that waits for its points. Points by hand out of another maximum wait
    for a second look.
    """
    db = book.db
    root = db.query(Assignment).filter_by(name=assignment).one_or_none()
    if root is None:
        root = Assignment(name=assignment, course_id=book.course_id)
        db.add(root)
    else:  # a write, so that nobody else writes from here on
        db.execute(update(Assignment).where(Assignment.id == root.id).values(name=assignment))
    db.flush()
    notebooks, gone = _notebooks(db, root, [each.name for each in layout])
    old = _entries(db, [*(each.id for each in notebooks), *(each.id for each in gone)])
    db.execute(  # out of the way of the new ones
        update(BaseCell)
        .where(BaseCell.id.in_([cell.id for cell in old]))
        .values(name=BaseCell.id)
        .execution_options(synchronize_session=False)
    )
    db.expunge_all()
    for row, wanted in zip(notebooks, layout, strict=True):
        _add_cells(db, row.id, wanted)
    new = _entries(db, [row.id for row in notebooks], without=[cell.id for cell in old])
    for model, kinds in ((Grade, GRADED), (Comment, COMMENTED)):
        _move_rows(db, model, *([c for c in cells if c.kind in kinds] for cells in (old, new)))
        _add_rows(db, model, [cell for cell in new if cell.kind in kinds])
    for table in (*(kind.__table__ for kind in CELL_KINDS.values()), BaseCell.__table__):
        db.execute(delete(table).where(table.c.id.in_([cell.id for cell in old])))
    ids = [each.id for each in gone]
    for model, column in (
        (SubmittedNotebook, SubmittedNotebook.notebook_id),
        (SourceCell, SourceCell.notebook_id),
        (Notebook, Notebook.id),
    ):
        db.execute(delete(model).where(column.in_(ids)))


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A cell in the database."""

    id: str
    name: str
    kind: str
    notebook: str  # its id
    max_score: float | None


def _entries(db: Any, notebooks: Iterable[str], without: Iterable[str] = ()) -> list[_Entry]:
    skip = set(without)
    cells = db.query(BaseCell).filter(BaseCell.notebook_id.in_(list(notebooks))).all()
    return [
        _Entry(
            id=cell.id,
            name=cell.name,
            kind=cell.type,
            notebook=cell.notebook_id,
            max_score=getattr(cell, "max_score", None),
        )
        for cell in cells
        if cell.id not in skip
    ]


def _notebooks(db: Any, root: Any, names: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """The rows of the notebooks with these names, and of those that are gone.

    One that is gone where one is new has been renamed.
    """
    there = {row.name: row for row in db.query(Notebook).filter_by(assignment_id=root.id)}
    gone = [row for name, row in there.items() if name not in names]
    new = [name for name in names if name not in there]
    if len(gone) == len(new) == 1:
        name = new.pop()
        there[name] = gone.pop()
        there[name].name = name
    for name in new:
        there[name] = Notebook(name=name, assignment_id=root.id)
        db.add(there[name])
        db.flush()
        for (submission,) in db.execute(
            select(SubmittedAssignment.id).where(SubmittedAssignment.assignment_id == root.id)
        ):
            db.add(SubmittedNotebook(assignment_id=submission, notebook_id=there[name].id))
    db.flush()
    return [there[name] for name in names], gone


def _add_cells(db: Any, notebook: str, wanted: BookNotebook) -> None:
    """Add a notebook's cells, in their order; their texts replace those before."""
    db.execute(delete(SourceCell).where(SourceCell.notebook_id == notebook))
    db.execute(update(Notebook).where(Notebook.id == notebook).values(kernelspec=wanted.kernelspec))
    for cell in wanted.cells:
        points = (
            {"cell_type": cell.cell_type, "max_score": cell.max_score}
            if cell.kind in GRADED
            else {}
        )
        db.add(CELL_KINDS[cell.kind](name=cell.name, notebook_id=notebook, **points))
    db.add_all([SourceCell(**vars(text), notebook_id=notebook) for text in wanted.sources])
    db.flush()


def _move_rows(db: Any, model: Any, old: Sequence[_Entry], new: Sequence[_Entry]) -> None:
    """Move the students' rows from old cells to the new ones; delete those without."""
    taken = {(cell.notebook, cell.name) for cell in old}
    same = {(cell.notebook, cell.name): cell for cell in new}
    elsewhere = {cell.name: cell for key, cell in same.items() if key not in taken}
    for cell in old:
        target = same.get((cell.notebook, cell.name)) or elsewhere.pop(cell.name, None)
        mine = model.cell_id == cell.id
        if target is None:
            db.execute(delete(model).where(mine))
            continue
        if target.notebook != cell.notebook:
            _move_to_notebook(db, model, cell.id, target.notebook)
        if model is Grade and target.max_score != cell.max_score:
            given = Grade.manual_score.is_not(None)
            db.execute(update(Grade).where(mine, given).values(needs_manual_grade=True))
        db.execute(update(model).where(mine).values(cell_id=target.id))


def _move_to_notebook(db: Any, model: Any, cell: str, notebook: str) -> None:
    """Move the rows of a cell to each student's copy of another notebook."""
    copies = db.query(SubmittedNotebook).filter_by(notebook_id=notebook)
    places = {copy.assignment_id: copy.id for copy in copies}
    for row in db.query(model).filter_by(cell_id=cell).all():
        row.notebook_id = places[row.notebook.assignment_id]
    db.flush()


def _add_rows(db: Any, model: Any, new: Sequence[_Entry]) -> None:
    """Add what a student's copy lacks; a grade waits."""
    for cell in new:
        have = select(model.notebook_id).where(model.cell_id == cell.id)
        lack = select(SubmittedNotebook.id).where(
            SubmittedNotebook.notebook_id == cell.notebook, SubmittedNotebook.id.not_in(have)
        )
        db.add_all([model(cell_id=cell.id, notebook_id=copy) for (copy,) in db.execute(lack)])
    db.flush()


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """Something that a teacher has given to a student for a cell."""

    cell: str
    text: str  # as `1.5 points`
    kinds: tuple[str, ...]  # of cells that can hold it


def given_by_hand(book: Gradebook, assignment: str) -> dict[str, list[ByHand]]:
    """Read the points, extra credit and comments by hand, of each student with a submission."""
    found: dict[str, list[ByHand]] = {}
    copies = (
        book.db.query(SubmittedNotebook)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == assignment)
        .order_by(SubmittedAssignment.student_id)
    )
    for copy in copies:
        mine = found.setdefault(copy.assignment.student_id, [])
        for grade in copy.grades:
            texts = []
            if grade.manual_score is not None:
                texts.append(Line(messages.HAND_POINTS.of(grade.manual_score)))
            # a bonus that the machine gave is extra credit as well
            if grade.extra_credit and (grade.max_score or grade.manual_score is not None):
                texts.append(Line(messages.EXTRA_POINTS.of(grade.extra_credit)))
            mine += [ByHand(cell=grade.name, text=text, kinds=GRADED) for text in texts]
        for comment in copy.comments:
            if comment.manual_comment:
                mine.append(
                    ByHand(cell=comment.name, text=Line(messages.A_COMMENT), kinds=COMMENTED)
                )
    return found


def make_whole(path: Path | None, course_id: str) -> None:
    """Make a new gradebook file with all that nbgrader puts into it, or not at all.

    nbgrader notes the version of its tables seconds after it has made them; stopped in between, it
    would never do so, and a later `nbgrader db upgrade` would begin from nothing.
    """
    if path is None or path.exists() or not path.parent.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".gradebook-", dir=path.parent) as folder:
        new = Path(folder) / path.name
        Gradebook(f"sqlite:///{new}", course_id).close()
        os.replace(new, path)
