"""What a student reads, in German and English: the only place with such words.

A failure has five parts: the function's name, the call, what was expected, what came, one hint.
For drawn cases only the kind of the mistake is told, never the values.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.exercises.exercise import Case, Exercise, Words
from autograder.notebooks.names import import_line, missing_name

if TYPE_CHECKING:
    from autograder.checking.compare import Mismatch

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
    "other_model": Words("Geprüft mit dem Modell {a}.", "Checked with the model {a}."),
    "hint": Words("Hinweis", "Hint"),
    "read": Words("Nachlesen", "To read"),
    "import": Words(
        "Hier fehlt ein Import. Schreiben Sie an den Anfang der Zelle: {a}",
        "An import is missing here. Write at the beginning of the cell: {a}",
    ),
    "no_name": Words(
        "Diesen Namen gibt es nicht. Ist er vertippt, oder entsteht er erst in einer Zelle weiter "
        "unten?",
        "There is no such name. Is it mistyped, or made only by a cell further down?",
    ),
    "all_done": Words("{a} von {e} Beispielen bestanden.", "{a} of {e} examples passed."),
    "some_done": Words(
        "{a} von {e} Beispielen bestanden, dann:", "{a} of {e} examples passed, then:"
    ),
    "none_done": Words(
        "Von {e} Beispielen ist schon das erste nicht bestanden:",
        "Of {e} examples the very first is not passed:",
    ),
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
        if exercise.model != "mini":
            name = Path(exercise.model).name
            text += f"\n{getattr(UI['other_model'], language).format(a=name)}"
        if hint:
            text += f"\n{getattr(UI['hint'], language)}: {getattr(hint, language)}"
        parts[language] = text
    return Words(**parts)


def done(passed: bool | None, kind: str, solved: int, examples: int) -> Words:
    """How many of the examples passed, before the first that did not; empty where that is no news.

    kind: of the mismatch, "" if there is none.
    """
    if passed is None or (solved == 0 and kind in ("missing", "not_callable", "not_implemented")):
        return Words("", "")
    words = UI["all_done" if passed else "some_done" if solved else "none_done"]
    return Words(*(text.format(a=solved, e=examples) for text in (words.de, words.en)))


def reading(exercise: Exercise) -> Words:
    """Where the rule stands."""
    return Words(
        f"{UI['read'].de}: {exercise.read.de}",
        f"{UI['read'].en}: {exercise.read.en}",
    )


def needed(exercises: list[str]) -> Words:
    """The message for an exercise that was not judged since another one failed."""
    names = ", ".join(exercises)
    return Words(UI["needs"].de.format(a=names), UI["needs"].en.format(a=names))


def describe_call(exercise: Exercise, case: Case, number: int = 0) -> str:
    """The case's call, or that one of several, as one would type it."""
    from autograder.sandbox.arguments import calls_of  # it loads torch, and words do not need it

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
    if mismatch.kind == "raised" and (name := missing_name(str(mismatch.actual))):
        line = import_line(name)
        words = UI["import" if line else "no_name"]
        return Words(words.de.format(a=line), words.en.format(a=line))
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


# --- before handing in --------------------------------------------------------------------------

# what `kischule check` finds; {cell}, {other}: places; {n}: a name; {a}: what else there is to say
MEND = {
    "order": Words(
        "Zelle {cell} benutzt `{n}`, das erst in Zelle {other} entsteht. Das geht nur in einem "
        "Notebook, in dem jene Zelle schon gelaufen ist; verschieben Sie sie nach oben.",
        "Cell {cell} uses `{n}`, which only cell {other} makes. That works only in a notebook in "
        "which that cell has run already; move it up.",
    ),
    "import": Words(
        "Zelle {cell} benutzt `{n}`, ohne es zu importieren. Schreiben Sie an ihren Anfang: {a}",
        "Cell {cell} uses `{n}` without importing it. Write at its beginning: {a}",
    ),
    "unknown": Words(
        "Zelle {cell} benutzt `{n}`, das nirgends entsteht.",
        "Cell {cell} uses `{n}`, which is made nowhere.",
    ),
    "similar": Words(
        "Zelle {cell} benutzt `{n}`, das nirgends entsteht. Meinen Sie `{a}`?",
        "Cell {cell} uses `{n}`, which is made nowhere. Do you mean `{a}`?",
    ),
    "lost": Words(
        "Zelle {cell} benutzt `{n}`. Das entsteht in einer Zelle der Vorlage, die in Ihrem "
        "Notebook fehlt ({a}); holen Sie sie zurück.",
        "Cell {cell} uses `{n}`. It is made by a cell of the template which your notebook lacks "
        "({a}); bring it back.",
    ),
    "raised": Words("Zelle {cell} bricht ab mit: {a}", "Cell {cell} stops with: {a}"),
    "slow": Words(
        "Zelle {cell} war nach {a} Sekunden noch nicht fertig. Endet Ihre Schleife?",
        "Cell {cell} had not finished after {a} seconds. Does your loop end?",
    ),
    "died": Words(
        "Zelle {cell} beendet den Kernel. Was nach ihr kommt, ist nicht geprüft.",
        "Cell {cell} ends the kernel. What comes after it has not been checked.",
    ),
    "no_kernel": Words(
        "Es ließ sich kein Kernel starten, oder er war gleich wieder weg. Läuft das Notebook in "
        "JupyterLab?",
        "No kernel could be started, or it was gone at once. Does the notebook run in JupyterLab?",
    ),
    "beside": Words(
        "Zelle {cell} importiert `{n}` aus einer Datei neben dem Notebook. Abgegeben wird nur das "
        "Notebook: Kopieren Sie den Code in eine Zelle.",
        "Cell {cell} imports `{n}` from a file beside the notebook. Only the notebook is handed "
        "in: copy the code into a cell.",
    ),
    "another": Words(
        "{n} ist nicht das Notebook {other}: Von dessen {a} Zellen mit Aufgaben und Prüfungen sind "
        "{cell} da. Nehmen Sie die Datei, die Sie bekommen haben.",
        "{n} is not the notebook {other}: of its {a} cells with exercises and checks {cell} are "
        "there. Take the file that you were given.",
    ),
    "missing": Words(
        "Die Zelle {n} fehlt. Bei der Bewertung zählt die leere Zelle der Vorlage; kopieren Sie "
        "Ihre Lösung in eine frische Vorlage.",
        "The cell {n} is missing. In grading the template's empty cell counts; copy your solution "
        "into a fresh template.",
    ),
    "doubled": Words(
        "Die Zelle {n} ist mehrmals da, mit verschiedenem Inhalt. So zählt keine davon; löschen "
        "Sie alle bis auf eine.",
        "The cell {n} is there several times, with different content. So none of them counts; "
        "delete all but one.",
    ),
    "empty": Words("Zelle {cell}", "Cell {cell}"),
    "empty_part": Words("Zelle {cell}: {a}", "Cell {cell}: {a}"),
    "empty_text": Words("Ihr Text zu: {a} ({cell})", "Your text on: {a} ({cell})"),
    "empty_bonus": Words(
        "Zelle {cell} ist noch leer; das ist eine Zusatzaufgabe.",
        "Cell {cell} is still empty; it is a bonus exercise.",
    ),
    "builtin": Words(
        "Zelle {cell} gibt `{n}` eine neue Bedeutung. So heißt schon etwas in Python selbst, das "
        "es danach nicht mehr gibt; nehmen Sie einen anderen Namen.",
        "Cell {cell} gives `{n}` a new meaning. Something in Python itself has this name, and is "
        "gone afterwards; take another name.",
    ),
    "imported": Words(
        "Zelle {cell} gibt `{n}` eine neue Bedeutung. So heißt schon etwas, das Zelle {other} "
        "importiert; nehmen Sie einen anderen Namen.",
        "Cell {cell} gives `{n}` a new meaning. Something that cell {other} imports has this name; "
        "take another one.",
    ),
    "model": Words(
        "Zelle {cell} legt `{n}` noch einmal an. Alle Zellen danach rechnen damit; die Prüfungen "
        "nehmen immer `mini`. Ist das so gedacht, bleibt nichts zu tun.",
        "Cell {cell} makes `{n}` anew. All cells after it work with it; the checks always take "
        "`mini`. If you mean it so, there is nothing to do.",
    ),
    "again": Words(
        "`{n}` ist zweimal definiert, in Zelle {other} und in Zelle {cell}. Es gilt, was zuletzt "
        "lief; lassen Sie nur eine stehen.",
        "`{n}` is defined twice, in cell {other} and in cell {cell}. What ran last counts; keep "
        "only one.",
    ),
    "overwritten": Words(
        "Zelle {cell} gibt `{n}` einen anderen Wert. In Zelle {other} ist das eine Funktion, die "
        "es danach nicht mehr gibt; nehmen Sie einen anderen Namen.",
        "Cell {cell} gives `{n}` another value. In cell {other} it is a function, which is gone "
        "afterwards; take another name.",
    ),
    "file": Words(
        "Neben dem Notebook liegt {a}. Python nimmt es anstelle des Moduls `{n}`; benennen Sie es "
        "um.",
        "Beside the notebook lies {a}. Python takes it in place of the module `{n}`; rename it.",
    ),
    "changed": Words(
        "Gesperrte Zellen sind geändert: {a}. Bei der Bewertung und hier gelten die der Vorlage.",
        "Locked cells are changed: {a}. In grading, and here, the template's count.",
    ),
    "renamed": Words(
        "Die Datei heißt {a}. Lassen Sie {n} in ihrem Namen, damit sie erkannt wird.",
        "The file is called {a}. Keep {n} in its name, so that it is recognised.",
    ),
}

CHECK = {
    "no_test": Words("Die Testzelle fehlt.", "The test cell is missing."),
    "no_result": Words(
        "Die Testzelle hat nichts ergeben; sie lief nicht bis zum Ende.",
        "The test cell gave no result; it did not run to its end.",
    ),
    "mend": Words("Vor der Abgabe in Ordnung bringen:", "Put right before handing in:"),
    "empty": Words("Noch leer:", "Still empty:"),
    "hint": Words("Hinweise, die keine Punkte kosten:", "Hints that cost no points:"),
    "numbers": Words(
        "[1], [2], …: die Zellen, wie „Kernel neu starten und alle Zellen ausführen“ sie zählt.",
        '[1], [2], …: the cells as "Restart Kernel and Run All Cells" counts them.',
    ),
    "ready": Words("Bereit zur Abgabe.", "Ready to be handed in."),
    "bonus_left": Words(
        "Bereit zur Abgabe; offen sind nur Zusatzaufgaben: {a}.",
        "Ready to be handed in; only bonus exercises are left: {a}.",
    ),
    "not_ready": Words("Noch nicht bereit: {a}.", "Not ready yet: {a}."),
    "exercises_left": Words("{a} Aufgaben sind nicht bestanden", "{a} exercises are not passed"),
    "exercise_left": Words("eine Aufgabe ist nicht bestanden", "one exercise is not passed"),
    "texts_left": Words("{a} Texte fehlen", "{a} texts are missing"),
    "text_left": Words("ein Text fehlt", "one text is missing"),
    "places_left": Words(
        "{a} Stellen sind in Ordnung zu bringen", "{a} places have to be put right"
    ),
    "place_left": Words("eine Stelle ist in Ordnung zu bringen", "one place has to be put right"),
}


def mend(key: str, **values: object) -> Words:
    """What a student should mend, or may want to know."""
    words = MEND[key]
    return Words(words.de.format(**values), words.en.format(**values))


def check_word(key: str, language: str, **values: object) -> str:
    """A line of `kischule check` in one language."""
    return str(getattr(CHECK[key], language)).format(**values)


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


def plain(parts: Sequence[Words], language: str) -> str:
    """The parts of an outcome that are not empty, each from a new line. language: de | en."""
    return "\n".join(text for part in parts if (text := getattr(part, language)))


def box(
    passed: bool | None, head: Words, done: Words, message: Words, read: Words, language: str
) -> str:
    """A calm box: German, and English to be unfolded; in the English edition only English.

    HTML without script. Text has the page's own colour, so that it shows on dark pages as well.
    """
    colour, sign = {True: ("#2e7d32", "✓"), False: ("#b26a00", "✗"), None: ("#5f6b7a", "–")}[passed]
    mark = f'<span style="color:{colour}" aria-hidden="true">{sign}</span> '
    parts = (head, done, message, read)
    folded = (
        ""
        if language == "en"
        else (
            '<details lang="en" style="margin-top:.3em;font-size:85%;opacity:.75">'
            f"<summary>English</summary>{_text('', parts, 'en')}</details>"
        )
    )
    return (
        f'<div style="border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;'
        f'max-width:60em">{_text(mark, parts, language)}{folded}</div>'
    )


def _text(mark: str, parts: Sequence[Words], language: str) -> str:
    head, *lines = plain(parts, language).splitlines()
    body = "<br>".join(_markup(line, language) for line in lines)
    body = f'<div style="margin-top:.3em">{body}</div>' if body else ""
    return f'<div lang="{language}"><b>{mark}{html.escape(head)}</b>{body}</div>'


def _markup(line: str, language: str) -> str:
    """A line of a message; the one with the call as code, without the name that the head has."""
    word = getattr(UI["call"], language)
    name, found, call = line.partition(f": {word}: ")
    if not found or not name.isidentifier():
        return html.escape(line)
    return f"{word}: " + (f"<code>{html.escape(call)}</code>" if "(" in call else html.escape(call))
