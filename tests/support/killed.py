"""Fork servers and supervisors that are killed at a chosen moment, as often as a test says."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from autograder.grading import servers
from autograder.grading.engines import dask, local

PATIENCE_S = 60.0  # for a moment to come
Kill = Callable[[servers.OwnServer], None]
_WORK = local._work  # before a test puts something else in its place


# --- moments in a server's start ------------------------------------------------------------------


def at_once(server: servers.OwnServer) -> None:
    os.kill(server.pid, signal.SIGKILL)


def while_it_loads(server: servers.OwnServer) -> None:
    """The process that loads: process 1 of the sandbox."""
    os.kill(_that_loads(server), signal.SIGKILL)


def its_parent_while_it_loads(server: servers.OwnServer) -> None:
    _that_loads(server)
    os.kill(server.pid, signal.SIGKILL)


def when_it_has_answered(server: servers.OwnServer) -> None:
    readable, _, _ = select.select([server._control], [], [], PATIENCE_S)
    assert readable
    os.kill(server.pid, signal.SIGKILL)


def _that_loads(server: servers.OwnServer) -> int:
    """The first process in a namespace of processes; others may look for a library before."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for child in psutil.Process(server.pid).children():
            with suppress(OSError):  # it has ended
                if _namespace(child.pid) != _namespace(os.getpid()):
                    return int(child.pid)
        time.sleep(0.01)
    raise AssertionError("the server does not come so far")


def _namespace(process: int) -> str:
    return os.readlink(f"/proc/{process}/ns/pid")


def suspended(server: servers.OwnServer) -> None:
    os.kill(server.pid, signal.SIGSTOP)


def is_asked(server: servers.Server) -> bool:
    """True if it has not read all that it was sent: SIOCOUTQ of unix(7)."""
    unread = fcntl.ioctl(server._control, termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(unread, sys.byteorder) > 0


def kill_starts(patch: Any, kill: Kill, times: int) -> list[int]:
    """Kill the first servers that this process starts; returns the list of all that it starts.

    patch: has `setattr`, as pytest's monkeypatch.
    """
    begun: list[int] = []
    begin = servers.OwnServer.__init__

    def start(server: servers.OwnServer, model: str, device: str, tier: str) -> None:
        begin(server, model, device, tier)
        begun.append(server.pid)
        if len(begun) <= times:
            kill(server)

    patch.setattr(servers.OwnServer, "__init__", start)
    return begun


def supervisor(server: servers.Server) -> psutil.Process:
    """The supervisor of a server's only kernel."""
    below = psutil.Process(server.pid).children(recursive=True)
    (kernel,) = [process for process in below if not process.children()]
    found: psutil.Process = kernel.parent()
    return found


# --- in processes of their own --------------------------------------------------------------------


class _ForGood:
    setattr = staticmethod(setattr)


def _noted(notes: Path, server: servers.OwnServer) -> int:
    """Note a server that starts; returns the number of those that are noted."""
    with notes.open("a") as file:
        file.write(f"{server.pid}\n")
    return len(notes.read_text().split())


def works(notes: Path, *given: Any) -> None:
    """A worker whose servers are all killed while they start; each is noted in a file."""

    def kill(server: servers.OwnServer) -> None:
        _noted(notes, server)
        at_once(server)

    kill_starts(_ForGood, kill, 1 << 30)
    _WORK(*given)


class Unlucky(dask.Grading):
    """Rules for a cluster whose first servers are killed while they start; all are noted."""

    def __init__(self, notes: Path, times: int, token: str, rules: Any) -> None:
        super().__init__(token, rules)
        self.notes, self.times = notes, times

    async def setup(self, worker: Any) -> None:
        await super().setup(worker)
        kill_starts(_ForGood, partial(_kill_first, self.notes, self.times), 1 << 30)


def _kill_first(notes: Path, times: int, server: servers.OwnServer) -> None:
    if _noted(notes, server) <= times:
        at_once(server)
