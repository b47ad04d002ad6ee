"""`kischule verify`."""

import argparse
from collections.abc import Mapping, Sequence

from autograder.checking.retarget import exercises_for
from autograder.cli.output import (
    DONE,
    NOT_PASSED,
    WrongUseError,
    mark,
    print_table,
    stderr,
    write_json,
)
from autograder.course.gradebook import Course
from autograder.course.ours import exercises_of
from autograder.course.verify import Verdict, verify
from autograder.exercises.exercise import Exercise
from autograder.grading.settings import from_options
from autograder.grading.store import Store
from kischule.models import fingerprint

COLUMNS = ["exercise", "reference passes", "skeleton fails", "wrong caught", "correct", "s"]


def run(options: argparse.Namespace) -> int:
    """Verify the checks of an assignment; a table, or JSON."""
    model = from_options(options, "model").model

    def making(exercise: str) -> None:
        stderr(f"{exercise}: making the expected replies of {model}, once")

    def progress(verdict: Verdict) -> None:
        state = "ok" if verdict.passed else f"{len(verdict.problems)} problems"
        stderr(f"{verdict.exercise}: {state}, {verdict.seconds:g} s")

    course = options.course.resolve()
    exercises = exercises_for(
        _chosen(options.exercises, exercises_of(Course(course).directory(), options.assignment)),
        model,
        Store(course).expected,
        making,
    )
    verdicts = verify(course, options.assignment, progress, exercises)
    passed = all(verdict.passed for verdict in verdicts)
    if options.json != "-":
        print_table(COLUMNS, [_row(verdict) for verdict in verdicts], right=(3, 4, 5))
        for verdict in verdicts:
            for problem in verdict.problems:
                print(f"✗ {verdict.exercise}: {problem}")
            for warning in verdict.warnings:
                print(f"! {verdict.exercise}: {warning}")
    report = {
        "assignment": options.assignment,
        "model": fingerprint(model),
        "passed": passed,
        "exercises": [verdict.as_data() for verdict in verdicts],
    }
    write_json(options.json, report)
    return DONE if passed else NOT_PASSED


def _chosen(names: Sequence[str], known: Mapping[str, Exercise]) -> Mapping[str, Exercise]:
    """The exercises with these names; all for none."""
    if known and (unknown := [name for name in names if name not in known]):
        there = ", ".join(known)
        raise WrongUseError(f"there is no exercise {unknown[0]!r}; there are: {there}")
    return {name: known[name] for name in known if name in names} if names else known


def _row(verdict: Verdict) -> list[str]:
    return [
        verdict.exercise,
        mark(verdict.reference),
        mark(verdict.skeleton),
        f"{verdict.wrong_caught}/{verdict.wrong}",
        f"{verdict.correct_accepted}/{verdict.correct}",
        f"{verdict.seconds:.1f}",
    ]
