"""Findings of `kischule doctor` about a machine: sandboxes, packages, memory, models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from autograder.errors import UserError
from autograder.grading import memory, messages, servers
from autograder.grading.processes import cores
from autograder.grading.settings import SANDBOXES
from autograder.sandbox import landlock
from autograder.sandbox.syscalls import SandboxError, filter_library
from kischule.catalog import FAMILY
from kischule.i18n import Text
from kischule.models import where

EXTRAS = ("notebook", "grading", "teacher")  # what a teacher has installed
NAMED = ("torch", "transformers", "nbgrader")  # of our requirements, those that have a row
# 1: Ubuntu's AppArmor gives namespaces to programs with a profile only
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str | Text
    works: bool | None  # None: only told
    detail: str | Text
    advice: Text | None = None
    stops: bool = False  # grading, as it is


def machine() -> list[Finding]:
    """Look at the machine and at what is installed; starts each sandbox once."""
    tiers = [_tier(tier) for tier in SANDBOXES]
    sandboxed = any(found.works for found in tiers)
    own = [] if sandboxed else [Finding("auto", False, messages.NO_TIER, stops=True)]
    return [*tiers, *own, *_means(), *_packages(), *_other_autograders(), *_resources()]


# --- the sandbox --------------------------------------------------------------------------------


def _tier(tier: str) -> Finding:
    if sys.platform != "linux":
        return Finding(tier, False, messages.NOT_LINUX.format(system=sys.platform))
    try:
        servers.started("mini", "cpu", tier)
    except (SandboxError, UserError) as error:
        reason = error.strerror if isinstance(error, SandboxError) else str(error)
        advice = messages.BY_APPARMOR if tier == "namespaces" and _by_apparmor() else None
        return Finding(tier, False, reason or str(error), advice)
    finally:
        servers.close_all()
    return Finding(tier, True, messages.STARTS)


def _by_apparmor() -> bool:
    with suppress(OSError):
        return APPARMOR.read_text().strip() == "1"
    return False


def _means() -> Iterator[Finding]:
    if sys.platform != "linux":
        return
    try:
        yield Finding("Landlock", True, f"ABI {landlock.version()}")
    except SandboxError as error:
        yield Finding("Landlock", False, str(error.strerror))
    try:
        filter_library()
    except SandboxError as error:
        yield Finding("libseccomp", False, str(error.strerror), stops=True)
    else:
        yield Finding("libseccomp", True, messages.THERE)


# --- packages -----------------------------------------------------------------------------------


def _packages() -> Iterator[Finding]:
    """The interpreter, the packages of NAMED, and any other that is missing or too old or new."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", True, version)
    for requirement in map(Requirement, metadata.requires("kischule") or ()):
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in ("", *EXTRAS)):
            continue
        if requirement.name == "kischule":
            continue
        wanted = str(requirement.specifier) or "–"
        try:
            there = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            detail = messages.NOT_INSTALLED.format(wanted=wanted)
            yield Finding(requirement.name, False, detail, messages.INSTALL, stops=True)
            continue
        fits = requirement.specifier.contains(there, prereleases=True)
        if requirement.name in NAMED or not fits:
            detail = messages.VERSION_OF.format(there=there, wanted=wanted)
            advice = None if fits else messages.INSTALL
            yield Finding(requirement.name, fits, detail, advice, stops=not fits)


def _other_autograders() -> Iterator[Finding]:
    """Another distribution with a package of our name: the index has one."""
    found = metadata.packages_distributions().get("autograder", [])
    others = sorted(set(found) - {"kischule"})
    if others:
        detail = messages.SHADOWED.format(names=", ".join(others))
        yield Finding("autograder", False, detail, messages.REMOVE_OTHER, stops=True)


# --- memory and models --------------------------------------------------------------------------


def _resources() -> Iterator[Finding]:
    free = messages.FREE.format(free=memory.free() / 1e9)
    yield Finding(messages.MEMORY_ROW, None, free)
    yield Finding(messages.CORES_ROW, None, str(cores()))
    there = [info.name for info in FAMILY.values() if where(info.name)]
    yield Finding(messages.MODELS_ROW, bool(there), ", ".join(there) or "–", stops=not there)
