"""Students' names in the course folder, and in the learning management system.

An import keeps them in `.kischule/lms/<assignment>.json` for the way back, and in nbgrader's
gradebook, so that formgrader shows names. Known names stay: a second import of the same assignment
finds the same students under the same names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slugify import slugify

from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.grading.store import FOLDER

GERMAN = [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")]


@dataclass(frozen=True)
class Person:
    """A person as a learning management system knows them."""

    id: str  # the system's own, for this assignment
    name: str  # as it is shown
    login: str = ""  # if it is known; it becomes the student's name in the course folder
    email: str = ""
    folder: str = ""  # their folder's name in the system's archives, for the way back


class PeopleError(UserError, ValueError):
    """An export without the import that it needs."""


class People:
    """The students of one assignment, as an import found them."""

    def __init__(self, course: Path, assignment: str, system: str) -> None:
        self._path = course / FOLDER / "lms" / f"{assignment}.json"
        self.system = system
        self.by_student: dict[str, Person] = {}
        try:
            data: dict[str, Any] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return
        if data["system"] == system:
            self.by_student = {s: Person(**person) for s, person in data["students"].items()}

    @classmethod
    def of_import(cls, course: Path, assignment: str, system: str) -> People:
        """The students of an earlier import from this system. Raises PeopleError without one."""
        people = cls(course, assignment, system)
        if not people.by_student:
            raise PeopleError(
                f"no student's {system} id is known for {assignment}; import submissions first: "
                f"`kischule import {system} FILE {assignment}`"
            )
        return people

    def add(self, persons: Iterable[Person]) -> dict[str, str]:
        """Add persons; returns their names in the course folder, by the system's id."""
        known = {person.id: student for student, person in self.by_student.items()}
        persons = sorted(persons, key=lambda p: (p.id in known, p.id))
        wanted = [_short_name(person) for person in persons]
        for person, name in zip(persons, wanted, strict=True):
            student = known.get(person.id)
            if student is None:
                twice = wanted.count(name) > 1 or name in self.by_student
                student = f"{name}-{slug(person.id)}" if twice else name
            known[person.id] = student
            self.by_student[student] = person
        return known

    def save(self) -> None:
        """Keep the students for an export."""
        students = {student: asdict(person) for student, person in sorted(self.by_student.items())}
        text = json.dumps(
            {"system": self.system, "students": students}, ensure_ascii=False, indent=1
        )
        write_atomically(self._path, text.encode())


def _short_name(person: Person) -> str:
    """The name of a student's folder: `umit-oezguer` for Ümit Özgür; a login stays itself."""
    return slug(person.login) or slug(person.name) or f"student-{slug(person.id)}"


def slug(text: str) -> str:
    """Reduce a text to ASCII letters, digits and hyphens, for a file's name."""
    return slugify(text, replacements=GERMAN, max_length=60)
