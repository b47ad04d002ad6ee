"""Settings of a grading run: their defaults, bounds and help, in one place.

The command's options, nbgrader's traits and pytest's options are made from these fields.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from traitlets import Bool, Float, Integer, Unicode

from kischule.catalog import FAMILY

CELLS = 10  # a submission may take as long as this many cells at their limit
SANDBOXES = ("namespaces", "landlock")  # the strongest first
TIERS = (*SANDBOXES, "process")
ISOLATIONS = ("auto", *TIERS)


def _option(default: Any, about: str, **more: Any) -> Any:
    return field(default=default, metadata={"help": about, **more})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits and isolation of submissions; the same for a whole run, on every worker."""

    isolation: str = _option(
        "auto",
        "isolation of submissions (default: auto, the strongest that starts)",
        choices=ISOLATIONS,
    )
    time_limit_s: float = _option(60.0, "time limit of a cell (default: 60)", bounds=(1, 86_400))
    memory_mib: int = _option(
        1024, "memory of a kernel beyond the shared model (default: 1024)", bounds=(64, 1 << 20)
    )
    device: str = _option("cpu", "device available to submissions", choices=("cpu", "cuda"))
    model: str = _option(
        "mini", "model that the checks use, from `kischule models` or a folder (default: mini)"
    )
    display: bool = _option(False, "run display cells as well")
    submission_limit_s: float | None = None  # of a whole submission; None: CELLS times a cell's

    @property
    def total_limit_s(self) -> float:
        """The time limit of a whole submission."""
        limit = self.submission_limit_s
        return CELLS * self.time_limit_s if limit is None else limit

    def slowed(self, factor: float) -> Settings:
        """The same settings with more time for a whole submission, as a larger model needs."""
        return replace(self, submission_limit_s=self.total_limit_s * factor)


# field -> the option's flag and metavar
FLAGS: Mapping[str, tuple[str, str | None]] = {
    "isolation": ("--isolation", None),
    "time_limit_s": ("--time-limit", "S"),
    "memory_mib": ("--memory-limit", "MiB"),
    "device": ("--device", None),
    "model": ("--model", "MODEL"),
    "display": ("--display", None),
}


def setting(name: str) -> Field[Any]:
    """A field of `Settings` by its name."""
    return next(f for f in fields(Settings) if f.name == name)


def trait(name: str) -> Any:
    """A configurable trait of a setting, for nbgrader's and Jupyter's classes."""
    default = setting(name).default
    kind = {bool: Bool, float: Float, int: Integer, str: Unicode}[type(default)]
    return kind(default, help=setting(name).metadata["help"]).tag(config=True)


def add_options(parser: Any, *names: str, prefix: str = "") -> None:
    """Add the options of these settings, or of all, to an argparse parser or a pytest group.

    prefix: put into the flags, `--kischule-time-limit`. A wrong value is refused by argparse; an
    option that is not given is None.
    """
    add = getattr(parser, "addoption", None) or parser.add_argument
    for name in names or FLAGS:
        flag, metavar = FLAGS[name]
        about, default = setting(name).metadata, setting(name).default
        options: dict[str, Any] = {"help": about["help"], "default": None}
        if isinstance(default, bool):
            options["action"] = "store_true"
        elif "choices" in about:
            options["choices"] = about["choices"]
        else:
            options |= {"type": _option_reader(name), "metavar": metavar}
        add(
            f"--{prefix}{flag.removeprefix('--')}",
            dest=f"{prefix}{name}".replace("-", "_"),
            **options,
        )


def from_options(
    options: Any, *names: str, prefix: str = "", course: Settings | None = None
) -> Settings:
    """Make settings from parsed options; the others are the course's, or keep their defaults."""
    dest = prefix.replace("-", "_")
    found = {name: getattr(options, dest + name) for name in names or FLAGS}
    given = {name: value for name, value in found.items() if value is not None}
    return replace(course or Settings(), **given)


def _option_reader(name: str) -> Any:
    """Convert an option's text. ArgumentTypeError naming the rule and what arrived."""
    if name == "model":
        return _absolute
    low, high = setting(name).metadata["bounds"]
    kind: Any = type(setting(name).default)

    def read(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be from {low} to {high}, was: {text}")
        return value

    return read


def _absolute(model: str) -> str:
    """A model's name, or the full path of its folder: kernels work in a folder of their own."""
    from pathlib import Path

    return model if model in FAMILY else str(Path(model).absolute())
