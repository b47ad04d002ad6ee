"""Workers that only pretend to grade, for grading/test_local.py; they import little."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.grading.isolation import IsolationError
from autograder.grading.record import Record, Rules, Status


def works(channel: Any, alive: Any, rules: Rules, offer: object) -> None:
    """A worker that does what a task's content says."""
    channel.send(("ready", ("a warning", 0)))
    with suppress(EOFError, OSError):
        while True:
            task = channel.recv()
            word, _, once = task.content.decode().partition(" ")
            if word == "die" and not (once and Path(once).exists()):
                Path(once or os.devnull).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if word == "sleep":
                time.sleep(60)
            if word == "fail":
                channel.send(("record", Record.failed(task.key, f"process {os.getpid()}")))
                continue
            if word == "earlier":
                channel.send(("record", replace(task.earlier, key=task.key)))
                continue
            channel.send(("record", Record(key=task.key, status=Status.GRADED, seconds=0.1)))


def refuses(channel: Any, alive: Any, rules: Rules, offer: object) -> None:
    channel.send(("refused", IsolationError("no sandbox here")))


def dies(channel: Any, alive: Any, rules: Rules, offer: object) -> None:
    os._exit(3)


def waits(channel: Any, alive: Any, rules: Rules, offer: object) -> None:
    """A worker that is never ready."""
    with suppress(EOFError, OSError):
        alive.recv()
