"""Sentences on what is wrong with a reply or a call, as a student reads them."""

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
        "Der Aufruf ist nach {actual} s noch nicht fertig. Endet Ihre Schleife?",
        "The call has not finished after {actual} s. Does your loop end?",
    ),
    "died": Text(
        "Der Aufruf beendet den Kernel.",
        "The call ended the kernel.",
    ),
    "memory": Text(
        "Der Aufruf braucht mehr Speicher, als erlaubt ist.",
        "The call needs more memory than it may use.",
    ),
    "disk": Text(
        "Der Aufruf schreibt mehr oder größere Dateien, als erlaubt ist.",
        "The call writes more or larger files than it may.",
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
        "Das Ergebnis enthält {actual}{place}, keine endliche Zahl.",
        "The result contains {actual}{place}, which is not a finite number.",
    ),
    "value": Text(
        "Erwartet: {expected}{place}. Erhalten: {actual}.",
        "Expected: {expected}{place}. Got: {actual}.",
    ),
    "length": Text(
        "Erwartete Zahl der Einträge: {expected}. Erhalten: {actual}.",
        "Expected number of entries: {expected}. Got: {actual}.",
    ),
    "prompt": Text(
        "Die Antwort muss mit den Tokens des Prompts beginnen: {expected}. Sie beginnt mit: "
        "{actual}.",
        "The result must begin with the prompt's tokens: {expected}. It begins with: {actual}.",
    ),
    "too_long": Text(
        "Erwartete Zahl der Tokens, mit dem Prompt: höchstens {expected}. Erhalten: {actual}.",
        "Expected number of tokens, including the prompt: at most {expected}. Got: {actual}.",
    ),
    "too_short": Text(
        "Erwartete Zahl der Tokens: {expected}, denn nach dem Prompt kam kein Endezeichen. "
        "Erhalten: {actual}.",
        "Expected number of tokens: {expected}, since no end token came after the prompt. Got: "
        "{actual}.",
    ),
    "incomplete": Text(
        "Erwartete Zahl der Tokens: {expected}, denn ein Endezeichen kam nicht. Erhalten: "
        "{actual}.",
        "Expected number of tokens: {expected}, since no end token came. Got: {actual}.",
    ),
    "eos_missing": Text(
        "Erwartete Zahl der Tokens: {expected}, denn das Endezeichen (eos), das den Text beendet, "
        "gehört noch dazu. Erhalten: {actual}.",
        "Expected number of tokens: {expected}, since the end token (eos) that ends the text is "
        "part of it. Got: {actual}.",
    ),
    "after_eos": Text(
        "Erwartete Zahl der Tokens: {expected}, denn mit dem Endezeichen (eos) ist Schluss. "
        "Erhalten: {actual}.",
        "Expected number of tokens: {expected}, since the end token (eos) ends the text. Got: "
        "{actual}.",
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
    "filled": Text(
        "Tokens, die wegfallen, haben hier den Wert {actual}{place}. Erwartet: -inf.",
        "Dropped tokens have the value {actual}{place} here. Expected: -inf.",
    ),
    "early": Text(
        "Erwartete Zahl der Tokens: {expected}. Erhalten: {actual}.",
        "Expected number of tokens: {expected}. Got: {actual}.",
    ),
    "same_entries": Text(
        "Alle {actual} Einträge sind gleich, obwohl die Einstellungen verschieden sind.",
        "All {actual} entries are the same, although the settings differ.",
    ),
    "same_texts": Text(
        "Alle {actual} Einträge haben denselben Text, obwohl die Einstellungen verschieden sind.",
        "All {actual} entries have the same text, although the settings differ.",
    ),
    "no_prompt": Text(
        "Der Text{place} muss mit dem Prompt beginnen: {expected}. Er beginnt mit: {actual}.",
        "The text{place} must begin with the prompt: {expected}. It begins with: {actual}.",
    ),
    "uncounted": Text(
        "Erwartet: {expected}{place}. Erhalten: {actual}, also keine Wiederholung.",
        "Expected: {expected}{place}. Got: {actual}, which means no repetition.",
    ),
    "support": Text(
        "Erwartet{place}: ein Token, das die Einstellungen zulassen, eines von {expected}. "
        "Erhalten: {actual}.",
        "Expected{place}: a token that the settings allow, one of {expected}. Got: {actual}.",
    ),
    "distribution": Text(
        "Die Tokens sind nicht mit den richtigen Wahrscheinlichkeiten ausgelost. Erwartet: Die "
        "wahrscheinlichsten, die zusammen {expected} % ausmachen, kommen in etwa {expected} % "
        "der Fälle. Erhalten: in {actual} %.",
        "The tokens are not sampled with the right probabilities. Expected: the most likely "
        "tokens, which together have {expected}%, come up about {expected}% of the time. Got: "
        "{actual}%.",
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
        "Die Zeit für die ganze Abgabe, {actual} s, war um.",
        "The time for the whole submission, {actual} s, was over.",
    ),
    "idle": Text(
        "Zellen dieser Abgabe haben über {actual} s gewartet, ohne zu rechnen; der Rest "
        "lief nicht mehr.",
        "Cells of this submission waited for more than {actual} s without computing; the "
        "rest was not run.",
    ),
    "stuck": Text(
        "Diese Abgabe hat {actual}-mal so festgehangen, dass sie sich nicht unterbrechen ließ; der "
        "Rest lief nicht mehr.",
        "This submission hung {actual} times in a way that could not be interrupted; the rest was "
        "not run.",
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
    "early": Text("Die Antwort endet zu früh.", "The result ends too early."),
    "filled": Text(
        "Tokens, die wegfallen, haben nicht den Wert -inf.",
        "Dropped tokens do not have the value -inf.",
    ),
    "uncounted": Text("Wiederholungen werden nicht gezählt.", "Repetitions are not counted."),
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
    "no_prompt": Text(
        "Ein Text beginnt nicht mit dem Prompt.", "A text does not begin with the prompt."
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

# by a rule that holds for every exercise, see `explain`
GENERAL_RULES = {
    "varies": Text(
        "Derselbe Aufruf gibt jedes Mal etwas anderes zurück. Gefragt ist ein Ergebnis, das nicht "
        "vom Zufall abhängt.",
        "The same call returns something else each time. The result must not depend on chance.",
    ),
    "ignored": Text(
        "{name} wirkt hier nicht: Mit einem anderen Wert kommt dasselbe heraus. Benutzt die "
        "Funktion ihr Argument, oder statt seiner eine Variable des Notebooks?",
        "{name} has no effect here: another value gives the same result. Does the function use its "
        "argument, or a variable of the notebook instead?",
    ),
}
_OTHER_ARGUMENTS = Text(
    "Eine Funktion bekommt hier andere Argumente, als sie annimmt. Vergleichen Sie den Aufruf mit "
    "der Zeile, die mit def beginnt.",
    "A function gets other arguments here than it takes. Compare the call with the line that "
    "begins with def.",
)
# by a part of Python's message
ERRORS = {
    "NoneType": Text(
        "Hier wird mit None gerechnet. Fehlt in einer Ihrer Funktionen return?",
        "None is used as a value here. Is return missing in one of your functions?",
    ),
    "positional argument": _OTHER_ARGUMENTS,
    "keyword argument": _OTHER_ARGUMENTS,
}
