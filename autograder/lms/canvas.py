"""Canvas: the gradebook's CSV, which its import takes.

Format (Instructure's guide "How do I import grades in the Gradebook?", and what the Gradebook
exports): columns `Student`, `ID`, `SIS User ID`, `SIS Login ID`, `Section`, then a column an
assignment named `Title (12345)`; a row `Points Possible`. A student is matched by ID, SIS user ID
or SIS login ID; a column without a number in brackets becomes a new assignment; read-only columns
are ignored.

Its code (github.com/instructure/canvas-lms, `lib/gradebook_exporter.rb`, `gradebook_importer.rb`)
adds: `LastName` and `FirstName` may stand in place of `Student`; above the points there may be a
row with `Manual Posting` (once `Muted`) where it applies, else blank; numbers and delimiter follow
the language (`54,0` and `;`).
"""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from autograder.course.gradebook import Course, Total
from autograder.errors import system_reason
from autograder.files import write_atomically
from autograder.lms import messages, spreadsheet
from autograder.lms.final import not_final
from autograder.lms.people import Person, real_names, slug
from autograder.lms.spreadsheet import Table, TableError
from kischule.i18n import Line, Text

CANVAS_HEAD = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
POSSIBLE = "Points Possible"
_HIDDEN = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)


def export(course: Path, assignment: str, target: Path, table: Path | None = None) -> list[str]:
    """Write grades for Canvas's import; returns notes. Raises TableError.

    table: an export of Canvas's gradebook, whose column of the assignment is filled in. Without it
    the students' names in the course folder become SIS login ids.
    """
    by_student = Course(course).totals(assignment)
    names = real_names(course, assignment)
    totals = {
        names[student].login if student in names else student: _with_name(total, names.get(student))
        for student, total in by_student.items()
    }
    notes: list[str] = []
    if table is None:
        sheet = _new(assignment, totals)
    else:
        try:
            sheet = spreadsheet.read_table(table.read_bytes(), table.name)
        except OSError as error:
            told = messages.OF_FILE.format(path=table, reason=system_reason(error))
            raise TableError(told) from error
        sheet, notes = _filled(sheet, assignment, totals)
    write_atomically(target, sheet.content())
    return [*notes, *not_final(course, assignment, by_student)]


def _with_name(total: Total, person: Person | None) -> Total:
    if person is None:
        return total
    last, first = person.last_and_first
    return replace(total, last_name=last, first_name=first)


def _new(assignment: str, totals: dict[str, Total]) -> Table:
    possible = max((total.max_points for total in totals.values()), default=0.0)
    rows = [[POSSIBLE, "", "", "", "", spreadsheet.format_number(possible)]]
    for student, total in sorted(totals.items()):
        name = ", ".join(n for n in (total.last_name, total.first_name) if n) or student
        rows.append([name, "", "", student, "", spreadsheet.format_number(total.points)])
    return Table("canvas", [*CANVAS_HEAD, assignment], rows)


def _filled(sheet: Table, assignment: str, totals: dict[str, Total]) -> tuple[Table, list[str]]:
    """Only the columns that identify, and the assignment's: nothing else is written back."""
    by_name = ["Student"] if sheet.column("LastName") is None else ["LastName", "FirstName"]
    places = [sheet.need(name) for name in (*by_name, "ID")]
    places += [place for name in CANVAS_HEAD[2:] if (place := sheet.column(name)) is not None]
    column = _assignment_column(sheet, assignment)
    own = [[row[place] for place in places] for row in sheet.rows]
    id_places = [place for name in CANVAS_HEAD[1:4] if (place := sheet.column(name)) is not None]
    people = [
        (", ".join(ids[: len(by_name)]), [row[place] for place in id_places])
        for row, ids in zip(sheet.rows, own, strict=True)
        if not _is_about_columns(row)
    ]
    students, notes = _matched(people, totals)
    matches = iter(students)
    rows, possible = [], ""
    for row, ids in zip(sheet.rows, own, strict=True):
        there = row[column] if column is not None else ""
        if _is_about_columns(row):
            possible = there if POSSIBLE in row[0] else possible
            rows += [[*ids, there]] if any((*ids, there)) else []
        elif (found := next(matches)) is not None:
            rows.append([*ids, spreadsheet.format_number(totals[found].points, possible)])
    left = [student for student in totals if student not in students]
    notes += [Line(messages.NOT_IN_CANVAS.format(student=student)) for student in left]
    title = sheet.head[column] if column is not None else assignment
    return Table(sheet.name, [*(sheet.head[p] for p in places), title], rows), notes


def _is_about_columns(row: list[str]) -> bool:
    """Return True for the rows above the students'."""
    return POSSIBLE in row[0] or all(map(_HIDDEN.fullmatch, row))


def _assignment_column(sheet: Table, assignment: str) -> int | None:
    """The assignment's, by its title before the number; None: Canvas will make one."""
    wanted = slug(assignment)
    titles = [slug(head.rpartition(" (")[0] or head) for head in sheet.head]
    found = [i for i, title in enumerate(titles) if title == wanted]
    found = found or [i for i, title in enumerate(titles) if title.startswith(wanted)]
    if len(found) > 1:
        names = ", ".join(sheet.head[i] for i in found)
        about = {"name": sheet.name, "assignment": assignment, "columns": names}
        raise TableError(messages.CANVAS_COLUMN.format(**about))
    return found[0] if found else None


def _matched(
    people: list[tuple[str, list[str]]], totals: dict[str, Total]
) -> tuple[list[str | None], list[str]]:
    """The student of each row (name, ids): by login or id, else by name; and notes.

    Only one student may be meant by a row, and only one row may mean a student.
    """
    found: list[str | None] = [None] * len(people)
    unclear: dict[int, set[str]] = {}
    for rule in (_by_id, _by_slug, _by_name):
        claims = {
            i: rule(name, ids, totals).difference(filter(None, found))
            for i, (name, ids) in enumerate(people)
            if found[i] is None
        }
        rivals = Counter(student for claimed in claims.values() for student in claimed)
        for i, claimed in claims.items():
            if len(claimed) == 1 and rivals[min(claimed)] == 1:
                found[i] = min(claimed)
            elif claimed:
                unclear[i] = claimed
    notes: list[str] = [
        Line(messages.UNSURE.format(name=people[i][0], students=_or(sorted(claimed))))
        for i, claimed in unclear.items()
        if found[i] is None
    ]
    return found, notes


def _or(names: list[str]) -> Text:
    return Text(" oder ".join(names), " or ".join(names))


def _by_id(name: str, ids: list[str], totals: dict[str, Total]) -> set[str]:
    return {text.lower() for text in ids} & set(totals)


def _by_slug(name: str, ids: list[str], totals: dict[str, Total]) -> set[str]:
    return {slug(text) for text in ids} & set(totals)


def _by_name(name: str, ids: list[str], totals: dict[str, Total]) -> set[str]:
    last, _, first = name.partition(",")
    wanted = {slug(f"{first} {last}"), slug(f"{last} {first}")} - {""}
    return {
        s
        for s, t in totals.items()
        if s in wanted or slug(f"{t.first_name} {t.last_name}") in wanted
    }
