"""Exercises in the making: the parts that one still needs, in the order of doing."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.course import messages
from autograder.course.ours import AssignmentError
from autograder.course.release import source_notebooks
from autograder.exercises.exercise import PACKAGED, Level, exercises_for_assignment
from autograder.exercises.known import known_correct, known_wrong
from autograder.exercises.strict import meant
from autograder.files import packaged
from autograder.notebooks.cells import by_id, grade_id_of, is_solution, read_notebook
from autograder.notebooks.exercises import asked_in, is_test
from kischule.i18n import LANGUAGES, Line, Text, text_of


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
    last = messages.THEN_VERIFY.format(assignment=assignment)
    steps = [*map(text_of, missing_parts(course, assignment, name)), last]
    numbered = Text(
        *(
            "".join(f"\n  {i}. {s[code]}" for i, s in enumerate(steps, start=1))
            for code in LANGUAGES
        )
    )
    asked = f"{name!r}{meant(name, list(known))}"
    return AssignmentError(
        messages.NO_SUCH_EXERCISE.format(assignment=assignment, asked=asked, steps=numbered)
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
        yield Line(messages.STEP_FILE.format(assignment=assignment, name=name))
    elif not known[name].hidden:
        path = os.path.relpath(known.paths[name], course)
        yield Line(messages.STEP_HIDDEN.format(path=path))
    if not _has_text(source, name):
        yield Line(messages.STEP_TEXT.format(name=name))
    if name not in cells or not is_solution(cells[name]):
        yield _solution_cell(name)
    if f"test_{name}" not in cells:
        yield Line(messages.STEP_TEST.format(name=name))
    if f"hidden_{name}" not in cells:
        yield Line(messages.STEP_HIDDEN_TEST.format(name=name))
    readers = (("wrong", known_wrong), ("correct", known_correct))
    for folder, (kind, read) in zip(known_folders(course, name), readers, strict=True):
        about = {"kind": messages.SOLUTION_KINDS[kind], "path": f"tests/known/{kind}/{name}.py"}
        try:
            if not read(name, folder):
                yield Line(messages.STEP_KNOWN.format(mark=kind, **about))
        except SyntaxError as error:
            reason = {"line": error.lineno, "reason": error.msg}
            yield Line(messages.STEP_PYTHON.format(**about, **reason))


def _solution_cell(name: str) -> str:
    return Line(messages.STEP_SOLUTION.format(name=name))


def _has_text(source: Any, name: str) -> bool:
    """Return True if a text names the function, or stands directly above its solution."""
    cells = source.cells
    above = [cells[i - 1] for i in range(1, len(cells)) if grade_id_of(cells[i]) == name]
    naming = [cell for cell in cells if name in cell.source]
    return any(cell.cell_type == "markdown" for cell in (*above, *naming))
