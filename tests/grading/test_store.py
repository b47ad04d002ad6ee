"""What a course keeps: whole or not at all, for one run at a time."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.grading.record import Record, Rules, Settings, failed, task_of
from autograder.grading.store import BusyError, SeedError, Store, write_atomically
from autograder.notebooks.cells import TestResult

RESULT = TestResult("test_a", "a", "public", 2.0, True, 2.0, "", "gut: \ud83d\ude00 ü")
RECORD = Record("k" * 64, "graded", 1.5, ("odd",), (RESULT,), 7, {"start": 0.1}, (60, 1024), b"{}")
RULES = Rules("n.ipynb", b"release", "s" * 16, "checks", Settings())


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.read("a", RECORD.key) is None
    result = replace(RESULT, message="gut: ü")
    record = replace(RECORD, results=(result,))
    store.write("a", record)
    found = store.read("a", record.key)
    assert found is not None
    assert found == replace(record, notebook=b"", limits=[60, 1024])  # type: ignore[arg-type]
    assert store.notebook("a", record.key) == b"{}"
    assert store.read("b", record.key) is None


def test_what_is_no_record_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("a", RECORD)
    assert store.read("a", RECORD.key) is not None
    (tmp_path / ".kischule" / "records" / "a" / f"{RECORD.key}.ipynb").unlink()
    assert store.read("a", RECORD.key) is None  # its notebook could not be written anywhere
    store.write("a", RECORD)
    path = tmp_path / ".kischule" / "records" / "a" / f"{RECORD.key}.json"
    whole = json.loads(path.read_text())
    other = {**whole, "key": "another"}
    for content in ("", "{", "[]", "{}", json.dumps(other), json.dumps({**whole, "results": [{}]})):
        path.write_text(content)
        assert store.read("a", RECORD.key) is None, content


def test_a_key_depends_on_everything_that_a_grade_depends_on() -> None:
    variants = [
        RULES,
        replace(RULES, release=b"other"),
        replace(RULES, seed="t" * 16),
        replace(RULES, checks="other"),
    ]
    keys = {task_of(rules, content).key for rules in variants for content in (b"a", b"b", b"")}
    assert len(keys) == 12
    assert (
        task_of(RULES, b"a").key == task_of(replace(RULES, settings=Settings("process")), b"a").key
    )


def test_which_record_serves() -> None:
    settings = Settings(time_limit=60, memory=1024)
    assert RECORD.serves(settings)
    for status, more in (("timeout", {"time_limit": 61}), ("memory", {"memory": 1025})):
        record = replace(RECORD, status=status)
        assert record.serves(settings)
        assert not record.serves(replace(settings, **more))
    assert replace(RECORD, status="unreadable").serves(settings)
    assert not failed("k", "a reason").serves(settings)
    assert not replace(RECORD, flags=("check failed: test_a",)).serves(settings)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_one_run_at_a_time_and_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from autograder.grading.store import Store\n"
        "with Store(pathlib.Path(sys.argv[1])).alone():\n"
        "    print('there', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "there\n"
        with pytest.raises(BusyError, match=f"process {other.pid} on "), Store(tmp_path).alone():
            pass
        other.kill()
        other.wait()
    with Store(tmp_path).alone(), pytest.raises(BusyError), Store(tmp_path).alone():
        pass


@pytest.mark.parametrize("content", [None, b"", b"short", b"\xff" * 20])
def test_a_seed_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SeedError, match="secret"):
        Store(tmp_path).seed(path)
