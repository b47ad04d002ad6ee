"""Exercises for another model than the embedded one: the same cases, with its own replies.

The replies that an exercise file stores are those of `mini`. For another model the reference makes
them on first use; they are kept one file an exercise, in a folder named after the model's weights
and tokenizer. A prompt along whose text first and second choice come nearer than the margin is
replaced by the next of a fixed list, since its text could differ between two machines.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.checking.judge import checker_of, expected_of, margin
from autograder.exercises.exercise import (
    Case,
    Exercise,
    TooCloseError,
)
from autograder.exercises.generate import generated_sentence, seeded
from autograder.files import write_atomically
from autograder.sandbox.arguments import OfModel, Prompt, kind_of, with_end_of
from autograder.sandbox.models import MINI, end_of, model_of, tokenizer_of
from kischule.compat import window
from kischule.errors import ModelUnsuitableError
from kischule.models import fingerprint

MAX_PROMPTS = 50  # of a case's list
MIN_CHECK_WINDOW = 256  # tokens, as `mini`: with one token a byte a prompt and its text take 150
# A call's time limit suits `mini`, which takes a fiftieth of it. A forward pass takes time in
# proportion to the model's size; this many parameters add another limit's worth.
PARAMETERS_PER_LIMIT = 12_500_000
# Two ways of computing a logit may differ by 1e-3 (torch uses other kernels with and without
# gradients: 1e-4 of SmolLM2's), and a probability by half of that: 2 p (1 - p) of it, at most.
PROBABILITY_TOLERANCE = 5e-4
VERSION = 2  # of the files


def exercises_for(
    exercises: Mapping[str, Exercise],
    model: str,
    folder: Path,
    making: Callable[[str], None] = lambda _: None,
) -> dict[str, Exercise]:
    """Make exercises for a model; for `mini` they stay as they are.

    folder: where replies are kept. making: called with the id of each exercise whose replies have
    to be made, before they are.

    Raises TooCloseError, ModelUnsuitableError for a window that is too small, and what
    `kischule.load` raises.
    """
    return dict(ForModel(exercises, model, folder, making))


@dataclass(frozen=True)
class ForModel(Mapping[str, Exercise]):
    """Exercises for a model, each made when it is asked for; see `exercises_for`."""

    exercises: Mapping[str, Exercise]
    model: str
    folder: Path
    making: Callable[[str], None] = lambda _: None

    def __getitem__(self, name: str) -> Exercise:
        return exercise_for(self.exercises[name], self.model, self.folder, self.making)

    def __iter__(self) -> Iterator[str]:
        return iter(self.exercises)

    def __len__(self) -> int:
        return len(self.exercises)


def slowdown(model: str) -> float:
    """The factor on the time limits of `mini`, of a call or a submission, for this model."""
    return 1.0 if model == MINI else 1 + model_of(model).num_parameters() / PARAMETERS_PER_LIMIT


def exercise_for(
    exercise: Exercise, model: str, folder: Path, making: Callable[[str], None] = lambda _: None
) -> Exercise:
    """Make one exercise for a model; see `exercises_for`."""
    name, source = exercise.id, _source_key(exercise)
    if model == MINI:
        return exercise
    if (size := window(model_of(model))) is not None and size < MIN_CHECK_WINDOW:
        raise ModelUnsuitableError(
            f"{model}: the texts of the checks need a window of {MIN_CHECK_WINDOW} tokens, "
            f"was: {size}"
        )
    limit = exercise.time_limit_s * slowdown(model)
    exercise = replace(exercise, model=model, time_limit_s=limit)
    if not any(uses_model(case.arguments) for case in exercise.cases):
        return exercise
    if exercise.checker in ("distribution", "probs"):
        tolerance = max(exercise.tolerance, PROBABILITY_TOLERANCE)
        exercise = replace(exercise, tolerance=tolerance)
    file = folder / fingerprint(model) / f"{name}.json"
    cases = _stored_cases(file, source, exercise)
    if cases is None:
        making(name)
        made = [_case_for(exercise, number) for number in range(len(exercise.cases))]
        cases = [case for case, _ in made]
        _write_cases(file, source, exercise, made)
    return replace(exercise, cases=tuple(cases))


def _case_for(exercise: Exercise, number: int) -> tuple[Case, float]:
    """A public case for the exercise's model, and the smallest gap along its reply.

    TooCloseError where all prompts of its list hang on a tie.
    """
    case = exercise.cases[number]
    bound, gap = margin(exercise, case), 0.0
    for prompt in _prompts(case, exercise.id, number):
        own = for_model(case.arguments, exercise.model, prompt)
        found = replace(case, arguments=own, expected=None)
        reply, gap = expected_of(exercise, found)
        if gap >= bound:
            stored = checker_of(exercise, case).stored
            return replace(found, expected=reply if stored else None), gap
    raise TooCloseError(
        f"{exercise.id}: in each text the first and second choice of {exercise.model!r} must be at "
        f"least {bound} apart; in case {number + 1} they are {gap:.2g} apart, and closer with "
        f"{MAX_PROMPTS - 1} other prompts"
    )


def _prompts(case: Case, *key: object) -> Iterator[str | None]:
    """A case's own prompt, then sentences that begin as it does; None where it has none."""
    own = prompt_of(case.arguments)
    yield own
    if own is None:
        return
    start = end if own.startswith(end := end_of(MINI)) else ""
    rng = seeded("prompts", *key)
    for _ in itertools.repeat(None, MAX_PROMPTS - 1):
        yield start + generated_sentence(rng)


# --- arguments ----------------------------------------------------------------------------------


def for_model(arguments: Mapping[str, Any], name: str, prompt: str | None = None) -> dict[str, Any]:
    """The specs of a case with this model where they name `mini`; prompt: in place of the case's.

    The end token in a text becomes the model's own. Lengths count tokens, of which another
    tokenizer makes more or fewer of a prompt: they move along, so that as many tokens are generated
    or scored as with `mini`. A case that does not use `mini` stays as it is.
    """
    if name == MINI:
        return dict(arguments)
    text, given = prompt_of(arguments), dict(arguments)
    if prompt is not None:
        own = "prompt_text" in given
        given |= {"prompt_text": prompt} if own else {"input_ids": {"prompt": prompt}}
    moved = {parameter: _for_model(spec, name) for parameter, spec in given.items()}
    if text is None:
        return moved
    more = len(_ids_of(str(prompt_of(moved)), name)) - len(_ids_of(text, MINI))
    for length, minimum in (("max_length", 0), ("prompt_length", 1)):
        if isinstance(moved.get(length), int):
            moved[length] = max(minimum, moved[length] + more)
    if "settings" in moved:
        moved["settings"] = [
            {**setting, "max_length": setting["max_length"] + more} for setting in moved["settings"]
        ]
    return moved


def _for_model(spec: Any, name: str) -> Any:
    if isinstance(spec, str):
        return with_end_of(spec, name)
    if not _is_kind(spec):
        return spec
    found = kind_of(spec)
    return found.for_model(name).spec() if isinstance(found, OfModel) else spec


def uses_model(arguments: Mapping[str, Any]) -> bool:
    """Return True if one of these specs names a model or its tokenizer."""
    return any(isinstance(kind_of(spec), OfModel) for spec in arguments.values() if _is_kind(spec))


def _is_kind(spec: Any) -> bool:
    return isinstance(spec, Mapping) and "each" not in spec


def prompt_of(arguments: Mapping[str, Any]) -> str | None:
    """The text that a model continues in a case; None where there is none."""
    if isinstance(text := arguments.get("prompt_text"), str):
        return text
    found = kind_of(ids) if _is_kind(ids := arguments.get("input_ids")) else None
    return found.prompt if isinstance(found, Prompt) else None


def _ids_of(text: str, name: str) -> list[int]:
    return list(tokenizer_of(name)(text)["input_ids"])


# --- the files ----------------------------------------------------------------------------------


def _source_key(exercise: Exercise) -> str:
    """A key for the source of replies: the exercise's cases and the version of the reference."""
    digest = hashlib.sha256(repr((exercise.checker, exercise.cases)).encode())
    digest.update(metadata.version("kischule").encode())
    return digest.hexdigest()


def _stored_cases(file: Path, source: str, exercise: Exercise) -> list[Case] | None:
    """The cases of a file, if it was made for the exercise as it is now."""
    try:
        data = json.loads(file.read_bytes())
        if [data[n] for n in ("version", "source", "name")] != [VERSION, source, exercise.model]:
            return None
        return [
            replace(case, arguments=found["arguments"], expected=found["reply"])
            for case, found in zip(exercise.cases, data["cases"], strict=True)
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_cases(
    file: Path, source: str, exercise: Exercise, made: Iterable[tuple[Case, float]]
) -> None:
    data = {
        "version": VERSION,
        "exercise": exercise.id,
        "name": exercise.model,  # a folder that was moved: the arguments name the old place
        "model": fingerprint(exercise.model),
        "source": source,
        "cases": [
            # gap: in logits, between first and second choice; Infinity where none was made
            {"arguments": dict(case.arguments), "reply": case.expected, "gap": gap}
            for case, gap in made
        ],
    }
    write_atomically(file, json.dumps(data, ensure_ascii=False, indent=1).encode())
