"""A model whose calls are recorded: the tokens that each got, and those in the cache before it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.sandbox.arguments import Kind, describe, kind, kind_of


class WatchedModel:
    """Mixed into a model: notes what each call gets. In all else it is the model."""

    calls: list[tuple[int, int]]  # of each: tokens, and tokens in its cache

    @classmethod
    def of(cls, model: Any) -> Any:
        """A copy of the model that notes its calls; the weights are the model's own."""
        watched = copy.copy(model)
        watched.__class__ = type(type(model).__name__, (cls, type(model)), {})
        watched.calls = []
        return watched

    def forward(self, *args: Any, **more: Any) -> Any:
        """Compute as the model does."""
        given = dict(zip(("input_ids", "past_key_values"), args, strict=False)) | more
        ids, cache = given.get("input_ids"), given.get("past_key_values")
        seen = 0 if cache is None else int(cache.get_seq_length())
        self.calls.append((0 if ids is None else int(ids.shape[-1]), seen))
        return super().forward(*args, **more)  # type: ignore[misc]

    def noted(self) -> dict[str, Any]:
        """The number of calls; for each its tokens and those in its cache."""
        return {
            "calls": len(self.calls),
            "tokens": [tokens for tokens, _ in self.calls],
            "cached": [cached for _, cached in self.calls],
        }


@kind("{watched: {model: mini}}")
@dataclass(frozen=True)
class Watched(Kind):
    """The model of this kind, and its calls are noted.

    The reply is then a dict: returned, and for the model a dict of the number of its calls, the
    tokens that each got (tokens), and those in past_key_values before it (cached).
    """

    watched: Mapping[str, Any]

    def build(self) -> Any:
        return WatchedModel.of(self._inner().build())

    def describe(self, shown: int | None = None) -> str:
        return describe("", self.watched, shown is None)

    def for_model(self, name: str) -> Kind:
        return Watched(self._inner().for_model(name).spec())

    def _inner(self) -> Kind:
        found = kind_of(self.watched)
        assert found is not None  # a mapping is of some kind
        return found
