"""Imports that no notebook needs, left out so that commands and workers start at once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# nbformat's jsonschema compiles a grammar of internet addresses if this is installed (JupyterLab
# brings it): 2 seconds, and notebooks have no such address
SLOW_PACKAGES = ("rfc3987_syntax",)


@contextmanager
def without_slow_packages() -> Iterator[None]:
    """Pretend that these packages are not installed, unless they are loaded already."""
    hidden = [package for package in SLOW_PACKAGES if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]
