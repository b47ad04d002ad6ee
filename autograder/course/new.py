"""New assignments and new exercises in a course folder, ready to edit."""

import builtins
import keyword
import os
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat

from autograder.course import messages
from autograder.course.gradebook import Course
from autograder.course.ours import AssignmentError, notebooks_in
from autograder.course.release import source_notebooks
from autograder.course.skeleton import PREFIXES, Skeleton, assignment_notebook
from autograder.course.stubs import address_in
from autograder.exercises.exercise import base_of, exercises_for_assignment
from autograder.files import write_atomically
from autograder.notebooks.cells import grade_id_of, read_notebook
from autograder.notebooks.display import is_display_only
from autograder.notebooks.editions import language_of
from autograder.notebooks.exercises import is_test
from autograder.notebooks.names import names
from kischule.i18n import addressing

SIGNATURE = "logits"
RESERVED = ("course",)  # `kischule new course DIR`
KEYS_OF_A_CASE = ("function", "catches", "raises", "first_calls")
MAX_LETTERS = 48  # characters; a cell's id may have 64
NUMBER = re.compile(r"\*\*(?:Aufgabe|Exercise) (\d+)")


class NewError(AssignmentError):
    """A name or a file that is in the way of something new."""


def new_assignment(course: Path, assignment: str) -> list[Path]:
    """Make source/<assignment> with one exercise and one question; returns the files' paths.

    `a7_4` is in German, its edition `a7_4_en` in English, with the same exercise.
    """
    _check_name("an assignment's name", assignment, RESERVED)
    base = base_of(assignment)
    if base != assignment and not assignment.endswith("_en"):
        raise NewError(messages.TRANSLATION.format(base=base, assignment=assignment))
    folder = Course(course).folder("source", assignment)
    if folder.exists():
        raise NewError(messages.EXISTS.format(path=os.path.relpath(folder, course)))
    example = Skeleton(name=f"example_{base}", parameters=[SIGNATURE], number=1)
    with addressing(address_in(Course(course).config)):
        notebook = assignment_notebook(base, example, language_of(assignment))
    path = folder / f"{base[0].upper()}{base[1:]}.ipynb"
    files = _exercise_files(course, base, example) | {path: _as_bytes(notebook)}
    _write_together(course, files)
    return list(files)


def new_exercise(
    course: Path, assignment: str, exercise: str, signature: str = SIGNATURE
) -> list[Path]:
    """Add an exercise to an assignment, in all its editions; returns the files' paths.

    signature: its parameters, as `logits, bias`.
    """
    parameters = _parameters(exercise, signature)
    base = base_of(_known(course, assignment))
    if exercise in exercises_for_assignment(course, base):
        raise NewError(messages.EXERCISE_EXISTS.format(exercise=exercise))
    paths = [  # the last notebook of each edition
        source_notebooks(course, name)[-1]
        for name in Course(course).assignments()
        if base_of(name) == base and notebooks_in(Course(course).folder("source", name))
    ]
    notebooks = {path: read_notebook(path) for path in paths}
    for path, notebook in notebooks.items():
        _check_room(os.path.relpath(path, course), notebook, exercise)
    number = 1 + max(map(_last_number, notebooks.values()))
    skeleton = Skeleton(name=exercise, parameters=parameters, number=number)
    files = _exercise_files(course, base, skeleton)
    for path, notebook in notebooks.items():
        with addressing(address_in(Course(course).config)):
            cells = skeleton.cells(language_of(path.parent.name))
        if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
            for cell in cells:
                del cell["id"]  # which came later
        place = _after_exercises(notebook)
        notebook.cells[place:place] = cells
        files[path] = _as_bytes(notebook)
    _write_together(course, files, changed=paths)
    return list(files)


def _known(course: Path, assignment: str) -> str:
    known = Course(course).assignments()
    if assignment not in known:
        there = ", ".join(known) or "none"
        raise NewError(f"there is no assignment {assignment!r} in source; there are: {there}")
    source_notebooks(course, assignment)  # and a notebook in it
    return assignment


def _check_name(what: str, name: str, reserved: Collection[str]) -> None:
    fits = name.isascii() and name.isidentifier() and len(name) <= MAX_LETTERS
    if not fits or keyword.iskeyword(name):
        raise NewError(
            f"{what} must be a name in Python, of at most {MAX_LETTERS} letters from a to z, "
            f"digits and _, and not a keyword, was: {name!r}"
        )
    if name in reserved:
        raise NewError(f"{what} must be another one, {name!r} is taken")


def _parameters(exercise: str, signature: str) -> list[str]:
    _check_name("an exercise's name", exercise, dir(builtins))
    if exercise.startswith(PREFIXES[2:]):
        raise NewError(
            f"an exercise's name must not begin with {PREFIXES[2]} or {PREFIXES[3]}, "
            f"was: {exercise!r}"
        )
    found = [part.strip() for part in signature.split(",")]
    for name in found:
        _check_name("a parameter of --signature", name, (*KEYS_OF_A_CASE, exercise))
    if len(set(found)) < len(found):
        raise NewError(f"--signature must not name a parameter twice, was: {signature!r}")
    return found


def _check_room(path: str, notebook: Any, exercise: str) -> None:
    """Refuse an exercise whose cells or name the notebook has, or that it could not check."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    defined = set().union(*(names(source)[1] for source in code))
    taken = {grade_id_of(cell) for cell in notebook.cells} | {c.get("id") for c in notebook.cells}
    if cells := [prefix + exercise for prefix in PREFIXES if prefix + exercise in taken]:
        raise NewError(f"{path} has a cell {cells[0]!r} already: nothing is changed")
    if exercise in defined:
        raise NewError(f"{path} defines {exercise!r} already: nothing is changed")
    if "check" not in defined:
        raise NewError(f"{path} must have a cell with `from autograder import check`")


def _last_number(notebook: Any) -> int:
    """The number of the last exercise."""
    texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return max((int(number) for text in texts for number in NUMBER.findall(text)), default=0)


def _after_exercises(notebook: Any) -> int:
    """The place behind the last test cell, and what only shows its function."""
    cells = notebook.cells
    place = max((i + 1 for i, cell in enumerate(cells) if is_test(cell)), default=len(cells))
    while place < len(cells) and cells[place].cell_type == "code" and is_display_only(cells[place]):
        place += 1
    return place


def _exercise_files(course: Path, base: str, skeleton: Skeleton) -> dict[Path, bytes]:
    known = course / "tests" / "known"
    return {
        course / "exercises" / base / f"{skeleton.name}.yaml": skeleton.exercise_file(),
        known / "wrong" / f"{skeleton.name}.py": skeleton.known_wrong(),
        known / "correct" / f"{skeleton.name}.py": skeleton.known_correct(),
    }


def _as_bytes(notebook: Any) -> bytes:
    return (nbformat.writes(notebook).rstrip("\n") + "\n").encode()


def _write_together(
    course: Path, files: Mapping[Path, bytes], changed: Sequence[Path] = ()
) -> None:
    """Write all files, or none. changed: those that may exist; another one must have this content.

    The notebooks come last, so that a repeated command goes on after a power cut.
    """
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    for path, content in files.items():
        if path not in changed and before[path] not in (None, content):
            raise NewError(messages.EXISTS.format(path=os.path.relpath(path, course)))
    folders = {folder for path in files for folder in path.parents if not folder.exists()}
    try:
        for path, content in files.items():
            write_atomically(path, content)
    except BaseException:
        for path, old in before.items():
            if old is not None:
                write_atomically(path, old)
            else:
                path.unlink(missing_ok=True)
        for folder in sorted(folders, reverse=True):  # a folder after those in it
            with suppress(OSError):
                folder.rmdir()
        raise
