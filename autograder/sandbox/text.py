"""Text that came from a stranger, fit to be shown or written."""


def clean(text: str) -> str:
    """Without control characters and lone surrogates, which no file takes.

    For what is shown or written; a value that is judged is left as it came.
    """
    kept = "".join(c for c in text if c in "\n\t" or ord(c) >= 32)
    return kept.encode("utf-8", "replace").decode("utf-8")
