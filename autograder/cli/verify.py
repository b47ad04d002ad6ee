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
from autograder.course.unfinished import check_files, missing_parts, unknown_exercise
from autograder.course.verify import MIN_PRECISION, MIN_RECALL, Told, Verdict, verify
from autograder.exercises.exercise import Exercise
from autograder.grading.settings import from_options
from autograder.grading.store import Store
from kischule.models import fingerprint

TOLD = ["told about wrong solutions", "named", "general hint", "false", "precision", "recall"]
HEADINGS = ["exercise", "reference passes", "skeleton fails", "wrong caught", "correct", "s"]


def run(options: argparse.Namespace) -> int:
    """Verify the checks of an assignment; a table, or JSON."""
    model = from_options(options, "model").model

    def making(exercise: str) -> None:
        stderr(f"{exercise}: making the expected replies of {model}, once")

    def progress(verdict: Verdict) -> None:
        state = "ok" if verdict.passed else f"{len(verdict.problems)} problems"
        stderr(f"{verdict.exercise}: {state}, {verdict.seconds:g} s")

    course = options.course.resolve()
    for name in check_files(course, options.assignment):
        if name in options.exercises:
            raise unknown_exercise(course, options.assignment, name)
        steps = "; ".join(missing_parts(course, options.assignment, name))
        stderr(f"{name}: not yet in the notebook of {options.assignment}; still to do: {steps}")
    exercises = exercises_for(
        _asked_for(options.exercises, exercises_of(Course(course).directory(), options.assignment)),
        model,
        Store(course).expected,
        making,
    )
    verdicts = verify(course, options.assignment, progress, exercises)
    told = sum((verdict.told for verdict in verdicts), Told())
    passed = told.passed and all(verdict.passed for verdict in verdicts)
    if options.json != "-":
        print_table(HEADINGS, [_verdict_row(verdict) for verdict in verdicts], right=(3, 4, 5))
        for verdict in verdicts:
            for problem in verdict.problems:
                print(f"✗ {verdict.exercise}: {problem}")
            for warning in verdict.warnings:
                print(f"! {verdict.exercise}: {warning}")
        rows = [_told_row(v.exercise, v.told) for v in verdicts if v.told.messages]
        if rows:
            print_table(TOLD, [*rows, _told_row("all", told)], right=(1, 2, 3, 4, 5))
        for verdict in verdicts:
            for false in verdict.told.false:
                print(f"! {verdict.exercise}: {false}")
        if not told.passed:
            print(
                f"✗ precision must be at least {MIN_PRECISION:.0%} and recall {MIN_RECALL:.0%}, "
                f"was: {told.precision:.1%} and {told.recall:.1%}"
            )
    report = {
        "assignment": options.assignment,
        "model": fingerprint(model),
        "passed": passed,
        "told": told.as_data(),
        "exercises": [verdict.as_data() for verdict in verdicts],
    }
    write_json(options.json, report)
    return DONE if passed else NOT_PASSED


def _asked_for(names: Sequence[str], known: Mapping[str, Exercise]) -> Mapping[str, Exercise]:
    """The exercises with these names; all for none."""
    if known and (unknown := [name for name in names if name not in known]):
        there = ", ".join(known)
        raise WrongUseError(f"there is no exercise {unknown[0]!r}; there are: {there}")
    return {name: known[name] for name in known if name in names} if names else known


def _verdict_row(verdict: Verdict) -> list[str]:
    return [
        verdict.exercise,
        mark(verdict.reference),
        mark(verdict.skeleton),
        f"{verdict.wrong_caught}/{verdict.wrong}",
        f"{verdict.correct_accepted}/{verdict.correct}",
        f"{verdict.seconds:.1f}",
    ]


def _told_row(name: str, told: Told) -> list[str]:
    counts = [str(told.named), str(told.general), str(len(told.false))]
    return [name, *counts, f"{told.precision:.1%}", f"{told.recall:.1%}"]
