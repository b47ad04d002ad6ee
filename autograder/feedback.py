"""What a student reads, in German and English: the only place with such words.

A failure has five parts: the function's name, the call, what was expected, what came, one hint.
For drawn cases only the kind of the mistake is told, never the values.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from autograder.compare import Mismatch
from autograder.exercise import Case, Exercise, Words

# kind of a Mismatch or a CallError -> sentence; {e} expected, {a} actual, {p} place
SENTENCES = {
    "missing": Words(
        "Die Funktion ist nicht definiert. Führen Sie zuerst die Zelle mit Ihrer Lösung aus.",
        "The function is not defined. Run the cell with your solution first.",
    ),
    "not_callable": Words(
        "Unter diesem Namen liegt keine Funktion, sondern ein Objekt vom Typ {a}.",
        "This name does not hold a function but an object of type {a}.",
    ),
    "not_implemented": Words(
        "Hier fehlt noch Ihre Lösung.",
        "Your solution is still missing here.",
    ),
    "raised": Words(
        "Der Aufruf bricht ab mit: {a}",
        "The call stops with: {a}",
    ),
    "timeout": Words(
        "Der Aufruf ist nach {a} Sekunden noch nicht fertig. Endet Ihre Schleife?",
        "The call has not finished after {a} seconds. Does your loop end?",
    ),
    "changed": Words(
        "Die Funktion verändert ihr Argument {a}. Arbeiten Sie auf einer Kopie.",
        "The function changes its argument {a}. Work on a copy.",
    ),
    "type": Words(
        "Erwartet: {e} als Typ der Rückgabe{p}. Erhalten: {a}.",
        "Expected: {e} as the returned type{p}. Got: {a}.",
    ),
    "shape": Words(
        "Erwartet: Form (shape) {e}. Erhalten: {a}.",
        "Expected: shape {e}. Got: {a}.",
    ),
    "dtype": Words(
        "Erwartet: Datentyp (dtype) {e}. Erhalten: {a}.",
        "Expected: dtype {e}. Got: {a}.",
    ),
    "device": Words(
        "Erwartet: ein Tensor auf dem Gerät {e}. Erhalten: {a}.",
        "Expected: a tensor on the device {e}. Got: {a}.",
    ),
    "finite": Words(
        "Das Ergebnis enthält NaN{p} (keine Zahl).",
        "The result contains NaN{p} (not a number).",
    ),
    "value": Words(
        "Erwartet: {e}{p}. Erhalten: {a}.",
        "Expected: {e}{p}. Got: {a}.",
    ),
    "length": Words(
        "Erwartet: {e} Einträge. Erhalten: {a}.",
        "Expected: {e} entries. Got: {a}.",
    ),
    "prompt": Words(
        "Die Antwort muss mit den Tokens des Prompts beginnen: {e}. Sie beginnt mit: {a}.",
        "The answer must begin with the prompt's tokens: {e}. It begins with: {a}.",
    ),
    "too_long": Words(
        "Erwartet: höchstens {e} Tokens, der Prompt zählt mit. Erhalten: {a}.",
        "Expected: at most {e} tokens, the prompt's included. Got: {a}.",
    ),
    "too_short": Words(
        "Erwartet: {e} Tokens, denn das Endezeichen kam nicht vorher. Erhalten: {a}.",
        "Expected: {e} tokens, as the end token did not come before. Got: {a}.",
    ),
    "after_eos": Words(
        "Erwartet: Ende nach dem Endezeichen (eos), also {e} Tokens. Erhalten: {a}.",
        "Expected: the end after the end token (eos), that is {e} tokens. Got: {a}.",
    ),
    "token": Words(
        "Erwartet{p}: das wahrscheinlichste Token {e}. Erhalten: {a}.",
        "Expected{p}: the most likely token {e}. Got: {a}.",
    ),
    "text": Words(
        "Erwartet: {e}. Erhalten: {a}.",
        "Expected: {e}. Got: {a}.",
    ),
    "generate_calls": Words(
        "Erwartet: {e} Aufruf von model.generate. Gezählt: {a}.",
        "Expected: {e} call of model.generate. Counted: {a}.",
    ),
    "setting": Words(
        "Bei model.generate kommt {p} anders an. Erwartet: {e}. Erhalten: {a}.",
        "In model.generate the value of {p} is another one. Expected: {e}. Got: {a}.",
    ),
    "ours": Words(
        "Die Prüfung selbst ist gescheitert ({a}). Das ist nicht Ihr Fehler; bitte melden.",
        "The check itself has failed ({a}). This is not your mistake; please report it.",
    ),
}

# the same for drawn cases, where expected and actual stay unsaid
DRAWN = {
    "type": Words("Der Typ der Rückgabe stimmt nicht.", "The returned type is wrong."),
    "shape": Words("Die Form (shape) stimmt nicht.", "The shape is wrong."),
    "dtype": Words("Der Datentyp (dtype) stimmt nicht.", "The dtype is wrong."),
    "value": Words("Ein Wert stimmt nicht.", "A value is wrong."),
    "length": Words("Die Anzahl der Einträge stimmt nicht.", "The number of entries is wrong."),
    "prompt": Words(
        "Die Antwort beginnt nicht mit dem Prompt.", "The answer does not begin with the prompt."
    ),
    "too_long": Words("Die Antwort ist zu lang.", "The answer is too long."),
    "too_short": Words("Die Antwort endet zu früh.", "The answer ends too early."),
    "after_eos": Words(
        "Die Antwort geht nach dem Endezeichen (eos) weiter.",
        "The answer goes on after the end token (eos).",
    ),
    "token": Words(
        "Ein Token ist nicht das wahrscheinlichste.", "A token is not the most likely one."
    ),
    "text": Words("Der Text stimmt nicht.", "The text is wrong."),
    "setting": Words(
        "Bei model.generate kommt {p} anders an.",
        "In model.generate the value of {p} is another one.",
    ),
}

UI = {
    "passed": Words("bestanden", "passed"),
    "failed": Words("noch nicht bestanden", "not passed yet"),
    "skipped": Words("nicht bewertet", "not judged"),
    "public": Words("Beispiele", "examples"),
    "drawn": Words("neue Fälle", "new cases"),
    "points": Words("{a:g} von {e:g} Punkten", "{a:g} of {e:g} points"),
    "call": Words("Aufruf", "Call"),
    "a_new_case": Words("in einem neuen Fall", "in a new case"),
    "hint": Words("Hinweis", "Hint"),
    "needs": Words(
        "Bringen Sie zuerst {a} in Ordnung; darauf baut diese Aufgabe auf.",
        "First put {a} right; this exercise builds on it.",
    ),
}


def failure(exercise: Exercise, case: Case, mismatch: Mismatch, drawn: bool) -> Words:
    """The message for a case that did not pass."""
    sentence = (DRAWN if drawn else {}).get(mismatch.kind, SENTENCES[mismatch.kind])
    place = mismatch.place
    if mismatch.kind != "setting" and place:
        place = f" ({place})"
    quoted = mismatch.kind == "text"
    shown = {
        "e": _shown(mismatch.expected, quoted),
        "a": _shown(mismatch.actual, quoted),
        "p": place,
    }
    hint = _hint(exercise, mismatch)
    call = describe_call(exercise, case)
    parts = {}
    for language in ("de", "en"):
        first = getattr(UI["a_new_case"], language) if drawn else call
        text = f"{exercise.id}: {getattr(UI['call'], language)}: {first}\n"
        text += getattr(sentence, language).format(**shown)
        if hint:
            text += f"\n{getattr(UI['hint'], language)}: {getattr(hint, language)}"
        parts[language] = text
    return Words(**parts)


def needed(exercises: list[str]) -> Words:
    """The message for an exercise that was not judged since another one failed."""
    names = ", ".join(exercises)
    return Words(UI["needs"].de.format(a=names), UI["needs"].en.format(a=names))


def describe_call(exercise: Exercise, case: Case) -> str:
    """The call as one would type it."""
    positional = [_described(name, case.arguments[name]) for name in exercise.parameters]
    named = [
        f"{name}={_described(name, case.arguments[name])}"
        for name in exercise.keywords
        if name in case.arguments
    ]
    return f"{exercise.id}({', '.join(positional + named)})"


def _described(name: str, spec: Any) -> str:
    if not isinstance(spec, Mapping):
        return repr(spec)
    match dict(spec):
        case {"prompt": text}:
            return f"encode({text!r})"
        case {"probs_after": text}:
            return f"next_token_probs(model, encode({text!r}))"
        case {"ids": ids}:
            return f"tensor([{ids}])"
        case {"vector": numbers}:
            shown = ", ".join(f"{n:.4g}" for n in numbers[:8])
            return f"tensor([{shown}{', ...' if len(numbers) > 8 else ''}])"
        case {"table": rows, **rest}:
            eos = f", eos={rest['eos']}" if "eos" in rest else ""
            return f"table_model(V={len(rows)}{eos})"
    return name


def _shown(value: Any, quoted: bool, most: int = 160) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else repr(value) if quoted else str(value)
    return text if len(text) <= most else text[: most // 2] + " … " + text[-most // 2 :]


def _hint(exercise: Exercise, mismatch: Mismatch) -> Words | None:
    """One hint: the misconception's, else the kind's, else the exercise's own."""
    for misconception in exercise.misconceptions:
        if misconception.rule == mismatch.rule:
            return misconception.hint
    for key in (f"{mismatch.kind}:{mismatch.place}", mismatch.kind):
        if key in exercise.hints:
            return exercise.hints[key]
    told_enough = ("missing", "not_callable", "ours", "timeout", "changed")
    return None if mismatch.kind in told_enough else exercise.hint


# --- the box in the notebook --------------------------------------------------------------------


def headline(exercise: Exercise, level: str, passed: bool | None, points: float) -> Words:
    state = UI["passed" if passed else "skipped" if passed is None else "failed"]
    texts = {}
    for language in ("de", "en"):
        earned = getattr(UI["points"], language).format(
            a=points, e=exercise.points(level == "drawn")
        )
        kind = getattr(UI[level], language)
        texts[language] = f"{exercise.id} ({kind}): {getattr(state, language)}, {earned}"
    return Words(**texts)


def box(passed: bool | None, head: Words, message: Words) -> str:
    """A calm box, German first, English below it; HTML without script."""
    colour, sign = {True: ("#2e7d32", "✓"), False: ("#b26a00", "✗"), None: ("#5f6b7a", "–")}[passed]
    english = "<br>".join(html.escape(f"{head.en}\n{message.en}".strip()).splitlines())
    german = "<br>".join(html.escape(message.de).splitlines())
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;'
        'max-width:60em">'
        f'<div lang="de"><b><span style="color:{colour}" aria-hidden="true">{sign}</span> '
        f"{html.escape(head.de)}</b></div>"
        + (f'<div lang="de" style="margin-top:.3em">{german}</div>' if german else "")
        + f'<div lang="en" style="margin-top:.3em;font-size:85%;opacity:.75">{english}</div></div>'
    )
