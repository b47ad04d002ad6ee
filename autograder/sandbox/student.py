"""Calling a student's function: arguments go in as specs, plain data comes back."""

import contextlib
import copy
import ctypes
import io
import logging
import re
import signal
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from autograder.sandbox.data import plain
from autograder.sandbox.models import SpyModel, TableError
from autograder.sandbox.trainable import build_all, with_models

_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")  # of an object, which differs from run to run
WALL_CLOCK_FACTOR = 6  # a call that waits may take this many times its limit of computing


@dataclass(frozen=True)
class Reply:
    """The result of one call, as plain data."""

    value: Any  # plain: None, bool, int, float, str, Array, list of these, dict of str to these
    changed: tuple[str, ...] = ()  # arguments that are not what they were before
    reports: list[dict[str, Any]] = field(default_factory=list)  # of a SpyModel


class CallError(Exception):
    """A call that gave no reply. number: which of several, from 0; bases: of what it raised.

    kind: missing, not_callable, not_implemented, no_generate, not_in_table, raised, timeout; from a
    kernel also died, memory, too_large, unreadable.
    """

    def __init__(
        self, kind: str, detail: str = "", number: int = 0, bases: Sequence[str] = ()
    ) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.number = number
        self.bases = tuple(bases)  # names of built-in classes, its own among them


# the arguments of one call: (name, spec) pairs of those by position, specs by name of the others
Arguments = tuple[Sequence[tuple[str, Any]], Mapping[str, Any]]


class Student(Protocol):
    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        """Make the calls; CallError at the first that gives no reply.

        time_limit_s: of computing, for each call.
        """


class LocalStudent:
    """A student whose functions live in a namespace of this process."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._calls: Counter[str] = Counter()  # of each function

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        """Call the function with built arguments, once for each of calls (see `Student`).

        The time limit counts computing, and WALL_CLOCK_FACTOR times as much by the clock, so that
        a crowded machine costs no points. In another thread than the main one, and where the
        platform has no timer signals, only the clock counts.

        Whatever the function prints, warns or logs is dropped: nbgrader would take a line on
        stderr for a failure. torch's random state differs between calls of a function in a fixed
        way and is restored afterwards, so a solution that ignores its seed gets other tokens.
        """
        replies = []
        with _quiet():
            for number, (positional, keywords) in enumerate(calls):
                try:
                    replies.append(self._call(function, positional, keywords, time_limit_s))
                except CallError as error:
                    error.number = number
                    raise
        return replies

    def _call(
        self,
        function: str,
        positional: Sequence[tuple[str, Any]],
        keywords: Mapping[str, Any],
        time_limit_s: float,
    ) -> Reply:
        if function not in self._namespace:
            raise CallError("missing")
        target = self._namespace[function]
        if not callable(target):
            raise CallError("not_callable", type(target).__name__)
        self._calls[function] += 1
        try:
            everything = build_all(dict(positional) | dict(keywords))
            arguments = [everything[name] for name, _ in positional]
            named = {name: everything[name] for name in keywords}
            before = {n: _copy(v) for n, v in everything.items() if _is_data(v)}
            with _limit(time_limit_s), torch.random.fork_rng(devices=[]):
                # of the CPU alone: torch.manual_seed takes as long as a small call
                torch.default_generator.manual_seed(self._calls[function])
                value = with_models(target(*arguments, **named), everything)
        except KeyboardInterrupt:
            raise  # the stop button, or nbclient's own time limit
        except _TimeIsUp as error:
            raise CallError("timeout", f"{time_limit_s:g}") from error
        except TableError as error:
            kind = "no_generate" if str(error).startswith("generate") else "not_in_table"
            raise CallError(kind, str(error)) from error
        except BaseException as error:
            if _is_untouched(function, error):
                raise CallError("not_implemented") from error
            bases = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
            raise CallError("raised", error_line(error), bases=bases) from error
        reports = [r for v in everything.values() if isinstance(v, SpyModel) for r in v.reports]
        changed = tuple(n for n, old in before.items() if not _is_same(everything[n], old))
        return Reply(value, changed, reports)


def _is_data(value: object) -> bool:
    return isinstance(value, (torch.Tensor, list, dict))


def _copy(value: Any) -> Any:
    return value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value)


def _is_same(a: Any, b: Any) -> bool:
    if isinstance(b, torch.Tensor):
        is_tensor = isinstance(a, torch.Tensor) and a.shape == b.shape and a.dtype == b.dtype
        return is_tensor and bool(((a == b) | ((a != a) & (b != b))).all())  # NaN is itself here
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(_is_same, a, b))
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_is_same(a[k], b[k]) for k in b)
    if isinstance(b, torch.nn.Module):  # its copy is another object
        is_model = isinstance(a, torch.nn.Module) and a.training == b.training
        return is_model and _is_same(dict(a.state_dict()), dict(b.state_dict()))
    if isinstance(b, float) and b != b:
        return isinstance(a, float) and a != a
    return bool(plain(a) == b)  # an object that a student put in may define == as it likes


def _is_untouched(function: str, error: BaseException) -> bool:
    """Return True for the bare NotImplementedError of this function as it was released.

    One of another function, or of torch, which gives a reason, is an error like any other.
    """
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    bare = type(error) is NotImplementedError and not error.args
    return bare and frame.f_code.co_name == function


def error_line(error: BaseException) -> str:
    """An error's type and text in one line."""
    text = _ADDRESS.sub("", " ".join(str(error).split()))
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
        with _limit_by_clock(WALL_CLOCK_FACTOR * seconds):
            yield
        return

    began, computed = time.monotonic(), time.thread_time()

    def stop(*_: object) -> None:
        left = seconds - (time.thread_time() - computed)
        if left <= 0 or time.monotonic() - began >= WALL_CLOCK_FACTOR * seconds:
            raise _TimeIsUp
        signal.setitimer(signal.ITIMER_REAL, max(left, 0.05))

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextlib.contextmanager
def _limit_by_clock(seconds: float) -> Iterator[None]:
    """Stop this thread, which no signal reaches, at its next line of Python."""
    raise_in, own = ctypes.pythonapi.PyThreadState_SetAsyncExc, ctypes.c_ulong
    thread, lock, done = threading.get_ident(), threading.Lock(), False

    def stop() -> None:
        with lock:
            if not done:
                raise_in(own(thread), ctypes.py_object(_TimeIsUp))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            done = True
        timer.cancel()
        raise_in(own(thread), None)  # one that has been sent and has not arrived
