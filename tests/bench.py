"""`make bench`: this engine against stock `nbgrader autograde`, in one run, on the same hand-ins.

Both are whole processes, one after the other, over the eight hand-ins of `kischule demo`: stock
nbgrader with its default configuration, which runs test cells in the students' kernels, and
`kischule grade` with one worker. Then where the time of one hand-in goes, and what a kernel costs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.demo import ASSIGNMENT, hand_ins, make_course
from autograder.grading import forkserver

BINARIES = Path(sys.executable).parent
STOCK = """c = get_config()
c.CourseDirectory.course_id = "stock"
c.ClearMarkScheme.enforce_metadata = False
c.Execute.timeout = 10
"""
HONEST = ("reference", "other_style")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", nargs="*", help="only these; default: all eight")
    parser.add_argument("--runs", type=int, default=1, help="pairs of runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kischule-bench-") as temporary:
        root = Path(temporary).resolve()
        courses = {name: root / name for name in ("stock", "ours")}
        for name, course in courses.items():
            _prepare(course, name == "stock", options.students)
        number = len(list((courses["ours"] / "submitted").iterdir()))
        seconds: dict[str, list[float]] = {"stock": [], "ours": []}
        for _ in range(options.runs):
            seconds["stock"].append(_timed(_stock, courses["stock"]))
            seconds["ours"].append(_timed(_ours, courses["ours"]))
        print(f"\n{_machine()}\n")
        print("| | s | hand-ins a minute | s a hand-in |\n|---|---:|---:|---:|")
        medians = {name: statistics.median(found) for name, found in seconds.items()}
        for name, told in (("stock", "stock `nbgrader autograde`"), ("ours", "`kischule grade`")):
            took = medians[name]
            print(f"| {told} | {took:.1f} | {60 * number / took:.1f} | {took / number:.1f} |")
        ratios = [s / o for s, o in zip(seconds["stock"], seconds["ours"], strict=True)]
        print(f"\nstock / ours, median of {len(ratios)}: {statistics.median(ratios):.2f}")
        print(f"the same scores for honest hand-ins: {_same_scores(courses, options.students)}\n")
        _anatomy(courses["ours"])


def _machine() -> str:
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(": ", 1)[1]
            break
    return f"{os.cpu_count()} cores, {name}, Python {platform.python_version()}"


def _prepare(course: Path, stock: bool, students: list[str] | None) -> None:
    import nbformat

    course.mkdir()
    make_course(course)
    if stock:
        (course / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    _run(course, "nbgrader", "generate_assignment", ASSIGNMENT)
    for student, notebook in hand_ins(course).items():
        if not students or student in students:
            path = course / "submitted" / student / ASSIGNMENT / "A7_2.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(notebook, path)


def _run(course: Path, *command: str) -> None:
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [str(BINARIES / command[0]), *command[1:]],
        cwd=course,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def _stock(course: Path) -> None:
    shutil.rmtree(course / "autograded", ignore_errors=True)
    _run(course, "nbgrader", "autograde", ASSIGNMENT)


def _ours(course: Path) -> None:
    _run(course, "kischule", "grade", ASSIGNMENT, "--time-limit", "10", "--force")


def _timed(work: Callable[[Path], None], course: Path) -> float:
    began = time.monotonic()
    work(course)
    return time.monotonic() - began


def _same_scores(courses: dict[str, Path], students: list[str] | None) -> bool:
    """Machine points of honest hand-ins; stock nbgrader knows no bonus."""
    query = (
        "SELECT SUM(g.auto_score) FROM grade g"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id WHERE a.student_id = ?"
    )
    found: dict[str, list[Any]] = {}
    for name, course in courses.items():
        with sqlite3.connect(course / "gradebook.db") as book:
            chosen = [s for s in HONEST if not students or s in students]
            found[name] = [book.execute(query, (s,)).fetchone()[0] for s in chosen]
        book.close()
    print(json.dumps(found), file=sys.stderr)
    return found["stock"] == found["ours"]


def _anatomy(course: Path) -> None:
    """Where the time of the reference hand-in goes, and what a kernel has of its own."""
    import nbformat
    from nbclient import NotebookClient

    from autograder.grading.bridge import Course
    from autograder.grading.grade import INTAKE, Grader, Options

    grader = Grader(course, ASSIGNMENT, Options(time_limit=10, force=True))
    student = sorted(p.name for p in (course / "submitted").iterdir())[-2]
    folder = course / "submitted" / student / ASSIGNMENT
    rows = []
    for _ in range(3):
        times = [time.monotonic()]
        taken = grader.take(folder)
        times.append(time.monotonic())
        run = grader.run(taken)
        times.append(time.monotonic())
        grader._stage(student, folder, taken.notebook)
        Course(course, submitted_directory=INTAKE).autograde(ASSIGNMENT, student, run)
        times.append(time.monotonic())
        took = run.seconds
        rows.append(
            {
                "the student's own computing": took["student"],
                "checks, beyond what runs beside it": took["checks"],
                "intake": times[1] - times[0],
                "a kernel, ready": took["start"],
                "its end": took["end"],
                "nbgrader's converter and gradebook": times[3] - times[2],
            }
        )
    median = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    print(f"| one hand-in ({student}), median of {len(rows)} | s |\n|---|---:|")
    for name, took in median.items():
        print(f"| {name} | {took:.2f} |")
    harness = sum(list(median.values())[2:])
    print(f"| **harness**: the last four | **{harness:.2f}** |\n")

    source = (
        "import kischule\ntokenizer, model = kischule.load('mini')\n"
        "model.generate(tokenizer('Once', return_tensors='pt')['input_ids'], max_length=40)\n"
        "lines = open('/proc/self/smaps_rollup').read().splitlines()[1:]\n"
        "sizes = {l.split(':')[0]: int(l.split()[1]) for l in lines}\n"
        "print(sizes['Private_Dirty'] + sizes['Private_Clean'], sizes['Rss'])"
    )
    os.environ["JUPYTER_PATH"] = str(Path(forkserver.__file__).parent)  # its kernelspec
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(notebook, kernel_name="kischule", timeout=60).execute()
    own, all_ = map(int, notebook.cells[0].outputs[0].text.split())
    print(
        f"A kernel's own memory: {own / 1024:.0f} MB of {all_ / 1024:.0f} MB; the rest is shared."
    )
    forkserver.close()


if __name__ == "__main__":
    main()
