"""Students' names in the course folder, and in the learning management system.

An import keeps them in `.kischule/lms/<assignment>.json` for the way back, and in nbgrader's
gradebook, so that formgrader shows names. Known names stay: a later import finds the same students
under the same names, and nobody gets a name that is another person's already, in this assignment or
in another one of the course.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from slugify import slugify

from autograder.errors import UserError
from autograder.lms import messages
from autograder.lms.kept import Kept
from kischule.i18n import Line

GERMAN = [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")]
MAX_NAME = 60  # characters of a student's name, without a suffix


@dataclass(frozen=True)
class Person:
    """A person as a learning management system knows them."""

    id: str  # the system's own, for this assignment
    name: str  # as it is shown
    login: str = ""  # if it is known; it becomes the student's name in the course folder
    email: str = ""
    folder: str = ""  # their folder's name in the system's archives, for the way back

    @property
    def last_and_first(self) -> tuple[str, str]:
        """The parts of the name."""
        first, _, last = self.name.rpartition(" ")
        return last, first


class PeopleError(UserError, ValueError):
    """An export without the import that it needs, or a list of people that cannot be read."""


class People:
    """The students of one assignment, as an import found them."""

    def __init__(self, course: Path, assignment: str, system: str) -> None:
        self.kept, self._name = Kept(course), f"{assignment}.json"
        self.system = system
        tables = {name: _read(self.kept, name) for name in _tables(self.kept)}
        self._by_system = tables.pop(self._name, {})
        self.by_student = self._by_system.setdefault(system, {})
        # of other systems and other assignments: (system, person) by student
        self._elsewhere: dict[str, list[tuple[str, Person]]] = defaultdict(list)
        found = [self._by_system | {system: {}}, *tables.values()]
        for other, students in (pair for by_system in found for pair in by_system.items()):
            for student, person in students.items():
                self._elsewhere[student].append((other, person))

    @classmethod
    def of_import(cls, course: Path, assignment: str, system: str) -> People:
        """The students of an earlier import from this system. Raises PeopleError without one."""
        people = cls(course, assignment, system)
        if not people.by_student:
            raise PeopleError(messages.NO_IMPORT.format(system=system, assignment=assignment))
        return people

    def add(self, persons: Iterable[Person]) -> tuple[dict[str, str], list[str]]:
        """Add persons; returns their names in the course folder by the system's id, and notes.

        Where several would get one name, each gets a suffix from the id, so that neither the order
        nor a later import changes it. A pseudonym is random.
        """
        known = {person.id: student for student, person in self.by_student.items()}
        persons, notes = list(persons), list[str]()
        wanted = Counter(_short_name(person) for person in persons if person.id not in known)
        for person in persons:
            student = known.get(person.id) or self._by_email(person)
            if student is None and self.kept.pseudonymous:
                alone = wanted[_short_name(person)] == 1
                student = (self._by_name(person) if alone else None) or self._pseudonym()
            if student is None:
                name = _short_name(person)
                names = [f"{name}-{_suffix(person.id)}", f"{name}-{_digest(person.id)}"]
                if wanted[name] == 1:
                    names.insert(0, name)
                student = next(each for each in names if self._is_free(each, person))
                if student != name:
                    who = person.name if person.name == person.id else f"{person.name}, {person.id}"
                    about = {"who": who, "student": student, "name": name}
                    notes.append(Line(messages.CALLED.format(**about)))
            known[person.id] = student
            self.by_student[student] = person
        return known, notes

    def _by_email(self, person: Person) -> str | None:
        """The student of another import who has this address."""
        for student, others in self._elsewhere.items():
            same = any(person.email and person.email == other.email for _, other in others)
            if same and student not in self.by_student:
                return student
        return None

    def _by_name(self, person: Person) -> str | None:
        """The only student of other imports who can be this person."""
        found = [
            student
            for student, others in self._elsewhere.items()
            if student not in self.by_student
            and all(self._is_same(person, system, other) for system, other in others)
        ]
        return found[0] if len(found) == 1 else None

    def _pseudonym(self) -> str:
        while True:
            student = f"s-{secrets.token_hex(3)}"
            if student not in self.by_student and student not in self._elsewhere:
                return student

    def shown(self) -> dict[str, Person]:
        """The students as the gradebook is to know them: with their names, or pseudonyms alone."""
        if not self.kept.pseudonymous:
            return dict(self.by_student)
        return {student: Person("", student) for student in self.by_student}

    def _is_free(self, student: str, person: Person) -> bool:
        """Return True if nobody else has this name in the course."""
        others = self._elsewhere.get(student, [])
        same = all(self._is_same(person, system, other) for system, other in others)
        return student not in self.by_student and same

    def _is_same(self, person: Person, system: str, other: Person) -> bool:
        """Compare with a person of another import; Moodle's numbers are of one assignment only."""
        if system == self.system and system != "moodle":
            return person.id == other.id
        different = person.email and other.email and person.email != other.email
        return person.name == other.name and not different

    def save(self) -> None:
        """Keep the students for an export, and those of other systems."""
        by_system = {
            system: {student: asdict(person) for student, person in sorted(students.items())}
            for system, students in self._by_system.items()
        }
        data = {"system": self.system, "students": by_system.pop(self.system), "others": by_system}
        self.kept.write(self._name, json.dumps(data, ensure_ascii=False, indent=1).encode())


def _tables(kept: Kept) -> list[str]:
    """The names of all that `People.save` wrote."""
    return [name for name in kept.names(".json") if "/" not in name]


def _read(kept: Kept, name: str) -> dict[str, dict[str, Person]]:
    """The students of a table, by system."""
    try:
        data: dict[str, Any] = json.loads(kept.read(name) or b"")
        by_system = {data["system"]: data["students"], **data.get("others", {})}
        return {
            system: {student: Person(**person) for student, person in students.items()}
            for system, students in by_system.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        about = {"path": kept.place(name), "reason": error}
        raise PeopleError(messages.BROKEN_PEOPLE.format(**about)) from error


def known_persons(course: Path) -> Iterator[tuple[str, str, str, Person]]:
    """Yield everybody whom an import found: assignment, system, student, person."""
    kept = Kept(course)
    for name in _tables(kept):
        for system, students in _read(kept, name).items():
            for student, person in students.items():
                yield name.removesuffix(".json"), system, student, person


def real_names(course: Path, assignment: str) -> dict[str, Person]:
    """The persons behind pseudonyms, each with a login; {} for a course with names."""
    if not Kept(course).pseudonymous:
        return {}
    found: dict[str, Person] = {}
    for of, _, student, person in known_persons(course):
        if of == assignment or student not in found:
            found[student] = person
    counts = Counter(map(_short_name, found.values()))
    return {
        student: replace(person, login=name if counts[name] == 1 else f"{name}-{student}")
        for student, person in found.items()
        for name in [_short_name(person)]
    }


def without_persons(content: bytes, gone: Collection[str]) -> tuple[bytes, int]:
    """Take students out of a file that `People.save` wrote; returns the number of entries, too."""
    data = json.loads(content)
    tables = [data["students"], *data.get("others", {}).values()]
    count = sum(len(table.keys() & set(gone)) for table in tables)
    for table in tables:
        for student in gone:
            table.pop(student, None)
    return json.dumps(data, ensure_ascii=False, indent=1).encode(), count


def _short_name(person: Person) -> str:
    """The name of a student's folder: `umit-oezguer` for Ümit Özgür; a login stays itself."""
    return slug(person.login) or slug(person.name) or f"student-{_suffix(person.id)}"


def _suffix(identifier: str) -> str:
    """A short text for an id: a number is itself."""
    if identifier.isascii() and identifier.isdigit():
        return identifier
    return _digest(identifier)[:6]


def _digest(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()


def slug(text: str) -> str:
    """Reduce a text to ASCII letters, digits and hyphens, for a file's name."""
    return slugify(text, replacements=GERMAN, max_length=MAX_NAME)
