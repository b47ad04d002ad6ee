"""Sentences of imports and exports, and beside the results on Gradescope."""

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

# files of an archive
OF_FILE = Text.same("{path}: {reason}")
NO_ARCHIVE = Text(
    "muss eine zip-Datei oder ein Ordner sein, {path}: {reason}",
    "must be a zip file or a folder, {path}: {reason}",
)
MANY_FILES = Text(
    "darf höchstens {limit:,} Dateien enthalten, enthält: {was:,}",
    "must hold at most {limit:,} files, holds: {was:,}",
)
TOO_MUCH = Text(
    "alle Dateien zusammen dürfen nicht größer als {limit:,} Byte sein",
    "all files together must not exceed {limit:,} bytes",
)
LARGE_FILE = Text(
    "darf nicht größer als {limit:,} Byte sein, ist: {size:,}",
    "must not be larger than {limit:,} bytes, is: {size:,}",
)
CONTROL_CHARACTERS = Text("der Name hat Steuerzeichen", "the name has control characters")
ABSOLUTE = Text("der Pfad ist absolut", "the path is absolute")
LEADS_OUT = Text("der Pfad führt aus dem Archiv hinaus", "the path leads out of the archive")
NO_NAME = Text("der Name ist leer", "the name is empty")
LINK = Text("es ist ein Verweis oder ein Gerät", "it is a link or a device")
ENCRYPTED = Text("die Datei ist verschlüsselt", "it is encrypted")
OTHER_CODE_PAGE = Text(
    "{count} Namen sind nicht in UTF-8 und wurden als {page} gelesen: {example}",
    "{count} names are not in UTF-8 and were read as {page}: {example}",
)

# an import's lines
IMPORTED = Text(
    "{new} neu, {replaced} durch eine neuere Abgabe ersetzt, {unchanged} wie zuvor, {refused} "
    "abgelehnt, {aside} beiseitegelegt",
    "{new} new, {replaced} replaced by a newer submission, {unchanged} as before, {refused} "
    "refused, {aside} left aside",
)
NO_STUDENT = Text(
    "keine Abgabe, es ist kein Name zu erkennen", "not a submission, no student is named"
)
NOT_A_NOTEBOOK = Text("kein Notebook", "not a notebook")
NEWEST_BROKEN = Text(
    "{student}: das neueste Notebook ist nicht lesbar: {path}: {why}",
    "{student}: the newest notebook cannot be read: {path}: {why}",
)
UNLIKE = Text("heißt wie keines von {names}", "is called like none of {names}")
NO_FILE_FOR = Text("{student}: keine Datei für {name}", "{student}: no file for {name}")
LEFT_ASIDE = Text("beiseitegelegt, es gilt {chosen}", "left aside for {chosen}")
OTHER_ASIDE = Text(
    "kein Notebook, beiseitegelegt, es gilt {chosen}", "not a notebook, left aside for {chosen}"
)
TAKE_ANOTHER = Text(
    "{student}: um eine andere Datei als {name} zu nehmen: --prefer NAME",
    "{student}: to take another one than {name}: --prefer NAME",
)
KEEPS_EARLIER = Text(
    "{why}; {student} behält die frühere Abgabe", "{why}; {student} keeps the earlier submission"
)
OLDER_FILE = Text(
    "älter als das, was {student} in submitted/ hat",
    "older than what {student} has in submitted/",
)
KEEPS_PREFERRED = Text(
    "{student} behält die mit --prefer gewählte Datei",
    "{student} keeps the one that --prefer took",
)
REPLACED_LINE = Text("ersetzt: {who}, {times}: {path}", "replaced: {who}, {times}: {path}")
TAKEN_AS = Text("übernommen als {name}", "taken as {name}")
CALLED = Text(
    "{who}: heißt hier {student}, denn {name} ist nicht eindeutig",
    "{who}: called {student}, since {name} is not theirs alone",
)
NO_KEY_FILE = Text(
    "Die Schlüsseldatei der Pseudonyme fehlt: {path}",
    "the key file of the pseudonyms is not there: {path}",
)
OTHER_KEY_FILE = Text(
    "Der Kurs hat schon eine Schlüsseldatei: {path}", "the course has a key file already: {path}"
)
NAMES_ALREADY = Text(
    "Der Kurs hat schon Namen; Pseudonyme gehen nur von der ersten Einfuhr an",
    "the course has names already; pseudonyms must begin with the first import",
)
KEY_IS_AT = Text(
    "Namen, Adressen und Anmeldenamen stehen nur in {path}: nicht weitergeben, und sichern",
    "names, addresses and logins are in {path} alone: keep it to yourself, and keep a copy",
)
NAMED_INSIDE = Text(
    "{student}: Die Datei selbst nennt diese Person; sie bleibt, wie sie abgegeben wurde",
    "{student}: the file itself names this person; it stays as it was submitted",
)
BROKEN_PEOPLE = Text(
    "{path} ist nicht lesbar: {reason}; die Datei wegräumen und neu importieren",
    "{path} cannot be read: {reason}; move it away and import anew",
)

NO_IMPORT = Text(
    "für {assignment} ist keine Kennung aus {system} bekannt; importieren Sie zuerst Abgaben: "
    "`kischule import {system} FILE {assignment}`",
    "no student's {system} id is known for {assignment}; import submissions first: "
    "`kischule import {system} FILE {assignment}`",
)

# an import from a folder
ONE_STUDENTS = Text(
    "{name}: als Dateien einer Person genommen: {files}",
    "{name}: taken as one student's: {files}",
)
STUDENTS_FOLDER = Text(
    "{place}: als Ordner mehrerer Personen genommen: {names}",
    "{place}: taken as a folder of students: {names}",
)
WHOSE_FOLDER = Text(
    "{place}: der Ordner einer Person, oder ein Ordner mit {names}? Sagen Sie es mit --pattern",
    "{place}: a student's folder, or a folder of the students {names}? Say it with --pattern",
)
SEVERAL_IN_ZIP = Text(
    "{place}: enthält Dateien mehrerer Personen ({names})? Importieren Sie es einzeln",
    "{place}: holds files of several students ({names})? Import it by itself",
)
NO_EXPRESSION = Text(
    "das Muster ist kein regulärer Ausdruck: {reason}: {pattern!r}",
    "the pattern is no regular expression: {reason}: {pattern!r}",
)
NO_GROUP = Text(
    "das Muster muss eine Gruppe (?P<student>…) haben, war: {pattern!r}",
    "the pattern must have a group (?P<student>…), was: {pattern!r}",
)
NO_ZONE = Text(
    "c.Kischule.timezone muss eine Zeitzone wie {example!r} sein, war: {was!r}",
    "c.Kischule.timezone must be a zone such as {example!r}, was: {was!r}",
)
NO_OPTION = Text(
    "{option} ist für {users}, nicht für {system}", "{option} is for {users}, not for {system}"
)

# tables
NO_COLUMN = Text(
    "{name}: es muss eine Spalte {wanted} geben, die Spalten sind: {columns}",
    "{name}: there must be a column {wanted}, the columns are: {columns}",
)
NO_CSV = Text("{name}: keine CSV-Datei: {reason}", "{name}: not a CSV file: {reason}")
NO_HEAD = Text(
    "{name}: eine Tabelle muss einen Kopf mit mindestens zwei Spalten haben",
    "{name}: a table must have a head of at least two columns",
)
WIDE_ROW = Text(
    "{name}: Zeile {number} hat {cells} Zellen, der Kopf {wide}",
    "{name}: row {number} has {cells} cells, the head {wide}",
)
EMPTY_ROSTER = Text("{file}: niemand steht in der Liste", "{file}: nobody is in the list")
NO_NAME_COLUMN = Text(
    "{name}: eine Namensliste muss eine Spalte Name haben, oder Nachname und Vorname, war: "
    "{columns}",
    "{name}: a list of names must have a column Name, or Nachname and Vorname, was: {columns}",
)

# Moodle's worksheet
WORKSHEET_KEPT = Text(
    "{name}: als Bewertungstabelle aufgehoben", "{name}: kept as the grading worksheet"
)
NO_WORKSHEET = Text(
    "Moodles Punkte kommen in seine Bewertungstabelle: Laden Sie sie herunter (Aufgabe, "
    "„Bewertungstabelle herunterladen“) und nennen Sie sie mit --table DATEI",
    "Moodle's grades go into its grading worksheet: download it (assignment, "
    '"Download grading worksheet") and give it with --table FILE',
)
NO_NUMBERS = Text(
    "{name}: die erste Spalte muss die Nummern der Teilnehmenden enthalten, war: {was!r}",
    "{name}: the first column must hold participants' numbers, was: {was!r}",
)
NOT_CHANGEABLE = Text(
    "{who}: Moodle lässt diese Bewertung nicht ändern",
    "{who}: Moodle does not let this grade be changed",
)
ABOVE_MAXIMUM = Text(
    "{who}: {points:g} Punkte sind mehr als Moodles Bestwertung {maximum:g}, die eingetragen wird",
    "{who}: {points:g} points exceed Moodle's maximum {maximum:g}, which is entered",
)
NOT_IN_WORKSHEET = Text(
    "nicht in der Bewertungstabelle: Teilnehmende {numbers}",
    "not in the worksheet: participants {numbers}",
)
NO_MAXIMUM = Text(
    "{name}: die Bestwertung muss eine Punktzahl sein, war: {was!r}; stellen Sie in Moodle den "
    "Bewertungstyp der Aufgabe auf Punkte",
    "{name}: the maximum must be a number of points, was: {was!r}; set the assignment's grade "
    "type to points in Moodle",
)
OTHER_MAXIMUM = Text(
    "{name}: die Bestwertung muss wie in der Aufgabe {points:g} sein, war: {was}; ändern "
    "Sie sie in Moodle, oder rechnen Sie mit --scale um",
    "{name}: the maximum must be the assignment's {points:g}, was: {was}; set it in "
    "Moodle, or let points be converted with --scale",
)
WORKSHEETS = Text(
    "neben dem Archiv liegen mehrere Bewertungstabellen ({names}): wählen Sie mit --table",
    "several worksheets are beside the archive ({names}): choose with --table",
)

# Canvas
NOT_IN_CANVAS = Text(
    "nicht in der Notenübersicht von Canvas: {student}", "not in Canvas's gradebook: {student}"
)
CANVAS_COLUMN = Text(
    "{name}: eine Spalte muss mit {assignment!r} beginnen, es sind: {columns}",
    "{name}: one column must begin with {assignment!r}, do: {columns}",
)
UNSURE = Text(
    "{name} in Canvas bekommt keine Punkte: nicht sicher, ob {students} gemeint ist",
    "{name} in Canvas has no grade: not sure to be {students}",
)

# Classroom 50
NO_DOWNLOAD = Text(
    "--table muss der Ordner sein, den `gh teacher download` ohne --by-pattern angelegt hat: von "
    "dort kommen Commit und Tag jeder Abgabe",
    "--table must be the folder that `gh teacher download` made without --by-pattern: the commit "
    "and the tag of each submission are from there",
)
NO_CLONE = Text(
    "zu diesem Namen gehört nicht genau ein Klon mit einem veröffentlichten Ergebnis",
    "not exactly one clone with a published result belongs to this name",
)
OTHER_COMMIT = Text(
    "zu dem Commit, den {clone} zeigt ({commit}), gibt es keine Abgabe",
    "no submission is of the commit that {clone} shows ({commit})",
)
UNKNOWN_HEAD = Text("unbekannt", "unknown")
OTHER_NOTEBOOK = Text(
    "in {clone} liegt ein anderes Notebook als das abgegebene; importieren Sie den Ordner und "
    "bewerten Sie neu",
    "the notebook in {clone} is not the submitted one; import the folder, and grade again",
)
GRADE_FIRST = Text("seit der Bewertung neu abgegeben", "submitted again since the grading")
NOT_FOR_CLASSROOM = Text(
    "{notes}für Classroom 50 nicht geschrieben, ohne bekannten Commit ({count}):\n{lines}",
    "{notes}not written for Classroom 50, without a known commit ({count}):\n{lines}",
)
WHOLE_POINTS = Text(
    "Classroom 50 zählt ganze Punkte: jeder zählt dort {unit}-fach",
    "Classroom 50 counts whole points: each counts {unit} times there",
)
CAPPED = Text(
    "{who}: die Summe {points:g} ist auf {maximum:g} gekürzt, mehr nimmt Classroom 50 nicht",
    "{who}: the total of {points:g} is cut to {maximum:g}, Classroom 50 takes no more",
)
STILL_WAITS = Text(
    "Die Lehrkraft hat diese Antwort noch nicht bewertet.",
    "The teacher has not graded this answer yet.",
)

# before an export
SOME = Text("{names} … (insgesamt {count})", "{names} … ({count} in all)")
SUBMITTED_LATE = Text("verspätet abgegeben: {names}", "submitted late: {names}")
NO_GRADE = Text("keine Punkte, {reason}: {names}", "no grade, {reason}: {names}")
AGAIN_SINCE = Text(
    "seit der Bewertung neu abgegeben: {names}: `kischule grade {assignment}`",
    "submitted again since the grading: {names}: `kischule grade {assignment}`",
)
OLDER = Text(
    "nach einer älteren Fassung bewertet: {names}: `kischule grade {assignment}` bewertet sie neu",
    "graded by an older release: {names}: `kischule grade {assignment}` grades them anew",
)
ANSWERS_WAIT = Text(
    "Antworten warten auf Ihre Punkte: {names}", "answers wait for your points: {names}"
)
NO_PAGES = Text(
    "keine Seite mit Rückmeldung: {names}: `kischule feedback {assignment}`",
    "no feedback page: {names}: `kischule feedback {assignment}`",
)

# `kischule forget`
NOTHING_STORED = Text(
    "über {name!r} ist in {course} nichts gespeichert",
    "nothing is stored about {name!r} in {course}",
)
HAND_GIVEN = Text(
    "{student}, {assignment}: {text} für {cell}", "{student}, {assignment}: {text} for {cell}"
)
DELETED = Text("{path}: gelöscht", "{path}: deleted")
ENTRIES_OUT = Counted(
    Text("{path}: ein Eintrag entfernt", "{path}: one entry taken out"),
    Text("{path}: {count} Einträge entfernt", "{path}: {count} entries taken out"),
)
ROWS_OUT = Counted(
    Text("{path}: eine Zeile entfernt", "{path}: one row taken out"),
    Text("{path}: {count} Zeilen entfernt", "{path}: {count} rows taken out"),
)
