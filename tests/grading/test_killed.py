"""A fork server, a twin or a supervisor is killed: another one does its work, some times."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from attacks import small
from support import killed, pretended

from autograder.course import release
from autograder.course.rules import rules_of
from autograder.grading import processes, provisioner, servers, submission
from autograder.grading.engines import dask, local
from autograder.grading.engines.local import Pool
from autograder.grading.isolation import decide
from autograder.grading.kernel import Kernel
from autograder.grading.record import Record, Rules, Status, Task, task_of
from autograder.grading.servers import ServerError, ServerGoneError
from autograder.grading.settings import Settings
from autograder.grading.submission import grade_submission
from autograder.notebooks.cells import read_notebook
from autograder.sandbox.syscalls import SandboxError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc")
KEY = ("mini", "cpu", "namespaces")
MOMENTS = (killed.at_once, killed.while_it_loads, killed.its_parent_while_it_loads)
ENDED = rf"{servers.MAX_STARTS} fork servers in turn ended: .*signal 9"

RUN = "from autograder.sandbox.forkserver import run"
LIGHT = servers.START_CODE.replace(  # of a server that loads nothing
    RUN, f"{RUN}; import autograder.sandbox.forkserver as server; server._load = lambda model: None"
)


@pytest.fixture
def _no_server() -> Iterator[None]:
    servers.close_all()
    yield
    servers.close_all()


@pytest.fixture
def _light(monkeypatch: pytest.MonkeyPatch, _no_server: None) -> None:
    monkeypatch.setattr(servers, "START_CODE", LIGHT)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed").resolve()
    small.make(folder)
    return folder


@pytest.fixture(scope="module")
def rules(course: Path) -> Rules:
    return rules_of(course, "small", Settings(isolation="namespaces", time_limit_s=5))[0]


@pytest.fixture(scope="module")
def task(course: Path, rules: Rules) -> Task:
    notebook = small.submission(read_notebook(release.registered(course, "small")[0]), None, {})
    return task_of(rules, nbformat.writes(notebook).encode())


def points(record: Record) -> float:
    assert record.status == Status.GRADED, record
    return sum(result.points for result in record.results)


# --- while a server starts ------------------------------------------------------------------------


@pytest.mark.usefixtures("_no_server")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_server_killed_at_its_start_is_started_again(
    moment: killed.Kill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def once(server: servers.OwnServer) -> None:
        moment(server)
        monkeypatch.setattr(servers, "START_CODE", LIGHT)

    begun = killed.kill_starts(monkeypatch, once, 1)
    assert decide("auto").mode == "namespaces"
    assert len(begun) == 2
    assert servers.shared(*KEY).pid == begun[1]


@pytest.mark.usefixtures("_no_server")
def test_it_is_started_some_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no weaker sandbox takes its place."""
    begun = killed.kill_starts(monkeypatch, killed.at_once, 1 << 30)
    with pytest.raises(ServerGoneError, match=ENDED):
        decide("auto")
    assert len(begun) == servers.MAX_STARTS
    assert not servers._servers
    with pytest.raises(ServerGoneError, match=ENDED):  # a later call tries anew
        servers.started(*KEY)
    assert len(begun) == 2 * servers.MAX_STARTS


@pytest.mark.usefixtures("_no_server")
def test_an_error_at_its_start_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys, json, socket; control = socket.socket(fileno=json.loads(sys.argv[1])[0]); "
    monkeypatch.setattr(servers, "START_CODE", code + 'control.send(b\'{"error": "no torch"}\')')
    begun = killed.kill_starts(monkeypatch, lambda server: None, 0)
    with pytest.raises(ServerError, match="does not start: no torch") as caught:
        decide("namespaces")
    assert not isinstance(caught.value, ServerGoneError)
    assert len(begun) == 1


@pytest.mark.usefixtures("_no_server")
def test_a_machine_without_room_for_a_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(servers.subprocess, "Popen", full)
    with pytest.raises(ServerError, match=r"cannot be started: .* temporarily unavailable"):
        decide("auto")


@pytest.mark.usefixtures("_light")
@pytest.mark.parametrize("moment", [killed.at_once, killed.when_it_has_answered])
def test_without_the_server_that_forks_twins_there_is_another(
    moment: killed.Kill, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = servers.OwnServer(*KEY)
    twin = servers.adopt(servers.Offer(KEY, origin.sockets, origin.offer().control.dup()))
    assert isinstance(twin, servers.Twin)
    moment(origin)
    deadline = time.monotonic() + 5
    while twin.alive and time.monotonic() < deadline:  # it may have answered
        time.sleep(0.01)
    if moment == killed.at_once:  # its end is not seen, but for the missing answer
        monkeypatch.setattr(servers.Twin, "alive", True)
    found = servers.started(*KEY)
    assert isinstance(found, servers.OwnServer)
    assert twin.pid == 0
    origin.close()


@pytest.mark.usefixtures("_light")
def test_a_twin_that_is_killed_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = servers.OwnServer(*KEY)
    twin = servers.adopt(servers.Offer(KEY, origin.sockets, origin.offer().control.dup()))
    assert twin is not None
    twin.ready()
    process = psutil.Process(twin.pid)
    process.kill()
    psutil.wait_procs([process], 5)
    assert isinstance(servers.started(*KEY), servers.OwnServer)
    origin.close()


def test_requests_that_nobody_read_hide_no_reason() -> None:
    """A server that is refused ends with twins' requests unread, which resets the connection."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    twins = [servers.Twin(servers.Offer(KEY, Path(), ours.dup())) for _ in range(2)]
    theirs.send(b'{"refused": true, "error": "no namespaces here"}')
    theirs.close()
    for twin in twins:
        with pytest.raises(SandboxError, match="no namespaces here"):
            twin.ready()
        twin.close()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    twin = servers.Twin(servers.Offer(KEY, Path(), ours))
    theirs.close()
    with pytest.raises(ServerGoneError):
        twin.ready()
    twin.close()


# --- while a submission is graded -----------------------------------------------------------------


Moment = Callable[[pytest.MonkeyPatch, int], list[int]]  # how often; returns what it killed


def _end(process: psutil.Process) -> int:
    process.kill()
    psutil.wait_procs([process], 5)
    return int(process.pid)


def _reading(server: servers.Server) -> psutil.Process:
    (found,) = psutil.Process(server.pid).children()
    return found


def _before_the_fork(patch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The server ends when a kernel's folder is there."""
    fork, ended = servers.Server.fork, list[int]()

    def forked(server: servers.Server, *given: Any) -> Any:
        if len(ended) < times:
            ended.append(_end(_reading(server)))
        return fork(server, *given)

    patch.setattr(servers.Server, "fork", forked)
    return ended


def _at_the_fork(patch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The server is asked for a kernel and never reads that."""
    fork, ended = servers.Server.fork, list[int]()

    def forked(server: servers.Server, *given: Any) -> Any:
        if len(ended) >= times:
            return fork(server, *given)
        reading = _reading(server)
        reading.suspend()
        asked = fork(server, *given)
        ended.append(_end(reading))
        return asked

    patch.setattr(servers.Server, "fork", forked)
    return ended


def _once_a_kernel_is_ready(patch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The supervisor ends before its kernel has heard anything."""
    launch, ended = provisioner.ForkServerProvisioner.launch_kernel, list[int]()

    async def launched(self: Any, *given: Any, **more: Any) -> Any:
        found = await launch(self, *given, **more)
        if len(ended) < times:
            ended.append(_end(killed.supervisor(servers.shared(*KEY))))
        return found

    patch.setattr(provisioner.ForkServerProvisioner, "launch_kernel", launched)
    return ended


def _at(name: str, patch: pytest.MonkeyPatch, times: int) -> list[int]:
    """The supervisor ends before a method of `Kernel` does its work."""
    method, ended = getattr(Kernel, name), list[int]()

    def killing(kernel: Kernel, *given: Any) -> Any:
        if len(ended) < times:
            ended.append(_end(killed.supervisor(servers.shared(*KEY))))
        return method(kernel, *given)

    patch.setattr(Kernel, name, killing)
    return ended


@pytest.mark.parametrize(
    "moment",
    [
        _before_the_fork,
        _at_the_fork,
        _once_a_kernel_is_ready,
        pytest.param(partial(_at, "execute"), id="in_a_cell"),
        pytest.param(partial(_at, "ask"), id="in_a_call"),
    ],
)
def test_a_submission_in_between_is_run_again(
    moment: Moment, rules: Rules, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = moment(monkeypatch, 1)
    assert points(grade_submission(rules, task)) == small.ALL
    assert len(ended) == 1


def test_one_that_is_always_in_between_is_not_graded(
    rules: Rules, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no points by that and loses none: the next run grades it."""
    ended = _at("execute", monkeypatch, 1 << 30)
    record = grade_submission(rules, task)
    assert (record.status, record.results, record.final) == (Status.FAILED, (), False)
    (flag,) = record.flags
    assert "the fork server ended while a submission ran" in str(flag)
    assert len(ended) == submission.MAX_RUNS


# --- engines --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_no_server")
def test_a_run_goes_on_without_the_server_of_all_workers(
    rules: Rules, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed when it has been asked for a twin, which a worker waits for."""
    begun = killed.kill_starts(monkeypatch, killed.suspended, 1)
    local.prepare(rules.settings)
    ended: list[int] = []

    def kill(running: dict[str, float]) -> None:
        if not ended and killed.is_asked(servers._servers[KEY]):
            os.kill(begun[0], signal.SIGKILL)
            ended.append(begun[0])

    (record,) = Pool(1, tick=kill).run(rules, [task])
    assert points(record) == small.ALL
    assert ended == begun


@pytest.mark.usefixtures("_no_server")
def test_a_run_without_any_server_stops_with_a_sentence(
    rules: Rules, task: Task, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    monkeypatch.setattr(local, "_work", partial(killed.works, notes))
    monkeypatch.setattr(servers, "offer", lambda settings: None)
    with pytest.raises(ServerError, match=f"workers do not start: .*{ENDED}"):
        list(Pool(1).run(rules, [task]))
    assert len(notes.read_text().split()) == local.MAX_DEATHS * servers.MAX_STARTS


PRETENDED = Rules("n.ipynb", b"", "s" * 16, "checks", Settings(submission_limit_s=0.1))


def _kill_what_forks() -> None:
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]


def test_a_run_goes_on_without_the_process_that_forks_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is killed when it has been asked for several workers, before it forks any."""
    monkeypatch.setattr(local, "_work", pretended.works)
    monkeypatch.setattr(processes, "PRELOAD", ("support.pretended",))
    offered: list[int] = []

    def offer(settings: Settings) -> None:
        offered.append(0)
        if len(offered) < local.MAX_DEATHS:
            processes.warm_up()
            _kill_what_forks()

    monkeypatch.setattr(servers, "offer", offer)
    given = [Task(f"{n}", b"ok") for n in range(2)]
    assert [r.status for r in Pool(2).run(PRETENDED, given)] == [Status.GRADED] * 2


def test_what_ends_all_workers_at_once_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_work", pretended.waits)
    monkeypatch.setattr(processes, "PRELOAD", ("support.pretended",))
    monkeypatch.setattr(servers, "offer", lambda settings: None)
    engine = Pool(local.MAX_DEATHS)

    def kill(running: dict[str, float]) -> None:
        monkeypatch.setattr(local, "_work", pretended.works)
        engine._tick = lambda running: None
        _kill_what_forks()

    engine._tick = kill
    given = [Task(f"{n}", b"ok") for n in range(local.MAX_DEATHS)]
    found = [record.status for record in engine.run(PRETENDED, given)]
    assert found == [Status.GRADED] * local.MAX_DEATHS


@pytest.mark.usefixtures("_no_server")
def test_a_dask_worker_without_a_server_ends_no_run(
    rules: Rules, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has come later: the run has begun elsewhere."""
    monkeypatch.setitem(dask._rules_by_token, "token", rules)
    begun = killed.kill_starts(monkeypatch, killed.at_once, 1 << 30)
    record = dask.work("token", task)
    assert (record.status, record.results, record.final) == (Status.FAILED, (), False)
    assert "fork servers in turn ended" in str(record.flags[0])
    assert len(begun) == servers.MAX_STARTS
