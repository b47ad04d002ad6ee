"""The Dask engine on loopback: the same records, from workers that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import nbformat
import psutil
import pytest
from attacks import small
from support import killed

from autograder.cli import main
from autograder.course import release
from autograder.course.rules import rules_of
from autograder.grading.engines import dask
from autograder.grading.engines.dask import Cluster
from autograder.grading.record import EngineError, Rules, Status, Task, task_of
from autograder.grading.settings import Settings
from autograder.notebooks.cells import read_notebook

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc"),
    # Dask's, when it stops; none of them is ours
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster").resolve()
    small.make(folder)
    return folder


@pytest.fixture(scope="module")
def rules(course: Path) -> Rules:
    return rules_of(course, "small", Settings(time_limit_s=5))[0]


def tasks(course: Path, rules: Rules, number: int, seconds: float = 0.0) -> list[Task]:
    released = read_notebook(release.registered(course, "small")[0])
    made = []
    for n in range(number):
        notebook = small.submission(released, None, {})
        source = f"# {n}\nimport time\ntime.sleep({seconds})"
        notebook.cells.append(nbformat.v4.new_code_cell(source, id="own"))
        made.append(task_of(rules, nbformat.writes(notebook).encode()))
    return made


def test_a_dask_worker_that_is_killed_is_replaced(course: Path, rules: Rules) -> None:
    given = tasks(course, rules, 4, seconds=1)
    killed: list[int] = []

    def kill() -> None:
        """Kill the Dask worker that started a fork server, as soon as there is one."""
        deadline = time.monotonic() + 120
        while not killed and time.monotonic() < deadline:
            time.sleep(0.2)
            for process in psutil.Process().children(recursive=True):
                try:
                    busy = any("import run" in " ".join(c.cmdline()) for c in process.children())
                    if busy and "multiprocessing" in " ".join(process.cmdline()):
                        time.sleep(1)
                        process.kill()
                        killed.append(process.pid)
                        break
                except psutil.Error:
                    continue

    thread = threading.Thread(target=kill)
    thread.start()
    records = list(Cluster(2).run(rules, given))
    thread.join()
    assert sorted(r.key for r in records) == sorted(t.key for t in given)
    for record in records:
        assert record.status == Status.GRADED, record
        assert sum(result.points for result in record.results) == small.ALL
    assert len(killed) == 1


def test_a_fork_server_killed_at_its_start_is_replaced(
    course: Path, rules: Rules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    monkeypatch.setattr(dask, "Grading", partial(killed.Unlucky, notes, 1))
    (record,) = Cluster(1).run(rules, tasks(course, rules, 1))
    assert record.status == Status.GRADED, record
    assert sum(result.points for result in record.results) == small.ALL
    assert len(notes.read_text().split()) == 2


def test_without_a_task_no_cluster_is_asked(rules: Rules) -> None:
    assert list(Cluster(2, "tcp://127.0.0.1:1").run(rules, [])) == []


def test_a_scheduler_that_does_not_reply_is_named(
    course: Path, rules: Rules, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("autograder.grading.engines.dask.CONNECT_TIMEOUT_S", 1)
    for address in ("tcp://127.0.0.1:1", "nonsense://127.0.0.1:1"):
        with pytest.raises(EngineError, match=f"no Dask scheduler answers at {address} within 1 s"):
            list(Cluster(2, address).run(rules, tasks(course, rules, 1)))
    notebook = small.submission(read_notebook(release.registered(course, "small")[0]), None, {})
    small.write(course, "ada", notebook)
    command = ["grade", "small", "--course", str(course), "--engine", "dask"]
    assert main([*command, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    _, line = capsys.readouterr().err.splitlines()
    assert line.startswith("kischule: no Dask scheduler answers at tcp://127.0.0.1:1")


@pytest.mark.slow
def test_workers_with_other_checks_are_refused(course: Path, rules: Rules) -> None:
    other = replace(rules, checks="another version's")
    with pytest.raises(EngineError, match="has another version of kischule"):
        list(Cluster(1).run(other, tasks(course, rules, 1)))


@pytest.mark.slow
def test_the_docs_commands_run_until_the_scheduler_is_gone(course: Path, tmp_path: Path) -> None:
    """As in docs/cluster.md: a scheduler, a worker, the command; nothing is held twice."""
    from distributed import Client

    binary = str(Path(sys.executable).parent / "dask")
    address = "tcp://127.0.0.1:8786"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    host = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = subprocess.Popen([binary, "scheduler", *host, "--port", "8786"], **quiet)  # type: ignore[call-overload]
    worker = subprocess.Popen(  # type: ignore[call-overload]
        [binary, "worker", address, *host, "--nworkers", "2", "--nthreads", "1"], **quiet
    )
    try:
        rules = rules_of(course, "small", Settings(time_limit_s=5))[0]
        for number, task in enumerate(tasks(course, rules, 60)):
            path = course / "submitted" / f"s{number}" / "small" / small.NAME
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(task.content)
        command = [sys.executable, "-m", "autograder.cli", "grade", "small", "--force"]
        command += ["--course", str(course), "--engine", "dask", "--scheduler", address]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            for line in run.stderr:
                if line.startswith("[3/"):
                    break
            with Client(address) as client:
                held = client.run_on_scheduler(
                    lambda dask_scheduler: [str(k) for k in dask_scheduler.tasks]
                )
            ours = [key for key in held if key.startswith("kischule-")]
            assert 0 < len(ours) <= 34
            assert len({key.rsplit("-", 1)[1] for key in ours}) == len(ours)
            scheduler.kill()
            told = run.stderr.read()
            assert run.wait(60) == 2
        assert "the Dask scheduler is gone; what was graded is kept" in told
        found = list((course / ".kischule" / "records" / "small").glob("*.json"))
        assert len(found) >= 3
    finally:
        for process in (worker, scheduler):
            os.kill(process.pid, signal.SIGTERM)
            process.wait()
