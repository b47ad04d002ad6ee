"""The trusted worker: cells in a kernel, checks outside, kernels that end and come back."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import RELEASE, drawn, reference_cells

from autograder.checking.check import run_check
from autograder.course.release import read_notebook
from autograder.exercises.exercise import exercise_ids, load_exercise
from autograder.exercises.known import known_correct, known_wrong
from autograder.grading import kernel as kernels
from autograder.grading.kernel import Kernel, KernelStudent, Settings
from autograder.grading.worker import Run, run_submission
from autograder.notebooks.cells import nbgrader_of
from autograder.sandbox.student import LocalStudent

SANDBOX = pytest.param(
    "sandbox", marks=pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
)
SEED = "of the tests"
WANTED = ("setup", "encode_prompt", "filter_top_k", "repetition_rate")


def notebook(*more: tuple[str, str], **replaced: str) -> Any:
    """Three exercises, solved; more: cells of a student's own, each before the one named."""
    made = read_notebook(RELEASE)
    solved = {**reference_cells(), **replaced}
    named = [f"{p}{n}" for n in WANTED for p in ("", "test_", "drawn_")]
    made.cells = [c for c in made.cells if nbgrader_of(c).get("grade_id") in named]
    for cell in made.cells:
        cell.source = solved.get(nbgrader_of(cell)["grade_id"], cell.source)
    for before, source in more:
        place = next(i for i, c in enumerate(made.cells) if c.id == before)
        made.cells.insert(place, nbformat.v4.new_code_cell(source, id=f"added-{place}"))
    return made


def graded(made: Any, **settings: Any) -> Run:
    return run_submission(made, "a seed of the tests", Settings(**{"time_limit": 5, **settings}))


def passed(run: Run) -> dict[str, bool | None]:
    return {r.grade_id: r.passed for r in run.results}


ALL = {f"{p}_{n}": True for n in WANTED[1:] for p in ("test", "drawn")}


@pytest.mark.parametrize("isolation", [SANDBOX, "process"])
def test_a_correct_notebook_passes_with_each_isolation(isolation: str) -> None:
    run = graded(notebook(), isolation=isolation)
    assert passed(run) == ALL
    assert (run.status, run.flags) == ("graded", [])


def test_outputs_and_outcomes_are_in_the_notebook() -> None:
    run = graded(notebook(("test_filter_top_k", "print('hier'); check('filter_top_k'); 1 / 0")))
    cells = {c.id: c for c in run.notebook.cells}
    own = next(c for c in run.notebook.cells if c.id.startswith("added"))
    assert own.outputs[0].text == "hier\n"  # `check` in a student's own cell does no harm
    assert own.outputs[-1].ename == "ZeroDivisionError"
    assert cells["test_filter_top_k"].outputs[0].data["text/plain"] == "1"
    assert "bestanden" in cells["test_filter_top_k"].outputs[0].data["text/html"]
    assert cells["test_filter_top_k"].source == 'check("filter_top_k")'


@pytest.mark.parametrize("isolation", [SANDBOX, "process"])
def test_a_picture_is_kept(isolation: str) -> None:
    drawn = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    shown = "figure, axes = plt.subplots(); plt.close(figure); display(figure)"
    made = notebook(("encode_prompt", drawn), ("encode_prompt", shown))
    run = graded(made, isolation=isolation, time_limit=20)
    own = [c for c in run.notebook.cells if c.id.startswith("added")]
    assert [[list(o.data) for o in c.outputs] for c in own] == [[["text/plain", "image/png"]]] * 2


def test_the_order_is_the_notebooks() -> None:
    """What a later cell does to a function does not count for the tests before it."""
    run = graded(notebook(("test_repetition_rate", "del filter_top_k, repetition_rate")))
    assert passed(run) == {**ALL, "test_repetition_rate": False, "drawn_repetition_rate": False}
    message = {r.grade_id: r.message for r in run.results}["test_repetition_rate"]
    assert "Die Funktion ist nicht definiert." in message


def test_a_kernel_that_ends_is_started_again_with_what_was_defined() -> None:
    run = graded(
        notebook(
            ("filter_top_k", "kept = 5"),
            ("filter_top_k", "from IPython.display import HTML; HTML('<script>alert(1)</script>')"),
            ("test_repetition_rate", "import os; os._exit(1)"),
            ("drawn_repetition_rate", "assert kept == 5"),
        )
    )
    assert passed(run) == ALL
    assert not any("<script>" in str(c.get("outputs")) for c in run.notebook.cells)
    (flag,) = run.flags
    assert flag.startswith("kernel ended (died): added-")
    assert not any(
        o.get("ename") == "AssertionError" for c in run.notebook.cells for o in c.get("outputs", [])
    )


def test_a_cell_that_never_ends_costs_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "GRACE", 1.0)
    began = time.monotonic()
    run = graded(
        notebook(("filter_top_k", "while True: pass"), ("repetition_rate", "sum(range(10**13))")),
        time_limit=2,
    )
    assert passed(run) == ALL
    assert run.status == "timeout"
    assert len(run.flags) == 1  # the second one had to be ended
    assert time.monotonic() - began < 20


def test_a_call_that_ends_the_kernel_is_a_mistake_of_that_exercise() -> None:
    source = "def filter_top_k(logits, k):\n    import os\n    os._exit(0)"
    run = graded(notebook(filter_top_k=source))
    assert passed(run) == {**ALL, "test_filter_top_k": False, "drawn_filter_top_k": False}
    message = {r.grade_id: r.message for r in run.results}["test_filter_top_k"]
    assert "Der Aufruf beendet den Kernel." in message


def test_a_hand_in_has_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "GRACE", 1.0)
    slow = [("repetition_rate", "import time; time.sleep(30)")] * 5
    began = time.monotonic()
    run = graded(notebook(*slow), time_limit=3, submission_limit=5)
    assert run.status == "timeout"
    assert time.monotonic() - began < 15
    found = passed(run)
    assert found["test_filter_top_k"] is True  # before the time was up
    assert found["drawn_repetition_rate"] is False
    assert (
        "für die ganze Abgabe waren um"
        in {r.grade_id: r.message for r in run.results}["drawn_repetition_rate"]
    )


def test_memory_is_limited() -> None:
    run = graded(
        notebook(
            ("filter_top_k", "import mmap\nm = mmap.mmap(-1, 1 << 29); m.write(b'x' * (1 << 29))")
        ),
        memory=256,
    )
    assert run.status in ("memory", "graded")  # ended from outside, or refused by Linux
    assert passed(run) == ALL
    run = graded(notebook(("filter_top_k", "import torch; torch.ones(1 << 28)")), memory=256)
    assert passed(run) == ALL


def test_a_check_that_fails_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(
        "autograder.checking.checkers.JUDGES",
        {"kept": broken, "ids": broken, "number": broken, "truth": broken},
    )
    run = graded(notebook())
    assert set(passed(run).values()) == {None}
    assert "check failed: test_filter_top_k" in run.flags


# --- the same verdicts as in this process -------------------------------------------------------


@pytest.fixture(scope="module")
def student() -> Iterator[Callable[[dict[str, str]], KernelStudent]]:
    made = nbformat.v4.new_notebook()
    kernel = Kernel(made, Settings(submission_limit=600))
    kernel.start()

    def defined(solutions: dict[str, str]) -> KernelStudent:
        for source in ["import torch", *solutions.values()]:
            made.cells = [nbformat.v4.new_code_cell(source)]
            kernel.execute(made.cells[0], 0, 20)
            assert not [o for o in made.cells[0].outputs if o.output_type == "error"]
        return KernelStudent(kernel)

    yield defined
    kernel.close()


@pytest.mark.parametrize("name", exercise_ids())
def test_a_kernel_gives_the_outcomes_that_this_process_gives(
    name: str, student: Callable[[dict[str, str]], KernelStudent]
) -> None:
    """The first wrong solutions and a correct one of each exercise, public and drawn."""
    from autograder.course.verify import namespace

    code = {n: t for n, t in reference_cells().items() if not n.startswith("observation_")}
    answers = [a.source for n, a in known_wrong(name).items() if a.kind != "timeout"][:2]
    answers.append(next(iter(known_correct(name).values())))
    exercise = load_exercise(name)
    for source in answers:
        solutions = {**code, name: source}
        here, there = LocalStudent(namespace(solutions)), student(solutions)
        for seed, cases in ((None, exercise.cases), (SEED, drawn(name, SEED))):
            expected = run_check(exercise, here, seed, cases)
            found = run_check(exercise, there, seed, cases)
            same = ("passed", "points", "kind", "rule", "cases")
            assert [getattr(found, n) for n in same] == [getattr(expected, n) for n in same], source


def test_the_source_is_left_as_it_was() -> None:
    made = notebook()
    before = copy.deepcopy([c.source for c in made.cells])
    assert [c.source for c in graded(made).notebook.cells] == before
    assert not Path("kernel.json").exists()
