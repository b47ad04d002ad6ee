"""Starting a notebook's kernel ahead: while it imports, this process reads the notebook."""

import os
import tempfile
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from traitlets.config import Config

from autograder.exercises.exercise import SEED_VARIABLE

# jupyter_client encrypts where kernel and libzmq can; unencrypted TCP makes each kernel warn
TRANSPORT_ENCRYPTION = "auto"
NO_HISTORY = "--HistoryManager.hist_file=:memory:"


def kernel_variables(seed: str | None) -> dict[str, str]:
    """Environment variables of a kernel that runs a notebook; seed: of its hidden cases.

    One thread: a small model gains nothing from more, and kernels beside each other lose by it.
    The order of a set is the same each time.
    """
    seeded = {} if seed is None else {SEED_VARIABLE: seed}
    always = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false"}
    return {**always, **seeded}


class StartedKernel:
    """A kernel for one notebook, which starts while that is read; a context that ends it."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        seed: str | None = None,
        extension: str = "",
        stderr: int | None = None,
    ) -> None:
        """Starts its process and does not wait for it.

        folder: where it runs; None: an empty one of its own. seed: of hidden cases. extension: an
        IPython extension that it loads before any cell; with one it sees no GPU. stderr: of its
        process, as for subprocess; None: this process's.
        """
        self._own = None if folder else tempfile.TemporaryDirectory(prefix="kischule-")
        place = str(folder) if self._own is None else self._own.name
        config = Config()
        config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
        self.manager = AsyncKernelManager(kernel_name="python3", config=config)
        variables, arguments = kernel_variables(seed), [NO_HISTORY]
        if extension:
            arguments += ["--ext", extension]
            variables["CUDA_VISIBLE_DEVICES"] = ""
        environment = {**os.environ, **variables}
        run_sync(self.manager.start_kernel)(
            extra_arguments=arguments, cwd=place, env=environment, stderr=stderr
        )

    def close(self) -> None:
        """End it, if it has not ended, and remove its own folder."""
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=True)
        if self._own:
            self._own.cleanup()

    def __enter__(self) -> "StartedKernel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
