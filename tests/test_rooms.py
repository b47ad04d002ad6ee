"""Who may import whom (DESIGN 3), the public surface, and what importing costs."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

MODULES = sorted((ROOT / "kischule").rglob("*.py")) + sorted((ROOT / "autograder").rglob("*.py"))


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in _imports(path)}


def test_kischule_never_imports_autograder_and_nobody_imports_tests() -> None:
    for path in MODULES:
        if path.is_relative_to(ROOT / "kischule"):
            assert "autograder" not in _roots(path), path
        assert not _roots(path) & {"tests", "source", "release"}, path


def test_only_the_bridge_imports_nbgrader_and_only_exercise_imports_yaml() -> None:
    users = {p.name for p in MODULES if "nbgrader" in _roots(p)}
    assert users == {"bridge.py"}
    assert {p.name for p in MODULES if "yaml" in _roots(p)} == {"exercise.py"}


@pytest.mark.parametrize("name", ["oracle", "compare", "exercise"])
def test_references_know_nothing_of_notebooks_or_kernels(name: str) -> None:
    imported = _imports(ROOT / "autograder" / f"{name}.py")
    for foreign in ("nbformat", "nbclient", "nbgrader", "IPython", "autograder.grading"):
        assert not any(i == foreign or i.startswith(f"{foreign}.") for i in imported)


def test_the_notebooks_import_kischule_and_only_check_of_the_autograder() -> None:
    text = (ROOT / "source" / "a7_2" / "A7_2.ipynb").read_text(encoding="utf-8")
    assert text.count("autograder") == text.count("from autograder import check") == 1


@pytest.mark.parametrize("package", ["kischule", "autograder"])
def test_the_public_surface_is_what_imports(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        module.nonsense  # noqa: B018


def test_importing_kischule_loads_neither_torch_nor_transformers() -> None:
    code = "import sys, kischule; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert time.monotonic() - began < 5  # importing torch alone would take about this
