"""`kischule grade`."""

import argparse
from pathlib import Path
from typing import Any

from autograder.cli import messages
from autograder.cli.output import (
    DONE,
    NOT_GRADED,
    WrongUseError,
    check_writable,
    print_table,
    printable,
    shortened,
    stderr,
    stdout,
    stopped_by_signals,
    worded,
    write_json,
)
from autograder.cli.progress import Progress, points
from autograder.course.adjustments import Adjustment
from autograder.course.commands import course_settings
from autograder.course.grade import RunOptions, grade
from autograder.course.messages import ABSENT
from autograder.course.writer import looks_new
from autograder.errors import UserError
from autograder.exercises.exercise import Level
from autograder.files import write_atomically
from autograder.grading.engines.local import prepare
from autograder.grading.record import Status
from autograder.grading.settings import from_options
from autograder.reports import machine
from autograder.reports.messages import NUMBER, STATUS_WORDS

MAX_NOTES = 4  # exercises that are named in a row


def run(options: argparse.Namespace) -> int:
    """Grade a class; a table, and results for other programs."""
    if options.scheduler and options.engine != "dask":
        raise WrongUseError(messages.DASK_ONLY)
    check_writable(options.json, options.junit, options.markdown)
    run_options = RunOptions(
        students=tuple(options.student),
        jobs=options.jobs,
        engine=options.engine,
        scheduler=options.scheduler,
        seed_file=options.seed_file,
        force=options.force,
    )
    course = options.course.resolve()
    with stopped_by_signals():
        try:
            settings = from_options(options, course=course_settings(course))
            likely = options.force or looks_new(course, options.assignment)
            if options.engine == "local" and likely:
                prepare(settings)
            watch = Progress(options.quiet)
            report = grade(course, options.assignment, settings, run_options, watch)
            _write_files(report, options)
        except UserError:
            raise
        except OSError as error:
            stderr(messages.RUN_STOPPED.format(reason=error))
            return NOT_GRADED
    rows = report["submissions"]
    could_not = [row for row in rows if Status(row["status"]).could_not]
    if could_not and not options.quiet:
        _print_reasons(could_not, len(rows))
    return NOT_GRADED if could_not else DONE


def _write_files(report: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json != "-" and not options.quiet:
        print_class(report, options.verbose)
    write_json(options.json, report)
    if options.junit:
        write_atomically(Path(options.junit), machine.junit(report))
    if options.markdown:
        with open(options.markdown, "a", encoding="utf-8") as file:
            file.write(machine.markdown(report))


def _print_reasons(could_not: list[dict[str, Any]], number: int) -> None:
    """Below a table of hundreds: the students without a grade, and why."""
    count = messages.COULD_NOT.format(count=len(could_not), total=number)
    stderr(f"\n{worded(count)}")
    for row in could_not:
        stderr(f"  {row['student']}: {_status(row)}: {in_brief(row['flags'])}")


def print_class(report: dict[str, Any], verbose: bool = False) -> None:
    """Print the class as a table: student, status, points, and what did not pass; flags below it.

    verbose: each flag in a line of its own, else a line for each student.
    """
    rows = []
    for row in report["submissions"]:
        checked = [e for e in row["exercises"] if e["level"] != Level.MANUAL]
        by_hand = [e for e in row["exercises"] if e["level"] == Level.MANUAL]
        waiting = sum(e["max_points"] for e in by_hand if e["passed"] is None)
        notes = _few(_grouped([e for e in checked if not e["passed"]]))
        rows.append(
            [
                row["student"],
                _status(row),
                points(row),
                NUMBER.format(value=waiting) if waiting else "",
                "; ".join(notes) or "–",
            ]
        )
    missing = report.get("absent", [])
    rows += [[student, messages.ABSENT_STATE, "–", "", ABSENT] for student in missing]
    print_table(messages.GRADE_HEADS, rows, right=(2, 3))
    for each in report.get("adjustments", []):
        stdout(printable(worded(Adjustment.from_data(each).text)))
    for row in report["submissions"]:
        if reused := row.get("reused"):
            line = worded(messages.REUSED.format(names=", ".join(reused)))
            print(shortened(f"{row['student']}: {line}"))
    flagged = [row for row in report["submissions"] if row["flags"]]
    if flagged:
        stdout(f"\n{worded(messages.FLAGS_ALL if verbose else messages.FLAGS_BRIEF)}")
    for row in flagged:
        for text in row["flags"] if verbose else [in_brief(row["flags"])]:
            line = f"{row['student']}: {worded(text)}"
            print(printable(line) if verbose else shortened(line))
    if tiers := machine.tiers(report):
        stdout(f"\n{worded(messages.ISOLATION_LINE.format(tiers=tiers))}")


def in_brief(flags: list[str]) -> str:
    """Say flags of one kind once: `15 × missing hidden tests`."""
    groups: dict[tuple[str, str], list[str]] = {}
    names = messages.TEST_WORDS.items()
    for flag in map(worded, flags):
        kind, _, cell = flag.partition(": ")
        tests = next((worded(name) for prefix, name in names if cell.startswith(prefix)), "")
        groups.setdefault((kind, tests), []).append(flag)
    texts = []
    for (kind, tests), found in groups.items():
        first = found[0].partition(": ")[2]
        many = f"{len(found)} × {kind} {tests}" if tests else f"{len(found)} × {kind}: {first}, …"
        texts.append(found[0] if len(found) == 1 else many)
    return "; ".join(texts)


def _grouped(failed: list[dict[str, Any]]) -> list[str]:
    """`greedy_decode` where both levels failed, `greedy_decode (hidden)` where one did."""
    levels: dict[str, list[str]] = {}
    for exercise in failed:
        levels.setdefault(exercise["id"], []).append(exercise["level"])
    words = messages.LEVEL_WORDS
    return [
        n if len(found) > 1 else f"{n} ({worded(words[found[0]])})" for n, found in levels.items()
    ]


def _status(row: dict[str, Any]) -> str:
    return worded(STATUS_WORDS[Status(row["status"])])


def _few(notes: list[str]) -> list[str]:
    if len(notes) <= MAX_NOTES:
        return notes
    return [*notes[: MAX_NOTES - 1], worded(messages.MORE_NOTES.format(count=len(notes)))]
