"""The reason that an exercise's function is not defined after its notebook ran."""

import difflib
from collections.abc import Sequence
from typing import Any

from autograder.notebooks.cells import grade_id_of, is_solution
from autograder.notebooks.names import definitions, tree
from autograder.sandbox.text import clean

MAX_QUOTED = 80  # characters of a line that is quoted
MIN_ALIKE = 0.6  # of two names, for one to be the other misspelt


def why_undefined(functions: Sequence[str], cells: Sequence[Any]) -> tuple[str, dict[str, str]]:
    """The reason, as a key of `checking.sentences.SENTENCES` and its values.

    functions: of the exercise; the first one is its id. cells: all code cells that are not tests,
    with their outputs.
    """
    found = {id(cell): definitions(cell.source).names for cell in cells}
    usable = set().union(
        *(found[id(c)] for c in cells if _stopped_by(c) is None and not _syntax(c))
    )
    name = next((f for f in functions if f not in usable), functions[0])
    theirs = [c for c in cells if grade_id_of(c) == functions[0]]
    for cell in reversed([*theirs, *(c for c in cells if name in found[id(c)])]):
        if error := _syntax(cell):
            lines = cell.source.splitlines()
            number = error.lineno or 0
            line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
            text = clean(line)[:MAX_QUOTED]
            return "syntax", {"line": str(number), "text": text, "actual": clean(error.msg)}
        if raised := _stopped_by(cell):
            return "stopped", {"actual": clean(f"{raised.ename}: {raised.evalue}")[:200]}
    if theirs and not any(cell.source.strip() for cell in theirs):
        return "not_implemented", {}
    own = set().union(*(found[id(c)] for c in cells if is_solution(c) or not grade_id_of(c)))
    own -= {grade_id_of(cell) for cell in cells}
    here = sorted(set().union(*(found[id(cell)] for cell in theirs)) & own - set(functions))
    close = difflib.get_close_matches(name, sorted(own - set(functions)), 1, MIN_ALIKE)
    if here or close:
        return "renamed", {"expected": name, "actual": (close or here)[0]}
    return "undefined", {"expected": name}


def _syntax(cell: Any) -> SyntaxError | None:
    """The reason that a cell is no Python; None if it is."""
    try:
        tree(cell.source)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nested too deeply
        return SyntaxError(str(error))
    return None


def _stopped_by(cell: Any) -> Any:
    """The output of the error that stopped a cell; None if there was none."""
    return next((o for o in cell.get("outputs", []) if o.output_type == "error"), None)
