"""From source to release: the student's notebook, made only if the source is sound."""

import copy
import os
import secrets
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat

from autograder.checking.result import Result
from autograder.course.gradebook import Course
from autograder.course.ours import AssignmentError, has_exercises, notebooks_in, several
from autograder.exercises.exercise import Exercise, Level, exercise_ids, load_exercise
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER
from autograder.notebooks.cells import by_id, is_solution, metadata_of, read_notebook
from autograder.notebooks.display import is_display_only
from autograder.notebooks.running import execute
from autograder.precheck.results import results_of

TIME_LIMIT_S = 60.0  # of a cell of the reference


def source_notebook(course: Path, assignment: str) -> Path:
    """Find the notebook of source/<assignment>; AssignmentError naming those that exist."""
    book = Course(course)
    if not (found := notebooks_in(book.folder("source", assignment))):
        known = [n for n in book.assignments() if notebooks_in(book.folder("source", n))]
        folder, there = book.folder("source", "."), ", ".join(known) or "none"
        raise AssignmentError(f"no assignment {assignment!r} in {folder}; there are: {there}")
    if len(found) > 1:
        raise several(assignment, found)
    return found[0]


def exercises_notebook(course: Path, assignment: str) -> Path:
    """Find the notebook as `source_notebook` does; AssignmentError if it has no exercises."""
    path = source_notebook(course, assignment)
    if not has_exercises(Course(course).directory(), assignment):
        raise AssignmentError(
            f"{assignment} has no exercises of this package: it is an ordinary assignment for "
            f"nbgrader's own commands, as `nbgrader autograde {assignment}`"
        )
    return path


def build_release(course: Path, assignment: str) -> dict[str, bytes]:
    """Make the release's files, by relative path, as nbgrader does; nothing is written."""
    source_notebook(course, assignment)
    with tempfile.TemporaryDirectory(prefix="kischule-") as temporary:
        url = f"sqlite:///{temporary}/gradebook.db"
        book = Course(course, release_directory=f"{temporary}/release", db_url=url)
        book.generate(assignment)
        made = book.folder("release", assignment)
        files = sorted(p for p in made.rglob("*") if p.is_file())
        return {str(p.relative_to(made)): p.read_bytes() for p in files}


def stale_files(course: Path, assignment: str) -> list[str]:
    """List the files of release/<assignment> that differ from what the source gives now."""
    folder = Course(course).folder("release", assignment)
    fresh = build_release(course, assignment)
    there = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return sorted(n for n in fresh.keys() | there.keys() if fresh.get(n) != there.get(n))


def release(course: Path, assignment: str) -> list[str]:
    """Write release/<assignment> and the gradebook's entries; returns the paths written.

    Raises AssignmentError if the source breaks a rule of `layout_problems`, if the reference
    solutions do not get all points, or if the empty notebook gets any.
    """
    path = exercises_notebook(course, assignment)
    source = read_notebook(path)
    problems = layout_problems(source)
    if not problems:
        files = build_release(course, assignment)
        problems = run_problems(source, files[path.name])
    if problems:
        raise AssignmentError(f"{path.name} cannot be released:\n  " + "\n  ".join(problems))
    folder = Course(course).folder("release", assignment)
    for old in sorted(p for p in folder.rglob("*") if p.is_file()):
        if str(old.relative_to(folder)) not in files:
            old.unlink()
    for name, content in files.items():
        write_atomically(folder / name, content)
    registered(course, assignment)
    return [os.path.relpath(folder / name, course) for name in files]


def registered(course: Path, assignment: str, **settings: str) -> Path:
    """Find the released notebook as the gradebook knows it; release/ stays as it is.

    The gradebook's entries are made anew if there are none, or if the source has changed since.
    settings: of nbgrader's CourseDirectory, in place of the course's own. Raises AssignmentError.
    """
    path = exercises_notebook(course, assignment)
    mark = course / STORE_FOLDER / f"registered-{assignment}"
    key = key_of(path.read_bytes())
    book = Course(course, release_directory=f"{STORE_FOLDER}/release", **settings)
    released = book.folder("release", assignment) / path.name
    current = mark.is_file() and mark.read_text() == key
    if not (current and released.is_file() and book.knows(assignment)):
        book.generate(assignment)
        write_atomically(mark, key.encode())
    return released


def layout_problems(source: Any) -> list[str]:
    """Compare the notebook with the exercise files; one line for each difference."""
    cells = by_id(source)
    problems = []
    for exercise in map(load_exercise, exercise_ids()):
        if exercise.id not in cells or not is_solution(cells[exercise.id]):
            problems.append(f"{exercise.id}: there is no solution cell with this grade_id")
        for level in (Level.PUBLIC, Level.HIDDEN):
            cell = cells.get(level.prefix + exercise.id)
            problems += _test_cell_problems(exercise, level, cell)
    return problems


def _test_cell_problems(exercise: Exercise, level: Level, cell: Any) -> Iterator[str]:
    name = level.prefix + exercise.id
    # points of a bonus are extra credit: nbgrader's maximum goes without them
    expected = 0 if exercise.bonus else exercise.points_of(level)
    got = None if cell is None else metadata_of(cell).get("points")
    if got != expected:
        bonus = " (a bonus has none of its own)" if exercise.bonus else ""
        yield f"{name}: {exercise.id}.yaml gives {expected:g} points, the notebook: {got}{bonus}"
    # the check runs outside of the kernel during grading, where other code would not run
    hidden = ", hidden=True" if level == Level.HIDDEN else ""
    call = f'check("{exercise.id}"{hidden})'
    if cell is not None and _code_lines(cell.source) != [call]:
        yield f"{name}: a test cell must hold {call} and nothing else"


def _code_lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip() and not line.startswith("#")]


def run_problems(source: Any, released: bytes) -> list[str]:
    """Grade the reference solutions and the empty notebook; one line for each wrong result."""
    blank = copy.deepcopy(source)
    stubs = nbformat.reads(released.decode(), as_version=4)
    for cell, stub in zip(blank.cells, stubs.cells, strict=True):
        if is_solution(cell):
            cell.source = stub.source
    with ThreadPoolExecutor(2) as pool:  # each waits for a kernel of its own
        of_reference, of_blank = pool.map(_graded, (source, blank))
    problems = []
    for result in of_reference:
        if result.points != result.max_points:
            problems.append(
                f"{result.grade_id}: the reference solution must get {result.max_points:g} points, "
                f"was: {result.points:g}: {result.told('en')}"
            )
    for result in of_blank:
        if result.points:
            problems.append(
                f"{result.grade_id}: the empty notebook must get no points, was: {result.points:g}"
            )
    return problems


def _graded(notebook: Any) -> list[Result]:
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if not is_display_only(cell)]
    with tempfile.TemporaryDirectory(prefix="kischule-") as folder:
        seed = secrets.token_hex(16)
        return results_of(execute(notebook, Path(folder), TIME_LIMIT_S, seed=seed))
