"""Mentions of students in files: texts by which they are known, found and taken out."""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise, permutations
from pathlib import PurePosixPath
from unicodedata import normalize

from autograder.lms.people import People, Person
from autograder.lms.spreadsheet import TableError, read_table

MIN_SEARCHED = 3  # characters; a shorter login is in every file
ENCODINGS = ("utf-8", "utf-16-le", "cp1252")
MOODLE_SUFFIX = "_assignsubmission_"  # of a folder, behind name and number
PARTICIPANT = ("Participant {}", "Teilnehmer/in{}")  # as in the first column of Moodle's worksheet


def folded(text: str) -> str:
    """A text for comparisons: letters of any case, an umlaut as one character."""
    return " ".join(normalize("NFC", text).casefold().split())


@dataclass(frozen=True)
class Marks:
    """Texts that tell of students."""

    own: frozenset[str]  # nobody else has them: logins, addresses, folders
    names: frozenset[str]  # another student may be called the same

    @classmethod
    def of(cls, students: Iterable[str], persons: Iterable[tuple[str, Person]]) -> "Marks":
        """persons: with the system that knows them, or ""."""
        own, names = set(students), set()
        for system, person in persons:
            own |= {person.login, person.email, person.folder.rstrip("_")}
            first, _, last = person.name.rpartition(" ")
            names |= {person.name, f"{last}, {first}"} if first else {person.name}
            if system == "moodle":
                own |= {form.format(person.id) for form in PARTICIPANT}
                own.add(f"{person.name.replace('_', ' ')}_{person.id}")
        return cls(frozenset(own - {""}), frozenset(names - {""} - own))


@dataclass(frozen=True)
class Mentions:
    """Finds marks in files; others: the marks of everybody who stays."""

    marks: Marks
    others: Marks

    def without_rows(self, content: bytes, name: str) -> tuple[bytes, int]:
        """A table without the students' rows, and their number."""
        try:
            table = read_table(content, name)
        except TableError:
            return content, 0
        kept = [row for row in table.rows if not self._is_row(row)]
        gone = len(table.rows) - len(kept)
        table.rows = kept
        return (table.content(), gone) if gone else (content, 0)

    def _is_row(self, row: list[str]) -> bool:
        cells = [folded(cell) for cell in row]
        texts = {
            *cells,
            *(" ".join(names) for pair in pairwise(cells) for names in permutations(pair)),
        }
        if texts & set(map(folded, self.marks.own)):
            return True
        named = texts & set(map(folded, self.marks.names))
        return bool(named) and not texts & set(map(folded, self.others.own))

    def without_lines(self, content: bytes) -> tuple[bytes, int]:
        """A log without the lines that name the students, and their number."""
        lines = content.splitlines(keepends=True)
        kept = [line for line in lines if not self._search.search(line)]
        return b"".join(kept), len(lines) - len(kept)

    def without_members(self, content: bytes) -> tuple[bytes, int]:
        """A zip without the students' files and rows, and their number."""
        stream, gone = io.BytesIO(), 0
        try:
            with (
                zipfile.ZipFile(io.BytesIO(content)) as old,
                zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
            ):
                for info in old.infolist():
                    if self._is_member(info.filename):
                        gone += 1
                        continue
                    text, rows = old.read(info), 0
                    if info.filename.endswith(".csv"):
                        text, rows = self.without_rows(text, info.filename)
                    gone += rows
                    new.writestr(info, text)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
            return content, 0
        return (stream.getvalue(), gone) if gone else (content, 0)

    def _is_member(self, name: str) -> bool:
        own = set(map(folded, self.marks.own))
        for part in PurePosixPath(name).parts:
            text = folded(part).rstrip("_")
            if own & {text, folded(PurePosixPath(part).stem), text.split(MOODLE_SUFFIX)[0]}:
                return True
        return False

    def found_in(self, content: bytes) -> bool:
        """True if a student is named: in UTF-8, UTF-16 or Windows' encoding, or as JSON has it."""
        return self._search.search(content) is not None

    @cached_property
    def _search(self) -> re.Pattern[bytes]:
        known = {*map(folded, self.others.names), *map(folded, self.others.own)}
        texts = {t for t in (*self.marks.own, *self.marks.names) if folded(t) not in known}
        forms = {form for text in texts if len(text) >= MIN_SEARCHED for form in _forms(text)}
        either = b"|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        # not within a longer name or number
        return re.compile(rb"(?<![\w.-])(?:%s)(?![\w-])" % (either or rb"(?!)"), re.IGNORECASE)


def is_named(content: bytes, system: str, people: People, student: str) -> bool:
    """True if a file names the person behind a pseudonym."""
    marks = Marks.of((), [(system, people.by_student[student])])
    return Mentions(marks, Marks(frozenset(), frozenset())).found_in(content)


def _forms(text: str) -> Iterator[bytes]:
    """The bytes that a text can be, in a file or in a name of one."""
    for form in {normalize(kind, text) for kind in ("NFC", "NFD")} | {text}:
        yield json.dumps(form).strip('"').encode()
        for encoding in ENCODINGS:
            with suppress(UnicodeEncodeError):
                yield form.encode(encoding)
