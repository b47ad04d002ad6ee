"""The notebook that this process belongs to, and its check before it is submitted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kischule import messages
from kischule.errors import UserError
from kischule.i18n import LANGUAGE_VARIABLE, language

COMMAND = ("-m", "autograder.cli", "check")  # `kischule check`: a process of its own
SERVERS_VARIABLE = "JPY_SESSION_NAME"  # of the environment: the notebook's path, by jupyter_server
VS_CODES_NAME = "__vsc_ipynb_file__"  # in the namespace: the notebook's path, by VS Code
PROGRESS_COLUMNS = 60  # of the line that shows progress


def precheck(notebook: str | os.PathLike[str] | None = None) -> None:
    """Check a notebook before it is submitted, as `kischule check` does, and print what it finds.

    notebook: its file; None: the notebook that this is called in. Raises UserError where that
    cannot be known, or has not been saved.
    """
    path = Path(notebook) if notebook is not None else notebook_path()
    if not path.is_file():
        raise UserError(str(messages.NO_SUCH_NOTEBOOK.format(name=path)))
    if notebook is None and not _is_saved(path):
        raise UserError(str(messages.NOT_SAVED.format(name=path.name)))
    print(messages.PRECHECK_BEGINS.format(name=path.name), flush=True)
    given = ["--language", language()] if os.environ.get(LANGUAGE_VARIABLE) else []
    command = [sys.executable, *COMMAND, *given, "--", str(path)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as found:
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        with subprocess.Popen(
            command, stdout=found, stderr=subprocess.PIPE, encoding="utf-8", env=environment
        ) as process:
            assert process.stderr is not None
            try:
                for line in process.stderr:  # progress, or the one line of a UserError
                    print(f"\r{line.rstrip():{PROGRESS_COLUMNS}}", end="", flush=True)
            except BaseException:  # the stop button
                process.kill()
                raise
        found.seek(0)
        print(f"\n\n{found.read()}")


def notebook_path() -> Path:
    """The file of the notebook that this is called in. UserError where that cannot be known.

    JupyterLab and Notebook 7 say it in the kernel's environment, VS Code in its namespace. Else it
    is the only notebook in the folder, which holds for a script as well.
    """
    shell = _shell()
    names = (shell.user_ns.get(VS_CODES_NAME) if shell else None, os.environ.get(SERVERS_VARIABLE))
    for path in (Path(name) for name in names if name):
        if path.suffix == ".ipynb" and path.is_file():  # it may have been renamed since
            return path
    here = sorted(Path.cwd().glob("*.ipynb"))
    if not here:
        raise UserError(str(messages.NO_NOTEBOOK_KNOWN))
    if len(here) > 1:
        listed = ", ".join(path.name for path in here)
        raise UserError(str(messages.SEVERAL_NOTEBOOKS.format(names=listed, first=here[0].name)))
    return here[0]


def _shell() -> Any:
    """IPython's shell; None in a plain script."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _is_saved(path: Path) -> bool:
    """Return False if the cell that is running is not in the file; True if there is no cell."""
    shell = _shell()
    if shell is None or not getattr(shell, "kernel", None):
        return True
    running = shell.history_manager.input_hist_raw[-1]
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return any("".join(cell["source"]).strip() == running.strip() for cell in cells)
    except (ValueError, KeyError, TypeError):  # no notebook, which the check says better
        return True
