"""The results of a run for other programs: JUnit's XML, and a table for a CI's summary page.

The JUnit format is the one that the Apache Ant task writes and Jenkins, GitLab and GitHub's
reporters read: a `testsuite` for each student, a `testcase` for each exercise and level.
`grade.schema.json` describes `grade --json` (JSON Schema 2020-12).
"""

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from autograder.course.adjustments import Adjustment
from autograder.exercises.exercise import Level
from autograder.grading.record import Status
from autograder.sandbox.text import clean

SCHEMA = Path(__file__).parent / "grade.schema.json"


def junit(report: dict[str, Any]) -> bytes:
    """Write a report as XML. An exercise that was not graded, or waits, is `skipped`."""
    suites = ElementTree.Element("testsuites", name=report["assignment"])
    for submission in report["submissions"]:
        cases = submission["exercises"]
        broken = Status(submission["status"]).could_not
        suite = ElementTree.SubElement(
            suites,
            "testsuite",
            name=_valid_xml(submission["student"]),
            tests=str(len(cases) + broken),
            failures=str(sum(case["passed"] is False for case in cases)),
            errors=str(int(broken)),
            skipped=str(sum(case["passed"] is None for case in cases)),
            time=f"{submission['seconds']:g}",
        )
        for case in cases:
            _add_case(suite, report["assignment"], case)
        if broken:
            node = ElementTree.SubElement(
                suite, "testcase", classname=report["assignment"], name="submission", time="0"
            )
            reason = _valid_xml("; ".join(submission["flags"]))
            ElementTree.SubElement(node, "error", message=reason, type=submission["status"])
    ElementTree.indent(suites)
    return bytes(ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _add_case(suite: ElementTree.Element, assignment: str, case: dict[str, Any]) -> None:
    name = f"{case['id']}[{case['level']}]"
    node = ElementTree.SubElement(suite, "testcase", classname=assignment, name=name, time="0")
    message = _valid_xml(case["message"])
    if case["passed"] is False:
        first = message.splitlines()[0] if message else "not passed"
        ElementTree.SubElement(node, "failure", message=first, type=case["level"]).text = message
    elif case["passed"] is None:
        why = "waits for the teacher" if case["level"] == Level.MANUAL else message
        ElementTree.SubElement(node, "skipped", message=why)


def markdown(report: dict[str, Any]) -> str:
    """Write a report as a table in GitHub's Markdown."""
    lines = [f"## {_cell(report['assignment'])}", "", "| student | status | points | not passed |"]
    lines.append("|---|---|---:|---|")
    for submission in report["submissions"]:
        failed = [
            f"`{case['id']}`"
            for case in submission["exercises"]
            if case["level"] != Level.MANUAL and not case["passed"]
        ]
        notes = [*dict.fromkeys(failed), *map(_cell, submission["flags"])]
        if reused := submission.get("reused"):
            notes.append(f"not run again: {', '.join(f'`{name}`' for name in reused)}")
        score = f"{submission['score']:g}/{submission['max_score']:g}"
        who = _cell(submission["student"])
        lines.append(f"| {who} | {submission['status']} | {score} | {', '.join(notes) or '–'} |")
    adjusted = [str(Adjustment.from_data(each)) for each in report.get("adjustments", [])]
    below = [*adjusted, *(f"isolation: {found}" for found in [tiers(report)] if found)]
    return "\n".join([*lines, *(f"\n{_cell(line)}" for line in below)]) + "\n\n"


def tiers(report: dict[str, Any]) -> str:
    """The tier in which all submissions ran, or how many ran in each; "" if none did."""
    found = Counter(row["isolation"] for row in report["submissions"] if row["isolation"])
    return ", ".join(tier if len(found) == 1 else f"{n} × {tier}" for tier, n in found.items())


def _cell(text: str) -> str:
    """Escape a text for a table's cell."""
    shown = _valid_xml(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return "".join("\\" + c if c in "\\|`*_[]!#~" else c for c in shown)


def _valid_xml(text: str) -> str:
    """Drop characters that XML and UTF-8 do not allow."""
    kept = clean(text.encode("utf-8", "backslashreplace").decode())
    return kept.replace("\ufffe", "").replace("\uffff", "")
