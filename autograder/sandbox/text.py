"""Text that came from a stranger, fit to be shown or written."""

import re

# of the outputs in which a kernel says what it skipped; here, since reading them needs no torch
NOTE_MIME = "application/vnd.kischule.note+json"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")  # all but tab and line feed


def clean(text: str) -> str:
    """Without control characters and lone surrogates, which no file takes.

    For what is shown or written; a value that is judged is left as it came.
    """
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def shortened(text: str, length: int = 160) -> str:
    """A text of at most about `length` characters, cut in the middle."""
    half = length // 2
    return text if len(text) <= length else text[:half] + " … " + text[-half:]
