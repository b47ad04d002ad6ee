"""`make bench`: how fast, how large, against what else a teacher would use; writes BENCHMARKS.md.

Each table is of one run, one command after the other, on the same submissions. otter-grader lives in a virtual
environment of its own (`.venv-otter`, made at the first run) and asks the same questions: its tests
call the same `check`. Half an hour on two cores that do nothing else; `--only`
renews parts of the page.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import starts
import torch
import waiting
from commands import BINARIES, NOTEBOOK, Watched, demo_course, kischule, table, write
from one_submission import one_submission, resubmission

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from attacks import small
from support import shaped

from autograder.cli.demo import ASSIGNMENT
from autograder.course import release
from autograder.exercises.exercise import PACKAGED, ExerciseFiles
from autograder.grading import memory, servers
from autograder.notebooks.cells import read_notebook
from kischule.catalog import FAMILY, SHARED_VARIABLE

ROOT = Path(__file__).parent.parent
OTTER = ROOT / ".venv-otter"
CORRECT = ("reference", "other_style")
WITHOUT = "never_ends"  # `otter run` has no time limit
EXERCISES = ExerciseFiles(PACKAGED.paths["greedy_decode"].parent)  # of A7_2
SIZES = (8, 64, 300)
COPIES = 4
CLASS, ANEW = 300, 12  # submissions whose hidden cases are made


def main() -> None:
    parts: dict[str, Callable[[Path], str]] = {
        "class": compare_with_others,
        "growth": growth,
        "large": large_models,
        "one": one_submission,
        "again": resubmission,
        "waiting": waiting.page,
        "start": lambda _: starts.page(),
        "hidden": hidden_cases_of_a_class,
        "generation": generation,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=parts, help="renew these parts")
    options = parser.parse_args()
    texts = []
    for name, part in parts.items():
        if options.only and name not in options.only:
            continue
        with tempfile.TemporaryDirectory(prefix="kischule-bench-") as folder:
            texts.append(part(Path(folder).resolve()))
        print(texts[-1], flush=True)
    path = ROOT / "BENCHMARKS.md"
    # among them the figures of `bench_gpu.py`
    kept = _sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    found = kept | _sections("".join(f"{text.rstrip()}\n\n" for text in texts))
    page = [HEAD.format(machine=machine()), *found.values()]
    text = "\n\n".join(part.rstrip() for part in page)
    path.write_text(text + "\n", encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    """By heading."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return {part.splitlines()[0]: part for part in parts if part.startswith("## ")}


HEAD = """# Benchmarks

The tables down to "Seeded generation" are written by `make bench`, each in one run; it keeps the sections below them. {machine}

Memory is the peak of all processes of a command together, sampled every three seconds; pages that processes share
are counted once.
"""


def machine() -> str:
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(": ", 1)[1]
            break
    names = ("torch", "transformers", "nbgrader", "nbclient", "ipykernel", "distributed")
    versions = ", ".join(f"{n} {metadata.version(n)}" for n in names)
    return (
        f"Machine: {os.cpu_count()} cores, {name}, {memory.free() >> 30} GB free, Linux "
        f"{platform.release()}, Python {platform.python_version()}; {versions}."
    )


# --- against others -------------------------------------------------------------------------------


def compare_with_others(root: Path) -> str:
    students = [name for name in demo_course(root / "stock", stock=True) if name != WITHOUT]
    demo_course(root / "ours", stock=False)
    for name in ("stock", "ours"):
        shutil.rmtree(root / name / "submitted" / WITHOUT)
    ours = root / "ours"
    found = {"stock `nbgrader autograde`": _stock(root / "stock")}
    found["`otter run`, one after the other"] = _otter(root, ours, students)
    grade = ("--time-limit", "10", "--force", "--jobs")
    for label, more in (
        ("`kischule grade --jobs 1`", ("1",)),
        ("`kischule grade --jobs 2`", ("2",)),
        ("`kischule grade --jobs 2 --display`", ("2", "--display")),
    ):
        found[label] = kischule(ours, ASSIGNMENT, *grade, *more)
    same = _machine_points(root / "stock") == _machine_points(ours)
    _again(ours, students)
    found[f"`kischule grade --jobs 2`, each {COPIES} times"] = kischule(
        ours, ASSIGNMENT, *grade, "2"
    )
    numbers = [len(students)] * (len(found) - 1) + [COPIES * len(students)]
    each = [w.seconds / number for w, number in zip(found.values(), numbers, strict=True)]
    rows = [
        [
            label,
            f"{number}",
            f"{w.seconds:.1f}",
            f"{60 / took:.1f}",
            f"{took:.1f}",
            f"{w.computed / number:.1f}",
            f"{w.memory >> 20:,}",
            f"{each[0] / took:.1f}",
            f"{each[1] / took:.1f}",
        ]
        for (label, w), number, took in zip(found.items(), numbers, each, strict=True)
    ]
    head = [
        "",
        "submissions",
        "s",
        "a minute",
        "s a submission",
        "CPU s a submission",
        "memory, MB",
    ]
    head += ["× stock", "× otter"]
    return f"""## A class

The {len(students)} submissions of `kischule demo` that end by themselves. Times are of whole commands, start-up included; in a larger class
the start-up counts for less (last row). Stock nbgrader has its default configuration, runs all cells, and grades in the
students' kernels. `--display` runs the display cells, too, as the others do. All three call the same `check` for each exercise, so the
others get faster with our checks and models as well. CPU: of all processes of a command; "One submission" has ours by parts.

{table(head, rows)}
Correct submissions get the same points for code as from stock nbgrader: {same}.
"""


def _again(course: Path, students: Sequence[str]) -> None:
    """Copies of the submissions under other names, each with a comment of its own."""
    for student in students:
        notebook = read_notebook(course / "submitted" / student / ASSIGNMENT / NOTEBOOK)
        for number in range(1, COPIES):
            notebook.cells[-1].source += f"\n# {number}"
            write(course / "submitted" / f"{student}_{number}" / ASSIGNMENT / NOTEBOOK, notebook)


def _stock(course: Path) -> Watched:
    watched = Watched()
    watched.run(course, str(BINARIES / "nbgrader"), "autograde", ASSIGNMENT)
    return watched


def _otter(root: Path, course: Path, students: Sequence[str]) -> Watched:
    """`otter run` for each submission, without the cells in which nbgrader checks."""
    binary = OTTER / "bin" / "otter"
    if not binary.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OTTER)], check=True)
        install = [str(OTTER / "bin" / "pip"), "install", "-q", "-c", "constraints.txt"]
        subprocess.run([*install, "otter-grader[grading]", ".[notebook]"], cwd=ROOT, check=True)
    again = [str(OTTER / "bin" / "pip"), "install", "-q", "--no-deps", "--force-reinstall", "."]
    subprocess.run(again, cwd=ROOT, check=True)  # the checks as they are now
    archive = root / "autograder.zip"
    with zipfile.ZipFile(archive, "w") as file:
        config = {"pdf": False, "print_summary": False, "logo": False}
        file.writestr("otter_config.json", json.dumps(config))
        for name in EXERCISES:
            file.writestr(f"tests/{name}.py", _otter_test(name))
    watched = Watched()
    for student in students:
        notebook = read_notebook(course / "submitted" / student / ASSIGNMENT / NOTEBOOK)
        notebook.cells = [c for c in notebook.cells if not c.source.startswith("check(")]
        path = root / "otter" / student / NOTEBOOK
        write(path, notebook)
        watched.run(path.parent, str(binary), "run", NOTEBOOK, "-a", str(archive))
        results = json.loads((path.parent / "results.json").read_text())
        if student in CORRECT:
            scored = sum(test.get("score", 0) for test in results["tests"])
            assert scored == 2 * len(EXERCISES), results
    return watched


def _otter_test(name: str) -> str:
    """An OK test: the public and the hidden cases of one exercise, a point each."""
    cases = [
        {"code": f">>> from autograder import check\n>>> check({name!r}{more}).passed\nTrue"}
        for more in (", namespace=globals()", ", hidden=True, namespace=globals()")
    ]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": name, "points": 2, "suites": [suite]}
    return f"OK_FORMAT = True\ntest = {test!r}\n"


def _machine_points(course: Path) -> list[Any]:
    query = (
        "SELECT a.student_id, SUM(g.auto_score) FROM grade g"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id"
        f" WHERE a.student_id IN {CORRECT} GROUP BY 1 ORDER BY 1"
    )
    with sqlite3.connect(course / "gradebook.db") as book:
        found = book.execute(query).fetchall()
    book.close()
    return found


# --- growth ---------------------------------------------------------------------------------------


def growth(root: Path) -> str:
    rows, again, book = [], Watched(), Watched()
    for size in SIZES:
        course = root / str(size)
        course.mkdir()
        small.make(course)
        released = read_notebook(release.registered(course, "small")[0])
        for number in range(size):
            notebook = small.submission(released, None, {})
            notebook.cells[-1].source = f"Antwort {number}"
            small.write(course, f"student{number:03}", notebook)
        first = kischule(course, "small", "--jobs", "2")
        again = kischule(course, "small")
        for folder in ("autograded", ".kischule/written"):
            shutil.rmtree(course / folder)
        (course / "gradebook.db").unlink()
        book = kischule(course, "small")
        rows.append(
            [
                f"{size}",
                f"{first.seconds:.1f}",
                f"{60 * size / first.seconds:.0f}",
                f"{first.seconds / size:.2f}",
                f"{first.computed / size:.2f}",
                f"{first.memory >> 20:,}",
                f"{again.seconds:.1f}",
                f"{book.seconds:.1f}",
                f"{(book.seconds - again.seconds) / size:.2f}",
            ]
        )
    head = ["submissions", "s", "a minute", "s each", "CPU s each", "memory, MB", "again, s"]
    head += ["gradebook from records, s", "s each"]
    return f"""## Growth

Small submissions (three exercises), two workers; start-up included. *Again*: the same command a second time, everything
unchanged. *Gradebook from records*: a third time, after the gradebook and `autograded/` were deleted.

{table(head, rows)}"""


# --- models of GPT-2's sizes -----------------------------------------------------------------------


def large_models(root: Path) -> str:
    os.environ[SHARED_VARIABLE] = str(root / "models")
    rows = []
    for name in ("gpt2", "gpt2-medium"):
        shaped.make(root / "models" / name, shaped.config(name))
        rows += _in_kernels(name)
    head = ["", "s: ready + 40 tokens", "all, MB", "more, MB"]
    return f"""## Models of GPT-2's sizes

Random weights in the published shapes, float32: `gpt2` has {FAMILY["gpt2"].memory / 1e6:.0f} MB of them, `gpt2-medium` {FAMILY["gpt2-medium"].memory / 1e6:,.0f} MB.
Each kernel in the sandbox loads the model by name and generates 40 tokens on one thread. The weights are
shared; the last column is the memory that a kernel adds.

{table(head, rows)}
{_graded_with(root, "gpt2")}"""


def _in_kernels(name: str) -> list[list[str]]:
    began = time.monotonic()
    server = servers.shared(name)
    server.ready()
    ready = time.monotonic() - began
    before = memory.used(server.pid)
    rows = [[f"`{name}`: fork server, loaded", f"{ready:.1f}", f"{before >> 20:,}", ""]]
    source = (
        "import kischule, torch\n"
        f"tokenizer, model = kischule.load({name!r})\n"
        "ids = torch.tensor([[464, 1468, 5822]])\n"
        "text = model.generate(ids, max_length=40, do_sample=False, pad_token_id=0)"
    )
    with _kernels(name) as start:
        for number in range(1, 4):
            began = time.monotonic()
            ready = start(source)
            took = time.monotonic() - began
            now = memory.used(server.pid)
            rows.append(
                [
                    f"`{name}`: kernel {number}",
                    f"{ready:.2f} + {took - ready:.1f}",
                    f"{now >> 20:,}",
                    f"{(now - before) >> 20:,}",
                ]
            )
            before = now
    servers.close_all()
    return rows


def _graded_with(root: Path, name: str) -> str:
    """The reference's submission, all exercises, with the checks' cases for this model."""
    course = root / "course"
    students = demo_course(course, stock=False)
    for student in students:
        if student != CORRECT[0]:
            shutil.rmtree(course / "submitted" / student)
    options = ("--jobs", "1", "--force")
    mini = kischule(course, ASSIGNMENT, *options)
    first = kischule(course, ASSIGNMENT, *options, "--model", name)
    again = kischule(course, ASSIGNMENT, *options, "--model", name)
    records = (course / ".kischule" / "records" / ASSIGNMENT).glob("*.json")
    record = json.loads(max(records, key=lambda path: path.stat().st_mtime).read_bytes())
    rows = [
        [label, f"{w.seconds:.0f}", f"{w.memory >> 20:,}"]
        for label, w in (
            ("`--model mini`", mini),
            (f"`--model {name}`, the first time: its replies are computed", first),
            (f"`--model {name}`, from then on", again),
        )
    ]
    head = ["`kischule grade --jobs 1`, one submission, start-up included", "s", "memory, MB"]
    return f"""The reference solution, all exercises, graded with `{name}` in place of `mini`; its kernel had
{record["memory"] >> 20} MB of its own.

{table(head, rows)}"""


@contextmanager
def _kernels(model: str) -> Iterator[Callable[[str], float]]:
    """Start kernels that stay, and run a cell in each; returns the seconds until it was ready."""
    import nbformat

    from autograder.grading.kernel import Kernel
    from autograder.grading.settings import Settings

    started: list[Any] = []

    def start(source: str) -> float:
        cell = nbformat.v4.new_code_cell(source)
        kernel = Kernel(nbformat.v4.new_notebook(cells=[cell]), Settings(model=model))
        started.append(kernel)
        began = time.monotonic()
        kernel.start()
        ready = time.monotonic() - began
        kernel.execute(cell, 0, 120)
        assert not any(o.output_type == "error" for o in cell.outputs), cell.outputs
        return ready

    try:
        yield start
    finally:
        for kernel in started:
            kernel.close()


# --- hidden cases -------------------------------------------------------------------------------------


def hidden_cases_of_a_class(root: Path) -> str:
    """Computing, not time by the clock, so that a busy machine changes little."""
    from autograder.checking.check import hidden_cases
    from autograder.grading.variants import Variants
    from autograder.sandbox.models import model_of

    torch.set_num_threads(1)
    model_of()
    exercises, course = list(EXERCISES.values()), Variants("s" * 64, "bench", root)

    def computed(make: Callable[..., Any], number: int) -> float:
        began = time.process_time()
        for exercise in exercises:
            make(exercise, f"submission {number}")
        return time.process_time() - began

    computed(hidden_cases, -1)
    fresh = [computed(hidden_cases, number) for number in range(ANEW)]
    pooled = [computed(course.cases, number) for number in range(CLASS)]
    each = sum(pooled) / CLASS
    anew = sum(fresh) / ANEW
    rows = [
        ["anew for each submission", f"{ANEW}", f"{anew:.2f}", "1.0"],
        ["32 variants a course", f"{CLASS}", f"{each:.2f}", f"{anew / each:.1f}"],
        ["the same, the last 100", "100", f"{sum(pooled[-100:]) / 100:.3f}", ""],
    ]
    return f"""## Hidden cases of a class

CPU seconds of one process, on one thread, to make the hidden cases of all exercises of A7_2; the variants are made on the way.

{table(["", "submissions", "CPU s a submission", "× anew"], rows)}"""


# --- seeded generation --------------------------------------------------------------------------------


def generation(_: Path) -> str:
    import kischule

    tokenizer, model = kischule.load("mini", "cpu")
    ids = tokenizer("Once upon a time", return_tensors="pt").input_ids
    length = ids.shape[1] + 64
    settings = [
        {"do_sample": True, "temperature": t, "top_p": p, "max_length": length}
        for t in (0.3, 0.7, 1.0, 1.5)
        for p in (0.5, 0.8, 0.95, None)
    ]
    # texts of full length in both
    model.generation_config.eos_token_id = model.config.eos_token_id = None

    def theirs(count: int) -> None:
        for setting in settings[:count]:
            model.generate(ids, attention_mask=torch.ones_like(ids), top_k=None, **setting)

    def ours(count: int) -> None:
        kischule.generate_texts(tokenizer, model, "Once upon a time", settings[:count], seed=1)

    rows = []
    for count, rounds in ((1, 15), (16, 5)):
        pairs = [(_timed(theirs, count), _timed(ours, count)) for _ in range(rounds + 1)][1:]
        a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        rows.append([f"{count} x 64", f"{a * 1000:,.0f}", f"{b * 1000:,.0f}", f"{ratio:.2f}"])
    return f"""## Seeded generation

Texts of 64 new tokens from the embedded model on {torch.get_num_threads()} threads: `model.generate`, one setting after the other, and
`kischule.generate_texts`, all settings in one pass, each text from its own seed. In turn, in one process; medians, and the
median of the paired ratios.

{table(["texts x tokens", "`model.generate`, ms", "`kischule.generate_texts`, ms", "ratio"], rows)}"""


def _timed(work: Callable[[int], None], count: int) -> float:
    began = time.perf_counter()
    work(count)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
