"""`kischule doctor`: what works here, what does not, and whether grading would stop."""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest
from support import docker, school

from autograder.cli import main
from autograder.grading import health
from autograder.grading.store import Store
from kischule.i18n import text_of


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Released, with one submission."""
    folder = school.course(tmp_path_factory.mktemp("doctor") / "course")
    released = folder / ".kischule" / "release" / school.ASSIGNMENT
    shutil.copytree(released, folder / "release" / school.ASSIGNMENT)
    shutil.copytree(released, folder / "submitted" / "ada" / school.ASSIGNMENT)
    return folder


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Sign and first line of the state, by name."""
    found = {}
    for line in text.splitlines()[2:-1]:
        if line[0] in "✓✗–":
            name, _, state = line[3:].partition("  ")
            found[name.strip()] = line[0], state.strip()
    return found


def test_what_works_is_told(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(course).alone():
        assert main(["doctor", "--course", str(course)]) == 0
    text = capsys.readouterr().out
    found = rows(text)
    assert found["torch"][1].startswith(metadata.version("torch"))
    assert found["models on this machine"] == ("✓", "mini")
    assert found[school.ASSIGNMENT] == ("✓", "up to date, one submission")
    assert found["grading now"][1].startswith("process ")
    assert text.splitlines()[-1] == "Grading works here."


def test_a_changed_source_is_told(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.cli.doctor.machine", list)  # sandboxes, which take seconds
    path = course / "source" / school.ASSIGNMENT / school.NAME
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("Prompt", "prompt"), encoding="utf-8")
    try:
        assert main(["--language", "de", "doctor", "--course", str(course)]) == 0
    finally:
        path.write_text(before, encoding="utf-8")
    found = rows(capsys.readouterr().out)
    assert found[school.ASSIGNMENT][0] == "✗"
    assert "hat sich seit der Ausgabe geändert" in found[school.ASSIGNMENT][1]


@pytest.mark.skipif(sys.platform != "linux", reason="sandboxes need Linux")
@pytest.mark.parametrize(("landlock", "status"), [(False, 0), (True, 1)])
def test_without_namespaces(landlock: bool, status: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "autograder.cli", "--language", "en", "doctor"]
    done = docker.run(*command, "--course", str(tmp_path), landlock=landlock)
    found = rows(done.stdout)
    assert (done.returncode, found["namespaces"][0]) == (status, "✗")
    assert found["landlock"][0] == ("✗" if landlock else "✓")
    last = "`kischule grade` would stop here." if landlock else "Grading works here."
    assert done.stdout.splitlines()[-1] == last


def test_a_package_out_of_range_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "nbgrader":
            raise metadata.PackageNotFoundError(name)
        return "4.57" if name == "transformers" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    found = {str(f.name): f for f in health._packages()}
    assert (found["transformers"].works, found["nbgrader"].works) == (False, False)
    assert found["transformers"].stops
    assert found["nbgrader"].stops
    assert found["torch"].works


def test_another_package_of_our_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(health._other_autograders()) == []
    both = {"autograder": ["kischule", "autograder"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: both)
    (found,) = health._other_autograders()
    assert found.stops
    assert text_of(found.detail).en.startswith("autograder brings a package")
