"""What a student reads, in German and English: the only place with such words.

A failure has five parts: the function's name, the call, what was expected, what came, one hint.
For drawn cases only the kind of the mistake is told, never the values.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

from autograder.arguments import calls_of
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
    "died": Words(
        "Der Aufruf beendet den Kernel.",
        "The call ends the kernel.",
    ),
    "memory": Words(
        "Der Aufruf braucht mehr Speicher, als erlaubt ist.",
        "The call needs more memory than is allowed.",
    ),
    "too_large": Words(
        "Die Rückgabe ist zu groß, um sie zu prüfen.",
        "What is returned is too large to be checked.",
    ),
    "unreadable": Words(
        "Die Rückgabe ließ sich nicht lesen.",
        "What is returned could not be read.",
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
    "beam": Words(
        "Erwartet{p}: {e}, das Token des besten Strahls. Erhalten: {a}.",
        "Expected{p}: {e}, the token of the best beam. Got: {a}.",
    ),
    "dropped": Words(
        "Das Token{p} muss bleiben. Erwartet: {e}. Erhalten: {a}.",
        "The token{p} must stay. Expected: {e}. Got: {a}.",
    ),
    "kept": Words(
        "Das Token{p} muss wegfallen. Erwartet: {e}. Erhalten: {a}.",
        "The token{p} must be dropped. Expected: {e}. Got: {a}.",
    ),
    "support": Words(
        "Erwartet{p}: ein Token, das die Einstellungen zulassen, eines von {e}. Erhalten: {a}.",
        "Expected{p}: a token that the settings allow, that is one of {e}. Got: {a}.",
    ),
    "distribution": Words(
        "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost. Erwartet: Die "
        "wahrscheinlichsten, die zusammen {e} ausmachen, kommen in etwa {e} der Fälle. "
        "Erhalten: in {a}.",
        "The tokens are not drawn with the right probabilities. Expected: the most likely ones, "
        "which together make up {e}, come about {e} of the time. Got: {a}.",
    ),
    "seed_ignored": Words(
        "Erwartet: derselbe seed, dieselben Tokens. Erhalten: Ein zweiter Aufruf mit seed={a} gibt "
        "einen anderen Text.",
        "Expected: the same seed, the same tokens. Got: a second call with seed={a} gives another "
        "text.",
    ),
    "seed_fixed": Words(
        "Erwartet: ein anderer seed, andere Tokens. Erhalten: seed={a} gibt denselben Text wie "
        "seed={e}.",
        "Expected: another seed, other tokens. Got: seed={a} gives the same text as seed={e}.",
    ),
    "key": Words(
        "Erwartet{p}: ein Eintrag unter dem Schlüssel {e}. Vorhanden: {a}.",
        "Expected{p}: an entry under the key {e}. There are: {a}.",
    ),
    "text": Words(
        "Erwartet{p}: {e}. Erhalten: {a}.",
        "Expected{p}: {e}. Got: {a}.",
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
    "beam": Words("Es ist nicht der beste Strahl.", "It is not the best beam."),
    "dropped": Words("Ein Token fehlt, das bleiben muss.", "A token that must stay is missing."),
    "kept": Words(
        "Ein Token ist da, das wegfallen muss.", "A token that must be dropped is there."
    ),
    "support": Words(
        "Ein Token ist ausgelost worden, das die Einstellungen verbieten.",
        "A token that the settings forbid was drawn.",
    ),
    "distribution": Words(
        "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost.",
        "The tokens are not drawn with the right probabilities.",
    ),
    "seed_ignored": Words(
        "Derselbe seed gibt verschiedene Texte.", "The same seed gives different texts."
    ),
    "seed_fixed": Words(
        "Verschiedene seeds geben denselben Text.", "Different seeds give the same text."
    ),
    "key": Words("Ein Schlüssel fehlt: {e}.", "A key is missing: {e}."),
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
    "bonus": Words("{a:g} von {e:g} Zusatzpunkten", "{a:g} of {e:g} bonus points"),
    "call": Words("Aufruf", "Call"),
    "a_new_case": Words("in einem neuen Fall", "in a new case"),
    "hint": Words("Hinweis", "Hint"),
    "needs": Words(
        "Bringen Sie zuerst {a} in Ordnung; darauf baut diese Aufgabe auf.",
        "First put {a} right; this exercise builds on it.",
    ),
}


# what Gradescope shows beside the outcomes; {a}, {e}: points or names
GRADESCOPE = {
    "points": Words(
        "Automatisch bewertet: {a:g} von {e:g} Punkten.",
        "Graded by machine: {a:g} of {e:g} points.",
    ),
    "bonus": Words("Darin enthalten: {a:g} Zusatzpunkte.", "Bonus points in it: {a:g}."),
    "by_hand": Words(
        "Ihre Texte ({a}) bewertet die Lehrkraft; deren {e:g} Punkte zählen hier noch nicht mit.",
        "Your texts ({a}) are graded by the teacher; their {e:g} points do not count here yet.",
    ),
    "unreadable": Words(
        "Diese Abgabe ließ sich nicht lesen und hat deshalb keine Punkte. Geben Sie das Notebook "
        "{e} ab, so wie JupyterLab oder Colab es speichert. Der Grund: {a}",
        "This hand-in could not be read and so has no points. Hand in the notebook {e} as "
        "JupyterLab or Colab saves it. The reason: {a}",
    ),
    "ours": Words(
        "Die Bewertung selbst ist gescheitert. Das ist nicht Ihr Fehler, und Ihre Abgabe ist "
        "gespeichert. Bitte melden Sie es der Lehrkraft; sie kann die Bewertung wiederholen.",
        "The grading itself has failed. This is not your mistake, and your hand-in is stored. "
        "Please tell your teacher, who can grade it again.",
    ),
    "check": Words(
        "Eine Prüfung ist gescheitert, und das ist nicht Ihr Fehler. Bitte melden Sie es.",
        "A check has failed, and this is not your mistake. Please report it.",
    ),
    "timeout": Words(
        "Eine Zelle oder die ganze Abgabe brauchte mehr Zeit, als erlaubt ist.",
        "A cell or the whole hand-in took more time than is allowed.",
    ),
    "memory": Words(
        "Die Abgabe brauchte mehr Speicher, als erlaubt ist.",
        "The hand-in used more memory than is allowed.",
    ),
    "missing": Words(
        "Es fehlen Zellen, und die leeren der Vorlage zählen: {a}.",
        "Cells are missing, and the template's empty ones count: {a}.",
    ),
    "doubled": Words(
        "Zellen kommen mehrmals vor, mit verschiedenem Inhalt, und zählen deshalb nicht: {a}.",
        "Cells are there several times, with different content, and so do not count: {a}.",
    ),
    "changed": Words(
        "Gesperrte Zellen wurden geändert, und die der Vorlage zählen: {a}.",
        "Locked cells were changed, and the template's count: {a}.",
    ),
    "renamed": Words(
        "Das Notebook heißt anders als die Vorlage: {a}. Es zählt trotzdem.",
        "The notebook's name is not the template's: {a}. It counts all the same.",
    ),
}

# the page of `kischule feedback`
PAGE = {
    "title": Words("Rückmeldung zu {a}", "Feedback on {a}"),
    "points": Words("{a:g} von {e:g} Punkten", "{a:g} of {e:g} points"),
    "bonus": Words("davon {a:g} aus Zusatzaufgaben", "{a:g} of them from bonus exercises"),
    "late": Words(
        "{a:g} Punkte Abzug wegen später Abgabe, schon eingerechnet",
        "{a:g} points taken off for a late hand-in, already included",
    ),
    "waiting": Words(
        "Bis zu {a:g} Punkte kommen noch dazu, wenn Ihre Antworten gelesen sind.",
        "Up to {a:g} points may be added when your answers have been read.",
    ),
    "well": Words("Das ist gelungen", "What went well"),
    "all_well": Words(
        "Alle {a} Aufgaben, die Code verlangen, sind gelöst.",
        "All {a} exercises that ask for code are solved.",
    ),
    "some_well": Words(
        "{a} von {e} Aufgaben mit Code sind gelöst:", "{a} of {e} coding exercises are solved:"
    ),
    "none_well": Words(
        "Noch ist keine Aufgabe ganz gelöst. Der erste Schritt steht gleich darunter.",
        "No exercise is fully solved yet. The first step stands right below.",
    ),
    "next": Words("Das ist als Nächstes dran", "What to do next"),
    "nothing_next": Words(
        "Nichts mehr zu reparieren. Haben Sie die Zusatzaufgaben probiert?",
        "Nothing left to repair. Have you tried the bonus exercises?",
    ),
    "half": Words(
        "Ihre Funktion stimmt bei den Beispielen, aber nicht bei neuen Fällen.",
        "Your function is right on the examples, but not on new cases.",
    ),
    "exercises": Words("Aufgabe für Aufgabe", "Exercise by exercise"),
    "answers": Words("Ihre Beobachtungen", "Your observations"),
    "waits": Words("wird noch gelesen", "still to be read"),
    "comment": Words("Kommentar", "Comment"),
    "notebook": Words("Ihr Notebook", "Your notebook"),
    "to_cell": Words("zur Zelle", "to the cell"),
    "exercise": Words("Aufgabe", "Exercise"),
    "state": Words("Stand", "State"),
    "score": Words("Punkte", "Points"),
    "right": Words("richtig", "right"),
    "yours": Words("Ihre Funktion", "your function"),
    "cut": Words(
        "Wahrscheinlichkeit der Tokens nach dem Abschneiden",
        "Probability of the tokens after the cut",
    ),
    "sampled": Words("Wie oft jedes Token ausgelost wird", "How often each token is drawn"),
    "token": Words("Token", "token"),
    "forbidden": Words("verboten", "forbidden"),
    "solved": Words("gelöst", "solved"),
    "partly": Words("zum Teil gelöst", "partly solved"),
    "open": Words("offen", "open"),
    "skipped": Words("nicht bewertet", "not judged"),
}


def page_word(key: str, language: str, **values: object) -> str:
    """A sentence of the page in one language."""
    return str(getattr(PAGE[key], language)).format(**values)


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
    hint = _hint(exercise, case, mismatch)
    call = describe_call(exercise, case, mismatch.call)
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


def describe_call(exercise: Exercise, case: Case, number: int = 0) -> str:
    """The case's call, or that one of several, as one would type it."""
    specs = calls_of(case.arguments)[number]
    positional = [_described(name, specs[name]) for name in exercise.parameters]
    named = [
        f"{name}={_described(name, specs[name])}" for name in exercise.keywords if name in specs
    ]
    return f"{case.function}({', '.join(positional + named)})"


def _described(name: str, spec: Any) -> str:
    if not isinstance(spec, Mapping):
        return _cut(repr(spec))
    match dict(spec):
        case {"prompt": text}:
            return f"encode({text!r})"
        case {"probs_after": text}:
            return f"next_token_probs(model, encode({text!r}))"
        case {"ids": ids}:
            return f"tensor([[{_some(ids, str)}]])"
        case {"vector": numbers, **rest}:
            dtype = rest.get("dtype", "float32")
            shown = _some(numbers, lambda n: f"{n:.4g}")
            return f"tensor([{shown}]{'' if dtype == 'float32' else f', dtype=torch.{dtype}'})"
        case {"table": rows, **rest}:
            return _table_model(f"V={len(rows)}", rest)
        case {"row": row, **rest} | {"rotated": row, **rest}:
            return _table_model(f"[{_some(row, str)}]", rest)
    return name


def _some(values: list[Any], show: Callable[[Any], str], most: int = 8) -> str:
    return ", ".join([*map(show, values[:most]), *(["..."] if len(values) > most else [])])


def _table_model(what: str, rest: Mapping[str, Any]) -> str:
    eos = rest.get("eos")
    return f"table_model({what}{'' if eos is None else f', eos={eos}'})"


def _shown(value: Any, quoted: bool) -> str:
    return _cut(
        f"{value:.6g}" if isinstance(value, float) else repr(value) if quoted else str(value)
    )


def _cut(text: str, most: int = 160) -> str:
    """At most about so many characters, from both ends."""
    return text if len(text) <= most else text[: most // 2] + " … " + text[-most // 2 :]


# what happened to a hand-in while it was graded; {a}: how much
GRADING = {
    "died": Words("Diese Zelle hat den Kernel beendet.", "This cell ended the kernel."),
    "timeout": Words(
        "Der Kernel ließ sich nach Ablauf der Zeit nicht anhalten und wurde beendet.",
        "The kernel did not stop when its time was up, and was ended.",
    ),
    "memory": Words(
        "Der Kernel brauchte mehr Speicher, als erlaubt ist, und wurde beendet.",
        "The kernel used more memory than is allowed, and was ended.",
    ),
    "cell_timeout": Words(
        "Die Zelle war nach {a} Sekunden noch nicht fertig.",
        "The cell had not finished after {a} seconds.",
    ),
    "over": Words(
        "Die {a} Sekunden für die ganze Abgabe waren um.",
        "The {a} seconds for the whole hand-in were over.",
    ),
    "shows": Words(
        "Diese Zelle zeigt nur etwas und wurde beim Bewerten nicht ausgeführt.",
        "This cell only shows something and was not run in grading.",
    ),
    "nonsense": Words(
        "Der Kernel hat etwas geschickt, das keine Nachricht ist.",
        "The kernel sent something that is no message.",
    ),
    "cut": Words("nach {a} Byte abgeschnitten", "output cut after {a} bytes"),
}


def in_grading(kind: str, amount: float = 0) -> str:
    """What happened, German first."""
    words, shown = GRADING[kind], f"{amount:,}" if kind == "cut" else f"{amount:g}"
    return f"{words.de.format(a=shown)} ({words.en.format(a=shown)})"


# kinds whose sentence leaves nothing to hint at
TOLD_ENOUGH = (
    *("missing", "not_callable", "ours", "timeout", "changed"),
    *("died", "memory", "too_large", "unreadable"),
)


def _hint(exercise: Exercise, case: Case, mismatch: Mismatch) -> Words | None:
    """One hint: the misconception's, else the helper's, the kind's, the exercise's own."""
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
    return None if mismatch.kind in TOLD_ENOUGH else exercise.hint


# --- the box in the notebook --------------------------------------------------------------------


def headline(exercise: Exercise, level: str, passed: bool | None, points: float) -> Words:
    state = UI["passed" if passed else "skipped" if passed is None else "failed"]
    texts = {}
    for language in ("de", "en"):
        earned = getattr(UI["bonus" if exercise.bonus else "points"], language).format(
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
