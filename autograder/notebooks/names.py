"""Names in a cell: those it uses, those it makes and how; the import that a missing one needs."""

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython"}


def python(source: str) -> str:
    """A cell's text without IPython's own syntax."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def names(source: str) -> tuple[set[str], set[str]]:
    """Global names that a cell uses, and those that it defines; none of what is no Python."""
    try:
        text = python(source)
        tree, table = ast.parse(text), symtable.symtable(text, "cell", "exec")
    except Exception:  # no Python: it will not run either
        return set(), set()
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced() or s.is_imported()}
    defined = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    for node in ast.walk(tree):  # `a += 1` and `del a` use a, which a symbol table does not say
        targets: list[ast.expr] = [node.target] if isinstance(node, ast.AugAssign) else []
        targets += node.targets if isinstance(node, ast.Delete) else []
        used |= {target.id for target in targets if isinstance(target, ast.Name)}
    for scope in _inner(table):
        used |= {s.get_name() for s in scope.get_symbols() if s.is_global()}
        defined |= {s.get_name() for s in scope.get_symbols() if s.is_declared_global()}
    return used, defined


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
        tree = ast.parse(python(source))
    except Exception:  # no Python: it will not run either
        return found
    found.visit(tree)
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
