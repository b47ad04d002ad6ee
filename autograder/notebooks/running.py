"""Running a trusted notebook: its test cells run in the kernel, as in a student's Jupyter."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from nbclient import NotebookClient

from autograder.notebooks.starting import StartedKernel


class _RunClient(NotebookClient):
    """Leaves signals to this process: with nbclient's handlers Ctrl-C is an AssertionError."""

    @asynccontextmanager
    async def async_setup_kernel(self, **_: Any) -> AsyncIterator[None]:
        await self.async_start_new_kernel_client()
        try:
            yield
        finally:
            await self._async_cleanup_kernel()


def execute(
    notebook: Any,
    kernel: StartedKernel,
    time_limit_s: float,
    began: Callable[[int], object] = lambda index: None,
) -> Any:
    """Run all code cells, going on after errors, and end the kernel; the notebook with outputs.

    time_limit_s: for a cell; one that takes longer is interrupted and gets an error output.
    began: called with the index of each cell before it runs, so that the last one is known where
    the kernel ends. Raises RuntimeError for a kernel that ended.
    """
    client = _RunClient(
        notebook,
        kernel.manager,
        timeout=time_limit_s,
        allow_errors=True,
        interrupt_on_timeout=True,
        shutdown_kernel="immediate",  # it has said everything; a polite end takes seconds
        error_on_timeout={
            "ename": "CellTimeoutError",
            "evalue": f"no reply within {time_limit_s:g} s",
            "traceback": [],
        },
        on_cell_execute=lambda cell, cell_index: began(cell_index),
    )
    client.execute()
    return notebook
