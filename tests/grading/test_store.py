"""The folder that a course keeps: files whole or not at all, one run at a time."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from nbformat import from_dict
from support.fuzz import EFFORTS, VALUES, fuzz, spoilt_bytes
from support.notebooks import places

from autograder.checking.result import Chart, Message, Result
from autograder.exercises.exercise import Level
from autograder.exercises.strict import DataError, load_json
from autograder.files import write_atomically
from autograder.grading.record import Record, Rules, Status, task_of
from autograder.grading.settings import Settings
from autograder.grading.store import BusyError, SeedError, Store
from autograder.notebooks.editions import carry
from autograder.notebooks.flags import Flag, FlagKind
from kischule.i18n import Text

RESULT = Result(
    exercise="a",
    level=Level.PUBLIC,
    passed=True,
    points=2.0,
    max_points=2.0,
    message=Message(sentence=Text("gut: \ud83d\ude00 ü", "good")),
)
RECORD = Record(
    key="k" * 64,
    status=Status.GRADED,
    seconds=1.5,
    flags=(Flag(FlagKind.CHANGED, "odd"),),
    results=(RESULT,),
    memory=7,
    parts={"start": 0.1},
    time_limit_s=60,
    memory_mib=1024,
    isolation="process",
    notebook=b"{}",
)
RULES = Rules("n.ipynb", b'{"cells": []}', "s" * 16, "checks", Settings())


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.read("a", RECORD.key) is None
    result = replace(RESULT, message=Message(sentence=Text("gut: ü", "good")))
    record = replace(RECORD, results=(result,))
    store.write("a", record)
    found = store.read("a", record.key)
    assert found is not None
    assert found == replace(record, notebook=b"")
    assert store.notebook("a", record.key) == b"{}"
    assert store.read("b", record.key) is None


def test_a_file_that_is_no_record_is_none(tmp_path: Path) -> None:
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


def test_a_key_depends_on_all_that_a_grade_depends_on() -> None:
    variants = [
        RULES,
        replace(RULES, release=b'{"cells": [{"metadata": {}}]}'),
        replace(RULES, seed="t" * 16),
        replace(RULES, checks="other"),
    ]
    keys = {task_of(rules, content).key for rules in variants for content in (b"a", b"b", b"")}
    assert len(keys) == 12
    isolated = replace(RULES, settings=Settings(isolation="process"))
    assert task_of(RULES, b"a").key == task_of(isolated, b"a").key


def test_a_key_does_not_depend_on_points() -> None:
    """Points are computed from verdicts, so a change of them needs no run."""

    def key(**about: object) -> str:
        cell = {"metadata": {"nbgrader": {"grade_id": "a", **about}}, "source": ""}
        release: dict[str, object] = {"cells": [cell]}
        carry(made := from_dict({**release, "metadata": {}}), "small", "n")
        assert made.metadata  # with points; see `kischule check`
        of_carrying, of_plain = (
            task_of(replace(RULES, release=json.dumps(each).encode()), b"a").key
            for each in (made, {**release, "metadata": {}})
        )
        assert of_carrying == of_plain
        return task_of(replace(RULES, release=json.dumps(release).encode()), b"a").key

    assert key(points=1, checksum="one") == key(points=2, checksum="two") == key()
    assert key(points=1) != key(points=1, grade=True)


def test_a_record_serves_unless_more_time_or_memory_is_given() -> None:
    settings = Settings(time_limit_s=60, memory_mib=1024)
    assert RECORD.serves(settings)
    for status, more in (
        (Status.TIMEOUT, replace(settings, time_limit_s=61)),
        (Status.MEMORY, replace(settings, memory_mib=1025)),
    ):
        record = replace(RECORD, status=status)
        assert record.serves(settings)
        assert not record.serves(more)
    assert replace(RECORD, status=Status.UNREADABLE).serves(settings)
    assert not Record.failed("k", "a reason").serves(settings)
    assert not replace(RECORD, flags=(Flag(FlagKind.CHECK_FAILED, "test_a"),)).serves(settings)


def test_a_full_disk_leaves_the_earlier_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_only_one_run_at_a_time_and_its_lock_ends_with_it(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"key": ' + b"9" * 5_000 + b"}",
        b"\xff",
        json.dumps({**RECORD.as_data(), "results": [5]}).encode(),
        json.dumps({**RECORD.as_data(), "results": [{**RESULT.as_data(), "message": 5}]}).encode(),
        json.dumps({**RECORD.as_data(), "memory": "x"}).encode(),
        json.dumps({**RECORD.as_data(), "status": ["graded"]}).encode(),
        json.dumps({**RECORD.as_data(), "seconds": float("nan")}).encode(),
        json.dumps({**RECORD.as_data(), "more": 1}).encode(),
    ],
    ids=lambda content: repr(content[:20] + content[-20:]),
)
def test_a_damaged_record_is_none(tmp_path: Path, content: bytes) -> None:
    store = Store(tmp_path)
    store.write("a", RECORD)
    assert store.read("a", RECORD.key) is not None
    (tmp_path / ".kischule" / "records" / "a" / f"{RECORD.key}.json").write_bytes(content)
    assert store.read("a", RECORD.key) is None


@EFFORTS
def test_any_record_is_read_or_refused(effort: int) -> None:
    chart = Chart(labels=("a",), expected=(1.0,), actual=(0.5,), sampled=True)
    record = replace(RECORD, results=(replace(RESULT, chart=chart),))
    written = json.dumps(record.as_data()).encode()
    count = len(places(json.loads(written)))

    def spoilt(content: bytes) -> None:
        try:
            found = Record.from_data(load_json(content, "f"))
        except DataError:
            return
        assert Record.from_data(json.loads(json.dumps(found.as_data()))) == found

    def changed(place: int, value: object) -> None:
        data = json.loads(written)
        node, key = places(data)[place]
        node[key] = value
        spoilt(json.dumps(data).encode() if value != 10**400 else b"1" + b"0" * 5_000)

    fuzz(spoilt, spoilt_bytes(written), examples=200 * effort)
    fuzz(changed, st.integers(0, count - 1), VALUES, examples=200 * effort)


def test_a_mark_of_an_older_version_names_its_record(tmp_path: Path) -> None:
    """From when an assignment had one notebook; else points by hand would wait once more."""
    store = Store(tmp_path)
    mark = store.folder / "written" / "a" / "ada"
    mark.parent.mkdir(parents=True)
    mark.write_text("m" * 64 + " " + "k" * 64)
    assert store.written("a", "ada") == ("", {})
    release = store.folder / "release" / "a"
    release.mkdir(parents=True)
    (release / "n.ipynb").write_text("{}")
    assert store.written("a", "ada") == ("", {"n.ipynb": "k" * 64})
    (release / "m.ipynb").write_text("{}")
    assert store.written("a", "ada") == ("", {})
