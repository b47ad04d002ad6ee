"""A run of the notebook, and its findings: cells that stop, names that only a past gave it."""

import difflib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import nbformat

from autograder.checking.imports import import_line, missing_name
from autograder.checking.result import Result, result_in
from autograder.notebooks.cells import is_solution
from autograder.notebooks.names import BUILTINS, names
from autograder.notebooks.running import execute
from autograder.notebooks.starting import StartedKernel
from autograder.precheck.cells import Cell, Costs, reachable
from autograder.precheck.findings import Finding, at
from autograder.precheck.kernel import start_kernel
from autograder.precheck.messages import FINDINGS
from autograder.precheck.results import one_line
from autograder.sandbox.text import NOTE_MIME
from kischule.i18n import Text

OnExercise = Callable[[int, int, str], None]  # number and count of exercises, the exercise
# a check that runs whatever the student's cells have made of `check`, `display` and the settings
CHECK = '__import__("IPython").display.display(__import__("autograder").check({name!r}))'
KERNEL_DIED = "died"  # the name of an error output, where the kernel ended
TOTAL_CELLS = 10  # starting anew takes no longer than this many cells at their limit


def run(
    cells: Sequence[Cell],
    time_limit_s: float,
    progress: OnExercise = lambda *_: None,
    kernel: StartedKernel | None = None,
) -> Finding | None:
    """Run the cells; their nodes get the outputs. A finding where no kernel starts.

    kernel: of `start_kernel`; None: it is started now. One that ends is replaced, and the cell that
    ended it left out, as in grading.
    """
    left = [cell for cell in cells if cell.runs]
    tests = [cell for cell in left if cell.test]
    until = time.monotonic() + TOTAL_CELLS * time_limit_s
    ended = 0
    while left and ended >= 0 and time.monotonic() < until:
        begun: list[int] = []

        def began(index: int, cells: list[Cell] = left, begun: list[int] = begun) -> None:
            begun.append(index)
            if cells[index].test:
                progress(tests.index(cells[index]) + 1, len(tests), cells[index].test)

        with kernel or start_kernel() as fresh:
            ended = _run_once(left, fresh, time_limit_s, began, begun)
        kernel = None
        if not begun:
            return Finding("died", FINDINGS["no_kernel"])
        left = [cell for i, cell in enumerate(left) if i > ended or (i < ended and not cell.test)]
    return None


def _run_once(
    cells: Sequence[Cell],
    kernel: StartedKernel,
    time_limit_s: float,
    began: Callable[[int], None],
    begun: list[int],
) -> int:
    """Run the cells in a fresh kernel; the index of the one that ended it, or -1."""
    sources = [CHECK.format(name=c.test) if c.test else c.node.source for c in cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    ended = -1
    try:
        execute(notebook, kernel, time_limit_s, began)
    except RuntimeError:  # nbclient's, for a kernel that ended
        if begun:
            ended = begun[-1]
            error = nbformat.v4.new_output("error", ename=KERNEL_DIED, evalue="", traceback=[])
            notebook.cells[ended].outputs.append(error)
    for index in begun:
        cells[index].node.outputs = notebook.cells[index].outputs
    return ended


# --- findings -----------------------------------------------------------------------------------


def stops(
    cells: Sequence[Cell],
    results: Mapping[str, Result],
    release: Any,
    time_limit_s: float,
    costs: Costs,
) -> Iterator[Finding]:
    """The findings of a run. results: by exercise."""
    found: dict[str, Finding] = {}
    for index in range(len(cells)):
        for key, finding in _stopped(cells, index, release, costs):
            found.setdefault(key, finding)
        if (error := cells[index].error) and not missing_name(_error_text(cells[index])):
            for finding in _raised(cells, index, results, time_limit_s, costs):
                found[f"{error.ename} {index}"] = finding
    yield from found.values()
    for cell in cells:
        if cell.by_student:
            yield from _notes(cell, costs)


def _notes(cell: Cell, costs: Costs) -> Iterator[Finding]:
    """The lines of a cell that do nothing during grading, as its outputs say."""
    notes = [output.get("data", {}).get(NOTE_MIME) for output in cell.node.get("outputs", [])]
    for note in filter(None, notes):
        yield at(cell, "note", "note", costs.of(cell), note=Text(**note))


def _stopped(
    cells: Sequence[Cell], index: int, release: Any, costs: Costs
) -> Iterator[tuple[str, Finding]]:
    """The names that a cell does not find, each with its finding."""
    cell = cells[index]
    missing = {name} if (name := missing_name(_error_text(cell))) else set()
    for name in sorted(missing if cell.runs else _never_defined(cells, index)):
        if finding := _missing_name(cells, index, name, release, costs):
            yield name, finding


def _raised(
    cells: Sequence[Cell],
    index: int,
    results: Mapping[str, Result],
    time_limit_s: float,
    costs: Costs,
) -> Iterator[Finding]:
    """The error that stopped a cell, unless an exercise's result says it, or follows from one."""
    cell = cells[index]
    error, cost = cell.error, costs.of(cell)
    result = results.get(cell.grade_id)
    if cell.test or error.ename == "NotImplementedError":
        return  # the exercise's result says so
    if not cell.by_student:
        used = reachable(cells, cell.used)
        failed = [r.exercise for r in results.values() if not r.passed]
        broken = (c.defined for c in cells if c.grade_id in failed)
        if used & set(failed).union(*broken):
            return  # by that exercise's function
    if error.ename == KERNEL_DIED and cell.by_student:
        yield at(cell, "died", "died", cost)
    elif error.ename == KERNEL_DIED:
        before = [c for c in cells[:index] if c.by_student]
        yield at(before[-1] if before else cell, "died", "died_later", cost, other=cell.place)
    elif error.ename == "KeyboardInterrupt":
        yield at(cell, "slow", "slow", cost, seconds=f"{time_limit_s:g}")
    elif not cell.by_student:
        yield at(cell, "raised", "given", cost, error=one_line(error))
    elif not (result and result.kind == "missing"):
        yield _own_error(cell, costs)


def _own_error(cell: Cell, costs: Costs) -> Finding:
    return at(cell, "raised", "raised", costs.of(cell), error=one_line(cell.error))


def _error_text(cell: Cell) -> str:
    """The error that stopped a cell, or that a test cell's check found; "" if there was none."""
    if cell.error:
        return f"{cell.error.ename}: {cell.error.evalue}"
    result = result_in(cell.node.outputs, cell.test) if cell.test else None
    return result.error if result else ""


def _never_defined(cells: Sequence[Cell], index: int) -> frozenset[str]:
    """Names that a cell which did not run uses and that no cell up to it defines."""
    before = cells[: index + 1]
    if any(cell.bound.everything_from for cell in before):
        return frozenset()
    return cells[index].used - BUILTINS - set().union(*(cell.defined for cell in before))


def _missing_name(
    cells: Sequence[Cell], index: int, name: str, release: Any, costs: Costs
) -> Finding | None:
    """The reason that a cell does not find a name; None if another finding covers it."""
    user = _using_cell(cells, index, name)
    kind, cost = "" if user is cells[index] else "names", costs.of(user)
    made = [i for i, cell in enumerate(cells) if name in cell.defined]
    before = [i for i in made if i < index]
    if any(cells[i].error or not cells[i].runs for i in before):
        return None  # it follows from an earlier error
    if before or index in made:
        test = cells[index].test
        return _own_error(cells[index], costs) if cells[index].error and not test else None
    if made:
        return at(user, kind or "order", "order", cost, name=name, other=cells[made[0]].place)
    for cell in release.cells:
        if cell.cell_type == "code" and name in names(cell.source)[1]:
            if is_solution(cell):
                return None  # a missing function of an exercise has a finding
            where = Cell(cell, None, "released").place.strip("()")
            return at(user, kind or "order", "lost", cost, name=name, other=where)
    if line := import_line(name):
        return at(user, kind or "import", "import", cost, name=name, line=line)
    words = set(re.findall(r"[^\W\d]\w*", user.node.source)) - {name}
    words |= set(BUILTINS).union(*(cell.defined for cell in cells[: index + 1]))
    close = "".join(difflib.get_close_matches(name, sorted(words), 1, 0.75))
    key = "similar" if close else "unknown"
    return at(user, kind or "import", key, cost, name=name, close=close)


def _using_cell(cells: Sequence[Cell], index: int, name: str) -> Cell:
    """The cell whose code uses the name: this one, or an earlier one whose function it calls."""
    solution = [c for c in cells if c.origin == "solution" and c.grade_id == cells[index].test]
    before = [c for c in reversed(cells[:index]) if c.by_student]
    return next((c for c in (cells[index], *solution, *before) if name in c.used), cells[index])
