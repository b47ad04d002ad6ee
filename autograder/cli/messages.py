"""Sentences and heads of tables of the command, as a teacher reads them."""

from kischule.i18n import Counted, Text

# any command
ERROR = Text.same("kischule: {error}")
WARNING = Text("kischule: Warnung: {text}", "kischule: warning: {text}")
NEEDS_NBGRADER = Text(
    "dieser Befehl braucht nbgrader: pip install 'kischule[teacher]'",
    "this command needs nbgrader: pip install 'kischule[teacher]'",
)
STOPPED = Text("abgebrochen", "stopped")
GRADING_STOPPED = Text(
    "angehalten; was bewertet wurde, bleibt, und derselbe Befehl macht von dort weiter",
    "stopped; what was graded is kept, the same command goes on from there",
)
CANNOT_WRITE = Text(
    "{path} lässt sich nicht schreiben: {reason}", "{path} cannot be written: {reason}"
)
NO_FILE_NAME = Text(
    "Ergebnisse brauchen den Namen einer Datei, war: {was!r}",
    "results need a file's name, was: {was!r}",
)
NO_FOLDER = Text("den Ordner von {name} gibt es nicht", "the folder of {name} does not exist")

FILE_REASON = Text.same("{path}: {reason}")

# grade: progress
GRADING = Text("{assignment} in {course} wird bewertet", "grading {assignment} in {course}")
PACE = Text(
    "{pace:.1f} in der Minute, noch {left}",
    "{pace:.1f} a minute, {left} left",
)
NO_PACE = Text("0 in der Minute", "0 a minute")
SLOWEST = Text("am längsten: {student}, {duration}", "slowest: {student}, {duration}")
FAILED_COUNT = Text("{count} gescheitert", "{count} failed")
TO_BE_WRITTEN = Counted(
    Text(
        "alle bewertet; {count} Eintrag im Notenbuch ist noch zu prüfen oder zu schreiben",
        "all graded; {count} gradebook entry still has to be checked or written",
    ),
    Text(
        "alle bewertet; {count} Einträge im Notenbuch sind noch zu prüfen oder zu schreiben",
        "all graded; {count} gradebook entries still have to be checked or written",
    ),
)
KNOWN_ALREADY = Text(
    "{known} von {total} waren schon bewertet", "{known} of {total} were graded already"
)
OF_POINTS = Text.same("{points:g}/{possible:g}")
GRADED_ROW = Text.same("[{done}/{total}] {student}: {status}, {points}, {seconds:g} s")

# grade: the table and what follows it
GRADE_HEADS = (
    Text("Name", "student"),
    Text("Stand", "status"),
    Text("Punkte", "points"),
    Text("wartet", "waiting"),
    Text("nicht bestanden", "not passed"),
)
ABSENT_STATE = Text("fehlt", "absent")
LEVEL_WORDS = {
    "public": Text("öffentlich", "public"),
    "hidden": Text("verdeckt", "hidden"),
    "manual": Text("von Hand", "manual"),
    "plain": Text("einfach", "plain"),
}
TEST_WORDS = {
    "test_": Text("öffentliche Tests", "public tests"),
    "hidden_": Text("verdeckte Tests", "hidden tests"),
}
FLAGS_BRIEF = Text("Anmerkungen, gekürzt (--verbose: alle):", "Flags, in brief (--verbose: all):")
FLAGS_ALL = Text("Anmerkungen:", "Flags:")
MORE_NOTES = Text("… (insgesamt {count})", "… ({count} in all)")
COULD_NOT = Text(
    "{count} von {total} ließen sich nicht bewerten:", "{count} of {total} could not be graded:"
)
RUN_STOPPED = Text(
    "kischule: angehalten: {reason}; was bewertet wurde, bleibt, und derselbe Befehl macht von "
    "dort weiter",
    "kischule: stopped: {reason}; what was graded is kept, the same command goes on from there",
)
DASK_ONLY = Text(
    "--scheduler gehört zu Dask: dazu muss --engine dask stehen",
    "--scheduler is Dask's: it needs --engine dask",
)

# import
REFUSED = Text("abgelehnt: {line}", "refused: {line}")
IN_DOUBT = Text("unsicher: {line}", "in doubt: {line}")
NOT_GRADABLE = Text("nicht bewertbar: {line}", "not gradable: {line}")

# adjust
NO_REASON = Text(
    "eine Anpassung braucht --reason TEXT, für das Protokoll",
    "an adjustment needs --reason TEXT, for the log",
)
NO_HOURS = Text(
    "--extend braucht --hours, von 0 bis {limit:g}, war: {was}",
    "--extend needs --hours, from 0 to {limit:g}, was: {was}",
)
EXTENSION_WAITS = Text(
    "{student}: die Verlängerung wartet auf einen Abgabetermin und eine bewertete Abgabe",
    "{student}: the extension waits for a due date and a graded submission",
)
CHANGED_HEADS = (Text("Name", "student"), Text("vorher", "before"), Text("jetzt", "now"))
NO_POINTS_CHANGED = Text("bei niemandem ändern sich Punkte", "nobody's points changed")

# release
STALE = Text("veraltet: {path}", "stale: {path}")
FRESH = Text("aktuell: {path}", "fresh: {path}")
JUDGED_NOW = Text(
    "{changes}; `kischule grade` bewertet nach den Aufgaben, wie sie jetzt sind",
    "{changes}; `kischule grade` judges by the exercises as they are now",
)
NOTHING_HALF = Text(
    "{place}{reason}: nichts ist halb getan, den Befehl wiederholen",
    "{place}{reason}: nothing is half done, repeat the command",
)
UNCHANGED = Text("nichts ist geändert", "nothing is changed")
AGAIN = Text(
    "neu bewertet von `kischule grade {assignment}`",
    "graded anew by `kischule grade {assignment}`",
)
OLDER_GRADED = Counted(
    Text(
        "{count} bewertete Abgabe, nach einer älteren Fassung: {again}",
        "{count} graded submission, of an older release: {again}",
    ),
    Text(
        "{count} bewertete Abgaben, nach einer älteren Fassung: {again}",
        "{count} graded submissions, of an older release: {again}",
    ),
)
CELL_HEADS = (
    Text("Zelle", "cell"),
    Text("im Notenbuch", "in the gradebook"),
    Text("in der Quelle", "in the source"),
)
EFFECT_HEADS = (Text("Name", "student"), Text("jetzt", "now"), Text("danach", "then"))
KEEPS_ALL = Text("behält alles, was von Hand gegeben wurde", "keeps all that was given by hand")
KEEPS_POINTS = Text(
    "behält die Punkte: keine Datei unter submitted",
    "keeps its points: no file under submitted",
)
NO_BACKUP = Text(
    "Das Notenbuch liegt nicht in einer Datei: Sichern Sie es selbst.",
    "The gradebook is not in a file: make a backup of it yourself.",
)
BACKUP = Text("Eine Sicherung kommt nach {path}", "A backup will be {path}")
REPEAT_WITH_YES = Counted(
    Text(
        "das ändert das Notenbuch bei {count} Abgabe: mit --yes wiederholen",
        "this changes the gradebook of {count} submission: repeat with --yes",
    ),
    Text(
        "das ändert das Notenbuch bei {count} Abgaben: mit --yes wiederholen",
        "this changes the gradebook of {count} submissions: repeat with --yes",
    ),
)
ASK_TO_RELEASE = Text(
    "Vorlage und Notenbuch ändern? [j/N] ", "Change the release and the gradebook? [y/N] "
)
YES = ("y", "yes", "j", "ja")

# verify
VERIFY_HEADS = (
    Text("Aufgabe", "exercise"),
    Text("Muster besteht", "reference passes"),
    Text("leere Zelle fällt durch", "skeleton fails"),
    Text("falsche erkannt", "wrong caught"),
    Text("richtige", "correct"),
    Text.same("s"),
)
TOLD_HEADS = (
    Text("Hinweise zu falschen Lösungen", "told about wrong solutions"),
    Text("benannt", "named"),
    Text("allgemein", "general hint"),
    Text("falsch", "false"),
    Text("Genauigkeit", "precision"),
    Text("Vollständigkeit", "recall"),
)
ALL = Text("alle", "all")
MAKING = Text(
    "{exercise}: die erwarteten Antworten von {model} werden berechnet, einmal",
    "{exercise}: making the expected replies of {model}, once",
)
OK = Text("{exercise}: in Ordnung, {seconds:g} s", "{exercise}: ok, {seconds:g} s")
PROBLEMS = Counted(
    Text(
        "{exercise}: {count} Problem, {seconds:g} s", "{exercise}: {count} problem, {seconds:g} s"
    ),
    Text(
        "{exercise}: {count} Probleme, {seconds:g} s", "{exercise}: {count} problems, {seconds:g} s"
    ),
)
NOT_YET = Text(
    "{name}: noch nicht im Notebook von {assignment}; noch zu tun: {steps}",
    "{name}: not yet in the notebook of {assignment}; still to do: {steps}",
)
TOO_LOW = Text(
    "✗ die Genauigkeit muss mindestens {precision:.0%} sein, die Vollständigkeit {recall:.0%}, "
    "war: {was_precision:.1%} und {was_recall:.1%}",
    "✗ precision must be at least {precision:.0%} and recall {recall:.0%}, was: "
    "{was_precision:.1%} and {was_recall:.1%}",
)
NO_EXERCISE = Text(
    "es gibt keine Aufgabe {name!r}; es gibt: {known}",
    "there is no exercise {name!r}; there are: {known}",
)

# new
NO_COURSE = Text(
    "--course muss ein Ordner sein, war: {was}", "--course must be a folder, was: {was}"
)
WHOSE_SIGNATURE = Text(
    "--signature gehört zu einer Aufgabe: auch deren Namen nennen",
    "--signature is an exercise's: name the exercise as well",
)
NOTHING_CHANGED = Text(
    "{path}: {reason}: nichts ist geändert", "{path}: {reason}: nothing is changed"
)
EDIT = Text(
    "bearbeiten Sie sie, dann `kischule verify {names}`",
    "edit them, then run `kischule verify {names}`",
)
NO_COURSE_NAME = Text(
    "`kischule new course DIR` braucht den Namen eines leeren oder neuen Ordners",
    "`kischule new course DIR` needs the name of an empty or new folder",
)

# check
NEEDS_PACKAGE = Text(
    "ein Notebook zu prüfen braucht {package}: pip install 'kischule[notebook]'",
    "checking a notebook needs {package}: pip install 'kischule[notebook]'",
)

WATCHING = Text(
    "Nach dem nächsten Speichern wird wieder geprüft. Beenden: Strg+C.",
    "The next save is checked again. To stop: Ctrl+C.",
)

# demo
DEMO_FOLDER = Text(
    "der Ordner für den Beispielkurs muss leer sein, war: {was}",
    "the folder for the demo must be empty, was: {was}",
)
DEMO_COURSE = Text("1. ein Kurs in {root}", "1. a course in {root}")
DEMO_RELEASE = Text(
    "2. die Vorlage: Musterlösungen erhalten alle Punkte, das leere Notebook keine",
    "2. the release: reference solutions get all points, the empty notebook none",
)
DEMO_SUBMISSIONS = Text("3. {count} Abgaben", "3. {count} submissions")
DEMO_NO_SANDBOX = Text(
    "   {reason}; die Vorführung läuft ohne Sandbox", "   {reason}; the demo does without one"
)
DEMO_GRADES = Text(
    "4. Punkte: Zellen in einer Sandbox, Prüfungen außerhalb, Ergebnisse in nbgraders Notenbuch",
    "4. grades: cells in a sandbox, checks outside of it, scores in nbgrader's gradebook",
)
DEMO_PAGES = Text(
    "5. eine Seite für jede Schülerin und jeden Schüler, und eine der Klasse",
    "5. a page for each student, and one of the class",
)
DEMO_SIZE = Text(
    "   {count} Seiten und {report}, {size:.1f} MB in {root}",
    "   {count} pages and {report}, {size:.1f} MB in {root}",
)

# grade: below the table
REUSED = Text(
    "unverändert seit der vorigen Abgabe, daher nicht noch einmal ausgeführt: {names}",
    "unchanged since the file before, so not run again: {names}",
)

# grade: the last line
ISOLATION_LINE = Text("Isolation: {tiers}", "isolation: {tiers}")

# forget
BY_HAND_LOST = Text("von Hand vergeben, und damit verloren:", "given by hand, and lost with it:")
NOTHING_OLD = Text("so alt ist nichts", "nothing is that old")
NOTHING_DELETED = Text("nichts ist gelöscht", "nothing is deleted")
DELETE_REST = Text(
    "{file}: {reason}: derselbe Befehl löscht den Rest",
    "{file}: {reason}: the same command deletes the rest",
)
STILL_NAMED = Text(
    "steht noch in {name}: ansehen, und löschen, wenn es nicht bleiben muss",
    "still named in {name}: look at it, and delete it if it need not stay",
)
CANNOT_UNDO = Text(
    "das lässt sich nicht zurücknehmen: mit --yes wiederholen, oder mit --dry-run ansehen",
    "this cannot be undone: repeat with --yes, or look with --dry-run",
)
DELETE_ALL = Text("Alles löschen? [j/N] ", "Delete all of it? [y/N] ")

# doctor
DOCTOR_WHAT = Text("was", "what")
DOCTOR_STATE = Text("wie es steht", "state")
WITH_ADVICE = Text.same("{detail} → {advice}")
DOCTOR_STOPS = Text("`kischule grade` würde hier anhalten.", "`kischule grade` would stop here.")
DOCTOR_GOES = Text("Hier lässt sich bewerten.", "Grading works here.")
