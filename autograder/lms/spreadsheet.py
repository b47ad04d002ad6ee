"""Tables of grades as CSV: another system's, filled in, and our own."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from autograder.course.gradebook import Course
from autograder.course.grading_key import grading_key
from autograder.course.ours import exercises_of
from autograder.errors import UserError
from autograder.exercises.exercise import Level
from autograder.files import write_atomically
from autograder.lms import messages
from autograder.lms.final import not_final
from autograder.lms.people import real_names
from kischule.i18n import Text


class TableError(UserError, ValueError):
    """A table that cannot be used; the message names it, the rule and what arrived."""


DELIMITERS = ",;\t|"


@dataclass
class Table:
    """A CSV file with a head, and its format."""

    name: str
    head: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    escapes: bool = False  # PHP's way: a quote behind a backslash is not doubled

    def column(self, *names: str) -> int | None:
        """The index of the first of these heads; None if there is none."""
        heads = [head.strip().casefold() for head in self.head]
        return next((heads.index(n.casefold()) for n in names if n.casefold() in heads), None)

    def need(self, *names: str) -> int:
        """The index of the first of these heads. Raises TableError."""
        place = self.column(*names)
        if place is None:
            wanted = [repr(name) for name in names]
            raise TableError(
                messages.NO_COLUMN.format(
                    name=self.name,
                    wanted=Text(" oder ".join(wanted), " or ".join(wanted)),
                    columns=", ".join(self.head),
                )
            )
        return place

    def content(self) -> bytes:
        """The file's bytes, in the format that it came in if that says the same."""
        content = self._written(self.escapes)
        if not self.escapes:
            return content
        try:
            again = read_table(content, self.name)
        except TableError:
            return self._written(escapes=False)
        same = (again.head, again.rows) == (self.head, self.rows)
        return content if same else self._written(escapes=False)

    def _written(self, escapes: bool) -> bytes:
        def line(row: list[str], special: str) -> str:
            cells = (_quoted(cell, f'{special}"\r\n', escapes) for cell in row)
            return self.delimiter.join(cells) + self.line_end

        # the head is quoted wherever another delimiter could be read in it
        lines = [line(self.head, DELIMITERS), *(line(row, self.delimiter) for row in self.rows)]
        if _SEPARATOR.match(text := "".join(lines)):  # the head looks like Excel's line
            text = f"sep={self.delimiter}{self.line_end}{text}"
        return text.encode(self.encoding)


_ESCAPED, _PLAIN = '\\"', '\\""'  # a quote behind a backslash, as PHP and as others write it
_SEPARATOR = re.compile(rf'\s*"?sep=([{DELIMITERS}])"?[{DELIMITERS} ]*(?:\r\n|\r|\n|$)', re.I)


def _quoted(cell: str, special: str, escapes: bool) -> str:
    # PHP cannot quote what ends in a backslash; unquoted it reads it as it is
    if not any(c in special for c in cell) or (escapes and cell.endswith("\\")):
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled.replace(_PLAIN, _ESCAPED) if escapes else doubled}"'


def read_table(content: bytes, name: str) -> Table:
    """Read a table in UTF-8, UTF-16 or Windows' Western encoding. Raises TableError.

    A first line `sep=;`, for Excel, is not part of the table. Quotes are doubled (RFC 4180), or, if
    that makes no table, written as Moodle does, with PHP's fputcsv: a quote behind a backslash
    stands for itself, and the backslash for itself.
    """
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        raise TableError(messages.NO_CSV.format(name=name, reason=error)) from error
    separator = _SEPARATOR.match(text)
    if separator:
        text = text[separator.end() :]
    line_end = "\r\n" if "\r\n" in text else "\n"
    failure: TableError | None = None
    for escapes in (False, True) if _ESCAPED in text else (False,):
        plain = text.replace(_ESCAPED, _PLAIN) if escapes else text
        delimiter = separator[1] if separator else _delimiter(plain)
        try:
            rows = _rows(plain, delimiter, name)
        except TableError as error:
            failure = failure or error
        else:
            return Table(name, rows[0], rows[1:], delimiter, encoding, line_end, escapes)
    assert failure is not None
    raise failure


def _delimiter(text: str) -> str:
    """The delimiter that the first line has most of, outside of quotes."""
    outside = re.sub(r'"[^"]*"', "", text.lstrip("\r\n"))
    first = re.split(r"[\r\n]", outside, maxsplit=1)[0]
    return max(DELIMITERS, key=first.count)


def _rows(text: str, delimiter: str, name: str) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableError(messages.NO_CSV.format(name=name, reason=error)) from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows or len(rows[0]) < 2:
        raise TableError(messages.NO_HEAD.format(name=name))
    wide = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) > wide:
            about = {"number": number, "cells": len(row), "wide": wide}
            raise TableError(messages.WIDE_ROW.format(name=name, **about))
    return [row + [""] * (wide - len(row)) for row in rows]


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"  # what Excel saves in Western Europe
    return "utf-8"


def parse_number(text: str) -> float | None:
    """Read a number in German or English notation; None for anything else."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def format_number(value: float, like: str = "") -> str:
    """Write points with at most two decimals, and with the decimal separator of `like`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if "," in like else text


# --- our own ------------------------------------------------------------------------------------


def export(course: Path, assignment: str, target: Path) -> list[str]:
    """Write a row for each student: total, points that wait, late penalty, and each exercise.

    Returns notes. UTF-8 with a byte order mark, so that spreadsheets show umlauts.
    """
    book = Course(course)
    totals, scores = book.totals(assignment), book.scores(assignment)
    known = {grade_id for found in scores.values() for grade_id in found}
    exercises = exercises_of(book.directory(), assignment)
    key = grading_key(course)
    levels = (Level.PUBLIC, Level.HIDDEN)
    tests = (level.prefix + name for name in exercises for level in levels)
    cells = [c for c in tests if c in known]
    cells += sorted(known - set(cells))
    head = ["student", "last_name", "first_name", "email", "points", "max_points", "waiting"]
    rows, names = [], real_names(course, assignment)
    for student, total in sorted(totals.items()):
        found = scores.get(student, {})
        about = [student, total.last_name, total.first_name, total.email]
        if person := names.get(student):
            about = [person.login, *person.last_and_first, person.email]
        figures = [total.points, total.max_points, total.waiting, total.penalty]
        each = [f"{found[cell].points:g}" if cell in found else "" for cell in cells]
        grade = [key.grade(total.points, total.max_points)] if key else []
        numbers = [f"{figure:g}" for figure in figures]
        rows.append([*map(_quoted_formula, [*about, *grade]), *numbers, *each])
    head = [*head[:4], *(["grade"] if key else []), *head[4:], "late_penalty", *cells]
    table = Table(target.name, head, rows, encoding="utf-8-sig")
    write_atomically(target, table.content())
    return not_final(course, assignment, totals)


def _quoted_formula(text: str) -> str:
    """Quote a text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
