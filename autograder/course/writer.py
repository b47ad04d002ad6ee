"""From records to nbgrader's gradebook and `autograded/`: a step of its own, which may be repeated.

What is written already is found by looking: at what the gradebook has, and at a mark that says
from which record a student's notebook was made. So it does not matter where a run was stopped.
"""

from __future__ import annotations

import errno
import json
import queue
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.course.bridge import Course, Score
from autograder.grading.record import Record, key_of
from autograder.grading.store import FOLDER, Store, write_atomically
from autograder.notebooks.cells import Executed

INTAKE = f"{FOLDER}/intake"
# errors of the disk itself: nobody's grades can be written any more
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class Entry:
    """What is to stand in the gradebook for a student."""

    student: str
    record: Record  # with results; its notebook may be in the store only
    stamp: bytes  # of timestamp.txt


class GradebookWriter:
    """Writes entries one by one, in a thread of its own beside those who grade."""

    def __init__(self, course: Path, assignment: str, name: str, source: bytes) -> None:
        """name: of the notebook. source: the assignment's, on which the entries depend."""
        self.course, self.assignment, self.name, self.source = course, assignment, name, source
        self.store = Store(course)
        self.errors: dict[str, str] = {}  # by student
        self._before = Course(course).scores(assignment)
        self._entries: queue.Queue[Entry | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._broken: OSError | None = None
        self._stopped = False
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Raises OSError if the disk does not take any more."""
        if self._broken is not None:
            raise self._broken
        self._entries.put(entry)

    @property
    def left(self) -> int:
        """How many wait to be written."""
        return self._entries.qsize()

    def close(self, finish: bool = True) -> None:
        """Wait until all is written; finish=False: until the one that is being written is."""
        self._stopped = self._stopped or not finish
        self._entries.put(None)
        self._thread.join()
        if self._broken is not None:
            raise self._broken

    def _run(self) -> None:
        while (entry := self._entries.get()) is not None and not self._stopped:
            try:
                self.write(entry)
            except OSError as error:
                if error.errno in FULL:
                    self._broken = error
                    return
                self.errors[entry.student] = f"not in the gradebook: {error}"
            except Exception as error:  # whatever nbgrader makes of one student is that student's
                self.errors[entry.student] = f"not in the gradebook: {error}"

    def write(self, entry: Entry) -> bool:
        """False if all of it is there already. Raises NbgraderError, or OSError."""
        import nbformat

        record = entry.record
        mark = key_of(json.dumps(record.as_data()).encode(), entry.stamp, self.source)
        if self._has(entry, mark):
            return False
        content = record.notebook or self.store.notebook(self.assignment, record.key)
        staged = self.course / INTAKE / entry.student / self.assignment
        try:
            write_atomically(staged / self.name, content)
            if entry.stamp:
                (staged / "timestamp.txt").write_bytes(entry.stamp)
            notebook = nbformat.reads(content.decode(), as_version=4)
            book = Course(self.course, submitted_directory=INTAKE)
            book.autograde(self.assignment, entry.student, Executed(notebook, record.results))
        finally:
            shutil.rmtree(staged, ignore_errors=True)
            with suppress(OSError):
                staged.parent.rmdir()
        self.store.note_written(self.assignment, entry.student, mark, record.key)
        return True

    def _has(self, entry: Entry, mark: str) -> bool:
        graded = self.course / "autograded" / entry.student / self.assignment / self.name
        return (
            self.store.written(self.assignment, entry.student)[0] == mark
            and graded.is_file()
            and _agree(entry.record, self._before.get(entry.student, {}))
        )


def _agree(record: Record, scores: dict[str, Score]) -> bool:
    """Whether the gradebook has the points that this record gives."""
    return all(
        result.grade_id in scores
        and (
            result.level == "manual"
            or (scores[result.grade_id].by_hand and not result.max_points)
            or scores[result.grade_id].machine == (result.points if result.passed is True else 0.0)
        )
        for result in record.results
    )
