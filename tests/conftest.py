"""What several test files share: solutions of the notebook, and where the repository lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.demo import MISTAKES, OTHER_STYLE
from autograder.grading.notebook import nbgrader_of
from autograder.release import read_notebook

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "source" / "a7_2" / "A7_2.ipynb"
RELEASE = ROOT / "release" / "a7_2" / "A7_2.ipynb"

__all__ = ["MISTAKES", "OTHER_STYLE", "RELEASE", "ROOT", "SOURCE"]


@pytest.fixture(scope="session")
def reference() -> dict[str, str]:
    """grade_id -> source of the source notebook's solution cells."""
    return {
        nbgrader_of(cell)["grade_id"]: cell.source
        for cell in read_notebook(SOURCE).cells
        if nbgrader_of(cell).get("solution")
    }


@pytest.fixture(scope="session")
def solved(reference: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """A namespace with all reference solutions, some replaced: `solved(top_tokens="def ...")`."""

    def namespace(**replaced: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        exec("import torch", found)
        for name, text in {**reference, **replaced}.items():
            if not name.startswith("observation_"):
                exec(text, found)
        return found

    return namespace
