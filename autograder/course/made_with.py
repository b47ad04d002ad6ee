"""The package that a release was made with: its version, and its exercises as they were."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from json import dumps
from pathlib import Path

from autograder.course import messages
from autograder.exercises.exercise import PACKAGED, exercises_for_assignment
from autograder.exercises.strict import load_json, read
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER
from kischule.i18n import Line, Text


@dataclass(frozen=True, kw_only=True)
class MadeWith:
    """The note that a release leaves in the course."""

    version: str  # of the package
    exercises: Mapping[str, str]  # of the package's own: `key_of` the file, by id


def note_package(course: Path, assignment: str, cells: Iterable[str]) -> None:
    """Note the package as it is now. cells: the release's grade_ids, which name its exercises."""
    names = _unchanged_by(course, assignment) & set(cells)
    note = MadeWith(
        version=_version(), exercises={name: _fingerprint(name) for name in sorted(names)}
    )
    write_atomically(_note_of(course, assignment), dumps(asdict(note), indent=1).encode())


def changes_since(course: Path, assignment: str) -> str:
    """Say in a line which exercises the package has otherwise than the release was made with.

    "" where nothing has changed, and for a release without the note. DataError for a broken note.
    """
    path = _note_of(course, assignment)
    if not path.is_file():
        return ""
    note = read(MadeWith, load_json(path.read_bytes(), path.name), path.name)
    dropped = note.exercises.keys() - set(PACKAGED)
    kept = note.exercises.keys() & _unchanged_by(course, assignment)
    changed = {name for name in kept if note.exercises[name] != _fingerprint(name)}
    if not changed and not dropped and note.version == _version():
        return ""
    gone = [messages.NO_LONGER_THERE.format(name=name) for name in sorted(dropped)]
    found = [*map(Text.same, sorted(changed)), *gone]
    names = Text(", ".join(text.de for text in found), ", ".join(text.en for text in found))
    text = messages.MADE_WITH if note.version == _version() else messages.MADE_WITH_ANOTHER
    about = {"version": note.version, "now": _version(), "names": names or messages.NONE_THERE}
    return Line(text.format(**about))


def _unchanged_by(course: Path, assignment: str) -> set[str]:
    """The package's exercises, without those that have a file of the course's own."""
    paths = exercises_for_assignment(course, assignment).paths
    return {name for name, path in PACKAGED.paths.items() if paths[name] == path}


def _fingerprint(name: str) -> str:
    return key_of(PACKAGED.paths[name].read_bytes())


def _version() -> str:
    return metadata.version("kischule")


def _note_of(course: Path, assignment: str) -> Path:
    return course / STORE_FOLDER / f"made-with-{assignment}.json"
