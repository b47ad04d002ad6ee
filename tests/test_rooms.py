"""The house: imports run downwards only; sizes and names stay within their bounds."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from support.notebooks import ROOT

# from top to bottom; a room imports from itself and from the floors below its own
FLOORS = (
    {"cli"},
    {"reports", "lms"},
    {"course"},
    {"feedback"},
    {"precheck", "grading"},
    {"checking", "notebooks", "selftest"},
    {"sandbox", "exercises"},
    {"kischule"},
)
# modules at the root of `autograder`: the floor that each may import from, downwards
ROOT_MODULES = {"errors": 7, "files": 7, "__init__": 5, "pytest_plugin": 4}
COMMON = {"errors", "files"}  # which any room may import, but for the sandbox
# packages that only these rooms import
ONLY_IN = {"nbgrader": {"course"}, "yaml": {"exercises"}, "distributed": {"grading"}}

MAX_ROOT_MODULES = 5
MAX_MODULE_LINES, MAX_FUNCTION_LINES = 400, 60
MAX_INNER_IMPORTS = 3.0  # of our own modules inside functions, per 1,000 lines
MAX_LONG_CALLS = 4  # with six or more positional arguments
MAX_SHARED_NAMES = 0.04  # top-level names that more than one module defines
MAX_TEST_NAME = 60  # characters
QUESTION = re.compile(r"(What|Whether|How|Who|Why|Which)\b")
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

PRODUCT = sorted(p for name in ("kischule", "autograder") for p in (ROOT / name).rglob("*.py"))
TESTS = sorted(
    p for p in (ROOT / "tests").rglob("*.py") if not {"attacks", "known"} & set(p.parts[:-1])
)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST) -> Iterator[str]:
    """All imported modules, those inside of functions too; of `from a import b` also a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import_module(node):
            yield str(ast.literal_eval(node.args[0]))


def _is_import_module(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name == "import_module" and bool(call.args) and isinstance(call.args[0], ast.Constant)


def room_of(module: str) -> str:
    """The room of a module; of one at the root of `autograder` its name."""
    parts = module.split(".")
    if parts[0] == "kischule":
        return "kischule"
    return parts[1] if len(parts) > 1 else "__init__"


def floor_of(room: str) -> int:
    floors = (number for number, rooms in enumerate(FLOORS) if room in rooms)
    return next(floors, ROOT_MODULES.get(room, -1))


MODULES = {module_of(path): path for path in PRODUCT}


def neighbours(module: str) -> set[str]:
    """Our own modules that a module imports when it is imported, or later."""
    return {name for name in imports_of(tree_of(MODULES[module])) if name in MODULES} - {module}


# --- rooms --------------------------------------------------------------------------------------


def test_each_room_is_on_a_floor() -> None:
    rooms = {room_of(module) for module in MODULES}
    assert rooms == set.union(*FLOORS) | set(ROOT_MODULES)
    assert len(ROOT_MODULES) <= MAX_ROOT_MODULES


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards_only(module: str) -> None:
    room = room_of(module)
    for name in neighbours(module):
        other = room_of(name)
        if room == "sandbox":
            assert other in ("sandbox", "kischule", "__init__"), name
        elif other != room and other not in COMMON:
            least = floor_of(room) + (room not in ROOT_MODULES)
            assert floor_of(other) >= least, name


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_package_is_imported_in_its_rooms_only(package: str) -> None:
    def uses(path: Path) -> bool:
        return any(name.split(".")[0] == package for name in imports_of(tree_of(path)))

    assert {room_of(m) for m, path in MODULES.items() if uses(path)} == ONLY_IN[package]


def test_the_product_imports_no_tests() -> None:
    folders = {"tests", "support", "benchmarks", "source", "release"}
    for path in PRODUCT:
        assert not {name.split(".")[0] for name in imports_of(tree_of(path))} & folders, path


def test_there_is_no_circle_of_imports() -> None:
    """Of modules, those inside of functions too; a package's own names are its modules' arrows."""
    graph = {module: neighbours(module) for module in MODULES}
    packages = {m for m in MODULES if MODULES[m].name == "__init__.py"}
    graph = {m: {n for n in found if n not in packages} for m, found in graph.items()}
    TopologicalSorter(graph).prepare()  # CycleError names the circle


# --- sizes --------------------------------------------------------------------------------------


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_modules_and_functions_are_short() -> None:
    assert {str(p): n for p in PRODUCT if (n := lines_of(p)) > MAX_MODULE_LINES} == {}
    functions = (
        (f"{module}.{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for module, path in MODULES.items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert {name: n for name, n in functions if n > MAX_FUNCTION_LINES} == {}


def test_own_modules_are_imported_at_the_top() -> None:
    inner = [
        (module, name)
        for module, path in MODULES.items()
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in list(imports_of(node))[:1]
        if name.split(".")[0] in ("kischule", "autograder")
    ]
    assert 1000 * len(inner) / sum(map(lines_of, PRODUCT)) < MAX_INNER_IMPORTS, inner


def test_calls_name_their_arguments() -> None:
    long = [
        f"{module}:{node.lineno}"
        for module, path in MODULES.items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and sum(not isinstance(argument, ast.Starred) for argument in node.args) >= 6
    ]
    assert len(long) <= MAX_LONG_CALLS, long


def top_level_names(path: Path) -> Iterator[str]:
    for node in tree_of(path).body:
        if isinstance(node, Definition):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_each_idea_has_a_name_of_its_own() -> None:
    homes = defaultdict(set)
    for module, path in MODULES.items():
        for name in top_level_names(path):
            if not name.startswith("__"):
                homes[name].add(module)
    shared = {name: found for name, found in homes.items() if len(found) > 1}
    assert len(shared) / len(homes) < MAX_SHARED_NAMES, sorted(shared)


# --- English ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PRODUCT + TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_opens_with_a_question_word(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | Definition):
            assert not QUESTION.match(ast.get_docstring(node) or ""), getattr(node, "name", path)


def test_names_of_tests_are_short() -> None:
    names = [
        node.name
        for path in TESTS
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert [name for name in names if len(name) > MAX_TEST_NAME] == []


# words of an earlier edition, each replaced by one of the field's own
OLD_WORDS = re.compile(
    r"\b(drawn|hand-ins?|hand_ins?|self_check|self-check|outcomes?|TestResult|bridge"
    r"|judges_of|MOST|FEWEST)\b"
)


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_word_of_an_earlier_edition_is_left(path: Path) -> None:
    assert OLD_WORDS.findall(path.read_text(encoding="utf-8")) == []


# --- the public surface -------------------------------------------------------------------------


def test_the_notebook_imports_check_and_hint_alone() -> None:
    text = (ROOT / "source" / "a7_2" / "A7_2.ipynb").read_text(encoding="utf-8")
    assert text.count("autograder") == text.count('"from autograder import check, hint\\n"') == 1


@pytest.mark.parametrize("package", ["kischule", "autograder"])
def test_every_public_name_can_be_imported(package: str) -> None:
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
