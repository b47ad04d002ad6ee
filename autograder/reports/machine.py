"""The results of a run for other programs: JUnit's XML, and a table for a CI's summary page.

JUnit's format as the Apache Ant task writes it and Jenkins, GitLab and GitHub's reporters read it:
a `testsuite` for each student, a `testcase` for each exercise and level. `grade --json` is
described in `grade.schema.json` (JSON Schema 2020-12).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from autograder.sandbox.text import clean

SCHEMA = Path(__file__).parent / "grade.schema.json"
COULD_NOT = ("failed", "unreadable")


def schema() -> dict[str, Any]:
    """The JSON Schema of `grade --json`."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def junit(report: dict[str, Any]) -> bytes:
    """The report of a run as XML. An exercise that was not judged, or waits, is `skipped`."""
    suites = ElementTree.Element("testsuites", name=report["assignment"])
    for submission in report["submissions"]:
        cases = submission["exercises"]
        broken = submission["status"] in COULD_NOT
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=_text(submission["student"]),
            tests=str(len(cases) + broken),
            failures=str(sum(case["passed"] is False for case in cases)),
            errors=str(int(broken)),
            skipped=str(sum(case["passed"] is None for case in cases)),
            time=f"{submission['seconds']:g}",
        )
        for case in cases:
            _case(suite, report["assignment"], case)
        if broken:
            node = ElementTree.SubElement(
                suite, "testcase", classname=report["assignment"], name="submission", time="0"
            )
            reason = _text("; ".join(submission["flags"]))
            ElementTree.SubElement(node, "error", message=reason, type=submission["status"])
    ElementTree.indent(suites)
    return bytes(ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: ElementTree.Element, assignment: str, case: dict[str, Any]) -> None:
    name = f"{case['id']}[{case['level']}]"
    node = ElementTree.SubElement(suite, "testcase", classname=assignment, name=name, time="0")
    message = _text(case["message"])
    if case["passed"] is False:
        first = message.splitlines()[0] if message else "not passed"
        ElementTree.SubElement(node, "failure", message=first, type=case["level"]).text = message
    elif case["passed"] is None:
        why = "waits for the teacher" if case["level"] == "manual" else message
        ElementTree.SubElement(node, "skipped", message=why)


def markdown(report: dict[str, Any]) -> str:
    """A table of the class in GitHub's Markdown."""
    lines = [f"## {_cell(report['assignment'])}", "", "| student | status | points | not passed |"]
    lines.append("|---|---|---:|---|")
    for submission in report["submissions"]:
        failed = [
            f"`{case['id']}`"
            for case in submission["exercises"]
            if case["level"] != "manual" and not case["passed"]
        ]
        notes = [*dict.fromkeys(failed), *map(_cell, submission["flags"])]
        score = f"{submission['score']:g}/{submission['max_score']:g}"
        who = _cell(submission["student"])
        lines.append(f"| {who} | {submission['status']} | {score} | {', '.join(notes) or '–'} |")
    return "\n".join(lines) + "\n\n"


def _cell(text: str) -> str:
    """Fit for a cell: nothing in it is markup."""
    shown = _text(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return "".join("\\" + c if c in "\\|`*_[]!#~" else c for c in shown)


def _text(text: str) -> str:
    """Without what XML and UTF-8 do not take."""
    kept = clean(text.encode("utf-8", "backslashreplace").decode())
    return kept.replace("\ufffe", "").replace("\uffff", "")
