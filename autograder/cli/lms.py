"""`kischule import` and `kischule export`."""

import argparse

from autograder.cli.output import DONE, NOT_GRADED, WrongUseError, stderr
from autograder.errors import UserError
from autograder.lms import systems
from autograder.sandbox.text import clean


def import_(options: argparse.Namespace) -> int:
    """Import submissions."""
    found = systems.import_(
        options.system,
        options.file,
        options.course.resolve(),
        options.assignment,
        table=options.table,
        pattern=options.pattern,
        prefer=options.prefer,
    )
    lines = [*found.notes, *found.aside, *(f"refused: {line}" for line in found.refused)]
    lines += [f"in doubt: {line}" for line in found.doubts]
    lines += [f"not gradable: {line}" for line in found.not_gradable]
    for line in lines:
        stderr(clean(line))
    print(found)
    return DONE if found.is_clear else NOT_GRADED


def export(options: argparse.Namespace) -> int:
    """Export grades and feedback."""
    try:
        notes = systems.export(
            options.system,
            options.course.resolve(),
            options.assignment,
            options.out,
            table=options.table,
            scale=options.scale,
            pass_mark=options.pass_mark,
            seed_file=options.seed_file,
        )
    except UserError:
        raise
    except OSError as error:
        raise WrongUseError(f"{options.out} cannot be written: {error.strerror}") from error
    for note in notes:
        stderr(note)
    print(options.out)
    return DONE
