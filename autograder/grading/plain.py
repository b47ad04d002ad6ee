"""Plain tests: cells with `assert` that run in the student's kernel, graded by nbgrader's rule.

The student's own process decides what they show, so their points are not protected. The rule is
that of nbgrader 0.9's `utils.determine_grade`, but for three cases in which that gives all points
or fails: a cell that did not run to its end, an error whose output was dropped, and partial credit
of more than the cell's points.
"""

from typing import Any

from autograder.checking.result import Message, Result
from autograder.exercises.exercise import Level
from autograder.grading import messages
from autograder.notebooks.cells import grade_id_of, points_of
from autograder.notebooks.flags import Flag, FlagKind
from autograder.sandbox.text import clean
from kischule.i18n import Text

MAX_QUOTED = 200  # characters of an output in a message


def not_protected(points: float) -> Flag:
    """The flag of a submission with plain tests that are worth so many points."""
    return Flag(FlagKind.NOT_PROTECTED, reason=messages.PLAIN_POINTS.of(points))


def judge(cell: Any, status: str) -> Result:
    """Judge a plain test by its outputs. status: of the kernel's reply; "" if there was none."""
    if not status:
        return _failed(cell, "not_run", messages.NOT_RUN)
    for output in cell.outputs:
        if output.output_type == "error":
            name = clean(str(output.get("ename")))[:MAX_QUOTED]
            value = clean(str(output.get("evalue")))[:MAX_QUOTED]
            told = messages.ENDED_WITH.format(error=f"{name}: {value}" if value else name)
            return _failed(cell, "error", told, error=name)
        if output.output_type == "stream" and output.get("name") == "stderr":
            return _failed(cell, "stderr", messages.STDERR)
        if output.output_type == "execute_result":
            return _by_value(cell, output)
    if status != "ok":
        return _failed(cell, "error", messages.ENDED_WITH.format(error=status))
    return _result(cell, passed=True, points=points_of(cell))


def _by_value(cell: Any, output: Any) -> Result:
    """Partial credit: a number from 0 to the cell's points; any other value gives all of them."""
    points, value = points_of(cell), str(output.data.get("text/plain") or "")
    try:
        credit = float(value)
    except ValueError:
        credit = -1.0 if value else points + 1
    if credit > points:
        told = messages.NO_CREDIT.format(value=clean(value)[:MAX_QUOTED], max_points=points)
        return _failed(cell, "credit", told)
    if not credit >= 0:  # nan as well
        return _result(cell, passed=True, points=points)
    return _result(cell, passed=credit == points, points=credit, credit=credit)


def _failed(cell: Any, kind: str, sentence: Text, **more: Any) -> Result:
    message = Message(sentence=sentence)
    return _result(cell, passed=False, points=0.0, kind=kind, message=message, **more)


def _result(cell: Any, **values: Any) -> Result:
    max_points = points_of(cell)
    return Result(exercise=grade_id_of(cell), level=Level.PLAIN, max_points=max_points, **values)
