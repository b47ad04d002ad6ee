"""The zone of the times in a learning management system's archives.

A zip says 18:30 and not where. A German system writes German time, wherever it is imported; a
course elsewhere says so in its `nbgrader_config.py`: `c.Kischule.timezone = "Europe/Zurich"`.
"""

from pathlib import Path
from zoneinfo import ZoneInfo

from autograder.course.configuration import course_config
from autograder.errors import UserError
from autograder.lms import messages

DEFAULT = "Europe/Berlin"


class ZoneError(UserError, ValueError):
    """A time zone that does not exist."""


def zone_of(course: Path) -> ZoneInfo:
    """The course's time zone. Raises ZoneError, or ConfigurationError."""
    name = course_config(course).get("Kischule", {}).get("timezone", DEFAULT)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ZoneError(messages.NO_ZONE.format(example=DEFAULT, was=name)) from error
