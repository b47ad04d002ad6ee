"""A pytest plugin for nbgrader's own tests: each of their courses is configured as one of ours."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def configured(temp_cwd: str) -> None:
    path = Path(temp_cwd) / "nbgrader_config.py"
    ours = "from autograder.course import configure\n\nconfigure(get_config())\n"
    path.write_text(ours + path.read_text(encoding="utf-8"), encoding="utf-8")
