"""Sentences about lines that do nothing during grading, as a student reads them below the cell."""

from kischule.i18n import Text

SKIPPED = Text(
    "`{line}` wurde übersprungen: Beim Bewerten gibt es keine Shell und kein Netz. Ihre Zelle "
    "läuft weiter.",
    "`{line}` was skipped: there is no shell and no network during grading. Your cell goes on.",
)
FAILED = Text(
    "`{line}` wurde übersprungen: Das geht beim Bewerten nicht ({error}). Ihre Zelle läuft weiter.",
    "`{line}` was skipped: it does not work during grading ({error}). Your cell goes on.",
)
NO_INPUT = Text(
    "`{line}` gibt beim Bewerten einen leeren Text: Es ist niemand da, der etwas eintippt.",
    "`{line}` returns an empty text during grading: nobody is there to type anything.",
)
NO_DEBUGGER = Text(
    "`{line}` wurde übersprungen: Beim Bewerten gibt es keinen Debugger.",
    "`{line}` was skipped: there is no debugger during grading.",
)
NO_PRECHECK = Text(
    "`{line}` wurde übersprungen: Dieses Notebook wird gerade geprüft.",
    "`{line}` was skipped: this notebook is being checked right now.",
)
NO_GPU = Text(
    "`{line}` steht beim Bewerten für die CPU: Es gibt dort keine Grafikkarte.",
    "`{line}` stands for the CPU during grading: there is no graphics card.",
)
IN_FUNCTION = Text(
    "`{line}` tut beim Bewerten nichts. Löschen Sie die Zeile aus Ihrer Funktion.",
    "`{line}` does nothing during grading. Delete the line from your function.",
)
