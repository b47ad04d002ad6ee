"""Exercises in the making: the parts that one still needs, in the order of doing."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.course.ours import AssignmentError
from autograder.course.release import source_notebooks
from autograder.exercises.exercise import PACKAGED, Level, exercises_for_assignment
from autograder.exercises.known import known_correct, known_wrong
from autograder.exercises.strict import meant
from autograder.files import packaged
from autograder.notebooks.cells import by_id, grade_id_of, is_solution, read_notebook
from autograder.notebooks.exercises import asked_in, is_test


def missing_parts(course: Path, assignment: str, name: str) -> list[str]:
    """List the parts that an exercise still needs: file, cells, known solutions.

    Of one of the package's own only its solution cell is looked at: the rest is a teacher's to
    drop. Raises AssignmentError if the assignment has no notebook, ExerciseError for a broken file.
    """
    sources = list(map(read_notebook, source_notebooks(course, assignment)))
    if name not in PACKAGED:
        return list(_missing(course, assignment, name, _having(name, sources)))
    cells = by_id(_having(name, sources))
    solved = name in cells and is_solution(cells[name])
    return [] if solved else [_solution_cell(name)]


def _having(name: str, sources: Sequence[Any]) -> Any:
    """The notebook that has the exercise's solution or its test; the last if none has."""
    ours = {name, *(level.prefix + name for level in Level)}
    return next((each for each in sources if ours & by_id(each).keys()), sources[-1])


def unknown_exercise(course: Path, assignment: str, name: str) -> AssignmentError:
    """The error of an exercise that has no file, or no cells: what is missing."""
    known = exercises_for_assignment(course, assignment)
    steps = missing_parts(course, assignment, name)
    steps.append(f"then `kischule verify {assignment}` tries the reference solution")
    numbered = "".join(f"\n  {i}. {step}" for i, step in enumerate(steps, start=1))
    return AssignmentError(
        f"{assignment} has no exercise {name!r}{meant(name, list(known))}; still to do:{numbered}"
    )


def check_files(course: Path, assignment: str) -> list[str]:
    """List the exercises that have a file in the course folder, but no test cell that names them.

    Raises `unknown_exercise` for the opposite.
    """
    known = exercises_for_assignment(course, assignment)
    cells = [c for path in source_notebooks(course, assignment) for c in read_notebook(path).cells]
    tests = [(grade_id_of(cell), cell.source) for cell in cells if is_test(cell)]
    asked = asked_in(tests, known)
    for name in asked:
        if name not in known:
            raise unknown_exercise(course, assignment, name)
    return [name for name in known if name not in asked and name not in PACKAGED]


def known_folders(course: Path, name: str) -> list[Path]:
    """The folders of an exercise's wrong and correct solutions: the course's, file by file."""
    return [
        local
        if (local := course / "tests" / "known" / kind).joinpath(f"{name}.py").is_file()
        else packaged(f"known/{kind}")
        for kind in ("wrong", "correct")
    ]


def _missing(course: Path, assignment: str, name: str, source: Any) -> Iterator[str]:
    known, cells = exercises_for_assignment(course, assignment), by_id(source)
    if name not in known:
        yield (
            f"the file exercises/{assignment}/{name}.yaml: id, title, parameters, checker, read, "
            "cases, hidden"
        )
    elif not known[name].hidden:
        yield f"hidden cases: the key hidden in {os.path.relpath(known.paths[name], course)}"
    if not _has_text(source, name):
        yield f"a text above the solution cell, which says what {name} is to do"
    if name not in cells or not is_solution(cells[name]):
        yield _solution_cell(name)
    if f"test_{name}" not in cells:
        yield f'a test cell with the grade_id test_{name}: check("{name}")'
    if f"hidden_{name}" not in cells:
        yield f'a test cell with the grade_id hidden_{name}: check("{name}", hidden=True)'
    readers = (("wrong", known_wrong), ("correct", known_correct))
    for folder, (kind, read) in zip(known_folders(course, name), readers, strict=True):
        place = f"in tests/known/{kind}/{name}.py"
        try:
            if not read(name, folder):
                yield f"a {kind} solution {place}, marked @{kind}"
        except SyntaxError as error:
            yield f"a {kind} solution {place} that is Python, line {error.lineno}: {error.msg}"


def _solution_cell(name: str) -> str:
    return f"a solution cell with the grade_id {name}: the reference"


def _has_text(source: Any, name: str) -> bool:
    """Return True if a text names the function, or stands directly above its solution."""
    cells = source.cells
    above = [cells[i - 1] for i in range(1, len(cells)) if grade_id_of(cells[i]) == name]
    naming = [cell for cell in cells if name in cell.source]
    return any(cell.cell_type == "markdown" for cell in (*above, *naming))
