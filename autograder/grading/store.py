"""The folder `.kischule/` of a course: records, the secret, the lock."""

import hashlib
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.checking.result import Result
from autograder.errors import UserError
from autograder.exercises.strict import DataError, load_json
from autograder.files import write_atomically
from autograder.grading import messages
from autograder.grading.record import Record
from kischule.i18n import Text

STORE_FOLDER = ".kischule"
NONE_KNOWN: Mapping[str, Record] = {}


class BusyError(UserError, RuntimeError):
    """Another run is grading or releasing here."""


class SeedError(UserError, ValueError):
    """A seed that cannot be used."""


class Store:
    """The records of a course, its secret, and the lock of the run that is at work."""

    def __init__(self, course: Path) -> None:
        self.folder = course / STORE_FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the course for one run, on all machines that share the folder. Raises BusyError.

        The lock is the operating system's, so it ends with the process, however that ends.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        owner = self._owner
        try:
            with FileLock(self.folder / "lock", timeout=0):
                about = {"process": os.getpid(), "machine": socket.gethostname()}
                write_atomically(owner, json.dumps(about).encode())
                try:
                    yield
                finally:
                    owner.unlink(missing_ok=True)
        except Timeout as error:
            raise BusyError(messages.BUSY.format(who=self._holder())) from error

    @property
    def busy(self) -> Text | None:
        """The run that holds the course, as `process 12 on HOST`; None if none does."""
        if not (self.folder / "lock").exists():
            return None
        try:
            with FileLock(self.folder / "lock", timeout=0):
                return None
        except Timeout:
            return self._holder()

    @property
    def _owner(self) -> Path:
        return self.folder / "running.json"

    def _holder(self) -> Text:
        with suppress(OSError, DataError, KeyError, TypeError):
            about = load_json(self._owner.read_bytes(), self._owner.name)
            return messages.PROCESS.format(number=about["process"], machine=about["machine"])
        return messages.ANOTHER_RUN

    @property
    def expected(self) -> Path:
        """The folder of the expected replies of other models than `mini`."""
        return self.folder / "expected"

    def variants(self, assignment: str) -> Path:
        """The folder of an assignment's hidden cases, which is made."""
        folder = self.folder / "variants" / assignment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # --- records: two files each, the notebook first; a record without its notebook is ignored ---

    def read(self, assignment: str, key: str) -> Record | None:
        """Read the record with this key, without its notebook; None if there is no whole one."""
        path = self._record(assignment, key)
        try:
            record = Record.from_data(load_json(path.read_bytes(), path.name))
        except (OSError, DataError):
            return None
        whole = not record.results or path.with_suffix(".ipynb").is_file()
        return record if record.key == key and whole else None

    def notebook(self, assignment: str, key: str) -> bytes:
        """Read the notebook of a record as it ran. Raises OSError if it is missing."""
        return self._record(assignment, key).with_suffix(".ipynb").read_bytes()

    def write(self, assignment: str, record: Record) -> None:
        """Keep a record and its notebook."""
        path = self._record(assignment, record.key)
        if record.notebook:
            write_atomically(path.with_suffix(".ipynb"), record.notebook)
        text = json.dumps(record.as_data(), ensure_ascii=False, indent=1)
        write_atomically(path, text.encode(errors="backslashreplace"))

    def _record(self, assignment: str, key: str) -> Path:
        return self.folder / "records" / assignment / f"{key}.json"

    # --- what is in the gradebook ----------------------------------------------------------------

    def written(self, assignment: str, student: str) -> tuple[str, dict[str, str]]:
        """The mark and the records' keys, by notebook, of the last `note_written`; "" and {}."""
        path = self._mark(assignment, student)
        try:
            kept = load_json(path.read_bytes(), path.name)
            return str(kept["mark"]), {str(n): str(key) for n, key in kept["records"].items()}
        except DataError:
            return "", self._of_older_version(path, assignment)
        except (OSError, KeyError, TypeError, AttributeError):
            return "", {}

    def _of_older_version(self, path: Path, assignment: str) -> dict[str, str]:
        """The key in a mark that is plain text, from when an assignment had one notebook."""
        key = path.read_text(encoding="utf-8", errors="replace").partition(" ")[2]
        names = [each.name for each in (self.folder / "release" / assignment).glob("*.ipynb")]
        return {names[0]: key} if key and len(names) == 1 else {}

    def records(
        self, assignment: str, student: str, known: Mapping[str, Record] = NONE_KNOWN
    ) -> dict[str, Record]:
        """The records that the gradebook has of a student, by notebook; those that are there.

        known: records that need not be read, by key.
        """
        _, keys = self.written(assignment, student)
        found = {n: known.get(key) or self.read(assignment, key) for n, key in keys.items()}
        return {name: record for name, record in found.items() if record is not None}

    def results(
        self, assignment: str, student: str, known: Mapping[str, Record] = NONE_KNOWN
    ) -> dict[str, Result]:
        """The results that the gradebook has of a student, by grade_id; empty if they are gone.

        known: see `records`.
        """
        records = self.records(assignment, student, known).values()
        return {result.grade_id: result for record in records for result in record.results}

    def note_written(
        self, assignment: str, student: str, mark: str, records: Mapping[str, str]
    ) -> None:
        """Note what the gradebook has: a mark of all that it depends on, and the records' keys.

        records: by notebook.
        """
        text = json.dumps({"mark": mark, "records": dict(records)})
        write_atomically(self._mark(assignment, student), text.encode())

    def note_run(self, assignment: str) -> None:
        """Note that all submissions have been looked at."""
        self._marks(assignment).mkdir(parents=True, exist_ok=True)
        os.utime(self._marks(assignment))

    def last_run(self, assignment: str) -> float:
        """The time of the last `note_run`, or of a later `note_written`; 0.0: never."""
        folder = self._marks(assignment)
        return folder.stat().st_mtime if folder.exists() else 0.0

    def _marks(self, assignment: str) -> Path:
        return self.folder / "written" / assignment

    def _mark(self, assignment: str, student: str) -> Path:
        return self._marks(assignment) / student

    # --- the secret ------------------------------------------------------------------------------

    def seed(self, file: Path | None = None) -> str:
        """The teacher's secret: a file's text, or one made for this course at its first grading.

        Raises SeedError for a file that cannot be read, or is too short.
        """
        path = file or self.folder / "seed"
        if file is None and not path.exists():
            write_atomically(path, secrets.token_hex(32).encode(), private=True)
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SeedError(messages.BROKEN_SEED.format(path=path, reason=error)) from error
        if len(text) < 16:
            raise SeedError(messages.SHORT_SEED.format(path=path, was=len(text)))
        return text


def seed_id(seed: str) -> str:
    """A public name for a seed: it tells two seeds apart and reveals neither."""
    return hashlib.sha256(b"kischule seed " + seed.encode()).hexdigest()[:12]
