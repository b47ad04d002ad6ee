"""How workers' processes are made: forked from one that has imported what they need, once."""

from __future__ import annotations

import multiprocessing
import sys
from typing import Any

PRELOAD = ("autograder.grading.worker",)


def context() -> Any:
    """Of multiprocessing."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(list(PRELOAD))
    return made


def warm_up() -> None:
    """Begin with the imports, beside whatever this process does now."""
    if sys.platform != "win32":
        from multiprocessing import forkserver

        context()
        forkserver.ensure_running()
