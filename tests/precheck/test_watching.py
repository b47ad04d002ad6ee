"""A check that goes on: after each save, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import psutil
import pytest
from support.notebooks import RELEASE, exercises, filled, short

from autograder.precheck import watching
from autograder.precheck.kernel import start_kernel
from autograder.precheck.precheck import precheck
from autograder.precheck.watching import wait_for_change

COMMAND = [sys.executable, "-m", "autograder.cli", "check"]
ENDLESS = "def encode_prompt(tokenizer, prompt_text):\n    while True:\n        pass"
TOO_FEW = "def encode_prompt(tokenizer, prompt_text):\n    return []"


def save(path: Path, solution: str) -> None:
    """A notebook in which one exercise is solved, or tried."""
    nbformat.write(short(filled(RELEASE, {"encode_prompt": solution})), path)


@pytest.fixture
def begun() -> Iterator[list[subprocess.Popen[str]]]:
    """Commands that a test has begun; none of them goes on after it."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def begin(begun: list[subprocess.Popen[str]], *arguments: str | Path) -> subprocess.Popen[str]:
    """The command, with all that it says in one stream."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    begun.append(process)
    return process


def until(process: subprocess.Popen[str], word: str) -> list[str]:
    """The lines up to one with this word."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if word in line:
            return lines
    raise AssertionError(f"no {word!r} in: {lines}")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_each_save_is_checked_until_ctrl_c(
    tmp_path: Path, reference: dict[str, str], begun: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "A7_2.ipynb"
    save(path, TOO_FEW)
    process = begin(begun, "--watch", path)
    first = until(process, "Ctrl+C")
    assert ["✗", "encode_prompt", "0", "von", "1", "bis", "zu", "1"] in [x.split() for x in first]
    path.write_text("{")
    assert any("not JSON" in line for line in until(process, "Ctrl+C"))
    save(path, reference["encode_prompt"])
    second = until(process, "Ctrl+C")
    assert ["✓", "encode_prompt", "1", "von", "1", "bis", "zu", "1"] in [x.split() for x in second]
    kernels = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 1  # of the last check: fourteen exercises are missing
    assert "Traceback" not in rest
    assert not psutil.wait_procs(kernels, timeout=10)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_stops_a_check_in_one_word(
    tmp_path: Path, begun: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "A7_2.ipynb"
    save(path, ENDLESS)
    process = begin(begun, path)
    until(process, "1/15")
    kernels = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0].splitlines() == ["stopped"]
    assert process.returncode == 130
    assert not psutil.wait_procs(kernels, timeout=10)[1]


def test_a_file_that_is_not_there_stops_a_watch_at_once(
    tmp_path: Path, begun: list[subprocess.Popen[str]]
) -> None:
    process = begin(begun, "--watch", tmp_path / "A7_2.ipynb")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "A7_2.ipynb: cannot be opened" in told


def test_a_watch_writes_no_json(tmp_path: Path, begun: list[subprocess.Popen[str]]) -> None:
    process = begin(begun, "--watch", "--json", "-", tmp_path / "A7_2.ipynb")
    assert "not allowed with argument" in process.communicate(timeout=60)[0]
    assert process.returncode == 2


def test_outputs_and_a_touched_file_are_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Semaphore(0)

    def look(seconds: float) -> None:
        looks.release()
        threading.Event().wait(0.01)

    monkeypatch.setattr(watching.time, "sleep", look)
    path = tmp_path / "A7_2.ipynb"
    notebook = exercises(["encode_prompt"])
    nbformat.write(notebook, path)
    before = wait_for_change(path, None)
    assert before == [cell.source for cell in notebook.cells]
    found: list[Sequence[str]] = []
    waiting = threading.Thread(target=lambda: found.append(wait_for_change(path, before)))
    waiting.start()
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    for change in ("an output", "a touch"):
        if change == "an output":
            code.outputs = [nbformat.v4.new_output("stream", text="seen")]
            nbformat.write(notebook, path)
        os.utime(path)
        for _ in range(3):
            assert looks.acquire(timeout=30)
        assert not found, change
    code.source += "\n# new"
    nbformat.write(notebook, path)
    waiting.join(30)
    assert found == [[cell.source for cell in notebook.cells]]
    path.unlink()
    assert wait_for_change(path, found[0]) == []


def test_a_kernel_that_was_not_needed_is_gone(tmp_path: Path) -> None:
    """A notebook of another course is not run."""
    path = tmp_path / "A7_2.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    with start_kernel() as kernel:
        process = psutil.Process(kernel.manager.provisioner.pid)
        folder = Path(process.cwd())
        assert precheck(path, kernel=kernel).foreign
    assert not process.is_running()
    assert not folder.exists()
