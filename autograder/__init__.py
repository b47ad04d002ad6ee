"""Checks for the exercises: `check("greedy_decode")` in a notebook's test cell."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograder.checking.check import check

__all__ = ["check"]


def __getattr__(name: str) -> Any:
    if name != "check":
        raise AttributeError(f"module 'autograder' has no attribute {name!r}")
    from autograder.checking.check import check

    globals()["check"] = check
    return check
