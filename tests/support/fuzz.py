"""Random input for readers: seconds in the fast suite, minutes in the slow one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EFFORTS = pytest.mark.parametrize(
    "effort", [1, pytest.param(200, marks=pytest.mark.slow)], ids=["fast", "slow"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(2**63), 10**400, 1e308, float("inf"), float("nan")])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "\ud800", "\x00", "de", "none", "public", "x" * 300])
)
# what json.loads may give, and more than it does
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["de", "en", "key"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def fuzz(check: Callable[..., None], *strategies: Any, examples: int) -> None:
    """Call the check with so many random examples; thousands differ from run to run."""
    options = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < 1_000,
        suppress_health_check=list(HealthCheck),
    )

    def run(given_values: tuple[Any, ...]) -> None:
        check(*given_values)

    options(given(st.tuples(*strategies))(run))()


@st.composite
def spoilt_bytes(draw: Any, content: bytes) -> bytes:
    """A file with a piece cut out, doubled or replaced."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 40)))
    tokens = [
        b"{",
        b"[",
        b"]}",
        b'"',
        b"\\",
        b"9" * 30,
        b"null",
        b"&a ",
        b"*a",
        b"!!int ",
        b"\n  - ",
    ]
    piece = draw(st.binary(max_size=4) | st.sampled_from([*tokens, b"", content[start:end] * 2]))
    return content[:start] + piece + content[end:]
