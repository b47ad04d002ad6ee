"""The environment of kernels, and variables set for what is started meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from autograder.exercises.exercise import SEED_VARIABLE
from autograder.grading.device import variables


def kernel_variables(seed: str | None) -> dict[str, str]:
    """For a kernel that runs a notebook. seed: of its drawn cases.

    One thread: a small model gains nothing from more, and kernels beside each other lose by it.
    """
    seeded = {} if seed is None else {SEED_VARIABLE: seed}
    return {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", **seeded}


def plain_environment(device: str) -> dict[str, str]:
    """For a student's kernel without a sandbox: what an interpreter needs, nobody's secrets."""
    needed = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
    models = ("HF_HOME", "HF_HUB_CACHE", "KISCHULE_CACHE", "KISCHULE_MODELS", "XDG_CACHE_HOME")
    names = (*needed, *models, "SYSTEMROOT")
    found = {n: os.environ[n] for n in names if n in os.environ}
    return found | kernel_variables(None) | variables(device)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables of this process's environment, as they were afterwards."""
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
