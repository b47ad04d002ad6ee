"""Words of the page on which answers are graded, as a teacher reads them."""

from kischule.i18n import Counted, Text

OBSERVATIONS_TITLE = Text(
    "Beobachtungen bewerten: {assignment}", "Grade observations: {assignment}"
)
SUBMISSION_LABEL = Text("Abgabe {number}", "submission {number}")
OPEN_PAGE = Text(
    "Öffnen Sie {address} (nur auf diesem Rechner; Ende mit Strg+C)",
    "open {address} (on this machine only; stop with Ctrl+C)",
)
GRADERS_AGREE = Text(
    "{cell}: {graders}: Kappa {kappa} (quadratisch gewichtet), {count} Antworten, {differing} "
    "verschieden",
    "{cell}: {graders}: kappa {kappa} (quadratic weights), {count} answers, {differing} differ",
)
BAD_GRADER = Text(
    "--grader muss ein Name aus höchstens 40 Buchstaben, Ziffern, - und _ sein, war: {was!r}",
    "--grader must be a name of at most 40 letters, digits, - and _, was: {was!r}",
)
ADOPTED = Counted(
    Text("eine Antwort übernommen", "one answer adopted"),
    Text("{count} Antworten übernommen", "{count} answers adopted"),
)

# by the key that the page's script uses
WORDS = {
    "questions": Text("Fragen", "Questions"),
    "question": Text("Frage", "Question"),
    "reference": Text("Musterantwort", "Reference answer"),
    "rubric": Text("Bewertung", "Rubric"),
    "answer": Text("Antwort", "Answer"),
    "empty": Text("(keine Antwort)", "(no answer)"),
    "outputs": Text(
        "Ausgaben in der abgegebenen Datei, nicht bei der Bewertung",
        "Outputs in the submitted file, not of grading",
    ),
    "large": Text("für diese Seite zu groß", "too large for this page"),
    "picture": Text("Bild zur Antwort", "Picture of the answer"),
    "points": Text("Punkte", "Points"),
    "of": Text("von", "of"),
    "comment": Text("Kommentar", "Comment"),
    "blocks": Text("Bausteine", "Building blocks"),
    "noblocks": Text(
        "Ihre Kommentare erscheinen hier, zum Wiederverwenden.",
        "Your comments will appear here, to be used again.",
    ),
    "save": Text("Speichern und weiter", "Save and next"),
    "previous": Text("Zurück", "Previous"),
    "next": Text("Weiter", "Next"),
    "open": Text("Nächste offene", "Next open one"),
    "done": Text("bewertet", "graded"),
    "waits": Text("wartet auf Ihre Punkte", "waits for your points"),
    "saved": Text("Gespeichert", "Saved"),
    "nopoints": Text("Geben Sie zuerst Punkte.", "Give points first."),
    "dirty": Text(
        "Nicht gespeichert: Eingabe speichert, dieselbe Taste noch einmal verwirft.",
        "Not saved: Enter saves, the same key again discards.",
    ),
    "last": Text("Das war die letzte Antwort.", "That was the last answer."),
    "alldone": Text("Alle Antworten sind bewertet.", "All answers are graded."),
    "failed": Text("Nicht gespeichert", "Not saved"),
    "gone": Text(
        "Der Befehl läuft nicht mehr; starten Sie ihn neu.",
        "The command has stopped; start it again.",
    ),
    "graders": Text("Andere", "Graders"),
    "adopt": Text("Übereinstimmende übernehmen", "Adopt those that agree"),
    "differ": Text("verschieden", "differ"),
    "keys": Text("Tasten", "Keys"),
    "keyhelp": Text(
        "1–9 Kriterium · 0 keine Punkte · + − halber Punkt · c Kommentar (Esc: zurück) · "
        "a s d f g h j Baustein · Eingabe speichern und weiter · n weiter · p zurück · "
        "u nächste offene · q nächste Frage",
        "1–9 criterion · 0 no points · + − half a point · c comment (Esc: back) · "
        "a s d f g h j building block · Enter save and next · n next · p previous · "
        "u next open one · q next question",
    ),
}
