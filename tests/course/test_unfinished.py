"""Exercises in the making: `kischule verify` says what is missing, in the order of doing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.own import Here, own_cell

from autograder.cli import main
from autograder.course import verify
from autograder.course.unfinished import missing_parts, unknown_exercise
from autograder.exercises.exercise import ExerciseError

NAME = "apply_logit_bias"
OWN = f"""\
id: {NAME}
title: {{de: 'Logits verschieben', en: 'Shifting logits'}}
parameters: [logits, bias]
checker: tensor
read: {{de: 'Aufgabe 4', en: 'Exercise 4'}}
cases:
  - {{logits: {{vector: [0.0, 1.0, -2.0]}}, bias: [1.0, 0.0, 0.5]}}
hidden:
  - {{logits: {{generate: logits, size: 3}}, bias: [0.5, 1.0, -2.0]}}
"""
SOLUTION = f"def {NAME}(logits, bias):\n    return logits + torch.tensor(bias)"
HIDDEN = f'### BEGIN HIDDEN TESTS\ncheck("{NAME}", hidden=True)\n### END HIDDEN TESTS'
KNOWN = "from autograder.exercises.known import correct, wrong\n\n\n"
PARTS = [  # in the order of doing; of each what is said while it is missing
    f"the file exercises/a9/{NAME}.yaml",
    f"a text above the solution cell, which says what {NAME} is to do",
    f"a solution cell with the grade_id {NAME}: the reference",
    f'a test cell with the grade_id test_{NAME}: check("{NAME}")',
    f'a test cell with the grade_id hidden_{NAME}: check("{NAME}", hidden=True)',
    f"a wrong solution in tests/known/wrong/{NAME}.py, marked @wrong",
    f"a correct solution in tests/known/correct/{NAME}.py, marked @correct",
]


def _write(course: Path, *cells: Any) -> None:
    setup = nbformat.v4.new_code_cell("import torch\nfrom autograder import check", id="setup")
    path = course / "source" / "a9" / "a9.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[setup, *cells]), path)


def _steps(course: Path) -> Iterator[None]:
    """Do one part after the other."""
    cells = [
        nbformat.v4.new_markdown_cell("Adds a bias.", id="text"),
        own_cell(f"### BEGIN SOLUTION\n{SOLUTION}\n### END SOLUTION", NAME),
        own_cell(f'check("{NAME}")', f"test_{NAME}", points=1),
        own_cell(HIDDEN, f"hidden_{NAME}", points=1),
    ]
    _write(course)
    yield
    _file(course, f"exercises/a9/{NAME}.yaml", OWN)
    _write(course, nbformat.v4.new_markdown_cell(f"`{NAME}(logits, bias)` adds.", id="text"))
    yield
    for number in range(2, 5):
        _write(course, *cells[:number])
        yield
    wrong = f'@wrong(fails_case=1, kind="value")\n{SOLUTION.replace("+", "-")}\n'
    _file(course, f"tests/known/wrong/{NAME}.py", KNOWN + wrong)
    yield
    _file(course, f"tests/known/correct/{NAME}.py", f"{KNOWN}@correct()\n{SOLUTION}\n")
    yield


def _file(course: Path, name: str, text: str) -> None:
    path = course / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_parts_are_named_in_the_order_of_doing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = _steps(tmp_path)
    next(steps)
    found = missing_parts(tmp_path, "a9", NAME)
    assert found[0].startswith(PARTS[0])
    assert found[1:] == PARTS[1:]
    for done, _ in enumerate(steps, start=2):
        assert missing_parts(tmp_path, "a9", NAME) == PARTS[done:]
    assert done == len(PARTS)
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 0
    assert "1/1" in capsys.readouterr().out


def test_verify_says_what_is_still_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a solution, without known solutions, and with one that is not Python."""
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    _file(tmp_path, f"exercises/a9/{NAME}.yaml", OWN)
    _file(tmp_path, f"tests/known/wrong/{NAME}.py", "def (:")
    test = own_cell(f'check("{NAME}")', f"test_{NAME}", points=1)
    _write(tmp_path, test)
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    said = [line for line in out.splitlines() if line.startswith("✗")]
    parts = [*PARTS[1:3], PARTS[4], "a wrong solution", PARTS[6]]
    for line, part in zip(said, parts, strict=True):
        assert line.startswith(f"✗ {NAME}: there must be {part}")
    assert f"tests/known/wrong/{NAME}.py that is Python, line 1: " in said[3]
    _write(tmp_path, own_cell(SOLUTION, NAME), test)
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 1
    assert "that is Python, line 1: " in capsys.readouterr().out


def test_an_exercise_without_a_file_or_a_cell_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, own_cell(f'check("{NAME}")', f"test_{NAME}", points=1))
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"a9 has no exercise '{NAME}' (did you mean 'apply_sequence_bias'?)" in said
    assert f"; still to do:\n  1. {PARTS[0]}: id, title" in said
    assert "then `kischule verify a9` tries the reference solution" in said
    _write(tmp_path, own_cell('check("filter_top_k")', "test_filter_top_k", points=1))
    _file(tmp_path, f"exercises/a9/{NAME}.yaml", OWN)
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 1
    done = capsys.readouterr()
    assert f"{NAME}: not yet in the notebook of a9; still to do: {PARTS[1]}; " in done.err
    assert "✗ filter_top_k: there must be a solution cell" in done.out
    error = unknown_exercise(tmp_path, "a9", "filter_topk")
    assert "a9 has no exercise 'filter_topk' (did you mean 'filter_top_k'?)" in str(error)


def test_a_file_without_hidden_cases_or_with_a_mistake_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in _steps(tmp_path):
        pass
    _file(tmp_path, f"exercises/a9/{NAME}.yaml", OWN.partition("hidden:")[0])
    (found,) = missing_parts(tmp_path, "a9", NAME)
    assert found == f"hidden cases: the key hidden in exercises/a9/{NAME}.yaml"
    _file(tmp_path, f"exercises/a9/{NAME}.yaml", OWN.replace("checker: tensor", "checker: tensr"))
    assert main(["verify", "a9", "--course", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"{NAME}.yaml, line 4: checker must be one of" in said
    assert "was: 'tensr' (did you mean 'tensor'?)" in said
    _file(tmp_path, f"exercises/a9/{NAME}.yaml", OWN.replace("hidden:", "hiden:"))
    with pytest.raises(ExerciseError, match=r"line 8: unknown key 'hiden' \(did you mean 'hidden'"):
        missing_parts(tmp_path, "a9", NAME)
