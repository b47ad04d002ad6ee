"""Temporary folders of killed processes are swept; those of others are not."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.grading.temporary import ALIVE, Temporary, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is swept there")
CODE = (
    "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
    "from autograder.grading.temporary import Temporary\n"
    "made = Temporary(); print(made.name, flush=True); sys.stdin.read()"
)


def test_a_killed_processs_folder_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "kischule-another").mkdir()  # not made by this class
    with subprocess.Popen(
        [sys.executable, "-c", CODE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        (theirs / "file").write_text("x")
        with Temporary() as ours:
            assert theirs.is_dir()  # its process is alive
            other.kill()
            other.wait()
            assert theirs.is_dir()
            sweep()
            assert not theirs.exists()
            assert Path(ours).is_dir()
        assert not Path(ours).exists()
    assert [p.name for p in tmp_path.iterdir()] == ["kischule-another"]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs two users")
def test_another_users_folder_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kischule-theirs").mkdir(0o700)
    (tmp_path / "kischule-theirs" / ALIVE).touch()
    tmp_path.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.chdir(tmp_path)  # the folders above are root's
        patch.setattr(tempfile, "gettempdir", lambda: ".")
        os.seteuid(65534)
        try:
            sweep()
        finally:
            os.seteuid(0)
    assert (tmp_path / "kischule-theirs" / ALIVE).exists()
