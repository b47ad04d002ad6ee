"""Commands on a course, their cost, and the tables that say so: what all parts of the bench use."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat

from autograder.cli.demo import ASSIGNMENT, make_course, submissions
from autograder.grading import memory

BINARIES = Path(sys.executable).parent
NOTEBOOK = "A7_2.ipynb"
STOCK = """c = get_config()
c.CourseDirectory.course_id = "stock"
c.ClearMarkScheme.enforce_metadata = False
c.Execute.timeout = 10
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


PR_SET_CHILD_SUBREAPER = 36  # Linux: orphans become children of this process
REAP_S = 3.0


class Watched:
    """The seconds of commands, by the clock and of computing, and the most memory of one."""

    def __init__(self) -> None:
        self.seconds, self.computed, self.memory = 0.0, 0.0, 0
        # a worker's parent may end before it, and would take its figures along
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    @contextmanager
    def clock(self) -> Iterator[None]:
        computed, began = computed_by_children(), time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began
            self.computed += computed_by_children() - computed

    def run(self, folder: Path, *command: str, allowed: Sequence[int] = (0,)) -> None:
        path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {"PATH": path, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
        with (
            self.clock(),
            subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **variables},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            over = threading.Event()
            thread = threading.Thread(target=self._look, args=(process.pid, over))
            thread.start()
            assert process.stderr is not None
            messages = process.stderr.read()
            process.wait()
            over.set()
            thread.join()
        if process.returncode not in allowed:
            raise SystemExit(f"{command} ended with {process.returncode}:\n{messages[-3000:]}")

    def _look(self, process: int, over: threading.Event) -> None:
        while not over.wait(3):
            self.memory = max(self.memory, memory.used(process))


def computed_by_children() -> float:
    """CPU seconds of all processes that have ended below this one, orphans included."""
    until = time.monotonic() + REAP_S
    with suppress(ChildProcessError):  # none is left
        while time.monotonic() < until:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kischule(folder: Path, assignment: str, *more: str) -> Watched:
    watched = Watched()
    watched.run(folder, str(BINARIES / "kischule"), "grade", assignment, "--quiet", *more)
    return watched


def demo_course(course: Path, stock: bool) -> list[str]:
    """A course with the submissions of `kischule demo`; returns its students."""
    course.mkdir()
    make_course(course)
    if stock:
        (course / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    Watched().run(course, str(BINARIES / "nbgrader"), "generate_assignment", ASSIGNMENT)
    made = submissions(course)
    for student, notebook in made.items():
        write(course / "submitted" / student / ASSIGNMENT / NOTEBOOK, notebook)
    return sorted(made)


def write(path: Path, notebook: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


def put_section(path: Path, page: str) -> None:
    """Put a section in the place of the one with its heading, or at the end.

    page: its first line is the heading, of the second level.
    """
    heading = page.splitlines()[0]
    before, found, rest = path.read_text(encoding="utf-8").partition(f"{heading}\n")
    _, next_one, after = rest.partition("\n## ") if found else ("", "", "")
    parts = [before.rstrip(), page.rstrip(), (next_one + after).strip()]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
