"""`kischule verify`."""

import argparse
from collections.abc import Mapping, Sequence

from autograder.checking.retarget import exercises_for
from autograder.cli import messages
from autograder.cli.output import (
    DONE,
    NOT_PASSED,
    WrongUseError,
    mark,
    print_table,
    stderr,
    stdout,
    worded,
    write_json,
)
from autograder.course.gradebook import Course
from autograder.course.ours import exercises_of
from autograder.course.unfinished import check_files, missing_parts, unknown_exercise
from autograder.course.verdict import MIN_PRECISION, MIN_RECALL, Told, Verdict
from autograder.course.verify import verify
from autograder.exercises.exercise import Exercise
from autograder.grading.settings import from_options
from autograder.grading.store import Store
from kischule.i18n import Text
from kischule.models import fingerprint

SECONDS, SHARE = Text.same("{value:.1f}"), Text.same("{value:.1%}")


def run(options: argparse.Namespace) -> int:
    """Verify the checks of an assignment; a table, or JSON."""
    model = from_options(options, "model").model

    def making(exercise: str) -> None:
        stderr(messages.MAKING.format(exercise=exercise, model=model))

    def progress(verdict: Verdict) -> None:
        about = {"exercise": verdict.exercise, "seconds": verdict.seconds}
        found = messages.PROBLEMS.of(len(verdict.problems), **about)
        stderr(messages.OK.format(**about) if verdict.passed else found)

    course = options.course.resolve()
    for name in check_files(course, options.assignment):
        if name in options.exercises:
            raise unknown_exercise(course, options.assignment, name)
        steps = "; ".join(map(worded, missing_parts(course, options.assignment, name)))
        about = {"name": name, "assignment": options.assignment, "steps": steps}
        stderr(messages.NOT_YET.format(**about))
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
        print_table(
            messages.VERIFY_HEADS, [_verdict_row(verdict) for verdict in verdicts], right=(3, 4, 5)
        )
        for verdict in verdicts:
            for problem in verdict.problems:
                print(f"✗ {verdict.exercise}: {worded(problem)}")
            for warning in verdict.warnings:
                print(f"! {verdict.exercise}: {worded(warning)}")
        rows = [_told_row(v.exercise, v.told) for v in verdicts if v.told.messages]
        if rows:
            all_rows = [*rows, _told_row(worded(messages.ALL), told)]
            print_table(messages.TOLD_HEADS, all_rows, right=(1, 2, 3, 4, 5))
        for verdict in verdicts:
            for false in verdict.told.false:
                print(f"! {verdict.exercise}: {worded(false)}")
        if not told.passed:
            shares = {"was_precision": told.precision, "was_recall": told.recall}
            bounds = {"precision": MIN_PRECISION, "recall": MIN_RECALL}
            stdout(messages.TOO_LOW.format(**bounds, **shares))
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
        raise WrongUseError(messages.NO_EXERCISE.format(name=unknown[0], known=there))
    return {name: known[name] for name in known if name in names} if names else known


def _verdict_row(verdict: Verdict) -> list[str]:
    return [
        verdict.exercise,
        mark(verdict.reference),
        mark(verdict.skeleton),
        f"{verdict.wrong_caught}/{verdict.wrong}",
        f"{verdict.correct_accepted}/{verdict.correct}",
        worded(SECONDS.format(value=verdict.seconds)),
    ]


def _told_row(name: str, told: Told) -> list[str]:
    counts = [str(told.named), str(told.general), str(len(told.false))]
    return [name, *counts, *(worded(SHARE.format(value=s)) for s in (told.precision, told.recall))]
