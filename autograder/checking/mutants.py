"""Mutants of a reference solution: one small change each, which the cases should notice.

mutmut and cosmic-ray mutate modules on disk; solutions are cells of a notebook, so the changes are
made here, on the syntax tree.
"""

import ast
import copy
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograder.checking.check import run_check
from autograder.checking.solution import define
from autograder.exercises.exercise import Case, Exercise
from autograder.sandbox.student import LocalStudent

BUDGET_S = 30.0  # for the mutants of an exercise
# A mutant whose loop never ends is noticed after this many times what the reference takes.
SLOWDOWN, MIN_LIMIT_S = 5.0, 0.5

Change = Callable[[Any], ast.AST | None]  # changes a node in place, or returns what replaces it

COMPARING: dict[type[ast.cmpop], list[type[ast.cmpop]]] = {
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


def mutants(source: str, functions: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield a description and the mutated source of each change; sources that are alike come once.

    functions: change these only, of the top level; default: everything.
    """
    tree = ast.parse(source)
    before = ast.unparse(tree)
    seen, own = {before}, {node for f in tree.body for node in _nodes_of(f, functions)}
    for i, node in enumerate(ast.walk(tree)):
        if functions and node not in own:
            continue
        for change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[i]
            replacement = change(target)
            if replacement is not None:
                _replace(mutated, target, replacement)
            after = ast.unparse(ast.fix_missing_locations(mutated))
            if after not in seen:
                seen.add(after)
                yield _change_shown(before, after), after


def _nodes_of(statement: ast.stmt, functions: Collection[str]) -> Iterator[ast.AST]:
    """Yield what is in the body of one of these functions."""
    if isinstance(statement, ast.FunctionDef) and statement.name in functions:
        for part in statement.body:
            yield from ast.walk(part)


def _set(name: str, value: Any) -> Change:
    return lambda node: setattr(node, name, value)


def _changes(node: ast.AST) -> Iterator[Change]:
    """The possible changes of this node."""
    match node:
        case ast.Compare(ops=[op]):
            for other in COMPARING[type(op)]:
                yield _set("ops", [other()])
        case ast.BinOp(op=op):
            for kind in ARITHMETIC.get(type(op), []):
                yield _set("op", kind())
        case ast.Constant(value=bool()):
            yield _set("value", not node.value)
        case ast.Constant(value=int() | float() as number):
            for step in (1, -1):
                yield _set("value", number + step)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda n: n.operand
        case ast.BoolOp(op=ast.Or()):
            yield _set("op", ast.And())
        case ast.IfExp():
            yield lambda n: n.body
            yield lambda n: n.orelse
        case ast.If():
            for value in (True, False):
                yield _set("test", ast.Constant(value))
        case ast.Call():
            yield from _call_changes(node)
        case ast.Slice():
            if node.lower is not None:
                yield _set("lower", None)
            if node.upper is not None:
                yield _set("upper", None)
        case ast.Attribute(attr=name) if name in NAMES:
            for other_name in NAMES[name]:
                yield _set("attr", other_name)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            for other_name in NAMES[name]:
                yield _set("id", other_name)
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Break, ast.Expr)) and not _docstring(node):
        yield lambda _: ast.Pass()
    if isinstance(node, ast.Return):
        yield _set("value", ast.Constant(None))


def _call_changes(call: ast.Call) -> Iterator[Change]:
    symmetric = isinstance(call.func, ast.Name) and call.func.id in ("max", "min")
    if len(call.args) >= 2 and not symmetric:

        def swap(n: Any) -> None:
            n.args[-1], n.args[-2] = n.args[-2], n.args[-1]

        yield swap
    for i in range(len(call.keywords)):
        if call.keywords[i].arg is not None:
            yield _set("keywords", call.keywords[:i] + call.keywords[i + 1 :])
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


def _change_shown(before: str, after: str, around: int = 24) -> str:
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


# --- the cases' part ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutation:
    """The mutants of an exercise: those tried, of so many, and the changes that went unnoticed."""

    made: int
    tried: int
    unnoticed: tuple[str, ...]


def unnoticed_mutants(
    exercise: Exercise, seed: str, hidden: Sequence[Case], budget_s: float = BUDGET_S
) -> Mutation:
    """Try the exercise's cases on mutants of its reference solution, for as long as this.

    Changes that the exercise lists as equivalent are left out. seed: that `hidden` is made from.
    """
    began, source = time.monotonic(), exercise.solution

    def notice(mutated: str, judged: Exercise) -> bool:
        try:
            student = LocalStudent(define(mutated))
        except (Exception, SystemExit):
            return True
        levels = [(None, judged.cases), *([(seed, hidden)] if hidden else [])]
        return not all(run_check(judged, student, *level).passed for level in levels)

    notice(source, exercise)  # which keeps the reference's replies as well
    limit = max(SLOWDOWN * (time.monotonic() - began), MIN_LIMIT_S)
    found = [
        (change, mutated)
        for change, mutated in mutants(source, (exercise.id, *exercise.helpers))
        if change not in exercise.equivalent
    ]
    unnoticed, tried = [], 0
    for change, mutated in found:
        if time.monotonic() - began > budget_s:
            break
        tried += 1
        if not notice(mutated, replace(exercise, time_limit_s=min(limit, exercise.time_limit_s))):
            unnoticed.append(change)
    return Mutation(len(found), tried, tuple(unnoticed))
