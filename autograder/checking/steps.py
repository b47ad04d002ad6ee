"""Sampled tokens one by one, each with what came before it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.checking.calls import Call, token_ids
from autograder.exercises import oracle
from autograder.exercises.exercise import Exercise
from autograder.exercises.oracle import Floats


@dataclass(frozen=True)
class Step:
    """One sampled token: what came before it, and the model's logits there."""

    logits: Floats  # (V,)
    before: list[int]
    prompt_length: int
    settings: Mapping[str, Any]
    token: int
    call: int


def settings_of(exercise: Exercise, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling settings of a call, and under "eos" the model's end token."""
    given = {name: value for name, value in arguments.items() if name in exercise.keywords}
    return {**given, "eos": arguments["model"].config.eos_token_id}


def sampled_steps(exercise: Exercise, calls: Sequence[Call]) -> list[Step]:
    """All sampled tokens of the calls whose reply is a text."""
    texts = [ids for call in calls if isinstance(ids := token_ids(call.reply.value), list)]
    return list(steps_of(exercise, calls, texts))


def steps_of(
    exercise: Exercise, calls: Sequence[Call], texts: Sequence[list[int]]
) -> Iterator[Step]:
    """Yield all sampled tokens; a text that comes twice for one seed counts once."""
    seen = set()
    for i, (call, ids) in enumerate(zip(calls, texts, strict=True)):
        seed = call.arguments.get("seed")
        start = call.arguments["input_ids"].shape[1]
        if (seed, tuple(ids)) in seen or len(ids) == start:
            continue
        seen.add((seed, tuple(ids)))
        settings = settings_of(exercise, call.arguments)
        logits = oracle.logits_of(call.arguments["model"], ids[:-1])
        for t in range(start, len(ids)):
            yield Step(
                logits=logits[t - 1],
                before=ids[:t],
                prompt_length=start,
                settings=settings,
                token=ids[t],
                call=i,
            )
