"""Sampled tokens of each call, with what came before them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checking.calls import Call, token_ids
from autograder.exercises import oracle
from autograder.exercises.exercise import Exercise
from autograder.exercises.laws import Sampling
from autograder.exercises.oracle import Floats


@dataclass(frozen=True)
class Passage:
    """The tokens that one call sampled, and the model's logits from which each was sampled."""

    logits: Floats  # (n, V)
    ids: list[int]  # the whole text, prompt included
    prompt_length: int
    settings: Mapping[str, Any]
    call: int

    @property
    def tokens(self) -> list[int]:
        """The n tokens."""
        return self.ids[self.prompt_length :]

    def laws(self, rule: Sampling) -> Floats:  # (n, V)
        """The law of each token by a rule."""
        return rule(self.logits, self.ids[:-1], self.prompt_length, self.settings)

    def chances(self, laws: Floats) -> Floats:  # (n, V) -> (n,)
        """The probability of each sampled token by its law."""
        return laws[np.arange(len(laws)), self.tokens]


def settings_of(keywords: Sequence[str], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling settings of a call, and under "eos" the model's end token."""
    given = {name: value for name, value in arguments.items() if name in keywords}
    return {**given, "eos": arguments["model"].config.eos_token_id}


def sampled_passages(exercise: Exercise, calls: Sequence[Call]) -> list[Passage]:
    """The passages of the calls whose reply is a text."""
    texts = [ids for call in calls if isinstance(ids := token_ids(call.reply.value), list)]
    return list(passages_of(exercise, calls, texts))


def passages_of(
    exercise: Exercise, calls: Sequence[Call], texts: Sequence[list[int]]
) -> Iterator[Passage]:
    """Yield a passage for each call; a text that comes twice for one seed counts once."""
    seen = set()
    for i, (call, ids) in enumerate(zip(calls, texts, strict=True)):
        seed = call.arguments.get("seed")
        start = call.arguments["input_ids"].shape[1]
        if (seed, tuple(ids)) in seen or len(ids) == start:
            continue
        seen.add((seed, tuple(ids)))
        yield Passage(
            logits=oracle.logits_of(call.arguments["model"], ids[:-1])[start - 1 :],
            ids=ids,
            prompt_length=start,
            settings=settings_of(exercise.keywords, call.arguments),
            call=i,
        )
