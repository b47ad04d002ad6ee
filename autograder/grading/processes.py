"""Worker processes: forked from one that has imported what they need, once."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import context as contexts
from pathlib import Path
from typing import Any

PRELOAD = ("autograder.grading.preload",)
SAFE_PATH = "PYTHONSAFEPATH"  # any value tells Python 3.11 or newer: no current folder on the path
OUR_MARK = "kischule"  # its value where this module has set it
_changing = threading.Lock()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Let a Python that starts now find no package in the current folder, from 3.11 on.

    A course may hold a folder `autograder`, as a clone of this project does, and what forks workers
    is started anew where it was killed.
    """
    with _changing:
        os.environ.setdefault(SAFE_PATH, OUR_MARK)
        try:
            yield
        finally:
            _forget()


def _forget() -> None:
    if os.environ.get(SAFE_PATH) == OUR_MARK:
        del os.environ[SAFE_PATH]


_forget()  # in what forks workers: the programs that those start find theirs in their folder

if sys.platform != "win32":

    class _Process(contexts.ForkServerProcess):
        def start(self) -> None:
            with _safe_path():
                super().start()

    class _Context(contexts.ForkServerContext):
        Process = _Process


def context(preload: Sequence[str] = ()) -> Any:
    """The context in which worker processes are made. preload: modules, in place of what grades."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    made = _Context()
    made.set_forkserver_preload([__name__, *(preload or PRELOAD)])
    return made


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def warm_up(preload: Sequence[str] = ()) -> None:
    """Start the imports in the background; to be called before this process has threads.

    preload: as for `context`. Python 3.10 knows no safe path, so this starts in the package's own
    folder.
    """
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver

    context(preload)
    here = os.getcwd()
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        with _safe_path():
            forkserver.ensure_running()
    finally:
        os.chdir(here)
