"""Temporary folders of killed processes are swept; those of others are not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.grading.temporary import Temporary, sweep

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
