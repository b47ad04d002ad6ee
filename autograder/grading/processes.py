"""How workers' processes are made: forked from one that has imported what they need, once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
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
    """Begin with the imports, beside whatever this process does now. Before any thread is there.

    That process imports what lies in the current folder first. A course may hold a folder
    `autograder`, as a clone of this project does: so it starts where this package lies.
    """
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver

    context()
    here = os.getcwd()
    os.chdir(Path(__file__).resolve().parents[2])
    try:
        forkserver.ensure_running()
    finally:
        os.chdir(here)
