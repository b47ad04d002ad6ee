"""One submission from its bytes to a record: what every engine does, wherever it runs."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any

from autograder.exercises.exercise import PACKAGED, Exercise
from autograder.grading.isolation import decide
from autograder.grading.record import Record, Rules, Status, Task, key_of
from autograder.grading.settings import Settings
from autograder.notebooks import reader
from autograder.notebooks.cells import with_solutions
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.messages import AT_INTAKE
from autograder.notebooks.structure import Rebuilt, rebuild
from kischule.models import fingerprint


@cache
def checks_id(model: str = "mini") -> str:
    """A name for the exercises, the model and the version of this package."""
    exercises = [path.read_bytes() for _, path in sorted(PACKAGED.paths.items())]
    version = metadata.version("kischule")
    return key_of(*exercises, fingerprint(model).encode(), version.encode())


@dataclass(frozen=True)
class Taken:
    """A submission as it may be graded."""

    notebook: Any  # the release's, with the student's texts
    flags: tuple[Flag, ...]
    seed: str  # of its hidden cases


def take(rules: Rules, content: bytes) -> Taken:
    """Put the student's texts on the release's structure. UnreadableError, whatever is in it."""
    taken = rebuilt_from(rules.release, content, rules.exercises)
    with_solutions(taken.notebook, rules.tests)  # after it was compared with the release
    own = hashlib.sha256(content).digest()
    return Taken(taken.notebook, taken.flags, hashlib.sha256(rules.seed.encode() + own).hexdigest())


def rebuilt_from(release: bytes, content: bytes, exercises: Mapping[str, Exercise]) -> Rebuilt:
    """Read a submission and put it on the release's structure. UnreadableError as `take`."""
    try:
        return rebuild(reader.parse(release), reader.parse(content), exercises)
    except reader.UnreadableError:
        raise
    except Exception as error:  # a submission that intake was not ready for stops no other
        told = reader.one_line(f"{type(error).__name__}: {error}")
        raise reader.UnreadableError(AT_INTAKE.format(error=told)) from error


def settle(settings: Settings) -> tuple[Settings, str]:
    """Choose an isolation that works here; returns the settings with it, and a warning or "".

    Raises IsolationError, or ServerError where no fork server starts.
    """
    isolation = decide(settings.isolation, settings.model, settings.device)
    return replace(settings, isolation=isolation.mode), isolation.warning


def grade_submission(rules: Rules, task: Task) -> Record:
    """Grade a submission; never raises for what it holds or does.

    The rules' isolation must be settled.
    """
    from autograder.grading.variants import Variants  # heavy: torch and kernels
    from autograder.grading.worker import run_submission

    began, settings = time.monotonic(), rules.settings
    limits = {"time_limit_s": settings.time_limit_s, "memory_mib": settings.memory_mib}
    common: dict[str, Any] = {"key": task.key, "isolation": settings.isolation, **limits}
    try:
        taken = take(rules, task.content)
        run = run_submission(
            taken.notebook,
            taken.seed,
            settings,
            rules.exercises,
            solutions=rules.solutions,
            files=rules.files,
            hidden=Variants.of(rules).cases,
        )
        content = json.dumps(run.notebook, ensure_ascii=False, indent=1).encode()
    except reader.UnreadableError as error:
        flag = Flag(FlagKind.NOT_READABLE, reason=error.text)
        return Record(status=Status.UNREADABLE, seconds=_since(began), flags=(flag,), **common)
    except Exception as error:  # no kernel; or outputs, which are the student's: any shape of them
        reason = f"{type(error).__name__}: {error}"
        return Record.failed(task.key, reason, time.monotonic() - began)
    return Record(
        status=run.status,
        seconds=_since(began),
        flags=(*taken.flags, *run.flags),
        results=tuple(run.results),
        memory=run.memory,
        parts=run.seconds,
        notebook=content,
        **common,
    )


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
