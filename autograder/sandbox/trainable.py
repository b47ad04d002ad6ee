"""A model to train and its optimizer, which belong together, and the state that a call leaves.

The model is made in the student's process, and only plain data comes back: what the function
returned, the model's weights, its mode, and if it computed with gradients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from autograder.sandbox.arguments import Kind, build, kind
from autograder.sandbox.data import plain
from autograder.sandbox.watched import WatchedModel
from kischule.training.tiny import RETURNED, TinyGPT2, state_of, tiny_gpt2


@kind("{tiny: 7, vocabulary: 12, dropout: 0.0, training: true, with_gradients: false}")
@dataclass(frozen=True)
class Tiny(Kind):
    """A GPT-2 of one thousand weights from this seed, which have stale gradients.

    The reply is then a dict: returned, and for the model a dict of its weights, its mode
    (training), and if it computed with gradients (with_gradients).
    """

    tiny: int
    vocabulary: int = 12
    dropout: float = 0.0
    training: bool = True
    with_gradients: bool = False

    def build(self) -> TinyGPT2:
        more = {"training": self.training, "with_gradients": self.with_gradients}
        return tiny_gpt2(self.tiny, self.vocabulary, self.dropout, **more)

    def describe(self, shown: int | None = None) -> str:
        given = {name: value for name, value in self.spec().items() if name != "tiny"}
        more = "".join(f", {name}={value!r}" for name, value in given.items())
        return f"tiny := tiny_gpt2({self.tiny}{more})"


class OptimizerOf:
    """A plain SGD that waits for its model."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """Make the optimizer of a model's weights."""
        return torch.optim.SGD(model.parameters(), lr=self.rate)


@kind("{sgd: tiny, rate: 0.5}")
@dataclass(frozen=True)
class Sgd(Kind):
    """`torch.optim.SGD` of the call's tiny model, with this learning rate."""

    sgd: str
    rate: float = 0.5

    def build(self) -> OptimizerOf:
        return OptimizerOf(self.rate)

    def describe(self, shown: int | None = None) -> str:
        return f"torch.optim.SGD(tiny.parameters(), lr={self.rate!r})"


def build_all(specs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of one call, by name; an optimizer gets the weights of the call's model."""
    built = {name: build(spec) for name, spec in specs.items()}
    model = next((value for value in built.values() if isinstance(value, TinyGPT2)), None)
    for name, value in built.items():
        if isinstance(value, OptimizerOf):
            if model is None:
                raise ValueError("an optimizer needs a tiny model in the same call, was: none")
            built[name] = value(model)
    return built


def with_models(value: Any, arguments: Mapping[str, Any]) -> Any:
    """The value that a function returned, as plain data, with what it did to the call's models.

    Tiny models and watched ones.
    """
    states = {name: plain(state) for name, model in arguments.items() if (state := _state(model))}
    return {RETURNED: plain(value), **states} if states else plain(value)


def _state(argument: Any) -> dict[str, Any] | None:
    """The state that a call leaves of an argument; None where nobody asks for it."""
    if isinstance(argument, TinyGPT2):
        return state_of(argument)
    return argument.noted() if isinstance(argument, WatchedModel) else None
