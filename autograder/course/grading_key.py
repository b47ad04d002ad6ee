"""The course's grading key: from the share of points to a grade.

In `nbgrader_config.py`, a grade and the percentage from which it is given:

    c.Kischule.grading_key = {"1": 87, "2": 73, "3": 59, "4": 45, "5": 18, "6": 0}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from autograder.course import messages
from autograder.course.configuration import course_config
from autograder.errors import UserError

ROUNDING = 1e-9  # percent: 45 % of 54 points is 24.3, which no float is


class GradingKeyError(UserError, ValueError):
    """A grading key that does not give each share of points one grade."""


@dataclass(frozen=True)
class GradingKey:
    """Grades, the best first, each with the percentage from which it is given; the last from 0."""

    bands: tuple[tuple[str, float], ...]

    def grade(self, points: float, max_points: float) -> str:
        """The grade for so many points; "" where there are none to be had."""
        if max_points <= 0:
            return ""
        percent = max(100 * points / max_points, 0.0) + ROUNDING
        return next(name for name, least in self.bands if percent >= least)


def grading_key(course: Path) -> GradingKey | None:
    """The course's key; None if it has none. Raises GradingKeyError, ConfigurationError."""
    given = course_config(course).get("Kischule", {}).get("grading_key")
    if given is None:
        return None
    bands = list(given.items()) if isinstance(given, Mapping) else []
    numbers = [p for _, p in bands if isinstance(p, (int, float)) and not isinstance(p, bool)]
    falling = all(a > b for a, b in pairwise(numbers))
    complete = len(numbers) == len(bands) and numbers and numbers[0] <= 100 and numbers[-1] == 0
    if not (falling and complete):
        raise GradingKeyError(messages.NO_KEY.format(was=given))
    return GradingKey(tuple((str(name), float(percent)) for name, percent in bands))
