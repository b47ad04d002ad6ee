"""Mechanical mutants of a function's source: one small change each.

mutmut and cosmic-ray mutate modules on disk; the reference solutions are cells of a notebook, so
the changes are made here, on the syntax tree.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

Change = Callable[[Any], ast.AST | None]  # changes a node in place, or returns what replaces it

COMPARE: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
ARITHMETIC: dict[type[ast.operator], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult, ast.Sub],
}
NAMES = {
    "argmax": ["argmin"],
    "log_softmax": ["softmax"],
    "softmax": ["log_softmax"],
    "max": ["min"],
    "min": ["max"],
    "isspace": ["isalpha"],
    "unique": ["clone"],
    "append": ["extend"],
    "set": ["list"],
    "log": ["exp"],
    "input_ids": ["logits"],
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, mutated source) for each change; sources that are alike come once."""
    tree = ast.parse(source)
    before = ast.unparse(tree)
    seen = {before}
    for i, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[i]
            replacement = change(target)
            if replacement is not None:
                _replace(mutated, target, replacement)
            after = ast.unparse(ast.fix_missing_locations(mutated))
            if after not in seen:
                seen.add(after)
                yield _difference(before, after), after


def _changes(node: ast.AST) -> Iterator[Change]:
    """The possible changes of this node."""
    match node:
        case ast.Compare(ops=[op]):
            for other in COMPARE[type(op)]:
                yield lambda n, o=other: setattr(n, "ops", [o()])
        case ast.BinOp(op=op):
            for kind in ARITHMETIC.get(type(op), []):
                yield lambda n, o=kind: setattr(n, "op", o())
        case ast.Constant(value=bool()):
            yield lambda n: setattr(n, "value", not n.value)
        case ast.Constant(value=int() | float()):
            for step in (1, -1):
                yield lambda n, s=step: setattr(n, "value", n.value + s)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda n: n.operand
        case ast.BoolOp(op=ast.Or()):
            yield lambda n: setattr(n, "op", ast.And())
        case ast.IfExp():
            yield lambda n: n.body
            yield lambda n: n.orelse
        case ast.If():
            for value in (True, False):
                yield lambda n, v=value: setattr(n, "test", ast.Constant(v))
        case ast.Call():
            yield from _call_changes(node)
        case ast.Slice():
            if node.lower is not None:
                yield lambda n: setattr(n, "lower", None)
            if node.upper is not None:
                yield lambda n: setattr(n, "upper", None)
        case ast.Attribute(attr=name) if name in NAMES:
            for other_name in NAMES[name]:
                yield lambda n, o=other_name: setattr(n, "attr", o)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            for other_name in NAMES[name]:
                yield lambda n, o=other_name: setattr(n, "id", o)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Break, ast.Expr)) and not _docstring(node):
        yield lambda _: ast.Pass()
    if isinstance(node, ast.Return):
        yield lambda n: setattr(n, "value", ast.Constant(None))


def _call_changes(call: ast.Call) -> Iterator[Change]:
    symmetric = isinstance(call.func, ast.Name) and call.func.id in ("max", "min")
    if len(call.args) >= 2 and not symmetric:

        def swap(n: Any) -> None:
            n.args[-1], n.args[-2] = n.args[-2], n.args[-1]

        yield swap
    for i in range(len(call.keywords)):
        if call.keywords[i].arg is not None:
            yield lambda n, k=i: n.keywords.pop(k) and None
    if isinstance(call.func, ast.Attribute) and not call.args and not call.keywords:
        yield lambda n: n.func.value  # x.item() -> x
    if isinstance(call.func, ast.Name) and len(call.args) == 1:
        yield lambda n: n.args[0]


def _docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _replace(tree: ast.AST, target: ast.AST, replacement: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, replacement)
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    if item is target:
                        value[i] = replacement


def _difference(before: str, after: str, around: int = 24) -> str:
    """The difference, with a little of its surroundings."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    left, right = max(start - around, 0), max(end - around, 0)
    gone, come = before[left : len(before) - right], after[left : len(after) - right]
    return " ".join(f"{gone} -> {come}".split())


# --- pairs of settings --------------------------------------------------------------------------

# the settings of sampling, in their order, and when each is on
SETTINGS = {
    "repetition_penalty": "repetition_penalty not in (None, 1.0)",
    "temperature": "temperature not in (None, 1.0)",
    "top_k": "top_k not in (None, 0)",
    "top_p": "top_p not in (None, 1.0)",
}
CUTS = ("top_k", "top_p")  # the others change weights


def setting_mutants(source: str) -> Iterator[tuple[str, str, str, str]]:
    """(setting, mistake, condition, mutated source) for a loop that applies one setting a line.

    The mistake is made always (condition ""), or only where another setting is on, or off.
    """
    lines = {s: re.search(rf"^( *)logits = .*\b{s}\)$", source, re.MULTILINE) for s in SETTINGS}
    right = [found[0].strip() for found in lines.values() if found]
    first, last = lines["repetition_penalty"], lines["top_p"]
    assert len(right) == len(SETTINGS)
    assert first
    assert last
    before, after = source[: first.start()], source[last.end() :]
    for setting in SETTINGS:
        for mistake, wrong in _setting_mistakes(setting, right):
            for condition, test in _conditions(setting):
                body = [f"if {test}:", *(f"    {line}" for line in wrong)]
                body += ["else:", *(f"    {line}" for line in right)]
                inside = "\n".join(first[1] + line for line in body)
                yield setting, mistake, condition, before + inside + after


def _conditions(setting: str) -> Iterator[tuple[str, str]]:
    yield "", "True"
    for other, on in SETTINGS.items():
        if other != setting:
            yield f"{other} on", on
            yield f"{other} off", f"not ({on})"


def _setting_mistakes(setting: str, right: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The mistakes that can be made with one setting, each with the lines that make it."""
    own = right[list(SETTINGS).index(setting)]
    others = [line for line in right if line != own]
    yield "lost", others
    draw = "logits = logits.masked_fill(~kept, float('-inf'))"
    raw, kept = "raw = logits", "kept = torch.isfinite(logits)"
    if setting in CUTS:
        evenly = f"logits = torch.zeros_like(logits) if {SETTINGS[setting]} else logits"
        yield "drawn evenly", [*right, kept, evenly, draw]
    else:
        weights = [line for line in others if not any(cut in line for cut in CUTS)]
        yield "drawn without", [raw, *right, kept, "logits = raw", *weights, draw]
    if setting == "top_p":
        yield "first", [own, *others]
    else:
        yield "last", [*others, own]
