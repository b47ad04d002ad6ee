"""From an archive to nbgrader's `submitted/`: of each student one file for each notebook.

Every file is accounted for: it is a student's submission (new, in place of an older one, or as
before), or left aside for it, or refused. A newer submission takes the place of an older one, which
is kept in `.kischule/replaced/`. An older or equal one changes nothing, so an archive may be
imported again. A file that was taken by `--prefer` stays, in later imports as well, until there is
one that is newer than all that it was preferred to. A student without a usable file gets a folder
with the reason in it, and so a row in the grades.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from autograder.course.gradebook import Course
from autograder.course.release import source_notebooks
from autograder.course.timestamps import STAMP_FILE
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER, Store
from autograder.lms import messages
from autograder.lms.archive import Archive, ArchiveFile, RefusedError, of_file
from autograder.lms.kept import Kept
from autograder.lms.local_time import zone_of
from autograder.lms.mentions import is_named
from autograder.lms.people import People, Person
from autograder.notebooks import intake, reader
from autograder.sandbox.text import clean
from kischule.i18n import Line, Text

# a file's path in an archive -> its student and its own name; None: not a submission
Owner = Callable[[PurePosixPath], "tuple[Person, str] | None"]

# how browsers and mail programs end the name of a notebook, beside `.ipynb`
NOTEBOOK_LIKE = re.compile(r"ipynb|\.(json|txt)$|^[^.]+$", re.IGNORECASE)
OLD_WORDS = re.compile(r"(?<![^\W_])(alt|old|backup|sicherung)(?![^\W_])", re.IGNORECASE)


@dataclass
class Imported:
    """The report of an import: students, each with one file, and lines about other files."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)  # further files of a student
    refused: list[str] = field(default_factory=list)  # files that were not accepted, and why
    not_gradable: list[str] = field(default_factory=list)  # files of students without a notebook
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # guesses that a teacher has to look at

    @property
    def is_clear(self) -> bool:
        """True if nothing was refused or guessed."""
        return not (self.refused or self.not_gradable or self.doubts)

    @property
    def summary(self) -> Text:
        """The numbers of all, in a line."""
        return messages.IMPORTED.format(
            new=len(self.new),
            replaced=len(self.replaced),
            unchanged=len(self.unchanged),
            refused=len(self.refused) + len(self.not_gradable),
            aside=len(self.aside),
        )

    def __str__(self) -> str:
        return self.summary.en


@dataclass(frozen=True)
class _Incoming:
    person: Person
    name: str
    entry: ArchiveFile
    prefer: bool = False  # named by --prefer, now or in an earlier import

    @property
    def newness(self) -> tuple[object, ...]:
        """Sorts a student's files: the greatest is the newest."""
        old = OLD_WORDS.search(PurePosixPath(self.name).stem) is not None
        times = self.entry.modified, self.entry.saved
        return not old, *times, -len(self.name), str(self.entry.path)


@dataclass(frozen=True)
class _Chosen:
    """The file of a student that is taken."""

    file: _Incoming
    content: bytes = field(repr=False)
    why: Text | None = None  # it is not readable


def take_in(
    course: Path,
    assignment: str,
    system: str,
    archive: Archive,
    owner: Owner,
    *,
    prefer: Sequence[str] = (),
    more: Iterable[Person] = (),
) -> Imported:
    """Write the archive's notebooks to submitted/. more: further facts about persons in it.

    prefer: patterns or parts of paths; of several notebooks of a student such a one is taken.
    Raises AssignmentError for an unknown assignment, BusyError while a run grades.
    """
    book, names = Course(course), [path.name for path in source_notebooks(course, assignment)]
    found = Imported(refused=list(archive.refused), notes=list(archive.notes))
    files = _sorted(archive, owner, prefer, found)
    people = People(course, assignment, system)
    known = {person.id: person for person in more}
    persons = [known.get(each[0].person.id, each[0].person) for each in files.values()]
    with_folders = [_with_folder(p, files[p.id][0].person) for p in persons]
    students, notes = people.add([*with_folders, *(p for i, p in known.items() if i not in files)])
    found.notes += notes
    zone = zone_of(course)
    with Store(course).alone():
        for identifier, candidates in sorted(files.items(), key=lambda f: students[f[0]]):
            student = students[identifier]
            folder = book.folder("submitted", assignment, student)
            before, states = _time_of(folder / STAMP_FILE), []
            for name, own in _by_notebook(candidates, names, student, found).items():
                place = student if len(names) == 1 else f"{student}/{name}"
                choice = _Choice(course, people.kept, f"preferred/{assignment}/{place}")
                chosen = _choose(choice.marked(own), name, student, found)
                if chosen is None:
                    continue
                aside = course / STORE_FOLDER / "replaced" / assignment / student
                target = _Target(
                    folder=folder,
                    aside=aside,
                    name=name,
                    student=student,
                    zone=zone,
                    newest=choice.newest,
                    before=before,
                    several=len(names) > 1,
                )
                states.append(_store(target, chosen, found))
                if people.kept.pseudonymous and is_named(chosen.content, system, people, student):
                    found.notes.append(Line(messages.NAMED_INSIDE.format(student=student)))
                # named now, not by an earlier choice
                if chosen.file.prefer and chosen.file in own:
                    choice.keep(chosen.file, own)
            if any(states):
                _report(list(filter(None, states)), student, found)
            elif not states:
                _note_missing(folder, names, candidates, people.kept.pseudonymous)
        people.save()
        book.enrol(people.shown())
    return found


def _with_folder(known: Person, seen: Person) -> Person:
    """A worksheet's facts about a person, with the name of their folder in the archive."""
    return Person(known.id, known.name, known.login, known.email, seen.folder)


def _sorted(
    archive: Archive, owner: Owner, prefer: Sequence[str], found: Imported
) -> dict[str, list[_Incoming]]:
    """Sort files by their student's id."""
    files: dict[str, list[_Incoming]] = defaultdict(list)
    for entry in archive.entries:
        owned = owner(entry.owned_path)
        if owned is None:
            found.refused.append(of_file(entry.path, messages.NO_STUDENT))
            continue
        person, name = owned
        preferred = any(_is_named(entry.path, wanted) for wanted in prefer)
        name = name if entry.inner is None else entry.inner.name
        files[person.id].append(_Incoming(person, name, entry, preferred))
    return dict(files)


def _by_notebook(
    files: list[_Incoming], names: Sequence[str], student: str, found: Imported
) -> dict[str, list[_Incoming]]:
    """A student's files by the assignment's notebook, whose name is in theirs; others are reported.

    Of several notebooks one without a file takes the only file without a notebook.
    """
    if len(names) == 1:
        return {names[0]: files}
    sorted_: dict[str, list[_Incoming]] = {}
    others = []
    longest = sorted(names, key=len, reverse=True)
    for file in files:
        folded = file.name.casefold()
        fitting = [n for n in longest if n.removesuffix(".ipynb").casefold() in folded]
        if fitting:
            sorted_.setdefault(fitting[0], []).append(file)
        else:
            others.append(file)
    missing = [name for name in names if name not in sorted_]
    likely = [file for file in others if NOTEBOOK_LIKE.search(file.name)]
    if len(missing) == len(likely) == 1 and sorted_:
        sorted_[missing.pop()] = likely
        others.remove(likely[0])
    unlike = messages.UNLIKE.format(names=", ".join(names))
    for file in others:
        line = of_file(file.entry.path, unlike)
        if sorted_:
            found.aside.append(line)
        else:
            found.not_gradable.append(of_file(f"{files[0].person.name} ({student})", line))
    found.notes += [
        Line(messages.NO_FILE_FOR.format(student=student, name=name)) for name in missing if sorted_
    ]
    return sorted_


def _report(states: Sequence[str], student: str, found: Imported) -> None:
    """Count a student once; states: of the notebooks."""
    kinds = set(states)
    state = kinds.pop() if len(kinds) == 1 else "replaced"
    getattr(found, state).append(student)


def _is_named(path: PurePosixPath, wanted: str) -> bool:
    text, wanted = str(path).casefold(), wanted.casefold()
    return wanted in text or fnmatch(text, wanted) or fnmatch(path.name.casefold(), wanted)


def _choose(files: list[_Incoming], name: str, student: str, found: Imported) -> _Chosen | None:
    """The newest notebook with the assignment's name in its own, else the newest.

    All other files of the student are reported here. Where nothing can be read as a notebook, one
    that is called so is chosen all the same: grading says what is wrong with it.
    """
    stem = name.removesuffix(".ipynb").casefold()
    order = sorted(files, key=lambda f: (f.prefer, stem in f.name.casefold(), *f.newness))
    readable: list[_Chosen] = []
    broken: list[_Chosen] = []
    others: list[_Incoming] = []
    for file in reversed(order):
        if readable or not NOTEBOOK_LIKE.search(file.name):
            others.append(file)
            continue
        try:
            content = file.entry.read()
            reader.parse(content)
        except RefusedError as error:
            found.refused.append(of_file(file.entry.path, error.text))
        except reader.UnreadableError as error:
            broken.append(_Chosen(file, content, error.text))
        else:
            readable.append(_Chosen(file, content))
    named = [each for each in broken if each.file.name.lower().endswith(".ipynb")]
    chosen = next(iter(readable + named), None)
    if chosen is None:
        who = f"{files[0].person.name} ({student})"
        files = [*(each.file for each in broken), *others]
        found.not_gradable += [
            of_file(f"{who}: {file.entry.path}", messages.NOT_A_NOTEBOOK) for file in files
        ]
        return None
    if named:
        about = {"student": student, "path": named[0].file.entry.path, "why": named[0].why}
        found.doubts.append(Line(messages.NEWEST_BROKEN.format(**about)))
    again = [file for file in others if NOTEBOOK_LIKE.search(file.name)]
    for file in (*(each.file for each in broken if each is not chosen), *others):
        is_notebook = file in again
        why = messages.LEFT_ASIDE if is_notebook else messages.OTHER_ASIDE
        reason = why.format(chosen=chosen.file.entry.path)
        found.aside.append(of_file(file.entry.path, reason))
    if again:
        about = {"student": student, "name": chosen.file.name}
        found.notes.append(Line(messages.TAKE_ANOTHER.format(**about)))
    return chosen


class _Choice:
    """A student's file that was taken by --prefer, and the time of the newest one at hand then."""

    def __init__(self, course: Path, kept: Kept, name: str) -> None:
        self._path, self._kept, self._entry = course / STORE_FOLDER / name, kept, f"{name}.json"
        self._name, self.newest = "", 0.0
        with suppress(OSError, ValueError, KeyError, TypeError):  # a file's name may be a person's
            text = kept.read(self._entry) if kept.pseudonymous else self._path.read_bytes()
            found = json.loads(text or b"")
            self._name, self.newest = str(found["name"]), float(found["newest"])

    def marked(self, files: list[_Incoming]) -> list[_Incoming]:
        """The files with the one that was chosen as preferred, unless another or a newer one is."""
        if any(file.prefer or file.entry.modified > self.newest for file in files):
            return files
        return [replace(file, prefer=file.name == self._name) for file in files]

    def keep(self, chosen: _Incoming, files: list[_Incoming]) -> None:
        newest = max(file.entry.modified for file in files)
        text = json.dumps({"name": chosen.name, "newest": newest}).encode()
        if self._kept.pseudonymous:
            return self._kept.write(self._entry, text)
        return write_atomically(self._path, text)


@dataclass(frozen=True, kw_only=True)
class _Target:
    """The place of a student's submission."""

    folder: Path
    aside: Path  # for submissions that it replaces
    name: str
    student: str
    zone: ZoneInfo
    newest: float  # the time up to which files were not chosen by --prefer
    before: float  # the time of the submission that is there; 0: none
    several: bool  # notebooks: the submission's time is that of the newest

    @property
    def notebook(self) -> Path:
        return self.folder / self.name

    @property
    def stamp(self) -> Path:
        return self.folder / STAMP_FILE

    def when(self, seconds: float) -> str:
        """A time for the teacher to read."""
        return datetime.fromtimestamp(seconds, self.zone).strftime("%Y-%m-%d %H:%M")


def _store(target: _Target, chosen: _Chosen, found: Imported) -> str:
    """Store a notebook; returns new, replaced or unchanged, or "" for a refused one."""
    there, before = _there(target.notebook), target.before
    modified, path = chosen.file.entry.modified, chosen.file.entry.path
    if there == chosen.content:
        return "unchanged"
    if there is not None and chosen.why:
        reason = messages.KEEPS_EARLIER.format(why=chosen.why, student=target.student)
        found.refused.append(of_file(path, reason))
        return ""
    if there is not None and modified <= max(before, target.newest) and not chosen.file.prefer:
        why = messages.OLDER_FILE if modified <= before else messages.KEEPS_PREFERRED
        found.notes.append(of_file(path, why.format(student=target.student)))
        return "unchanged"
    if there is not None:
        _put_aside(target)
        times = f"{target.when(before)} → {target.when(modified)}"
        who = f"{target.student} ({chosen.file.person.name})"
        found.notes.append(Line(messages.REPLACED_LINE.format(who=who, times=times, path=path)))
    latest = max(modified, _time_of(target.stamp)) if target.several else modified
    target.stamp.unlink(missing_ok=True)  # never the new file with the old one's time
    (target.folder / intake.NO_NOTEBOOK).unlink(missing_ok=True)
    write_atomically(target.notebook, chosen.content)
    write_atomically(target.stamp, f"{_utc(latest)}\n".encode())
    if clean(chosen.file.name) != target.name:
        found.notes.append(of_file(path, messages.TAKEN_AS.format(name=target.name)))
    return "new" if there is None else "replaced"


def _note_missing(
    folder: Path, expected: Sequence[str], files: Sequence[_Incoming], pseudonymous: bool
) -> None:
    """Leave the reason in the place of a notebook; an earlier notebook stays."""
    if not any((folder / name).exists() for name in expected):
        known = {PurePosixPath(file.name).suffix if pseudonymous else file.name for file in files}
        names = ", ".join(sorted(map(clean, known)))
        write_atomically(folder / intake.NO_NOTEBOOK, names.encode())


def _there(path: Path) -> bytes | None:
    try:
        return intake.read_bytes(path)
    except reader.UnreadableError:
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


def _put_aside(target: _Target) -> None:
    """Put the earlier submission aside."""
    when = datetime.fromtimestamp(target.before, timezone.utc).strftime("%Y%m%d-%H%M%S")
    content = target.notebook.read_bytes()
    write_atomically(target.aside / f"{when}-{key_of(content)[:8]}" / target.name, content)
