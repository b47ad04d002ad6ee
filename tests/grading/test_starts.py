"""The start of a kernel, measured as `make bench` measures it."""

from __future__ import annotations

import sys

import pytest
import starts

LIMIT_S = 0.030


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
def test_landlock_costs_a_start_next_to_nothing() -> None:
    """Beside a plain fork of the same server, round by round; on an idle machine."""
    assert starts.beyond_plain(starts.measure(20), "landlock") < LIMIT_S
