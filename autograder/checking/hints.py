"""Hints on request: `hint("filter_top_p", 2)` in a terminal, or in a cell of the notebook."""

import sys

from autograder.checking import messages
from autograder.checking.carried import known_in
from autograder.checking.result import Line
from kischule.errors import ArgumentError
from kischule.i18n import language


def hint(exercise_id: str, step: int = 1) -> None:
    """Print one of an exercise's hints, in the notebook's language.

    step: 1 says where to look, 2 names the idea or function, 3 goes on with a tiny example.

    Raises KeyError, naming the exercises there are, for an unknown id; ArgumentError for a step
    that the exercise does not have.
    """
    hints = known_in(sys._getframe(1).f_globals)[exercise_id].hints
    count = len(hints)
    if not isinstance(step, int) or not 1 <= step <= count:
        raise ArgumentError(
            "step", messages.STEP_RULE.format(exercise=exercise_id, count=count), step
        )
    label = messages.STEP.format(step=step, count=count)
    print(Line(hints[step - 1], label).plain(language()))
