"""The precheck's kernel: as in grading, but for its sandbox."""

import importlib
import subprocess
from typing import Any

from autograder.notebooks.starting import StartedKernel

WARM_MODULES = ("transformers.generation", "autograder.checking.check", "kischule.plots")


def start_kernel() -> StartedKernel:
    """Start one in an empty folder, since nothing but the notebook is submitted."""
    # ipykernel's parting words on stderr are of no use
    return StartedKernel(extension=__name__, stderr=subprocess.DEVNULL)


def load_ipython_extension(shell: Any) -> None:
    """Set it up in the kernel, before any cell; import what a notebook is going to import."""
    importlib.import_module("autograder.sandbox.shell").install(shell)
    for name in WARM_MODULES:
        importlib.import_module(name)
