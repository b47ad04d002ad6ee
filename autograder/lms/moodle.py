"""Moodle: "Download all submissions" in; the offline grading worksheet and the feedback zip out.

Formats, as Moodle's own code reads and writes them (github.com/moodle/moodle):

* submissions: `mod/assign/classes/downloader.php`. A folder `Name_12345_assignsubmission_file`
  (before 4.1 with a `_` at its end) a student and plugin, or, with the preference for folders off,
  a file `Name_12345_assignsubmission_file_A7_2.ipynb`. Name is the full name without `_`, the
  number the participant's in this assignment.
* worksheet: `mod/assign/feedback/offline/importgradeslib.php`. The first column holds
  `Participant 12345` (`Teilnehmer/in12345`), by which grades are matched. Column heads are in the
  user's language.
  A row is skipped where Moodle's grade is newer than the worksheet.
* feedback: `mod/assign/feedback/file/importziplib.php`. Names are split at `_` into full name,
  number, plugin type, plugin and the rest; the submissions' own folder names do.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from autograder.course.gradebook import Course, Total
from autograder.errors import system_reason
from autograder.files import write_atomically
from autograder.lms import messages, spreadsheet
from autograder.lms.archive import Archive, opened
from autograder.lms.final import not_final
from autograder.lms.kept import Kept
from autograder.lms.local_time import zone_of
from autograder.lms.pages import pages_zip
from autograder.lms.people import People, Person
from autograder.lms.spreadsheet import Table, TableError
from autograder.lms.submissions import Imported, take_in
from kischule.i18n import Line

_PREFIX = re.compile(
    r"(?P<name>.*?)_(?P<id>\d+)_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?"
)
_NUMBER = re.compile(r"\D*(\d+)\s*")

# heads of the worksheet, English and German
NAME = ("Full name", "Vollständiger Name")
EMAIL = ("Email address", "E-Mail-Adresse")
GRADE = ("Grade", "Bewertung")
MAXIMUM = ("Maximum grade", "Bestwertung")
COMMENTS = ("Feedback comments", "Feedback als Kommentar")
CHANGEABLE = ("Grade can be changed", "Bewertung kann geändert werden")
NO = ("no", "nein")


def owner(path: PurePosixPath) -> tuple[Person, str] | None:
    """The student of a file, and its name without Moodle's prefix."""
    for part in path.parts:
        match = _PREFIX.fullmatch(part)
        if match:
            prefix = part[: match.end("plugin")] + "_"
            person = Person(match["id"], match["name"], folder=prefix)
            return person, path.name if part != path.name else match["rest"] or ""
    return None


def import_(
    course: Path,
    assignment: str,
    file: Path,
    table: Path | None = None,
    prefer: Sequence[str] = (),
) -> Imported:
    """Import submissions; table: the grading worksheet (default: one beside the archive)."""
    with opened(file, zone_of(course)) as archive:
        sheet = read_worksheet(table) if table else _beside(file, archive)
        more = list(persons(sheet)) if sheet else []
        found = take_in(course, assignment, "moodle", archive, owner, prefer=prefer, more=more)
    if sheet:
        Kept(course).write(_kept_worksheet(assignment), sheet.content())
        found.notes.append(Line(messages.WORKSHEET_KEPT.format(name=sheet.name)))
    return found


def export(
    course: Path, assignment: str, target: Path, table: Path | None = None, scale: bool = False
) -> list[str]:
    """Write `grades.csv`, the filled worksheet, and `feedback.zip` into a folder; returns notes.

    table: the worksheet; default: the one that came with the import. scale: to its maximum.
    Raises PeopleError, TableError.
    """
    people = People.of_import(course, assignment, "moodle")
    name = _kept_worksheet(assignment)
    kept = people.kept.read(name)
    if table is None and kept is None:
        raise TableError(messages.NO_WORKSHEET)
    sheet = read_worksheet(table) if table else _worksheet(kept or b"", name)
    totals = Course(course).totals(assignment)
    notes = fill(
        sheet, {p.id: totals[s] for s, p in people.by_student.items() if s in totals}, scale
    )
    folders = {student: _moodle_folder(person) for student, person in people.by_student.items()}
    zipped, without = pages_zip(course, assignment, folders)
    write_atomically(target / "grades.csv", sheet.content())
    write_atomically(target / "feedback.zip", zipped)
    return [*notes, *without, *not_final(course, assignment, totals)]


# --- the worksheet --------------------------------------------------------------------------------


def read_worksheet(path: Path) -> Table:
    """Read a grading worksheet. Raises TableError."""
    try:
        return _worksheet(path.read_bytes(), path.name)
    except OSError as error:
        raise TableError(messages.OF_FILE.format(path=path, reason=system_reason(error))) from error


def _worksheet(content: bytes, name: str) -> Table:
    sheet = spreadsheet.read_table(content, name)
    sheet.need(*GRADE)
    for row in sheet.rows:
        if not _NUMBER.fullmatch(row[0]):
            raise TableError(messages.NO_NUMBERS.format(name=sheet.name, was=row[0]))
    return sheet


def fill(sheet: Table, totals: dict[str, Total], scale: bool = False) -> list[str]:
    """Write points into the worksheet's column of grades; returns notes on exceptions."""
    grade, maximum = sheet.need(*GRADE), sheet.need(*MAXIMUM)
    comments, changeable = sheet.column(*COMMENTS), sheet.column(*CHANGEABLE)
    notes: list[str] = []
    for row in sheet.rows:
        total = totals.get(_id(row))
        if total is None:
            continue
        who = row[1] or row[0]
        if changeable is not None and row[changeable].strip().casefold() in NO:
            notes.append(Line(messages.NOT_CHANGEABLE.format(who=who)))
            continue
        possible = _maximum(sheet, row[maximum], total, scale)
        points = total.points * possible / total.max_points if total.max_points else 0.0
        if points > possible:
            about = {"who": who, "points": points, "maximum": possible}
            notes.append(Line(messages.ABOVE_MAXIMUM.format(**about)))
        row[grade] = spreadsheet.format_number(min(points, possible), row[maximum])
        if comments is not None and not row[comments].strip():
            both = (total.points, total.max_points)
            row[comments] = "/".join(spreadsheet.format_number(n, row[maximum]) for n in both)
    missing = set(totals) - {_id(row) for row in sheet.rows}
    if missing:
        notes.append(Line(messages.NOT_IN_WORKSHEET.format(numbers=", ".join(sorted(missing)))))
    return notes


def _maximum(sheet: Table, text: str, total: Total, scale: bool) -> float:
    maximum = spreadsheet.parse_number(text)
    if maximum is None or maximum <= 0:
        raise TableError(messages.NO_MAXIMUM.format(name=sheet.name, was=text))
    if maximum != total.max_points and not scale:
        about = {"name": sheet.name, "points": total.max_points, "was": text}
        raise TableError(messages.OTHER_MAXIMUM.format(**about))
    return maximum


def _id(row: list[str]) -> str:
    match = _NUMBER.fullmatch(row[0])
    return match[1] if match else ""


def persons(sheet: Table) -> Iterator[Person]:
    name, email = sheet.column(*NAME), sheet.column(*EMAIL)
    for row in sheet.rows:
        yield Person(
            _id(row),
            row[name] if name is not None else "",
            email=row[email] if email is not None else "",
        )


def _kept_worksheet(assignment: str) -> str:
    return f"{assignment}.moodle.csv"


def _beside(file: Path, archive: Archive) -> Table | None:
    """Find the worksheet in the archive's folder: one with a participant of the archive."""
    there = {owned[0].id for e in archive.entries if (owned := owner(e.owned_path))}
    found = []
    for path in sorted(file.resolve().parent.glob("*.csv")):
        try:
            sheet = read_worksheet(path)
        except TableError:
            continue
        if there & {_id(row) for row in sheet.rows}:
            found.append(sheet)
    if len(found) > 1:
        names = ", ".join(sheet.name for sheet in found)
        raise TableError(messages.WORKSHEETS.format(names=names))
    return found[0] if found else None


def _moodle_folder(person: Person) -> str:
    """The folder's name as in the submissions' archive, from which Moodle knows the student."""
    name = re.sub(r"[_/\\]", " ", person.name)
    return person.folder or f"{name}_{person.id}_assignsubmission_file_"
