"""The trusted worker: cells in a kernel, checks outside, kernels that end and come back."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import pytest
from support.notebooks import (
    EXERCISES,
    THREE,
    hidden,
    packaged_code,
    reference_cells,
    three_exercises,
)
from support.own import own_exercise

from autograder.checking.check import run_check
from autograder.checking.registry import CHECKERS
from autograder.checking.solution import ReferenceFailedError
from autograder.exercises.exercise import (
    PACKAGED,
    Reference,
    with_reference,
)
from autograder.exercises.known import known_correct, known_wrong
from autograder.grading import kernel as kernels
from autograder.grading.kernel import Kernel, KernelStudent
from autograder.grading.record import Status
from autograder.grading.settings import Settings
from autograder.grading.worker import Run, run_submission
from autograder.notebooks.flags import Flag, FlagKind
from autograder.sandbox.student import LocalStudent

SANDBOX = pytest.param(
    "namespaces",
    marks=pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux"),
)
SEED = "of the tests"


def graded(made: Any, **settings: Any) -> Run:
    chosen = Settings(**{"time_limit_s": 5, **settings})
    return run_submission(made, "a seed of the tests", chosen, EXERCISES)


def passed(run: Run) -> dict[str, bool | None]:
    return {r.grade_id: r.passed for r in run.results}


def told(run: Run) -> dict[str, str]:
    return {r.grade_id: r.told("de") for r in run.results}


ALL = {f"{p}_{n}": True for n in THREE[1:] for p in ("test", "hidden")}


@pytest.mark.parametrize("isolation", [SANDBOX, "process"])
def test_a_correct_notebook_passes_with_each_isolation(isolation: str) -> None:
    run = graded(three_exercises(), isolation=isolation)
    assert passed(run) == ALL
    assert (run.status, run.flags) == (Status.GRADED, [])


def test_outputs_and_results_are_in_the_notebook() -> None:
    calls = "check('filter_top_k'); hint('filter_top_k', 2)"
    calls += "; from autograder import table_model; table_model([1, 2])"
    run = graded(three_exercises(("test_filter_top_k", f"print('hier'); {calls}; 1 / 0")))
    cells = {c.id: c for c in run.notebook.cells}
    own = next(c for c in run.notebook.cells if c.id.startswith("added"))
    assert own.outputs[0].text == "hier\n"  # `check` and `hint` in a student's own cell do no harm
    assert own.outputs[-1].ename == "ZeroDivisionError"
    assert cells["test_filter_top_k"].outputs[0].data["text/plain"] == "passed"
    assert "bestanden" in cells["test_filter_top_k"].outputs[0].data["text/html"]
    assert cells["test_filter_top_k"].source == 'check("filter_top_k")'


@pytest.mark.parametrize("isolation", [SANDBOX, "process"])
def test_a_picture_is_kept(isolation: str) -> None:
    plotting = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    shown = "figure, axes = plt.subplots(); plt.close(figure); display(figure)"
    made = three_exercises(("encode_prompt", plotting), ("encode_prompt", shown))
    run = graded(made, isolation=isolation, time_limit_s=20)
    own = [c for c in run.notebook.cells if c.id.startswith("added")]
    assert [[list(o.data) for o in c.outputs] for c in own] == [[["text/plain", "image/png"]]] * 2


def test_a_line_that_cannot_work_is_skipped_with_a_note() -> None:
    source = reference_cells()["filter_top_k"]
    inside = source.replace("    if not k:", "    !nvidia-smi\n    input('k? ')\n    if not k:")
    run = graded(three_exercises(filter_top_k=f"!pip install -q torch\n{inside}"))
    assert passed(run) == ALL
    (cell,) = (c for c in run.notebook.cells if c.id == "filter_top_k")
    notes = [output.data["text/plain"] for output in cell.outputs]
    lines = [note.split("`")[1] for note in notes]
    assert sorted(lines) == ["!nvidia-smi", "!pip install -q torch", "input()"]


def test_cells_run_in_the_notebooks_order() -> None:
    """A later cell changes nothing for the tests before it."""
    run = graded(three_exercises(("test_repetition_rate", "del filter_top_k, repetition_rate")))
    assert passed(run) == {**ALL, "test_repetition_rate": False, "hidden_repetition_rate": False}
    assert "gibt es die Funktion `repetition_rate` nicht." in told(run)["test_repetition_rate"]


def test_a_kernel_that_ends_is_started_again_in_its_state() -> None:
    run = graded(
        three_exercises(
            ("filter_top_k", "kept = 5"),
            ("filter_top_k", "from IPython.display import HTML; HTML('<script>alert(1)</script>')"),
            ("test_repetition_rate", "import ctypes; ctypes.string_at(0)"),
            ("hidden_repetition_rate", "assert kept == 5"),
        )
    )
    assert passed(run) == ALL
    assert not any("<script>" in str(c.get("outputs")) for c in run.notebook.cells)
    (flag,) = run.flags
    assert (flag.kind, flag.why.en) == (FlagKind.KERNEL_ENDED, "died")
    assert str(flag).startswith("kernel ended (died): added-")
    assert not any(
        o.get("ename") == "AssertionError" for c in run.notebook.cells for o in c.get("outputs", [])
    )


def test_a_cell_that_never_ends_costs_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "GRACE_S", 1.0)
    began = time.monotonic()
    run = graded(
        three_exercises(
            ("filter_top_k", "while True: pass"), ("repetition_rate", "sum(range(10**13))")
        ),
        time_limit_s=2,
    )
    assert passed(run) == ALL
    assert run.status == Status.TIMEOUT
    assert len(run.flags) == 1  # the second one had to be ended
    assert time.monotonic() - began < 40


def test_a_call_that_ends_the_kernel_fails_that_exercise() -> None:
    source = "def filter_top_k(logits, k):\n    import ctypes\n    ctypes.string_at(0)"
    run = graded(three_exercises(filter_top_k=source))
    assert passed(run) == {**ALL, "test_filter_top_k": False, "hidden_filter_top_k": False}
    assert "Der Aufruf beendet den Kernel." in told(run)["test_filter_top_k"]


def test_a_submission_has_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "GRACE_S", 1.0)
    slow = [("repetition_rate", "import time; time.sleep(30)")] * 5
    began = time.monotonic()
    run = graded(three_exercises(*slow), time_limit_s=3, submission_limit_s=5)
    assert run.status == Status.TIMEOUT
    assert time.monotonic() - began < 15
    found = passed(run)
    assert found["test_filter_top_k"] is True  # before the time was up
    assert found["hidden_repetition_rate"] is False
    assert "für die ganze Abgabe, " in told(run)["hidden_repetition_rate"]


@pytest.mark.parametrize("in_a_call", [False, True])
def test_waiting_without_computing_is_limited(
    monkeypatch: pytest.MonkeyPatch, in_a_call: bool
) -> None:
    monkeypatch.setattr("autograder.grading.patience.MAX_IDLE_S", 2.0)
    sleep = "import time\ntime.sleep(100)"
    body = f"def filter_top_k(logits, k):\n    {sleep!r}\n    exec({sleep!r})"
    slow = {"filter_top_k": body} if in_a_call else {}
    cells = [] if in_a_call else [("repetition_rate", sleep)] * 9
    began = time.monotonic()
    exercises = {n: replace(e, time_limit_s=1) for n, e in EXERCISES.items()}
    made = three_exercises(*cells, **slow)
    run = run_submission(made, SEED, Settings(time_limit_s=1.5), exercises)
    assert time.monotonic() - began < 30
    assert run.status == Status.TIMEOUT
    if not in_a_call:
        assert passed(run)["test_filter_top_k"] is True  # before it
    assert passed(run)["hidden_repetition_rate"] is False
    sentence = "haben über 2 s gewartet, ohne zu rechnen"
    assert sentence in told(run)["hidden_repetition_rate"]


def test_computing_is_no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.patience.MAX_IDLE_S", 2.0)
    run = graded(
        three_exercises(*[("repetition_rate", "while True: pass")] * 3),
        time_limit_s=2,
        isolation="namespaces",
    )
    assert passed(run) == ALL
    assert run.status == Status.TIMEOUT


def test_a_kernel_may_hang_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No interrupt reaches what is no Python; the second time it was enough."""
    monkeypatch.setattr(kernels, "GRACE_S", 1.0)
    hang = "sum(range(10**13))"
    run = graded(three_exercises(("repetition_rate", hang)), time_limit_s=2)
    assert passed(run) == ALL
    run = graded(three_exercises(*[("repetition_rate", hang)] * 9), time_limit_s=2)
    assert passed(run)["test_filter_top_k"] is True
    assert passed(run)["hidden_repetition_rate"] is False
    assert "2-mal so festgehangen" in told(run)["hidden_repetition_rate"]


def test_memory_is_limited() -> None:
    run = graded(
        three_exercises(
            ("filter_top_k", "import mmap\nm = mmap.mmap(-1, 1 << 29); m.write(b'x' * (1 << 29))")
        ),
        memory_mib=256,
    )
    assert run.status in (Status.MEMORY, Status.GRADED)  # ended from outside, or refused by Linux
    assert passed(run) == ALL
    run = graded(
        three_exercises(("filter_top_k", "import torch; torch.ones(1 << 28)")), memory_mib=256
    )
    assert passed(run) == ALL


def test_a_check_that_fails_itself_is_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    for name in ("kept", "ids", "number", "truth"):
        monkeypatch.setitem(CHECKERS, name, replace(CHECKERS[name], judge=broken))
    run = graded(three_exercises())
    assert set(passed(run).values()) == {None}
    assert Flag(FlagKind.CHECK_FAILED, "test_filter_top_k") in run.flags


# --- calls --------------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", [SANDBOX, "process"])
def test_a_call_publishes_no_state(isolation: str) -> None:
    """Between two cells there are replies alone, and what a call writes is no cell's output."""
    sources = (
        "import sys\nout = sys.stdout\ndef f(n):\n    out.write('x')\n    return n",
        "print(1)",
    )
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    kernel = Kernel(made, Settings(isolation=isolation))
    kernel.start()
    student, channel = KernelStudent(kernel), kernel._client.kc.iopub_channel
    kernel.execute(made.cells[0], 0, 20)
    replies = [student.call_all("f", [([("n", n)], {})], 5)[0].value for n in range(3)]
    published = []
    with suppress(Empty):
        while True:
            published.append(kernel._run(channel.get_msg(timeout=0.5))["msg_type"])
    kernel.execute(made.cells[1], 1, 20)
    kernel.close()
    assert replies == [0, 1, 2]
    assert set(published) <= {"stream"}
    assert [cell.outputs for cell in made.cells] == [
        [],
        [nbformat.v4.new_output("stream", text="1\n")],
    ]


# --- the same verdicts as in this process -------------------------------------------------------


@pytest.fixture(scope="module")
def student() -> Iterator[Callable[[dict[str, str]], KernelStudent]]:
    made = nbformat.v4.new_notebook()
    kernel = Kernel(made, Settings(submission_limit_s=600))
    kernel.start()

    def defined(sources: dict[str, str]) -> KernelStudent:
        made.cells = [nbformat.v4.new_code_cell("\n\n".join(["import torch", *sources.values()]))]
        kernel.execute(made.cells[0], 0, 20)
        assert not [o for o in made.cells[0].outputs if o.output_type == "error"]
        return KernelStudent(kernel)

    yield defined
    kernel.close()


@pytest.mark.parametrize("name", list(PACKAGED))
def test_a_kernel_gives_the_results_that_this_process_gives(
    name: str, student: Callable[[dict[str, str]], KernelStudent]
) -> None:
    """The first wrong solutions and a correct one of each exercise, public and hidden."""
    from autograder.course.verify import namespace

    code = packaged_code()
    sources = [a.source for a in known_wrong(name).values() if a.kind != "timeout"][:2]
    sources.append(next(iter(known_correct(name).values())))
    exercise = PACKAGED[name]
    for source in sources:
        cells = {**code, name: source}
        here, there = LocalStudent(namespace(cells)), student(cells)
        for seed, cases in ((None, exercise.cases), (SEED, hidden(name, SEED))):
            expected = run_check(exercise, here, seed, cases)
            found = run_check(exercise, there, seed, cases)
            same = ("passed", "points", "kind", "rule", "cases")
            assert [getattr(found, n) for n in same] == [getattr(expected, n) for n in same], source


def test_a_kernel_gives_them_for_a_solution_as_well(
    student: Callable[[dict[str, str]], KernelStudent],
) -> None:
    rule = "def shares(x):\n    if not x:\n        raise ValueError('empty')\n    return "
    cases = [{"x": [1, 3]}, {"x": [], "raises": "ValueError"}]
    keys = {"parameters": ["x"], "checker": "tensor", "cases": cases, "hidden": cases}
    exercise = own_exercise("shares", f"{rule}torch.tensor(x) / sum(x)", **keys)
    sources = {
        "import numpy as np\n" + rule + "np.array(x) / sum(x)": "",
        "class Empty(ValueError): pass\n"
        + rule.replace("ValueError(", "Empty(")
        + "torch.tensor(x).double() / sum(x)": "",
        rule.replace("ValueError", "KeyError") + "torch.tensor(x) / sum(x)": "other_error",
        "def shares(x): return torch.tensor(x) / max(sum(x), 1)": "no_error",
        rule + "[n / sum(x) for n in x]": "type",
        rule + "torch.tensor(x) / len(x)": "value",
    }
    for source, kind in sources.items():
        found = run_check(exercise, student({"": source}), SEED)
        assert (found.passed, found.kind) == (not kind, kind), str(found)


def test_a_broken_reference_stops_the_grading_of_it() -> None:
    """Nobody gets points, or loses them, by a teacher's mistake: the record says what to mend."""
    exercises = dict(EXERCISES)
    broken = "def filter_top_k(logits, k):\n    return logits[k + 99]"
    own = replace(PACKAGED["filter_top_k"], reference=Reference.SOLUTION, checker="tensor")
    exercises["filter_top_k"] = with_reference(own, broken)
    with pytest.raises(ReferenceFailedError, match=r"^filter_top_k: .*IndexError.*in line 2: "):
        run_submission(three_exercises(), SEED, Settings(time_limit_s=5), exercises)


def test_the_source_is_left_as_it_was() -> None:
    made = three_exercises()
    before = copy.deepcopy([c.source for c in made.cells])
    assert [c.source for c in graded(made).notebook.cells] == before
    assert not Path("kernel.json").exists()
