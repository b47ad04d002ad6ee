"""A call of a student's function, and the tokens of its reply."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograder.checking import compare
from autograder.checking.compare import Mismatch
from autograder.exercises.exercise import Case, Exercise, ExerciseError
from autograder.sandbox.arguments import OfTable, calls_of, kind_of
from autograder.sandbox.data import Array
from autograder.sandbox.models import tokenizer_with
from autograder.sandbox.student import Arguments, Reply
from autograder.sandbox.trainable import build_all
from kischule.errors import shown


@dataclass(frozen=True)
class Call:
    """One call of the student's function: the built arguments by name, and the reply."""

    arguments: Mapping[str, Any]
    reply: Reply
    number: int = 0  # of the case's calls


def arguments_of(exercise: Exercise, case: Case) -> list[Arguments]:
    """The specs of each call of a case, as the exercise passes them. ExerciseError."""
    with _teachers(exercise, case):
        return [
            (
                [(name, specs[name]) for name in exercise.parameters],
                {name: specs[name] for name in exercise.keywords if name in specs},
            )
            for specs in calls_of(case.arguments)
        ]


def built_arguments(
    exercise: Exercise, case: Case, count: int | None = None
) -> list[dict[str, Any]]:
    """The arguments of each call of a case, by name, for judging. ExerciseError.

    count: of the first calls alone; None: of all. A table, which nothing here changes, is made once
    for all calls.
    """
    with _teachers(exercise, case):
        each = calls_of(case.arguments)[:count]
        tables = {
            name: table.build()
            for name, spec in case.arguments.items()
            if all(specs[name] is spec for specs in each)
            and isinstance(table := kind_of(spec), OfTable)
        }
        return [
            build_all({name: spec for name, spec in specs.items() if name not in tables}) | tables
            for specs in each
        ]


@contextmanager
def _teachers(exercise: Exercise, case: Case) -> Iterator[None]:
    """Turn any error of a case's arguments into one that the teacher can mend."""
    try:
        yield
    except Exception as error:
        reason = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        call = f"{case.function}: {shown(dict(case.arguments))}"
        raise ExerciseError(f"{exercise.id}: {reason}; case of {call}") from error


# kinds of a text that ends early: after a prompt with an end token; otherwise; without the end
# token that ended it, which only the checkers can tell
ENDED_EARLY = ("too_short", "incomplete")


def eos_missing(ids: Sequence[int]) -> Mismatch:
    """A text that was ended by an end token which is not part of it."""
    return Mismatch("eos_missing", len(ids) + 1, len(ids))


def continuation(call: Call) -> list[int] | Mismatch:
    """The reply's ids if they begin with the prompt, are tokens, and end as they should."""
    model, limit = call.arguments["model"], call.arguments["max_length"]
    prompt = call.arguments["input_ids"][0].tolist()
    ids = token_ids(call.reply.value)
    if isinstance(ids, Mismatch):
        return ids
    if ids[: len(prompt)] != prompt:
        return Mismatch("prompt", prompt, ids[: len(prompt)])
    if len(ids) > limit:
        return Mismatch("too_long", limit, len(ids))
    size, eos = model.config.vocab_size, model.config.eos_token_id
    for i, token in enumerate(ids):
        if not 0 <= token < size:
            return Mismatch("value", f"0 ... {size - 1}", token, f"[0, {i}]")
    new = ids[len(prompt) :]
    if eos in new[:-1]:
        return Mismatch("after_eos", len(prompt) + new.index(eos) + 1, len(ids))
    if len(ids) < limit and (not new or new[-1] != eos):
        return Mismatch("too_short" if eos in prompt else "incomplete", limit, len(ids))
    return ids


def token_ids(value: object) -> list[int] | Mismatch:
    """The ids of a (1, T) long tensor, whatever its T."""
    if isinstance(value, Array) and value.data.ndim == 2 and value.data.shape[0] == 1:
        wrong = compare.array(value, value.data.shape, ["int64"])
        return wrong or [int(i) for i in value.data[0]]
    shape = value.data.shape if isinstance(value, Array) else None
    return Mismatch("shape", "(1, T)", shape) if shape is not None else _no_tensor(value)


def _no_tensor(value: object) -> Mismatch:
    wrong = compare.array(value, (), [])
    assert wrong is not None
    return wrong


def token_text(model: Any, token: int) -> str:
    """An id, with its text where the model has a tokenizer."""
    tokenizer = tokenizer_with(model)
    return f"{token} ({tokenizer.decode([token])!r})" if tokenizer else str(token)
