"""Sentences beside the results on Gradescope."""

from autograder.notebooks.flags import FlagKind
from kischule.i18n import Counted, Text

SCORE_LINE = Counted(
    Text(
        "Automatisch bewertet: {points:g} von {count:g} Punkt.",
        "Graded automatically: {points:g} of {count:g} point.",
    ),
    Text(
        "Automatisch bewertet: {points:g} von {count:g} Punkten.",
        "Graded automatically: {points:g} of {count:g} points.",
    ),
)
BONUS_NOTE = Counted(
    Text("Darin enthalten: {count:g} Zusatzpunkt.", "Including {count:g} bonus point."),
    Text("Darin enthalten: {count:g} Zusatzpunkte.", "Including {count:g} bonus points."),
)
BY_HAND = Text(
    "Ihre Texte ({texts}) bewertet die Lehrkraft; was sie bringen, höchstens {points:g}, zählt "
    "hier noch nicht mit.",
    "Your texts ({texts}) are graded by the teacher; what they give, at most {points:g}, is not "
    "included yet.",
)
UNREADABLE = Text(
    "Diese Abgabe ließ sich nicht lesen und hat deshalb keine Punkte. Geben Sie das Notebook "
    "{notebook} ab, so wie JupyterLab oder Colab es speichert. Der Grund: {reason}",
    "This submission could not be read and so has no points. Submit the notebook {notebook} as "
    "JupyterLab or Colab saves it. The reason: {reason}",
)
FAILED = Text(
    "Die Bewertung selbst ist gescheitert. Das ist nicht Ihr Fehler, und Ihre Abgabe ist "
    "gespeichert. Bitte melden Sie es der Lehrkraft; sie kann die Bewertung wiederholen.",
    "Grading itself failed. This is not your mistake, and your submission is stored. Please tell "
    "your teacher, who can grade it again.",
)
CHECK_FAILED = Text(
    "Eine Prüfung ist gescheitert, und das ist nicht Ihr Fehler. Bitte melden Sie es.",
    "A check failed, and this is not your mistake. Please report it.",
)
OUT_OF_TIME = Text(
    "Eine Zelle oder die ganze Abgabe brauchte mehr Zeit, als erlaubt ist.",
    "A cell or the whole submission took more time than allowed.",
)
OUT_OF_MEMORY = Text(
    "Die Abgabe brauchte mehr Speicher, als erlaubt ist.",
    "The submission used more memory than allowed.",
)
# flags that a student can do something about
FLAG_SENTENCES = {
    FlagKind.MISSING: Text(
        "Es fehlen Zellen, und die leeren der Vorlage zählen: {cells}.",
        "Cells are missing, and the template's empty ones count instead: {cells}.",
    ),
    FlagKind.DOUBLED: Text(
        "Zellen kommen mehrmals vor, geteilt oder kopiert; alle laufen, und die letzte Definition "
        "zählt: {cells}.",
        "Some cells are there several times, split or copied; all of them run, and the last "
        "definition counts: {cells}.",
    ),
    FlagKind.CHANGED: Text(
        "Gesperrte Zellen wurden geändert, und die der Vorlage zählen: {cells}.",
        "Locked cells were changed, and the template's count instead: {cells}.",
    ),
    FlagKind.RENAMED: Text(
        "Das Notebook heißt anders als die Vorlage: {cells}. Es zählt trotzdem.",
        "The notebook does not have the template's name: {cells}. It counts all the same.",
    ),
}
