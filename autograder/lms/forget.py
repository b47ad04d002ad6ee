"""`kischule forget`: the personal data of some students goes, from every place of a course.

A folder or file of one student alone is moved into `.kischule/forgetting/` and deleted there; a
file that holds others' data as well is written anew without the student. Submissions go last, since
they say how old they are: the same command completes a run that was killed.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

from autograder.course.adjustments import Adjustments, adjustments_file
from autograder.course.erase import (
    BookContent,
    Submission,
    content_of,
    count_rows,
    erase,
    gradebooks,
    student_folders,
)
from autograder.course.gradebook import Course
from autograder.course.timestamps import STAMP_FILE, seconds_of
from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.grading.store import STORE_FOLDER, Store
from autograder.lms import messages
from autograder.lms.kept import Kept
from autograder.lms.mentions import Marks, Mentions, folded
from autograder.lms.people import Person, known_persons, without_persons
from kischule.i18n import Text

PAGES, GRADED, SUBMITTED = "feedback", "autograded", "submitted"
# folders in `.kischule/`: assignment, student
OF_STUDENTS = ("written", "preferred", "replaced", "posted", "observations")
NOT_SEARCHED = {".git", "__pycache__", "source", "release"}  # of the course, without a student's
MAX_SEARCHED_BYTES = 200 << 20
TABLES, LOGS, ZIPS = (".csv", ".tsv"), (".log",), (".zip",)


class UnknownStudentError(UserError, ValueError):
    """Nothing is stored about a student of that name."""


def plan(course: Path, students: Sequence[str] = (), before: float | None = None) -> "Forgetting":
    """Find out whose data goes: of these students, or what was submitted before a time.

    before: seconds since 1970. A student goes with the last submission; who never submitted is as
    old as the class's last one. Raises UnknownStudentError, GradebookError.
    """
    known = _Known(course)
    if before is not None:
        old = {each for each, when in known.times().items() if when < before}
        by_student = defaultdict(set)
        for assignment, student in known.submissions:
            by_student[student].add((assignment, student))
        whole = {s for s, submissions in by_student.items() if submissions <= old}
        return Forgetting(known, frozenset(whole), frozenset(old))
    whole = set()
    for name in students:
        found = {each for each in known.students if folded(each) == folded(name)}
        if not found:
            raise UnknownStudentError(messages.NOTHING_STORED.format(name=name, course=course))
        whole |= found
    mine = {each for each in known.submissions if each[1] in whole}
    return Forgetting(known, frozenset(whole), frozenset(mine))


class _Known:
    """All students of a course, from its folders, its gradebook and its imports."""

    def __init__(self, course: Path) -> None:
        self.course, self.book, self.store = course, Course(course), course / STORE_FOLDER
        self.content: BookContent = content_of(self.book)
        self.kept, self.persons = Kept(course), list(known_persons(course))
        names = {path.name for step in OF_STUDENTS for path in _inside(self.store / step)}
        names |= {assignment for assignment, *_ in self.persons}
        names |= {assignment for assignment, _ in self.content.submissions}
        self.assignments = sorted({*names, *self.book.assignments()})
        self.submissions: set[Submission] = set(self.content.submissions)
        self.submissions |= {(assignment, student) for assignment, _, student, _ in self.persons}
        for assignment in self.assignments:
            for step in (PAGES, GRADED, SUBMITTED):
                there = student_folders(self.book, step, assignment)
                self.submissions |= {(assignment, student) for student in there}
            for step in OF_STUDENTS:
                there = [path.name for path in _inside(self.store / step / assignment)]
                self.submissions |= {(assignment, student) for student in there}
        self.students = {student for _, student in self.submissions} | {*self.content.students}

    def times(self) -> dict[Submission, float]:
        """When each was submitted, as the newest trace of it says."""
        found = {each: self._time(each) for each in self.submissions}
        newest: dict[str, float] = defaultdict(float)
        for (assignment, _), when in found.items():
            newest[assignment] = max(newest[assignment], when)
        for assignment in {a for a, when in newest.items() if not when}:
            with suppress(OSError):
                newest[assignment] = self.kept.place(f"{assignment}.json").stat().st_mtime
        return {each: when or newest[each[0]] for each, when in found.items()}

    def _time(self, submission: Submission) -> float:
        times = [self.content.submissions.get(submission, 0.0)]
        for step in (SUBMITTED, GRADED):
            folder = self.book.folder(step, *submission)
            with suppress(OSError):
                times.append(seconds_of((folder / STAMP_FILE).read_bytes()))
        folder = self.book.folder(SUBMITTED, *submission)
        if not any(times) and folder.is_dir():
            times += [path.lstat().st_mtime for path in _inside(folder)]
        return max(times)

    def marks(self, chosen: Callable[[str], bool]) -> Marks:
        """The texts by which these students are known."""
        persons = [(system, p) for _, system, student, p in self.persons if chosen(student)]
        for student, row in self.content.students.items():
            if chosen(student):
                persons.append(("", Person(student, row.name, email=row.email)))
        return Marks.of(filter(chosen, self.students), persons)


@dataclass(frozen=True)
class Forgetting:
    """The data that is to go. `run` may be called again after it was killed."""

    known: _Known
    students: frozenset[str]  # of whom nothing stays
    submissions: frozenset[Submission]  # theirs, and others' old ones

    def by_hand(self) -> list[Text]:
        """List the points and comments by hand, which nobody can compute again."""
        lines = []
        for assignment in sorted({assignment for assignment, _ in self.submissions}):
            for student, items in self.known.book.given_by_hand(assignment).items():
                if (assignment, student) in self.submissions:
                    about = {"student": student, "assignment": assignment}
                    lines += [
                        messages.HAND_GIVEN.format(text=item.text, cell=item.cell, **about)
                        for item in items
                    ]
        return lines

    def places(self) -> list[Text]:
        """List all that goes, and its places."""
        course = self.known.course
        lines = [messages.DELETED.format(path=os.path.relpath(p, course)) for p in self._own()]
        for path, count, _ in self._shared():
            lines.append(messages.ENTRIES_OUT.of(count, path=os.path.relpath(path, course)))
        for url in gradebooks(self.known.book, self.known.store):
            if count := count_rows(url, self.students, self.submissions):
                name = url.split("?")[0].removeprefix("sqlite:///")
                lines.append(messages.ROWS_OUT.of(count, path=os.path.relpath(name, course)))
        return lines

    def run(self) -> None:
        """Delete all of it. Raises BusyError while a run grades, GradebookError, OSError."""
        store = self.known.store
        with Store(self.known.course).alone():
            self._discard([store / "forgetting", store / "intake"])
            own = list(self._own())
            late = [path for path in own if path in set(self._own((SUBMITTED,), kept=False))]
            self._discard(path for path in own if path not in late)
            tables = {store / "lms", self.known.kept.key}
            for last in (False, True):  # the tables say who a student is
                for path, _, content in list(self._shared()):
                    if bool(tables & {path, path.parent}) == last:
                        private = not path.stat().st_mode & 0o077
                        write_atomically(path, content, private=private)
                if not last:
                    for url in gradebooks(self.known.book, store):
                        erase(url, self.students, self.submissions)
            self._discard(late)

    def left(self) -> list[str]:
        """The files in the course that still name a student: of another student, or unknown."""
        course = self.known.course
        found = []
        for path in _files(course):
            name = os.path.relpath(path, course)
            if path.is_symlink() or path.stat().st_size > MAX_SEARCHED_BYTES:
                named = self._mentions.found_in(os.fsencode(name))
            else:
                named = self._mentions.found_in(os.fsencode(name) + b"\n" + path.read_bytes())
            if named:
                found.append(name)
        return found

    @cached_property
    def _mentions(self) -> Mentions:
        whole = self.students
        return Mentions(
            self.known.marks(lambda s: s in whole), self.known.marks(lambda s: s not in whole)
        )

    def _own(
        self, steps: Sequence[str] = (PAGES, GRADED, SUBMITTED), kept: bool = True
    ) -> Iterator[Path]:
        """Yield folders and files that are theirs alone, or that can be made again."""
        known = self.known
        roots = (_root(known.book, step, student) for step in steps for student in self.students)
        folders = [root for root in roots if root is not None]
        folders += [known.book.folder(step, *each) for step in steps for each in self.submissions]
        if kept:
            for assignment, student in self.submissions:
                folders += [known.store / step / assignment / student for step in OF_STUDENTS]
            for assignment in {assignment for assignment, _ in self.submissions}:
                folders += [known.course / "reports" / f"{assignment}.html"]
                folders += self._records(assignment)
        outermost: list[Path] = []
        for path in sorted(set(folders)):
            inside = any(path.is_relative_to(other) for other in outermost)
            if os.path.lexists(path) and not inside:
                outermost.append(path)
        yield from outermost

    def _records(self, assignment: str) -> Iterator[Path]:
        """Yield the records that no other student's grade needs."""
        store = Store(self.known.course)
        students = (path.name for path in _inside(self.known.store / "written" / assignment))
        stay = [s for s in students if (assignment, s) not in self.submissions]
        needed = {key for s in stay for key in store.written(assignment, s)[1].values()}
        for path in _inside(self.known.store / "records" / assignment):
            if path.stem not in needed:
                yield path

    def _shared(self) -> Iterator[tuple[Path, int, bytes]]:
        """Yield files with entries of theirs, the number of these, and the content without."""
        known, course = self.known, self.known.course
        for assignment in sorted({assignment for assignment, _ in self.submissions}):
            names = {s for a, s in self.submissions if a == assignment}
            adjusted = Adjustments.of(course, assignment)
            if count := sum(adjusted.forget(name) for name in names):
                yield adjustments_file(course, assignment), count, adjusted.as_json()
            table = known.store / "lms" / f"{assignment}.json"
            if table.exists():
                content, count = without_persons(table.read_bytes(), names)
                if count:
                    yield table, count, content
        if known.kept.key is not None:
            content, count = known.kept.edited(self._without)
            if count:
                yield known.kept.key, count, content
        edits: dict[str, Callable[[bytes, str], tuple[bytes, int]]] = {
            **dict.fromkeys(TABLES, self._mentions.without_rows),
            **dict.fromkeys(LOGS, lambda content, _: self._mentions.without_lines(content)),
            **dict.fromkeys(ZIPS, lambda content, _: self._mentions.without_members(content)),
        }
        work = [_top(known.book, step) for step in (PAGES, GRADED, SUBMITTED)]
        for path in _files(course):
            edit = edits.get(path.suffix.lower())
            if edit and not path.is_symlink() and not any(path.is_relative_to(w) for w in work):
                content, count = edit(path.read_bytes(), path.name)
                if count:
                    yield path, count, content

    def _without(self, name: str, content: bytes) -> tuple[bytes | None, int]:
        """A table of the key file without what is theirs; None: nothing of it stays."""
        stem = name.removesuffix(".json")
        if "/" in name:  # of one student
            theirs = tuple(stem.split("/")[1:3]) in self.submissions
            return (None, 1) if theirs else (content, 0)
        if name == stem:
            return self._mentions.without_rows(content, name)
        return without_persons(content, {s for a, s in self.submissions if a == stem})

    def _discard(self, paths: Iterable[Path]) -> None:
        """Delete each as a whole: what is no longer in its place is deleted by the next run."""
        waste = self.known.store / "forgetting"
        for path in paths:
            if not os.path.lexists(path):
                continue
            if path != waste:
                waste.mkdir(parents=True, exist_ok=True)
                os.replace(path, Path(mkdtemp(dir=waste)) / "x")
            shutil.rmtree(waste)


def _root(book: Course, step: str, student: str) -> Path | None:
    """The folder of a student with all assignments; None where the course has no such folder."""
    parts = book.folder(step, "\0", student).parts
    if student not in parts or "\0" not in parts[parts.index(student) :]:
        return None
    return Path(*parts[: parts.index(student) + 1])


def _top(book: Course, step: str) -> Path:
    """The part of a step's folders that names neither student nor assignment."""
    parts = book.folder(step, "\0", "\0").parts
    return Path(*parts[: parts.index("\0")])


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _files(course: Path) -> Iterator[Path]:
    """Yield the files of a course; not of its source and release, nor of an environment in it."""
    for place, folders, names in os.walk(course):
        here = Path(place)
        skipped = NOT_SEARCHED if here == course else {"__pycache__"}
        folders[:] = [f for f in folders if f not in skipped and not _is_environment(here / f)]
        yield from sorted(here / name for name in names)


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()
