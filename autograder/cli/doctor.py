"""`kischule doctor`: what works here, and what would make the rest work."""

import argparse
from importlib.util import find_spec

from autograder.cli import messages
from autograder.cli.output import DONE, NOT_PASSED, mark, print_table, stdout
from autograder.grading.health import Finding, machine
from kischule.i18n import Text, text_of


def run(options: argparse.Namespace) -> int:
    """Print a table; status 1 if grading would stop."""
    findings = machine()
    if find_spec("nbgrader") is not None:
        from autograder.course.health import course  # needs nbgrader

        findings += course(options.course.resolve())
    rows = [["–" if f.works is None else mark(f.works), f.name, _told(f)] for f in findings]
    print_table(["", messages.DOCTOR_WHAT, messages.DOCTOR_STATE], rows)
    stops = any(found.stops for found in findings)
    stdout(messages.DOCTOR_STOPS if stops else messages.DOCTOR_GOES)
    return NOT_PASSED if stops else DONE


def _told(found: Finding) -> Text:
    detail = text_of(found.detail)
    if found.advice is None:
        return detail
    return messages.WITH_ADVICE.format(detail=detail, advice=found.advice)
