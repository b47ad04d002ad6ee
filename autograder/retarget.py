"""Exercises for another model than the embedded one: the same cases, with its own answers.

The answers that an exercise file stores are those of `mini`. For another model the oracle makes
them on first use, and they are kept: one file an exercise, in a folder that is named after the
model's weights and tokenizer. A prompt along whose text first and second choice come nearer than
`judge.margin` is replaced by the next of its list: its text could differ between two machines.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from autograder.arguments import (
    DRAWS,
    end_of,
    for_model,
    model_of,
    names_model,
    prompt_of,
    seeded,
)
from autograder.exercise import (
    FOLDER,
    Case,
    Exercise,
    TooCloseError,
    exercise_ids,
    load_exercise,
)
from autograder.expected import STORED
from autograder.grading.store import write_atomically
from autograder.judge import answer_of, margin
from kischule.compat import window
from kischule.errors import ModelUnsuitableError
from kischule.models import fingerprint

EMBEDDED = "mini"
PROMPTS = 50  # of a case's list
WINDOW = 256  # tokens, as `mini`: where each byte is one, a drawn prompt and its text take 150
# A call's time limit suits `mini`, which takes a fiftieth of it. One forward pass of a model takes
# a time that goes with its size; so many parameters add another limit's worth.
PER_LIMIT = 12_500_000
# Two ways of computing a logit may differ by 1e-3 (with and without gradients torch takes other
# kernels: 1e-4 of SmolLM2's), and a probability by a half of that: 2 p (1 - p) of it, at most.
PROBABILITY = 5e-4
VERSION = 1  # of the files


def exercises_for(
    model: str, folder: Path, making: Callable[[str], None] = lambda _: None
) -> tuple[Exercise, ...]:
    """All exercises for a model; none for `mini`, whose exercises are those in the files.

    folder: where answers are kept. making: told the id of each exercise whose answers are not
    there yet, before they are made.

    Raises TooCloseError, ModelUnsuitableError for a window that is too small, and what
    `kischule.load` raises.
    """
    if model == EMBEDDED:
        return ()
    return tuple(exercise_for(name, model, folder, making) for name in exercise_ids())


def longer(model: str) -> float:
    """How many times as long as with `mini` a call, or a hand-in, may take with this model."""
    return 1.0 if model == EMBEDDED else 1 + model_of(model).num_parameters() / PER_LIMIT


def exercise_for(
    name: str, model: str, folder: Path, making: Callable[[str], None] = lambda _: None
) -> Exercise:
    """One exercise for a model; see `exercises_for`."""
    exercise = load_exercise(name)
    if model == EMBEDDED:
        return exercise
    if (size := window(model_of(model))) is not None and size < WINDOW:
        raise ModelUnsuitableError(
            f"{model}: the checks' texts need a window of {WINDOW} tokens, was: {size}"
        )
    exercise = replace(exercise, model=model, time_limit=exercise.time_limit * longer(model))
    if not any(names_model(case.arguments) for case in exercise.cases):
        return exercise
    if exercise.judge == "distribution":
        exercise = replace(exercise, tolerance=max(exercise.tolerance, PROBABILITY))
    file = folder / fingerprint(model) / f"{name}.json"
    source = _source(name)
    cases = _kept(file, source, exercise)
    if cases is None:
        making(name)
        made = [_case_for(exercise, number) for number in range(len(exercise.cases))]
        cases = [case for case, _ in made]
        _keep(file, source, exercise, made)
    return replace(exercise, cases=tuple(cases))


def _case_for(exercise: Exercise, number: int) -> tuple[Case, float]:
    """A public case for the exercise's model, and the smallest gap along its answer.

    TooCloseError where all prompts of its list hang on a tie.
    """
    case = exercise.cases[number]
    least, gap = margin(exercise, case), 0.0
    for prompt in _prompts(case, exercise.id, number):
        own = for_model(case.arguments, exercise.model, prompt)
        found = replace(case, arguments=own, expected=None)
        answer, gap = answer_of(exercise, found)
        if gap >= least:
            kept = exercise.judge_of(case) in STORED
            return replace(found, expected=answer if kept else None), gap
    raise TooCloseError(
        f"{exercise.id}: of each text the first and second choice of {exercise.model!r} must be at "
        f"least {least} apart, in case {number + 1} they are {gap:.2g}, and nearer with "
        f"{PROMPTS - 1} other prompts"
    )


def _prompts(case: Case, *key: object) -> Iterator[str | None]:
    """A case's own prompt, then sentences that begin as it does; None where it has none."""
    own = prompt_of(case.arguments)
    yield own
    if own is None:
        return
    start = end if own.startswith(end := end_of(EMBEDDED)) else ""
    rng = seeded("prompts", *key)
    for _ in itertools.repeat(None, PROMPTS - 1):
        yield start + DRAWS["sentence"](rng)


# --- the files ----------------------------------------------------------------------------------


def _source(name: str) -> str:
    """Names what answers are made from: the exercise's file and, for the oracle, the version."""
    digest = hashlib.sha256((FOLDER / f"{name}.yaml").read_bytes())
    digest.update(metadata.version("kischule").encode())
    return digest.hexdigest()


def _kept(file: Path, source: str, exercise: Exercise) -> list[Case] | None:
    """The cases of a file, if it was made for the exercise as it is now."""
    try:
        data = json.loads(file.read_bytes())
        if [data[n] for n in ("version", "source", "name")] != [VERSION, source, exercise.model]:
            return None
        return [
            replace(case, arguments=found["arguments"], expected=found["answer"])
            for case, found in zip(exercise.cases, data["cases"], strict=True)
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _keep(file: Path, source: str, exercise: Exercise, made: Iterable[tuple[Case, float]]) -> None:
    data = {
        "version": VERSION,
        "exercise": exercise.id,
        "name": exercise.model,  # a folder that was moved: the arguments name the old place
        "model": fingerprint(exercise.model),
        "source": source,
        "cases": [
            # gap: in logits, between first and second choice; Infinity where none was chosen
            {"arguments": dict(case.arguments), "answer": case.expected, "gap": gap}
            for case, gap in made
        ],
    }
    write_atomically(file, json.dumps(data, ensure_ascii=False, indent=1).encode())
