"""What goes into grading and what comes out: settings, rules, tasks and records.

Plain data, so that it can travel to another process or machine, and lie on a disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.exercises.exercise import Exercise
from autograder.notebooks.cells import TestResult
from autograder.sandbox.namespaces import Limits
from autograder.sandbox.text import clean

CHECK_FAILED = "check failed: "  # a flag: the mistake is ours
CELLS = 10  # a hand-in may take as long as so many cells at their limit


class EngineError(RuntimeError):
    """Nobody can work on tasks, or not any more; the message says why."""


def key_of(*parts: bytes) -> str:
    """A name for content: two have the same one only if every part is the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@dataclass(frozen=True)
class Settings:
    """How kernels are made, and for how long they may work."""

    isolation: str = "sandbox"  # auto | sandbox | process; auto only until it is settled
    time_limit: float = 60.0  # seconds a cell
    submission_limit: float = CELLS * 60.0  # seconds for all of a submission
    memory: int = Limits.memory >> 20  # MiB
    model: str = "mini"  # that the checks use: a name or folder of `kischule.load`
    show: bool = False  # run cells that only show something, too
    device: str = "cpu"  # that a hand-in's own model may use: cpu | cuda


@dataclass(frozen=True)
class Rules:
    """What all hand-ins of a class are graded by."""

    name: str  # of the notebook
    release: bytes  # the notebook whose structure counts
    seed: str  # the teacher's secret
    checks: str  # `checks_id` of who made this: a worker with other checks refuses
    settings: Settings
    exercises: tuple[Exercise, ...] = ()  # for another model than `mini`; see `retarget`

    @property
    def key(self) -> bytes:
        parts = [self.release, self.checks.encode(), self.seed.encode()]
        parts += [repr(exercise.cases).encode() for exercise in self.exercises]
        return key_of(*parts).encode()


@dataclass(frozen=True)
class Task:
    """A submission to be graded."""

    key: str  # of all that its grade depends on
    content: bytes = field(repr=False)


def task_of(rules: Rules, content: bytes) -> Task:
    return Task(key_of(content, rules.key), content)


@dataclass(frozen=True)
class Record:
    """What grading a submission came to."""

    key: str
    status: str  # graded | timeout | memory | unreadable | failed
    seconds: float
    flags: tuple[str, ...] = ()
    results: tuple[TestResult, ...] = ()
    memory: int = 0  # bytes that a kernel had of its own, at most
    parts: dict[str, float] = field(default_factory=dict)  # seconds, where the time went
    limits: tuple[float, int] = (0, 0)  # seconds a cell, MiB
    notebook: bytes = field(default=b"", repr=False)  # as it ran; none if it did not

    @property
    def final(self) -> bool:
        """Whether grading it again would come to the same."""
        ours = any(flag.startswith(CHECK_FAILED) for flag in self.flags)
        return self.status != "failed" and not ours

    def serves(self, settings: Settings) -> bool:
        """Whether a run with these settings need not grade it again."""
        seconds, memory = self.limits
        more = {"timeout": settings.time_limit > seconds, "memory": settings.memory > memory}
        return self.final and not more.get(self.status, False)

    def as_data(self) -> dict[str, Any]:
        """All but the notebook, as JSON has it."""
        return {n: v for n, v in asdict(self).items() if n != "notebook"}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """Raises TypeError or KeyError for what is no record."""
        results = tuple(TestResult(**result) for result in data["results"])
        return cls(**{**data, "results": results, "flags": tuple(data["flags"])})


def failed(key: str, reason: str, seconds: float = 0.0) -> Record:
    return Record(key, "failed", round(seconds, 1), (clean(reason),))
