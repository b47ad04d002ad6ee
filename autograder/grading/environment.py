"""The environment of kernels, and variables set for what is started meanwhile."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from autograder.grading.device import variables
from autograder.notebooks.starting import kernel_variables


def plain_environment(device: str) -> dict[str, str]:
    """The environment of a kernel without a sandbox: what an interpreter needs, and no secrets."""
    needed = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    models = ("HF_HOME", "HF_HUB_CACHE", "KISCHULE_CACHE", "KISCHULE_MODELS", "XDG_CACHE_HOME")
    names = (*needed, *models, "SYSTEMROOT")
    found = {n: os.environ[n] for n in names if n in os.environ}
    found["NBGRADER_EXECUTION"] = "autograde"  # for test cells that ask
    return found | kernel_variables(None) | variables(device)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process's environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
