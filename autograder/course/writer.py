"""From records to nbgrader's gradebook and `autograded/`: a step that may be repeated.

Entries that are there already are recognised by the gradebook's scores and by a mark that names the
record from which a student's notebook was made. So it does not matter where a run was stopped.
"""

import errno
import json
import queue
import shutil
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course.adjustments import Adjustments
from autograder.course.gradebook import Course, GradebookError, Score
from autograder.course.ours import notebooks_in
from autograder.exercises.exercise import Level
from autograder.files import write_atomically
from autograder.grading.record import Record, key_of
from autograder.grading.store import STORE_FOLDER, Store

INTAKE = f"{STORE_FOLDER}/intake"
# errors of the disk itself, after which no grades can be written
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class Entry:
    """A student's entry for the gradebook."""

    student: str
    records: Mapping[str, Record]  # by notebook, with results; a notebook may be in the store only
    files: Mapping[str, bytes]  # nbgrader's own beside the notebook, by name


def looks_new(course: Path, assignment: str) -> bool:
    """Guess by the files' times if there is anything to grade: something takes long to start."""
    book = Course(course)
    students = book.students("submitted", assignment)
    folders = [book.folder("submitted", assignment, student) for student in students]
    times = (path.lstat().st_mtime for folder in folders for path in notebooks_in(folder))
    return max(times, default=0.0) > Store(course).last_run(assignment)


class GradebookWriter:
    """Writes entries one by one, in a thread beside the grading, once it has been started."""

    def __init__(self, course: Path, assignment: str, source: bytes) -> None:
        """source: a name for the assignment's source, on which the entries depend."""
        self.assignment, self.source = assignment, source
        self.store = Store(course)
        self.errors: dict[str, str] = {}  # by student
        self._book = Course(course, submitted_directory=INTAKE)
        self._before = self._book.scores(assignment)
        self._adjusted = Adjustments.of(course, assignment).by_cell
        self._entries: queue.Queue[Entry | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._broken: OSError | GradebookError | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin to write what is queued, if that has not begun."""
        if self._thread.ident is None:
            self._thread.start()

    def put(self, entry: Entry) -> None:
        """Queue an entry. Raises OSError once the disk is full, GradebookError if it is locked."""
        if self._broken is not None:
            raise self._broken
        self._entries.put(entry)

    @property
    def left(self) -> int:
        """The number of entries that wait."""
        return self._entries.qsize()

    def close(self, finish: bool = True) -> None:
        """Wait until all entries are written; finish=False: only the current one."""
        self.start()
        self._stopped = self._stopped or not finish
        self._entries.put(None)
        self._thread.join()
        if self._broken is not None:
            raise self._broken

    def _run(self) -> None:
        while (entry := self._entries.get()) is not None and not self._stopped:
            try:
                self.write(entry)
            except (OSError, GradebookError) as error:
                if isinstance(error, GradebookError) or error.errno in DISK_FULL:
                    self._broken = error
                    return
                self.errors[entry.student] = str(error)
            except Exception as error:  # an error of nbgrader's concerns one student only
                self.errors[entry.student] = str(error)

    def write(self, entry: Entry) -> bool:
        """Write an entry; False if it is there already. Raises NbgraderError, or OSError."""
        data = {name: record.as_data() for name, record in entry.records.items()}
        files = json.dumps(sorted((name, key_of(text)) for name, text in entry.files.items()))
        mark = key_of(json.dumps(data).encode(), files.encode(), self.source)
        if self._has(entry, mark):
            return False
        records = {
            name: replace(
                record, notebook=record.notebook or self.store.notebook(self.assignment, record.key)
            )
            for name, record in entry.records.items()
        }
        staged = self._book.folder("submitted", self.assignment, entry.student)
        try:
            for name, record in records.items():
                write_atomically(staged / name, record.notebook)
            for name, text in entry.files.items():
                (staged / name).write_bytes(text)
            self._book.autograde(self.assignment, entry.student, records)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
            with suppress(OSError):
                staged.parent.rmdir()
        keys = {name: record.key for name, record in records.items()}
        self.store.note_written(self.assignment, entry.student, mark, keys)
        return True

    def _has(self, entry: Entry, mark: str) -> bool:
        graded = self._book.folder("autograded", self.assignment, entry.student)
        return (
            self.store.written(self.assignment, entry.student)[0] == mark
            and all((graded / name).is_file() for name in entry.records)
            and all(
                _agree(record, self._before.get(entry.student, {}), self._adjusted)
                for record in entry.records.values()
            )
        )


def _agree(record: Record, scores: dict[str, Score], adjusted: Collection[str]) -> bool:
    """Return True if the gradebook has the points of this record; adjusted: but for these cells."""
    return all(
        result.grade_id in scores
        and (
            result.level == Level.MANUAL
            or result.grade_id in adjusted
            or ((score := scores[result.grade_id]).by_hand and result.bonus)
            or score.machine == result.worth(score.max_points).points
        )
        for result in record.results
    )
