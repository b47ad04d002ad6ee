"""From a mismatch to the message that a student reads: call, sentence, one hint, what to read."""

import builtins
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checking import messages
from autograder.checking.compare import Mismatch
from autograder.checking.imports import import_line, missing_name
from autograder.checking.result import OURS, Message
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.arguments import calls_of, describe, shortened
from kischule.i18n import Text

# kinds whose sentence needs no hint
SELF_EXPLANATORY = (
    *("missing", "not_callable", *OURS, "timeout", "changed"),
    *("died", "memory", "too_large", "unreadable", "no_generate", "not_in_table"),
)

OUR_WORDS = ("timeout", "changed", "ours")  # kinds whose detail is ours to say


def message_of(exercise: Exercise, case: Case, mismatch: Mismatch, hidden: bool) -> Message:
    """The message about a case that did not pass; of a hidden one it gives no value away."""
    other = exercise.model != "mini"
    ours = mismatch.kind in OURS
    return Message(
        call=messages.HIDDEN_CALL if hidden else Text.same(call_of(exercise, case, mismatch.call)),
        sentence=_sentence(mismatch, hidden),
        note=messages.OTHER_MODEL.format(model=Path(exercise.model).name) if other else None,
        hint=_hint(exercise, case, mismatch),
        read=None if ours else exercise.read,
    )


def message_of_needs(broken: Sequence[str]) -> Message:
    """The message about an exercise that was not graded because these others failed."""
    return Message(sentence=messages.SENTENCES["needs"].format(actual=", ".join(broken)))


def working_note(working: Sequence[str]) -> Text:
    """The note that these exercises' references stood in the place of the student's functions."""
    return messages.WORKING.format(names=", ".join(f"`{name}`" for name in working))


def unquoted(mismatch: Mismatch) -> Mismatch:
    """The mismatch without anything that a student's function may have chosen to say."""
    kept = str(mismatch.actual) if mismatch.kind in OUR_WORDS else "…"
    if mismatch.kind == "raised":
        name = str(mismatch.actual).partition(":")[0]
        kept = name if isinstance(getattr(builtins, name, None), type) else "Exception"
    place = mismatch.place if mismatch.kind == "setting" else ""
    return replace(mismatch, expected="…", actual=kept, place=place, chart=None)


def call_of(exercise: Exercise, case: Case, number: int = 0) -> str:
    """The case's call, or that one of several, as one would type it."""
    specs = calls_of(case.arguments)[number]
    positional = [describe(name, specs[name]) for name in exercise.parameters]
    named = [f"{n}={describe(n, specs[n])}" for n in exercise.keywords if n in specs]
    return f"{case.function}({', '.join(positional + named)})"


def _sentence(mismatch: Mismatch, hidden: bool) -> Text:
    sentence = messages.SENTENCES[mismatch.kind]
    if hidden or mismatch.expected == "…":
        sentence = messages.HIDDEN.get(mismatch.kind, sentence)
    place = mismatch.place
    if mismatch.kind != "setting" and place:
        place = f" ({place})"
    quoted = mismatch.kind == "text"
    expected, actual = (_worded(v, quoted) for v in (mismatch.expected, mismatch.actual))
    return sentence.format(expected=expected, actual=actual, place=place)


def _worded(value: Any, quoted: bool) -> str:
    if isinstance(value, float):
        return shortened(f"{value:.6g}")
    return shortened(repr(value) if quoted else str(value))


def _hint(exercise: Exercise, case: Case, mismatch: Mismatch) -> Text | None:
    """One hint: the misconception's, else the helper's, the kind's, the exercise's own."""
    if mismatch.kind == "raised" and (name := missing_name(str(mismatch.actual))):
        line = import_line(name)
        return messages.MISSING_IMPORT.format(line=line) if line else messages.UNKNOWN_NAME
    for misconception in exercise.misconceptions:
        if misconception.rule == mismatch.rule:
            return misconception.hint
    if case.function != exercise.id:
        return exercise.hints.get(case.function)
    for key, hint in exercise.hints.items():
        kind, _, place = key.partition(":")
        if place and kind == mismatch.kind and mismatch.place.endswith(place):
            return hint
    if mismatch.kind in exercise.hints:
        return exercise.hints[mismatch.kind]
    return None if mismatch.kind in SELF_EXPLANATORY else exercise.hint
