"""Sentences of a student's page."""

from kischule.i18n import Counted, Text

TITLE = Text("Rückmeldung zu {notebook}", "Feedback on {notebook}")
SCORE = Counted(
    Text("{points:g} von {count:g} Punkt", "{points:g} of {count:g} point"),
    Text("{points:g} von {count:g} Punkten", "{points:g} of {count:g} points"),
)
BONUS_PART = Text("davon {count:g} aus Zusatzaufgaben", "including {count:g} from bonus exercises")
LATE = Counted(
    Text(
        "{count:g} Punkt Abzug wegen später Abgabe, schon eingerechnet",
        "{count:g} point deducted for late submission, already included",
    ),
    Text(
        "{count:g} Punkte Abzug wegen später Abgabe, schon eingerechnet",
        "{count:g} points deducted for late submission, already included",
    ),
)
DROPPED = Text(
    "Die Aufgabe {name} zählt für niemanden. Ihre Punkte sind auch aus den möglichen "
    "herausgenommen. Der Grund: {reason}",
    "The exercise {name} counts for nobody. Its points are no longer among the possible ones "
    "either. The reason: {reason}",
)
GIVEN = Text(
    "Für die Aufgabe {name} bekommen alle die volle Punktzahl. Der Grund: {reason}",
    "Everybody gets full points for the exercise {name}. The reason: {reason}",
)
WAITING = Counted(
    Text(
        "Bis zu {count:g} Punkt kommt noch dazu, wenn Ihre Antworten gelesen sind.",
        "Up to {count:g} point may be added once your answers have been read.",
    ),
    Text(
        "Bis zu {count:g} Punkte kommen noch dazu, wenn Ihre Antworten gelesen sind.",
        "Up to {count:g} points may be added once your answers have been read.",
    ),
)
# of the exercises that are no bonus, by their number
ALL_SOLVED = Counted(
    Text("Die Aufgabe mit Code ist gelöst", "The coding exercise is solved"),
    Text("Alle {count} Aufgaben mit Code sind gelöst", "All {count} coding exercises are solved"),
)
# by the number of those that are solved
SOME_SOLVED = Counted(
    Text(
        "Eine von {total} Aufgaben mit Code ist gelöst",
        "One of {total} coding exercises is solved",
    ),
    Text(
        "{count} von {total} Aufgaben mit Code sind gelöst",
        "{count} of {total} coding exercises are solved",
    ),
)
AND_BONUS = Counted(
    Text("{solved}, dazu eine Zusatzaufgabe", "{solved}, and one bonus exercise"),
    Text("{solved}, dazu {count} Zusatzaufgaben", "{solved}, and {count} bonus exercises"),
)
NONE_SOLVED = Text(
    "Noch ist keine Aufgabe ganz gelöst. Der erste Schritt steht gleich darunter.",
    "No exercise is fully solved yet. The first step is right below.",
)
NOTHING_WRITTEN = Text(
    "In dieser Datei steht noch keine Lösung. Ist es die richtige Datei? Prüfen Sie, ob Sie Ihr "
    "Notebook vor der Abgabe gespeichert haben.",
    "There is no solution in this file yet. Is it the right file? Check that you saved your "
    "notebook before you submitted it.",
)
FIGURES = Text.same("{points:g}/{max_points:g}")
ONLY_EXAMPLES = Text(
    "Ihre Funktion stimmt bei den Beispielen, aber nicht bei neuen Fällen.",
    "Your function is right on the examples, but not on hidden cases.",
)

# words and sentences that the template takes by their key; those of STATES are CSS classes as well
WORDS = {
    "well": Text("Das ist gelungen", "What went well"),
    "next": Text("Das ist als Nächstes dran", "What to do next"),
    "nothing_next": Text("Hier ist nichts mehr zu tun.", "There is nothing left to do."),
    "exercises": Text("Aufgabe für Aufgabe", "Exercise by exercise"),
    "answers": Text("Ihre Beobachtungen", "Your observations"),
    "plain": Text("Einfache Testzellen", "Plain test cells"),
    "comment": Text("Kommentar", "Comment"),
    "notebook": Text("Ihr Notebook", "Your notebook"),
    "to_cell": Text("zur Zelle", "to the cell"),
    "exercise": Text("Aufgabe", "Exercise"),
    "state": Text("Stand", "Status"),
    "score": Text("Punkte", "Points"),
    # states of an exercise or an answer
    "solved": Text("gelöst", "solved"),
    "partly": Text("zum Teil gelöst", "partly solved"),
    "open": Text("noch nicht gelöst", "not solved yet"),
    "empty": Text("noch leer", "still empty"),
    "skipped": Text("nicht bewertet", "not graded"),
    "waits": Text("wird noch gelesen", "waiting to be read"),
}

# pictures of a mistake
EXPECTED = Text("richtig", "expected")
ACTUAL = Text("Ihre Funktion", "your function")
OF_SUBMISSION = Text("eine Abgabe", "a submission")  # on a slide
CUT_NOTE = Text(
    "Wahrscheinlichkeit der Tokens nach dem Abschneiden",
    "Probability of the tokens after the cut",
)
SAMPLED_CAPTION = Text("Wie oft jedes Token ausgelost wird", "How often each token is sampled")
TOKEN = Text(
    "Token {label}: {expected} {share:.0%}, {actual} {yours:.0%}",
    "token {label}: {expected} {share:.0%}, {actual} {yours:.0%}",
)
FORBIDDEN = Text("verboten", "forbidden")
