"""`kischule.precheck()`: which notebook it is, whether it is saved, and what is found in it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.notebooks import RELEASE

import kischule
from kischule import own_notebook
from kischule.errors import UserError
from kischule.own_notebook import SERVERS_VARIABLE, VS_CODES_NAME, notebook_path


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, in a process of its own that no server has started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(SERVERS_VARIABLE, raising=False)
    monkeypatch.setattr(own_notebook, "_shell", lambda: None)


def written(name: str, *sources: str) -> Path:
    path = Path.cwd() / name
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    path.write_text(json.dumps({"cells": cells}))
    return path


def shell(*history: str, **namespace: str) -> Any:
    """IPython's shell in a kernel, after these cells were begun."""
    past = SimpleNamespace(input_hist_raw=["", *history])
    return SimpleNamespace(user_ns=namespace, kernel=object(), history_manager=past)


def test_the_server_says_which_notebook_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written("other.ipynb")
    path = written("mine.ipynb")
    monkeypatch.setenv(SERVERS_VARIABLE, str(path))
    assert notebook_path() == path


def test_a_notebook_that_was_renamed_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    path = written("new.ipynb")
    monkeypatch.setenv(SERVERS_VARIABLE, str(path.with_name("old.ipynb")))
    assert notebook_path() == path
    monkeypatch.setenv(SERVERS_VARIABLE, sys.executable)  # a console
    assert notebook_path() == path


def test_vs_code_says_which_notebook_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written("other.ipynb")
    path = written("mine.ipynb")
    monkeypatch.setattr(own_notebook, "_shell", lambda: shell(**{VS_CODES_NAME: str(path)}))
    assert notebook_path() == path


def test_what_cannot_be_known_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"Welches Notebook\? Von hier aus"):
        kischule.precheck()
    written("b.ipynb")
    written("a.ipynb")
    with pytest.raises(UserError, match=r"a\.ipynb, b\.ipynb.* kischule\.precheck\('a\.ipynb'\)"):
        kischule.precheck()
    with pytest.raises(UserError, match=r"c\.ipynb gibt es hier nicht"):
        kischule.precheck("c.ipynb")


@pytest.mark.parametrize(
    ("saved", "running", "is_saved"),
    [
        (["x = 1\ny = 2", "kischule.precheck()"], "kischule.precheck()\n", True),
        (["%%time\nkischule.precheck()"], "%%time\nkischule.precheck()", True),
        (["x = 1"], "kischule.precheck()", False),
    ],
)
def test_a_notebook_that_is_not_saved_is_not_checked(
    saved: list[str], running: str, is_saved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("A7_2.ipynb", *saved)
    monkeypatch.setattr(own_notebook, "_shell", lambda: shell("x = 1", running))
    monkeypatch.setattr(own_notebook, "COMMAND", ("-c", ""))
    if is_saved:
        kischule.precheck()
    else:
        with pytest.raises(UserError, match=r"A7_2\.ipynb ist nicht gespeichert"):
            kischule.precheck()


def test_it_prints_what_the_command_finds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(RELEASE, "A7_2.ipynb")
    kischule.precheck()
    out = capsys.readouterr().out
    assert out.startswith("Geprüft wird die gespeicherte Datei A7_2.ipynb; sie läuft einmal")
    assert "In A7_2.ipynb steht noch keine Lösung und kein Text. Ist es die richtige Datei?" in out
    assert "Noch nicht bereit" in out
