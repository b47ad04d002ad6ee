"""What a course keeps under `.kischule/`: records, the secret, who is at work."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.grading.record import Record

FOLDER = ".kischule"


def write_atomically(path: Path, content: bytes, private: bool = False) -> None:
    """The file is there whole or not at all, also after a power cut.

    private: only its owner may read it; else whoever the umask lets.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.chmod(temporary, 0o600 if private else 0o666 & ~_umask())
            os.fsync(handle)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name, too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _umask() -> int:
    value = os.umask(0o077)
    os.umask(value)
    return value


class BusyError(RuntimeError):
    """Another run grades this course."""


class SeedError(ValueError):
    """A seed that cannot be used."""


class Store:
    """The records of a course."""

    def __init__(self, course: Path) -> None:
        self.folder = course / FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For one run at a time, on all machines that share the folder. Raises BusyError.

        The lock is the operating system's: it is gone with the process, however that ends.
        """
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        owner = self.folder / "running.json"
        try:
            with FileLock(self.folder / "lock", timeout=0):
                about = {"process": os.getpid(), "machine": socket.gethostname()}
                write_atomically(owner, json.dumps(about).encode())
                try:
                    yield
                finally:
                    owner.unlink(missing_ok=True)
        except Timeout as error:
            who = "another run"
            with suppress(OSError, ValueError, KeyError, TypeError):
                about = json.loads(owner.read_bytes())
                who = f"process {about['process']} on {about['machine']}"
            raise BusyError(
                f"{who} is grading this course; wait until it has finished, or stop it"
            ) from error

    @property
    def expected(self) -> Path:
        """The folder of right answers of other models than `mini`."""
        return self.folder / "expected"

    # --- records: two files each, the notebook first; the one without it does not count ---------

    def read(self, assignment: str, key: str) -> Record | None:
        """The record with this key, without its notebook; None if there is none that is whole."""
        path = self._record(assignment, key)
        try:
            record = Record.from_data(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        whole = not record.results or path.with_suffix(".ipynb").is_file()
        return record if record.key == key and whole else None

    def notebook(self, assignment: str, key: str) -> bytes:
        """The notebook of a record as it ran. Raises OSError if it is not there."""
        return self._record(assignment, key).with_suffix(".ipynb").read_bytes()

    def write(self, assignment: str, record: Record) -> None:
        path = self._record(assignment, record.key)
        if record.notebook:
            write_atomically(path.with_suffix(".ipynb"), record.notebook)
        text = json.dumps(record.as_data(), ensure_ascii=False, indent=1)
        write_atomically(path, text.encode(errors="backslashreplace"))

    def _record(self, assignment: str, key: str) -> Path:
        return self.folder / "records" / assignment / f"{key}.json"

    # --- what the gradebook was given ------------------------------------------------------------

    def written(self, assignment: str, student: str) -> tuple[str, str]:
        """Mark and key that `note_written` was last told; "" if nothing."""
        try:
            mark, _, key = (
                self._mark(assignment, student).read_text(encoding="utf-8").partition(" ")
            )
        except (OSError, ValueError):
            return "", ""
        return mark, key

    def note_written(self, assignment: str, student: str, mark: str, key: str) -> None:
        """mark: all that stands in the gradebook depends on; key: of the record."""
        write_atomically(self._mark(assignment, student), f"{mark} {key}".encode())

    def _mark(self, assignment: str, student: str) -> Path:
        return self.folder / "written" / assignment / student

    # --- the secret ------------------------------------------------------------------------------

    def seed(self, file: Path | None = None) -> str:
        """The teacher's secret: a file's text, or one made for this course at its first grading.

        Raises SeedError for a file that cannot be read, or has too little in it.
        """
        path = file or self.folder / "seed"
        if file is None and not path.exists():
            write_atomically(path, secrets.token_hex(32).encode(), private=True)
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SeedError(f"the seed in {path} cannot be read: {error}") from error
        if len(text) < 16:
            raise SeedError(f"a seed must have at least 16 characters, {path} has: {len(text)}")
        return text


def seed_id(seed: str) -> str:
    """What may be said of a seed: enough to tell two apart, nothing to draw cases from."""
    return hashlib.sha256(b"kischule seed " + seed.encode()).hexdigest()[:12]
