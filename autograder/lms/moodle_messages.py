"""Sentences about Moodle's web services, in German and in English."""

from kischule.i18n import Text

# connecting
NO_ADDRESS = Text(
    "die Adresse muss die der Aufgabe sein, wie im Browser: "
    "https://moodle.example/mod/assign/view.php?id=123",
    "the address must be the assignment's, as in the browser: "
    "https://moodle.example/mod/assign/view.php?id=123",
)
NOT_HTTPS = Text(
    "{site}: die Adresse muss mit https beginnen, sonst könnte jeder im Netz den Schlüssel lesen",
    "{site}: the address must begin with https, or anybody on the network could read the token",
)
NO_TOKEN = Text(
    "die Umgebungsvariable {variable} muss den Schlüssel für Moodles Webservices enthalten "
    "(in Moodle: Profil, „Sicherheitsschlüssel“)",
    "the environment variable {variable} must hold the token for Moodle's web services "
    '(in Moodle: profile, "Security keys")',
)
NO_CERTIFICATE = Text(
    "{site}: das Zertifikat ist nicht gültig", "{site}: the certificate is not valid"
)
NO_ANSWER = Text(
    "{site}: Moodle antwortet nicht rechtzeitig", "{site}: Moodle does not answer in time"
)
NO_CONNECTION = Text("{site}: keine Verbindung ({reason})", "{site}: no connection ({reason})")
MOVED = Text(
    "{site}: Moodle leitet an eine andere Adresse weiter; nehmen Sie die, die der Browser zeigt",
    "{site}: Moodle redirects to another address; use the one that the browser shows",
)
HTTP_STATUS = Text(
    "{call}: Moodles Antwort ist nicht lesbar (HTTP {status})",
    "{call}: Moodle's answer cannot be read (HTTP {status})",
)
REJECTED = Text("{call}: Moodle lehnt ab: {reason}", "{call}: Moodle refuses: {reason}")
STRANGE = Text(
    "{call}: Moodles Antwort hat nicht die erwartete Form",
    "{call}: Moodle's answer does not have the expected form",
)
ELSEWHERE = Text(
    "die Datei liegt nicht unter {site} und wird nicht geholt; nehmen Sie Moodles eigene Adresse",
    "the file is not under {site} and is not fetched; use Moodle's own address",
)

# the assignment
NO_SUCH_TASK = Text(
    "{address}: in den Kursen von {user} gibt es diese Aufgabe nicht",
    "{address}: this assignment is not in the courses of {user}",
)
NO_RIGHTS = Text(
    "{address}: mit diesem Schlüssel darf man in dieser Aufgabe nicht bewerten",
    "{address}: this token may not grade in this assignment",
)
OTHER_TASK = Text(
    "{assignment} gehört zu „{known}“ ({known_address}), nicht zu „{name}“ ({address}); soll das "
    "anders sein, nehmen Sie einen neuen Kursordner oder löschen Sie {file}",
    "{assignment} belongs to “{known}” ({known_address}), not to “{name}” ({address}); to change "
    "that, take a new course folder or delete {file}",
)
BROKEN_LINK = Text(
    "{file} ist nicht lesbar; löschen Sie die Datei und importieren Sie neu",
    "{file} cannot be read; delete it and import anew",
)

# an import
DRAFT = Text("ein Entwurf, in Moodle noch nicht abgegeben", "a draft, not submitted in Moodle yet")
NOT_WHOLE = Text(
    "die Datei hat {was} Byte statt {size}", "the file has {was} bytes in place of {size}"
)
WITH_OTHERS = Text(
    "nicht übernommen, weil eine andere Datei dieser Abgabe fehlt",
    "not taken, since another file of this submission is missing",
)
NOT_SENT = Text(
    "{who}: Moodle nennt eine Abgabe, gibt aber keine Datei heraus; importieren Sie die zip-Datei",
    "{who}: Moodle names a submission but gives out no file; import the zip file",
)

# an export
NOT_POINTS = Text(
    "{address}: die Aufgabe muss in Moodle mit Punkten bewertet werden",
    "{address}: the assignment must be graded by points in Moodle",
)
OTHER_POINTS = Text(
    "{address}: die Bestwertung muss wie in der Aufgabe {points:g} sein, war: {was:g}; ändern Sie "
    "sie in Moodle, oder rechnen Sie mit --scale um",
    "{address}: the maximum must be the assignment's {points:g}, was: {was:g}; set it in Moodle, "
    "or let points be converted with --scale",
)
POSTED = Text(
    "{posted} Noten eingetragen, {unchanged} standen schon in Moodle",
    "{posted} grades posted, {unchanged} were in Moodle already",
)
NO_FILES = Text(
    "Moodle nimmt für diese Aufgabe keine Feedbackdateien an; die Seiten bleiben hier",
    "Moodle takes no feedback files for this assignment; the pages stay here",
)
GRADED_THERE = Text(
    "{student}: in Moodle steht {there}, das nicht von hier kommt; {grade:g} wird nicht "
    "eingetragen",
    "{student}: Moodle has {there}, which was not posted from here; {grade:g} is not posted",
)
NOTHING = Text("keine Note", "no grade")
NOT_A_GRADE = Text("Feedback ohne Note", "feedback without a grade")
OTHER_ATTEMPT = Text(
    "{student}: hat in Moodle Versuch {there}, bewertet ist Versuch {graded}; importieren und "
    "bewerten Sie neu",
    "{student}: is at attempt {there} in Moodle, attempt {graded} is graded; import and grade anew",
)
NOT_IN_MOODLE = Text(
    "nicht aus Moodle importiert, keine Note eingetragen: {names}",
    "not imported from Moodle, no grade posted: {names}",
)
NOT_KEPT = Text(
    "Moodle hat {there} statt {grade:g} (gesperrt, oder erweiterte Bewertung?)",
    "Moodle has {there} in place of {grade:g} (locked, or advanced grading?)",
)
NOT_POSTED = Text(
    "{count} Noten sind nicht eingetragen; der gleiche Befehl noch einmal trägt den Rest ein:\n"
    "{lines}",
    "{count} grades were not posted; the same command again posts the rest:\n{lines}",
)
