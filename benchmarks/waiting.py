"""What one person waits for: a student before submitting, a teacher who has changed exercises."""

from __future__ import annotations

import signal
import statistics
import subprocess
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import psutil
from commands import BINARIES, NOTEBOOK, Watched, demo_course, table, write

from autograder.cli.demo import ASSIGNMENT
from autograder.notebooks.cells import is_solution, read_notebook

KISCHULE = str(BINARIES / "kischule")
STUDENT = "reference"
ROUNDS = 5
READY_S = 15.0  # for a kernel to have imported everything; a student takes longer to write a line
Times = Generator[Watched, None, None]
PAGE = """## What a person waits for

A student: {assignment} with the solutions of the reference, the whole command, in turn, medians of
{rounds}. *Run all* is what else shows that a notebook works: it runs the display cells, too, and
says nothing of changed cells or of names that only a past gave. The last line is from a save to the
end of the table. CPU: of the command and its kernel; where it watches, that of the kernel that is
then kept ready belongs to it.

{students}
A teacher: `kischule verify {assignment}`, all known solutions of the exercises, right and wrong,
once: {seconds:.0f} s, {cpu:.0f} CPU s.
"""


def page(root: Path) -> str:
    """Measure all of it in a new course below this folder."""
    demo_course(root / "course", stock=False)
    path = root / "course" / "submitted" / STUDENT / ASSIGNMENT / NOTEBOOK
    ways = {
        "run all: `jupyter nbconvert --execute`": _command(
            str(BINARIES / "jupyter"), "nbconvert", "--to", "notebook", "--execute", str(path)
        ),
        "`kischule check`": _command(KISCHULE, "check", str(path)),
        "`kischule check --watch`, after a save": _saves(path),
    }
    found: dict[str, list[Watched]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, times in ways.items():
            found[way].append(next(times))
    for times in ways.values():
        times.close()
    first = statistics.median(each.seconds for each in next(iter(found.values())))
    rows = []
    for way, times in found.items():
        seconds = statistics.median(each.seconds for each in times)
        computed = statistics.median(each.computed for each in times)
        rows.append([way, f"{seconds:.1f}", f"{first / seconds:.1f}", f"{computed:.1f}"])
    verified = Watched()
    verified.run(root / "course", KISCHULE, "verify", ASSIGNMENT)
    return PAGE.format(
        assignment=ASSIGNMENT,
        rounds=ROUNDS,
        students=table(["", "s", "× as fast", "CPU s"], rows),
        seconds=verified.seconds,
        cpu=verified.computed,
    )


def _command(*command: str) -> Times:
    while True:
        watched = Watched()
        watched.run(Path(command[-1]).parent, *command)
        yield watched


def _saves(path: Path) -> Times:
    """One command that goes on; between two saves its next kernel has time to get ready."""
    notebook = read_notebook(path)
    cell = next(cell for cell in notebook.cells if is_solution(cell))
    with subprocess.Popen(
        [KISCHULE, "check", "--watch", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            _read_table(process)
            while True:
                time.sleep(READY_S)
                cell.source += "\n# saved"
                watched, before = Watched(), _computed(process.pid)
                began = time.monotonic()
                write(path, notebook)
                _read_table(process)
                watched.seconds = time.monotonic() - began
                watched.computed = _computed(process.pid) - before
                yield watched
        finally:
            process.send_signal(signal.SIGINT)


def _read_table(process: subprocess.Popen[str]) -> None:
    """Read to the line that says how to stop: a check is over."""
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl+C" in line:
            return
    raise SystemExit("the watching command ended")


def _computed(pid: int) -> float:
    """CPU seconds of a process and of all below it, those that have ended included."""
    command = psutil.Process(pid)
    seconds = 0.0
    for process in (command, *command.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:4])
    return seconds
