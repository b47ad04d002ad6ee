"""Cells of the release that only show something: they need not run where hand-ins are graded.

The source notebook says which: they have the tag `shows`. One that stands in a hand-in unchanged is
left out, unless something that the student wrote uses a name which it defines. Half of a hand-in's
time was theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograder.notebooks.cells import nbgrader_of
from autograder.notebooks.names import names

TAG = "shows"
# whoever says one of these may reach a name without saying it
_REFLECTION = {"globals", "locals", "vars", "dir", "eval", "exec", "compile", "__import__"}
_REFLECTION |= {"get_ipython", "importlib", "inspect", "sys", "gc", "__main__"}
_REFLECTION |= {
    "In",
    "Out",
    "_",
    "__",
    "___",
    "_i",
    "_ih",
    "_oh",
    "_dh",
    "__builtins__",
    "builtins",
}


def shows(cell: Any) -> bool:
    """Whether the cell has the tag."""
    return cell.get("cell_type") == "code" and TAG in cell.metadata.get("tags", [])


def left_out(cells: Sequence[Any]) -> set[int]:
    """The indices of cells that need not run, in a notebook from `intake.rebuild`."""
    used: set[str] = set()
    for cell in cells:
        theirs = nbgrader_of(cell).get("solution") or not nbgrader_of(cell)
        if cell.cell_type == "code" and theirs and not shows(cell):
            used |= names(cell.source)[0]
    if used & _REFLECTION:
        return set()
    shown = {i: names(cell.source) for i, cell in enumerate(cells) if shows(cell)}
    while needed := [i for i, (_, defined) in shown.items() if defined & used]:
        for index in needed:
            used |= shown.pop(index)[0]
    return set(shown)
