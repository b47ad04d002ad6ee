"""Local workers: replaced when they die, stopped when they hang, gone when the run is.

Most of these workers only pretend to grade, in processes of their own: they do as a submission's
content says.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from attacks import small
from support import pretended

from autograder.checking.result import Result
from autograder.course import release
from autograder.course.rules import rules_of
from autograder.grading import memory, processes, servers
from autograder.grading.engines import local
from autograder.grading.engines.local import Pool
from autograder.grading.isolation import IsolationError
from autograder.grading.record import Record, Rules, Status, Task
from autograder.grading.servers import ServerError
from autograder.grading.settings import Settings
from autograder.notebooks.cells import read_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc")

RULES = Rules("n.ipynb", b"", "s" * 16, "checks", Settings(submission_limit_s=0.1))


@pytest.fixture(autouse=True)
def _pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_work", pretended.works)
    monkeypatch.setattr(processes, "PRELOAD", ("support.pretended",))
    monkeypatch.setattr(servers, "offer", lambda settings: None)


def tasks(*contents: str) -> list[Task]:
    return [Task(f"{n} {content}", content.encode()) for n, content in enumerate(contents)]


def statuses(engine: Pool, *contents: str) -> list[str]:
    """The statuses of all tasks, in their order."""
    found = {r.key: r for r in engine.run(RULES, tasks(*contents))}
    assert not engine._workers
    return [found[t.key].status for t in tasks(*contents)]


def reasons(record: Record) -> list[str]:
    return list(map(str, record.flags))


def test_a_worker_that_dies_is_replaced_and_its_task_tried_again(tmp_path: Path) -> None:
    dying = [f"die {tmp_path / str(n)}" for n in range(4)]
    wanted = ["graded"] * 10
    assert statuses(Pool(2), "ok", *dying, "ok", "ok", "ok", "ok", "ok") == wanted


def test_only_a_submission_that_ends_two_workers_has_failed() -> None:
    assert statuses(Pool(2), "ok", "die", "ok", "die") == ["graded", "failed", "graded", "failed"]
    (record,) = Pool(1).run(RULES, tasks("die"))
    assert reasons(record) == ["the worker ended while it graded this (signal 9)"]


def test_a_submission_that_fails_is_tried_once_more() -> None:
    (record,) = Pool(1).run(RULES, tasks("fail"))
    assert record.status == Status.FAILED
    assert reasons(record)[0].startswith("process ")


def test_an_earlier_record_reaches_the_worker_and_comes_back() -> None:
    earlier = Record(
        key="earlier",
        status=Status.GRADED,
        results=(Result.manual(exercise="observation_greedy", max_points=2),),
        code={"filter_top_k": "a name"},
        reused=("filter_top_k",),
        notebook=b"{}",
    )
    (record,) = Pool(1).run(RULES, [Task("new", b"earlier", earlier)])
    assert record == replace(earlier, key="new")


def test_a_worker_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "SPARE_S", 0.8)
    began = time.monotonic()
    assert statuses(Pool(2), "sleep", "ok", "ok") == ["failed", "graded", "graded"]
    assert time.monotonic() - began < 60
    (record,) = Pool(1).run(RULES, tasks("sleep"))
    assert reasons(record) == ["no answer from its worker within 1 s"]


def test_there_is_a_ceiling_over_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Pool(1, ceiling=2 << 30)
    monkeypatch.setattr(memory, "used", lambda *_, **__: (3 << 30) * engine._busy())
    (record,) = engine.run(RULES, tasks("sleep"))
    assert record.status == Status.FAILED
    assert "all workers together used more than 2,048 MB, this one most" in reasons(record)[0]


def test_no_more_workers_than_memory_has_room_for() -> None:
    assert memory.fitting(8, 1 << 30, 24 << 30) == 8
    assert memory.fitting(8, 1 << 30, 7 << 30) == 3
    assert memory.fitting(8, 1 << 30, 1 << 20) == 1
    assert 0 < memory.used(os.getpid()) < memory.free() + (64 << 30)
    assert memory.used(os.getpid()) <= memory.used(os.getpid(), exactly=False) * 1.1
    assert memory.used(2**22 + 1) == 0
    for exactly in (True, False):  # one that ends between two looks
        assert memory._one(_ended(), exactly) == 0
    with pytest.raises(ValueError, match="at least 1, was: 0"):
        Pool(0)
    told: list[str] = []
    assert list(Pool(8, ceiling=3 << 30, warn=told.append).run(RULES, tasks("ok")))
    assert told[0].startswith("1 of 8 workers: 3,072 MB are free, and each may use 2,048 MB")
    assert told[1:] == ["a warning"]


def test_a_run_without_workers_stops_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "_work", pretended.refuses)
    with pytest.raises(IsolationError, match="no sandbox here"):
        list(Pool(2).run(RULES, tasks("ok")))
    monkeypatch.setattr(local, "_work", pretended.dies)
    with pytest.raises(ServerError, match=r"workers do not start: .*status 3"):
        list(Pool(2).run(RULES, tasks("ok")))


def test_tasks_are_taken_when_a_worker_is_free_for_them() -> None:
    taken = []

    def many() -> Iterator[Task]:
        for task in tasks(*["ok"] * 50):
            taken.append(task)
            yield task

    assert list(Pool(2).run(RULES, [])) == []
    with closing(Pool(2).run(RULES, many())) as records:
        next(records)
        assert len(taken) <= 6


@pytest.mark.slow
def test_a_real_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    """One is killed while a student's cell runs; another one grades that submission."""
    local._work = _REAL
    small.make(tmp_path)
    rules = rules_of(tmp_path, "small", Settings(time_limit_s=5))[0]
    contents = _submissions(tmp_path, 2, seconds=1)
    given = [Task(str(n), content) for n, content in enumerate(contents)]
    engine = Pool(2)
    killed: list[int] = []

    def kill(running: dict[str, float]) -> None:
        busy = [w for w in engine._workers if w.task and time.monotonic() - w.since > 0.3]
        if busy and not killed:
            killed.append(busy[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)

    engine._tick = kill
    records = list(engine.run(rules, given))
    assert sorted(r.key for r in records) == ["0", "1"]
    for record in records:
        assert record.status == Status.GRADED, record
        assert sum(result.points for result in record.results) == small.ALL
    assert killed


_REAL = local._work


def _ended() -> psutil.Process:
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as made:
        return psutil.Process(made.pid)


def _submissions(course: Path, number: int, seconds: float) -> Iterator[bytes]:
    """Honest ones that take so many seconds."""
    released = read_notebook(release.registered(course, "small")[0])
    for n in range(number):
        made = small.submission(released, None, {})
        made.cells.append(nbformat.v4.new_code_cell(f"# {n}\nimport time\ntime.sleep({seconds})"))
        yield nbformat.writes(made).encode()


@pytest.mark.parametrize(
    "how",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_no_process_stays_when_the_run_ends(tmp_path: Path, how: signal.Signals) -> None:
    """A run is stopped while submissions run: within seconds all its processes are gone."""
    small.make(tmp_path)
    for number, content in enumerate(_submissions(tmp_path, 4, seconds=3)):
        path = tmp_path / "submitted" / f"student{number}" / "small" / small.NAME
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    command = [sys.executable, "-m", "autograder.cli", "grade", "small", "--course", str(tmp_path)]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("grading small in")
        assert run.stderr.readline().startswith("[1/4]")
        tree = psutil.Process(run.pid).children(recursive=True)
        assert len(tree) >= 5
        run.send_signal(how)
        began = time.monotonic()
        run.wait(20)
        took = time.monotonic() - began
        told = run.stderr.read()
        _, alive = psutil.wait_procs(tree, 10)
    assert alive == []
    assert took < 10  # 5 on a machine that does nothing else
    if how == signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert run.returncode == 130
        assert "the same command goes on from there" in told
