"""Sentences of the class's page, as a teacher reads them."""

from autograder.course.adjustments import Action
from autograder.grading.record import Status
from kischule.i18n import Counted, Text

CLASS_TITLE = Text("Klassenbericht {assignment}", "Class report {assignment}")
COUNTS = Text(
    "{submissions}, {graded} bewertet. Punkte: Median {median:g}, von {min_points:g} bis "
    "{max_points:g} (möglich: {possible:g}).",
    "{submissions}, {graded} graded. Points: median {median:g}, from {min_points:g} to "
    "{max_points:g} (possible: {possible:g}).",
)
SUBMISSIONS = Counted(
    Text("{count} Abgabe", "{count} submission"), Text("{count} Abgaben", "{count} submissions")
)
NONE_GRADED = Text(
    "{submissions}, noch keine bewertet: `kischule grade {assignment}`.",
    "{submissions}, none graded yet: `kischule grade {assignment}`.",
)
WAITING_POINTS = Counted(
    Text(
        "Eine Abgabe hat Antworten, die auf Ihre Punkte warten (formgrader, zusammen bis zu "
        "{points:g}).",
        "One submission has answers that wait for your points (formgrader, up to {points:g} in "
        "all).",
    ),
    Text(
        "{count} Abgaben haben Antworten, die auf Ihre Punkte warten (formgrader, zusammen bis "
        "zu {points:g}).",
        "{count} submissions have answers that wait for your points (formgrader, up to "
        "{points:g} in all).",
    ),
)
WITHOUT_SUBMISSION = Text("Nichts abgegeben: {names}.", "Submitted nothing: {names}.")
OLDER_RELEASE = Text(
    "Nach einer älteren Fassung der Aufgaben bewertet: {names}. `kischule grade {assignment}` "
    "bewertet sie neu.",
    "Graded by an older release: {names}. `kischule grade {assignment}` grades them anew.",
)
NOT_PROTECTED = Text(
    "Punkte, die nicht geschützt sind: {points:g}. Ihre einfachen Testzellen laufen in den "
    "Prozessen der Studierenden, und deren Code kann die Punkte fälschen.",
    "Points that are not protected: {points:g}. Their plain test cells run in the students' own "
    "processes, and code of theirs can forge them.",
)
TIER_WORDS = {
    "namespaces": Text("in der vollen Sandbox (namespaces)", "in the full sandbox (namespaces)"),
    "landlock": Text(
        "in der Sandbox ohne Namensräume (landlock)", "in the sandbox without namespaces (landlock)"
    ),
    "process": Text("ohne Sandbox (process)", "without a sandbox (process)"),
}
RAN_IN = Text("Die Abgaben liefen {tiers}.", "Submissions ran {tiers}.")
RAN_HOW_MANY = Text("{tier}: {count}", "{tier}: {count}")
LATE_STUDENTS = Text("Verspätet abgegeben: {names}.", "Submitted late: {names}.")
LATE_BY = Text("{name} ({late})", "{name} ({late})")
LATE_LESS = Counted(
    Text("{name} ({late}, {count:g} Punkt Abzug)", "{name} ({late}, {count:g} point less)"),
    Text("{name} ({late}, {count:g} Punkte Abzug)", "{name} ({late}, {count:g} points less)"),
)
REUSED_RESULTS = Text(
    "Unverändert seit der vorigen Abgabe, daher nicht noch einmal ausgeführt: {names}.",
    "Unchanged since the file before, so not run again: {names}.",
)
REUSED_OF = Text("{name} ({exercises})", "{name} ({exercises})")
ADJUSTED_BY = Text("{what} ({by}, {at}: {reason}).", "{what} ({by}, {at}: {reason}).")
ADJUSTED = {
    Action.DROP: Text("{name} zählt für niemanden", "{name} counts for nobody"),
    Action.GIVE: Text("{name} gibt allen die volle Punktzahl", "{name} gives everybody its points"),
    Action.WITHDRAW: Text(
        "Die Abgabe von {name} ist zurückgezogen", "The submission of {name} is withdrawn"
    ),
    Action.EXTEND: Text("{name} hat {hours:g} h länger Zeit", "{name} has {hours:g} h more time"),
}
FEW = Text(
    "Bei weniger als zehn Abgaben sagen Trennschärfen wenig.",
    "With fewer than ten submissions, discrimination means little.",
)

# misconceptions, and pairs of exercises
OF_SUBMISSIONS = Counted(
    Text("eine von {all} Abgaben", "one of {all} submissions"),
    Text("{count} von {all} Abgaben", "{count} of {all} submissions"),
)
SLIDE_TITLE = Text.same("{hint}\n{who}")
FAILED_BOTH = Text(
    "{both} gescheitert an beiden; erwartbar wären {expected:.1f}",
    "{both} failed both; {expected:.1f} were to be expected",
)

# reasons to talk to a student
ENDED_WITH = Text("Bewertung endete mit: {status}", "grading ended with: {status}")
LOW = Text("{share:.0%} der automatischen Punkte", "{share:.0%} of the automatic points")
ONLY_PUBLIC = Text(
    "Beispiele richtig, neue Fälle falsch: {exercises}",
    "examples right, hidden cases wrong: {exercises}",
)
ODD_FLAGS = Text("auffällig: {flags}", "odd: {flags}")
SLOW_BY = Text("{seconds:g} s Rechenzeit", "{seconds:g} s of computing")

# pairs of similar submissions
ASK = Text(
    "Diese Paare haben mehr Aufgaben gleich gelöst, als der Zufall erklärt; andere Namen, eine "
    "andere Reihenfolge und Zeilen ohne Wirkung ändern daran nichts. Das kann Zusammenarbeit sein, "
    "eine gemeinsame Quelle oder doch Zufall: eine Frage wert, kein Urteil. Der Code der Vorlage "
    "zählt nicht mit, und was viele so schreiben, zählt wenig.",
    "These pairs solved more exercises alike than chance explains; other names, another order and "
    "lines without effect do not change that. It may be collaboration, a common source or chance "
    "after all: worth a question, not a verdict. The release's code does not count, and code that "
    "many write counts little.",
)
ALIKE = Counted(
    Text("eine Aufgabe gleich", "one exercise alike"),
    Text("{count} Aufgaben gleich", "{count} exercises alike"),
)
OTHERS = Counted(
    Text("ähnlich schreibt es eine weitere Abgabe", "one more submission is as close"),
    Text("ähnlich schreiben es {count} weitere Abgaben", "{count} more submissions are as close"),
)
MORE_PAIRS = Counted(
    Text("und ein weiteres Paar", "and one more pair"),
    Text("und {count} weitere Paare", "and {count} more pairs"),
)

NUMBER, SHARE = Text.same("{value:g}"), Text.same("{value:.0%}")
TWO_DECIMALS = Text.same("{value:.2f}")
STATUS_WORDS = {
    Status.GRADED: Text("bewertet", "graded"),
    Status.TIMEOUT: Text("Zeit abgelaufen", "timeout"),
    Status.MEMORY: Text("Speicher reichte nicht", "memory"),
    Status.UNREADABLE: Text("nicht lesbar", "unreadable"),
    Status.FAILED: Text("Bewertung gescheitert", "failed"),
}

# words and sentences that the template takes by their key
PAGE_WORDS = {
    "scores": Text("Verteilung der Punkte", "Distribution of points"),
    "points": Text("Punkte", "Points"),
    "students": Text("Abgaben", "Submissions"),
    "exercises": Text("Aufgaben", "Exercises"),
    "exercise": Text("Aufgabe", "Exercise"),
    "share": Text("gelöst", "solved"),
    "discrimination": Text("Trennschärfe", "Discrimination"),
    "about": Text(
        "Trennschärfe: Wie eng hängt diese Aufgabe mit der Zahl der übrigen gelösten zusammen "
        "(punktbiserial, korrigiert; –: nicht bestimmbar)? Nahe 0 oder darunter lohnt ein Blick "
        "auf die Aufgabe.",
        "Discrimination: correlation between solving this exercise and the number of others "
        "solved (point-biserial, corrected; –: undefined). Near 0 or below, look at the exercise.",
    ),
    "hint": Text("Häufigster Hinweis", "Most frequent hint"),
    "hints": Text("Alle Hinweise", "All hints"),
    "times": Text("bei", "for"),
    "steps": Text("Abgerufene Hinweise", "Hints that were called for"),
    "about_steps": Text(
        "Soweit die Notebooks es zeigen: in wie vielen steht ein Aufruf von hint(…), und bis zu "
        "welchem Schritt? Ein Hinweis, der unter einer Meldung aufgeklappt wurde, hinterlässt "
        "keine Spur, ein gelöschter Aufruf auch nicht. Punkte hängen nicht davon ab.",
        "As far as the notebooks show it: how many have a call of hint(…), and up to which step? A "
        "hint that was unfolded below a message leaves no trace, and neither does a call that was "
        "deleted. No points depend on it.",
    ),
    "step": Text("Schritt", "step"),
    "misconceptions": Text("Fehlvorstellungen", "Misconceptions"),
    "about_misconceptions": Text(
        "Erkannte Fehler über alle Aufgaben. Jedes Bild ist für eine Folie gemacht und nennt "
        "niemanden.",
        "Mistakes that were recognised, over all exercises. Each picture is made for a slide and "
        "names nobody.",
    ),
    "slide": Text("Bild speichern (SVG)", "Save the picture (SVG)"),
    "together": Text("Aufgaben, die zusammen misslingen", "Exercises that fail together"),
    "about_together": Text(
        "Mehr Abgaben als durch Zufall scheitern an beiden (exakter Test nach Fisher, unter 1 %, "
        "ohne Abgaben, die nichts gelöst haben). Oft braucht die eine Aufgabe, was die andere übt.",
        "More submissions than by chance fail both (Fisher's exact test, below 1 %, without "
        "submissions that solved nothing). Often one exercise needs what the other one teaches.",
    ),
    "outputs": Text("Häufigste falsche Ergebnisse", "Most frequent wrong results"),
    "talks": Text("Mit wem sprechen?", "Who needs a talk?"),
    "no_talk": Text("Niemand fällt auf.", "No student stands out."),
    "all": Text("Alle", "Everybody"),
    "grade": Text("Note", "Grade"),
    "grades": Text("Notenspiegel", "Distribution of grades"),
    "from": Text("ab", "from"),
    "student": Text("Name", "Student"),
    "state": Text("Stand", "Status"),
    "open": Text("wartet", "Waiting"),
    "time": Text("Zeit (s)", "Time (s)"),
    "flags": Text("Anmerkungen", "Flags"),
    "similar": Text("Ähnliche Abgaben", "Similar submissions"),
    "no_pair": Text(
        "Kein Paar hat auffällig viele Aufgaben gleich gelöst.",
        "No pair solved a conspicuous number of exercises alike.",
    ),
}
