"""A class in a small course: a submission with a record is not graded again, nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small

from autograder.cli import main
from autograder.course import release
from autograder.course.converters import NbgraderError
from autograder.course.grade import NoSubmissionError, RunOptions, Watch, grade
from autograder.course.gradebook import Course
from autograder.course.pages import feedback
from autograder.course.writer import looks_new
from autograder.files import write_atomically
from autograder.grading.record import Record, Rules, Status, Task
from autograder.grading.settings import Settings
from autograder.grading.store import BusyError, Store
from autograder.notebooks.cells import read_notebook

SETTINGS = Settings(time_limit_s=5)


class Counted(small.Here):
    """The engine of this process; it remembers the tasks that it was given."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
        def noted() -> Iterator[Task]:
            for task in tasks:
                self.keys.append(task.key)
                yield task

        yield from super().run(rules, noted())


class Room:
    """A course with three students, and its engine."""

    def __init__(self, course: Path) -> None:
        self.course = course
        small.make(course)
        self.released = read_notebook(release.registered(course, "small")[0])
        self.engine: Any = Counted()
        for student in ("ada", "bob", "cy"):
            self.submission(student)

    def submission(self, student: str, *cells: str, solved: bool = True) -> Path:
        made = small.submission(self.released, None if solved else small.IDLE, {})
        for number, source in enumerate((f"# {student}", *cells)):
            made.cells.append(nbformat.v4.new_code_cell(source, id=f"own-{number}"))
        return small.write(self.course, student, made)

    def grade(self, settings: Settings = SETTINGS, **options: Any) -> dict[str, Any]:
        report = grade(self.course, "small", settings, RunOptions(**options))
        return {s["student"]: s for s in report["submissions"]}

    def graded(self, settings: Settings = SETTINGS, **options: Any) -> int:
        """Grade the class; the number of submissions that this run graded."""
        before = len(self.engine.keys)
        self.grade(settings, **options)
        return len(self.engine.keys) - before

    def book(self) -> list[Any]:
        """The gradebook's rows that are about students, without ids and times."""
        return small.rows(self.course / "gradebook.db")


@pytest.fixture(scope="module")
def graded_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with pytest.MonkeyPatch.context() as patch:
        room = Room(tmp_path_factory.mktemp("class").resolve())
        patch.setattr("autograder.course.grade._engine", lambda *_: room.engine)
        assert room.graded() == 3
        yield room


@pytest.fixture
def room(graded_room: Room) -> Iterator[Room]:
    """The course with everybody's grade; the next run undoes a test's changes."""
    yield graded_room
    graded_room.engine = Counted()
    for student in ("ada", "bob", "cy"):
        graded_room.submission(student)
    graded_room.grade()


def test_a_second_run_grades_nobody_and_reports_the_same(room: Room) -> None:
    before, stamps = room.grade(), _times(room.course / "autograded")
    assert room.graded() == 0
    assert room.grade() == before
    assert _times(room.course / "autograded") == stamps
    assert {s["score"] for s in before.values()} == {small.ALL}


def test_a_run_reads_each_record_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.grade()
    read, keys = Store.read, []

    def counted(store: Store, assignment: str, key: str) -> Record | None:
        keys.append(key)
        return read(store, assignment, key)

    monkeypatch.setattr(Store, "read", counted)
    room.grade()
    assert len(keys) == len(set(keys)) == 3


AGAIN = """
import sys, psutil
from autograder.cli import main
status = main(["grade", "small", "--course", sys.argv[1], "--time-limit", "5", "--quiet"])
print(status, {"torch", "transformers"} & set(sys.modules), psutil.Process().children())
"""


def test_a_second_run_starts_no_worker_and_loads_no_model(room: Room) -> None:
    room.grade()
    assert not looks_new(room.course, "small")
    command = [sys.executable, "-c", AGAIN, str(room.course)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0 set() []\n"
    room.submission("ada", "# another file")
    assert looks_new(room.course, "small")


def _times(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*.ipynb")}


def test_only_a_changed_submission_is_graded_again(room: Room) -> None:
    room.submission("ada", solved=False)
    assert room.graded() == 1
    assert room.grade()["ada"]["score"] == small.SOLVED
    assert room.graded(students=("bob",), force=True) == 1
    room.submission("ada")
    assert room.graded() == 0  # back to what is known; the gradebook follows
    assert small.points(room.course)["ada"] == small.ALL


def test_the_gradebook_is_written_from_records_alone(room: Room) -> None:
    """A gradebook that is lost, old or half written is put right by the next run."""
    before = room.book()
    with sqlite3.connect(room.course / "gradebook.db") as book:
        book.execute("UPDATE grade SET auto_score = NULL")
    book.close()
    assert room.graded() == 0
    assert room.book() == before
    for path in (room.course / "autograded" / "bob").rglob("*.ipynb"):
        path.unlink()
    (room.course / "gradebook.db").unlink()
    assert room.graded() == 0
    assert room.book() == before
    assert (room.course / "autograded" / "bob" / "small" / small.NAME).is_file()


def test_results_of_another_version_give_no_page_but_an_error(room: Room) -> None:
    """After an upgrade: a page that calls graded exercises ungraded would be wrong."""
    for path in (room.course / ".kischule" / "records" / "small").glob("*.json"):
        path.write_text("{}")
    (path,) = (room.course / "autograded" / "ada").rglob("*.ipynb")
    notebook = read_notebook(path)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, path)
    ((student, found),) = feedback(room.course, "small", ["ada"])
    assert student == "ada"
    assert isinstance(found, NbgraderError)
    assert "ada: the results were kept by another version: `kischule grade small`" in str(found)
    assert room.graded() == 3
    ((_, page),) = feedback(room.course, "small", ["ada"])
    assert isinstance(page, Path)


def test_a_new_gradebook_is_there_whole_or_not_at_all(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, path = room.book(), room.course / "gradebook.db"
    path.unlink()

    def stopped() -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nbgrader.api.get_alembic_version", stopped)
        with pytest.raises(KeyboardInterrupt):
            room.grade()
    assert not path.exists()
    assert not list(room.course.glob(".gradebook-*"))
    assert room.graded() == 0
    assert room.book() == before
    with sqlite3.connect(path) as book:
        assert book.execute("SELECT COUNT(*) FROM alembic_version").fetchall() == [(1,)]
    book.close()


def test_a_later_timestamp_reaches_the_gradebook(room: Room) -> None:
    stamp = room.course / "submitted" / "cy" / "small" / "timestamp.txt"
    stamp.write_text("2026-11-24 10:00:00 UTC")
    assert room.graded() == 0
    with sqlite3.connect(room.course / "gradebook.db") as book:
        query = "SELECT timestamp FROM submitted_assignment WHERE student_id = 'cy'"
        ((found,),) = book.execute(query).fetchall()
    book.close()
    stamp.unlink()
    assert found.startswith("2026-11-24 10:00:00")


def test_the_same_file_twice_is_graded_once(room: Room) -> None:
    for student in ("dan", "eve"):
        path = room.submission("ada", "# the same")
        twin = room.course / "submitted" / student / "small" / small.NAME
        twin.parent.mkdir(parents=True)
        path.rename(twin)
    room.submission("ada")
    assert room.graded() == 1
    assert room.graded(students=("dan", "eve"), force=True) == 1
    points = small.points(room.course)
    assert points["dan"] == points["eve"] == small.ALL
    for student in ("dan", "eve"):
        (room.course / "submitted" / student / "small" / small.NAME).unlink()
        (room.course / "submitted" / student / "small").rmdir()


def test_an_unreadable_resubmission_keeps_the_earlier_grade(room: Room) -> None:
    path = room.course / "submitted" / "bob" / "small" / small.NAME
    path.write_text("{")
    found = room.grade()["bob"]
    assert (found["status"], found["score"], found["exercises"]) == ("unreadable", small.ALL, [])
    assert found["flags"][0].startswith("not JSON")
    assert found["flags"][1] == "the earlier grade stands"
    assert small.points(room.course)["bob"] == small.ALL
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert room.grade()["bob"]["status"] == "unreadable"
    path.unlink()


def test_a_submission_replaced_during_a_run_counts_as_read(room: Room) -> None:
    """The next run grades the new one."""
    room.submission("ada", "# new", solved=False)
    room.submission("cy", "# new")

    class Replacing(Counted):
        def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
            for record in super().run(rules, tasks):
                room.submission("ada", "# newer")
                yield record

    room.engine = Replacing()
    assert room.grade()["ada"]["score"] == small.SOLVED
    room.engine = Counted()
    assert room.graded() == 1
    assert room.grade()["ada"]["score"] == small.ALL


def test_a_failed_or_too_slow_submission_is_tried_again(room: Room) -> None:
    class Failing(Counted):
        def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
            yield from (Record.failed(task.key, "no kernel") for task in tasks)

    room.submission("ada", "# anew")
    room.engine = Failing()
    found = room.grade()
    assert (found["ada"]["status"], found["ada"]["score"]) == ("failed", small.ALL)
    assert found["ada"]["flags"] == ["no kernel", "the earlier grade stands"]
    assert found["bob"]["status"] == "graded"
    room.engine = Counted()
    assert room.graded() == 1
    room.submission("bob", "import time; time.sleep(1.5)")
    short = replace(SETTINGS, time_limit_s=1)
    assert room.grade(short)["bob"]["status"] == Status.TIMEOUT
    assert room.graded(short) == 0
    assert room.grade(SETTINGS)["bob"]["status"] == Status.GRADED
    assert room.graded(short) == 0


def test_grades_that_nbgrader_does_not_take_stop_no_other(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Course.autograde

    def broken(self: Any, assignment: str, student: str, record: Record) -> None:
        if student == "ada":
            raise NbgraderError("the database is on fire")
        real(self, assignment, student, record)

    for student in ("ada", "cy"):
        room.submission(student, "# once more", solved=False)
    with monkeypatch.context() as patch:
        patch.setattr(Course, "autograde", broken)
        found = room.grade()
    assert found["ada"]["status"] == "failed"
    assert any("on fire" in flag for flag in found["ada"]["flags"])
    assert found["cy"]["score"] == small.SOLVED
    assert room.graded() == 0
    assert small.points(room.course)["ada"] == small.SOLVED


def test_a_file_that_cannot_be_written_stops_no_other(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only a disk that takes nothing any more stops a run; a student without a grade is named."""
    real = Store.note_written

    def refused(self: Any, assignment: str, student: str, mark: str, records: Any) -> None:
        if student == "bob":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), student)
        real(self, assignment, student, mark, records)

    for student in ("bob", "cy"):
        room.submission(student, "# one is refused", solved=False)
    command = ["grade", "small", "--course", str(room.course), "--time-limit", "5"]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "note_written", refused)
        assert main(command) == 3
    told = capsys.readouterr().err
    assert "1 of 3 could not be graded:\n  bob: failed: " in told
    assert "not in the gradebook: " in told
    assert small.points(room.course)["cy"] == small.SOLVED
    assert room.graded() == 0
    assert small.points(room.course)["bob"] == small.SOLVED


def test_a_full_disk_stops_the_run_and_loses_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for student in ("ada", "bob", "cy"):
        room.submission(student, "# a full disk", solved=False)
    written: list[Path] = []

    def full(path: Path, content: bytes, private: bool = False) -> None:
        if "records" in path.parts:
            if len(written) == 2:  # a notebook and its record
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            written.append(path)
        write_atomically(path, content, private)

    command = ["grade", "small", "--course", str(room.course), "--time-limit", "5"]
    with monkeypatch.context() as patch:
        patch.setattr("autograder.grading.store.write_atomically", full)
        assert main(command) == 3
    told = capsys.readouterr().err
    assert "stopped: [Errno 28] No space left on device" in told
    assert "the same command goes on from there" in told
    assert room.graded() == 2


def test_a_clock_that_goes_backwards_changes_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.submission("ada", "# in the past", solved=False)
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now - 86_400 * 400)
        assert room.graded() == 1
    assert room.graded() == 0
    assert small.points(room.course)["ada"] == small.SOLVED


def test_a_second_run_at_the_same_time_is_refused(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(room.course).alone():
        with pytest.raises(BusyError):
            room.grade()
        assert main(["grade", "small", "--course", str(room.course)]) == 2
    assert "is grading or releasing here; wait until it has finished" in capsys.readouterr().err
    assert room.graded() == 0


def test_bad_input_is_named_in_a_sentence(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        NoSubmissionError, match="no submission of 'zoe' for 'small'; there are: ada"
    ):
        room.grade(students=("zoe",))
    (tmp_path / "source").symlink_to(room.course / "source")
    command = ["grade", "small", "--course", str(tmp_path)]
    for more, words in (
        ((), "no submission for 'small': nothing matches"),
        (("--json", str(tmp_path / "nowhere" / "f.json")), "does not exist"),
        (("--markdown", ""), "results need a file's name, was: ''"),
        (("--junit", str(tmp_path)), "results need a file's name"),
        (("--scheduler", "tcp://127.0.0.1:1"), "it needs --engine dask"),
        (("--seed-file", str(tmp_path / "none")), "no submission"),
    ):
        assert main([*command, *more]) == 2
        told = capsys.readouterr().err
        assert words in told, told
        assert told.count("kischule: ") == 1, told
    for bad in (["--jobs", "0"], ["--jobs", "many"], ["--engine", "ray"]):
        with pytest.raises(SystemExit):
            main([*command, *bad])


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_reported(room: Room) -> None:
    folder = room.course / "submitted" / "cy" / "small"
    folder.chmod(0)
    try:
        assert room.grade()["cy"]["status"] == "unreadable"
    finally:
        folder.chmod(0o755)


def test_a_watch_hears_of_each_student_once(room: Room) -> None:
    heard: list[Any] = []

    class Hearing(Watch):
        def begin(self, total: int) -> None:
            heard.append(total)

        def done(self, row: dict[str, Any], known: bool) -> None:
            heard.append((row["student"], row["status"], known))

        def end(self) -> None:
            heard.append("end")

    room.submission("bob", "# heard")
    grade(room.course, "small", SETTINGS, watch=Hearing())
    assert heard[0] == 3
    assert heard[-1] == "end"
    assert sorted(heard[1:-1]) == [
        ("ada", "graded", True),
        ("bob", "graded", False),
        ("cy", "graded", True),
    ]
    json.dumps(heard)
