"""Answers that are known to be wrong, and solutions that are known to be right, as source text.

They lie beside the tests, `tests/wrong/<exercise>.py` and `tests/honest/<exercise>.py`, each a
module with one dict `ANSWERS`, and in a copy in the wheel. `kischule verify` tries the checks on
them, `kischule demo` hands some of them in.
"""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Wrong:
    """A wrong answer, and how the public cases must find it."""

    source: str
    case: int  # the first public case that it fails, counted from 1
    kind: str  # of the mismatch
    rule: str = ""  # the misconception that is named; "" for none


def packed(part: str) -> Path:
    """source/, release/, wrong/ or honest/ of this checkout, or its copy in an installed wheel."""
    copy = PACKAGE / "course" / part
    if copy.is_dir():
        return copy
    return PACKAGE.parent / ("" if part in ("source", "release") else "tests") / part


def wrong(exercise: str, folder: Path | None = None) -> dict[str, Wrong]:
    """Wrong answers by name; none for an exercise without a file. folder: default `packed`."""
    found = _answers(folder or packed("wrong"), exercise)
    return {name: Wrong(source.strip("\n"), *rest) for name, (source, *rest) in found.items()}


def honest(exercise: str, folder: Path | None = None) -> dict[str, str]:
    """Right solutions by name; none for an exercise without a file. folder: default `packed`."""
    found = _answers(folder or packed("honest"), exercise)
    return {name: source.strip("\n") for name, source in found.items()}


def _answers(folder: Path, exercise: str) -> dict[str, Any]:
    path = folder / f"{exercise}.py"
    return dict(runpy.run_path(str(path))["ANSWERS"]) if path.is_file() else {}
