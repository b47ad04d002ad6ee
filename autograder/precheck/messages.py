"""Sentences of `kischule check`: what to fix before submitting, and what to know."""

from kischule.i18n import Counted, Text

# kind of a finding -> its sentence; cell, other: places such as `[12] (top_tokens)`
FINDINGS = {
    "order": Text(
        "Zelle {cell} benutzt `{name}`, das erst in Zelle {other} entsteht. Das geht nur in einem "
        "Notebook, in dem jene Zelle schon gelaufen ist; verschieben Sie sie nach oben.",
        "Cell {cell} uses `{name}`, which is only defined in cell {other}. That works only in a "
        "notebook where that cell has already run; move it up.",
    ),
    "import": Text(
        "Zelle {cell} benutzt `{name}`, ohne es zu importieren. Schreiben Sie an ihren Anfang: "
        "{line}",
        "Cell {cell} uses `{name}` without importing it. Write at its top: {line}",
    ),
    "unknown": Text(
        "Zelle {cell} benutzt `{name}`, das nirgends entsteht.",
        "Cell {cell} uses `{name}`, which is never defined.",
    ),
    "similar": Text(
        "Zelle {cell} benutzt `{name}`, das nirgends entsteht. Meinen Sie `{close}`?",
        "Cell {cell} uses `{name}`, which is never defined. Did you mean `{close}`?",
    ),
    "lost": Text(
        "Zelle {cell} benutzt `{name}`. Das entsteht in einer Zelle der Vorlage, die in Ihrem "
        "Notebook fehlt ({other}); holen Sie sie zurück.",
        "Cell {cell} uses `{name}`, which a cell of the template defines. That cell is missing "
        "from your notebook ({other}); bring it back.",
    ),
    "raised": Text("Zelle {cell} bricht ab mit: {error}", "Cell {cell} raised {error}"),
    "given": Text(
        "Zelle {cell} der Vorlage bricht ab ({error}). Haben Sie vorher einen Namen geändert, den "
        "sie benutzt?",
        "Cell {cell} of the template fails ({error}). Did you change a name before that it uses?",
    ),
    "note": Text("Zelle {cell}: {note}", "Cell {cell}: {note}"),
    "slow": Text(
        "Zelle {cell} war nach {seconds} s noch nicht fertig. Endet Ihre Schleife?",
        "Cell {cell} had not finished after {seconds} s. Does your loop end?",
    ),
    "died": Text(
        "Zelle {cell} beendet den Kernel. Die übrigen Zellen liefen ohne sie.",
        "Cell {cell} ends the kernel. The other cells ran without it.",
    ),
    "died_later": Text(
        "Der Kernel endete bei Zelle {other} der Vorlage, wohl durch eine Zelle davor; die letzte "
        "von Ihnen ist {cell}.",
        "The kernel ended at cell {other} of the template, probably through an earlier cell; your "
        "last one before it is {cell}.",
    ),
    "no_kernel": Text(
        "Es ließ sich kein Kernel starten, oder er war gleich wieder weg. Läuft das Notebook in "
        "JupyterLab?",
        "No kernel could be started, or it ended at once. Does the notebook run in JupyterLab?",
    ),
    "beside": Text(
        "Zelle {cell} importiert `{name}` aus einer Datei neben dem Notebook. Abgegeben wird nur "
        "das Notebook: Kopieren Sie den Code in eine Zelle.",
        "Cell {cell} imports `{name}` from a file beside the notebook. Only the notebook is "
        "submitted: copy the code into a cell.",
    ),
    "another": Text(
        "{name} ist nicht das Notebook {release}: Von dessen Zellen mit Aufgaben und Prüfungen hat "
        "es {there} von {cells}. Nehmen Sie die Datei, die Sie bekommen haben.",
        "{name} is not the notebook {release}: of its cells with exercises and checks it has "
        "{there} of {cells}. Use the file that you were given.",
    ),
    "untouched": Text(
        "In {name} steht noch keine Lösung und kein Text. Ist es die richtige Datei? Speichern Sie "
        "Ihr Notebook, bevor Sie es prüfen.",
        "There is no solution and no text in {name} yet. Is it the right file? Save your notebook "
        "before you check it.",
    ),
    "missing": Text(
        "Die Zelle {name} fehlt. Bei der Bewertung zählt die leere Zelle der Vorlage; kopieren Sie "
        "Ihre Lösung in eine frische Vorlage.",
        "The cell {name} is missing. The template's empty cell will be graded instead; copy your "
        "solution into a fresh template.",
    ),
    "doubled": Text(
        "Die Zelle {name} ist mehrmals da, geteilt oder kopiert. Alle Teile laufen, in Ihrer "
        "Reihenfolge; was zuletzt definiert ist, zählt.",
        "There are several cells {name}, split or copied. All of them run, in your order; the "
        "last definition counts.",
    ),
    "moved": Text(
        "Was Sie zu {name} geschrieben haben, steht in einer anderen Zelle als der vorgesehenen. "
        "Es zählt.",
        "What you wrote for {name} is in another cell than the one provided. It counts.",
    ),
    "retyped": Text(
        "Die Zelle {name} hat einen anderen Typ als in der Vorlage (Code, Markdown, Raw). Bei der "
        "Bewertung und hier gilt der Typ der Vorlage.",
        "The cell {name} has another type than in the template (code, Markdown, raw). Grading, and "
        "this check, use the template's.",
    ),
    "stripped": Text(
        "Einigen Zellen fehlen Angaben, die ein anderes Programm entfernt hat. Sie wurden an ihrem "
        "Inhalt erkannt und zählen; bearbeiten Sie das Notebook besser in JupyterLab oder Colab.",
        "Some cells have lost information that another program removed. They were recognised by "
        "their content and count; it is safer to edit the notebook in JupyterLab or Colab.",
    ),
    "empty": Text("Zelle {cell}", "Cell {cell}"),
    "empty_part": Text("Zelle {cell}: {functions}", "Cell {cell}: {functions}"),
    "empty_text": Text("Ihr Text zu: {question} ({cell})", "Your text on: {question} ({cell})"),
    "empty_bonus": Text(
        "Zelle {cell} ist noch leer; das ist eine Zusatzaufgabe.",
        "Cell {cell} is still empty; it is a bonus exercise.",
    ),
    "builtin": Text(
        "Zelle {cell} gibt `{name}` eine neue Bedeutung. So heißt schon etwas in Python selbst, "
        "das es danach nicht mehr gibt; nehmen Sie einen anderen Namen.",
        "Cell {cell} redefines `{name}`. Python itself uses this name, and the original is gone "
        "afterwards; choose another one.",
    ),
    "imported": Text(
        "Zelle {cell} gibt `{name}` eine neue Bedeutung. So heißt schon etwas, das Zelle {other} "
        "importiert; nehmen Sie einen anderen Namen.",
        "Cell {cell} redefines `{name}`, which cell {other} imports; choose another name.",
    ),
    "model": Text(
        "Zelle {cell} legt `{name}` noch einmal an. Alle Zellen danach rechnen damit; die "
        "Prüfungen nehmen immer `mini`. Ist das so gedacht, bleibt nichts zu tun.",
        "Cell {cell} defines `{name}` again. All later cells use the new one; the checks always "
        "use `mini`. If that is what you want, there is nothing to do.",
    ),
    "again": Text(
        "`{name}` ist zweimal definiert, in Zelle {other} und in Zelle {cell}. Es gilt, was "
        "zuletzt lief; lassen Sie nur eine stehen.",
        "`{name}` is defined twice, in cell {other} and in cell {cell}. The one that ran last "
        "counts; keep only one.",
    ),
    "overwritten": Text(
        "Zelle {cell} gibt `{name}` einen anderen Wert. In Zelle {other} ist das eine Funktion, "
        "die es danach nicht mehr gibt; nehmen Sie einen anderen Namen.",
        "Cell {cell} assigns to `{name}`, a function defined in cell {other}, which is gone "
        "afterwards; choose another name.",
    ),
    "file": Text(
        "Neben dem Notebook liegt {file}. Python nimmt es anstelle des Moduls `{name}`; benennen "
        "Sie es um.",
        "The file {file} is in the notebook's folder. Python imports it instead of the module "
        "`{name}`; rename it.",
    ),
    "changed": Text(
        "Gesperrte Zellen sind geändert: {cells}. Bei der Bewertung und hier gelten die der "
        "Vorlage.",
        "Locked cells were changed: {cells}. Grading, and this check, use the template's.",
    ),
    "renamed": Text(
        "Die Datei heißt {file}. Lassen Sie {stem} in ihrem Namen, damit sie erkannt wird.",
        "The file is called {file}. Keep {stem} in its name so that it is recognised.",
    ),
}

NO_TEST = Text("Die Testzelle fehlt.", "The test cell is missing.")
GROUPS = {
    "fix": Text("Vor der Abgabe in Ordnung bringen:", "Fix before submitting:"),
    "empty": Text("Noch leer:", "Still empty:"),
    "hint": Text(
        "Hinweise, die keine Pflichtpunkte kosten:", "Hints that cost no required points:"
    ),
}
NUMBERS = Text(
    "[1], [2], …: die Zellen, wie „Kernel neu starten und alle Zellen ausführen“ sie zählt.",
    '[1], [2], …: cells as "Restart Kernel and Run All Cells" numbers them.',
)
# the table: its head, and what its cells say
TABLE_HEAD = (
    Text("Aufgabe", "exercise"),
    Text("Beispiele", "examples"),
    Text("bei der Bewertung", "when graded"),
)
BONUS_NAME = Text("{name} (Zusatz)", "{name} (bonus)")
REACHED = Text("{points:g} von {max_points:g}", "{points:g} of {max_points:g}")
UP_TO = Text("bis zu {points:g}", "up to {points:g}")
WORD_COUNT = Counted(Text("ein Wort", "one word"), Text("{count} Wörter", "{count} words"))
TOTAL = Text(
    "Für die Beispiele {points}. Bei der Bewertung sind bis zu {more:g} mehr möglich, für neue "
    "Fälle und Ihre Texte.",
    "{points} for the examples. Up to {more:g} more are possible when graded, for hidden cases and "
    "your texts.",
)
BONUS_TOTAL = Text("Dazu {points} für die Beispiele.", "In addition {points} for the examples.")
READY = Text("Bereit zur Abgabe.", "Ready to submit.")
BONUS_LEFT = Text(
    "Bereit zur Abgabe; offen sind nur Zusatzaufgaben: {exercises}.",
    "Ready to submit; only bonus exercises are left: {exercises}.",
)
NOT_READY = Text("Noch nicht bereit: {left}.", "Not ready yet: {left}.")
# what is left
LEFT = {
    "exercises": Counted(
        Text("eine Aufgabe ist nicht bestanden", "one exercise has not passed"),
        Text("{count} Aufgaben sind nicht bestanden", "{count} exercises have not passed"),
    ),
    "texts": Counted(
        Text("ein Text fehlt", "one text is missing"),
        Text("{count} Texte fehlen", "{count} texts are missing"),
    ),
    "places": Counted(
        Text("eine Stelle ist in Ordnung zu bringen", "one thing needs fixing"),
        Text("{count} Stellen sind in Ordnung zu bringen", "{count} things need fixing"),
    ),
}
