"""Checks for the exercises: `check("greedy_decode")` in a notebook's test cell.

Beside it `hint("greedy_decode", 1)`, and `table_model`, which the calls of some checks name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking.check import check
    from autograder.checking.hints import hint
    from autograder.sandbox.models import table_model

__all__ = ["check", "hint", "table_model"]

_HOMES = {
    "check": "autograder.checking.check",
    "hint": "autograder.checking.hints",
    "table_model": "autograder.sandbox.models",
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
