"""Results for other programs, and the lines of progress while they are made."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from attacks import small
from support.notebooks import places

from autograder.cli import main, progress
from autograder.cli.progress import Progress
from autograder.course import release
from autograder.grading.settings import SANDBOXES
from autograder.reports import machine

SCHEMA = json.loads(machine.SCHEMA.read_text(encoding="utf-8"))
EXERCISES = [
    {"id": "a", "level": "public", "points": 1.0, "max_points": 1.0, "passed": True, "message": ""},
    {"id": "a", "level": "hidden", "points": 0.0, "max_points": 2.0, "passed": False}
    | {"message": "Erwartet: <1> & 2.\nHinweis: ]]>"},
    {"id": "b", "level": "public", "points": 0, "max_points": 1, "passed": None}
    | {"message": "Erst."},
    {"id": "o", "level": "manual", "points": 0, "max_points": 2, "passed": None, "message": ""},
]
GRADED = {"student": "ada", "status": "graded", "score": 1.0, "max_score": 6.0, "seconds": 1.5}
UNREADABLE = {"student": "b|<b>\udcff\x00", "status": "unreadable", "score": 0, "max_score": 6}
GRADED["isolation"], UNREADABLE["isolation"] = "landlock", None
REPORT: dict[str, Any] = {
    "assignment": "a7_2",
    "seed_id": "0123456789ab",
    "model": "mini@0123456789ab",
    "isolation": "landlock",
    "submissions": [
        {**GRADED, "exercises": EXERCISES, "flags": ["missing: x"]},
        {**UNREADABLE, "seconds": 0, "exercises": [], "flags": ["not JSON: \ufffe*x* | y\nz"]},
    ],
}


def test_the_schema_describes_what_there_is_and_nothing_else() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    validator.validate(REPORT)
    for number in range(len(places(REPORT))):
        spoilt = copy.deepcopy(REPORT)
        holder, key = places(spoilt)[number]
        holder[key] = {"another": "thing"}
        assert not validator.is_valid(spoilt), (holder, key)
    for holder, _ in places(copy.deepcopy(REPORT)):
        if isinstance(holder, dict):
            assert not validator.is_valid({**REPORT, "more": 1})
    assert not validator.is_valid({**REPORT, "model": "mini"})


def test_junit_has_the_parts_that_reporters_show() -> None:
    root = ElementTree.fromstring(machine.junit(REPORT))
    first, second = root.iter("testsuite")
    assert [first.get(n) for n in ("name", "tests", "failures", "errors", "skipped")] == [
        *("ada", "4", "1", "0", "2")
    ]
    cases = {case.get("name"): case for case in first.iter("testcase")}
    assert list(cases) == ["a[public]", "a[hidden]", "b[public]", "o[manual]"]
    failure = cases["a[hidden]"].find("failure")
    assert failure is not None
    assert failure.get("message") == "Erwartet: <1> & 2."
    assert failure.text == "Erwartet: <1> & 2.\nHinweis: ]]>"
    assert [len(case) for case in cases.values()] == [0, 1, 1, 1]
    assert second.get("errors") == "1"
    assert second.get("name") == "b|<b>\\udcff"
    error = second.find("testcase/error")
    assert error is not None
    assert error.get("type") == "unreadable"


def test_markdown_is_a_table_in_which_nothing_acts() -> None:
    lines = machine.markdown(REPORT).splitlines()
    assert lines[0] == "## a7\\_2"
    assert lines[4] == "| ada | graded | 1/6 | `a`, `b`, missing: x |"
    assert lines[7] == "isolation: landlock"
    assert lines[5] == ("| b\\|&lt;b>\\\\udcff | unreadable | 0/6 | not JSON: \\*x\\* \\| y z |")


def test_a_run_writes_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = tmp_path / "course"
    course.mkdir()
    small.make(course)
    released = release.read_notebook(release.registered(course, "small")[0])
    small.write(course, "ada", small.submission(released, None, {}))
    (course / "submitted" / "bob" / "small").mkdir(parents=True)
    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: small.Here())
    (tmp_path / "summary").write_text("before\n")
    files = [f"--{n}={tmp_path / n}" for n in ("json", "junit")]
    command = ["grade", "small", "--course", str(course), "--quiet", *files]
    assert main([*command, "--markdown", str(tmp_path / "summary")]) == 3
    assert capsys.readouterr() == ("", "")
    report = json.loads((tmp_path / "json").read_text())
    jsonschema.validate(report, SCHEMA)
    assert [s["status"] for s in report["submissions"]] == ["graded", "unreadable"]
    tier = report["isolation"]
    assert tier in SANDBOXES
    assert [s["isolation"] for s in report["submissions"]] == [tier, None]
    suites = ElementTree.parse(tmp_path / "junit").getroot()
    assert [s.get("name") for s in suites] == ["ada", "bob"]
    summary = (tmp_path / "summary").read_text()
    assert summary.startswith("before\n## small\n")
    assert "| ada | graded | 7/9 | – |" in summary
    assert summary.endswith(f"\nisolation: {tier}\n\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def row(student: str, status: str = "graded") -> dict[str, Any]:
    return {"student": student, "status": status, "score": 3, "max_score": 9, "seconds": 1.2}


def told(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, quiet: bool = False) -> str:
    """The lines of a run: one is known, one is graded, one fails after a long time."""
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    watch = Progress(quiet, stream)
    watch.begin(4)
    watch.done(row("ada"), known=True)
    clock[0] += 30
    watch.done(row("bob"), known=False)
    watch.running({"cy": 61.0, "dan": 3.0})
    clock[0] += 90
    watch.running({"cy": 151.0, "dan": 93.0})
    watch.warn("careful")
    watch.done(row("cy", "failed"), known=False)
    watch.writing(0)
    watch.writing(2)
    watch.end()
    return stream.getvalue()


def test_plain_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(io.StringIO(), monkeypatch).splitlines() == [
        "[2/4] bob: graded, 3/9, 1.2 s · 2.0 a minute, 1 min left",
        "[2/4] slowest: cy, 2 min",
        "kischule: warning: careful",
        "[3/4] cy: failed, 3/9, 1.2 s · 1.0 a minute, 1 min left",
        "all graded; 2 gradebook entries still have to be checked or written",
        "1 of 3 were graded already",
    ]


def test_a_live_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(Terminal(), monkeypatch)
    assert "2/4 · 0 failed · 2.0 a minute, 1 min left · slowest: cy, 1 min" in lines
    assert "3/4 · 1 failed" in lines
    assert "kischule: warning: careful" in lines
    assert "[3/4] cy: failed, 3/9, 1.2 s" in lines


def test_quiet_is_quiet_but_for_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(Terminal(), monkeypatch, quiet=True) == "kischule: warning: careful\n"
