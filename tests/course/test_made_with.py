"""An old year's course: the package says which of its exercises have changed since its release."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from attacks import small

from autograder.cli import main
from autograder.course import registration
from autograder.course.made_with import changes_since
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.strict import DataError

NOTE = ".kischule/made-with-small.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, registration.Made]:
    root = tmp_path_factory.mktemp("old")
    small.make(root)
    made = registration.make(root, "small", [root / "source" / "small" / small.NAME])
    registration.publish(root, "small", made)
    return root, made


@pytest.fixture
def course(made: tuple[Path, registration.Made], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "course"))


def _older(course: Path, **changes: Any) -> None:
    """Let the note be another year's: another version, other exercises."""
    note = json.loads((course / NOTE).read_text(encoding="utf-8"))
    exercises = {**note["exercises"], **changes.pop("exercises", {})}
    note = {**note, **changes, "exercises": exercises}
    (course / NOTE).write_text(json.dumps(note), encoding="utf-8")


def _check(course: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["release", "small", "--check", "--course", str(course)]) == 0
    fresh, *more = capsys.readouterr().out.splitlines()
    assert fresh == "fresh: release/small"
    return more


def test_a_release_notes_its_package(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = json.loads((course / NOTE).read_text(encoding="utf-8"))
    assert set(note["exercises"]) == set(small.EXERCISES)
    assert _check(course, capsys) == []


def test_check_names_what_has_changed(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _older(course, version="0.0.1")
    (said,) = _check(course, capsys)
    assert said.startswith("made with kischule 0.0.1, this is ")
    assert "have changed since then: none; `kischule grade`" in said
    _older(course, exercises={"repetition_rate": "", "filter_top_k": "", "top_a": ""})
    (said,) = _check(course, capsys)
    assert "since then: filter_top_k, repetition_rate, top_a (no longer there); " in said
    # one of the course's own stays as it is
    (course / "exercises" / "small").mkdir(parents=True)
    shutil.copy(PACKAGED.paths["filter_top_k"], course / "exercises" / "small")
    assert "since then: repetition_rate, top_a" in changes_since(course, "small")


def test_a_release_renews_the_note(made: tuple[Path, registration.Made], course: Path) -> None:
    _older(course, version="0.0.1", exercises={"filter_top_k": ""})
    registration.register(registration.Course(course), "small", made[1])  # as grading does
    assert "filter_top_k" in changes_since(course, "small")
    journal = course / ".kischule" / "releasing-small.json"  # of a run that was killed
    journal.write_bytes(made[1].as_json())
    registration.finish(course, "small")
    assert changes_since(course, "small") == ""
    _older(course, exercises={"filter_top_k": ""})
    registration.publish(course, "small", made[1])
    assert changes_since(course, "small") == ""


def test_a_course_without_the_note_keeps_working(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / NOTE).unlink()
    assert _check(course, capsys) == []
    (course / NOTE).write_text("{}")
    with pytest.raises(DataError, match=r"made-with-small.json: the key 'version' is missing"):
        changes_since(course, "small")
