"""The place where worker processes start."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading import preload

LOADED = (
    "import os, sys; print('nbformat' in sys.modules, 'rfc3987_syntax' in sys.modules, "
    "os.environ.get('PYTHONSAFEPATH'))"
)
KILLED = """
    pid = forkserver._forkserver._forkserver_pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
"""
PROGRAM = """
import os
import signal
from multiprocessing import forkserver
from autograder.grading.processes import context, warm_up

if __name__ == "__main__":
    here, before = os.getcwd(), dict(os.environ)
    warm_up()
    assert os.getcwd() == here
    {killed}
    process = context().Process(target=exec, args=({code!r},))
    process.start()
    process.join()
    assert dict(os.environ) == before
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


needs_safe_path = pytest.mark.skipif(sys.version_info < (3, 11), reason="a safe path needs 3.11")


@pytest.mark.parametrize(
    ("killed", "users"),
    [
        ("", None),
        pytest.param(KILLED, None, marks=needs_safe_path),
        pytest.param(KILLED, "1", marks=needs_safe_path),
    ],
    ids=["at the start", "killed", "killed, and safe anyway"],
)
def test_a_courses_folder_is_not_imported_as_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: str, users: str | None
) -> None:
    if users:
        monkeypatch.setenv("PYTHONSAFEPATH", users)
    trap = tmp_path / "autograder"
    trap.mkdir()
    (trap / "__init__.py").write_text("open('imported', 'w')\nraise SystemExit", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    program = tmp_path / "elsewhere" / "program.py"
    program.write_text(PROGRAM.format(killed=killed, code=LOADED), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    # what it needs, without the slow grammar; the programs that it starts find theirs
    assert done.stdout == f"True False {users}\n"
    assert not (tmp_path / "imported").exists()
