"""Findings of a run: cells that stop, and names that only a notebook with a past has."""

import difflib
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.checking.imports import import_line, missing_name
from autograder.checking.result import result_in
from autograder.notebooks.cells import is_solution
from autograder.notebooks.names import BUILTINS, names
from autograder.notebooks.running import execute
from autograder.precheck.cells import Cell
from autograder.precheck.findings import Finding, at
from autograder.precheck.messages import FINDINGS
from autograder.precheck.results import one_line
from autograder.sandbox.shell import NOTE_MIME
from kischule.i18n import Text


def run(
    cells: Sequence[Cell], release: Any, folder: Path, time_limit_s: float
) -> Iterator[Finding]:
    """Run the cells; their nodes get the outputs."""
    running = [cell for cell in cells if cell.runs]
    notebook = nbformat.v4.new_notebook(cells=[cell.node for cell in running])
    begun: list[int] = []
    try:  # ipykernel's parting words on stderr are of no use
        quiet = subprocess.DEVNULL
        execute(notebook, folder, time_limit_s, stderr=quiet, begun=begun, unattended=True)
    except RuntimeError:  # nbclient's, for a kernel that ended
        if begun:
            yield at(running[begun[-1]], "died", "died")
        else:
            yield Finding("died", FINDINGS["no_kernel"])
    found: dict[str, Finding] = {}
    for index in range(len(cells)):
        for key, finding in _stopped(cells, index, release, time_limit_s):
            found.setdefault(key, finding)
    yield from found.values()
    for cell in cells:
        if cell.by_student:
            yield from _notes(cell)


def _notes(cell: Cell) -> Iterator[Finding]:
    """The lines of a cell that do nothing during grading, as its outputs say."""
    notes = [output.get("data", {}).get(NOTE_MIME) for output in cell.node.get("outputs", [])]
    for note in filter(None, notes):
        message = FINDINGS["note"].format(cell=cell.place, note=Text(**note))
        yield Finding("note", message, cell.number, cell.grade_id, fix=False)


def _stopped(
    cells: Sequence[Cell], index: int, release: Any, time_limit_s: float
) -> Iterator[tuple[str, Finding]]:
    """The reason that stopped a cell, under a key that is the same for the same reason."""
    cell = cells[index]
    error = cell.error
    missing = {name} if (name := missing_name(_error_text(cell))) else set()
    for name in sorted(missing if cell.runs else _never_defined(cells, index)):
        if finding := _missing_name(cells, index, name, release):
            yield name, finding
    if error is None or missing:
        return
    if error.ename == "KeyboardInterrupt":
        yield f"slow {index}", at(cell, "slow", "slow", seconds=f"{time_limit_s:g}")
    elif not cell.test and error.ename != "NotImplementedError":  # empty cells have a finding
        yield f"raised {index}", _raised(cell)


def _error_text(cell: Cell) -> str:
    """The error that stopped a cell, or that a test cell's check found; "" if there was none."""
    if cell.error:
        return f"{cell.error.ename}: {cell.error.evalue}"
    result = result_in(cell.node.outputs, cell.test) if cell.test else None
    return result.error if result else ""


def _never_defined(cells: Sequence[Cell], index: int) -> set[str]:
    """Names that a cell which did not run uses and that no cell up to it defines."""
    before = cells[: index + 1]
    if any(cell.bound.everything_from for cell in before):
        return set()
    return cells[index].used - BUILTINS - set().union(*(cell.defined for cell in before))


def _missing_name(cells: Sequence[Cell], index: int, name: str, release: Any) -> Finding | None:
    """The reason that a cell does not find a name; None if another finding covers it."""
    user = _using_cell(cells, index, name)
    kind = "" if user is cells[index] else "names"
    made = [i for i, cell in enumerate(cells) if name in cell.defined]
    before = [i for i in made if i < index]
    if any(cells[i].error or not cells[i].runs for i in before):
        return None  # it follows from an earlier error
    if before or index in made:
        return _raised(cells[index]) if cells[index].error and not cells[index].test else None
    if made:
        return at(user, kind or "order", "order", name=name, other=cells[made[0]].place)
    for cell in release.cells:
        if cell.cell_type == "code" and name in names(cell.source)[1]:
            if is_solution(cell):
                return None  # a missing function of an exercise has a finding
            where = Cell(cell, None, "released").place.strip("()")
            return at(user, kind or "order", "lost", name=name, other=where)
    if line := import_line(name):
        return at(user, kind or "import", "import", name=name, line=line)
    words = set(re.findall(r"[^\W\d]\w*", user.node.source)) - {name}
    words |= set(BUILTINS).union(*(cell.defined for cell in cells[: index + 1]))
    close = "".join(difflib.get_close_matches(name, sorted(words), 1, 0.75))
    key = "similar" if close else "unknown"
    return at(user, kind or "import", key, name=name, close=close)


def _using_cell(cells: Sequence[Cell], index: int, name: str) -> Cell:
    """The cell whose code uses the name: this one, or an earlier one whose function it calls."""
    solution = [c for c in cells if c.origin == "solution" and c.grade_id == cells[index].test]
    before = [c for c in reversed(cells[:index]) if c.by_student]
    return next((c for c in (cells[index], *solution, *before) if name in c.used), cells[index])


def _raised(cell: Cell) -> Finding:
    return at(cell, "raised", "raised", error=one_line(cell.error))
