"""Reasons why a student has no grade."""

from kischule.i18n import Text

ABSENT = Text("nichts abgegeben", "submitted nothing")
OTHER_FILES = Text("kein Notebook, sondern: {files}", "not a notebook, but: {files}")
NOT_PARSED = Text("nicht lesbar: {reason}", "not readable: {reason}")
UNGRADED = Text("noch nicht bewertet", "not graded yet")
