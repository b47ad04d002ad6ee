"""Progress bars of transformers: only for a model that keeps one waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

MIN_BYTES = 100_000_000  # read or written within a second


@contextmanager
def bars_for(size: int) -> Iterator[None]:
    """Hide the bars of what is done here with a model of so many bytes, if it is a small one."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    if size < MIN_BYTES:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
