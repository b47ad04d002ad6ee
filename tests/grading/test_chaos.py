"""Processes are killed at random, many times; the gradebook must not show it.

Slow: half an hour. KISCHULE_CHAOS takes a share of it, as 0.1 does a tenth.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from attacks import small

from autograder.course import release
from autograder.notebooks.cells import read_notebook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc"),
]
SHARE = float(os.environ.get("KISCHULE_CHAOS", "1"))
KILLS = max(2, round(50 * SHARE))
CROWD = max(20, round(1000 * SHARE))
SEED = "the chaos of the tests"


def course_with(folder: Path, number: int) -> Path:
    """A course whose submissions have all and one of three exercises solved, in turn."""
    folder.mkdir()
    small.make(folder)
    released = read_notebook(release.registered(folder, "small")[0])
    kinds = [small.submission(released, attack, {}) for attack in (None, small.IDLE)]
    for n in range(number):
        notebook = kinds[n % 2]
        for cell in notebook.cells:
            if cell.id == "observation_greedy":
                cell.source = f"Beobachtung {n}"
        small.write(folder, f"student{n:04}", notebook)
    (folder / "secret").write_text(SEED)
    return folder


def command(course: Path, *more: str) -> list[str]:
    started = [sys.executable, "-m", "autograder.cli", "grade", "small", "--course", str(course)]
    return [*started, "--seed-file", str(course / "secret"), *more]


def finish(course: Path, *more: str) -> None:
    done = subprocess.run(command(course, *more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def undisturbed(folder: Path, number: int) -> list[tuple[object, ...]]:
    """The gradebook of an undisturbed class: rows of one of each kind, for all of a kind."""
    course = course_with(folder, 2)
    finish(course)
    found = small.rows(course / "gradebook.db")
    assert len({row[0] for row in found}) == 2
    return sorted(
        (f"student{n:04}", *row[1:])
        for n in range(number)
        for row in found
        if row[0] == f"student{n % 2:04}"
    )


def test_dask_workers_are_killed_at_random(tmp_path: Path) -> None:
    course = course_with(tmp_path / "course", CROWD)
    rng, killed = random.Random(1), []
    with subprocess.Popen(
        command(course, "--engine", "dask", "--jobs", "2"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        over = threading.Event()

        def kill() -> None:
            while not over.wait(rng.uniform(5, 25)):
                with suppress(psutil.Error):  # it has ended by itself
                    workers = [
                        process
                        for process in psutil.Process(run.pid).children(recursive=True)
                        if any("import run" in " ".join(c.cmdline()) for c in _children(process))
                    ]
                    if workers:
                        victim = rng.choice(workers)
                        victim.kill()
                        killed.append(victim.pid)

        thread = threading.Thread(target=kill)
        thread.start()
        assert run.stderr is not None
        told = run.stderr.read()
        run.wait()
        over.set()
        thread.join()
    assert run.returncode == 0, told[-3000:]
    assert len(killed) >= min(3, CROWD // 30)
    print(f"{CROWD} submissions, {len(killed)} workers killed")
    assert [tuple(row) for row in small.rows(course / "gradebook.db")] == undisturbed(
        tmp_path / "calm", CROWD
    )


def _tree(process: int) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = psutil.Process(process).children(recursive=True)
    except psutil.Error:
        return []
    return found


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = process.children()
    except psutil.Error:
        return []
    return found


def _records(course: Path) -> int:
    return len(list((course / ".kischule" / "records" / "small").glob("*.json")))


def test_the_whole_run_is_killed_again_and_again(tmp_path: Path) -> None:
    """It is killed at any moment: while it starts, grades, writes records or the gradebook."""
    number = max(30, round(120 * SHARE))
    course = course_with(tmp_path / "course", number)
    rng, records = random.Random(2), []
    for _ in range(KILLS):
        with subprocess.Popen(
            command(course),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as run:
            if rng.random() < 0.3:  # while it starts
                time.sleep(rng.uniform(1, 10))
            else:  # some time after it has a new record, if there are any to come
                deadline, before = time.monotonic() + 60, _records(course)
                while _records(course) == before < number and time.monotonic() < deadline:
                    time.sleep(0.1)
                time.sleep(rng.uniform(0, 4))
            tree = _tree(run.pid)
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            _, alive = psutil.wait_procs(tree, 20)
            assert alive == []
        records.append(_records(course))
        assert records[-1] <= number
    assert records == sorted(records)
    assert records[-1] > 0
    print(f"killed {KILLS} times; records after each: {records}")
    finish(course)
    assert [tuple(row) for row in small.rows(course / "gradebook.db")] == undisturbed(
        tmp_path / "calm", number
    )
    with sqlite3.connect(course / "gradebook.db") as book:
        assert book.execute("SELECT COUNT(*) FROM alembic_version").fetchall() == [(1,)]
    book.close()
    # and from nothing but the records
    (course / "gradebook.db").unlink()
    shutil.rmtree(course / "autograded")
    finish(course)
    assert [tuple(row) for row in small.rows(course / "gradebook.db")] == undisturbed(
        tmp_path / "calmer", number
    )
