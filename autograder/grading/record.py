"""Rules, tasks and records: what goes into grading a submission and what comes out.

Plain data, so that it can travel to another process or machine and be kept on disk.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.checking.result import Result
from autograder.errors import UserError
from autograder.exercises.exercise import Exercise, Points
from autograder.exercises.strict import read
from autograder.grading.settings import TIERS, Settings
from autograder.notebooks.editions import CARRIED
from autograder.notebooks.flags import Flag, FlagKind
from autograder.sandbox.text import clean
from kischule.i18n import Text


class EngineError(UserError, RuntimeError):
    """No worker can take tasks, or not any more; the message says why."""


class Status(str, Enum):
    """The state of a submission after grading."""

    GRADED = "graded"
    TIMEOUT = "timeout"  # graded, but a cell or the submission ran out of time
    MEMORY = "memory"  # graded, but a kernel ran out of memory
    UNREADABLE = "unreadable"
    FAILED = "failed"  # the failure is ours

    __str__ = str.__str__

    @property
    def could_not(self) -> bool:
        """True if the submission has no grade."""
        return self in (Status.UNREADABLE, Status.FAILED)


def key_of(*parts: bytes) -> str:
    """A name for content: equal only if every part is the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


@dataclass(frozen=True)
class Rules:
    """The rules by which a notebook of all submissions of a class is graded."""

    name: str  # of the notebook
    release: bytes  # the notebook whose structure counts
    seed: str  # the teacher's secret
    checks: str  # `checks_id` of who made this: a worker with other checks refuses
    settings: Settings
    exercises: Mapping[str, Exercise] = field(default_factory=dict, repr=False)  # the release's
    # the reference's, by exercise, for those that build on one that does not pass
    solutions: Mapping[str, str] = field(default_factory=dict, repr=False)
    # plain tests with their hidden parts, by grade_id
    tests: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # beside the notebook
    variants: Path | None = None  # where hidden cases are kept, if anywhere: see `Variants`

    @cached_property
    def key(self) -> bytes:
        """A name for all that verdicts depend on beside the submission: points may change."""
        parts = [_without_points(self.release), self.checks.encode(), self.seed.encode()]
        exercises = [replace(e, points=Points()) for e in self.exercises.values()]
        parts += [repr(exercise).encode() for exercise in exercises]
        parts += [repr(solution).encode() for solution in sorted(self.solutions.items())]
        parts += [repr(each).encode() for each in sorted(self.tests.items())]
        parts += [key_of(name.encode(), text).encode() for name, text in sorted(self.files.items())]
        return key_of(*parts).encode()


def _without_points(release: bytes) -> bytes:
    notebook = json.loads(release)
    notebook.get("metadata", {}).pop(CARRIED, None)  # the same again, with points
    for cell in notebook["cells"]:
        for name in ("points", "checksum"):  # nbgrader's, which covers the points
            cell["metadata"].get("nbgrader", {}).pop(name, None)
    return json.dumps(notebook, sort_keys=True).encode()


@dataclass(frozen=True)
class Task:
    """A submission's notebook, to be graded."""

    key: str  # of all that its grade depends on
    content: bytes = field(repr=False)
    earlier: Record | None = None  # of another file of the same student


def task_of(rules: Rules, content: bytes, earlier: Record | None = None) -> Task:
    """The task of grading a file's content. earlier: of the student's, whose results may serve."""
    return Task(key_of(content, rules.key), content, earlier)


@dataclass(frozen=True, kw_only=True)
class Record:
    """The stored result of grading a submission's notebook."""

    key: str
    status: Status
    seconds: float = 0.0
    flags: tuple[Flag, ...] = ()
    results: tuple[Result, ...] = ()
    memory: int = 0  # bytes that a kernel had of its own, at most
    parts: Mapping[str, float] = field(default_factory=dict)  # seconds, where the time went
    time_limit_s: float = 0.0
    memory_mib: int = 0
    isolation: str = ""
    # a name for all that an exercise's results depend on; only of those that may serve again
    code: Mapping[str, str] = field(default_factory=dict, repr=False)
    reused: tuple[str, ...] = ()  # exercises whose results are an earlier record's
    notebook: bytes = field(default=b"", repr=False)  # as it ran; b"" if it did not

    @classmethod
    def failed(cls, key: str, reason: str | Text, seconds: float = 0.0) -> Record:
        """The record of a submission that we could not grade. reason: a str is an error's."""
        said = reason if isinstance(reason, Text) else clean(reason)
        flag = Flag(FlagKind.NOT_GRADED, reason=said)
        return cls(key=key, status=Status.FAILED, seconds=round(seconds, 1), flags=(flag,))

    @classmethod
    def of_all(cls, records: Mapping[str, Record]) -> Record:
        """The record of a whole submission, from those of its notebooks, by name: at least one."""
        found = list(records.values())
        if len(found) == 1:
            return found[0]
        tiers = [record.tier for record in found]
        return replace(
            found[0],
            key=key_of(*(record.key.encode() for record in found)),
            status=max((record.status for record in found), key=list(Status).index),
            seconds=round(sum(record.seconds for record in found), 1),
            flags=tuple(dict.fromkeys(flag for record in found for flag in record.flags)),
            results=tuple(result for record in found for result in record.results)
            if not any(record.status.could_not for record in found)
            else (),
            memory=max(record.memory for record in found),
            isolation=max(filter(None, tiers), key=TIERS.index, default=found[0].isolation),
            parts=sum((Counter(record.parts) for record in found), Counter()),
            code={},
            reused=tuple(name for record in found for name in record.reused),
            notebook=b"",
        )

    @property
    def tier(self) -> str | None:
        """The tier of isolation in which the submission ran; None if it did not run."""
        tier = "namespaces" if self.isolation == "sandbox" else self.isolation  # its older name
        return tier if self.results and tier else None

    @property
    def final(self) -> bool:
        """True if grading it again would give the same result."""
        ours = any(flag.kind == FlagKind.CHECK_FAILED for flag in self.flags)
        return self.status != Status.FAILED and not ours

    def serves(self, settings: Settings) -> bool:
        """Return True if a run with these settings can use this record."""
        more_time = self.status == Status.TIMEOUT and settings.time_limit_s > self.time_limit_s
        more_memory = self.status == Status.MEMORY and settings.memory_mib > self.memory_mib
        return self.final and not more_time and not more_memory

    def as_data(self) -> dict[str, Any]:
        """All but the notebook, as JSON has it."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "notebook"}
        for name in ("code", "reused"):  # a record of an older version has the same data as ever
            own = own if own[name] else {n: value for n, value in own.items() if n != name}
        flags = [flag.as_data() for flag in self.flags]
        results = [result.as_data() for result in self.results]
        return {**own, "status": str(self.status), "flags": flags, "results": results}

    @classmethod
    def from_data(cls, data: Any) -> Record:
        """Read what `as_data` wrote. DataError for anything else."""
        return read(cls, data, "record")
