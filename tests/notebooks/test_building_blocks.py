"""The cells that a function builds on, taken from a source notebook."""

from __future__ import annotations

import pytest
from support.notebooks import reference_cells

from autograder.notebooks.building_blocks import given_imports, source_of

CELLS = [
    "%matplotlib inline\nimport torch\nimport kischule",
    "from math import *",
    "tokenizer, model = kischule.load('mini')",
    "def half(x):\n    return floor(x / TWO)",
    "print('a text to look at', half(3))",
    "def quarter(x):\n    return half(half(x))",
    "TWO = 2\n!ls",
    "def ask(text):\n    return model(tokenizer(text))",
]


def test_a_function_brings_the_cells_that_it_builds_on() -> None:
    source = source_of("quarter", CELLS)
    kept = [i for i, cell in enumerate(CELLS) if cell.splitlines()[0] in source]
    assert kept == [1, 3, 5, 6]
    assert "TWO = 2\npass" in source
    found: dict[str, object] = {}
    exec(source, found)
    assert found["quarter"](9) == 2  # type: ignore[operator]


def test_imports_come_along_without_magics() -> None:
    source = source_of("ask", CELLS)
    assert "import kischule" in source
    assert "kischule.load" in source
    assert "matplotlib" not in source
    assert "half" not in source


def test_a_function_that_no_cell_defines_has_no_source() -> None:
    assert source_of("nonsense", CELLS) == ""


@pytest.mark.parametrize("name", ["apply_temperature", "explore"])
def test_solutions_of_a7_2_bring_only_what_they_need(name: str) -> None:
    cells = reference_cells()
    source = source_of(name, list(cells.values()))
    assert f"def {name}(" in source
    assert ("def repetition_rate(" in source) == (name == "explore")


def test_the_imports_of_given_cells_are_found_once() -> None:
    pip = "try:\n    import a\nexcept ImportError:\n    %pip install a\n    import a"
    cells = [pip, "from b import c"]
    assert given_imports(cells) == "import a\nfrom b import c"
