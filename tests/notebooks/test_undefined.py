"""A function that is not defined: the message names the reason."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest

from autograder.checking.sentences import SENTENCES
from autograder.notebooks.undefined import why_undefined

TOP_K = "def filter_top_k(logits, k):\n    return logits"


def cell(source: str, grade_id: str = "", error: str = "") -> Any:
    made = nbformat.v4.new_code_cell(source)
    if grade_id:
        made.metadata["nbgrader"] = {"grade_id": grade_id, "solution": True}
    if error:
        name, _, value = error.partition(": ")
        made.outputs = [nbformat.v4.new_output("error", ename=name, evalue=value, traceback=[])]
    return made


def why(*cells: Any, functions: tuple[str, ...] = ("filter_top_k",)) -> str:
    kind, values = why_undefined(functions, cells)
    return SENTENCES[kind].format(**values).en


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (f"import torch\n{TOP_K}".replace("k):", "k)"), "Line 2: `def filter_top_k(logits, k)` ("),
        (f"{TOP_K}\n     if k:", "Line 3: `if k:` ("),
        (f"{TOP_K}[", "Line 2: `return logits[` ("),
        ("define filter_top_k(logits, k):\n    return logits", "Line 1: `define filter_top_k"),
        ("def filter_top_k(logits, k):\nreturn logits", "Line 2: `return logits` ("),
        (f"%time 1\n{TOP_K} )", "Line 3: `return logits )` ("),
        ("def filter_top_k(logits, k):\n", "Line 1: `def filter_top_k"),
    ],
)
def test_the_line_of_a_syntax_error_is_named(source: str, line: str) -> None:
    assert line in why(cell(source, "filter_top_k"))


def test_what_cannot_be_parsed_at_all_is_named() -> None:
    for source in (f"{TOP_K}\0", f"{TOP_K}\nx = {'(' * 300}1{')' * 300}"):
        assert "cannot read the cell" in why(cell(source, "filter_top_k"))


def test_an_error_before_the_function_is_quoted() -> None:
    stopped = cell(f"x = 1 / 0\n{TOP_K}", "filter_top_k", "ZeroDivisionError: division by zero")
    assert why(stopped).endswith("function is defined: ZeroDivisionError: division by zero")
    assert why(cell("", "filter_top_k"), cell(TOP_K, "", "KernelEnded: This cell …")) == (
        "The cell with your solution stops before the function is defined: KernelEnded: This cell …"
    )


@pytest.mark.parametrize("name", ["filter_topk", "filterTopK", "Filter_top_k", "my_function"])
def test_another_name_is_told(name: str) -> None:
    sentence = f"The function must be called `filter_top_k`; yours is called `{name}`."
    assert why(cell(TOP_K.replace("filter_top_k", name), "filter_top_k")) == sentence


def test_a_neighbours_function_is_not_the_renamed_one() -> None:
    neighbour = cell("def filter_top_p(logits, p):\n    return logits", "filter_top_p")
    assert why(neighbour, cell("x = 1", "filter_top_k")).startswith("When all cells have run")


def test_the_helper_that_is_missing_is_named() -> None:
    functions = ("encode_prompt", "ends_in_space_token")
    found = cell("def encode_prompt(t, p):\n    return 1\ndef ends_in_space(t, p):\n    return 1")
    assert why(found, functions=functions) == (
        "The function must be called `ends_in_space_token`; yours is called `ends_in_space`."
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"{TOP_K}\ndel filter_top_k", "When all cells have run"),
        ("if False:\n    def filter_top_k(): pass", "When all cells have run"),
        ("class A:\n    def filter_top_k(self): pass", "yours is called `A`"),
        ("  \n", "Your solution is still missing here."),
    ],
)
def test_a_function_that_is_gone_is_not_called_unrun(source: str, words: str) -> None:
    assert words in why(cell(source, "filter_top_k"))
