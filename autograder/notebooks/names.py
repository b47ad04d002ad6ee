"""Names in a cell: those it uses, those it makes and how; the import that a missing one needs."""

import ast
import builtins
import re
import symtable
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython"}


def python(source: str) -> str:
    """A cell's text without IPython's own syntax."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def tree(source: str) -> ast.Module:
    """Parse a cell. Raises SyntaxError, or RecursionError for one that is too deep."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(python(source))


@lru_cache(maxsize=256)  # most cells are the same in all submissions
def names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Global names that a cell uses, and those that it defines; none of what is no Python."""
    try:
        text = python(source)
        parsed, table = ast.parse(text), symtable.symtable(text, "cell", "exec")
    except Exception:  # no Python: it will not run either
        return frozenset(), frozenset()
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced() or s.is_imported()}
    defined = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    for node in ast.walk(parsed):  # `a += 1` and `del a` use a, which a symbol table does not say
        targets: list[ast.expr] = [node.target] if isinstance(node, ast.AugAssign) else []
        targets += node.targets if isinstance(node, ast.Delete) else []
        used |= {target.id for target in targets if isinstance(target, ast.Name)}
    for scope in _inner(table):
        used |= {s.get_name() for s in scope.get_symbols() if s.is_global()}
        defined |= {s.get_name() for s in scope.get_symbols() if s.is_declared_global()}
    return frozenset(used), frozenset(defined)


def _inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _inner(child)


@dataclass
class Bindings(ast.NodeVisitor):
    """The names that a cell itself gives a meaning to, outside of functions and classes."""

    functions: dict[str, ast.AST] = field(default_factory=dict)  # and classes
    imports: dict[str, str] = field(default_factory=dict)  # name -> what it stands for
    values: set[str] = field(default_factory=set)
    everything_from: set[str] = field(default_factory=set)  # modules of `from … import *`

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions[node.name] = node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.functions[node.name] = node

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.functions[node.name] = node

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.split(".")[0]
            self.imports[alias.asname or root] = alias.name if alias.asname else root

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.everything_from.add(node.module or "")
            else:
                self.imports[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.values.add(node.id)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        for statement in node.body:  # its name is gone afterwards
            self.visit(statement)

    def _own_scope(self, node: ast.AST) -> None:
        """A name in there is not the cell's."""

    visit_Lambda = visit_ListComp = visit_SetComp = visit_DictComp = _own_scope  # noqa: N815
    visit_GeneratorExp = _own_scope  # noqa: N815


def bindings(source: str) -> Bindings:
    """The names that a cell binds; none if it is not Python."""
    found = Bindings()
    try:
        found.visit(tree(source))
    except Exception:  # no Python, or too deep for it: it will not run either
        return Bindings()
    return found


def is_stub(function: ast.AST) -> bool:
    """Return True for a function as released, which begins with raise NotImplementedError()."""
    if not isinstance(function, ast.FunctionDef):
        return False
    body = function.body[ast.get_docstring(function) is not None :]
    if not body or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


@dataclass(frozen=True)
class Definitions:
    """The functions and classes that a cell defines."""

    real: frozenset[str] = frozenset()  # also where a stub of the same name is left beside it
    stubs: tuple[tuple[str, int, int], ...] = ()  # name, first and last line

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.real | {name for name, _, _ in self.stubs}


@lru_cache(maxsize=1024)  # a cell is asked for many times while a notebook is rebuilt
def definitions(source: str) -> Definitions:
    """Find the functions in a cell, also in one that is not Python yet or has a magic."""
    text = source.lstrip("\n")
    try:
        body = tree(text).body
    except Exception:  # no Python: the lines that begin a function say what it was to be
        body = []
    if not body or re.match(r"\s*%%", text):
        return Definitions(frozenset(re.findall(r"^(?:async +)?(?:def|class) +(\w+)", text, re.M)))
    stubs = [node for node in body if is_stub(node)]
    found = Bindings()
    with suppress(RecursionError):  # a value that is too deep has no functions in it
        for node in body:
            if node not in stubs:
                found.visit(node)
    first = len(source.splitlines()) - len(text.splitlines())
    places = [
        (
            str(getattr(node, "name", "")),
            first + min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]),
            first + (node.end_lineno or node.lineno),
        )
        for node in stubs
    ]
    return Definitions(frozenset(found.functions), tuple(places))


def without_stubs(source: str, defined: Collection[str]) -> str:
    """A cell's text without the stubs of functions that are defined in earnest."""
    lines = source.splitlines()
    for name, first, last in reversed(definitions(source).stubs):
        # a magic over several lines moves the numbers; then the text stays as it is
        if name in defined and re.match(r"\s*(@|def |async )", lines[first - 1]):
            lines[first - 1 : last] = [f"# {name}: siehe andere Zelle · see another cell"]
    return "\n".join(lines)
