"""From an archive to nbgrader's `submitted/`: the newest notebook of each student.

Everything else is reported. A newer submission takes the place of an older one, which is kept in
`.kischule/replaced/`. An older or equal one changes nothing, so an archive may be imported again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from autograder.course.gradebook import Course
from autograder.course.release import source_notebook
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import FOLDER, Store
from autograder.lms.archive import Archive, ArchiveFile, RefusedError
from autograder.lms.people import People, Person
from autograder.notebooks import intake
from autograder.sandbox.text import clean

# a file's path in an archive -> its student and its own name; None: not a submission
Owner = Callable[[PurePosixPath], "tuple[Person, str] | None"]


@dataclass
class Imported:
    """The report of an import: students, and lines about single files."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # files that were left aside, and why
    refused: list[str] = field(default_factory=list)  # files that were not accepted, and why

    def __str__(self) -> str:
        counts = f"{len(self.new)} new, {len(self.replaced)} replaced by a newer submission"
        counts += f", {len(self.unchanged)} unchanged"
        return f"{counts}, {len(self.refused)} refused"


@dataclass(frozen=True)
class _Incoming:
    person: Person
    name: str
    entry: ArchiveFile


def take_in(
    course: Path,
    assignment: str,
    system: str,
    archive: Archive,
    owner: Owner,
    more: Iterable[Person] = (),
) -> Imported:
    """Write the archive's notebooks to submitted/. more: further facts about persons in it.

    Raises AssignmentError for an unknown assignment, BusyError while a run grades.
    """
    book, name = Course(course), source_notebook(course, assignment).name
    found = Imported(refused=list(archive.refused))
    files = _sorted(archive, owner, found)
    people = People(course, assignment, system)
    known = {person.id: person for person in more}
    persons = [known.get(each[0].person.id, each[0].person) for each in files.values()]
    with_folders = [_with_folder(p, files[p.id][0].person) for p in persons]
    students = people.add([*with_folders, *(p for i, p in known.items() if i not in files)])
    with Store(course).alone():
        for identifier, candidates in sorted(files.items(), key=lambda f: students[f[0]]):
            student = students[identifier]
            chosen = _choose(candidates, name, found)
            folder = book.folder("submitted", assignment, student)
            aside = course / FOLDER / "replaced" / assignment / student
            _store(folder, name, student, chosen, found, aside=aside)
        people.save()
        book.enrol(people.by_student)
    return found


def _with_folder(known: Person, seen: Person) -> Person:
    """A worksheet's facts about a person, with the name of their folder in the archive."""
    return Person(known.id, known.name, known.login, known.email, seen.folder)


def _sorted(archive: Archive, owner: Owner, found: Imported) -> dict[str, list[_Incoming]]:
    """Sort notebooks by their student's id; note other files."""
    files: dict[str, list[_Incoming]] = defaultdict(list)
    for entry in archive.entries:
        owned = owner(entry.path)
        if owned is None:
            found.notes.append(f"{entry.path}: not a submission")
        elif not owned[1].lower().endswith(".ipynb"):
            found.notes.append(f"{entry.path}: not a notebook")
        else:
            files[owned[0].id].append(_Incoming(*owned, entry))
    return dict(files)


def _choose(files: list[_Incoming], name: str, found: Imported) -> _Incoming:
    """The newest with the assignment's name in its own (`A7_2 (1).ipynb`); else the newest."""
    stem = name.removesuffix(".ipynb").lower()
    named = [f for f in files if stem in f.name.lower()]
    chosen = max(named or files, key=lambda f: (f.entry.modified, f.name))
    for other in files:
        if other is not chosen:
            found.notes.append(f"{other.entry.path}: left aside for {chosen.entry.path}")
    return chosen


def _store(
    folder: Path, name: str, student: str, chosen: _Incoming, found: Imported, *, aside: Path
) -> None:
    try:
        content = chosen.entry.read()
    except RefusedError as error:
        found.refused.append(f"{chosen.entry.path}: {error}")
        return
    path, stamp = folder / name, folder / "timestamp.txt"
    there = _there(path)
    if there == content:
        found.unchanged.append(student)
        return
    if there is not None:
        if chosen.entry.modified <= _time_of(stamp):
            found.notes.append(f"{chosen.entry.path}: older than what {student} has in submitted/")
            found.unchanged.append(student)
            return
        _put_aside(aside, path, stamp)
    stamp.unlink(missing_ok=True)  # never the new file with the old one's time
    write_atomically(path, content)
    write_atomically(stamp, f"{_utc(chosen.entry.modified)}\n".encode())
    (found.new if there is None else found.replaced).append(student)
    if clean(chosen.name) != name:
        found.notes.append(f"{chosen.entry.path}: taken as {name}")


def _there(path: Path) -> bytes | None:
    try:
        return intake.read_bytes(path)
    except intake.UnreadableError:
        return None


def _utc(modified: float) -> str:
    """A time as nbgrader writes and reads it."""
    return datetime.fromtimestamp(modified, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _time_of(stamp: Path) -> float:
    try:
        moment = datetime.strptime(
            stamp.read_text(encoding="utf-8").strip(), "%Y-%m-%d %H:%M:%S UTC"
        )
    except (OSError, ValueError):
        return 0.0
    return moment.replace(tzinfo=timezone.utc).timestamp()


def _put_aside(folder: Path, path: Path, stamp: Path) -> None:
    """Put the earlier submission aside."""
    when = datetime.fromtimestamp(_time_of(stamp), timezone.utc).strftime("%Y%m%d-%H%M%S")
    content = path.read_bytes()
    write_atomically(folder / f"{when}-{key_of(content)[:8]}" / path.name, content)
