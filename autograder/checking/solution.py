"""Reference solutions: a teacher's code gives what a case expects.

It runs in this process, once, and never in a student's. Students have no reference; they get the
replies to the public cases instead, as plain data (`stored_replies`, `with_stored`).
"""

import contextlib
import io
import json
import threading
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch

from autograder.checking.calls import arguments_of
from autograder.checking.wording import call_of
from autograder.errors import UserError
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox import wire
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.data import Array, NumpyArray, Opaque
from autograder.sandbox.student import CallError, LocalStudent, Reply, error_line

# Hidden cases are made in a thread of their own, and a call changes what all threads share: where
# they print, whether they log, torch's random numbers.
_one_at_a_time = threading.Lock()
FILE = "<reference solution>"  # for tracebacks
COMPLEX = ("complex64", "complex128")
# why a call gives no reply, by the kind of a CallError
REASONS = {
    "missing": "does not define {function}",
    "not_callable": "defines {function} as an object of type {detail}",
    "not_implemented": "is still missing (NotImplementedError)",
    "no_generate": "calls model.generate, which the model of this case does not have",
    "not_in_table": "uses {detail}, which the model of this case does not have",
    "timeout": "takes longer than the {detail} seconds of time_limit_s",
    "raised": "raises {detail}",
}


class ReferenceFailedError(UserError, RuntimeError):
    """A reference solution that gives no reply; the message names exercise, case and line."""


class ReferenceMissingError(ReferenceFailedError):
    """An exercise whose reference solution is not here, for a case without a stored reply."""


def reply_of(exercise: Exercise, case: Case, number: int = 0) -> Any:
    """The reference solution's reply to a call of a case, or the one that is stored.

    It is plain data and shared: not to be changed. number: of the case's calls.
    """
    if exercise.solution:
        return _checked_reply(exercise, case, number)
    if case.expected is None:
        raise ReferenceMissingError(
            f"{exercise.id}: {call_of(exercise, case, number)} needs the reference solution, which "
            "only the teacher's course has, or a stored reply"
        )
    return wire.from_json(case.expected[number])


def stored_replies(exercise: Exercise) -> list[Any]:
    """The reference solution's replies to the public cases, as JSON has them.

    One entry a case: a list with one reply a call, or None where the case needs none.
    """
    return [
        None
        if case.raises or not exercise.by_solution(case.function)
        else [
            wire.to_json(reply_of(exercise, case, number))
            for number in range(len(calls_of(case.arguments)))
        ]
        for case in exercise.cases
    ]


def with_stored(exercise: Exercise, replies: Sequence[Any]) -> Exercise:
    """The exercise with stored replies to its public cases, and without its reference solution."""
    cases = [
        case if reply is None else replace(case, expected=reply)
        for case, reply in zip(exercise.cases, replies, strict=True)
    ]
    return replace(exercise, cases=tuple(cases), solution="")


# --- running it ---------------------------------------------------------------------------------


def _checked_reply(exercise: Exercise, case: Case, number: int) -> Any:
    def failed(reason: str) -> ReferenceFailedError:
        call = call_of(exercise, case, number)
        return ReferenceFailedError(f"{exercise.id}: the reference solution {reason}; case: {call}")

    source, call = exercise.solution, arguments_of(exercise, case)[number]
    try:
        with _one_at_a_time:
            _namespace(source)
    except (Exception, SystemExit) as error:
        raise failed(f"raises {error_line(error)}{_line(source, error)}") from error
    try:
        with _one_at_a_time:
            reply = _reply(source, case.function, json.dumps(call), exercise.time_limit_s)
    except CallError as error:
        reason = REASONS[error.kind].format(function=case.function, detail=error.detail)
        raise failed(reason + _line(source, error.__cause__)) from error
    if reply.changed:
        raise failed(f"changes its argument {reply.changed[0]}")
    if reply.value is None:
        raise failed("returns None")
    if unfit := _unfit(reply.value):
        rule = "which is not plain data, or is nested too deeply, or has keys other than text"
        raise failed(f"returns a value of type {unfit}, {rule}")
    return reply.value


@lru_cache(maxsize=256)
def _reply(source: str, function: str, call: str, time_limit_s: float) -> Reply:
    """Call a function of this source. call: its arguments as JSON. CallError."""
    positional, keywords = json.loads(call)
    # a new student each time: its random numbers are the same for the same call
    student = LocalStudent(_namespace(source))
    (reply,) = student.call_all(function, [(positional, keywords)], time_limit_s)
    return reply


def define(source: str) -> dict[str, Any]:
    """Run a source, silently, and return its names. Raises whatever it raises."""
    found: dict[str, Any] = {"__name__": "__main__", "torch": torch}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        exec(compile(source, FILE, "exec"), found)
    return found


_namespace = lru_cache(maxsize=64)(define)


def _line(source: str, error: BaseException | None) -> str:
    """The line of the source at which an error arose, with its number; "" if it is elsewhere."""
    number = 0
    if isinstance(error, SyntaxError) and error.filename == FILE:
        number = error.lineno or 0
    elif error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        number = next((f.lineno or 0 for f in reversed(frames) if f.filename == FILE), 0)
    lines = source.splitlines()
    return f" in line {number}: {lines[number - 1].strip()}" if 0 < number <= len(lines) else ""


def _unfit(value: Any) -> str:
    """The type of the first part that is not plain data; "" if there is none."""
    if isinstance(value, Opaque):
        return value.type_name
    if isinstance(value, (Array, NumpyArray)):
        return "" if value.dtype in wire.DTYPES and value.dtype not in COMPLEX else value.dtype
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for part in parts if (found := _unfit(part))), "")
