"""Attacks on a notebook's structure: each changes a submission, or puts something in its place.

A function of one argument edits the notebook's data; one of two gets the submission's path and
writes there. Its docstring says what it does; `expect` says what an honest reading makes of it.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

Data = dict[str, Any]
EXPECT: dict[str, dict[str, Any]] = {}


def expect(**values: Any) -> Callable[[Any], Any]:
    """score, status, or a flag's beginning."""

    def keep(function: Any) -> Any:
        EXPECT[function.__name__] = values
        return function

    return keep


def apply(name: str, notebook: Data, path: Path) -> None:
    """Put the attack in the place of the submission that lies there."""
    change = globals()[name]
    path.unlink()
    if change.__code__.co_argcount == 2:
        change(notebook, path)
    else:
        change(notebook)
        path.write_text(json.dumps(notebook))


def _cell(notebook: Data, grade_id: str) -> Data:
    return next(
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


@expect(flag="doubled: encode_prompt")
def doubled_solution(notebook: Data) -> None:
    """Two cells claim to be the same solution."""
    cell = copy.deepcopy(_cell(notebook, "encode_prompt"))
    cell["source"] += "\n# another"
    notebook["cells"].append(cell)


@expect(flag="changed: test_filter_top_k")
def doubled_test(notebook: Data) -> None:
    """A second test cell that gives points."""
    cell = copy.deepcopy(_cell(notebook, "test_filter_top_k"))
    cell["source"] = "9"
    notebook["cells"].insert(0, cell)


@expect(flag="missing: test_filter_top_k")
def missing_test(notebook: Data) -> None:
    """A test cell that is not there cannot fail."""
    notebook["cells"].remove(_cell(notebook, "test_filter_top_k"))


@expect(flag="changed: test_filter_top_k")
def retyped_test(notebook: Data) -> None:
    """A test cell as text: nbgrader leaves it to the teacher."""
    cell = _cell(notebook, "test_filter_top_k")
    cell["cell_type"] = "markdown"
    cell.pop("outputs", None)
    cell.pop("execution_count", None)


@expect()
def points_of_its_own(notebook: Data) -> None:
    """A test cell that is worth a thousand points."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["points"] = 1000


@expect()
def no_longer_graded(notebook: Data) -> None:
    """A test cell that is not graded any more."""
    _cell(notebook, "test_filter_top_k")["metadata"]["nbgrader"].update(grade=False, locked=False)


@expect()
def skipped(notebook: Data) -> None:
    """Tags that keep a cell from running, or make its error right."""
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception"]


@expect()
def reordered(notebook: Data) -> None:
    """The tests before the solutions, all else in reverse."""
    notebook["cells"].reverse()


@expect(flag="changed: test_filter_top_k")
def other_text(notebook: Data) -> None:
    """A test cell that tests nothing."""
    _cell(notebook, "test_filter_top_k")["source"] = "9"


@expect(flag="missing: filter_top_k")
def renamed_cells(notebook: Data) -> None:
    """A test under a solution's name and the other way round."""
    solution, test = _cell(notebook, "filter_top_k"), _cell(notebook, "test_filter_top_k")
    solution["metadata"]["nbgrader"]["grade_id"] = "test_filter_top_k"
    test["metadata"]["nbgrader"]["grade_id"] = "test_filter_top_k"


@expect()
def foreign_kernel(notebook: Data) -> None:
    """A kernel that replies as the student likes."""
    notebook["metadata"] = {
        "kernelspec": {"name": "bash", "display_name": "x", "language": "bash"},
        "language_info": {"name": "bash"},
    }


@expect()
def outputs_of_its_own(notebook: Data) -> None:
    """Outputs that say full points, before anything has run."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            data = {"text/plain": "9", "text/html": "<script>alert(1)</script>"}
            output = {"output_type": "execute_result", "data": data, "metadata": {}}
            cell["outputs"] = [{**output, "execution_count": 1}]


@expect()
def later_schema(notebook: Data) -> None:
    """A version of nbgrader that does not exist: a whole class ungraded in nbgrader."""
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 99


@expect(flag="without metadata: ")
def no_metadata(notebook: Data) -> None:
    """Cells without any of nbgrader's metadata."""
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"] = {}


@expect()
def same_ids(notebook: Data) -> None:
    """All cells with one id."""
    for cell in notebook["cells"]:
        cell["id"] = "x"


@expect(status="unreadable", score=0)
def link(notebook: Data, path: Path) -> None:
    """A link to a classmate's submission."""
    path.symlink_to(path.parent.parent.parent / "honest" / "small" / path.name)


@expect(status="unreadable", score=0)
def link_to_a_device(notebook: Data, path: Path) -> None:
    """A file that never ends."""
    path.symlink_to("/dev/zero")


@expect(status="unreadable", score=0)
def pipe(notebook: Data, path: Path) -> None:
    """A file that nothing writes to: its reader waits."""
    os.mkfifo(path)


@expect(status="unreadable", score=0)
def huge(notebook: Data, path: Path) -> None:
    """A file of a terabyte, with nothing in it."""
    with path.open("wb") as file:
        file.truncate(1 << 40)


@expect(status="unreadable", score=0)
def deep(notebook: Data, path: Path) -> None:
    """JSON that is nested without end."""
    path.write_text('{"nbformat": 4, "cells": ' + "[" * 1_000_000)


@expect(status="unreadable", score=0)
def folder(notebook: Data, path: Path) -> None:
    """A folder with a notebook's name."""
    path.mkdir()


@expect()
def links_beside_it(notebook: Data, path: Path) -> None:
    """Other files in the folder: links out of it, and a module that shadows another."""
    path.write_text(json.dumps(notebook))
    (path.parent / "passwd").symlink_to("/etc/passwd")
    (path.parent / "torch.py").write_text("raise SystemExit")
    (path.parent / "all").symlink_to("/")
