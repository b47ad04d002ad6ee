"""Display cells of the release: they only show something and need not run during grading.

The source notebook marks them with the tag `display-only`. One that is unchanged in a submission is
skipped, unless the student's own code uses a name that it defines. They took half of the time.
"""

from collections.abc import Sequence
from typing import Any

from autograder.notebooks.cells import Role, role
from autograder.notebooks.names import names

TAG = "display-only"
# with one of these, code may reach a name that it does not contain
_REFLECTION = {"globals", "locals", "vars", "dir", "eval", "exec", "compile", "__import__"}
_REFLECTION |= {"get_ipython", "importlib", "inspect", "sys", "gc", "__main__"}
_REFLECTION |= {"In", "Out", "_", "__", "___", "_i", "_ih", "_oh", "_dh"}
_REFLECTION |= {"__builtins__", "builtins"}


def is_display_only(cell: Any) -> bool:
    """Return True if the cell has the tag."""
    return cell.get("cell_type") == "code" and TAG in cell.metadata.get("tags", [])


def skippable(cells: Sequence[Any]) -> set[int]:
    """The indices of display cells that need not run, in a notebook from `structure.rebuild`."""
    used: set[str] = set()
    for cell in cells:
        theirs = role(cell) in (Role.SOLUTION, Role.OWN)
        if cell.cell_type == "code" and theirs and not is_display_only(cell):
            used |= names(cell.source)[0]
    if used & _REFLECTION:
        return set()
    shown = {i: names(cell.source) for i, cell in enumerate(cells) if is_display_only(cell)}
    while needed := [i for i, (_, defined) in shown.items() if defined & used]:
        for index in needed:
            used |= shown.pop(index)[0]
    return set(shown)
