"""A source notebook's own story: its cells run, and sentences about what they show."""

from __future__ import annotations

import ast
import io
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager


@dataclass(frozen=True)
class Claim:
    """A sentence of a text cell, and what must hold for it in the outputs."""

    cell: str
    de: str
    en: str
    holds: Callable[[dict[str, Shown]], bool]


@dataclass(frozen=True)
class Shown:
    """One cell after it ran: its output, its names, and its computing time."""

    text: str  # printed
    value: Any  # of its last expression
    displayed: list[Any]
    names: SimpleNamespace
    seconds: float

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def run(cells: Mapping[str, Any]) -> dict[str, Shown]:
    """Run every code cell but the checks, top to bottom, in this process."""
    displayed: list[Any] = []
    names: dict[str, Any] = {"display": displayed.append}
    found = {}
    for cell_id, cell in cells.items():
        if cell.cell_type != "code" or "check(" in cell.source:
            continue
        printed = io.StringIO()
        displayed.clear()
        began = time.process_time()
        with redirect_stdout(printed):
            value = execute(cell.source, names)
        seconds = time.process_time() - began
        shown = SimpleNamespace(**names)
        found[cell_id] = Shown(printed.getvalue(), value, list(displayed), shown, seconds)
    return found


def execute(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and return the value of its last expression."""
    tree = ast.parse(TransformerManager().transform_cell(source))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None
