"""`kischule import` and `kischule export`."""

import argparse

from autograder.cli import messages
from autograder.cli.output import DONE, NOT_GRADED, WrongUseError, stderr, stdout, worded
from autograder.errors import UserError, system_reason
from autograder.lms import systems
from autograder.lms.kept import use_pseudonyms
from autograder.sandbox.text import clean
from kischule.i18n import text_of


def import_(options: argparse.Namespace) -> int:
    """Import submissions."""
    course = options.course.resolve()
    if options.pseudonyms is not None:
        stderr(worded(use_pseudonyms(course, options.pseudonyms)))
    found = systems.import_(
        options.system,
        options.file,
        course,
        options.assignment,
        table=options.table,
        pattern=options.pattern,
        prefer=options.prefer,
    )
    for line in (*found.notes, *found.aside):
        stderr(clean(worded(line)))
    for kind, lines in (
        (messages.REFUSED, found.refused),
        (messages.IN_DOUBT, found.doubts),
        (messages.NOT_GRADABLE, found.not_gradable),
    ):
        for line in lines:
            stderr(clean(worded(kind.format(line=text_of(line)))))
    stdout(found.summary)
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
        reason = system_reason(error)
        unwritable = messages.CANNOT_WRITE.format(path=options.out, reason=reason)
        raise WrongUseError(unwritable) from error
    for note in notes:
        stderr(note)
    print(options.out)
    return DONE
