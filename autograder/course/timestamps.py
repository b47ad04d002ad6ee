"""A submission's timestamp.txt: nbgrader keeps the time of submission in it, and a file may lie."""

from datetime import timezone
from pathlib import Path
from typing import Any

from nbgrader import utils
from nbgrader.coursedir import CourseDirectory

from autograder.course.ours import has_exercises
from autograder.notebooks import intake
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.reader import UnreadableError
from autograder.sandbox.text import clean

STAMP_FILE = "timestamp.txt"

_stock = CourseDirectory.get_existing_timestamp


def is_time(stamp: bytes) -> bool:
    """Return True for the content of a timestamp.txt that nbgrader can read."""
    try:
        return utils.parse_utc(stamp.decode().strip()) is not None
    except Exception:  # dateutil raises whatever the text provokes
        return False


def seconds_of(stamp: bytes) -> float:
    """The time of a timestamp.txt, in seconds since 1970; 0 if it is not a date."""
    if not is_time(stamp):
        return 0.0
    return utils.parse_utc(stamp.decode().strip()).replace(tzinfo=timezone.utc).timestamp()


def usable(stamp: bytes) -> tuple[bytes, tuple[Flag, ...]]:
    """The content for nbgrader, and a flag where it is not a date: empty means no time."""
    if is_time(stamp):
        return stamp, ()
    told = clean(stamp.decode(errors="replace")).strip()
    return b"", (Flag(FlagKind.NO_TIME, reason=repr(told)),)


def tolerate() -> None:
    """Let nbgrader go on where the time of a submission is not a date.

    It stops there with an internal error and has no setting for it. An ordinary assignment is left
    to it.
    """
    CourseDirectory.get_existing_timestamp = _existing


def _existing(directory: Any, folder: str) -> Any:
    try:
        stamp = intake.read_bytes(Path(folder) / STAMP_FILE)
    except UnreadableError:  # there is none, or it is not a file
        stamp = b""
    if is_time(stamp) or not has_exercises(directory, directory.assignment_id):
        return _stock(directory, folder)
    return None
