"""Grading in a container: Docker's default profile refuses namespaces; and Docker itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support import docker
from support.notebooks import ROOT

from autograder.cli.demo import ASSIGNMENT, make_course, submissions
from autograder.course.release import release

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
]

POINTS = {"blank": 0, "crossing": 48, "logits": 49, "never_ends": 47}
POINTS |= {"other_style": 52, "penalty": 49, "reference": 52, "too_hot": 45}
NAME = "A7_2.ipynb"


def made(folder: Path) -> Path:
    """The course of `kischule demo`, with its eight submissions."""
    make_course(folder)
    release(folder, ASSIGNMENT)
    for student, notebook in submissions(folder).items():
        place = folder / "submitted" / student / ASSIGNMENT
        place.mkdir(parents=True)
        nbformat.write(notebook, place / NAME)
    return folder


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """By student, all but the seconds and the tier."""
    found = json.loads(path.read_text(encoding="utf-8"))["submissions"]
    return {
        row.pop("student"): {k: v for k, v in row.items() if k not in ("seconds", "isolation")}
        for row in found
    }


def test_eight_submissions_are_graded_alike_in_each_tier(tmp_path: Path) -> None:
    """In both tiers, and with `auto` in a container, which is the second."""
    course = made(tmp_path / "course")
    program = [sys.executable, "-m", "autograder.cli", "grade", ASSIGNMENT, "--time-limit", "10"]
    found = {}
    for name in ("namespaces", "landlock", "container"):
        path = tmp_path / f"{name}.json"
        command = [*program, "--course", str(course), "--force", "--json", str(path)]
        if name == "container":
            done = docker.run(*command)
        else:
            command += ["--isolation", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        tier = "landlock" if name == "container" else name
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == f"isolation: {tier}"
        found[name] = rows(path)
    assert {student: row["score"] for student, row in found["namespaces"].items()} == POINTS
    assert found["landlock"] == found["namespaces"]
    assert found["container"] == found["namespaces"]


@pytest.mark.parametrize("ordinary", [False, True], ids=["root", "ordinary"])
def test_both_suites_hold_in_a_container(ordinary: bool) -> None:
    if os.getuid() != 0:
        pytest.skip("root runs this as both")
    files = [f"tests/{name}.py" for name in ("sandbox/test_landlock", "grading/test_attacks")]
    options = ["-n", "0", "-q", "-p", "no:cacheprovider", "-m", "slow or not slow"]
    chosen = ["-k", "landlock and not namespaces and not becomes_nobody"]
    command = [sys.executable, "-m", "pytest", *options, *chosen, *files]
    done = docker.run(*command, ordinary=ordinary, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-5000:]


def _has_docker() -> bool:
    program = shutil.which("docker")
    return program is not None and subprocess.run([program, "info"], check=False).returncode == 0


@pytest.mark.skipif(not _has_docker(), reason="needs Docker and its daemon")
def test_the_image_grades_a_mounted_course(tmp_path: Path) -> None:
    course = made(tmp_path / "course")
    subprocess.run(["docker", "build", "--tag", "kischule-test", str(ROOT)], check=True)
    user = f"{os.getuid() or docker.ORDINARY}"
    if os.getuid() == 0:
        for path in (course, *course.rglob("*")):
            os.chown(path, docker.ORDINARY, docker.ORDINARY)
    command = ["docker", "run", "--rm", "--user", user, "--network", "none"]
    command += ["--volume", f"{course}:/course", "kischule-test"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "isolation: landlock"
