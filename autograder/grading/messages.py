"""Sentences in the outputs of a graded notebook."""

from kischule.i18n import Counted, Text

DIED = Text("Diese Zelle hat den Kernel beendet.", "This cell ended the kernel.")
TIMEOUT = Text(
    "Der Kernel ließ sich nach Ablauf der Zeit nicht anhalten und wurde beendet.",
    "The kernel did not stop when its time was up, and was ended.",
)
MEMORY = Text(
    "Der Kernel brauchte mehr Speicher, als erlaubt ist, und wurde beendet.",
    "The kernel used more memory than allowed, and was ended.",
)
DISK = Text(
    "Diese Zelle hat mehr oder größere Dateien geschrieben, als erlaubt ist; der Kernel wurde "
    "beendet.",
    "This cell wrote more or larger files than allowed, and its kernel was ended.",
)
GONE = {"died": DIED, "timeout": TIMEOUT, "memory": MEMORY, "disk": DISK}
# in a flag, which names the cell
GONE_WORDS = {
    "died": Text("abgestürzt", "died"),
    "timeout": Text("Zeit abgelaufen", "timeout"),
    "memory": Text("Speicher reichte nicht", "memory"),
    "disk": Text("zu viele oder zu große Dateien", "too many or too large files"),
}
CELL_TIMEOUT = Text(
    "Die Zelle war nach {seconds:g} s noch nicht fertig.",
    "The cell had not finished after {seconds:g} s.",
)
DISPLAY_ONLY = Text(
    "Diese Zelle zeigt nur etwas und wurde beim Bewerten nicht ausgeführt.",
    "This cell only shows something and was not run during grading.",
)
INVALID_MESSAGE = Text(
    "Der Kernel hat etwas geschickt, das keine Nachricht ist.",
    "The kernel sent an invalid message.",
)
# of a plain test
NOT_RUN = Text(
    "Die Testzelle lief nicht bis zum Ende und gibt deshalb keine Punkte.",
    "The test cell did not run to its end, so it gives no points.",
)
ENDED_WITH = Text("Die Testzelle endete mit {error}.", "The test cell ended with {error}.")
STDERR = Text(
    "Die Testzelle schrieb auf stderr und gibt deshalb keine Punkte.",
    "The test cell wrote to stderr, so it gives no points.",
)
NO_CREDIT = Text(
    "Die Testzelle gab {value} zurück, das Höchste ist {max_points:g}: Das zählt nicht.",
    "The test cell returned {value}, the maximum is {max_points:g}: that does not count.",
)
PLAIN_POINTS = Counted(
    Text(
        "{count:g} Punkt aus einfachen Testzellen, die im Prozess der Studierenden laufen",
        "{count:g} point of plain tests, which run in the student's own process",
    ),
    Text(
        "{count:g} Punkte aus einfachen Testzellen, die im Prozess der Studierenden laufen",
        "{count:g} points of plain tests, which run in the student's own process",
    ),
)
# why a worker ended, or was ended, with a submission
NO_REPLY = Text(
    "nach {seconds:g} s keine Antwort von seinem Arbeitsprozess",
    "no answer from its worker within {seconds:g} s",
)
MEMORY_OF_ALL = Text(
    "alle Arbeitsprozesse zusammen brauchten mehr als {limit:,} MB, dieser am meisten: {most:,} MB",
    "all workers together used more than {limit:,} MB, this one most: {most:,} MB",
)
WORKER_ENDED = Text(
    "der Arbeitsprozess endete, während er dies bewertete ({how})",
    "the worker ended while it graded this ({how})",
)
NO_WORKERS = Text("Arbeitsprozesse starten nicht: {reason}", "workers do not start: {reason}")
WORKERS_GONE = Text(
    "{count} Arbeitsprozesse nacheinander endeten",
    "{count} workers in turn ended",
)
WORKERS_ENDED = Text(
    "{count} Arbeitsprozesse nacheinander endeten, während sie dies bewerteten",
    "{count} workers in turn ended while they graded this",
)
OUTPUT_CUT = Text("nach {bytes:,} Byte abgeschnitten", "output cut after {bytes:,} bytes")

FEWER_WORKERS = Text(
    "{jobs} von {wanted} Arbeitsprozessen: {free:,} MB sind frei, und jeder darf {each:,} MB "
    "brauchen (--memory-limit)",
    "{jobs} of {wanted} workers: {free:,} MB are free, and each may use {each:,} MB "
    "(--memory-limit)",
)

# the course's store
ANOTHER_RUN = Text("ein anderer Lauf", "another run")
PROCESS = Text("Prozess {number} auf {machine}", "process {number} on {machine}")
BUSY = Text(
    "{who} bewertet hier oder gibt ein Notebook heraus; warten Sie, bis er fertig ist, oder halten "
    "Sie ihn an",
    "{who} is grading or releasing here; wait until it has finished, or stop it",
)
BROKEN_SEED = Text(
    "das Geheimnis in {path} ist nicht lesbar: {reason}",
    "the seed in {path} cannot be read: {reason}",
)
SHORT_SEED = Text(
    "ein Geheimnis muss mindestens 16 Zeichen haben, {path} hat: {was}",
    "a seed must have at least 16 characters, {path} has: {was}",
)


def both(text: Text) -> str:
    """German first, English in brackets: readers of a graded notebook may want either."""
    return f"{text['de']} ({text.en})"


# `kischule doctor`
STARTS = Text("startet", "starts")
NOT_LINUX = Text("braucht Linux, das ist {system}", "needs Linux, this is {system}")
NO_TIER = Text(
    "keine Sandbox startet: `kischule grade` hält an, außer mit --isolation process",
    "no sandbox starts: `kischule grade` stops, but with --isolation process",
)
BY_APPARMOR = Text(
    "oder ein Profil für AppArmor: docs/apparmor.kischule",
    "or a profile for AppArmor: docs/apparmor.kischule",
)
THERE = Text("vorhanden", "there")
NOT_INSTALLED = Text("fehlt, gebraucht wird {wanted}", "missing, needed is {wanted}")
VERSION_OF = Text("{there} (gebraucht wird {wanted})", "{there} (needed is {wanted})")
INSTALL = Text("pip install 'kischule[teacher]'", "pip install 'kischule[teacher]'")
SHADOWED = Text(
    "auch {names} bringt ein Paket autograder mit, das unseres überschreibt",
    "{names} brings a package autograder as well, which overwrites ours",
)
REMOVE_OTHER = Text(
    "pip uninstall NAME, dann kischule neu installieren",
    "pip uninstall NAME, then install kischule again",
)
MEMORY_ROW = Text("freier Speicher", "free memory")
FREE = Text("{free:.1f} GB", "{free:.1f} GB")
CORES_ROW = Text("Kerne", "cores")
MODELS_ROW = Text("Modelle auf diesem Rechner", "models on this machine")
