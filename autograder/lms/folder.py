"""Any folder or zip of notebooks, with names that say whose they are.

A student is a folder (`mueller/A7_2.ipynb`) or the rest of a file's name beside the assignment's
(`A7_2_mueller.ipynb`, `mueller.ipynb`). Folders above the students' are recognised: one that holds
everything (`Abgaben/mueller/…`), or one of each class (`10a/mueller/…`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from autograder.course.release import source_notebooks
from autograder.errors import UserError
from autograder.lms import messages
from autograder.lms.archive import Archive, opened
from autograder.lms.local_time import zone_of
from autograder.lms.people import Person, slug
from autograder.lms.submissions import NOTEBOOK_LIKE, Imported, Owner, take_in
from kischule.i18n import Line

# what browsers and file managers add to a name that is there already
COPY_MARK = re.compile(r"[ _-]*(\(\d+\)|\b(kopie|copy)\b[ _-]*(\(?\d+\)?)?)$", re.IGNORECASE)
EXTENSION = re.compile(r"([._]ipynb.*|\.[a-z0-9]{1,5})$", re.IGNORECASE)
# words that tell files of one person apart, and not persons
NOT_A_NAME = re.compile(
    r"(alt|old|neu|new|kopie|copy|backup|sicherung|final|fertig|abgabe|submission|work|src"
    r"|notebooks?|version|v\d|data|images?|outputs?|readme|liesmich)?",
    re.IGNORECASE,
)
SUBMITTED = (".py", ".html", ".htm", ".doc", ".docx", ".odt", ".pdf", ".txt", ".md", ".rtf", ".zip")


class PatternError(UserError, ValueError):
    """A pattern without a group `student`, or one that is not a regular expression."""


def import_(
    course: Path,
    assignment: str,
    file: Path,
    pattern: str | None = None,
    prefer: Sequence[str] = (),
) -> Imported:
    """Import submissions. Raises PatternError, ArchiveError.

    pattern: a regular expression with a group `student`, for the path within the folder. Default:
    as above.
    """
    stems = [path.stem for path in source_notebooks(course, assignment)]
    by_pattern = _by_pattern(pattern) if pattern else None
    with opened(file, zone_of(course)) as archive:
        students = _Students(stems)
        if by_pattern is None:
            students.find(archive)
        owner = by_pattern or students.owner
        found = take_in(course, assignment, "folder", archive, owner, prefer=prefer)
    found.notes += students.notes
    found.doubts += students.doubts
    return found


def _by_pattern(pattern: str) -> Owner:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        told = messages.NO_EXPRESSION.format(reason=error, pattern=pattern)
        raise PatternError(told) from error
    if "student" not in expression.groupindex:
        raise PatternError(messages.NO_GROUP.format(pattern=pattern))

    def owner(path: PurePosixPath) -> tuple[Person, str] | None:
        match = expression.search(str(path))
        who = match["student"] if match else ""
        return (Person(who, who), path.name) if who else None

    return owner


@dataclass
class _Students:
    """The students of an archive, each a folder or a file in it."""

    stems: Sequence[str]  # of the assignment's notebooks
    places: dict[PurePosixPath, Person] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def owner(self, path: PurePosixPath) -> tuple[Person, str] | None:
        """The student of a file: the folder that it lies in, or its own name."""
        for place in (path, *path.parents):
            if place in self.places:
                return self.places[place], path.name
        return None

    def find(self, archive: Archive) -> None:
        """Find the students of an archive; two places of one name are one only in one folder."""
        named: dict[str, list[PurePosixPath]] = defaultdict(list)
        paths = sorted({entry.owned_path for entry in archive.entries})
        for place, name in self._look_into(paths, PurePosixPath()):
            named[name].append(place)
        for name, places in named.items():
            parents = {place.parent for place in places}
            for place in places:
                own = name if len(parents) == 1 else str(place.parent / name)
                self.places[place] = Person(own, name)
            if len(parents) < len(places) > len(self.stems):
                files = ", ".join(map(str, places))
                self.doubts.append(Line(messages.ONE_STUDENTS.format(name=name, files=files)))
        self._check_inner(archive)

    def _look_into(
        self, paths: Sequence[PurePosixPath], folder: PurePosixPath
    ) -> Iterator[tuple[PurePosixPath, str]]:
        """Yield the students' places in a folder of students; paths: in the archive."""
        inside: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
        for path in paths:
            depth = len(folder.parts)
            if len(path.parts) == depth + 1:
                if name := self._name(path):
                    yield path, name
            else:
                inside[folder / path.parts[depth]].append(path)
        alone = len(inside) == 1 and len(paths) == len(next(iter(inside.values())))
        below = {
            place: [path.relative_to(place) for path in found] for place, found in inside.items()
        }
        groups = {
            place: names
            for place, found in below.items()
            if (names := self._students_in(found, alone))
        }
        if len(groups) > 1 and len(groups) == len(inside) and _all_equal(groups.values()):
            groups = {}  # a class each, or a student each? both look like this
        for place, found in inside.items():
            names = groups.get(place, self._subfolders(below[place]))
            listed = ", ".join(sorted(names))
            if place in groups:
                lines = self.notes if len(groups) == len(inside) else self.doubts
                lines.append(Line(messages.STUDENTS_FOLDER.format(place=place, names=listed)))
                yield from self._look_into(found, place)
            elif len(names) > 1:
                self.doubts.append(Line(messages.WHOSE_FOLDER.format(place=place, names=listed)))
            else:
                yield place, place.name

    def _students_in(self, paths: Sequence[PurePosixPath], alone: bool) -> set[str]:
        """The students' names if a folder holds several students' files; else none.

        alone: there is nothing beside this folder.
        """
        direct = [self._name(p) for p in _likely(paths) if len(p.parts) == 1]
        if direct and not (alone and all(direct)):
            return set()
        names = self._subfolders(paths).union(direct)
        return names if len(names) > 1 else set()

    def _subfolders(self, paths: Sequence[PurePosixPath]) -> set[str]:
        """The folders in a folder that may be students'."""
        names = {path.parts[0] for path in _likely(paths) if len(path.parts) > 1}
        if {slug(name) for name in names} & set(map(slug, self.stems)):  # one of each assignment
            return set()
        return {name for name in names if not NOT_A_NAME.fullmatch(name)}

    def _name(self, path: PurePosixPath) -> str:
        """The rest of a file's name beside the assignment's: `A7_2_mueller (1).ipynb.txt`."""
        if not _may_be_notebook(path) and path.suffix.lower() not in SUBMITTED:
            return ""
        rest = COPY_MARK.sub("", EXTENSION.sub("", path.name))
        own = "|".join(map(re.escape, sorted(self.stems, key=len, reverse=True)))
        rest = re.sub(own, "", rest, flags=re.IGNORECASE).strip(" _-.")
        return "" if NOT_A_NAME.fullmatch(rest) else rest

    def _check_inner(self, archive: Archive) -> None:
        """Take no zip for a student's that may hold those of several."""
        inner: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
        for entry in archive.entries:
            if entry.inner is not None and entry.owned_path in self.places:
                inner[entry.owned_path].append(entry.inner)
        for place, paths in inner.items():
            if names := self._students_in(paths, alone=True):
                del self.places[place]
                listed = ", ".join(sorted(names))
                self.doubts.append(Line(messages.SEVERAL_IN_ZIP.format(place=place, names=listed)))


def _may_be_notebook(path: PurePosixPath) -> bool:
    return bool(NOTEBOOK_LIKE.search(path.name)) or path.suffix.lower() == ".zip"


def _likely(paths: Sequence[PurePosixPath]) -> Sequence[PurePosixPath]:
    """Those that may be notebooks, else all; without folders that all of them lie in."""
    paths = [path for path in paths if _may_be_notebook(path)] or paths
    while all(len(p.parts) > 1 and p.parts[0] == paths[0].parts[0] for p in paths):
        paths = [PurePosixPath(*path.parts[1:]) for path in paths]
    return paths


def _all_equal(sets: Iterable[set[str]]) -> bool:
    return len({frozenset(each) for each in sets}) == 1
