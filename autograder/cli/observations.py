"""`kischule observations`: a page on which answers in words are graded, question by question."""

import argparse
from contextlib import suppress

from autograder.cli.output import DONE, LANGUAGE, WrongUseError, stderr, stdout
from autograder.course.observations import GRADER, Observations
from autograder.reports.observation_page import Marking, PageServer
from autograder.reports.observation_words import BAD_GRADER, OPEN_PAGE


def run(options: argparse.Namespace) -> int:
    """Serve the page until it is stopped."""
    if options.grader and not GRADER.fullmatch(options.grader):
        raise WrongUseError(BAD_GRADER.format(was=options.grader))
    observations = Observations(options.course.resolve(), options.assignment)
    marking = Marking(observations, LANGUAGE.get(), options.grader or "", options.names)
    lines = marking.agreement()
    for line in lines if not options.grader else ():  # a grader does not see the others' marks
        stdout(line)
    with PageServer(marking) as server:
        stderr(OPEN_PAGE.format(address=server.address))
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    return DONE
