"""The systems to import from and export to, and the options of each."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autograder.course.release import compare_gradebook
from autograder.errors import UserError
from autograder.lms import (
    canvas,
    classroom50,
    folder,
    gradescope,
    ilias,
    messages,
    moodle,
    moodle_api,
    moodle_grades,
    roster,
    spreadsheet,
)
from autograder.lms.submissions import Imported

IMPORTS: Mapping[str, Callable[..., Imported]] = {
    "folder": folder.import_,
    "ilias": ilias.import_,
    "moodle": moodle.import_,
    "moodle-api": moodle_api.import_,
    "roster": roster.import_,
}
EXPORTS: Mapping[str, Callable[..., list[str]]] = {
    "canvas": canvas.export,
    "classroom50": classroom50.export,
    "csv": spreadsheet.export,
    "gradescope": gradescope.export,
    "ilias": ilias.export,
    "moodle": moodle.export,
    "moodle-api": moodle_grades.export,
}


class OptionError(UserError, ValueError):
    """An option that this system does not have."""


def import_(
    system: str, file: Path | str, course: Path, assignment: str, **options: Any
) -> Imported:
    """Import submissions from a system's archive; options that are None count as not given."""
    return IMPORTS[system](
        course, assignment, _place(system, file), **_given(system, IMPORTS, options)
    )


def export(
    system: str, course: Path, assignment: str, out: Path | str, **options: Any
) -> list[str]:
    """Export grades, and feedback pages, as a system takes them; returns notes.

    Raises AssignmentError where the gradebook differs from the source.
    """
    given = _given(system, EXPORTS, options)
    compare_gradebook(course, assignment)
    return EXPORTS[system](course, assignment, _place(system, out), **given) or []


def _place(system: str, named: Path | str) -> Path | str:
    """The address of an assignment, or a path."""
    return str(named) if system == moodle_api.SYSTEM else Path(named)


def _given(
    system: str, systems: Mapping[str, Callable[..., Any]], options: Mapping[str, Any]
) -> dict[str, Any]:
    given = {n: value for n, value in options.items() if value is not None and value is not False}
    known = inspect.signature(systems[system]).parameters
    for name in given:
        if name not in known:
            users = [s for s, f in systems.items() if name in inspect.signature(f).parameters]
            option = "--" + name.replace("_", "-")
            about = {"option": option, "users": ", ".join(users), "system": system}
            raise OptionError(messages.NO_OPTION.format(**about))
    return given
