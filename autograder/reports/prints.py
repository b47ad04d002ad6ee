"""Fingerprints of a cell that a cheap disguise leaves as they are.

A statement is reduced to its form: every name that the cell itself defines is V, keyword arguments
and operands that may change places are sorted, and a docstring, an `assert`, a `print` or a value
that nobody reads is no statement. A fingerprint is a form, a form with the form of the block around
it, or a form with the form of a statement that sets one of its names. None of them knows which
statement comes first, or what stands between two.
"""

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from autograder.sandbox.text import clean

MAX_LENGTH = 20_000  # characters of a cell that are read
WORDS_IN_A_ROW = 5  # in an answer in words
MAX_SETTERS = 20  # statements that set a name and are told apart
MAX_ROUNDS = 20  # in which statements are found that nobody reads

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_SYMMETRIC = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.Eq, ast.NotEq)
_IDLE = (ast.Assert, ast.Global, ast.Import, ast.ImportFrom, ast.Nonlocal, ast.Pass)
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# parts of a syntax tree that say nothing about the code
_WORDLESS = (ast.expr_context, ast.type_ignore)


@dataclass(frozen=True)
class Statement:
    """A statement without its block, or a line of what is no Python, and its fingerprints."""

    first: int  # line, from 0
    last: int
    size: int  # parts of its syntax tree
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and its statements."""

    text: str
    statements: tuple[Statement, ...]

    @property
    def size(self) -> int:
        """Parts of the syntax tree that are the student's own."""
        return sum(statement.size for statement in self.statements)

    @property
    def weights(self) -> dict[str, float]:
        """The part of `size` that each fingerprint stands for."""
        found: dict[str, float] = defaultdict(float)
        for statement in self.statements:
            for each in statement.prints:
                found[each] += statement.size / len(statement.prints)
        return found


def code_cell(source: str, given: Collection[str] = (), public: Collection[str] = ()) -> Cell:
    """Read a cell with code.

    given: fingerprints that are nobody's own. public: functions that every notebook has.
    """
    text = plain(source)
    try:
        tree = ast.parse(re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", text))
        found = _Reader(tree, public).statements()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = list(_lines(text))
    return Cell(text, tuple(_without(found, given)))


def words_cell(source: str, given: Collection[str] = ()) -> Cell:
    """Read an answer in words: each word is a statement, with the rows of words that it is in."""
    text = plain(source)
    words = [(word, line) for line, t in enumerate(text.split("\n")) for word in t.split()]
    rows: list[set[str]] = [set() for _ in words]
    for start in range(len(words) - WORDS_IN_A_ROW + 1):
        row = " ".join(word for word, _ in words[start : start + WORDS_IN_A_ROW])
        for place in range(start, start + WORDS_IN_A_ROW):
            rows[place].add(row)
    found = [
        Statement(line, line, 1, tuple(sorted(row)))
        for (_, line), row in zip(words, rows, strict=True)
    ]
    return Cell(text, tuple(_without(found, given)))


def plain(source: str) -> str:
    """Return the source without what a page cannot show."""
    text = source[:MAX_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    return clean(text).strip("\n\ufeff")


def _without(found: Collection[Statement], given: Collection[str]) -> Iterator[Statement]:
    for each in found:
        if own := tuple(p for p in each.prints if p not in given):
            yield Statement(each.first, each.last, each.size, own)


def _lines(text: str) -> Iterator[Statement]:
    """The lines of what is no Python: their own form, and with the line before."""
    before = ""
    for number, line in enumerate(text.split("\n")):
        parts = re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", line))
        if parts:
            form = _short(" ".join(parts))
            yield Statement(number, number, len(parts), (form, f"{before} / {form}"))
            before = form


@dataclass
class _Found:
    """A statement as it is read: its expressions, and the names that it sets and reads."""

    node: ast.stmt
    block: str  # form of the block that it is in
    form: str
    sets: set[str]
    reads: set[str]
    size: int


class _Reader:
    """Reads the statements of a syntax tree."""

    def __init__(self, tree: ast.Module, public: Collection[str]) -> None:
        nodes = list(ast.walk(tree))
        self._full_names = {
            alias.asname or alias.name.split(".")[0]: (
                f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
            )
            for node in nodes
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        self._own = {n.id for n in nodes if isinstance(n, ast.Name) and _is_set(n)}
        self._own |= {n.arg for n in nodes if isinstance(n, ast.arg)}
        self._own |= {
            n.name for n in nodes if isinstance(n, (*_DEFINED, ast.ExceptHandler)) and n.name
        }
        self._own -= self._full_names.keys() | set(public)
        self._found: list[_Found] = []
        self._block(tree.body, "")

    def statements(self) -> list[Statement]:
        found = self._live()
        setters: dict[str, set[str]] = defaultdict(set)
        for each in found:
            for name in each.sets:
                setters[name].add(each.form)
        return [
            Statement(
                each.node.lineno - 1,
                _last_line(each.node),
                each.size,
                tuple(
                    sorted(
                        {each.form, f"{each.block} / {each.form}"}
                        | {
                            f"{form} -> {each.form}"
                            for name in each.reads
                            for form in sorted(setters[name])[:MAX_SETTERS]
                        }
                    )
                ),
            )
            for each in found
        ]

    def _live(self) -> list[_Found]:
        """Drop statements that only set names that no other statement reads."""
        found = self._found
        for _ in range(MAX_ROUNDS):
            read: dict[str, int] = defaultdict(int)
            for each in found:
                for name in each.reads:
                    read[name] += 1
            live = [
                each
                for each in found
                if not each.block  # what a cell itself sets, others may read
                or not isinstance(each.node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
                or any(not n or read[n] > (n in each.reads) for n in each.sets or {""})
            ]
            if len(live) == len(found):
                break
            found = live
        return found

    def _block(self, body: list[ast.stmt], block: str) -> None:
        for node in body:
            if isinstance(node, _IDLE) or _says_nothing(node):
                continue
            if isinstance(node, (ast.If, ast.While)) and _is_false(node.test):
                self._block(node.orelse, block)
                continue
            if isinstance(node, _DEFINED):
                self._block(node.body, type(node).__name__)
                continue
            parts = [c for c in ast.iter_child_nodes(node) if not _is_block(c)]
            names = [n for part in parts for n in ast.walk(part) if isinstance(n, ast.Name)]
            form = _short(self._form(node))
            self._found.append(
                _Found(
                    node,
                    block,
                    form,
                    {n.id for n in names if _is_set(n)} | _changed(node),
                    {n.id for n in names if not _is_set(n) and n.id in self._own}
                    | ({n.id for n in names} if isinstance(node, ast.AugAssign) else set()),
                    sum(1 for part in parts for n in ast.walk(part) if not _is_wordless(n)),
                )
            )
            for name in ("body", "orelse", "finalbody"):
                self._block(getattr(node, name, []), f"{form} {name}")
            for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
                self._block(part.body, f"{form} {type(part).__name__}")

    def _form(self, node: ast.AST) -> str:
        match node:
            case ast.Name():
                return "V" if node.id in self._own else self._full_names.get(node.id, node.id)
            case ast.Attribute():
                return f"{self._form(node.value)}.{node.attr}"
            case ast.Constant():
                return repr(node.value)
            case ast.arg():
                return "V"
            case ast.keyword():
                return f"{node.arg}={self._form(node.value)}"
            case ast.Call():
                keywords = sorted(map(self._form, node.keywords))
                arguments = [*map(self._form, node.args), *keywords]
                return f"{self._form(node.func)}({', '.join(arguments)})"
            case ast.AugAssign():
                return self._form(
                    ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))
                )
            case ast.AnnAssign(value=ast.expr() as value):
                return self._form(ast.Assign([node.target], value))
            case ast.BinOp():
                return self._operation(node.op, node.left, node.right)
            case ast.Compare(ops=[op], comparators=[right]):
                if type(op) in _FLIPPED:
                    return self._operation(_FLIPPED[type(op)](), right, node.left)
                return self._operation(op, node.left, right)
            case ast.BoolOp():
                return (
                    f"{type(node.op).__name__}({', '.join(sorted(map(self._form, node.values)))})"
                )
        parts = [
            self._form(child)
            for child in ast.iter_child_nodes(node)
            if not _is_block(child) and not _is_wordless(child)
        ]
        return f"{type(node).__name__}({', '.join(parts)})"

    def _operation(self, op: ast.AST, left: ast.expr, right: ast.expr) -> str:
        sides = [self._form(left), self._form(right)]
        if isinstance(op, _SYMMETRIC):
            sides.sort()
        return f"{type(op).__name__}({', '.join(sides)})"


def _short(form: str) -> str:
    return hashlib.blake2b(form.encode(errors="replace"), digest_size=8).hexdigest()


def _is_wordless(node: ast.AST) -> bool:
    return isinstance(node, _WORDLESS)


def _is_block(node: ast.AST) -> bool:
    return isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case))


def _is_set(name: ast.Name) -> bool:
    return not isinstance(name.ctx, ast.Load)


def _says_nothing(node: ast.stmt) -> bool:
    """A value that is computed and dropped, a `print`, or a name set to itself."""
    if isinstance(node, ast.Assign):
        return [ast.dump(node.value).replace("Load", "Store")] == [*map(ast.dump, node.targets)]
    if not isinstance(node, ast.Expr):
        return False
    if not isinstance(node.value, ast.Call):
        return not isinstance(node.value, (ast.Await, ast.Yield, ast.YieldFrom))
    return isinstance(node.value.func, ast.Name) and node.value.func.id == "print"


def _is_false(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and not test.value


def _changed(node: ast.stmt) -> set[str]:
    """The name whose object a statement changes: `x[i] = ...`, `x.append(...)`, `x.a = ...`."""
    parts = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AugAssign):
        parts = [node.target]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        parts = [node.value.func]
    found = set()
    for part in parts:
        while isinstance(part, (ast.Attribute, ast.Subscript)):
            part = part.value
        if isinstance(part, ast.Name):
            found.add(part.id)
    return found


def _last_line(node: ast.stmt) -> int:
    """The last line of a statement without its block, from 0."""
    blocks = [child.lineno for child in ast.iter_child_nodes(node) if _is_block(child)]  # type: ignore[attr-defined]
    return max(min(blocks) - 2, node.lineno - 1) if blocks else (node.end_lineno or node.lineno) - 1
