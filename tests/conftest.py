"""Fixtures of all tests, and the order in which two processes run them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import torch
from nbgrader import api
from support import browser
from support.nbgrader import AllPass
from support.notebooks import packaged_code, reference_cells
from xdist.scheduler import LoadScopeScheduling

from autograder.course.verify import namespace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# one thread, as in a kernel that is graded: processes beside each other, each with its threads,
# would wait for each other's cores most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["LC_ALL"] = "C.UTF-8"  # the command speaks English, wherever the tests run
torch.set_num_threads(1)
# keep what is compiled, whatever this machine's rule is: dozens of tests start processes of ours,
# and pytest rewrites the assertions of all tests, in each of its own
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# nbgrader asks `alembic` for each new gradebook, in a process of seconds: always the same answer
api.get_alembic_version = cache(api.get_alembic_version)

# files whose tests share something expensive, which is made once: a graded course, a fork server
TOGETHER = tuple(
    f"tests/{name}.py"
    for name in (
        *("course/test_grading", "course/test_class", "course/test_rebuild"),
        *("course/test_several", "course/test_address", "lms/test_forget"),
        *("lms/test_pseudonyms", "reports/test_observations"),
        *("sandbox/test_forkserver", "sandbox/test_landlock"),
        *("grading/test_dask", "lms/test_gradescope", "kischule/test_hub"),
        "notebooks/test_story_of_training",
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


@pytest.fixture(scope="session")
def reference() -> dict[str, str]:
    return reference_cells()


@pytest.fixture(scope="session")
def solved() -> Callable[..., dict[str, Any]]:
    """A namespace with all reference solutions, some replaced: `solved(top_tokens="def ...")`."""
    return lambda **replaced: namespace({**packaged_code(), **replaced})


@pytest.fixture
def all_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grade without kernels: every exercise of every submission has its points."""

    def passed(rules: Any, task: Any) -> Any:
        return next(AllPass().run(rules, [task]))

    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: AllPass())
    monkeypatch.setattr("autograder.course.commands.grade_submission", passed)
    monkeypatch.setattr("autograder.course.commands.settle", lambda settings: (settings, ""))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless browser, for the tests that are marked so."""
    with browser.chromium() as started:
        yield started
