"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import torch
from attacks import small
from nbgrader import api

from autograder.course.verify import namespace
from support import browser
from support.nbgrader import AllPass
from support.notebooks import packaged_code, reference_cells

if TYPE_CHECKING:
    from playwright.sync_api import Browser

torch.set_num_threads(1)

# nbgrader asks `alembic` for each new gradebook, in a process of seconds: always the same answer
api.get_alembic_version = cache(api.get_alembic_version)


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
def in_this_process() -> Iterator[None]:
    """Grade with kernels of this process's own fork server, which all its tests share.

    A pool is another matter (test_local.py): each of its workers starts a fork server, which
    imports torch for seconds.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.course.grade._engine", lambda *_: small.Here())
        yield


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless browser, for the tests that are marked so."""
    with browser.chromium() as started:
        yield started
