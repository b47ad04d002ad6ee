"""The `kischule` command: parses arguments, runs a command's module, reports errors.

Exit status: 0 done; 1 done, and something did not pass; 2 wrong use; 3 some submissions could not
be graded; 130 stopped. Results go to stdout, messages to stderr.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from autograder.cli.imports import without_slow_packages
from autograder.cli.output import STOPPED, WRONG_USE, stderr
from autograder.cli.parser import TEACHER, parser
from autograder.errors import MissingPackageError, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, or with those of the process."""
    for stream in (sys.stdout, sys.stderr):  # no folder's name and no console stops a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        if options.needs == TEACHER and find_spec("nbgrader") is None:
            raise MissingPackageError(
                "this command needs nbgrader: pip install 'kischule[teacher]'"
            )
        if options.module == "grade" and not options.quiet:  # before nbgrader's second of imports
            stderr(f"grading {options.assignment} in {options.course.resolve()}")
        with without_slow_packages():
            module = importlib.import_module(f"autograder.cli.{options.module}")
        return int(getattr(module, options.function)(options))
    except KeyboardInterrupt:
        stderr("stopped; what was graded is kept, the same command goes on from there")
        return STOPPED
    except UserError as error:
        stderr(f"kischule: {error}")
        return WRONG_USE
