"""The cells of a source notebook that one of its functions builds on."""

import ast
import re
from collections.abc import Sequence
from functools import lru_cache

from autograder.notebooks.names import bindings, names, python

_MAGIC = re.compile(r"^(\s*)(?:\w+ = )?get_ipython\(\)\..*$", re.MULTILINE)


def source_of(name: str, cells: Sequence[str]) -> str:
    """The source of a function, below or above the cells whose names it uses, as plain Python.

    name: of the function; it may build on helper functions and imports anywhere in the notebook,
    and these on others. cells: the texts of its code cells, in their order, without those that
    check. IPython's own syntax is left out. "" if no cell defines the function.
    """
    return _gathered(name, tuple(cells))


def given_imports(cells: Sequence[str]) -> str:
    """The import statements of these cells, each once, as plain Python."""
    trees = [ast.parse(_MAGIC.sub(r"\1pass", python(cell))) for cell in cells]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = [ast.unparse(n) for n in nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(dict.fromkeys(found))


@lru_cache(maxsize=256)  # each student's page asks again
def _gathered(name: str, cells: tuple[str, ...]) -> str:
    parts = [_MAGIC.sub(r"\1pass", python(cell)) for cell in cells]
    uses = [names(part) for part in parts]
    own = [i for i, (_, defined) in enumerate(uses) if name in defined]
    taken = set(own) and {i for i, part in enumerate(parts) if bindings(part).everything_from}
    more = set(own)
    while more:
        taken |= more
        wanted = {used for i in taken for used in uses[i][0]}
        more = {i for i, (_, defined) in enumerate(uses) if defined & wanted} - taken
    return "\n\n".join(part for i, part in enumerate(parts) if i in taken)
