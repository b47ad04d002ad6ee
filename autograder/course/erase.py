"""A gradebook without some students: their rows go, and no page of its file keeps them."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import create_engine, delete, func, inspect, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from autograder.course.gradebook import Course, GradebookError

Submission = tuple[str, str]  # assignment, student
BACKUPS = "backups"  # the folder of copies that releases have made, in `.kischule/`


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A student's row."""

    name: str
    email: str


@dataclass(frozen=True)
class BookContent:
    """The students of a gradebook, and the time of each submission, in seconds."""

    students: dict[str, Enrolled] = field(default_factory=dict)
    submissions: dict[Submission, float] = field(default_factory=dict)


def content_of(book: Course) -> BookContent:
    """Read who is in the gradebook. Raises GradebookError."""
    if book.file is not None and not book.file.exists():
        return BookContent()
    with _connected(book.url) as db:
        students = {
            row.id: Enrolled(
                name=f"{row.first_name or ''} {row.last_name or ''}".strip(), email=row.email or ""
            )
            for row in db.execute(select(Student.__table__))
        }
        submitted = select(
            Assignment.name, SubmittedAssignment.student_id, SubmittedAssignment.timestamp
        ).join_from(SubmittedAssignment, Assignment)
        return BookContent(
            students, {(a, s): _seconds(when) for a, s, when in db.execute(submitted)}
        )


def student_folders(book: Course, step: str, assignment: str) -> list[str]:
    """List all students with a folder, those withdrawn or omitted too."""
    return book._names(step, "\0", assignment)


def gradebooks(book: Course, store: Path) -> list[str]:
    """The addresses of the gradebook and of its backups."""
    there = [book.url] if book.file is None or book.file.exists() else []
    return [*there, *(f"sqlite:///{path}" for path in sorted((store / BACKUPS).glob("*.db")))]


def erase(url: str, students: Collection[str], submissions: Collection[Submission]) -> int:
    """Delete rows of students and of submissions; returns how many. Raises GradebookError.

    SQLite writes zeros over what it deletes (`secure_delete`) and is packed anew, also where an
    earlier program has deleted rows without that.
    """
    with _connected(url) as db:
        sqlite = db.dialect.name == "sqlite"
        if sqlite:
            db.execute(text("PRAGMA secure_delete = ON"))
        mine = [
            identifier
            for identifier, assignment, student in db.execute(
                select(
                    SubmittedAssignment.id, Assignment.name, SubmittedAssignment.student_id
                ).join_from(SubmittedAssignment, Assignment)
            )
            if student in students or (assignment, student) in submissions
        ]
        copies = [
            identifier
            for chunk in _chunks(mine)
            for (identifier,) in db.execute(
                select(SubmittedNotebook.id).where(SubmittedNotebook.assignment_id.in_(chunk))
            )
        ]
        gone = 0
        for column, keys in (
            (Grade.notebook_id, copies),
            (Comment.notebook_id, copies),
            (SubmittedNotebook.id, copies),
            (SubmittedAssignment.id, mine),
            (Student.id, list(students)),
        ):
            for chunk in _chunks(keys):
                gone += db.execute(delete(column.class_).where(column.in_(chunk))).rowcount
        db.commit()
        if sqlite:
            plain: Any = db.connection.driver_connection  # outside of a transaction
            plain.execute("VACUUM")
            plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone


def count_rows(url: str, students: Collection[str], submissions: Collection[Submission]) -> int:
    """Count the submissions and students that `erase` would take out."""
    with _connected(url) as db:
        pairs = db.execute(
            select(Assignment.name, SubmittedAssignment.student_id).join_from(
                SubmittedAssignment, Assignment
            )
        )
        mine = sum(s in students or (a, s) in submissions for a, s in pairs)
        found = select(func.count()).select_from(Student)
        return mine + sum(
            db.execute(found.where(Student.id.in_(chunk))).scalar_one()
            for chunk in _chunks(list(students))
        )


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.connect() as db:
            if not inspect(engine).has_table(Student.__tablename__):
                raise GradebookError(f"{engine.url.database} is no gradebook of nbgrader")
            yield db
    except DBAPIError as error:
        raise GradebookError(
            f"{engine.url.database} cannot be read or changed ({error.orig}): close what uses it, "
            "or move it away if it is broken, then repeat the command, which goes on"
        ) from error
    finally:
        engine.dispose()


def _chunks(keys: list[str], size: int = 500) -> Iterator[list[str]]:
    """Parts that fit into a statement."""
    for first in range(0, len(keys), size):
        yield keys[first : first + size]


def _seconds(when: Any) -> float:
    return when.replace(tzinfo=timezone.utc).timestamp() if isinstance(when, datetime) else 0.0
