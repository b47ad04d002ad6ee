"""The code that each exercise's result depends on, where a notebook's text shows it.

A notebook is separable if its cells can be told apart: one exercise reaches another only by names
that the text shows. Python allows much else (a patched library, state that one call leaves for the
next), so only code made of known harmless parts is accepted: functions without state, known modules
and attributes. Anything else is a doubt, and then every exercise depends on the whole file.
"""

import ast
import builtins
import collections
import itertools
import math
import re
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch

from autograder.exercises.exercise import Exercise
from autograder.notebooks.cells import Role, exercise_of, is_plain_test, role
from autograder.notebooks.matching import plain
from autograder.notebooks.names import bindings, names, tree

MODULES = {"torch", "torch.nn.functional", "torch.nn", "math", "collections", "itertools", "numpy"}
MODULES |= {"typing", "string", "heapq", "statistics", "pprint", "kischule", "autograder"}
# attributes of what a solution works with; none leaves anything behind
_KNOWN = {
    *("config", "generate", "logits", "input_ids", "attention_mask", "past_key_values", "device"),
    *("sequences", "scores", "eval", "encode", "decode", "batch_decode", "tokenize", "eos_token"),
    *("convert_ids_to_tokens", "convert_tokens_to_ids", "convert_tokens_to_string"),
    *("nn", "functional", "no_grad", "inference_mode", "enable_grad", "Generator", "manual_seed"),
    *("Tensor", "Size", "dtype", "finfo", "iinfo", "inf", "nan", "distributions", "Categorical"),
    *("long", "bool", "int", "float16", "float32", "float64", "int32", "int64", "sample"),
    *("pprint", "check", "hint", "table_model", "plots", "load", "generate_texts", "lab"),
    *("ranks", "token_probabilities", "temperatures", "next_token", "step_bars", "bars", "steps"),
    *("worked_example", "table", "num_parameters", "Any", "Optional", "Union"),
    *("one_hot", "cross_entropy", "pad", "heappush", "heappop", "nlargest", "nsmallest"),
}
_CONFIG = {"eos_token_id", "bos_token_id", "pad_token_id", "vocab_size", "n_positions", "n_ctx"}
_CLASSES: tuple[Any, ...] = (
    *(str, list, dict, set, tuple, int, float, torch.Tensor, torch._C._VariableFunctions),
    *(math, itertools, collections, collections.Counter, collections.deque),
)
# `format` reads attributes that the text names in a string only
_STATE = {"data", "grad", "grad_fn", "backward", "retain_grad", "register_hook", "requires_grad"}
_STATE |= {"register_post_accumulate_grad_hook", "storage", "untyped_storage", "from_file"}
_STATE |= {"format", "format_map", "abc", "storage_type", "names", "volatile"}
ATTRIBUTES = {name for kind in _CLASSES for name in dir(kind)} - _STATE | _KNOWN | _CONFIG
ATTRIBUTES = {a for a in ATTRIBUTES if a[0] != "_" and a[-1] != "_" and a[:4] != "set_"}
BUILTINS = {
    *("abs", "all", "any", "bool", "bytes", "dict", "display", "divmod", "enumerate", "filter"),
    *("float", "frozenset", "int", "isinstance", "iter", "len", "list", "map", "max", "min"),
    *("pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum"),
    *("next", "tuple", "zip", "NotImplementedError", "NotImplemented", "Ellipsis"),
    *(n for n, v in vars(builtins).items() if isinstance(v, type) and issubclass(v, Exception)),
}
_REFUSED = {name for name in dir(builtins) if name not in BUILTINS} | {"get_ipython", "exit"}
_REFUSED |= {"quit", "In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"}
# IPython runs a line that begins with one of these as a command, where nothing has that name
_COMMANDS = {
    *("aimport", "alias", "alias_magic", "autocall", "automagic", "autoreload", "cd", "conda"),
    *("config", "debug", "edit", "env", "gui", "load_ext", "logstart", "macro", "magic"),
    *("matplotlib", "pdb", "pip", "prun", "pylab", "recall", "reload_ext", "rep", "rerun"),
    *("reset", "reset_selective", "run", "sc", "set_env", "store", "sx", "system", "time"),
    *("timeit", "unalias", "unload_ext", "writefile", "xdel"),
}
_NODES: tuple[type[ast.AST], ...] = (
    *(ast.ClassDef, ast.AsyncFunctionDef, ast.Global, ast.Nonlocal, ast.Delete, ast.Match),
    *(ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith),
)
_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}
_NO_GRAD = {"torch.no_grad()", "torch.no_grad", "torch.inference_mode()", "torch.inference_mode"}


@dataclass(frozen=True)
class _Code:
    """A cell of code: its text, the names that it uses and makes, and those that stand for a value.

    imports: what it imports, by the name that stands for it alone. tested: the exercise that a test
    cell in this place is about.
    """

    text: str = ""
    used: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()  # made, and neither a function, a module nor a constant
    read: frozenset[str] = frozenset()  # used inside of functions
    imports: frozenset[tuple[str, str]] = frozenset()
    locked: bool = False  # it comes before what follows it in the release
    tested: str = ""


def code_by_exercise(
    notebook: Any, exercises: Mapping[str, Exercise], release: Any
) -> Mapping[str, str]:
    """All code that the result of each exercise depends on; {} for a notebook that leaves doubt.

    notebook: from `structure.rebuild`, with this release.
    """
    given = {plain(c.source) for c in release.cells if c.cell_type == "code"}
    code = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if is_plain_test(cell, exercises):  # it may do anything, between any two cells
            return {}
        if (tested := exercise_of(cell, exercises)) is not None:
            code.append(_Code(tested=tested[0], text=str(tested[1])))
            continue
        locked = role(cell) == Role.LOCKED
        found = _code_of(cell.source, locked or plain(cell.source) in given)
        if found is None:
            return {}
        code.append(replace(found, locked=locked))
    code = [replace(each, made=each.made - _given_imports(code)) for each in code]
    functions = {f for e in exercises.values() for f in (e.id, *e.helpers)}
    values = {name for each in code for name in each.values}
    if values & functions.union(*(each.read for each in code)):
        return {}
    return {name: _reached(name, code, exercises) for name in exercises}


def _given_imports(code: list[_Code]) -> set[str]:
    """Names that the release imports, and that other cells at most import again."""
    given = {pair for each in code if each.locked for pair in each.imports}
    return {
        name
        for name, what in given
        if all((name, what) in each.imports for each in code if name in each.made)
    }


def _reached(name: str, code: list[_Code], exercises: Mapping[str, Exercise]) -> str:
    """The text of all cells whose names an exercise uses, with the places of its tests."""
    asked = _with_all_needs(name, exercises)
    wanted = {f for each in asked for f in (each, *exercises[each].helpers)}
    taken: set[int] = set()
    while more := {i for i, each in enumerate(code) if each.made & wanted} - taken:
        taken |= more
        wanted |= {used for i in more for used in code[i].used}
    parts = [
        (each.tested, each.text)
        for i, each in enumerate(code)
        if i in taken or each.tested in asked
    ]
    return repr(parts)


def _with_all_needs(name: str, exercises: Mapping[str, Exercise]) -> set[str]:
    return {name}.union(*(_with_all_needs(n, exercises) for n in exercises[name].needs))


@lru_cache(maxsize=256)  # most cells are the same in all submissions
def _code_of(source: str, by_us: bool) -> _Code | None:
    """A cell's code; None if it leaves doubt. by_us: it is the release's own."""
    try:
        parsed = tree(source) if by_us else ast.parse(source)
        if not by_us and not all(map(_is_harmless, ast.walk(parsed))):
            return None
        table = symtable.symtable(ast.unparse(parsed) if by_us else source, "cell", "exec")
    except Exception:  # no Python, or too deep for it
        return None
    used, made = names(source)
    odd = (used | made) & (_REFUSED - {"_"}) or "_" in used
    said = set(re.findall(r"^\s*(\w+)", source, re.MULTILINE))
    if not by_us and (odd or said & _COMMANDS or not _uses_config_alone(parsed)):
        return None
    firm = {name for node in ast.walk(parsed) for name in _firm(node)}
    loose = {name for node in ast.walk(parsed) for name in _loose(node)}
    bound = bindings(source)
    also = loose.union(bound.values, bound.functions)
    return _Code(
        text=source,
        used=used,
        made=made,
        values=frozenset(made - (firm - loose)),
        read=frozenset(_read_in_functions(table)),
        imports=frozenset((n, what) for n, what in bound.imports.items() if n not in also),
    )


def _firm(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds to a function, a module or a constant."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Assign) and _is_constant(node.value):
        yield from (t.id for t in node.targets if isinstance(t, ast.Name))


def _loose(node: ast.AST) -> Iterator[str]:
    """Names that a statement binds to something else."""
    if isinstance(node, ast.Assign) and _is_constant(node.value):
        return
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.For | ast.NamedExpr):
        targets = [node.target]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        targets = [node.optional_vars]
    for target in targets:
        yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))


def _is_constant(node: ast.expr | None) -> bool:
    """Return True for a value that nothing can change."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_constant, node.elts))
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    return node is None or isinstance(node, ast.Constant)


def _is_harmless(node: ast.AST) -> bool:
    """Return True for code that leaves nothing behind but the names that it binds."""
    if isinstance(node, _NODES):
        return False
    if isinstance(node, ast.Import):
        return all(alias.name in MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        known = all(alias.name in ATTRIBUTES for alias in node.names)
        return known and node.level == 0 and node.module in MODULES
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and node.attr in ATTRIBUTES
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        place: ast.AST = node
        while isinstance(place, ast.Subscript):
            place = place.value
        return isinstance(place, ast.Name)
    if isinstance(node, ast.FunctionDef):
        return all(ast.unparse(d) in _NO_GRAD for d in node.decorator_list)
    if isinstance(node, ast.arguments):  # a default that changes is kept from call to call
        return all(map(_is_constant, [*node.defaults, *node.kw_defaults]))
    return not isinstance(node, ast.Name) or not node.id.startswith("__")


def _uses_config_alone(parsed: ast.Module) -> bool:
    """Return True if a `config` is asked for its known numbers only; it has methods of its own."""
    attributes = [node for node in ast.walk(parsed) if isinstance(node, ast.Attribute)]
    read = {id(node.value) for node in attributes if node.attr in _CONFIG}
    return all(id(node) in read for node in attributes if node.attr == "config")


def _read_in_functions(table: symtable.SymbolTable, inside: bool = False) -> Iterator[str]:
    """Global names that the functions of a cell use; a loop in brackets is none by itself."""
    for child in table.get_children():
        within = inside or child.get_name() not in _COMPREHENSIONS
        if within:
            yield from (s.get_name() for s in child.get_symbols() if s.is_global())
        yield from _read_in_functions(child, within)
