"""Canvas: the gradebook's CSV, which its import takes.

Format (Instructure's guide "How do I import grades in the Gradebook?", and what the Gradebook
exports): columns `Student`, `ID`, `SIS User ID`, `SIS Login ID`, `Section`, then a column an
assignment named `Title (12345)`; a second row `Points Possible`. A student is matched by ID, SIS
user ID or SIS login ID; a column without a number in brackets becomes a new assignment; read-only
columns are ignored.
"""

from pathlib import Path

from autograder.course.gradebook import Course, Total
from autograder.files import write_atomically
from autograder.lms import spreadsheet
from autograder.lms.final import not_final
from autograder.lms.people import slug
from autograder.lms.spreadsheet import Table, TableError

CANVAS_HEAD = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POSSIBLE = "Points Possible"


def export(course: Path, assignment: str, target: Path, table: Path | None = None) -> list[str]:
    """Write grades for Canvas's import; returns notes. Raises TableError.

    table: an export of Canvas's gradebook, whose column of the assignment is filled in. Without it
    the students' names in the course folder become SIS login ids.
    """
    totals = Course(course).totals(assignment)
    notes: list[str] = []
    if table is None:
        sheet = _new(assignment, totals)
    else:
        try:
            sheet = spreadsheet.read_table(table.read_bytes(), table.name)
        except OSError as error:
            raise TableError(f"{table}: {error.strerror}") from error
        sheet, notes = _filled(sheet, assignment, totals)
    write_atomically(target, sheet.content())
    return [*notes, *not_final(course, assignment, totals)]


def _new(assignment: str, totals: dict[str, Total]) -> Table:
    possible = max((total.max_points for total in totals.values()), default=0.0)
    rows = [[POSSIBLE, "", "", "", "", spreadsheet.format_number(possible)]]
    for student, total in sorted(totals.items()):
        name = ", ".join(n for n in (total.last_name, total.first_name) if n) or student
        rows.append([name, "", "", student, "", spreadsheet.format_number(total.points)])
    return Table("canvas", [*CANVAS_HEAD, assignment], rows)


def _filled(sheet: Table, assignment: str, totals: dict[str, Total]) -> tuple[Table, list[str]]:
    """Only the columns that identify, and the assignment's: nothing else is written back."""
    places = [sheet.need("Student"), sheet.need("ID")]
    places += [place for name in CANVAS_HEAD[2:] if (place := sheet.column(name)) is not None]
    column = _assignment_column(sheet, assignment)
    left, rows = dict(totals), []
    for row in sheet.rows:
        ids = [row[place] for place in places]
        if POSSIBLE in row[0]:
            rows.append([*ids, row[column] if column is not None else ""])
            continue
        student = _student(ids, totals)
        total = left.pop(student, None) if student else None
        if total is not None:
            rows.append([*ids, spreadsheet.format_number(total.points)])
    notes = [f"not in Canvas's gradebook: {student}" for student in left]
    title = sheet.head[column] if column is not None else assignment
    return Table(sheet.name, [*(sheet.head[p] for p in places), title], rows), notes


def _assignment_column(sheet: Table, assignment: str) -> int | None:
    """The assignment's, by its title before the number; None: Canvas will make one."""
    wanted = slug(assignment)
    titles = [slug(head.rpartition(" (")[0] or head) for head in sheet.head]
    found = [i for i, title in enumerate(titles) if title == wanted]
    found = found or [i for i, title in enumerate(titles) if title.startswith(wanted)]
    if len(found) > 1:
        names = ", ".join(sheet.head[i] for i in found)
        raise TableError(f"{sheet.name}: one column must begin with {assignment!r}, do: {names}")
    return found[0] if found else None


def _student(ids: list[str], totals: dict[str, Total]) -> str | None:
    """The student of a row: by login or id, else by name, if only one student can be meant."""
    for text in filter(None, ids[1:]):
        for name in (text.lower(), slug(text)):
            if name in totals:
                return name
    last, _, first = ids[0].partition(",")
    wanted = {slug(f"{first} {last}"), slug(f"{last} {first}")}
    found = [
        s
        for s, t in totals.items()
        if s in wanted or slug(f"{t.first_name} {t.last_name}") in wanted
    ]
    return found[0] if len(found) == 1 else None
