"""From a mismatch to the message that a student reads: call, sentence, one hint, what to read."""

import builtins
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checking import messages
from autograder.checking.compare import Mismatch
from autograder.checking.imports import import_line, missing_name
from autograder.checking.result import Message
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.arguments import calls_of, describe, shortened
from kischule.i18n import Text

# kinds whose sentence needs no hint
SELF_EXPLANATORY = (
    *("missing", "not_callable", "ours", "timeout", "changed", "no_return"),
    *("died", "memory", "too_large", "unreadable", "no_generate", "not_in_table"),
)
# kinds whose sentence says itself what is wrong; the others show a symptom
TELLING = (
    *SELF_EXPLANATORY,
    *("not_implemented", "type", "shape", "dtype", "device", "length", "key", "filled", "finite"),
    *("prompt", "too_long", "too_short", "incomplete", "eos_missing", "after_eos"),
    *("seed_ignored", "seed_fixed", "generate_calls", "setting", "same_entries", "uncounted"),
)

OUR_WORDS = ("timeout", "changed", "ours")  # kinds whose detail is ours to say


def message_of(exercise: Exercise, case: Case, mismatch: Mismatch, hidden: bool) -> Message:
    """The message about a case that did not pass; of a hidden one it gives no value away."""
    other = exercise.model != "mini"
    ours = mismatch.kind == "ours"
    return Message(
        call=messages.HIDDEN_CALL if hidden else Text.same(call_of(exercise, case, mismatch.call)),
        sentence=_sentence(mismatch, hidden),
        note=messages.OTHER_MODEL.format(model=Path(exercise.model).name) if other else None,
        hint=_named_hint(exercise, case, mismatch)[1],
        read=None if ours else exercise.read,
    )


def mistake_of(exercise: Exercise, case: Case, mismatch: Mismatch) -> str:
    """The name of the mistake that a message states; "" where it shows a symptom alone."""
    return _named_hint(exercise, case, mismatch)[0]


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


def _named_hint(exercise: Exercise, case: Case, mismatch: Mismatch) -> tuple[str, Text | None]:
    """The mistake's name and the hint: of a misconception, else of the error, else of the kind.

    A hint that restates the rule names no mistake; see `mistake_of`.
    """
    kind, told = mismatch.kind, str(mismatch.actual)
    for misconception in exercise.misconceptions:
        if misconception.rule == mismatch.rule:
            return mismatch.rule, misconception.hint
    if general := messages.GENERAL_RULES.get(mismatch.rule.partition(":")[0]):
        return mismatch.rule, general.format(name=mismatch.rule.partition(":")[2])
    for key, hint in exercise.hints.items():
        of_kind, _, part = key.partition(":")
        if part and kind == of_kind and (mismatch.place.endswith(part) or part in told):
            return key, hint
    off = None in calls_of(case.arguments)[mismatch.call].values()
    if off and kind not in TELLING and "none" in exercise.hints:
        return "none", exercise.hints["none"]
    if kind == "raised":
        if name := missing_name(told):
            line = import_line(name)
            hint = messages.MISSING_IMPORT.format(line=line) if line else messages.UNKNOWN_NAME
            return "raised:NameError", hint
        for part, hint in messages.ERRORS.items():
            if part in told:
                return f"raised:{part}", hint
    name = kind if kind in TELLING else ""
    if case.function != exercise.id:
        return name, exercise.hints.get(case.function)
    return name, exercise.hints.get(kind, None if kind in SELF_EXPLANATORY else exercise.hint)
