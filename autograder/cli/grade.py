"""`kischule grade`."""

import argparse
from pathlib import Path
from typing import Any

from autograder.cli.output import (
    DONE,
    NOT_GRADED,
    WrongUseError,
    check_writable,
    print_table,
    printable,
    shortened,
    stderr,
    stopped_by_signals,
    write_json,
)
from autograder.cli.progress import Progress, points
from autograder.course.adjustments import Adjustment
from autograder.course.commands import course_settings
from autograder.course.grade import RunOptions, grade
from autograder.course.messages import ABSENT
from autograder.errors import UserError
from autograder.exercises.exercise import Level
from autograder.files import write_atomically
from autograder.grading.processes import warm_up
from autograder.grading.record import Status
from autograder.grading.settings import from_options
from autograder.reports import machine

MAX_NOTES = 4  # exercises that are named in a row
TESTS = {Level.PUBLIC.prefix: "public tests", Level.HIDDEN.prefix: "hidden tests"}


def run(options: argparse.Namespace) -> int:
    """Grade a class; a table, and results for other programs."""
    if options.scheduler and options.engine != "dask":
        raise WrongUseError("--scheduler is Dask's: it needs --engine dask")
    if options.engine == "local":
        warm_up()
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
            report = grade(
                course,
                options.assignment,
                from_options(options, course=course_settings(course)),
                run_options,
                Progress(options.quiet),
            )
            _write_files(report, options)
        except UserError:
            raise
        except OSError as error:
            stderr(
                f"kischule: stopped: {error}; what was graded is kept, the same command goes on "
                "from there"
            )
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
    stderr(f"\n{len(could_not)} of {number} could not be graded:")
    for row in could_not:
        stderr(f"  {row['student']}: {row['status']}: {in_brief(row['flags'])}")


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
                row["status"],
                points(row),
                f"{waiting:g}" if waiting else "",
                "; ".join(notes) or "–",
            ]
        )
    rows += [[student, "absent", "–", "", ABSENT.en] for student in report.get("absent", [])]
    print_table(["student", "status", "points", "waiting", "not passed"], rows, right=(2, 3))
    for each in report.get("adjustments", []):
        print(printable(str(Adjustment.from_data(each))))
    flagged = [row for row in report["submissions"] if row["flags"]]
    if flagged:
        print(f"\nFlags{'' if verbose else ', in brief (--verbose: all)'}:")
    for row in flagged:
        for text in row["flags"] if verbose else [in_brief(row["flags"])]:
            line = f"{row['student']}: {text}"
            print(printable(line) if verbose else shortened(line))
    if tiers := machine.tiers(report):
        print(f"\nisolation: {tiers}")


def in_brief(flags: list[str]) -> str:
    """Say flags of one kind once: `15 × missing hidden tests`."""
    groups: dict[tuple[str, str], list[str]] = {}
    for flag in flags:
        kind, _, cell = flag.partition(": ")
        tests = next((name for prefix, name in TESTS.items() if cell.startswith(prefix)), "")
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
    return [n if len(found) > 1 else f"{n} ({found[0]})" for n, found in levels.items()]


def _few(notes: list[str]) -> list[str]:
    if len(notes) <= MAX_NOTES:
        return notes
    return [*notes[: MAX_NOTES - 1], f"… ({len(notes)} in all)"]
