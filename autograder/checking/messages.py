"""The words around a result's sentence: headline, points, call, hints."""

from kischule.i18n import Counted, Text

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
POINTS = Counted(
    Text("{points:g} von {count:g} Punkt", "{points:g} of {count:g} point"),
    Text("{points:g} von {count:g} Punkten", "{points:g} of {count:g} points"),
)
BONUS = Counted(
    Text("{points:g} von {count:g} Zusatzpunkt", "{points:g} of {count:g} bonus point"),
    Text("{points:g} von {count:g} Zusatzpunkten", "{points:g} of {count:g} bonus points"),
)
ALL_PASSED = Counted(
    Text("Das eine Beispiel ist bestanden.", "The one example passed."),
    Text("{count} von {count} Beispielen bestanden.", "{count} of {count} examples passed."),
)
SOME_PASSED = Text(
    "{passed} von {cases} Beispielen bestanden, dann:", "{passed} of {cases} examples passed, then:"
)
NONE_PASSED = Counted(
    Text("Das eine Beispiel ist nicht bestanden:", "The one example fails:"),
    Text(
        "Von {count} Beispielen ist schon das erste nicht bestanden:",
        "The first of {count} examples already fails:",
    ),
)
CALL = Text("Aufruf", "Call")
HIDDEN_CALL = Text("in einem neuen Fall", "in a hidden case")
INDEX_PLACE = Text(" an Stelle {place}", " at index {place}")
KEY_PLACE = Text(" bei {place}", " at {place}")
# of a model that the call trains, or whose calls are noted
WEIGHT_PLACE = Text(
    " im Gewicht {name}{index} von {model} nach dem Aufruf",
    " in the weight {name}{index} of {model} after the call",
)
STATE_PLACES = {
    "training": Text(
        " bei {model}.training nach dem Aufruf", " at {model}.training after the call"
    ),
    "with_gradients": Text(
        " auf die Frage, ob {model} mit Gradienten rechnete",
        " to the question if {model} computed with gradients",
    ),
    "calls": Text(" als Zahl der Aufrufe von {model}", " as the number of calls of {model}"),
    "tokens": Text(
        " als Zahl der Tokens, die Aufruf {index} von {model} bekommt (ab 0 gezählt)",
        " as the number of tokens that call {index} of {model} gets (counted from 0)",
    ),
    "cached": Text(
        " als Zahl der Tokens in past_key_values bei Aufruf {index} von {model} (ab 0 gezählt)",
        " as the number of tokens in past_key_values at call {index} of {model} (counted from 0)",
    ),
}
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
