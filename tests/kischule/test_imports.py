"""Imports within kischule: at the top of a module, downwards only, none of the autograder."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from support.notebooks import ROOT

PACKAGE = ROOT / "kischule"
# (importing file, module): the widgets need an optional package; the memory derives from a class of
# transformers, which takes seconds to import
LAZY = {
    ("kischule/laboratory/__init__.py", "kischule.laboratory.controls"),
    ("kischule/models.py", "kischule.prefixes"),
}


def _modules() -> dict[str, Path]:
    """Every module of kischule by its name."""
    names = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def _imports(nodes: list[ast.stmt], known: dict[str, Path]) -> set[str]:
    """The modules of kischule that these statements import."""
    found = set()
    for node in (child for statement in nodes for child in ast.walk(statement)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & known.keys() or {node.module}
    return found & known.keys()


def _without_types(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a module but for `if TYPE_CHECKING:`, which never runs."""
    return [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]


def test_modules_of_kischule_have_no_circle() -> None:
    known = _modules()
    graph = {
        name: _imports(_without_types(ast.parse(path.read_text(encoding="utf-8"))), known)
        for name, path in known.items()
    }
    assert graph["kischule.models"] >= {"kischule.hub", "kischule.compat", "kischule.smollm2"}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_light_modules_are_imported_at_the_top() -> None:
    known = _modules()
    lazy = set()
    for path in known.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                file = str(path.relative_to(ROOT))
                lazy |= {(file, name) for name in _imports(list(node.body), known)}
    assert lazy == LAZY
