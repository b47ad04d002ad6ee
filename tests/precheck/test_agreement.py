"""Precheck and grading say the same of each exercise of a damaged notebook.

Each damage is tried alone, which takes minutes; those that do not get in each other's way are also
in one notebook, for every run of the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.notebooks import EXERCISES, RELEASE, filled, reference_cells

from autograder.checking.result import Result
from autograder.exercises.exercise import Level
from autograder.grading.settings import Settings
from autograder.grading.worker import run_submission
from autograder.notebooks import reader
from autograder.notebooks.cells import exercise_of
from autograder.notebooks.structure import rebuild
from autograder.precheck.precheck import Precheck, precheck

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

REFERENCE = reference_cells()
# cheap ones; the others stay as released
SOLVED = (
    *("encode_prompt", "top_tokens", "apply_repetition_penalty", "apply_temperature"),
    *("filter_top_k", "filter_top_p", "repetition_rate", "filter_min_p"),
)
CELL_LIMIT_S = 20.0
Notebook = Any
Damage = Callable[[Notebook], object]
HELPER = "def helped(values):\n    return values"


def index(notebook: Notebook, name: str) -> int:
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == name)


def own(after: str, source: str) -> Damage:
    """A cell of the student's own, after the cell with this id."""
    return lambda n: n.cells.insert(index(n, after) + 1, nbformat.v4.new_code_cell(source))


def solution(name: str, source: str) -> Damage:
    return lambda n: n.cells[index(n, name)].update(source=source)


def edited(name: str, old: str, new: str) -> Damage:
    assert old in REFERENCE[name], name
    return solution(name, REFERENCE[name].replace(old, new))


def both(*damages: Damage) -> Damage:
    return lambda n: [damage(n) for damage in damages]


def deleted(name: str) -> Damage:
    return lambda n: n.cells.pop(index(n, name))


def first(name: str) -> Damage:
    return lambda n: n.cells.insert(0, n.cells.pop(index(n, name)))


def as_text(name: str) -> Damage:
    def change(notebook: Notebook) -> None:
        at = index(notebook, name)
        old = notebook.cells[at]
        notebook.cells[at] = nbformat.v4.new_markdown_cell(
            old.source, id=name, metadata=old.metadata
        )

    return change


def copied(name: str, source: str) -> Damage:
    def change(notebook: Notebook) -> None:
        at = index(notebook, name)
        again = nbformat.from_dict({**notebook.cells[at], "id": "again", "source": source})
        notebook.cells.insert(at + 1, again)

    return change


def stripped(notebook: Notebook) -> None:
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = nbformat.from_dict({}), f"new-{number}"


def calls(name: str, body: str) -> Damage:
    """The solution, after these lines at the beginning of its function."""
    head, _, rest = REFERENCE[name].partition(":\n")
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return solution(name, f"{head}:\n{lines}{rest}")


# they concern one exercise each, or none: all of them fit into one notebook
TOGETHER: dict[str, Damage] = {
    "missing colon": edited("filter_top_k", "if not k:", "if not k"),
    "renamed function": edited("repetition_rate", "repetition_rate", "repetitionrate"),
    "no return": edited("apply_temperature", "return logits / temperature", "logits / temperature"),
    "missing import": edited("top_tokens", "torch.topk", "np.topk"),
    "error before the function": edited("filter_top_p", "def filter", "x = 1 / 0\ndef filter"),
    "error after the function": solution(
        "apply_repetition_penalty",
        REFERENCE["apply_repetition_penalty"] + "\napply_repetition_penalty(None, None, 2)",
    ),
    "blank cell": solution("encode_prompt", "\n"),
    "own cell that fails": own("prompt", "1 / 0"),
    "own cell that is no Python": own("prompt", "for i in range(3)\n    print(i)"),
    "check is another name": own("prompt", "check, display = 3, print"),
    "exit": own("load_model", "exit()"),
    "shell": own("load_model", "!pip install nothing\ninput('?')"),
    "no output of the last line": own(
        "prompt", "%config InteractiveShell.ast_node_interactivity = 'none'"
    ),
    "test that says passed": lambda n: n.cells[index(n, "test_filter_min_p")].update(
        source="print('passed')"
    ),
    "test moved to the top": first("test_top_tokens"),
}
ALONE: dict[str, Damage] = {
    "indentation": edited("top_tokens", "    return [", "      return ["),
    "stub": lambda n: None,
    "own cell that is no Python defines a helper": both(
        own("load_model", f"{HELPER}\nx = ("), calls("filter_top_k", "helped(k)")
    ),
    "helper above": both(own("load_model", HELPER), calls("filter_top_k", "helped(k)")),
    "helper below": both(own("closing", HELPER), calls("filter_top_k", "helped(k)")),
    "shadowed list": both(own("prompt", "list = [1]"), calls("filter_top_k", "list((1, 2))")),
    "shadowed list that nobody needs": own("prompt", "list = [1]"),
    "shadowed torch": own("prompt", "torch = 1"),
    "function replaced by a number": own("filter_top_k", "filter_top_k = 3"),
    "function deleted": own("filter_top_k", "del filter_top_k"),
    "kernel killed": own("prompt", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "kernel crashed": own("prompt", "import ctypes\nctypes.string_at(0)"),
    "function that ends the kernel": calls("filter_top_k", "import ctypes\nctypes.string_at(0)"),
    "function that exits": calls("filter_top_k", "raise SystemExit"),
    "endless cell": own("prompt", "while True:\n    pass"),
    "endless function": calls("filter_top_k", "while True:\n    pass"),
    "endless recursion": calls("filter_top_k", "return filter_top_k(logits, k)"),
    "module beside": both(
        own("load_model", "from helper_beside import helped"), calls("filter_top_k", "helped(k)")
    ),
    "data beside": both(
        own("load_model", "kept = open('notes.txt').read()"), calls("filter_top_k", "kept + ''")
    ),
    "solution deleted": deleted("filter_top_k"),
    "setup deleted": deleted("setup"),
    "test deleted": deleted("test_filter_top_k"),
    "solution as text": as_text("filter_top_k"),
    "solution twice, the last one wrong": copied(
        "filter_top_k", "def filter_top_k(logits, k):\n    return logits * 2"
    ),
    "no metadata": stripped,
    "solution above its imports": first("filter_top_k"),
    "everything forgotten": own("filter_top_k", "%reset -f"),
    "changed argument": calls("filter_top_k", "logits += 1"),
    "input in a function": calls("filter_top_k", "input()"),
    "global of a deleted cell": calls("filter_top_k", "gone"),
    "wrong result": edited("filter_top_k", "if not k:", "if k == 2:"),
    "another needs it": both(
        solution("next_token_probs", "def next_token_probs(model, input_ids):\n    return 1"),
        solution("greedy_decode", REFERENCE["greedy_decode"]),
    ),
    "noise": calls("filter_top_k", "import sys\nprint('x' * 10000)\nprint('y', file=sys.stderr)"),
}  # fmt: skip


@cache
def without_hidden() -> Notebook:
    """The release, without the hidden tests: a precheck has none."""
    release = reader.parse(RELEASE.read_bytes())
    tested = [(cell, exercise_of(cell, EXERCISES)) for cell in release.cells]
    release.cells = [cell for cell, about in tested if not about or about[1] == Level.PUBLIC]
    return release


def compared(folder: Path, *damages: Damage) -> tuple[Precheck, dict[str, Result]]:
    """Precheck and grade a damaged notebook; what both say of each exercise must agree."""
    notebook = filled(RELEASE, {name: REFERENCE[name] for name in SOLVED})
    for damage in damages:
        damage(notebook)
    path = folder / "A7_2.ipynb"
    nbformat.write(notebook, path)
    (folder / "helper_beside.py").write_text(HELPER)
    (folder / "notes.txt").write_text("kept")
    checked = precheck(path, "en", CELL_LIMIT_S)
    rebuilt = rebuild(without_hidden(), reader.parse(path.read_bytes()), EXERCISES)
    settings = Settings(time_limit_s=CELL_LIMIT_S, isolation="namespaces")
    run = run_submission(rebuilt.notebook, "a seed", settings, EXERCISES, REFERENCE)
    graded = {r.exercise: r for r in run.results if r.level == Level.PUBLIC}
    assert [r.exercise for r in checked.results] == list(graded)
    for result in checked.results:
        other = graded[result.exercise]
        if result.kind != "needs":  # which grading judges with a working function
            assert verdict(result) == verdict(other), result.exercise
            assert told(result) == told(other), result.exercise
    return checked, graded


def verdict(result: Result) -> tuple[object, ...]:
    return result.passed, result.kind, result.points, result.passed_cases


def told(result: Result) -> str:
    """The words; without the call that ended a kernel, which only grading sees from outside."""
    words = result.told("en")
    return words.split("\n")[-1] if result.kind == "died" else words


def test_damages_of_one_notebook_are_judged_alike(tmp_path: Path) -> None:
    checked, graded = compared(tmp_path, *TOGETHER.values())
    kinds = {result.exercise: result.kind for result in checked.results}
    assert {name: kinds[name] for name in SOLVED} == {
        "encode_prompt": "not_implemented",
        "top_tokens": "raised",
        "apply_repetition_penalty": "",
        "apply_temperature": "no_return",
        "filter_top_k": "missing",
        "filter_top_p": "missing",
        "repetition_rate": "missing",
        "filter_min_p": "",
    }
    words = {
        "filter_top_k": "Line 4: `if not k` (expected ':').",
        "filter_top_p": "before the function is defined: ZeroDivisionError",
        "repetition_rate": "must be called `repetition_rate`; yours is called `repetitionrate`",
    }
    for name, expected in words.items():
        assert expected in graded[name].told("en")


@pytest.mark.slow
@pytest.mark.parametrize("damage", [*TOGETHER, *ALONE])
def test_a_damage_is_judged_alike(damage: str, tmp_path: Path) -> None:
    compared(tmp_path, {**TOGETHER, **ALONE}[damage])


def test_there_are_enough_damages() -> None:
    assert len(TOGETHER) + len(ALONE) >= 30
