"""Reasons why a student has no grade, and sentences about late submissions."""

from kischule.i18n import Counted, Text

ABSENT = Text("nichts abgegeben", "submitted nothing")
OTHER_FILES = Text("kein Notebook, sondern: {files}", "not a notebook, but: {files}")
NOT_PARSED = Text("nicht lesbar: {reason}", "not readable: {reason}")
UNGRADED = Text("noch nicht bewertet", "not graded yet")

LESS = Counted(
    Text("{late}, {count:g} Punkt Abzug", "{late}, {count:g} point less"),
    Text("{late}, {count:g} Punkte Abzug", "{late}, {count:g} points less"),
)


def late_by(late: str, penalty: float) -> Text:
    """A lateness, as `2 d 3 h`, and the points that it costs."""
    return LESS.of(penalty, late=late) if penalty else Text.same(late)
