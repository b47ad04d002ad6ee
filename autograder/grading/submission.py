"""One submission from its bytes to a record: what every engine does, wherever it runs.

Plain data goes in and comes out, so that it can travel to another process or machine.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any

from autograder.exercises.exercise import FOLDER as EXERCISES
from autograder.grading.record import Record, Rules, Settings, Task, failed, key_of
from autograder.notebooks import intake
from autograder.sandbox.text import clean
from kischule.models import fingerprint


@cache
def checks_id(model: str = "mini") -> str:
    """Names the exercises, the model and the version of this package."""
    exercises = [p.read_bytes() for p in sorted(EXERCISES.glob("*.yaml"))]
    version = metadata.version("kischule")
    return key_of(*exercises, fingerprint(model).encode(), version.encode())


@dataclass(frozen=True)
class Taken:
    """A submission as it may be graded."""

    notebook: Any  # the release's, with the student's texts
    flags: tuple[str, ...]
    seed: str  # of its drawn cases


def take(rules: Rules, content: bytes) -> Taken:
    """The student's texts on the release's structure. Raises UnreadableError, whatever is in it."""
    try:
        taken = intake.rebuild(intake.parse(rules.release), intake.parse(content))
    except intake.UnreadableError:
        raise
    except Exception as error:  # a hand-in that intake was not ready for stops nobody else
        raise intake.UnreadableError(f"{type(error).__name__} at intake: {error}") from error
    own = hashlib.sha256(content).digest()
    return Taken(taken.notebook, taken.flags, hashlib.sha256(rules.seed.encode() + own).hexdigest())


def settle(settings: Settings) -> tuple[Settings, str]:
    """The settings with an isolation that can be had here, and a warning or "".

    Raises IsolationError, or ServerError where no fork server starts.
    """
    from autograder.grading.isolation import decide

    isolation = decide(settings.isolation, settings.model, settings.device)
    return replace(settings, isolation=isolation.mode), isolation.warning


def grade_submission(rules: Rules, task: Task) -> Record:
    """The record of a submission; never raises for what it holds or does.

    The rules' isolation must be settled.
    """
    from autograder.grading.worker import run_submission

    began = time.monotonic()
    limits = (rules.settings.time_limit, rules.settings.memory)
    try:
        taken = take(rules, task.content)
        run = run_submission(taken.notebook, taken.seed, rules.settings, rules.exercises)
        content = json.dumps(run.notebook, ensure_ascii=False, indent=1).encode()
    except intake.UnreadableError as error:
        return Record(task.key, "unreadable", _since(began), (clean(str(error)),), limits=limits)
    except Exception as error:  # no kernel; or outputs, which are the student's: any shape of them
        return failed(task.key, f"{type(error).__name__}: {error}", time.monotonic() - began)
    return Record(
        task.key,
        run.status,
        _since(began),
        (*taken.flags, *run.flags),
        tuple(run.results),
        run.memory,
        run.seconds,
        limits,
        content,
    )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
