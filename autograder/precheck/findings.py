"""Findings that need no run: structure, files beside the notebook, empty cells, shadowed names."""

import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.exercises.exercise import Exercise
from autograder.notebooks.cells import Role, grade_id_of, is_solution, role
from autograder.notebooks.editions import Edition
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.names import BUILTINS, is_stub
from autograder.notebooks.structure import Rebuilt
from autograder.precheck.cells import Cell
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
    fix: bool = True  # it costs points, or the notebook does not run through; otherwise a hint

    @property
    def group(self) -> str:
        """A key of `messages.GROUPS`."""
        if not self.fix:
            return "hint"
        return "empty" if self.kind in ("empty", "text") else "fix"


def at(cell: Cell, kind: str, key: str, **values: object) -> Finding:
    """A finding about a cell."""
    message = FINDINGS[key].format(cell=cell.place, **values)
    return Finding(kind, message, cell.number, cell.grade_id)


def another_notebook(path: Path, submitted: Any, edition: Edition) -> Finding | None:
    """The only finding about a notebook that was made from another release."""
    there, cells = len(edition.shared(submitted)), len(edition.known)
    if there >= MIN_SHARED * cells:
        return None
    message = FINDINGS["another"].format(
        name=clean(path.name), release=edition.name, there=there, cells=cells
    )
    return Finding("foreign", message)


def structure(path: Path, flags: Sequence[Flag], edition: Edition) -> Iterator[Finding]:
    """Cells that are missing, elsewhere or changed, and a file with another name."""
    for flag in flags:
        if flag.kind in _TOLD and is_solution(edition.known[flag.cell]):
            key = _TOLD[flag.kind]
            message = FINDINGS[key].format(name=flag.cell)
            yield Finding(key, message, None, flag.cell, fix=flag.kind == FlagKind.MISSING)
        elif flag.kind == FlagKind.STRIPPED:
            yield Finding("stripped", FINDINGS["stripped"], fix=False)
    if changed := [flag.cell for flag in flags if flag.kind == FlagKind.CHANGED]:
        message = FINDINGS["changed"].format(cells=", ".join(changed))
        yield Finding("changed", message, fix=False)
    stem = Path(edition.name).stem
    if stem not in path.name:
        message = FINDINGS["renamed"].format(file=clean(path.name), stem=stem)
        yield Finding("renamed", message, fix=False)


def files(folder: Path, cells: Sequence[Cell]) -> Iterator[Finding]:
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
                yield at(cell, "beside", "beside", name=name)


def _is_installed(name: str, path: Path) -> bool:
    """Return True if the path is the installed module itself, as in a checkout."""
    spec = importlib.util.find_spec(name)
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    return origin is not None and path.resolve() in (origin, origin.parent)


def empty_cells(cells: Sequence[Cell], exercises: Mapping[str, Exercise]) -> Iterator[Finding]:
    """Solution cells that are still as released. exercises: the notebook's."""
    for cell in cells:
        if cell.origin != "solution":
            continue
        functions = cell.bound.functions
        stubs = [name for name, node in functions.items() if is_stub(node)]
        bonus = cell.grade_id in exercises and exercises[cell.grade_id].bonus
        if not cell.node.source.strip() or (stubs and len(stubs) == len(functions)):
            message = FINDINGS["empty_bonus" if bonus else "empty"].format(cell=cell.place)
            yield Finding("empty", message, cell.number, cell.grade_id, not bonus)
        elif stubs:
            yield at(cell, "empty", "empty_part", functions=", ".join(stubs))


def empty_texts(rebuilt: Rebuilt, release: Any) -> Iterator[Finding]:
    """Questions without an answer."""
    blank, question = {}, ""
    for cell in release.cells:
        if role(cell) == Role.TEXT:
            blank[grade_id_of(cell)] = ("", cell.source.strip()), question
        question = next(iter(re.findall(r"^\*\*(.+?)\.?\*\*", cell.source)), "")
    for cell in rebuilt.notebook.cells:
        name = grade_id_of(cell)
        empty, question = blank.get(name, ((), ""))
        if cell.source.strip() in empty and name not in rebuilt.missing:
            message = FINDINGS["empty_text"].format(cell=name, question=question)
            yield Finding("text", message, None, name)


def shadows(cells: Sequence[Cell], exercises: Mapping[str, Exercise]) -> Iterator[Finding]:
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
                yield _shadow(cell, "builtin", name)
            elif name in imported and bound.imports.get(name) != imported[name][0]:
                yield _shadow(cell, "imported", name, imported[name][1])
            elif name in models:
                yield _shadow(cell, "model", name)
            elif name in asked and name in functions and name in bound.functions:
                yield _shadow(cell, "again", name, functions[name])
        for name in sorted(bound.values & functions.keys()):
            yield _shadow(cell, "overwritten", name, functions[name])
        for name, origin in bound.imports.items():
            imported.setdefault(name, (origin, cell))
        functions |= {name: cell for name in bound.functions if cell.by_student}
        models |= bound.values & set(MODELS)


def _shadow(cell: Cell, key: str, name: str, other: Cell | None = None) -> Finding:
    place = other.place if other else ""
    message = FINDINGS[key].format(cell=cell.place, name=name, other=place)
    return Finding("shadows", message, cell.number, cell.grade_id, fix=False)
