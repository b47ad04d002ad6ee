"""The `kischule` command: parses arguments, runs a command's module, reports errors.

Exit status: 0 done; 1 done, and something did not pass; 2 wrong use; 3 some submissions could not
be graded; 130 stopped. Results go to stdout, messages to stderr.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from autograder.cli import messages
from autograder.cli.language import spoken
from autograder.cli.output import LANGUAGE, STOPPED, WRONG_USE, stderr
from autograder.cli.parser import TEACHER, parser
from autograder.errors import MissingPackageError, UserError
from autograder.notebooks.loading import without_slow_packages

VERIFY = "autograder.course.verify"  # the module that its workers run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or with those of the process."""
    for stream in (sys.stdout, sys.stderr):  # no folder's name and no console stops a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    chosen = LANGUAGE.set(spoken(options))
    try:
        if options.needs == TEACHER and find_spec("nbgrader") is None:
            raise MissingPackageError(messages.NEEDS_NBGRADER)
        if options.module == "grade" and not options.quiet:  # before nbgrader's second of imports
            about = {"assignment": options.assignment, "course": options.course.resolve()}
            stderr(messages.GRADING.format(**about))
        if options.module == "verify":  # its workers' imports take as long as its own
            importlib.import_module("autograder.grading.processes").warm_up([VERIFY])
        with without_slow_packages():
            module = importlib.import_module(f"autograder.cli.{options.module}")
        return int(getattr(module, options.function)(options))
    except KeyboardInterrupt:
        stderr(messages.GRADING_STOPPED if options.module == "grade" else messages.STOPPED)
        return STOPPED
    except UserError as error:
        stderr(messages.ERROR.format(error=error.text))
        return WRONG_USE
    finally:
        LANGUAGE.reset(chosen)
