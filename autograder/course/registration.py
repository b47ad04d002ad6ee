"""A release and the gradebook's cells: made from one source, and changed together or not at all.

A release that is about to be published is a file in `.kischule/` first, whole or not there. Where
a run was killed after that, the next command publishes it to the end.
"""

import base64
import dataclasses
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import nbformat
from nbgrader.api import Base
from sqlalchemy import create_engine

from autograder.course import messages
from autograder.course.gradebook import Course
from autograder.course.layout import GRADED, ByHand, Layout, outline
from autograder.course.made_with import note_package
from autograder.course.ours import ASSISTANTS, has_exercises, notebooks_in
from autograder.exercises.strict import load_json, read
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER, Store
from autograder.notebooks.cells import by_id, is_graded, is_solution, metadata_of, points_of
from kischule.i18n import Line, text_of


@dataclass(frozen=True, kw_only=True)
class Made:
    """A release as nbgrader makes it from the source, and what the gradebook must have for it."""

    source: str  # `key_of` the notebooks
    layout: Layout
    files: Mapping[str, bytes]  # by relative path

    def as_json(self) -> bytes:
        """All of it as text."""
        files = {name: base64.b64encode(text).decode() for name, text in self.files.items()}
        layout = [dataclasses.asdict(notebook) for notebook in self.layout]
        return json.dumps({"source": self.source, "layout": layout, "files": files}).encode()

    @classmethod
    def from_json(cls, text: bytes, name: str) -> "Made":
        """Read what `as_json` wrote. DataError for anything else."""
        kept = read(_Kept, load_json(text, name), name)
        files = {name: base64.b64decode(text) for name, text in kept.files.items()}
        return cls(source=kept.source, layout=kept.layout, files=files)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    source: str
    layout: Layout
    files: Mapping[str, str]


def make(course: Path, assignment: str, sources: Sequence[Path]) -> Made:
    """Make a release in a temporary folder, with a gradebook of its own. sources: notebooks."""
    key = key_of(*(source.read_bytes() for source in sources))
    with tempfile.TemporaryDirectory(prefix="kischule-") as temporary:
        url = f"sqlite:///{temporary}/gradebook.db"
        engine = create_engine(url)
        Base.metadata.create_all(engine)  # else nbgrader asks another program for their version
        engine.dispose()
        book = Course(course, release_directory=f"{temporary}/release", db_url=url)
        book.generate(assignment)
        files = _files_in(book.folder("release", assignment))
        return Made(source=key, layout=book.layout(assignment), files=files)


# --- what a release changes ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Change:
    """A cell before and after; "" where there is none."""

    cell: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The effect of a release on submissions that the gradebook has already."""

    cells: tuple[Change, ...]
    students: Mapping[str, tuple[str, ...]]  # sentences on what a teacher has given, by student
    absent: frozenset[str]  # students without a file that could be graded anew
    backup: Path | None  # of the gradebook, before; None if it is not in a file


def changed_cells(before: Layout, after: Layout) -> tuple[Change, ...]:
    """Compare the cells: names, types and points."""
    old, new = outline(before), outline(after)
    return tuple(
        Change(cell=name, before=old.get(name, ""), after=new.get(name, ""))
        for name in {**new, **old}
        if old.get(name) != new.get(name)
    )


def changes_of(course: Path, assignment: str, made: Made) -> Changes | None:
    """Say what publishing it changes for whom; None: nothing for anybody."""
    book = Course(course)
    given, before = book.given_by_hand(assignment), book.layout(assignment)
    cells = changed_cells(before, made.layout)
    registered = _files_in(_registered_folder(course, assignment))
    if not given or (not cells and _graded_part(registered) == _graded_part(made.files)):
        return None
    there = book.students("submitted", assignment)
    return Changes(
        cells=cells,
        students={s: tuple(_effects(items, cells, made.layout)) for s, items in given.items()},
        absent=frozenset(given) - set(there),
        backup=None if book.file is None else _backup(course, book.file),
    )


def _graded_part(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != ASSISTANTS}


def _effects(items: list[ByHand], cells: tuple[Change, ...], after: Layout) -> list[str]:
    """Say what becomes of points, extra credit and comments by hand."""
    there = {(cell.name, cell.kind) for notebook in after for cell in notebook.cells}
    changed = {change.cell: change for change in cells}
    effects: list[str] = []
    for item in items:
        name = item.cell
        if not any((name, kind) in there for kind in item.kinds):
            effects.append(Line(messages.LOSES.format(what=text_of(item.text), name=name)))
        elif name in changed and item.kinds == GRADED:
            effects.append(Line(messages.KEEPS.format(what=text_of(item.text), name=name)))
    return effects


def _backup(course: Path, book: Path) -> Path:
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d-%H%M%S")
    return course / STORE_FOLDER / "backups" / f"{book.stem}-{now}{book.suffix}"


# --- publishing it ------------------------------------------------------------------------------


def publish(course: Path, assignment: str, made: Made, backup: Path | None = None) -> None:
    """Write release/ and the gradebook's cells: both, or neither if one fails. Nobody may grade.

    backup: of the gradebook, made first; None: no backup.
    """
    if backup is not None:
        Course(course).back_up(backup)
    journal = _journal(course, assignment)
    write_atomically(journal, made.as_json())
    try:
        _publish(course, assignment, made)
    except Exception:  # all is as before; after a KeyboardInterrupt that is not certain
        journal.unlink()
        raise
    _note(course, assignment, made)
    note_package(course, assignment, outline(made.layout))
    journal.unlink()


def finish(course: Path, assignment: str) -> None:
    """Publish to the end what a killed run has begun. Raises BusyError while another is at work."""
    journal = _journal(course, assignment)
    if journal.exists():
        with Store(course).alone():
            if journal.exists():
                made = Made.from_json(journal.read_bytes(), journal.name)
                _publish(course, assignment, made)
                _note(course, assignment, made)
                note_package(course, assignment, outline(made.layout))
                journal.unlink()


def _journal(course: Path, assignment: str) -> Path:
    return course / STORE_FOLDER / f"releasing-{assignment}.json"


def _publish(course: Path, assignment: str, made: Made) -> None:
    book = Course(course)
    released = book.folder("release", assignment)
    before = _files_in(released)
    try:
        with book.laid_out(assignment, made.layout):
            _write_folder(released, made.files)
    except Exception:
        _write_folder(released, before)
        raise


def register(book: Course, assignment: str, made: Made) -> None:
    """Write the gradebook's cells; release/ stays as it is."""
    with book.laid_out(assignment, made.layout):
        pass
    _note(book.root, assignment, made)


def _note(course: Path, assignment: str, made: Made) -> None:
    """Keep the release that grading uses, and a mark of what it was made from."""
    _write_folder(_registered_folder(course, assignment), made.files)
    write_atomically(_mark(course, assignment), _key(made.source, made.layout))


def is_registered(book: Course, assignment: str, sources: Sequence[Path]) -> bool:
    """Return True if the gradebook has the cells of these source notebooks."""
    mark = _mark(book.root, assignment)
    key, released = (
        key_of(*(s.read_bytes() for s in sources)),
        notebooks_in(_registered_folder(book.root, assignment)),
    )
    return (
        mark.is_file()
        and [path.name for path in released] == [source.name for source in sources]
        and mark.read_bytes() == _key(key, book.layout(assignment))
    )


def _key(source: str, layout: Layout) -> bytes:
    cells = sorted(repr(entry) for n in layout for entry in (n.name, *n.cells, *n.sources))
    return key_of(source.encode(), *(text.encode() for text in cells)).encode()


def _mark(course: Path, assignment: str) -> Path:
    return course / STORE_FOLDER / f"registered-{assignment}"


def _registered_folder(course: Path, assignment: str) -> Path:
    return Course(course, release_directory=f"{STORE_FOLDER}/release").folder("release", assignment)


def _files_in(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold these files and no others; those that are there already stay."""
    there = _files_in(folder)
    for name in there.keys() - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        if there.get(name) != content:
            write_atomically(folder / name, content)


# --- grades by an older release -----------------------------------------------------------------


def graded_by_older(course: Path, assignment: str) -> list[str]:
    """List the students whose graded notebook has other cells or points than the gradebook.

    `kischule grade` grades them anew. Ordinary assignments are nbgrader's own affair.
    """
    book = Course(course)
    if not has_exercises(book.directory(), assignment):
        return []
    now = {
        (notebook.name, cell.name): (cell.max_score, (cell.name, "SolutionCell") in kinds)
        for notebook in book.layout(assignment)
        for kinds in [{(c.name, c.kind) for c in notebook.cells}]
        for cell in notebook.cells
        if cell.kind in GRADED
    }
    found = []
    for student in book.students("autograded", assignment):
        then = {}
        try:
            for path in notebooks_in(book.folder("autograded", assignment, student)):
                then.update(_cells_with_points(path))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # broken: its page says so
        if then and then != now:
            found.append(student)
    return found


def _cells_with_points(path: Path) -> dict[tuple[str, str], tuple[float, bool]]:
    cells = by_id(nbformat.from_dict(json.loads(path.read_bytes())))
    return {
        (path.stem, name): (points_of(cell), is_solution(cell))
        for name, cell in cells.items()
        if is_graded(cell) or metadata_of(cell).get("task")
    }
