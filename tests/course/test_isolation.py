"""The tier of isolation: remembered by a course, and named wherever there are results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support import school
from support.nbgrader import AllPass

from autograder.cli import main
from autograder.course.grade import weakest
from autograder.grading.isolation import RISK
from autograder.grading.record import Record
from autograder.grading.submission import settle
from autograder.reports import machine
from autograder.reports.class_page import class_page


class Settling:
    """An engine that settles the isolation, and gives all points; it keeps each run's warning."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def run(self, rules: Any, tasks: Any) -> Iterator[Record]:
        settings, warning = settle(rules.settings)
        self.warnings.append(warning)
        for record in AllPass().run(rules, tasks):
            yield replace(record, isolation=settings.isolation)


@pytest.fixture
def engine() -> Settling:
    return Settling()


@pytest.fixture
def course(tmp_path: Path, engine: Settling, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A class of two on a system without sandboxes."""
    for module in ("grading.isolation", "course.rules"):
        monkeypatch.setattr(f"autograder.{module}.sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: engine)
    folder = school.course(tmp_path / "course")
    for name in ("ada", "bob"):
        place = folder / "submitted" / name / school.ASSIGNMENT
        place.mkdir(parents=True)
        (place / school.NAME).write_bytes(school.notebook(name))
    return folder


def graded(course: Path, *more: str) -> int:
    return main(["grade", school.ASSIGNMENT, "--course", str(course), *more])


def test_a_plain_process_is_asked_for_once_a_course(
    course: Path,
    engine: Settling,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert graded(course) == 2
    assert "a sandbox needs Linux, this is darwin; to go on" in capsys.readouterr().err
    assert graded(course, "--isolation", "process") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "isolation: process"
    assert graded(course, "--force") == 0
    assert engine.warnings == [f"no sandbox: {RISK}"] * 2  # in one line, each time
    assert graded(course, "--isolation", "landlock") == 2  # asked for by name: it is not that
    monkeypatch.setattr("autograder.course.rules.sys.platform", "linux")
    assert graded(course, "--force") == 2  # on Linux nothing that was remembered weakens a run


def test_results_name_their_tier(course: Path, tmp_path: Path) -> None:
    path = tmp_path / "grades.json"
    assert graded(course, "--student", "ada", "--isolation", "process") == 0
    assert "Die Abgaben liefen ohne Sandbox (process)." in class_page(course, school.ASSIGNMENT)
    for record in (course / ".kischule" / "records" / school.ASSIGNMENT).glob("*.json"):
        data = json.loads(record.read_text())
        record.write_text(json.dumps({**data, "isolation": "sandbox"}))  # of an earlier edition
    assert graded(course, "--json", str(path)) == 0
    report = json.loads(path.read_text())
    found = [row["isolation"] for row in report["submissions"]]
    assert (report["isolation"], found) == ("process", ["namespaces", "process"])
    assert machine.tiers(report) == "1 × namespaces, 1 × process"
    page = class_page(course, school.ASSIGNMENT, "en")
    assert "the full sandbox (namespaces): 1, without a sandbox (process): 1." in page


def test_the_weakest_tier_speaks_for_all() -> None:
    assert weakest(["landlock", "namespaces", None]) == "landlock"
    assert weakest([None]) is None
