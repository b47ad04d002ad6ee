"""One submission from its bytes to a record: what every engine does, wherever it runs."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from autograder.checking.result import OURS, UNSOLVED, Result
from autograder.exercises.exercise import PACKAGED, Exercise, Level
from autograder.grading.isolation import decide
from autograder.grading.record import Record, Rules, Status, Task, key_of
from autograder.grading.servers import ServerGoneError
from autograder.grading.settings import Settings
from autograder.notebooks import reader
from autograder.notebooks.cells import with_solutions
from autograder.notebooks.flags import Flag, FlagKind
from autograder.notebooks.messages import AT_INTAKE
from autograder.notebooks.structure import Rebuilt, rebuild
from kischule.models import fingerprint

if TYPE_CHECKING:
    from autograder.grading.worker import Run

MAX_RUNS = 2  # of a submission whose fork server or supervisor ends meanwhile


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
    # all code that each exercise depends on; {} where the text leaves a doubt
    code: Mapping[str, str] = field(default_factory=dict, repr=False)

    def seed_of(self, rules: Rules, exercise: str) -> str:
        """The seed of an exercise's hidden cases: the same for the same code."""
        code = self.code.get(exercise)
        return self.seed if code is None else _seed(rules, code.encode())


def take(rules: Rules, content: bytes) -> Taken:
    """Put the student's texts on the release's structure. UnreadableError, whatever is in it."""
    from autograder.notebooks.separable import code_by_exercise  # heavy: torch

    taken = rebuilt_from(rules.release, content, rules.exercises)
    with_solutions(taken.notebook, rules.tests)  # after it was compared with the release
    code = code_by_exercise(taken.notebook, rules.exercises, reader.parse(rules.release))
    return Taken(taken.notebook, taken.flags, _seed(rules, content), code)


def _seed(rules: Rules, content: bytes) -> str:
    own = hashlib.sha256(content).digest()
    return hashlib.sha256(rules.seed.encode() + own).hexdigest()


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

    The rules' isolation must be settled. Results of the task's earlier record stay where nothing
    that they depend on has changed; if then anything goes wrong, all is run. Where the fork server
    is killed meanwhile, which no submission can bring about, it is run once more.
    """
    began, settings = time.monotonic(), rules.settings
    limits = {"time_limit_s": settings.time_limit_s, "memory_mib": settings.memory_mib}
    common: dict[str, Any] = {"key": task.key, "isolation": settings.isolation, **limits}
    try:
        for left in reversed(range(MAX_RUNS)):
            try:
                taken, code, kept, run = _run_task(rules, task)
                break
            except ServerGoneError:
                if not left:
                    raise
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
        code=_may_serve(run, code),
        reused=tuple(kept),
        notebook=content,
        **common,
    )


def _run_task(
    rules: Rules, task: Task
) -> tuple[Taken, dict[str, str], dict[str, list[Result]], "Run"]:
    """Run a submission: it as it was taken, the names of its code, what was kept, and its run."""
    taken = take(rules, task.content)
    code = _names_of_code(rules, taken)
    kept = _kept(task.earlier, code)
    run = _run(rules, taken, kept)
    if kept and (run.status != Status.GRADED or run.flags):
        kept, taken = {}, take(rules, task.content)
        run = _run(rules, taken, kept)
    return taken, code, kept, run


def _run(rules: Rules, taken: Taken, earlier: Mapping[str, Sequence[Result]]) -> "Run":
    from autograder.grading.variants import Variants  # heavy: torch and kernels
    from autograder.grading.worker import run_submission

    variants = Variants.of(rules)
    return run_submission(
        taken.notebook,
        taken.seed,
        rules.settings,
        rules.exercises,
        solutions=rules.solutions,
        files=rules.files,
        hidden=lambda exercise, _: variants.cases(exercise, taken.seed_of(rules, exercise.id)),
        earlier=earlier,
    )


def _names_of_code(rules: Rules, taken: Taken) -> dict[str, str]:
    """A name for all that the results of an exercise depend on, by exercise."""
    return {
        name: key_of(
            rules.key,
            repr(rules.settings).encode(),
            repr(rules.exercises[name].points).encode(),
            code.encode(),
        )
        for name, code in taken.code.items()
    }


def _may_serve(run: "Run", code: Mapping[str, str]) -> dict[str, str]:
    """The names of code whose results may stay in a later record: judged once, by themselves."""
    if run.status != Status.GRADED or run.flags:
        return {}
    odd = {r.exercise for r in run.results if r.kind in (*OURS, *UNSOLVED)} | run.twice
    return {name: code[name] for name in code if name not in odd}


def _kept(earlier: Record | None, code: Mapping[str, str]) -> dict[str, list[Result]]:
    """The results of an earlier record that need not be judged again, by exercise."""
    if earlier is None:
        return {}
    kept: dict[str, list[Result]] = {}
    for result in earlier.results:
        own = code.get(result.exercise)
        judged = result.level in (Level.PUBLIC, Level.HIDDEN)
        if judged and own is not None and earlier.code.get(result.exercise) == own:
            kept.setdefault(result.exercise, []).append(result)
    return kept


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
