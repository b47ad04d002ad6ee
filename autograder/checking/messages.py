"""Sentences about an exercise's result, as a student reads them."""

from kischule.i18n import Text

# by kind of a Mismatch or a CallError; place is "" or INDEX_PLACE, KEY_PLACE
SENTENCES = {
    "missing": Text(
        "Die Funktion ist nicht definiert. Führen Sie zuerst die Zelle mit Ihrer Lösung aus; "
        "bricht sie mit einem Fehler ab, beheben Sie zuerst den.",
        "The function is not defined. Run the cell with your solution first; if that cell raises "
        "an error, fix the error first.",
    ),
    "syntax": Text(
        "Python kann die Zelle mit Ihrer Lösung nicht lesen; darum läuft nichts aus ihr. Zeile "
        "{line}: `{text}` ({actual}).",
        "Python cannot read the cell with your solution, so nothing in it runs. Line {line}: "
        "`{text}` ({actual}).",
    ),
    "stopped": Text(
        "Die Zelle mit Ihrer Lösung bricht ab, bevor die Funktion definiert ist: {actual}",
        "The cell with your solution stops before the function is defined: {actual}",
    ),
    "renamed": Text(
        "Die Funktion muss `{expected}` heißen; Ihre heißt `{actual}`.",
        "The function must be called `{expected}`; yours is called `{actual}`.",
    ),
    "undefined": Text(
        "Wenn alle Zellen gelaufen sind, gibt es die Funktion `{expected}` nicht. Beginnt ihre "
        "Zeile mit `def`, ohne Einrückung? Löscht eine andere Zelle sie wieder (`del`)?",
        "When all cells have run there is no function `{expected}`. Does its line begin with "
        "`def`, without indentation? Does another cell delete it (`del`)?",
    ),
    "not_callable": Text(
        "Unter diesem Namen liegt keine Funktion, sondern ein Objekt vom Typ {actual}.",
        "This name is bound to an object of type {actual}, not to a function.",
    ),
    "not_implemented": Text(
        "Hier fehlt noch Ihre Lösung.",
        "Your solution is still missing here.",
    ),
    "raised": Text(
        "Der Aufruf bricht ab mit: {actual}",
        "Your function raised {actual}",
    ),
    "no_generate": Text(
        "model.generate ist hier nicht erlaubt: Rufen Sie model(input_ids) selbst auf, und wählen "
        "Sie jedes Token aus den Logits.",
        "model.generate is not allowed here: call model(input_ids) yourself, and choose each "
        "token from the logits.",
    ),
    "not_in_table": Text(
        "Das Modell dieses Falls ist nur eine Tabelle von Logits, {actual} gibt es darin nicht. "
        "Benutzen Sie model(input_ids).logits.",
        "The model of this case is just a table of logits, without {actual}. Use "
        "model(input_ids).logits.",
    ),
    "timeout": Text(
        "Der Aufruf ist nach {actual} Sekunden noch nicht fertig. Endet Ihre Schleife?",
        "The call has not finished after {actual} seconds. Does your loop end?",
    ),
    "died": Text(
        "Der Aufruf beendet den Kernel.",
        "The call ended the kernel.",
    ),
    "memory": Text(
        "Der Aufruf braucht mehr Speicher, als erlaubt ist.",
        "The call needs more memory than it may use.",
    ),
    "too_large": Text(
        "Die Rückgabe ist zu groß, um sie zu prüfen.",
        "The returned value is too large to be checked.",
    ),
    "unreadable": Text(
        "Die Rückgabe ließ sich nicht lesen.",
        "The returned value could not be read.",
    ),
    "changed": Text(
        "Die Funktion verändert ihr Argument {actual}. Arbeiten Sie auf einer Kopie.",
        "The function changes its argument {actual}. Work on a copy.",
    ),
    "no_return": Text(
        "Die Funktion gibt nichts zurück (None). Fehlt am Ende ein `return`? Was `print` zeigt, "
        "ist keine Rückgabe.",
        "The function returns nothing (None). Is a `return` missing at its end? What `print` "
        "shows is not returned.",
    ),
    "type": Text(
        "Erwartet: {expected} als Typ der Rückgabe{place}. Erhalten: {actual}.",
        "Expected: a return value of type {expected}{place}. Got: {actual}.",
    ),
    "shape": Text(
        "Erwartet: Form (shape) {expected}. Erhalten: {actual}.",
        "Expected: shape {expected}. Got: {actual}.",
    ),
    "dtype": Text(
        "Erwartet: Datentyp (dtype) {expected}. Erhalten: {actual}.",
        "Expected: dtype {expected}. Got: {actual}.",
    ),
    "device": Text(
        "Erwartet: ein Tensor auf dem Gerät {expected}. Erhalten: {actual}.",
        "Expected: a tensor on the device {expected}. Got: {actual}.",
    ),
    "finite": Text(
        "Das Ergebnis enthält NaN{place} (keine Zahl).",
        "The result contains NaN{place} (not a number).",
    ),
    "value": Text(
        "Erwartet: {expected}{place}. Erhalten: {actual}.",
        "Expected: {expected}{place}. Got: {actual}.",
    ),
    "length": Text(
        "Erwartet: {expected} Einträge. Erhalten: {actual}.",
        "Expected: {expected} entries. Got: {actual}.",
    ),
    "prompt": Text(
        "Die Antwort muss mit den Tokens des Prompts beginnen: {expected}. Sie beginnt mit: "
        "{actual}.",
        "The result must begin with the prompt's tokens: {expected}. It begins with: {actual}.",
    ),
    "too_long": Text(
        "Erwartet: höchstens {expected} Tokens, der Prompt zählt mit. Erhalten: {actual}.",
        "Expected: at most {expected} tokens, including the prompt. Got: {actual}.",
    ),
    "too_short": Text(
        "Erwartet: {expected} Tokens, denn nach dem Prompt kam kein Endezeichen. Erhalten: "
        "{actual}.",
        "Expected: {expected} tokens, since no end token came after the prompt. Got: {actual}.",
    ),
    "incomplete": Text(
        "Erwartet: {expected} Tokens, denn ein Endezeichen kam nicht. Erhalten: {actual}.",
        "Expected: {expected} tokens, since no end token came. Got: {actual}.",
    ),
    "eos_missing": Text(
        "Erwartet: {expected} Tokens, denn das Endezeichen (eos), das den Text beendet, gehört "
        "noch dazu. Erhalten: {actual}.",
        "Expected: {expected} tokens, since the end token (eos) that ends the text is part of it. "
        "Got: {actual}.",
    ),
    "after_eos": Text(
        "Erwartet: Ende nach dem Endezeichen (eos), also {expected} Tokens. Erhalten: {actual}.",
        "Expected: to stop after the end token (eos), at {expected} tokens. Got: {actual}.",
    ),
    "token": Text(
        "Erwartet{place}: das wahrscheinlichste Token {expected}. Erhalten: {actual}.",
        "Expected{place}: the most likely token {expected}. Got: {actual}.",
    ),
    "beam": Text(
        "Erwartet{place}: {expected}, das Token des besten Strahls. Erhalten: {actual}.",
        "Expected{place}: {expected}, the token of the best beam. Got: {actual}.",
    ),
    "dropped": Text(
        "Das Token{place} muss bleiben. Erwartet: {expected}. Erhalten: {actual}.",
        "The token{place} must be kept. Expected: {expected}. Got: {actual}.",
    ),
    "kept": Text(
        "Das Token{place} muss wegfallen. Erwartet: {expected}. Erhalten: {actual}.",
        "The token{place} must be dropped. Expected: {expected}. Got: {actual}.",
    ),
    "support": Text(
        "Erwartet{place}: ein Token, das die Einstellungen zulassen, eines von {expected}. "
        "Erhalten: {actual}.",
        "Expected{place}: a token that the settings allow, one of {expected}. Got: {actual}.",
    ),
    "distribution": Text(
        "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost. Erwartet: Die "
        "wahrscheinlichsten, die zusammen {expected} ausmachen, kommen in etwa {expected} der "
        "Fälle. Erhalten: in {actual}.",
        "The tokens are not sampled with the right probabilities. Expected: the most likely "
        "tokens, which together have {expected}, come up about {expected} of the time. Got: "
        "{actual}.",
    ),
    "seed_ignored": Text(
        "Erwartet: derselbe seed, dieselben Tokens. Erhalten: Ein zweiter Aufruf mit "
        "seed={actual} gibt einen anderen Text.",
        "Expected: the same seed, the same tokens. Got: a second call with seed={actual} returns "
        "a different text.",
    ),
    "seed_fixed": Text(
        "Erwartet: ein anderer seed, andere Tokens. Erhalten: seed={actual} gibt denselben Text "
        "wie seed={expected}.",
        "Expected: another seed, other tokens. Got: seed={actual} returns the same text as "
        "seed={expected}.",
    ),
    "key": Text(
        "Erwartet{place}: ein Eintrag unter dem Schlüssel {expected}. Vorhanden: {actual}.",
        "Expected{place}: an entry under the key {expected}. There are: {actual}.",
    ),
    "text": Text(
        "Erwartet{place}: {expected}. Erhalten: {actual}.",
        "Expected{place}: {expected}. Got: {actual}.",
    ),
    "generate_calls": Text(
        "Erwartet: {expected} Aufruf von model.generate. Gezählt: {actual}.",
        "Expected: {expected} call of model.generate. Counted: {actual}.",
    ),
    "setting": Text(
        "Bei model.generate kommt {place} anders an. Erwartet: {expected}. Erhalten: {actual}.",
        "model.generate receives a different {place}. Expected: {expected}. Got: {actual}.",
    ),
    "entry": Text(
        "Erwartet: ein Eintrag {expected}; die Reihenfolge ist frei. Er fehlt.",
        "Expected: an entry {expected}, in any order. It is missing.",
    ),
    "negative": Text(
        "Erwartet: Wahrscheinlichkeiten, keine davon unter 0. Erhalten{place}: {actual}.",
        "Expected: probabilities, none of them below 0. Got{place}: {actual}.",
    ),
    "sum": Text(
        "Erwartet: Wahrscheinlichkeiten, die zusammen 1 ergeben. Erhalten: Summe {actual}.",
        "Expected: probabilities that add up to 1. Got: a sum of {actual}.",
    ),
    "no_error": Text(
        "Erwartet: Der Aufruf löst {expected} aus. Erhalten: {actual}.",
        "Expected: the call raises {expected}. Got: {actual}.",
    ),
    "other_error": Text(
        "Erwartet: Der Aufruf löst {expected} aus. Ausgelöst: {actual}.",
        "Expected: the call raises {expected}. It raised {actual}.",
    ),
    "ours": Text(
        "Die Prüfung selbst ist gescheitert ({actual}). Das ist nicht Ihr Fehler; bitte melden.",
        "The check itself failed ({actual}). This is not your mistake; please report it.",
    ),
    "no_reference": Text(
        "Diesen Fall prüft erst die Bewertung; hier fehlt dafür der Vergleich.",
        "This case is judged only in grading; there is nothing to compare with here.",
    ),
    "over": Text(
        "Die {actual} Sekunden für die ganze Abgabe waren um.",
        "The {actual} seconds for the whole submission were over.",
    ),
    "silent": Text(
        "Die Testzelle hat nichts ergeben; sie lief nicht bis zum Ende.",
        "The test cell gave no result; it did not run to its end.",
    ),
    "needs": Text(
        "Bringen Sie zuerst {actual} in Ordnung; darauf baut diese Aufgabe auf. Bleibt es dabei, "
        "steht beim Bewerten eine richtige Fassung davon an ihrer Stelle.",
        "Fix {actual} first; this exercise builds on it. Otherwise grading uses a working version "
        "in its place.",
    ),
    "left_out": Text(
        "Diese Aufgabe baut auf {actual} auf und ließ sich auch mit einer richtigen Fassung davon "
        "nicht bewerten.",
        "This exercise builds on {actual} and could not be judged, not even with a working "
        "version of it.",
    ),
}

# the same for hidden cases, which never give a value away
HIDDEN = {
    "type": Text("Der Typ der Rückgabe stimmt nicht.", "The return value has the wrong type."),
    "shape": Text("Die Form (shape) stimmt nicht.", "The shape is wrong."),
    "dtype": Text("Der Datentyp (dtype) stimmt nicht.", "The dtype is wrong."),
    "value": Text("Ein Wert stimmt nicht.", "A value is wrong."),
    "length": Text("Die Anzahl der Einträge stimmt nicht.", "The number of entries is wrong."),
    "prompt": Text(
        "Die Antwort beginnt nicht mit dem Prompt.", "The result does not begin with the prompt."
    ),
    "too_long": Text("Die Antwort ist zu lang.", "The result is too long."),
    "too_short": Text("Die Antwort endet zu früh.", "The result ends too early."),
    "incomplete": Text("Die Antwort endet zu früh.", "The result ends too early."),
    "eos_missing": Text(
        "Am Ende der Antwort fehlt das Endezeichen (eos).",
        "The end token (eos) is missing at the end of the result.",
    ),
    "after_eos": Text(
        "Die Antwort geht nach dem Endezeichen (eos) weiter.",
        "The result goes on after the end token (eos).",
    ),
    "token": Text(
        "Ein Token ist nicht das wahrscheinlichste.", "A token is not the most likely one."
    ),
    "text": Text("Der Text stimmt nicht.", "The text is wrong."),
    "beam": Text("Es ist nicht der beste Strahl.", "This is not the best beam."),
    "dropped": Text("Ein Token fehlt, das bleiben muss.", "A token that must be kept is missing."),
    "kept": Text(
        "Ein Token ist da, das wegfallen muss.", "A token that must be dropped is still there."
    ),
    "support": Text(
        "Ein Token ist ausgelost worden, das die Einstellungen verbieten.",
        "A token was sampled that the settings forbid.",
    ),
    "distribution": Text(
        "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost.",
        "The tokens are not sampled with the right probabilities.",
    ),
    "seed_ignored": Text(
        "Derselbe seed gibt verschiedene Texte.", "The same seed returns different texts."
    ),
    "seed_fixed": Text(
        "Verschiedene seeds geben denselben Text.", "Different seeds return the same text."
    ),
    "entry": Text("Ein Eintrag fehlt.", "An entry is missing."),
    "negative": Text("Eine Wahrscheinlichkeit ist kleiner als 0.", "A probability is below 0."),
    "sum": Text(
        "Die Wahrscheinlichkeiten ergeben zusammen nicht 1.",
        "The probabilities do not add up to 1.",
    ),
    "no_error": Text(
        "Hier soll der Aufruf einen Fehler auslösen.", "The call should raise an error here."
    ),
    "other_error": Text(
        "Hier soll der Aufruf einen anderen Fehler auslösen.",
        "The call should raise a different error here.",
    ),
    "key": Text("Ein Schlüssel fehlt: {expected}.", "A key is missing: {expected}."),
    "setting": Text(
        "Bei model.generate kommt {place} anders an.",
        "model.generate receives a different {place}.",
    ),
}

# --- around them --------------------------------------------------------------------------------

STATES = {
    True: Text("bestanden", "passed"),
    False: Text("noch nicht bestanden", "not passed yet"),
    None: Text("nicht bewertet", "not graded"),
}
LEVELS = {
    "public": Text("Beispiele", "examples"),
    "hidden": Text("neue Fälle", "hidden cases"),
    "plain": Text("einfache Testzelle", "plain test cell"),
}
HEADLINE = Text.same("{exercise} ({level}): {state}")
POINTS = Text("{points:g} von {max_points:g} Punkten", "{points:g} of {max_points:g} points")
BONUS = Text(
    "{points:g} von {max_points:g} Zusatzpunkten", "{points:g} of {max_points:g} bonus points"
)
ALL_PASSED = Text(
    "{passed} von {cases} Beispielen bestanden.", "{passed} of {cases} examples passed."
)
SOME_PASSED = Text(
    "{passed} von {cases} Beispielen bestanden, dann:", "{passed} of {cases} examples passed, then:"
)
NONE_PASSED = Text(
    "Von {cases} Beispielen ist schon das erste nicht bestanden:",
    "The first of {cases} examples already fails:",
)
CALL = Text("Aufruf", "Call")
HIDDEN_CALL = Text("in einem neuen Fall", "in a hidden case")
INDEX_PLACE = Text(" an Stelle {place}", " at index {place}")
KEY_PLACE = Text(" bei {place}", " at {place}")
HINT = Text("Hinweis", "Hint")
STEP = Text("Hinweis {step} von {count}", "Hint {step} of {count}")
MORE = Text("Mehr Hinweise", "More hints")
STEPS = Text('hint("{exercise}", 1), dann 2 und 3', 'hint("{exercise}", 1), then 2 and 3')
STEP_RULE = Text(
    "step muss einer der Hinweise sein, {exercise} hat {count}",
    "step must be one of the hints, of which {exercise} has {count}",
)
RUN = Text("Diesen Aufruf selbst ausführen", "Run this call yourself")
COLUMNS = (
    Text.same("Token"),
    Text.same("Logit"),
    Text("Wahrscheinlichkeit", "Probability"),
    Text("laufende Summe", "Running sum"),
    Text("erwartet", "Expected"),
    Text("erhalten", "Yours"),
)
READ = Text("Nachlesen", "See")
WORKING = Text(
    "Bewertet mit einer richtigen Fassung von {names}, auf der diese Aufgabe aufbaut.",
    "Judged with a working {names}, which this exercise builds on.",
)
TABLE_MODEL = Text(
    "table_model(…) ist ein Modell, das nur aus einer Tabelle besteht: Zeile i enthält die Logits "
    "nach Token i, eine einzige Zeile die nach jedem (from autograder import table_model).",
    "table_model(…) is a model that is just a table: row i has the logits after token i, a single "
    "row those after any token (from autograder import table_model).",
)
OTHER_MODEL = Text("Geprüft mit dem Modell {model}.", "Checked with the model {model}.")
MISSING_IMPORT = Text(
    "Hier fehlt ein Import. Schreiben Sie an den Anfang der Zelle: {line}",
    "An import is missing. Write at the top of the cell: {line}",
)
UNKNOWN_NAME = Text(
    "Diesen Namen gibt es nicht. Ist er vertippt, oder entsteht er erst in einer Zelle weiter "
    "unten?",
    "This name is not defined. Is it misspelt, or defined in a later cell?",
)
