"""Calling a student's function: arguments go in as specs, plain data comes back."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import signal
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch

from autograder.checking.compare import Array
from autograder.sandbox.arguments import build
from autograder.sandbox.models import SpyModel

PATIENCE = 6  # by the clock a call may take this many times its limit, if it has to wait

MOST_PARTS = 100_000  # of a list or dict that is looked at


@dataclass(frozen=True)
class Answer:
    """What a call gave back."""

    value: Any  # plain: None, bool, int, float, str, Array, list of these, dict of str to these
    changed: tuple[str, ...] = ()  # arguments that are not what they were before
    reports: list[dict[str, Any]] = field(default_factory=list)  # of a SpyModel


@dataclass(frozen=True)
class Opaque:
    """A value that is not plain data; only the name of its type is known."""

    type_name: str


class CallError(Exception):
    """A call that gave no answer. number: which of several, from 0.

    kind: missing, not_callable, not_implemented, raised, timeout; from a kernel also died, memory,
    too_large, unreadable.
    """

    def __init__(self, kind: str, detail: str = "", number: int = 0) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.number = number


# the arguments of one call: (name, spec) pairs of those by position, specs by name of the others
Arguments = tuple[Sequence[tuple[str, Any]], Mapping[str, Any]]


class Student(Protocol):
    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit: float
    ) -> list[Answer]:
        """The answer to each call; CallError at the first that gives none.

        time_limit: seconds of computing a call.
        """


class LocalStudent:
    """A student whose functions live in a namespace of this process."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._calls = 0

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit: float
    ) -> list[Answer]:
        """Call the function with built arguments, once for each of calls (see `Student`).

        The time limit is one of computing, and PATIENCE times as long by the clock, so that a
        crowded machine costs nobody points; kept where the platform has timer signals and this is
        the main thread.

        What the function prints, warns or logs is dropped: nbgrader would take a line on stderr
        for a failure. torch's random state is another one in each call, the same ones each time,
        and restored after it: who leaves a seed out gets other tokens for the same seed.
        """
        answers = []
        with _quiet():
            for number, (positional, keywords) in enumerate(calls):
                try:
                    answers.append(self._call(function, positional, keywords, time_limit))
                except CallError as error:
                    error.number = number
                    raise
        return answers

    def _call(
        self,
        function: str,
        positional: Sequence[tuple[str, Any]],
        keywords: Mapping[str, Any],
        time_limit: float,
    ) -> Answer:
        if function not in self._namespace:
            raise CallError("missing")
        target = self._namespace[function]
        if not callable(target):
            raise CallError("not_callable", type(target).__name__)
        arguments = [(name, build(spec)) for name, spec in positional]
        named = {name: build(spec) for name, spec in keywords.items()}
        everything = dict(arguments) | named
        before = {n: _copy(v) for n, v in everything.items() if _is_data(v)}
        self._calls += 1
        try:
            with _limit(time_limit), torch.random.fork_rng(devices=[]):
                # of the CPU alone: torch.manual_seed takes as long as a small call
                torch.default_generator.manual_seed(self._calls)
                value = plain(target(*(v for _, v in arguments), **named))
        except KeyboardInterrupt:
            raise  # the stop button, or nbclient's own time limit
        except _TimeIsUp:
            raise CallError("timeout", f"{time_limit:g}") from None
        except NotImplementedError:
            raise CallError("not_implemented") from None
        except BaseException as error:
            raise CallError("raised", _one_line(error)) from error
        reports = [r for v in everything.values() if isinstance(v, SpyModel) for r in v.reports]
        changed = tuple(n for n, old in before.items() if not _same(everything[n], old))
        return Answer(value, changed, reports)


def plain(value: object, depth: int = 4) -> Any:
    """The value as plain data; what is none becomes Opaque."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, torch.Tensor):
        data = value.detach().cpu()
        dtype = str(data.dtype).removeprefix("torch.")
        data = data.float() if dtype == "bfloat16" else data
        return Array(data.numpy().copy(), dtype, value.device.type)
    if isinstance(value, np.ndarray):
        return Opaque("numpy.ndarray")
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple, dict)) and len(value) > MOST_PARTS:
        return Opaque(type(value).__name__)
    if depth and isinstance(value, (list, tuple)):
        return [plain(v, depth - 1) for v in value]
    if depth and isinstance(value, dict) and all(type(k) is str for k in value):
        return {k: plain(v, depth - 1) for k, v in value.items()}
    return Opaque(type(value).__name__)


def _is_data(value: object) -> bool:
    return isinstance(value, (torch.Tensor, list, dict))


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


def _same(a: Any, b: Any) -> bool:
    if isinstance(b, torch.Tensor):
        return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a, b)
    return bool(plain(a) == b)  # what a student put into it may answer == with anything


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


# --- around the call ----------------------------------------------------------------------------


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    sink = io.StringIO()
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # handlers hold on to the stderr that they were made with
    try:
        with (
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


class _TimeIsUp(BaseException):
    """Not an Exception: `except Exception` in a student's loop must not swallow it."""


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    on_main = threading.current_thread() is threading.main_thread()
    if not (on_main and hasattr(signal, "setitimer")):
        yield
        return

    began, computed = time.monotonic(), time.thread_time()

    def stop(*_: object) -> None:
        left = seconds - (time.thread_time() - computed)
        if left <= 0 or time.monotonic() - began >= PATIENCE * seconds:
            raise _TimeIsUp
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.05))

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
