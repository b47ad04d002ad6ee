"""The exercises of an assignment, and so who grades it: this package, or nbgrader alone.

An assignment with exercises is graded by the trusted worker. For an ordinary one each of our
preprocessors steps aside for nbgrader's own: its hidden tests, limits and kernel are the course's.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import find_all_files
from sqlalchemy.engine import make_url

from autograder.course import messages
from autograder.errors import UserError
from autograder.exercises.exercise import (
    PACKAGED,
    Exercise,
    ExerciseError,
    exercises_for_assignment,
)
from autograder.notebooks.cells import grade_id_of, is_graded, is_solution, read_notebook
from autograder.notebooks.exercises import asked_in, exercises_in, with_references
from autograder.sandbox.namespaces import MAX_FILES_BYTES

ASSISTANTS = "AGENTS.md"  # in a release: rules for coding assistants
RECORD = "kischule_record"  # in nbgrader's resources


class AssignmentError(UserError, ValueError):
    """An assignment that does not exist, or whose source breaks a rule."""


def has_exercises(directory: Any, assignment: str) -> bool:
    """Return True if the assignment has exercises; see `exercises_of`."""
    return bool(exercises_of(directory, assignment))


def exercises_of(directory: Any, assignment: str) -> Mapping[str, Exercise]:
    """The exercises that the assignment's source calls `check` for, by id, in its order.

    directory: nbgrader's CourseDirectory. Without a source the gradebook's cells decide, which
    nbgrader grades by as well; points and references are not known then. Raises AssignmentError for
    a source that cannot be read, and for a cell's name in two notebooks with exercises.
    """
    if found := exercises_by_notebook(directory, assignment):
        return {name: each for exercises in found.values() for name, each in exercises.items()}
    known = exercises_for_assignment(Path(directory.root), assignment)
    return {name: known[name] for name in _in_gradebook(directory, assignment, known)}


def exercises_by_notebook(directory: Any, assignment: str) -> dict[str, Mapping[str, Exercise]]:
    """The exercises of each source notebook, by its file's name; {} without a source.

    Raises AssignmentError as `exercises_of` does.
    """
    known = exercises_for_assignment(Path(directory.root), assignment)
    folder = Path(directory.format_path(directory.source_directory, ".", assignment))
    found: dict[str, Mapping[str, Exercise]] = {}
    sources = {}
    for path in notebooks_in(folder):
        try:
            source = sources[path.name] = _read_source(path, path.stat().st_mtime_ns)
            found[path.name] = with_references(exercises_in(source, known), source)
            for name in found[path.name]:
                if (own := known.paths[name]) != PACKAGED.paths.get(name):
                    _check_names(own, own.stat().st_mtime_ns, tuple(known))
        except ExerciseError as error:
            raise AssignmentError(f"{path}: {error}") from error
    if any(found.values()):
        check_names_differ(assignment, sources)
    return found


def check_names_differ(assignment: str, sources: Mapping[str, Any]) -> None:
    """Refuse a cell's name in two notebooks: a result has its place by that name alone."""
    places: dict[str, str] = {}
    for place, source in sources.items():
        cells = (cell for cell in source.cells if is_graded(cell) or is_solution(cell))
        for name in filter(None, map(grade_id_of, cells)):
            if places.setdefault(name, place) != place:
                about = {"name": name, "first": places[name], "second": place}
                raise AssignmentError(messages.SAME_NAMES.format(assignment=assignment, **about))


def notebook_of(resources: Any) -> str:
    """The file name of the notebook that nbgrader converts."""
    return f"{resources['nbgrader']['notebook']}.ipynb"


def notebooks_in(folder: Path) -> list[Path]:
    """List the notebooks of a folder, sorted; not an editor's or a system's hidden files."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def files_beside(directory: Any, assignment: str) -> dict[str, bytes]:
    """The files beside the source notebook that a kernel gets, by relative path.

    nbgrader chooses the same ones, but for the rules for coding assistants: they are no part of
    what is graded. Raises AssignmentError for more than a kernel may have.
    """
    folder = Path(directory.format_path(directory.source_directory, ".", assignment))
    ignored = [*directory.ignore, "*.ipynb"]
    paths = sorted(map(Path, find_all_files(str(folder), ignored)))
    paths = [path for path in paths if path != folder / ASSISTANTS]
    size = sum(path.stat().st_size for path in paths)
    if size > MAX_FILES_BYTES:
        about = {"folder": folder, "limit": MAX_FILES_BYTES, "size": size}
        raise AssignmentError(messages.LARGE_FILES.format(**about))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@lru_cache(maxsize=1000)
def _check_names(path: Path, _modified: int, exercises: tuple[str, ...]) -> None:
    from autograder.checking.schema import check_names  # with torch, which others do without

    check_names(path.read_text(encoding="utf-8-sig"), path.name, exercises)


@lru_cache(maxsize=64)
def _read_source(path: Path, _modified: int) -> Any:
    try:
        return read_notebook(path)
    except Exception as error:  # nbformat raises whatever the malformed place provokes
        reason = " ".join(str(error).split())[:200]
        told = messages.BROKEN_SOURCE.format(path=path, reason=reason)
        raise AssignmentError(told) from error


def _in_gradebook(directory: Any, assignment: str, known: Mapping[str, Exercise]) -> list[str]:
    place = make_url(directory.db_url)
    if place.drivername.startswith("sqlite") and not Path(place.database or "").is_file():
        return []
    with Gradebook(directory.db_url, directory.course_id) as book:
        try:
            found = book.find_assignment(assignment).notebooks
        except MissingEntry:
            return []
        tests = [(cell.name, cell.source or "") for n in found for cell in n.source_cells]
        return [name for name in asked_in(tests, known) if name in known]


class ForExercises(NbGraderPreprocessor):
    """A preprocessor for assignments with exercises; ordinary ones get nbgrader's in its place."""

    stock: Any = None  # nbgrader's class; None: it has none there

    def __call__(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Preprocess the notebook, or let nbgrader's preprocessor do so."""
        # formgrader names it otherwise
        named = resources.get("nbgrader", {}).get("assignment") or resources["assignment_id"]
        ours = RECORD in resources or not named or has_exercises(self.directory, named)
        if ours:  # unnamed: the safer of the two
            return super().__call__(nb, resources)
        return (
            (nb, resources) if self.stock is None else self.stock(parent=self.parent)(nb, resources)
        )

    @property
    def directory(self) -> Any:
        """The course directory of the converter; formgrader's pages are made without one."""
        converter = self.parent.parent  # of the exporter
        return CourseDirectory(config=self.config) if converter is None else converter.coursedir
