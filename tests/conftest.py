"""What several test files share: solutions of the notebook, and where the repository lies."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from xdist.scheduler import LoadScopeScheduling

from autograder.checking.check import drawn_cases
from autograder.course.release import read_notebook
from autograder.course.verify import namespace
from autograder.exercises.exercise import Case, load_exercise
from autograder.notebooks.cells import nbgrader_of

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "source" / "a7_2" / "A7_2.ipynb"
RELEASE = ROOT / "release" / "a7_2" / "A7_2.ipynb"

# as in a kernel that is graded, here and in what the tests start: processes beside each other, each
# with its threads, would wait for each other's cores most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)


# tests of a file that share something dear, which is made once: a graded course, a fork server
TOGETHER = tuple(
    f"tests/{n}.py"
    for n in (
        "test_grading",
        "test_forkserver",
        "test_class",
        "test_cluster",
        "test_gradescope",
        "kischule/test_hub",
    )
)


class Together(LoadScopeScheduling):
    """Tests one by one to whichever process is free, but those of TOGETHER a file at a time.

    xdist's own groups (`--dist loadgroup`) have no effect with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def places(node: Any) -> list[tuple[Any, Any]]:
    """All places of a JSON value where something else could stand: what holds it, and its key."""
    keys = range(len(node)) if isinstance(node, list) else node
    if not isinstance(node, (list, dict)):
        return []
    return [(node, k) for k in keys] + [p for k in keys for p in places(node[k])]


@cache
def reference_cells() -> dict[str, str]:
    """grade_id -> source of the source notebook's solution cells, text cells included."""
    return {
        nbgrader_of(cell)["grade_id"]: cell.source
        for cell in read_notebook(SOURCE).cells
        if nbgrader_of(cell).get("solution")
    }


def short(notebook: Any) -> Any:
    """The notebook without the cells that only show something: half of the time is theirs."""
    notebook.cells = [c for c in notebook.cells if c.cell_type != "code" or nbgrader_of(c)]
    return notebook


@cache
def drawn(exercise: str, seed: str) -> Sequence[Case]:
    """An exercise's drawn cases; made once for all tests, for they are the same each time."""
    return drawn_cases(load_exercise(exercise), seed)


@pytest.fixture(scope="session")
def reference() -> dict[str, str]:
    return reference_cells()


@pytest.fixture(scope="session")
def solved(reference: dict[str, str]) -> Callable[..., dict[str, Any]]:
    """A namespace with all reference solutions, some replaced: `solved(top_tokens="def ...")`."""
    code = {n: t for n, t in reference.items() if not n.startswith("observation_")}
    return lambda **replaced: namespace({**code, **replaced})
