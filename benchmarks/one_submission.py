"""What one submission costs, part by part; and what it costs again, with one cell changed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import starts
from commands import NOTEBOOK, Watched, demo_course, kischule, table, write

from autograder.cli.demo import ASSIGNMENT
from autograder.course.gradebook import Course
from autograder.course.rules import rules_of
from autograder.course.writer import Entry, GradebookWriter
from autograder.exercises.exercise import PACKAGED
from autograder.exercises.known import known_correct
from autograder.grading import servers
from autograder.grading.kernel import Kernel
from autograder.grading.record import Record, Rules, task_of
from autograder.grading.settings import Settings
from autograder.grading.store import Store
from autograder.grading.submission import grade_submission, settle, take
from autograder.notebooks.cells import by_id, read_notebook

REFERENCE = "reference"
CALLS = "the student's own computing: cells, and functions when they are called"
CHECKS = "checks, beyond what runs beside it"
INTAKE, READY, END = "intake", "a kernel, ready", "its end"
DISK, BOOK = "the record, on disk", "nbgrader's converter and gradebook"
RESUBMITTED = 6  # submissions, each with another exercise changed
REAPED_S = 1.5  # the server takes an ended kernel's figures once a second


Cost = tuple[float, float]  # seconds by the clock, and of computing


def one_submission(root: Path) -> str:
    """The reference's submission in this process, so that its parts can be told from each other."""
    course = root / "course"
    demo_course(course, stock=False)
    rules = rules_of(course, ASSIGNMENT, Settings(time_limit_s=10))[0]
    settings, _ = settle(rules.settings)
    rules = replace(rules, settings=settings)
    content = (course / "submitted" / REFERENCE / ASSIGNMENT / NOTEBOOK).read_bytes()
    writer = GradebookWriter(course, ASSIGNMENT, b"")
    servers.shared(tier=settings.isolation).ready()
    _, *rows = [_parts(rules, content, writer, f"student{number}") for number in range(4)]
    writer.close()
    servers.close_all()
    wall, cpu = (
        {name: statistics.median(row[name][i] for row, _ in rows) for name in rows[0][0]}
        for i in range(2)
    )
    return _page(wall, cpu, rows[-1][1].memory)


def _parts(
    rules: Rules, content: bytes, writer: GradebookWriter, student: str
) -> tuple[dict[str, Cost], Record]:
    """The cost of each part of a submission, and its record."""
    tier = rules.settings.isolation
    _, idle = _cost(lambda: _start_and_end(rules.settings))
    idle_kernel = _computed_in_kernels(tier, lambda: _start_and_end(rules.settings))
    graded: list[Record] = []
    ours: list[Cost] = []

    def grade() -> None:
        ours.append(_cost(lambda: graded.append(grade_submission(rules, task_of(rules, content)))))

    kernel = _computed_in_kernels(tier, grade)
    (record,), ((_, own),) = graded, ours
    entry = Entry(student, {NOTEBOOK: record}, {})
    found = {
        CALLS: (record.parts["student"], kernel - idle_kernel),
        CHECKS: (record.parts["checks"], own - idle),
        INTAKE: _cost(lambda: take(rules, content)),
        READY: (record.parts["start"], idle + idle_kernel),
        END: (record.parts["end"], 0.0),
        DISK: _cost(lambda: writer.store.write(ASSIGNMENT, record)),
        BOOK: _cost(lambda: writer.write(entry)),
    }
    return found, record


def _cost(work: Callable[[], object]) -> Cost:
    """The cost of this work in this process."""
    wall, own = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - wall, time.process_time() - own


def _computed_in_kernels(tier: str, work: Callable[[], object]) -> float:
    """CPU seconds of the kernels that this work starts and ends."""
    before = starts.computed(tier)
    work()
    time.sleep(REAPED_S)
    return starts.computed(tier) - before


def _start_and_end(settings: Settings) -> None:
    kernel = Kernel(nbformat.v4.new_notebook(), settings)
    try:
        kernel.start()
    finally:
        kernel.close()


def _page(wall: dict[str, float], cpu: dict[str, float], memory: int) -> str:
    harness = [sum(list(part.values())[2:]) for part in (wall, cpu)]
    of_all = [sum(part.values()) for part in (wall, cpu)]
    rows = [
        [name, f"{wall[name]:.2f}", f"{wall[name] / of_all[0]:.0%}", f"{cpu[name]:.2f}"]
        for name in wall
    ]
    rows[list(wall).index(END)][3] = ""  # it is in the line above
    rows.append(
        [
            "**harness**: the last five",
            f"**{harness[0]:.2f}**",
            f"**{harness[0] / of_all[0]:.0%}**",
            f"**{harness[1]:.2f}**",
        ]
    )
    rows.append(["all", f"{of_all[0]:.2f}", "", f"{of_all[1]:.2f}"])
    return f"""## One submission

The reference solution of A7_2, one at a time; median of three after a first one. A kernel's memory grew by {memory >> 20} MB.
CPU: the student's is that of the kernel and its supervisor beyond those of a kernel that only starts and ends, which the harness
has. That of the checks contains what runs beside the student's computing.

{table(["", "s", "of all", "CPU s"], rows)}"""


def resubmission(root: Path) -> str:
    """A class of reference solutions; then one exercise of each is solved in another way."""
    course = root / "course"
    demo_course(course, stock=False)
    submitted = course / "submitted"
    reference = read_notebook(submitted / REFERENCE / ASSIGNMENT / NOTEBOOK)
    for name in Course(course).students("submitted", ASSIGNMENT):
        (submitted / name / ASSIGNMENT / NOTEBOOK).unlink()
        (submitted / name / ASSIGNMENT).rmdir()
    names = list(PACKAGED.keys() & by_id(reference).keys())
    others = {name: list(known_correct(name).values())[-1] for name in sorted(names)}
    changed = dict(list(others.items())[:: len(others) // RESUBMITTED][:RESUBMITTED])
    for number, name in enumerate(changed):
        reference.cells[-1].source = f"# {number}"
        write(submitted / name / ASSIGNMENT / NOTEBOOK, reference)
    grade = (ASSIGNMENT, "--jobs", "1")
    found = {"the first time": kischule(course, *grade)}
    points = {"the first time": _points(course)}
    for name, source in changed.items():
        path = submitted / name / ASSIGNMENT / NOTEBOOK
        notebook = read_notebook(path)
        by_id(notebook)[name].source = source
        write(path, notebook)
    found["one solution cell changed in each"] = kischule(course, *grade)
    points["one solution cell changed in each"] = _points(course)
    seconds = {
        name: record.seconds
        for name in changed
        for record in Store(course).records(ASSIGNMENT, name).values()
    }
    found["nothing changed"] = idle = kischule(course, *grade)
    same = len(set(map(repr, points.values()))) == 1
    rows = [[label, *_row(watched, idle)] for label, watched in found.items()]
    head = ["", "s", "CPU s", "s a submission", "CPU s a submission"]
    return f"""## A changed resubmission

{len(changed)} submissions of A7_2 with all reference solutions, one worker: {", ".join(f"`{name}`" for name in changed)}, one in
each, is then solved in another correct way. A submission's cost is that beyond the command with nothing to do, and so contains a part of
the start of server and worker. The points are the same: {same}.

{table(head, rows)}

What depends on the changed cell runs again as well. Seconds of each by itself, without that start:

{table(list(changed), [[f"{seconds[name]:.1f}" for name in changed]])}"""


def _row(watched: Watched, idle: Watched) -> list[str]:
    each = [
        (watched.seconds - idle.seconds) / RESUBMITTED,
        (watched.computed - idle.computed) / RESUBMITTED,
    ]
    own = ["", ""] if watched is idle else [f"{value:.2f}" for value in each]
    return [f"{watched.seconds:.1f}", f"{watched.computed:.1f}", *own]


def _points(course: Path) -> dict[str, float]:
    totals = Course(course).totals(ASSIGNMENT)
    return {student: total.points for student, total in totals.items()}
