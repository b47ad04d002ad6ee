"""Display cells run during grading only where a student's code needs them."""

from __future__ import annotations

import nbformat
import pytest
from support.notebooks import EXERCISES, RELEASE, short

from autograder.notebooks.cells import read_notebook
from autograder.notebooks.display import is_display_only, skippable
from autograder.notebooks.structure import rebuild

FIRST = "tokens = f(text)\nprint(tokens)"
SECOND = "import math\nprint(len(tokens))"


def cells(solution: str, *added: str) -> list[object]:
    """Two display cells, and the cells of a student."""
    made = [
        nbformat.v4.new_code_cell(FIRST, metadata={"tags": ["display-only"]}),
        nbformat.v4.new_code_cell(SECOND, metadata={"tags": ["display-only"]}),
        nbformat.v4.new_code_cell(solution, metadata={"nbgrader": {"solution": True}}),
        nbformat.v4.new_code_cell("tokens", metadata={"nbgrader": {"grade": True}}),
    ]
    return made + [nbformat.v4.new_code_cell(source) for source in added]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    tokens = x\n    return [tokens for tokens in x]",
        "def f(tokens, math=1):\n    return tokens",
        "def f(x):\n    import math\n    return math.pi, x.tokens",
        "x = 'tokens'",
        "this is no Python, tokens",
    ],
)
def test_code_without_their_names_skips_them(source: str) -> None:
    assert skippable(cells(source)) == {0, 1}


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return tokens",
        "def f(x):\n    def g():\n        return tokens\n    return g()",
        "f = lambda x: tokens",
        "def f(x=tokens):\n    return x",
        "class A:\n    b = tokens",
        "print([tokens for _ in range(2)])",
        "tokens += 1",
        "del tokens",
    ],
)
def test_a_used_name_keeps_the_cell_that_defines_it(source: str) -> None:
    assert 0 not in skippable(cells(source))
    assert 0 not in skippable(cells("", source))


def test_a_cell_that_is_needed_needs_others() -> None:
    assert skippable(cells("def f(x):\n    return math.pi")) == set()  # the second uses the first's


@pytest.mark.parametrize(
    "source",
    ["globals()['tokens']", "eval('tok' + 'ens')", "%who", "!ls", "import __main__", "import sys"],
)
def test_code_that_may_reach_any_name_keeps_them_all(source: str) -> None:
    assert skippable(cells("", source)) == set()


def test_only_unchanged_cells_of_the_release_are_skipped() -> None:
    released = read_notebook(RELEASE)
    assert sum(map(is_display_only, released.cells)) >= 10
    submitted = read_notebook(RELEASE)
    # they use no name that another display cell defines
    first, second = (
        next(c for c in submitted.cells if c.id == name) for name in ("show_lab", "show_tokens")
    )
    first.source += "\nhelper = 1"
    second.metadata = {}  # the text counts, not what a submission says about it
    own = nbformat.v4.new_code_cell("mine = 1", metadata={"tags": ["display-only"]})
    submitted.cells.append(own)
    taken = rebuild(released, submitted, EXERCISES).notebook
    out = {taken.cells[i].source for i in skippable(taken.cells)}
    assert second.source in out
    assert not out & {first.source, own.source}
    assert len(out) == sum(map(is_display_only, released.cells)) - 1


def test_the_release_needs_none_of_them() -> None:
    """All other tests grade the notebook without these cells: `short` and the tags agree."""
    released = read_notebook(RELEASE)
    tagged = {c.id for c in released.cells if is_display_only(c)}
    kept = {c.id for c in short(read_notebook(RELEASE)).cells}
    assert tagged
    assert not tagged & kept
