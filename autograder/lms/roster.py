"""A class's list of names, from Moodle's grading worksheet or any CSV file with a head.

Everybody in it is expected to submit: who does not is named in the table, on the class page and
before an export.
"""

from collections.abc import Iterator
from pathlib import Path

from autograder.course.gradebook import Course
from autograder.course.release import source_notebooks
from autograder.errors import system_reason
from autograder.grading.store import Store
from autograder.lms import messages, moodle, spreadsheet
from autograder.lms.people import People, Person
from autograder.lms.spreadsheet import Table, TableError
from autograder.lms.submissions import Imported

# heads of the columns, in any case
NAMES = (*moodle.NAME, "Name")
LAST = ("Last name", "Surname", "Nachname")
FIRST = ("First name", "Vorname")
EMAILS = (*moodle.EMAIL, "Email", "E-Mail", "Mail")
LOGINS = ("Username", "Login", "Anmeldename", "Benutzername")


def import_(course: Path, assignment: str, file: Path) -> Imported:
    """Enter a class's names. Raises TableError for a file without them, AssignmentError."""
    source_notebooks(course, assignment)
    try:
        sheet = moodle.read_worksheet(file)
        system, persons = "moodle", list(moodle.persons(sheet))
    except TableError:
        system, persons = "roster", list(_persons(_read(file)))
    if not persons:
        raise TableError(messages.EMPTY_ROSTER.format(file=file))
    people = People(course, assignment, system)
    before = set(people.by_student)
    with Store(course).alone():
        students, notes = people.add(persons)
        people.save()
        Course(course).enrol(people.shown())
    names = [students[person.id] for person in persons]
    return Imported(
        new=[name for name in names if name not in before],
        unchanged=[name for name in names if name in before],
        notes=notes,
    )


def _read(file: Path) -> Table:
    try:
        return spreadsheet.read_table(file.read_bytes(), file.name)
    except OSError as error:
        raise TableError(messages.OF_FILE.format(path=file, reason=system_reason(error))) from error


def _persons(sheet: Table) -> Iterator[Person]:
    name, last, first = (sheet.column(*heads) for heads in (NAMES, LAST, FIRST))
    if name is None and last is None:
        columns = ", ".join(sheet.head)
        raise TableError(messages.NO_NAME_COLUMN.format(name=sheet.name, columns=columns))
    for row in sheet.rows:
        parts = [row[column] for column in (first, last) if column is not None]
        full = " ".join(" ".join(parts if name is None else [row[name]]).split())
        email, login = (
            "" if (column := sheet.column(*heads)) is None else row[column].strip()
            for heads in (EMAILS, LOGINS)
        )
        if full:
            yield Person(login or email or full, full, login, email)
