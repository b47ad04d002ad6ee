"""Running a trusted notebook: its test cells run in the kernel, as in a student's Jupyter."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from traitlets.config import Config

from autograder.exercises.exercise import SEED_VARIABLE

# jupyter_client encrypts where kernel and libzmq can; unencrypted TCP makes each kernel warn
TRANSPORT_ENCRYPTION = "auto"


def kernel_variables(seed: str | None) -> dict[str, str]:
    """Environment variables of a kernel that runs a notebook; seed: of its hidden cases.

    One thread: a small model gains nothing from more, and kernels beside each other lose by it.
    The order of a set is the same each time.
    """
    seeded = {} if seed is None else {SEED_VARIABLE: seed}
    always = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false"}
    return {**always, **seeded}


def execute(
    notebook: Any,
    folder: Path,
    time_limit_s: float,
    *,
    seed: str | None = None,
    stderr: int | None = None,
    began: Callable[[int], object] = lambda index: None,
    unattended: bool = False,
) -> Any:
    """Run all code cells in a fresh kernel, going on after errors; returns it with outputs.

    time_limit_s: for a cell; one that takes longer is interrupted and gets an error output. seed:
    of hidden cases. stderr: of the kernel's process, as for subprocess; None: this process's.
    unattended: without shell, input and GPU, as in grading.
    began: called with the index of each cell before it runs, so that the last one is known where
    the kernel ends. Raises RuntimeError for a kernel that ended.
    """
    config = Config()
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
    client = NotebookClient(
        notebook,
        timeout=time_limit_s,
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        shutdown_kernel="immediate",  # it has said everything; a polite end takes seconds
        error_on_timeout={
            "ename": "CellTimeoutError",
            "evalue": f"no reply within {time_limit_s:g} s",
            "traceback": [],
        },
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=lambda cell, cell_index: began(cell_index),
        config=config,
    )
    variables = kernel_variables(seed)
    if unattended:
        client.extra_arguments = ["--ext", "autograder.sandbox.shell"]
        variables["CUDA_VISIBLE_DEVICES"] = ""
    client.execute(env={**os.environ, **variables}, stderr=stderr)
    return notebook
