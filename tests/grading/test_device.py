"""Queries of the GPU, without one. Its use is tested in test_gpu.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attacks import small

from autograder.cli import main
from autograder.course import release
from autograder.grading import device
from autograder.grading.device import DeviceError
from autograder.notebooks.cells import read_notebook


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An nvidia-smi that prints what is written into this file."""
    tool, text = tmp_path / "nvidia-smi", tmp_path / "reported"
    tool.write_text(f"#!/bin/sh\ncat {text}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return text


def test_jobs_are_as_many_as_the_device_holds(reported: Path) -> None:
    reported.write_text("5300\n80000\n")
    assert device.free_bytes() == [5300 << 20, 80000 << 20]
    assert device.jobs("cuda", 16) == 5
    assert device.jobs("cuda", 2) == 2
    assert device.jobs("cpu", 16) == 16
    reported.write_text("100\n")
    assert device.jobs("cuda", 16) == 1


def test_a_missing_device_is_named_in_a_sentence(
    reported: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reported.write_text("No devices were found\n")
    with pytest.raises(DeviceError, match="nvidia-smi says: No devices were found"):
        device.free_bytes()
    reported.write_text("")
    with pytest.raises(DeviceError, match="needs a CUDA device"):
        device.free_bytes()
    course = tmp_path / "course"
    course.mkdir()
    small.make(course)
    released = read_notebook(release.registered(course, "small")[0])
    small.write(course, "ada", small.submission(released, None, {}))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert main(["grade", "small", "--course", str(course), "--device", "cuda"]) == 2
    _, line = capsys.readouterr().err.splitlines()
    assert line == "kischule: --device cuda needs an NVIDIA driver: nvidia-smi is not there"
