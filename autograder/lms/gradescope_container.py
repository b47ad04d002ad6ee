"""The grader in Gradescope's container: one submission in, results.json out; without nbgrader."""

import base64
import ctypes
import io
import json
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.checking.messages import LEVELS
from autograder.checking.result import Result
from autograder.exercises.exercise import Level, read_exercise
from autograder.files import write_atomically
from autograder.grading.record import EngineError, Record, Rules, Status, task_of
from autograder.grading.settings import Settings
from autograder.grading.store import seed_id
from autograder.grading.submission import checks_id, grade_submission, settle
from autograder.lms import messages
from autograder.notebooks import intake, reader
from autograder.notebooks.cells import exercise_of, points_of
from autograder.notebooks.flags import Flag
from kischule.i18n import LANGUAGES, Text

RULES, RELEASE = "rules.json", "release.ipynb"  # in the zip, and so in source/
DONE, FAILED = 0, 1
_DUMPABLE = 4  # linux/prctl.h


def _both(lines: Iterable[Text]) -> str:
    """German first, English below it."""
    lines = list(lines)
    return "\n\n".join("\n".join(line[code] for line in lines if line[code]) for code in LANGUAGES)


@dataclass(frozen=True)
class Graded:
    """A graded submission: results.json without the time, and whether the failure was ours."""

    data: dict[str, Any] = field(repr=False)
    ours: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade the submission in the folder that Gradescope made; always writes a results.json.

    arguments: that folder. Returns 0, or 1 if something was not graded and the failure is ours.
    Output is for the teacher only.
    """
    began = time.monotonic()
    (base,) = map(Path, sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        graded = _graded(base, take_rules(base / "source"))
    except Exception:
        traceback.print_exc(file=sys.stdout)
        graded = Graded(failure(), ours=True)
    data = {**graded.data, "execution_time": round(time.monotonic() - began, 1)}
    write_atomically(base / "results" / "results.json", json.dumps(data, indent=1).encode())
    return FAILED if graded.ours else DONE


def take_rules(source: Path) -> Rules:
    """Take the rules of the zip, which are no longer on the disk when this returns.

    Raises EngineError if they are gone already, or were made for other checks.
    """
    try:
        data = json.loads((source / RULES).read_bytes())
        release = (source / RELEASE).read_bytes()
    except FileNotFoundError as error:
        raise EngineError(
            f"{error.filename} is gone: a container grades one submission, then it has no secret"
        ) from error
    for name in (RULES, RELEASE):
        (source / name).unlink()
    _keep_memory_private()
    if data["checks"] != checks_id():
        raise EngineError("the zip was made for other checks than are installed; export it anew")
    settings = Settings(**data.pop("settings"))
    exercises = {name: read_exercise(e, RULES) for name, e in data.pop("exercises").items()}
    files = {name: base64.b64decode(text) for name, text in data.pop("files", {}).items()}
    return Rules(release=release, settings=settings, exercises=exercises, files=files, **data)


def _keep_memory_private() -> None:
    """Close this process's memory to others without CAP_SYS_PTRACE, of any user (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0)


def _graded(base: Path, rules: Rules) -> Graded:
    try:
        found = intake.read_submission(base / "submission", rules.name)
    except reader.UnreadableError as error:
        return _ungraded(error.text, rules)
    rules, warning = settled(rules)
    if warning:
        print(f"kischule: {warning}")
    record = grade_submission(rules, task_of(rules, found.content))
    flags = (*found.flags, *record.flags)
    print(f"kischule: {record.status}, {rules.settings.isolation}", *flags, sep="\n  ", flush=True)
    if record.status == Status.FAILED:
        return Graded(failure(), ours=True)
    if record.status == Status.UNREADABLE:
        return _ungraded(record.flags[-1].why, rules)
    return Graded(results_json(record, rules, flags), ours=not record.final)


def settled(rules: Rules) -> tuple[Rules, str]:
    """Choose an isolation that works in this container; returns the rules and a warning or "".

    Raises IsolationError where no sandbox starts, and the zip was not exported with isolation
    `process` in the course's configuration.
    """
    settings, warning = settle(rules.settings)
    return replace(rules, settings=settings), warning


def results_json(record: Record, rules: Rules, flags: Sequence[Flag]) -> dict[str, Any]:
    """Write results.json of a graded submission; its score is the sum of its tests."""
    graded = [r for r in record.results if r.level != Level.MANUAL]
    by_hand = [r for r in record.results if r.level == Level.MANUAL]
    names = list(dict.fromkeys(r.exercise for r in graded))
    extra = {
        "kischule": metadata.version("kischule"),
        "seed_id": seed_id(rules.seed),
        "isolation": rules.settings.isolation,
        "status": str(record.status),
        "flags": list(map(str, flags)),
        "seconds": record.parts,
    }
    lines = [*_totals(graded, by_hand), *_troubles(record), *_of_flags(flags)]
    titles = [(r, rules.exercises[r.exercise].title) for r in graded]
    tests = [_test(r, title, names.index(r.exercise) + 1) for r, title in titles]
    return {**_result_fields(_both(lines), extra), "tests": tests}


def _totals(graded: Sequence[Result], by_hand: Sequence[Result]) -> Iterator[Text]:
    points = sum(r.points for r in graded)
    yield messages.SCORE_LINE.of(sum(r.counted_points for r in graded), points=points)
    if bonus := sum(r.points for r in graded if r.bonus):
        yield messages.BONUS_NOTE.of(bonus)
    if by_hand:
        texts, waiting = (r.exercise for r in by_hand), sum(r.max_points for r in by_hand)
        yield messages.BY_HAND.format(texts=", ".join(texts), points=waiting)


def _troubles(record: Record) -> Iterator[Text]:
    if record.status == Status.TIMEOUT:
        yield messages.OUT_OF_TIME
    if record.status == Status.MEMORY:
        yield messages.OUT_OF_MEMORY
    if not record.final:
        yield messages.CHECK_FAILED


def _of_flags(flags: Sequence[Flag]) -> Iterator[Text]:
    """One sentence for each kind of flag that a student can do something about."""
    for kind, text in messages.FLAG_SENTENCES.items():
        if found := [flag.cell or flag.why.en for flag in flags if flag.kind == kind]:
            yield text.format(cells=", ".join(found))


def _test(result: Result, title: Text, number: int) -> dict[str, Any]:
    """One exercise and level. A bonus has a max_score of 0: its points come on top.

    Hidden cases are shown as well: their messages never give a value away.
    """
    level = LEVELS[result.level]
    lines = [result.headline, Text(result.told("de"), result.told("en"))]
    return {
        "name": f"{title.de}: {level.de} ({level.en})",
        "number": f"{number}.{2 if result.level == Level.HIDDEN else 1}",
        "score": result.points,
        "max_score": result.counted_points,
        "status": "passed" if result.passed else "failed",
        "output": _both(lines),
        "output_format": "text",
        "visibility": "visible",
        "extra_data": {"grade_id": result.grade_id, "kind": result.kind},
    }


def _ungraded(reason: Text, rules: Rules) -> Graded:
    print(f"kischule: unreadable: {reason.en}", flush=True)
    release = reader.parse(rules.release)
    possible = sum(points_of(cell) for cell in release.cells if exercise_of(cell, rules.exercises))
    lines = [messages.UNREADABLE.format(reason=reason, notebook=rules.name)]
    lines.append(messages.SCORE_LINE.of(possible, points=0))
    return Graded({**_result_fields(_both(lines), {"status": "unreadable"}), "score": 0.0})


def failure() -> dict[str, Any]:
    """Write results.json for a failure of ours."""
    return {**_result_fields(_both([messages.FAILED]), {"status": "failed"}), "score": 0.0}


def _result_fields(output: str, extra: dict[str, Any]) -> dict[str, Any]:
    """The fields of every results.json; tests and a score come on top."""
    return {
        "output": output,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": extra,
    }


if __name__ == "__main__":
    sys.exit(main())
