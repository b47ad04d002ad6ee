"""From source to release: the student's notebook, made only if the source is sound."""

import copy
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from autograder.checking.carried import cell_of, own_exercises
from autograder.checking.result import Result
from autograder.course import messages
from autograder.course.gradebook import Course
from autograder.course.ours import (
    AssignmentError,
    exercises_by_notebook,
    files_beside,
    has_exercises,
    notebooks_in,
)
from autograder.course.preprocessors import with_cell
from autograder.course.registration import (
    Change,
    Changes,
    Made,
    changed_cells,
    changes_of,
    finish,
    is_registered,
    make,
    publish,
    register,
)
from autograder.exercises.exercise import Exercise, Level
from autograder.grading.environment import environment
from autograder.grading.plain import judge
from autograder.grading.store import STORE_FOLDER, Store
from autograder.grading.work import write_files
from autograder.notebooks.cells import by_id, is_plain_test, is_solution, points_of, read_notebook
from autograder.notebooks.display import is_display_only
from autograder.notebooks.exercises import code_lines
from autograder.notebooks.running import execute
from autograder.notebooks.starting import StartedKernel
from kischule.i18n import Line, Text, text_of

TIME_LIMIT_S = 60.0  # of a cell of the reference
MAX_STALE = 3  # cells in a sentence


def source_notebooks(course: Path, assignment: str) -> list[Path]:
    """List the notebooks of source/<assignment>, at least one; AssignmentError if there is none."""
    book = Course(course)
    if not (found := notebooks_in(book.folder("source", assignment))):
        known = [n for n in book.assignments() if notebooks_in(book.folder("source", n))]
        about = {
            "folder": book.folder("source", "."),
            "names": ", ".join(known) or messages.NONE_THERE,
        }
        raise AssignmentError(messages.NO_ASSIGNMENT.format(assignment=assignment, **about))
    return found


def exercises_notebooks(course: Path, assignment: str) -> list[Path]:
    """List the notebooks as `source_notebooks` does; AssignmentError if none has exercises."""
    paths = source_notebooks(course, assignment)
    if not has_exercises(Course(course).directory(), assignment):
        raise AssignmentError(messages.NO_EXERCISES.format(assignment=assignment))
    return paths


def build_release(course: Path, assignment: str) -> dict[str, bytes]:
    """Make the release's files, by relative path, as nbgrader does; nothing is written."""
    return dict(make(course, assignment, source_notebooks(course, assignment)).files)


def stale_files(course: Path, assignment: str) -> list[str]:
    """List the files of release/<assignment> that differ from what the source gives now."""
    folder = Course(course).folder("release", assignment)
    fresh = build_release(course, assignment)
    there = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return sorted(n for n in fresh.keys() | there.keys() if fresh.get(n) != there.get(n))


def release(
    course: Path,
    assignment: str,
    agree: Callable[[Changes], bool] = lambda changes: not changes.cells,
) -> list[str]:
    """Write release/<assignment> and the gradebook's cells; returns the paths written.

    agree: asked if the gradebook has submissions that this concerns; [] where it returns False,
    and nothing is changed. Their points, comments and extra credit by hand stay with their cells.

    Raises AssignmentError if the source breaks a rule of `layout_problems`, if the reference
    solutions do not get all points, or if the empty notebook gets any; BusyError during a grading.
    """
    paths = source_notebooks(course, assignment)
    finish(course, assignment)
    made = _sound(course, assignment, paths)
    changes = changes_of(course, assignment, made)
    if changes and not agree(changes):
        return []
    backup = changes.backup if changes and changes.cells else None
    with Store(course).alone():
        now = changes_of(course, assignment, made)
        if changes and now and replace(now, backup=changes.backup) != changes:
            raise AssignmentError(messages.CHANGED_MEANWHILE.format(assignment=assignment))
        publish(course, assignment, made, backup)
    Course(course).adjust(assignment)  # points may have changed
    folder = Course(course).folder("release", assignment)
    written = [folder / name for name in made.files] + ([backup] if backup else [])
    return [os.path.relpath(each, course) for each in written]


def _sound(course: Path, assignment: str, paths: Sequence[Path]) -> Made:
    """Make the release; AssignmentError if a notebook breaks a rule, or its solutions fail."""
    directory = Course(course).directory()
    by_notebook = exercises_by_notebook(directory, assignment)
    for path in paths:
        _raise_for(path, layout_problems(read_notebook(path), by_notebook[path.name]))
    made, files = make(course, assignment, paths), files_beside(directory, assignment)
    for path in paths:
        source, released = read_notebook(path), made.files[path.name]
        _raise_for(path, run_problems(source, released, by_notebook[path.name], files))
    return made


def _raise_for(path: Path, problems: Sequence[str]) -> None:
    if problems:
        listed = Text("\n  ".join(text_of(each).de for each in problems), "\n  ".join(problems))
        raise AssignmentError(messages.UNSOUND.format(name=path.name, problems=listed))


def registered(course: Path, assignment: str, **settings: str) -> list[Path]:
    """List the released notebooks as the gradebook knows them; release/ stays as it is.

    The gradebook's entries are made anew if there are none, or if the source has changed since;
    but not if submissions are graded by other cells, types or points than the source has now.
    settings: of nbgrader's CourseDirectory, in place of the course's own. Raises AssignmentError.
    """
    paths = source_notebooks(course, assignment)
    finish(course, assignment)
    book = Course(course, release_directory=f"{STORE_FOLDER}/release", **settings)
    if not is_registered(book, assignment, paths):
        made = make(course, assignment, paths)
        changed = changed_cells(book.layout(assignment), made.layout)
        if changed and book.given_by_hand(assignment):
            raise AssignmentError(_differs(course, assignment, changed))
        register(book, assignment, made)
        book.adjust(assignment)
    return [book.folder("release", assignment) / path.name for path in paths]


def compare_gradebook(course: Path, assignment: str) -> None:
    """Raise AssignmentError where the gradebook has other cells, types or points than the source.

    An ordinary assignment is nbgrader's own affair; without a source there is nothing to compare.
    """
    directory = Course(course).directory()
    source = Course(course).folder("source", assignment)
    if notebooks_in(source) and has_exercises(directory, assignment):
        registered(course, assignment)


def _differs(course: Path, assignment: str, changed: Sequence[Change]) -> Text:
    folder = Course(course).folder("source", assignment)
    few = [
        messages.CELL_CHANGE.format(
            cell=change.cell,
            before=change.before or messages.NOTHING,
            after=change.after or messages.NOTHING,
        )
        for change in changed[:MAX_STALE]
    ]
    if len(changed) > MAX_STALE:
        few.append(messages.IN_ALL.format(count=len(changed)))
    return messages.DIFFERS.format(
        path=os.path.relpath(folder, course),
        cells=Text("; ".join(each.de for each in few), "; ".join(each.en for each in few)),
        assignment=assignment,
    )


def layout_problems(source: Any, exercises: Mapping[str, Exercise]) -> list[str]:
    """Look at the cells of each exercise; one line for each broken rule."""
    cells = by_id(source)
    problems: list[str] = []
    for exercise in exercises.values():
        if exercise.id not in cells or not is_solution(cells[exercise.id]):
            problems.append(Line(messages.NO_SOLUTION_CELL.format(name=exercise.id)))
        for level in (Level.PUBLIC, Level.HIDDEN):
            cell = cells.get(level.prefix + exercise.id)
            problems += _test_cell_problems(exercise, level, cell)
    return problems


def _test_cell_problems(exercise: Exercise, level: Level, cell: Any) -> Iterator[str]:
    name = level.prefix + exercise.id
    if cell is None:
        return
    if level == Level.HIDDEN and not exercise.hidden:
        yield Line(messages.NO_HIDDEN_CASES.format(name=name, exercise=exercise.id))
    # points of a bonus are extra credit: nbgrader's maximum goes without them
    if exercise.bonus and points_of(cell):
        yield Line(messages.BONUS_POINTS.format(name=name, was=points_of(cell)))
    # the check runs outside of the kernel during grading, where other code would not run
    hidden = ", hidden=True" if level == Level.HIDDEN else ""
    call = f'check("{exercise.id}"{hidden})'
    if code_lines(cell.source) != [call]:
        yield Line(messages.ONLY_CALL.format(name=name, call=call))


def run_problems(
    source: Any,
    released: bytes,
    exercises: Mapping[str, Exercise],
    files: Mapping[str, bytes],
) -> list[str]:
    """Grade the reference solutions and the empty notebook; one line for each wrong result."""
    source = copy.deepcopy(source)
    if own := own_exercises(exercises):
        with_cell(source, cell_of(own, hidden=True), exercises)
    stubs = by_id(nbformat.reads(released.decode(), as_version=4))
    blank = copy.deepcopy(source)
    for name, cell in by_id(blank).items():
        if is_solution(cell):
            cell.source = stubs[name].source
    graded = partial(_graded, exercises=exercises, files=files)
    with (
        environment({"NBGRADER_EXECUTION": "autograde"}),  # for plain tests that ask
        ThreadPoolExecutor(2) as pool,  # each waits for a kernel of its own
    ):
        of_reference, of_blank = pool.map(graded, (source, blank))
    problems: list[str] = []
    for result in of_reference:
        if not result.passed:
            told = Text(result.told("de"), result.told("en"))
            problem = messages.REFERENCE_FAILS.format(name=result.grade_id, told=told)
            problems.append(Line(problem))
    for result in of_blank:
        if result.passed and result.level.checked:
            problems.append(Line(messages.EMPTY_PASSES.format(name=result.grade_id)))
    return problems


def _graded(
    notebook: Any, exercises: Mapping[str, Exercise], files: Mapping[str, bytes]
) -> list[Result]:
    from autograder.precheck.results import results_of  # heavy: it words what checks say

    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if not is_display_only(cell)]
    with tempfile.TemporaryDirectory(prefix="kischule-") as folder:
        write_files(Path(folder), files)
        seed = secrets.token_hex(16)
        with StartedKernel(Path(folder), seed=seed) as kernel:
            ran = execute(notebook, kernel, TIME_LIMIT_S)
    plain = [judge(cell, "ok") for cell in ran.cells if is_plain_test(cell, exercises)]
    return [*results_of(ran, exercises), *plain]
