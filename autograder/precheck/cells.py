"""A submission's code cells as they will run, and what is known of them before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.exercises.exercise import Level
from autograder.notebooks.cells import exercise_of, grade_id_of, is_solution
from autograder.notebooks.display import skippable
from autograder.notebooks.matching import plain
from autograder.notebooks.names import Bindings, bindings, definitions, names
from autograder.notebooks.structure import Rebuilt
from autograder.precheck.results import error_of
from autograder.sandbox.text import clean

MAX_PLACE = 40  # characters of a cell's first line, in a place


@dataclass(eq=False)
class Cell:
    """A code cell as it runs, and what is known of it before."""

    node: Any  # of the notebook that runs
    number: int | None  # as Jupyter counts cells; None: empty, or no code in the student's file
    origin: str  # locked | solution | released (the release's text) | own
    test: str = ""  # the exercise whose public cases it checks
    runs: bool = True

    @cached_property
    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names that it uses, and names that it defines."""
        return names(self.node.source)

    @cached_property
    def bound(self) -> Bindings:
        """Names that it binds, by kind."""
        return bindings(self.node.source)

    @property
    def used(self) -> frozenset[str]:
        """Names that it uses."""
        return self.names[0]

    @property
    def defined(self) -> frozenset[str]:
        """Names that it defines, or would define if it could be read."""
        return self.names[1] | definitions(self.node.source).names

    @property
    def grade_id(self) -> str:
        """Its id in the release; "" for a cell of the student's."""
        return grade_id_of(self.node)

    @property
    def by_student(self) -> bool:
        """True if the student wrote it."""
        return self.origin in ("solution", "own")

    @property
    def place(self) -> str:
        """`[12] (top_tokens)`, or for a cell without an id `[12] (x = 1 …)`."""
        lines = [line for line in clean(self.node.source).splitlines() if line.strip()]
        first = lines[0].strip() if lines else ""
        more = " …" if len(lines) > 1 or len(first) > MAX_PLACE else ""
        name = self.grade_id or f"{first[:MAX_PLACE].rstrip()}{more}"
        return f"({name})" if self.number is None else f"[{self.number}] ({name})"

    @property
    def error(self) -> Any:
        """The output of an error that stopped it; None if there was none."""
        return error_of(self.node)


def cells_of(
    rebuilt: Rebuilt, submitted: Any, release: Any, exercises: Collection[str]
) -> list[Cell]:
    """The code cells of a rebuilt notebook, which grading would run; numbers are the student's."""
    released = {plain(c.source) for c in release.cells if not grade_id_of(c)}
    cells, numbers = [], _numbers(submitted)
    for cell, origin in zip(rebuilt.notebook.cells, rebuilt.origins, strict=True):
        if cell.cell_type != "code":
            continue
        kind = "released" if plain(cell.source) in released else "own"
        if grade_id_of(cell):
            kind = "solution" if is_solution(cell) else "locked"
        name, level = exercise_of(cell, exercises) or ("", Level.MANUAL)
        test = name if level == Level.PUBLIC else ""
        cells.append(Cell(cell, None if origin is None else numbers.get(origin), kind, test))
    for index in skippable([cell.node for cell in cells]):
        cells[index].runs = False
    return cells


def reachable(cells: Sequence[Cell], used: Collection[str]) -> set[str]:
    """These names, and all that the student's cells which define one of them use."""
    found, waiting = set(used), [cell for cell in cells if cell.by_student]
    while needed := [cell for cell in waiting if cell.defined & found]:
        waiting = [cell for cell in waiting if cell not in needed]
        found |= set().union(*(cell.used for cell in needed))
    return found


class Costs:
    """The names on which the required exercises that do not pass depend."""

    def __init__(self, cells: Sequence[Cell], failed: Collection[str]) -> None:
        """failed: exercises."""
        self.failed = set(failed)
        own = [cell for cell in cells if cell.origin == "solution" and cell.grade_id in failed]
        self._names = reachable(cells, set().union(*(cell.used for cell in own)))

    def of(self, cell: Cell, names: Collection[str] | None = None) -> bool:
        """True if an exercise may fail by this cell, or by its meaning of these names."""
        used = cell.defined if names is None else set(names)
        return cell.grade_id in self.failed or bool(used & self._names)


def _numbers(submitted: Any) -> dict[int, int]:
    """The number of each code cell that is not empty, as Jupyter counts them, by its index."""
    code = (
        index
        for index, cell in enumerate(submitted.cells)
        if cell.get("cell_type") == "code" and cell.source.strip()
    )
    return {index: number for number, index in enumerate(code, 1)}
