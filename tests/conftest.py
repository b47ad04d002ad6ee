"""The processes that run the tests, and their order."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from autograder.notebooks.loading import without_slow_packages

# one thread, as in a kernel that is graded: processes beside each other, each with its threads,
# would wait for each other's cores most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["LC_ALL"] = "C.UTF-8"  # the command speaks English, wherever the tests run
# keep what is compiled, whatever this machine's rule is: dozens of tests start processes of ours,
# and pytest rewrites the assertions of all tests, in each of its own
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# files whose tests share something expensive, which is made once: a graded course, a fork server
TOGETHER = tuple(
    f"tests/{name}.py"
    for name in (
        *("course/test_grading", "course/test_class", "course/test_rebuild"),
        *("course/test_several", "course/test_address", "lms/test_forget"),
        *("lms/test_pseudonyms", "reports/test_observations"),
        *("sandbox/test_forkserver", "sandbox/test_landlock"),
        *("grading/test_dask", "lms/test_gradescope", "kischule/test_hub"),
        *("course/test_assistants", "course/test_own_exercises", "course/test_plain"),
        *("notebooks/test_given_cells", "notebooks/test_story", "notebooks/test_story_of_training"),
        "precheck/test_precheck",
    )
)


class Together(LoadScopeScheduling):
    """Hands tests one by one to whichever process is free, but files of TOGETHER whole.

    xdist's own groups (`--dist loadgroup`) have no effect with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures where tests run: the process that hands them out needs no torch."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses"):
        gc.disable()  # until all tests are collected
        with without_slow_packages():
            config.pluginmanager.import_plugin("support.fixtures")


def pytest_collection_finish() -> None:
    """Keep the garbage collector off the packages and thousands of tests: they stay anyway.

    A full pass would walk through them all, for half a second. Passes are rarer as well: most of
    what a test makes is gone before one comes.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()
