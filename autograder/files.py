"""Files that the package brings along."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent


def packaged(part: str) -> Path:
    """Find `source`, `release` or `known`, or a folder in one of them.

    They lie in this checkout or, where there is none, in the installed wheel's `_data`.
    """
    copy = PACKAGE / "_data" / part
    if copy.is_dir():
        return copy
    checkout = PACKAGE.parent
    return (checkout / "tests" if part.split("/")[0] == "known" else checkout) / part
