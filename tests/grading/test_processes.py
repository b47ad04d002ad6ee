"""The place where worker processes start."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading import preload

LOADED = "import sys; print('nbformat' in sys.modules, 'rfc3987_syntax' in sys.modules)"
PROGRAM = f"""
import os
from autograder.grading.processes import context, warm_up

if __name__ == "__main__":
    here = os.getcwd()
    warm_up()
    assert os.getcwd() == here
    process = context().Process(target=exec, args=({LOADED!r},))
    process.start()
    process.join()
"""


def test_no_garbage_is_collected_while_workers_packages_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[tuple[str, bool]] = []
    made, frozen = [[number] for number in range(1000)], gc.get_freeze_count()
    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", lambda n: loaded.append((n, gc.isenabled())))
        importlib.reload(preload)
    assert loaded == [("autograder.grading.worker", False)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(made)


def test_a_courses_folder_is_not_imported_as_a_package(
    tmp_path: Path,
) -> None:
    trap = tmp_path / "autograder"
    trap.mkdir()
    (trap / "__init__.py").write_text("open('imported', 'w')\nraise SystemExit", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    program = tmp_path / "elsewhere" / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True False\n"  # what it needs, and without the slow grammar
    assert not (tmp_path / "imported").exists()
