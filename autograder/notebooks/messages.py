"""Reasons why a file cannot be graded, and flags, as students and teachers read them."""

from autograder.notebooks.flags import Flag, FlagKind
from kischule.i18n import Text

# a file that cannot be read
CANNOT_READ = Text("ist nicht lesbar: {reason}", "cannot be read: {reason}")
CANNOT_OPEN = Text(
    "lässt sich nicht als Datei öffnen: {reason}", "cannot be opened as a file: {reason}"
)
NOT_REGULAR = Text("muss eine gewöhnliche Datei sein", "must be a regular file")
TOO_LARGE = Text(
    "darf nicht größer als {limit:,} Byte sein, war: {was:,}",
    "must not be larger than {limit:,} bytes, was: {was:,}",
)
OTHER_NOTEBOOKS = Text(
    "der Ordner muss {name} enthalten, war: {found}", "the folder must hold {name}, was: {found}"
)
NO_NOTEBOOK_THERE = Text("kein Notebook", "no notebook")
AT_INTAKE = Text("{error} beim Einlesen", "{error} at intake")

# bytes that are not JSON
EMPTY_FILE = Text(
    "die Datei ist leer und kein Notebook: in Jupyter speichern und noch einmal versuchen",
    "the file is empty, not a notebook: save it in Jupyter and try again",
)
NO_UTF = Text(
    "kein JSON: weder UTF-8 noch UTF-16: {detail}", "not JSON: neither UTF-8 nor UTF-16: {detail}"
)
NOT_JSON_AT = Text(
    "kein JSON ab Zeile {line}, Zeichen {column}: Die Datei ist beschädigt oder kein Notebook",
    "not JSON from line {line}, column {column}: the file is damaged or not a notebook",
)
NOT_JSON = Text("kein JSON: {detail}", "not JSON: {detail}")

# JSON that is not a notebook
NO_CELLS_KEY = Text(
    "JSON, aber kein Notebook: nbformat und cells fehlen",
    "JSON, but not a notebook: nbformat and cells are missing",
)
OTHER_NBFORMAT = Text(
    "JSON, aber kein Notebook: nbformat muss 1 bis 4 sein, war: {was}",
    "JSON, but not a notebook: nbformat must be 1 to 4, was: {was}",
)
METADATA = Text(
    "kein Notebook: metadata muss eine Zuordnung sein",
    "not a notebook: metadata must be a mapping",
)
NO_LIST_OF_CELLS = Text(
    "kein Notebook: cells muss eine Liste sein", "not a notebook: cells must be a list"
)
CELL_TEXT = Text(
    "kein Notebook: Zelle {number} hat keinen Text", "not a notebook: cell {number} has no text"
)
CELL_METADATA = Text(
    "kein Notebook: die Metadaten von Zelle {number} sind keine Zuordnung",
    "not a notebook: the metadata of cell {number} is not a mapping",
)
DEPTH = Text(
    "kein Notebook: darf nicht tiefer als {limit} Ebenen verschachtelt sein",
    "not a notebook: must not be nested deeper than {limit}",
)

# a notebook beyond the bounds
MANY_CELLS = Text(
    "darf nicht mehr als {limit:,} Zellen haben, war: {was:,}",
    "must not have more than {limit:,} cells, was: {was:,}",
)
MUCH_CODE = Text(
    "darf nicht mehr als {limit:,} Zeichen Code haben",
    "must not have more than {limit:,} characters of code",
)
MANY_OUTPUTS = Text(
    "Ausgaben dürfen nicht mehr als {limit:,} Teile haben",
    "outputs must not have more than {limit:,} parts",
)
LARGE_TEXT = Text(
    "darf ohne Ausgaben nicht größer als {limit:,} Byte sein",
    "must not be larger than {limit:,} bytes without outputs",
)
MANY_TEXTS = Text(
    "darf nicht mehr als {limit:,} Texte haben, war: {was:,}",
    "must not have more than {limit:,} texts, was: {was:,}",
)
MANY_PARTS = Text(
    "darf nicht mehr als {limit:,} Klammern und Kommas haben, war: {was:,}",
    "must not have more than {limit:,} brackets and commas, was: {was:,}",
)

CELLS_STRIPPED = Text("{count} Zellen", "{count} cells")
FLAG_WORDS = {
    FlagKind.MISSING: Text("fehlende Zelle", "missing"),
    FlagKind.DOUBLED: Text("mehrfache Zelle", "doubled"),
    FlagKind.MOVED: Text("in einer anderen Zelle", "in another cell"),
    FlagKind.RETYPED: Text("anderer Zelltyp", "another type"),
    FlagKind.STRIPPED: Text("ohne Metadaten", "without metadata"),
    FlagKind.OTHER_EDITION: Text("andere Sprachfassung", "another edition"),
    FlagKind.CHANGED: Text("gesperrte Zelle geändert", "changed"),
    FlagKind.RENAMED: Text("umbenannt", "renamed"),
    FlagKind.KERNEL_ENDED: Text("Kernel beendet", "kernel ended"),
    FlagKind.CHECK_FAILED: Text("Prüfung gescheitert", "check failed"),
    FlagKind.LATE: Text("verspätet", "late"),
    FlagKind.NO_TIME: Text("Abgabezeit ist kein Datum", "the time of submission is not a date"),
    FlagKind.NOT_READABLE: Text("nicht lesbar", "not readable"),
    FlagKind.NOT_GRADED: Text("nicht bewertet", "not graded"),
    FlagKind.NOT_STORED: Text("nicht im Notenbuch", "not in the gradebook"),
    FlagKind.NOT_PROTECTED: Text("ungeschützt", "not protected"),
    FlagKind.EARLIER_GRADE: Text("die frühere Note gilt", "the earlier grade stands"),
}


def flag_text(flag: Flag) -> Text:
    """A flag in both languages; in English as `str(flag)` has it."""
    kind, reason = FLAG_WORDS[flag.kind], flag.why
    return Text(flag.said(kind.de, reason.de), flag.said(kind.en, reason.en))
