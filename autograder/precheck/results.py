"""Results of a trusted notebook that ran, read from its test cells' outputs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from autograder.checking import sentences
from autograder.checking.result import Result, explained, result_in
from autograder.exercises.exercise import Exercise, Level
from autograder.notebooks.cells import exercise_of
from autograder.notebooks.names import bindings, is_stub
from autograder.notebooks.undefined import why_undefined
from autograder.sandbox.text import clean
from kischule.i18n import Text


def results_of(notebook: Any, exercises: Mapping[str, Exercise]) -> list[Result]:
    """The result of each test cell, in the notebook's order. exercises: the notebook's."""
    tests = [cell for cell in notebook.cells if exercise_of(cell, exercises)]
    return [result_of(cell, exercises) for cell in tests]


def result_of(cell: Any, exercises: Mapping[str, Exercise]) -> Result:
    """The result of a test cell; a failed one where the check raised, or gave none.

    With the points of the notebook, of which a check in a kernel knows nothing.
    """
    tested = exercise_of(cell, exercises)
    if tested is None:
        raise ValueError(f"must be a test cell, was: {cell.get('id')!r}")
    name, level = tested
    error = error_of(cell)
    if error is None and (found := result_in(cell.get("outputs", []), name)) is not None:
        points = exercises[name].points_of(level)
        return replace(found, points=points if found.passed else 0.0, max_points=points)
    kind = "silent" if error is None else error.ename
    known = error is None or kind == "died"
    sentence = sentences.SENTENCES[kind] if known else Text.same(one_line(error))
    return Result.failed(exercises[name], level, kind=kind, sentence=sentence)


def as_graded(result: Result, cells: Sequence[Any], exercises: Mapping[str, Exercise]) -> Result:
    """The result as grading has it. cells: the notebook's code cells, with their outputs.

    A function that is not there gets the reason; an empty one is not said to wait for another.
    """
    exercise = exercises[result.exercise]
    code = [cell for cell in cells if not exercise_of(cell, exercises)]
    if result.kind == "missing":
        return explained(result, *why_undefined((exercise.id, *exercise.helpers), code))
    found = [node for c in code if (node := bindings(c.source).functions.get(exercise.id))]
    if result.kind == "needs" and found and is_stub(found[-1]):
        kind = "not_implemented"
        return Result.failed(exercise, result.level, kind=kind, sentence=sentences.SENTENCES[kind])
    return result


def error_of(cell: Any) -> Any:
    """The output of the error that stopped a cell; None if there was none."""
    return next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)


def one_line(error: Any, length: int = 200) -> str:
    """An error output in a line."""
    text = clean(" ".join(f"{error.ename}: {error.evalue}".split()))
    text = re.sub(r"\(\S+\.py, line (\d+)\)", r"(line \1)", text)  # the cell, not a file
    return text if len(text) <= length else f"{text[:length]} …"


def missing_exercises(found: Iterable[Result], exercises: Iterable[str]) -> list[str]:
    """Exercises without a public result: a missing test cell must not look like success."""
    seen = {result.exercise for result in found if result.level == Level.PUBLIC}
    return [name for name in exercises if name not in seen]
