"""A kernel's start in each tier of the sandbox, beside a plain fork of the same server."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import nbformat
import psutil

from autograder.grading import servers
from autograder.grading.kernel import Kernel
from autograder.grading.settings import SANDBOXES, Settings

PLAIN = "plain"  # a tier with the same folders, and without rules, filter and limits
TIERS = (PLAIN, *SANDBOXES)
ENTRY = "from autograder.sandbox.forkserver import run"
PLAIN_CODE = f"""
import os, tempfile
from autograder.sandbox import forkserver, landlock
class Plain(landlock.Landlock):
    def enter(self, view):
        self._view = view
        self._sockets = landlock.beneath(os.open("/", os.O_PATH), view.sockets)
        os.mkdir(view.root + "/tmp")
    def isolate(self, channels):
        self._folder = self._view.sockets + "/" + channels
        for name in ("home", "home/tmp", "home/work"):
            os.mkdir(self._folder + "/" + name)
    def confine(self, limits):
        os.environ.update(landlock.home_variables(self.home))
        os.chdir(self.home + "/work")
        tempfile.tempdir = None
    def seal(self, limits):
        pass
    def overfull(self, kernel, limits):
        return False
forkserver.SANDBOX_TIERS["{PLAIN}"] = Plain
{ENTRY}
"""
HEAD = """## A kernel's start

A kernel of the fork server, from the request until it has answered. *Plain*: the same fork without
a sandbox. The tiers in turn, {rounds} rounds; medians. CPU: of server, supervisor and kernel until
it was ended, on average.

|  | ready, ms | beyond plain, paired | CPU, ms | beyond plain |
|---|---:|---:|---:|---:|"""


@dataclass
class Starts:
    """Seconds of each start in one tier, in the order of the rounds."""

    wall: list[float]
    cpu: float = 0.0  # of server, supervisor and kernel, on average


def measure(rounds: int) -> dict[str, Starts]:
    """Start a kernel in each tier, one after the other; and again, after a first round."""
    found = {tier: Starts([]) for tier in TIERS}
    with _plain_server():
        for tier in TIERS:
            _start(tier)
        before = {tier: computed(tier) for tier in TIERS}
        for _ in range(rounds):
            for tier in TIERS:
                found[tier].wall.append(_start(tier))
        for tier in TIERS:
            time.sleep(1.5)  # the server takes the last one's figures once a second
            found[tier].cpu = (computed(tier) - before[tier]) / rounds
    return found


def beyond_plain(found: dict[str, Starts], tier: str) -> float:
    """Median of the seconds by which a start took longer than the plain one of its round."""
    pairs = zip(found[tier].wall, found[PLAIN].wall, strict=True)
    return statistics.median(own - plain for own, plain in pairs)


@contextmanager
def _plain_server() -> Iterator[None]:
    code = servers.START_CODE.replace(f"{ENTRY};", "exec(PLAIN);")
    servers.close_all()
    with mock.patch.object(servers, "START_CODE", f"PLAIN = {PLAIN_CODE!r}; {code}"):
        try:
            for tier in TIERS:
                servers.shared(tier=tier).ready()
            yield
        finally:
            servers.close_all()


def _start(tier: str) -> float:
    kernel = Kernel(nbformat.v4.new_notebook(), Settings(isolation=tier))
    began = time.monotonic()
    try:
        kernel.start()
        return time.monotonic() - began
    finally:
        kernel.close()


def computed(tier: str) -> float:
    """Seconds that a server and all that it has forked and outlived have computed."""
    server = psutil.Process(servers.shared(tier=tier).pid)
    if tier == "namespaces":  # process 1 of its namespace
        (server,) = server.children()
    return float(sum(server.cpu_times()[:4]))


def page(rounds: int = 40) -> str:
    """The section of BENCHMARKS.md."""
    found = measure(rounds)
    lines = [
        f"| {tier} | {statistics.median(starts.wall) * 1000:.0f} | "
        f"{beyond_plain(found, tier) * 1000:+.0f} | {starts.cpu * 1000:.0f} | "
        f"{(starts.cpu - found[PLAIN].cpu) * 1000:+.0f} |"
        for tier, starts in found.items()
    ]
    return "\n".join([HEAD.format(rounds=rounds), *lines])
