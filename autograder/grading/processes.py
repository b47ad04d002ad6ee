"""Worker processes: forked from one that has imported what they need, once."""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PRELOAD = ("autograder.grading.preload",)


def context(preload: Sequence[str] = ()) -> Any:
    """The context in which worker processes are made. preload: modules, in place of what grades."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(preload or PRELOAD))
    return made


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def warm_up(preload: Sequence[str] = ()) -> None:
    """Start the imports in the background; to be called before this process has threads.

    preload: as for `context`.

    The current folder comes first on that process's path, and a course may hold a folder
    `autograder`, as a clone of this project does: so it starts in this package's own folder.
    """
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver

    context(preload)
    here = os.getcwd()
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        forkserver.ensure_running()
    finally:
        os.chdir(here)
