"""Facts about people that imports keep: files in `.kischule/lms/`, or entries of one key file.

With pseudonyms the key file is the only place of a course with names, addresses and logins; it may
lie outside of the course. Nobody but its owner can read it.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.grading.store import STORE_FOLDER
from autograder.lms import messages
from kischule.i18n import Text

KEY_FILE = "pseudonyms.json"  # in `.kischule/`, unless the teacher names another place
PLACE_FILE = "pseudonyms-at"  # names that place
CONTENT = "kept"


class KeyFileError(UserError, ValueError):
    """A key file that is not there or cannot be read, or pseudonyms for a course with names."""


class Kept:
    """The tables that imports keep, by name; pseudonymous: whether they are in a key file."""

    def __init__(self, course: Path) -> None:
        """Raises KeyFileError if the course has pseudonyms, and no key file."""
        self._folder = course / STORE_FOLDER / "lms"
        self.key = _key_file(course)
        self.pseudonymous = self.key is not None
        if self.key is not None and not self.key.is_file():
            raise KeyFileError(messages.NO_KEY_FILE.format(path=self.key))

    def names(self, ending: str = "") -> list[str]:
        """List what is kept."""
        if self.key is not None:
            found = list(_read_key(self.key))
        else:
            found = [path.name for path in self._folder.glob("*")]
        return sorted(name for name in found if name.endswith(ending))

    def read(self, name: str) -> bytes | None:
        """Read a table; None if there is none."""
        if self.key is not None:
            text = _read_key(self.key).get(name)
            return None if text is None else text.encode("utf-8", "surrogateescape")
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, content: bytes) -> None:
        """Write a table."""
        if self.key is not None:
            found = _read_key(self.key) | {name: content.decode("utf-8", "surrogateescape")}
            _write_key(self.key, found)
        else:
            write_atomically(self._folder / name, content)

    def edited(self, edit: Callable[[str, bytes], tuple[bytes | None, int]]) -> tuple[bytes, int]:
        """The key file as an edit of its tables leaves it, and the number of its changes.

        edit: gives a table's new content, None if it goes, and the number of changes.
        """
        tables, count = {}, 0
        for name in self.names():
            content, changes = edit(name, self.read(name) or b"")
            count += changes
            if content is not None:
                tables[name] = content.decode("utf-8", "surrogateescape")
        return _key_content(tables), count

    def place(self, name: str) -> Path:
        """The file that has a table, for a message."""
        return self._folder / name if self.key is None else self.key


def use_pseudonyms(course: Path, place: str) -> Text:
    """Let a course without names have pseudonyms from now on; place: "" or that of the key file.

    Returns a note on the key file. Raises KeyFileError if the course has names already, or another
    key file.
    """
    store = course / STORE_FOLDER
    key = Path(os.path.abspath(place)) if place else store / KEY_FILE
    there = _key_file(course)
    if there is not None:
        if place and there != key:
            raise KeyFileError(messages.OTHER_KEY_FILE.format(path=there))
        return messages.KEY_IS_AT.format(path=there)
    if any((store / "lms").glob("*")):
        raise KeyFileError(messages.NAMES_ALREADY)
    if not key.exists():
        _write_key(key, {})
    _read_key(key)
    if place:
        write_atomically(store / PLACE_FILE, os.fsencode(key))
    return messages.KEY_IS_AT.format(path=key)


def _key_file(course: Path) -> Path | None:
    store = course / STORE_FOLDER
    if (place := store / PLACE_FILE).is_file():
        return Path(os.fsdecode(place.read_bytes()))
    return store / KEY_FILE if (store / KEY_FILE).exists() else None


def _read_key(path: Path) -> dict[str, str]:
    """The tables of a key file: parts that are JSON as text, the others as they are."""
    try:
        kept = json.loads(path.read_bytes())[CONTENT]
        return {
            str(name): part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
            for name, part in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileError(messages.BROKEN_PEOPLE.format(path=path, reason=error)) from error


def _write_key(path: Path, found: dict[str, str]) -> None:
    write_atomically(path, _key_content(found), private=True)


def _key_content(found: dict[str, str]) -> bytes:
    kept = {n: json.loads(text) if n.endswith(".json") else text for n, text in found.items()}
    text = json.dumps({CONTENT: kept}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace")
