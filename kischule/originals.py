"""A model as it was when it was made, and if it still is: for a memory of what it has computed.

To change a part of a model, with or without torch's knowledge, one has to get at it first. The
model itself reports that (`is_reached`); only then all has to be compared, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from operator import eq, is_
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import _has_any_global_hook


class Original:
    """All that a model's forward depends on, as it was."""

    def __init__(self, model: Any) -> None:
        # how the model was: the values of the dictionaries that make it
        root, *parts = model.modules()
        self.config = model.config
        self.settings = _Snapshot([vars(model.config)])
        self.root = _Snapshot([vars(model.generation_config), *_inside(root)])
        self.parts = _Snapshot(chain.from_iterable(map(_inside, parts)))
        self.children = list(root._modules.values())
        kinds: set[Any] = {*map(type, model.modules())}
        self.forwards = [(kind, kind.forward) for kind in kinds]
        # its weights, where they are, and the bytes that were there
        self.named = dict(model.named_parameters())
        self.places = [(w.data_ptr(), w.shape) for w in self.named.values()]
        self.bytes = [memoryview(w.detach().numpy()).cast("B") for w in self.named.values()]
        self.bytes_before = [bytearray(part) for part in self.bytes]
        self.is_reached = False  # somebody has had a part of the model, and may have it still

    @contextmanager
    def library_at_work(self) -> Iterator[None]:
        """Do not count what the library reaches: it keeps nothing."""
        before = self.is_reached
        try:
            yield
        finally:
            self.is_reached = before

    def has_weights_in_place(self) -> bool:
        """Return True if all weights are the tensors that they were, whatever is in them."""
        places = zip(self.named.values(), self.places, strict=True)
        return all((w.data_ptr(), w.shape) == p and w.is_contiguous() for w, p in places)

    def is_unwatched(self, model: Any) -> bool:
        """Return True if the model itself is as it was, and nothing watches its parts."""
        own = vars(model)
        return (
            not own["training"]
            and "forward" not in own
            and own["config"] is self.config
            and list(own["_modules"].values()) == self.children
            and self.settings.is_same()
            and all(kind.forward is forward for kind, forward in self.forwards)
            and not _has_any_global_hook()
            and not torch.is_autocast_enabled("cpu")
            and not torch.jit.is_tracing()  # type: ignore[attr-defined]
            and not torch._C._len_torch_dispatch_stack()
            and not torch._C._len_torch_function_stack()
        )

    def has_same_parts(self) -> bool:
        """Return True if all parts are as they were, and all weights to the last bit."""
        return (
            self.parts.is_same()
            and self.has_weights_in_place()
            and all(map(eq, self.bytes_before, self.bytes))
        )

    def is_as_made(self) -> bool:
        """Return True if nothing of the model is left as an earlier call has set it."""
        if not (self.settings.is_same() and self.root.is_same()):
            return False
        if not self.is_reached:
            return True
        is_fresh = all(w.requires_grad and w.grad is None for w in self.named.values())
        return is_fresh and self.has_same_parts()


class _Snapshot:
    """The values of dictionaries, to be compared by identity."""

    def __init__(self, owners: Iterable[dict[str, Any]]) -> None:
        self.owners = list(owners)
        self.values = list(self._all())

    def is_same(self) -> bool:
        count = sum(map(len, self.owners))
        return count == len(self.values) and all(map(is_, self._all(), self.values))

    def _all(self) -> Iterator[Any]:
        return chain.from_iterable(map(dict.values, self.owners))


def _inside(module: nn.Module) -> list[dict[str, Any]]:
    """The dictionaries that make a module: attributes, weights, parts, hooks."""
    own = vars(module)
    return [own, *(value for value in own.values() if isinstance(value, dict))]
