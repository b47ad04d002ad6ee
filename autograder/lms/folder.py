"""Any folder or zip of notebooks, one a student, with names that follow a pattern."""

import re
from pathlib import Path, PurePosixPath

from autograder.course.release import source_notebook
from autograder.errors import UserError
from autograder.lms.archive import opened
from autograder.lms.people import Person
from autograder.lms.submissions import Imported, Owner, take_in


class PatternError(UserError, ValueError):
    """A pattern without a group `student`, or one that is not a regular expression."""


def import_(course: Path, assignment: str, file: Path, pattern: str | None = None) -> Imported:
    """Import submissions. Raises PatternError, ArchiveError.

    pattern: a regular expression with a group `student`, for the path within the folder. Default:
    the first folder's name (`mueller/A7_2.ipynb`), or the rest of the file's name beside the
    assignment's (`A7_2_mueller.ipynb`, `mueller.ipynb`).
    """
    stem = PurePosixPath(source_notebook(course, assignment).name).stem
    with opened(file) as archive:
        return take_in(course, assignment, "folder", archive, _owner(pattern, stem))


def _owner(pattern: str | None, stem: str) -> Owner:
    try:
        expression = re.compile(pattern) if pattern else None
    except re.error as error:
        raise PatternError(f"the pattern is no regular expression: {error}: {pattern!r}") from error
    if expression and "student" not in expression.groupindex:
        raise PatternError(f"the pattern must have a group (?P<student>…), was: {pattern!r}")

    def owner(path: PurePosixPath) -> tuple[Person, str] | None:
        if expression:
            match = expression.search(str(path))
            who = match["student"] if match else ""
        elif len(path.parts) > 1:
            who = path.parts[0]
        else:
            who = re.sub(re.escape(stem), "", path.stem, flags=re.IGNORECASE).strip(" _-.")
        return (Person(who, who), path.name) if who else None

    return owner
