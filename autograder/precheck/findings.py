"""Findings that need no run: structure, files beside the notebook, empty cells, shadowed names."""

import importlib.util
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.exercises.exercise import Exercise
from autograder.notebooks.cells import (
    Role,
    by_id,
    grade_id_of,
    is_solution,
    points_of,
    role,
    solutions,
)
from autograder.notebooks.editions import Edition
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.matching import plain
from autograder.notebooks.names import BUILTINS, is_stub
from autograder.notebooks.structure import Rebuilt
from autograder.precheck.cells import Cell, Costs
from autograder.precheck.messages import FINDINGS
from autograder.sandbox.text import clean
from kischule.i18n import Text

MIN_SHARED = 1 / 3  # of the release's cells with an id; below it, this is another notebook
# flags about a cell that a student writes, and their sentences
_TOLD = {
    FlagKind.MISSING: "missing",
    FlagKind.DOUBLED: "doubled",
    FlagKind.MOVED: "moved",
    FlagKind.RETYPED: "retyped",
}
MODELS = ("tokenizer", "model")
# what the notebook imports, and what that imports: a file of this name would hide it
MODULES = sys.stdlib_module_names | {
    *("IPython", "autograder", "ipykernel", "kischule", "matplotlib", "numpy", "safetensors"),
    *("tokenizers", "torch", "transformers", "yaml"),
}


@dataclass(frozen=True)
class Finding:
    """One thing to fix, or to know."""

    kind: str  # what it is about, for programs
    message: Text
    cell: int | None = None  # of the code cells, as Jupyter counts them; None: of no single one
    grade_id: str = ""
    fix: bool = True  # points of a required exercise or of a text depend on it; else it is a hint

    @property
    def group(self) -> str:
        """A key of `messages.GROUPS`."""
        if not self.fix:
            return "hint"
        return "empty" if self.kind in ("empty", "text") else "fix"


@dataclass(frozen=True)
class Answer:
    """A text that the teacher reads."""

    id: str
    question: str
    words: int
    max_points: float
    missing: bool = False  # its cell is not there


def at(cell: Cell, kind: str, key: str, fix: bool, **values: object) -> Finding:
    """A finding about a cell."""
    message = FINDINGS[key].format(cell=cell.place, **values)
    return Finding(kind, message, cell.number, cell.grade_id, fix)


def another_notebook(path: Path, submitted: Any, edition: Edition) -> Finding | None:
    """The only finding about a notebook that was made from another release."""
    there, cells = len(edition.shared(submitted)), len(edition.known)
    if there >= MIN_SHARED * cells:
        return None
    message = FINDINGS["another"].format(
        name=clean(path.name), release=edition.name, there=there, cells=cells
    )
    return Finding("foreign", message)


def untouched(path: Path, rebuilt: Rebuilt, release: Any) -> Finding | None:
    """The only finding about a notebook in which nothing has been written."""
    released = {plain(cell.source) for cell in release.cells} | {""}
    if all(plain(cell.source) in released for cell in rebuilt.notebook.cells):
        return Finding("untouched", FINDINGS["untouched"].format(name=clean(path.name)))
    return None


def structure(
    path: Path, flags: Sequence[Flag], edition: Edition, costs: Costs
) -> Iterator[Finding]:
    """Cells that are missing, elsewhere or changed, and a file with another name."""
    texts = solutions(edition.release, Role.TEXT)
    for flag in flags:
        if flag.kind in _TOLD and is_solution(edition.known[flag.cell]):
            key = _TOLD[flag.kind]
            message = FINDINGS[key].format(name=flag.cell)
            lost = flag.kind == FlagKind.MISSING and flag.cell in texts
            yield Finding(key, message, None, flag.cell, fix=lost or flag.cell in costs.failed)
        elif flag.kind == FlagKind.STRIPPED:
            yield Finding("stripped", FINDINGS["stripped"], fix=False)
    if changed := [flag.cell for flag in flags if flag.kind == FlagKind.CHANGED]:
        message = FINDINGS["changed"].format(cells=", ".join(changed))
        yield Finding("changed", message, fix=False)
    stem = Path(edition.name).stem
    if stem not in path.name:
        message = FINDINGS["renamed"].format(file=clean(path.name), stem=stem)
        yield Finding("renamed", message, fix=False)


def files(folder: Path, cells: Sequence[Cell], costs: Costs) -> Iterator[Finding]:
    """Files beside the notebook that hide a module, or that a cell needs."""
    beside = {p.stem: p for p in folder.glob("*.py")}
    beside |= {p.parent.name: p.parent for p in folder.glob("*/__init__.py")}
    for name in sorted(beside.keys() & MODULES):
        if not _is_installed(name, beside[name]):
            message = FINDINGS["file"].format(name=name, file=clean(beside[name].name))
            yield Finding("file", message, fix=False)
    for cell in cells:
        imported = {origin.split(".")[0] for origin in cell.bound.imports.values()}
        imported |= {origin.split(".")[0] for origin in cell.bound.everything_from}
        for name in sorted(imported & (beside.keys() - MODULES)) if cell.by_student else ():
            if not _is_installed(name, beside[name]):
                yield at(cell, "beside", "beside", costs.of(cell), name=name)


def _is_installed(name: str, path: Path) -> bool:
    """Return True if the path is the installed module itself, as in a checkout."""
    spec = importlib.util.find_spec(name)
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    return origin is not None and path.resolve() in (origin, origin.parent)


def empty_cells(
    cells: Sequence[Cell], failed: Collection[str], exercises: Mapping[str, Exercise]
) -> Iterator[Finding]:
    """Solution cells that are still as released, of exercises that do not pass."""
    for cell in cells:
        if cell.origin != "solution" or cell.grade_id not in failed:
            continue
        functions = cell.bound.functions
        stubs = [name for name, node in functions.items() if is_stub(node)]
        bonus = cell.grade_id in exercises and exercises[cell.grade_id].bonus
        if not cell.node.source.strip() or (stubs and len(stubs) == len(functions)):
            message = FINDINGS["empty_bonus" if bonus else "empty"].format(cell=cell.place)
            yield Finding("empty", message, cell.number, cell.grade_id, not bonus)
        elif stubs:
            yield at(cell, "empty", "empty_part", not bonus, functions=", ".join(stubs))


def answers(rebuilt: Rebuilt, release: Any) -> Iterator[Answer]:
    """The texts, each with its question and the number of its words."""
    blank, question = {}, ""
    for cell in release.cells:
        if role(cell) == Role.TEXT:
            blank[grade_id_of(cell)] = ("", cell.source.strip()), question
        question = next(iter(re.findall(r"^\*\*(.+?)\.?\*\*", cell.source)), "")
    for name, cell in by_id(rebuilt.notebook).items():
        if name in blank:
            empty, question = blank[name]
            text = "" if cell.source.strip() in empty else cell.source
            words = sum(any(map(str.isalnum, word)) for word in text.split())
            yield Answer(name, question, words, points_of(cell), name in rebuilt.missing)


def empty_texts(texts: Sequence[Answer]) -> Iterator[Finding]:
    """Questions without an answer."""
    for answer in texts:
        if not answer.words and not answer.missing:
            message = FINDINGS["empty_text"].format(cell=answer.id, question=answer.question)
            yield Finding("text", message, None, answer.id)


def shadows(
    cells: Sequence[Cell], costs: Costs, exercises: Mapping[str, Exercise]
) -> Iterator[Finding]:
    """Names to which a student's cell gives another meaning than the one they have."""
    asked = {function for name, e in exercises.items() for function in (name, *e.helpers)}
    imported: dict[str, tuple[str, Cell]] = {}
    functions: dict[str, Cell] = {}
    models: set[str] = set()
    for cell in cells:
        bound = cell.bound
        made = bound.values | bound.functions.keys() | bound.imports.keys()
        for name in sorted(made) if cell.by_student else ():
            if name in BUILTINS:
                yield _shadow(cell, costs, "builtin", name)
            elif name in imported and bound.imports.get(name) != imported[name][0]:
                yield _shadow(cell, costs, "imported", name, imported[name][1])
            elif name in models:
                yield _shadow(cell, costs, "model", name)
            elif name in asked and name in functions and name in bound.functions:
                yield _shadow(cell, costs, "again", name, functions[name])
        for name in sorted(bound.values & functions.keys()):
            yield _shadow(cell, costs, "overwritten", name, functions[name])
        for name, origin in bound.imports.items():
            imported.setdefault(name, (origin, cell))
        functions |= {name: cell for name in bound.functions if cell.by_student}
        models |= bound.values & set(MODELS)


def _shadow(cell: Cell, costs: Costs, key: str, name: str, other: Cell | None = None) -> Finding:
    cost = costs.of(cell, {name}) or name in costs.failed
    place = other.place if other else ""
    return at(cell, "shadows", key, cost, name=name, other=place)
