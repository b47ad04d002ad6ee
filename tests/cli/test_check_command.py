"""The command as a user types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from support.notebooks import A7_2, RELEASE, ROOT, filled, short

from autograder.cli import main


def test_check_passes_a_solved_notebook(
    tmp_path: Path, reference: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "A7_2.ipynb"
    nbformat.write(short(filled(RELEASE, reference)), path)
    before = path.read_bytes()
    assert main(["check", str(path), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is True
    assert sorted(e["id"] for e in report["exercises"]) == list(A7_2)
    assert path.read_bytes() == before


def test_check_says_what_is_missing_and_exits_with_1(
    tmp_path: Path, reference: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = short(filled(RELEASE, {"encode_prompt": reference["encode_prompt"]}))
    notebook.cells = [c for c in notebook.cells if c.id != "test_top_tokens"]
    path = tmp_path / "A7_2.ipynb"
    nbformat.write(notebook, path)
    assert main(["check", str(path), "--json", str(tmp_path / "out.json")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ["✓", "encode_prompt", "1", "von", "1", "bis", "zu", "1"] in [x.split() for x in lines]
    assert "✗ next_token_probs" in lines
    assert "    Hier fehlt noch Ihre Lösung." in lines
    assert "✗ top_tokens" in lines
    assert json.loads((tmp_path / "out.json").read_text())["missing"] == []


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '{"cells": []}', '{"nbformat": 4, "cells": [{}]}']
)
def test_a_file_that_is_no_notebook_is_refused_in_one_line(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    assert main(["check", str(path)]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"kischule: {path}: ")
    assert message.count("\n") == 1


def test_wrong_use_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["nonsense"], ["grade"], ["grade", "a7_2", "--time-limit", "0"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert main(["grade", "a7_2", "--course", str(ROOT), "--student", "nobody"]) == 2
    assert "no submission of 'nobody' for 'a7_2'" in capsys.readouterr().err


def test_models_lists_the_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    for name in ("mini", "gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"):
        assert f"\n{name} " in out


def test_only_the_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    from autograder.files import write_atomically
    from autograder.grading.store import Store

    before = os.umask(0o022)
    try:
        Store(tmp_path).seed()
        write_atomically(tmp_path / "release", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "release").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / ".kischule" / "seed").stat().st_mode & 0o777 == 0o600
