"""Sentences about a course: who has no grade, what was adjusted, what cannot be done."""

from kischule.i18n import Counted, Text

ABSENT = Text("nichts abgegeben", "submitted nothing")
OTHER_FILES = Text("kein Notebook, sondern: {files}", "not a notebook, but: {files}")
NOT_PARSED = Text("nicht lesbar: {reason}", "not readable: {reason}")
UNGRADED = Text("noch nicht bewertet", "not graded yet")

WITHDRAWN = Text(
    "die Abgabe von {student!r} ist zurückgezogen: `kischule adjust {assignment} --undo {student}` "
    "holt sie zurück",
    "the submission of {student!r} is withdrawn: `kischule adjust {assignment} --undo {student}` "
    "brings it back",
)
ADJUSTED_ENTRY = Text.same("{name} {what} ({by}, {at}: {reason})")
ADJUSTED_WORDS = {  # by action
    "drop": Text("zählt nicht", "does not count"),
    "give": Text("gibt allen die volle Punktzahl", "gives everybody its points"),
    "withdraw": Text("ist zurückgezogen", "is withdrawn"),
    "extend": Text("hat {hours:g} h länger Zeit", "has {hours:g} h more time"),
    "undo": Text("gilt wieder wie bewertet", "is as graded again"),
}
LESS = Counted(
    Text("{late}, {count:g} Punkt Abzug", "{late}, {count:g} point less"),
    Text("{late}, {count:g} Punkte Abzug", "{late}, {count:g} points less"),
)

# formgrader's page of a submission
FOR_YOU_TO_GRADE = Text("Von Ihnen zu bewerten", "for you to grade")
GRADED_BY_PROGRAM = Text("Vom Programm bewertet", "graded by the program")
SUBMITTED_OUTPUT = Text(
    "Ausgabe in der abgegebenen Datei, nicht bei der Bewertung",
    "output in the submitted file, not of grading",
)
SUBMITTED_OUTPUT_LARGE = Text(
    "Die Ausgabe in der abgegebenen Datei ist für diese Seite zu groß",
    "the output in the submitted file is too large for this page",
)

# grading and pages
NO_SUBMISSION_OF = Text(
    "keine Abgabe von {student!r} zu {assignment!r}; es gibt: {names}",
    "no submission of {student!r} for {assignment!r}; there are: {names}",
)
NO_SUBMISSIONS = Text(
    "keine Abgabe zu {assignment!r}: nichts passt zu {folder}",
    "no submission for {assignment!r}: nothing matches {folder}",
)
WITHDRAWN_NAMES = Text("zurückgezogen, ausgelassen: {names}", "withdrawn, left out: {names}")
NEEDS_DASK = Text(
    "ein Cluster braucht {name}: pip install 'kischule[cluster]'",
    "a cluster needs {name}: pip install 'kischule[cluster]'",
)
MAKING_REPLIES = Text(
    "{exercise}: die erwarteten Antworten von {model} werden berechnet, einmal",
    "{exercise}: making the expected replies of {model}, once",
)
NOT_GRADED_YET = Text(
    "{student!r} hat keine bewertete Abgabe zu {assignment!r}: `kischule grade {assignment}` "
    "bewertet sie",
    "{student!r} has no graded submission for {assignment!r}: `kischule grade {assignment}` makes "
    "one",
)
NOTHING_GRADED = Text(
    "zu {assignment!r} ist nichts bewertet: `kischule grade {assignment}`",
    "nothing is graded for {assignment!r}: `kischule grade {assignment}`",
)
OLDER_GRADE = Text(
    "nach einer älteren Fassung bewertet: `kischule grade {assignment}` bewertet es neu",
    "graded by an older release: `kischule grade {assignment}` grades it anew",
)

# the gradebook
LOCKED_BOOK = Text(
    "{name} wird von einem anderen Programm gesperrt (einer Sicherung, einem Datenbankbrowser, "
    "einem Synchronisierer), seit mehr als {seconds:g} s: Schließen Sie es und wiederholen Sie den "
    "Befehl; nichts ist verloren, was bewertet wurde, bleibt und kommt dann ins Notenbuch",
    "{name} is locked by another program (a backup, a database browser, a sync client), for more "
    "than {seconds:g} s: close that and repeat the command; nothing is lost, what was graded is "
    "kept and goes into the gradebook then",
)
BROKEN_BOOK = Text(
    "{name} ist als Notenbuch nicht zu gebrauchen ({cause}): Reparieren Sie es oder legen Sie "
    "eine Sicherung an seine Stelle und wiederholen Sie den Befehl; was bewertet wurde, bleibt und "
    "kommt dann ins Notenbuch",
    "{name} cannot be used as a gradebook ({cause}): repair it or put a backup in its place, then "
    "repeat the command; what was graded is kept and goes into the gradebook then",
)
ANYBODY = Text("für alle", "for anybody")
NO_PENALTY = Text(
    "der Abzug für Verspätung lässt sich nicht berechnen ({who}): {reason}; was bewertet wurde, "
    "bleibt",
    "the penalty for lateness cannot be computed ({who}): {reason}; what was graded is kept",
)
NOT_ADJUSTABLE = Text(
    "{option} muss eines von diesen sein: {known}, war: {was}",
    "{option} must be one of {known}, was: {was}",
)
NO_NOTEBOOK_IN = Text("in {folder} ist kein Notebook", "there is no notebook in {folder}")

# the configuration
OTHER_ROOT = Text(
    "{file} setzt CourseDirectory.root auf {folder}: Das ist für nbgrader der Ordner des Kurses; "
    "starten Sie den Befehl dort, oder mit --course {folder}",
    "{file} sets CourseDirectory.root to {folder}: that is the course's folder for nbgrader; run "
    "the command there, or with --course {folder}",
)
LEAVES_OUT = Text(
    "{file} lässt {missing} in Autograde.autograde_preprocessors weg: Ohne das werden Aufgaben "
    "nicht bewertet; ändern Sie die Liste, die `configure` gemacht hat",
    "{file} leaves {missing} out of Autograde.autograde_preprocessors: without it exercises are "
    "not judged; change the list that `configure` made",
)
BROKEN_CONFIG = Text(
    "{file} in {folder} ist nicht zu gebrauchen: {reason}",
    "{file} in {folder} cannot be used: {reason}",
)
NO_ADDRESS = Text(
    "c.Kischule.address muss 'Sie' oder 'du' sein, war: {was!r}",
    "c.Kischule.address must be 'Sie' or 'du', was: {was!r}",
)
NO_KEY = Text(
    "c.Kischule.grading_key muss zu jeder Note den Prozentsatz nennen, ab dem es sie gibt, die "
    "beste zuerst und die letzte ab 0, war: {was!r}",
    "c.Kischule.grading_key must name each grade with the percentage from which it is given, the "
    "best first and the last from 0, was: {was!r}",
)

# source and release
NO_ASSIGNMENT = Text(
    "keine Aufgabenreihe {assignment!r} in {folder}; es gibt: {names}",
    "no assignment {assignment!r} in {folder}; there are: {names}",
)
NO_EXERCISES = Text(
    "{assignment} hat keine Aufgaben dieses Pakets, deren Prüfungen sich erproben ließen: "
    "`kischule release {assignment}` lässt die einfachen Testzellen auf der Musterlösung laufen",
    "{assignment} has no exercises of this package, whose checks could be verified: `kischule "
    "release {assignment}` runs its plain tests on the reference solution",
)
SAME_NAMES = Text(
    "die bewerteten Zellen von {assignment} brauchen verschiedene Namen, {name} heißen zwei: in "
    "{first} und in {second}",
    "the graded cells of {assignment} must have names of their own, two are called {name}: in "
    "{first} and in {second}",
)
BROKEN_SOURCE = Text(
    "{path} ist nicht als Notebook lesbar: {reason}",
    "{path} cannot be read as a notebook: {reason}",
)
LARGE_FILES = Text(
    "die Dateien neben dem Notebook in {folder} dürfen nicht größer als {limit:,} Byte sein, "
    "waren: {size:,}",
    "the files beside the notebook in {folder} must not be larger than {limit:,} bytes, were: "
    "{size:,}",
)
UNSOUND = Text(
    "{name} kann nicht herausgegeben werden:\n  {problems}",
    "{name} cannot be released:\n  {problems}",
)
CHANGED_MEANWHILE = Text(
    "das Notenbuch von {assignment} hat sich seit der Frage geändert: nichts ist herausgegeben, "
    "wiederholen Sie den Befehl",
    "the gradebook of {assignment} has changed since you were asked: nothing is released, repeat "
    "the command",
)
NOTHING = Text("nichts", "nothing")
CELL_CHANGE = Text("{cell}: {before}, jetzt {after}", "{cell}: {before}, now {after}")
IN_ALL = Text("… (insgesamt {count})", "… ({count} in all)")
DIFFERS = Text(
    "{path} hat andere Zellen oder Punkte als das Notenbuch, in dem schon Abgaben bewertet sind "
    "({cells}): `kischule release {assignment}` sagt, was sich für wen ändert, und ändert beides",
    "{path} has other cells or points than the gradebook, where submissions are graded already "
    "({cells}): `kischule release {assignment}` says what changes for whom, and changes both",
)
NO_SOLUTION_CELL = Text(
    "{name}: es gibt keine Lösungszelle mit dieser grade_id",
    "{name}: there is no solution cell with this grade_id",
)
NO_HIDDEN_CASES = Text(
    "{name}: {exercise}.yaml muss verdeckte Fälle haben, oder diese Zelle muss weg",
    "{name}: {exercise}.yaml must have hidden cases, or this cell must go",
)
BONUS_POINTS = Text(
    "{name}: die Zelle einer Zusatzaufgabe muss 0 Punkte geben, war: {was:g}",
    "{name}: a bonus's cell must give 0 points, was: {was:g}",
)
ONLY_CALL = Text(
    "{name}: eine Testzelle muss {call} enthalten und sonst nichts",
    "{name}: a test cell must hold {call} and nothing else",
)
REFERENCE_FAILS = Text(
    "{name}: die Musterlösung muss bestehen: {told}",
    "{name}: the reference solution must pass: {told}",
)
EMPTY_PASSES = Text(
    "{name}: das leere Notebook darf nicht bestehen", "{name}: the empty notebook must not pass"
)
NO_LONGER_THERE = Text("{name} (gibt es nicht mehr)", "{name} (no longer there)")
NONE_THERE = Text("keine", "none")
MADE_WITH = Text(
    "gemacht mit kischule {version}; seitdem geänderte Aufgaben des Pakets: {names}",
    "made with kischule {version}; exercises of the package that have changed since then: {names}",
)
MADE_WITH_ANOTHER = Text(
    "gemacht mit kischule {version}, dies ist {now}; seitdem geänderte Aufgaben des Pakets: "
    "{names}",
    "made with kischule {version}, this is {now}; exercises of the package that have changed since "
    "then: {names}",
)

# a release's effects on what a teacher has given
HAND_POINTS = Counted(
    Text("{count:g} Punkt", "{count:g} point"), Text("{count:g} Punkte", "{count:g} points")
)
EXTRA_POINTS = Counted(
    Text("{count:g} Zusatzpunkt", "{count:g} extra point"),
    Text("{count:g} Zusatzpunkte", "{count:g} extra points"),
)
A_COMMENT = Text("einen Kommentar", "a comment")
LOSES = Text("verliert {what} für {name}", "loses {what} for {name}")
KEEPS = Text(
    "behält {what} für {name}, noch einmal anzusehen",
    "keeps {what} for {name}, to be looked at again",
)

# a new course, assignment, exercise
NOT_EMPTY = Text(
    "der Ordner für einen neuen Kurs muss leer sein, war: {folder}",
    "the folder for a new course must be empty, was: {folder}",
)
TRANSLATION = Text(
    "ein Name, der auf _ und zwei Buchstaben endet, ist eine Übersetzung: Kopieren Sie "
    "source/{base} nach source/{assignment} und übersetzen Sie es, war: {assignment!r}",
    "a name that ends in _ and two letters is a translation: copy source/{base} to "
    "source/{assignment} and translate it, was: {assignment!r}",
)
EXISTS = Text(
    "{path} gibt es schon: nichts ist geändert", "{path} exists already: nothing is changed"
)
EXERCISE_EXISTS = Text(
    "eine Aufgabe {exercise!r} gibt es schon: nichts ist geändert",
    "there is an exercise {exercise!r} already: nothing is changed",
)

# what an exercise still needs
NO_SUCH_EXERCISE = Text(
    "{assignment} hat keine Aufgabe {asked}; noch zu tun:{steps}",
    "{assignment} has no exercise {asked}; still to do:{steps}",
)
THEN_VERIFY = Text(
    "dann erprobt `kischule verify {assignment}` die Musterlösung",
    "then `kischule verify {assignment}` tries the reference solution",
)
STEP_FILE = Text(
    "die Datei exercises/{assignment}/{name}.yaml: id, title, parameters, checker, read, cases, "
    "hidden",
    "the file exercises/{assignment}/{name}.yaml: id, title, parameters, checker, read, cases, "
    "hidden",
)
STEP_HIDDEN = Text(
    "verdeckte Fälle: der Schlüssel hidden in {path}", "hidden cases: the key hidden in {path}"
)
STEP_TEXT = Text(
    "ein Text über der Lösungszelle, der sagt, was {name} tun soll",
    "a text above the solution cell, which says what {name} is to do",
)
STEP_SOLUTION = Text(
    "eine Lösungszelle mit der grade_id {name}: die Musterlösung",
    "a solution cell with the grade_id {name}: the reference",
)
STEP_TEST = Text(
    'eine Testzelle mit der grade_id test_{name}: check("{name}")',
    'a test cell with the grade_id test_{name}: check("{name}")',
)
STEP_HIDDEN_TEST = Text(
    'eine Testzelle mit der grade_id hidden_{name}: check("{name}", hidden=True)',
    'a test cell with the grade_id hidden_{name}: check("{name}", hidden=True)',
)
SOLUTION_KINDS = {"wrong": Text("falsche", "wrong"), "correct": Text("richtige", "correct")}
STEP_KNOWN = Text(
    "eine {kind} Lösung in {path}, markiert mit @{mark}",
    "a {kind} solution in {path}, marked @{mark}",
)
STEP_PYTHON = Text(
    "eine {kind} Lösung in {path}, die Python ist, Zeile {line}: {reason}",
    "a {kind} solution in {path} that is Python, line {line}: {reason}",
)

# what `kischule verify` finds
MUST_BE = Text("es fehlt noch: {part}", "there must be {part}")
REFERENCE_REJECTED = Text(
    "die Musterlösung fällt durch: {told}", "the reference solution is rejected: {told}"
)
EMPTY_ACCEPTED = Text(
    "die Zelle des leeren Notebooks fällt nicht durch",
    "the empty notebook's cell is not rejected",
)
ESCAPED = Text(
    "die falsche Lösung {name!r} fällt nicht auf beiden Stufen durch",
    "the wrong solution {name!r} is not rejected by both levels",
)
TURNED_AWAY = Text("die richtige Lösung {name!r}: {told}", "the correct solution {name!r}: {told}")
CASE_TOLD = Text("{level} Fall {number}: {told}", "{level} case {number}: {told}")
UNNOTICED = Text("Ihre Fälle merken nicht, wenn {change}", "your cases do not notice when {change}")
MUTANTS_TRIED = Text(
    "{tried} von {made} Veränderungen erprobt, in {seconds:g} s",
    "{tried} of {made} mutants tried, in {seconds:g} s",
)
FEW_WRONG = Text(
    "es muss mindestens {minimum} falsche Lösungen geben, war: {was}",
    "there must be at least {minimum} wrong solutions, was: {was}",
)
FEW_CORRECT = Text(
    "es muss mindestens {minimum} richtige Lösungen geben, war: {was}",
    "there must be at least {minimum} correct solutions, was: {was}",
)
NAMELESS_MISTAKE = Text("ein Fehler ohne Namen", "a mistake without a name")
FALSELY_TOLD = Text(
    "{name!r} ({level}) ist {planted}, gesagt wird: {rule}",
    "{name!r} ({level}) is {planted}, is told: {rule}",
)


def late_by(late: str, penalty: float) -> Text:
    """A lateness, as `2 d 3 h`, and the points that it costs."""
    return LESS.of(penalty, late=late) if penalty else Text.same(late)


# `kischule doctor`
COURSE_ROW = Text("Kurs", "course")
GRADING_ROW = Text("bewertet gerade", "grading now")
SUBMISSIONS = Counted(
    Text("eine Abgabe", "one submission"), Text("{count} Abgaben", "{count} submissions")
)
FRESH = Text("aktuell, {submissions}", "up to date, {submissions}")
UNRELEASED = Text("nicht ausgegeben, {submissions}", "not released, {submissions}")
STALE = Text(
    "die Quelle hat sich seit der Ausgabe geändert, {submissions}",
    "the source has changed since the release, {submissions}",
)
RELEASE_IT = Text("kischule release {assignment}", "kischule release {assignment}")

# `kischule observations`
NO_QUESTIONS = Text(
    "{assignment} hat keine Fragen, die in Worten beantwortet werden",
    "{assignment} has no questions that are answered in words",
)
NOTHING_TO_READ = Text(
    "noch keine Abgabe ist bewertet: `kischule grade {assignment}`",
    "no submission is graded yet: `kischule grade {assignment}`",
)
NO_ANSWER_HERE = Text("diese Antwort gibt es nicht mehr", "this answer is no longer there")
MARK_CHANGED = Text(
    "inzwischen steht im Gradebook etwas anderes; laden Sie die Seite neu",
    "the gradebook has something else by now; reload the page",
)
UNREADABLE_MARK = Text("die Anfrage ist nicht lesbar", "the request cannot be read")
POINTS_RANGE = Text(
    "die Punkte müssen zwischen 0 und {limit:g} liegen, war: {was}",
    "points must be between 0 and {limit:g}, was: {was}",
)
LONG_COMMENT = Text(
    "ein Kommentar darf höchstens {limit:,} Zeichen haben, hat: {was:,}",
    "a comment must have at most {limit:,} characters, has: {was:,}",
)
BROKEN_MARKS = Text(
    "{file} ist nicht lesbar: {reason}; räumen Sie die Datei weg",
    "{file} cannot be read: {reason}; move it away",
)
