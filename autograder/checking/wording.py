"""From a mismatch to the message that a student reads: call, sentence, hints, what to read."""

import builtins
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.checking import messages, sentences
from autograder.checking.compare import Mismatch
from autograder.checking.imports import import_line, missing_name
from autograder.checking.result import OURS, Message
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.arguments import calls_of, describe
from autograder.sandbox.text import shortened
from kischule.i18n import Text
from kischule.training.tiny import RETURNED

# kinds whose sentence needs no hint
SELF_EXPLANATORY = (
    *("missing", "not_callable", "ours", "timeout", "changed", "no_return"),
    *("died", "memory", "disk", "too_large", "unreadable", "no_generate", "not_in_table"),
)
# kinds whose sentence says itself what is wrong; the others show a symptom
TELLING = (
    *SELF_EXPLANATORY,
    *("not_implemented", "type", "shape", "dtype", "device", "length", "key", "filled", "finite"),
    *("prompt", "too_long", "too_short", "incomplete", "eos_missing", "after_eos"),
    *("seed_ignored", "seed_fixed", "generate_calls", "setting", "same_entries", "same_texts"),
    *("uncounted", "no_prompt", "no_error", "other_error"),
)

OUR_WORDS = ("timeout", "changed", "ours")  # kinds whose detail is ours to say


def message_of(
    exercise: Exercise, case: Case, mismatch: Mismatch, *, hidden: bool, untouched: bool
) -> Message:
    """The message about a case that did not pass; of a hidden one it gives no value away.

    untouched: there is no solution yet, so there is no more to say than that.
    """
    sentence = _sentence(mismatch, hidden)
    if untouched:
        return Message(sentence=sentence)
    ours, call = mismatch.kind in OURS, call_of(exercise, case, mismatch.call)
    note = None
    if not hidden and "table_model(" in call:
        note = messages.TABLE_MODEL
    elif exercise.model != "mini":
        note = messages.OTHER_MODEL.format(model=Path(exercise.model).name)
    return Message(
        call=messages.HIDDEN_CALL if hidden else Text.same(call),
        code="" if hidden else code_of(exercise, case, mismatch.call),
        sentence=sentence,
        note=note,
        hint=_named_hint(exercise, case, mismatch)[1],
        steps=() if ours else exercise.hints,
        read=None if ours else exercise.read,
    )


def mistake_of(exercise: Exercise, case: Case, mismatch: Mismatch) -> str:
    """The name of the mistake that a message states; "" where it shows a symptom alone."""
    return _named_hint(exercise, case, mismatch)[0]


def message_of_needs(broken: Sequence[str]) -> Message:
    """The message about an exercise that was not graded because these others failed."""
    return Message(sentence=sentences.SENTENCES["needs"].format(actual=", ".join(broken)))


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
    return replace(mismatch, expected="…", actual=kept, place=place, chart=None, table=None)


def call_of(exercise: Exercise, case: Case, number: int = 0, whole: bool = False) -> str:
    """The case's call, or that one of several, as one would type it; whole: with all numbers."""
    specs = calls_of(case.arguments)[number]
    positional = [describe(name, specs[name], whole) for name in exercise.parameters]
    named = [f"{n}={describe(n, specs[n], whole)}" for n in exercise.keywords if n in specs]
    return f"{case.function}({', '.join(positional + named)})"


def code_of(exercise: Exercise, case: Case, number: int = 0) -> str:
    """The call with what it imports, to be run in a cell of the notebook."""
    call = call_of(exercise, case, number, whole=True)
    imports = {
        "table_model(": "from autograder import table_model",
        "tiny_gpt2(": "from kischule.training import tiny_gpt2",
        "torch.": "import torch",
        "tensor(": "from torch import tensor",
        "-inf": "from torch import inf",
    }
    return "\n".join([*(line for part, line in imports.items() if part in call), call])


def _sentence(mismatch: Mismatch, hidden: bool) -> Text:
    sentence = sentences.SENTENCES[mismatch.kind]
    if hidden or mismatch.expected == "…":
        sentence = sentences.HIDDEN.get(mismatch.kind, sentence)
    place: str | Text = mismatch.place
    if mismatch.kind != "setting" and place:
        place = _place(mismatch.place)
    quoted = mismatch.kind == "text"
    expected, actual = (_worded(v, quoted) for v in (mismatch.expected, mismatch.actual))
    return sentence.format(expected=expected, actual=actual, place=place)


# places in the state that a call leaves of a model, under the argument's name
_WEIGHT = re.compile(r"\['(?P<model>\w+)'\]\['weights'\]\['(?P<name>[\w.]+)'\](?P<index>\[.*\])?")
_STATE = re.compile(
    rf"\['(?P<model>\w+)'\]\['(?P<state>{'|'.join(messages.STATE_PLACES)})'\](\[(?P<index>\d+)\])?"
)


def _place(place: str) -> Text:
    """A place such as `[3]`, `[0, 7]` or `[0]['text']` in words.

    Of the reply of a function whose models are looked at, in words for what a student knows.
    """
    if found := _WEIGHT.fullmatch(place):
        return messages.WEIGHT_PLACE.format(**found.groupdict(""))
    if found := _STATE.fullmatch(place):
        return messages.STATE_PLACES[found["state"]].format(**found.groupdict(""))
    place = place.removeprefix(f"['{RETURNED}']")
    if not place:
        return Text.same("")
    words = messages.KEY_PLACE if "'" in place else messages.INDEX_PLACE
    number = place.strip("[]")
    return words.format(place=number if number.isdecimal() else place)


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
    if general := sentences.GENERAL_RULES.get(mismatch.rule.partition(":")[0]):
        return mismatch.rule, general.format(name=mismatch.rule.partition(":")[2])
    for key, hint in exercise.explanations.items():
        of_kind, _, part = key.partition(":")
        if part and kind == of_kind and (mismatch.place.endswith(part) or part in told):
            return key, hint
    off = None in calls_of(case.arguments)[mismatch.call].values()
    if off and kind not in TELLING and "none" in exercise.explanations:
        return "none", exercise.explanations["none"]
    if kind == "raised":
        if name := missing_name(told):
            line = import_line(name)
            hint = messages.MISSING_IMPORT.format(line=line) if line else messages.UNKNOWN_NAME
            return "raised:NameError", hint
        for part, hint in sentences.ERRORS.items():
            if part in told:
                return f"raised:{part}", hint
    name = kind if kind in TELLING else ""
    if case.function != exercise.id:
        return name, exercise.explanations.get(case.function)
    return name, exercise.explanations.get(kind)
