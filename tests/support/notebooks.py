"""The repository's notebooks, and solutions to put into them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.checking.check import hidden_cases
from autograder.exercises.exercise import PACKAGED, Case, ExerciseFiles
from autograder.notebooks.cells import (
    Role,
    metadata_of,
    read_notebook,
    reference_of,
    solutions,
    with_solutions,
)
from autograder.notebooks.editions import language_of
from autograder.notebooks.exercises import exercises_in

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "source" / "a7_2" / "A7_2.ipynb"
RELEASE = ROOT / "release" / "a7_2" / "A7_2.ipynb"
A7_2 = ExerciseFiles(PACKAGED.paths["greedy_decode"].parent)
EXERCISES = exercises_in(read_notebook(RELEASE), A7_2)  # with points
THREE = ("setup", "encode_prompt", "filter_top_k", "repetition_rate")


def places(node: Any) -> list[tuple[Any, Any]]:
    """All places of a JSON value where something else could be: the container and the key."""
    keys = range(len(node)) if isinstance(node, list) else node
    if not isinstance(node, (list, dict)):
        return []
    return [(node, k) for k in keys] + [p for k in keys for p in places(node[k])]


@cache
def reference_cells() -> dict[str, str]:
    """The source notebook's solution cells, text cells included, by grade_id."""
    return reference_of(read_notebook(SOURCE))


@cache
def packaged_code() -> dict[str, str]:
    """The solution cells with code of all assignments of the package, by exercise."""
    sources = sorted((ROOT / "source").glob("*/*.ipynb"))
    german = [path for path in sources if language_of(path.parent.name) == "de"]
    found = [solutions(read_notebook(path), Role.SOLUTION) for path in german]
    return {name: text for code in found for name, text in code.items()}


def filled(released: Path, sources: dict[str, str]) -> Any:
    """The released notebook with these sources in its cells."""
    return with_solutions(read_notebook(released), sources)


def short(notebook: Any) -> Any:
    """The notebook without its display cells, which take half of the time."""
    notebook.cells = [c for c in notebook.cells if c.cell_type != "code" or metadata_of(c)]
    return notebook


def three_exercises(*more: tuple[str, str], **replaced: str) -> Any:
    """The release's cells of three exercises, solved; some solutions replaced.

    more: own cells of the student, each with the id of the cell that follows it.
    """
    return exercises(THREE, *more, **replaced)


def exercises(names: Sequence[str], *more: tuple[str, str], **replaced: str) -> Any:
    """The release's cells of some exercises, as in `three_exercises`."""
    made = read_notebook(RELEASE)
    solved = {**reference_cells(), **replaced}
    named = [f"{prefix}{name}" for name in names for prefix in ("", "test_", "hidden_")]
    made.cells = [c for c in made.cells if metadata_of(c).get("grade_id") in named]
    for cell in made.cells:
        cell.source = solved.get(metadata_of(cell)["grade_id"], cell.source)
    for before, source in more:
        place = next(i for i, c in enumerate(made.cells) if c.id == before)
        made.cells.insert(place, nbformat.v4.new_code_cell(source, id=f"added-{place}"))
    return made


@cache
def hidden(exercise: str, seed: str) -> Sequence[Case]:
    """An exercise's hidden cases; made once for all tests, as they are the same each time."""
    return hidden_cases(PACKAGED[exercise], seed)
