"""The names in a cell."""

from __future__ import annotations

import pytest

from autograder.checking.imports import import_line, missing_name
from autograder.notebooks.names import bindings, is_stub, names


@pytest.mark.parametrize(
    ("source", "used", "defined"),
    [
        ("x = y", {"y"}, {"x"}),
        ("def f(a):\n    return a + b", {"b"}, {"f"}),
        ("def f():\n    global g\n    g = 1", {"g"}, {"f", "g"}),
        ("x += 1", {"x"}, {"x"}),
        ("del x", {"x"}, {"x"}),
        ("import a.b as c", {"c"}, {"c"}),
        ("%pip install x\ny = 1", {"get_ipython"}, {"y"}),
        ("no Python at all", set(), set()),
    ],
)
def test_names_are_those_of_the_notebook(source: str, used: set[str], defined: set[str]) -> None:
    found = names(source)
    assert found[0] >= used
    assert found[1] >= defined
    assert not (found[0] | found[1]) & {"a"}  # an argument, and the parent of a module


def test_what_a_cell_binds_is_told_by_its_kind() -> None:
    found = bindings(
        "import numpy as np, os.path\nfrom a.b import c as d\nfrom math import *\n"
        "for i, (j, *k) in []:\n    x: int = 1\nwith a as w:\n    pass\n"
        "try:\n    y = [z for z in range(2)]\n"
        "    y = sum(g for g in {s: t for s, t in {u for u in []}})\n"
        "except E as e:\n    v = lambda q: q\n"
        "def f(g):\n    h = 1\nclass C:\n    m = 2\n"
    )
    assert found.imports == {"np": "numpy", "os": "os", "d": "a.b.c"}
    assert found.everything_from == {"math"}
    assert found.values == {"i", "j", "k", "x", "w", "y", "v"}
    assert set(found.functions) == {"f", "C"}
    assert bindings("no Python at all") == bindings("")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("raise NotImplementedError()", True),
        ("raise NotImplementedError", True),
        ('"""What it does."""\n    raise NotImplementedError()', True),
        ("return 1\n    raise NotImplementedError()", False),
        ("raise ValueError()", False),
        ("raise", False),
        ('"""Only this."""', False),
    ],
)
def test_a_stub_raises_at_once(body: str, expected: bool) -> None:
    (function,) = bindings(f"def f():\n    {body}").functions.values()
    assert is_stub(function) is expected


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("np", "import numpy as np"),
        ("plt", "import matplotlib.pyplot as plt"),
        ("F", "import torch.nn.functional as F"),
        ("nn", "from torch import nn"),
        ("random", "import random"),
        ("math", "import math"),
        ("re", "import re"),
        ("Counter", "from collections import Counter"),
        ("defaultdict", "from collections import defaultdict"),
        ("sqrt", "from math import sqrt"),
        ("start", ""),
    ],
)
def test_a_well_known_name_has_an_import(name: str, line: str) -> None:
    assert import_line(name) == line
    if line and name not in ("tqdm",):
        exec(line, space := {})
        assert name in space


def test_the_name_of_a_name_error() -> None:
    assert missing_name("The call stops with: NameError: name 'np' is not defined") == "np"
    assert missing_name("KeyError: 'np'") == ""
