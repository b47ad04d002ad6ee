"""A GPT-2 that remembers: it does not compute again what it has computed for a text's beginning.

A loop that calls `model(input_ids)` for every token computes the whole text each time. Made by
`remember`, the same model keeps keys, values and logits of the last text; of a text that begins as
that one did it computes only the new tokens, without the library's layers of Python. Its logits are
within 5e-5 of the library's, which adds up in another order, or of what that computes in double
precision.

Anything else gets transformers' own forward: several texts, a mask, labels, hidden states, training
mode, hooks, a compiler, another device or data type, a cache that was filled or changed elsewhere.

A memory must not outlive a change of the weights, and to compare ten megabytes takes as long as to
compute a token. But to change a part of the model, with or without torch's knowledge, one has to
get at it through the model's attributes, and these tell the memory. From then on each call compares
all weights, to the last bit, and all that is set in the parts. Only the model's `__dict__`, a graph
of gradients and the garbage collector would lead to a part unnoticed.
"""

from __future__ import annotations

import copy
import copyreg
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, GPT2LMHeadModel
from transformers.cache_utils import DynamicLayer
from transformers.modeling_outputs import CausalLMOutputWithCrossAttentions

from kischule.arithmetic import Arithmetic
from kischule.originals import Original

# arguments of a forward, and the value that asks for nothing unusual
_SWITCHES = {"return_dict": True, "output_attentions": False, "output_hidden_states": False}
_NO_OUTPUT = dict.fromkeys(field.name for field in fields(CausalLMOutputWithCrossAttentions))


def remember(model: Any) -> None:
    """Let a GPT-2 of the form of `mini`, in float32 on the CPU, remember the beginning of a text.

    Its class becomes a subclass of the same name. Shallow copies, which have the same weights, have
    the same memory; all other copies have none.
    """
    _Memory(model)
    model.__class__ = _Remembering


def forget(model: Any) -> None:
    """Empty the memory of a model, if it has one."""
    if (memory := vars(model).get("_memory")) is not None:
        memory.ids = []


def is_unchanged(model: Any) -> bool:
    """Return True if a model that remembers is as it was made; True for any other model."""
    memory = vars(model).get("_memory")
    return memory is None or memory.original.is_as_made()


def _reported(name: str) -> property:
    """An attribute of a model through which its parts are reached."""

    def get(model: Any) -> Any:
        own = model.__dict__
        if (memory := own.get("_memory")) is not None:
            memory.original.is_reached = True
        return own[name] if name in own else nn.Module.__getattr__(model, name)

    return property(get, lambda model, value: model.__dict__.update({name: value}))


class _Remembering(GPT2LMHeadModel):
    """A GPT-2 with a forward that computes new tokens only."""

    __module__, __qualname__ = GPT2LMHeadModel.__module__, GPT2LMHeadModel.__qualname__

    _modules = _reported("_modules")
    transformer = _reported("transformer")
    lm_head = _reported("lm_head")

    @wraps(GPT2LMHeadModel.forward)
    def forward(self, *args: Any, **more: Any) -> Any:
        memory: _Memory | None = self.__dict__.get("_memory")
        if memory is None or torch.compiler.is_compiling():
            return super().forward(*args, **more)
        with memory.lock:
            output = memory.output(self, args, more)
        if output is not None:
            return output
        with memory.original.library_at_work():
            return super().forward(*args, **more)

    def _apply(self, *args: Any, **more: Any) -> Any:
        memory = self.__dict__.get("_memory")
        with memory.original.library_at_work() if memory else nullcontext():
            moved = super()._apply(*args, **more)
        if memory and not memory.original.has_weights_in_place():
            memory.original.is_reached = True
        return moved

    @property
    def device(self) -> Any:
        return torch.device("cpu") if _is_unreached(self) else super().device

    @property
    def dtype(self) -> Any:
        return torch.float32 if _is_unreached(self) else super().dtype

    def train(self, mode: bool = True) -> Any:
        is_done = mode is self.training and _is_unreached(self)
        return self if is_done else super().train(mode)

    def __copy__(self) -> Any:
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = memo[id(self)] = object.__new__(type(self))
        copied.__dict__.update(copy.deepcopy(self._without_memory(), memo))
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle as the library's class."""
        kind = GPT2LMHeadModel if type(self) is _Remembering else type(self)
        return copyreg._reconstructor, (kind, object, None), self._without_memory()  # type: ignore[attr-defined]

    def _without_memory(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_memory"}


_Remembering.__name__ = GPT2LMHeadModel.__name__


def _is_unreached(model: Any) -> bool:
    """Return True if nobody has had a part of a model that remembers."""
    memory = model.__dict__.get("_memory")
    return memory is not None and not memory.original.is_reached


class _Recomputed(torch.autograd.Function):
    """Outputs without a graph; the library computes them again if gradients are asked for."""

    @staticmethod
    def forward(
        ctx: Any, model: Any, call: Mapping[str, Any], kept: Any, names: Any, *weights: Tensor
    ) -> Any:
        ctx.model, ctx.call, ctx.names = model, call, names
        ctx.save_for_backward(call["input_ids"], *weights)  # refuses what is changed until then
        ctx.set_materialize_grads(False)
        return tuple(kept)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        _, *weights = ctx.saved_tensors
        graph = torch.is_grad_enabled()
        with torch.enable_grad():
            # under other names: hooks of the weights themselves run once, with the gradient
            own = [weight.view_as(weight) for weight in weights]
            named = dict(zip(ctx.names, own, strict=True))
            output = torch.func.functional_call(
                ctx.model, named, (), {**ctx.call, "use_cache": True}
            )
        layers = output.past_key_values.layers
        states = [state for layer in layers for state in (layer.keys, layer.values)]
        pairs = zip([output.logits, *states], grads, strict=True)
        values, given = zip(*(pair for pair in pairs if pair[1] is not None), strict=True)
        found = torch.autograd.grad(values, own, given, allow_unused=True, create_graph=graph)
        return None, None, None, None, *found


class _Memory:
    """Keys, values and logits of a model's last text, and how the model was when it was made."""

    def __init__(self, model: Any) -> None:
        vars(model)["_memory"] = self  # one of the attributes that are compared
        self.lock = threading.RLock()
        self.original = original = Original(model)
        self.use_cache = model.config.use_cache
        self.ids: list[int] = []  # of the last text
        weights = {name: weight.detach() for name, weight in original.named.items()}
        self.text = Arithmetic(weights, model.config)
        self.empty = DynamicCache(config=model.config)

    def output(self, model: Any, args: Sequence[Any], more: Mapping[str, Any]) -> Any:
        """The model's output for a call; None: it is for the library."""
        given = {**dict(zip(("input_ids",), args, strict=False)), **more}
        if len(given) < len(args) + len(more):  # others by position, or one twice
            return None
        past = given.get("past_key_values")
        trained = {}
        if torch.is_grad_enabled():
            trained = {name: w for name, w in self.original.named.items() if w.requires_grad}
            if trained and past is not None:  # gradients go through the calls that filled the cache
                return None
        with torch.inference_mode(mode=False), torch.no_grad():
            known = self._known(model, given)
        if known is None:
            return None
        # copies: what a caller writes into them must not get into the memory
        use_cache, views = known
        logits, states = views[0].clone(), views[1].flatten(0, 1)
        if trained:
            kept = [logits, *map(Tensor.clone, states)]
            again = {"input_ids": given["input_ids"], "logits_to_keep": logits.shape[1]}
            logits, *parts = _Recomputed.apply(model, again, kept, list(trained), *trained.values())
        elif use_cache:
            parts = states.clone(memory_format=torch.contiguous_format).unbind()
        if use_cache:
            past = _copied(self.empty) if past is None else past
            _set_states(past, parts)
        return _output(logits, past)

    def _known(self, model: Any, given: Mapping[str, Any]) -> tuple[bool, list[Tensor]] | None:
        """The part of the memory that answers a call; None: it is for the library.

        Returns if it wants a cache, and views: of logits (1, T, V), and of the keys and values of
        the whole text (layers, 2, 1, heads, T, size).
        """
        ids, past, use_cache = (given.get(n) for n in ("input_ids", "past_key_values", "use_cache"))
        if not (type(ids) is Tensor and ids.dtype == torch.long and ids.device.type == "cpu"):
            return None
        if torch._C._are_functorch_transforms_active():  # such tensors have no numbers
            return None
        if ids.ndim != 2 or len(ids) != 1 or not ids.shape[1]:
            return None
        use_cache = self.use_cache if use_cache is None else use_cache
        seen = self._length_of(past)
        if seen is None or not (past is None or use_cache):
            return None
        new = ids[0].tolist()
        end = seen + len(new)
        _, positions, size = self.text.logits.shape
        if end > positions or not 0 <= min(new) <= max(new) < size:
            return None
        if not (_asks_little(given, seen, end) and self.original.is_unwatched(model)):
            return None
        # with a cache the library computes a token in less time than it takes to compare
        if self.original.is_reached and (past is not None or not self.original.has_same_parts()):
            return None
        text = self.ids[:seen] + new
        pairs = enumerate(zip(self.ids, text, strict=False))
        known = next((i for i, (a, b) in pairs if a != b), min(len(self.ids), end))
        if known < end:
            self.ids = text[:known]  # what an interrupted call leaves is not believed
            self.text.compute(text[known:], known)
            self.ids = text
        keep = given.get("logits_to_keep") or 0
        begin = max(seen, end - keep) if keep else seen
        return use_cache, [self.text.logits[:, begin:end], self.text.states[..., :end, :]]

    def _length_of(self, cache: Any) -> int | None:
        """The number of tokens in a cache; None: not the memory's own keys and values."""
        if cache is None:
            return 0
        if type(cache) is not DynamicCache or cache.offloading or "update" in vars(cache):
            return None
        length, own = cache.get_seq_length(), self.text.layers
        if length > len(self.ids) or len(cache.layers) not in (0, len(own)):
            return None
        for layer, (keys, values, _) in zip(cache.layers, own, strict=False):
            if type(layer) is not DynamicLayer or "update" in vars(layer):
                return None
            if length == layer.get_seq_length() == 0:
                continue
            if not _is_equal(layer.keys, keys[:, :, :length]):
                return None
            if not _is_equal(layer.values, values[:, :, :length]):
                return None
        return int(length)


def _copied(empty: DynamicCache) -> DynamicCache:
    """A cache like this one, made in a tenth of the time that it takes to make one anew."""
    cache = object.__new__(DynamicCache)
    vars(cache).update(vars(empty))
    cache.layers = []
    for layer in empty.layers:
        cache.layers.append(object.__new__(DynamicLayer))
        vars(cache.layers[-1]).update(vars(layer))
    return cache


def _set_states(cache: DynamicCache, parts: Sequence[Tensor]) -> None:
    """Let a cache have these keys and values of its layers, as `update` with the new ones does."""
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    if not cache.layers:  # an empty one, made without a configuration
        for number, (keys, values) in enumerate(pairs):
            cache.update(keys, values, number)
    for layer, (keys, values) in zip(cache.layers, pairs, strict=True):
        own = {"keys": keys, "values": values, "dtype": keys.dtype, "device": keys.device}
        vars(layer).update(own, is_initialized=True)


def _output(logits: Tensor, cache: DynamicCache | None) -> CausalLMOutputWithCrossAttentions:
    """The library's output, made without checks that take as long as a layer."""
    output = CausalLMOutputWithCrossAttentions.__new__(CausalLMOutputWithCrossAttentions)
    vars(output).update(_NO_OUTPUT, logits=logits, past_key_values=cache)
    OrderedDict.__setitem__(output, "logits", logits)
    if cache is not None:
        OrderedDict.__setitem__(output, "past_key_values", cache)
    return output


def _is_equal(found: Any, own: Tensor) -> bool:
    """Return True for a tensor with these values; a cache may hold anything, or nothing."""
    is_like = type(found) is Tensor and (found.dtype, found.device) == (own.dtype, own.device)
    return is_like and not found.requires_grad and torch.equal(found, own)


def _asks_little(given: Mapping[str, Any], seen: int, end: int) -> bool:
    """Return True if a call asks for nothing but logits and a cache of one whole text."""
    for name, value in given.items():
        if value is None or name in ("input_ids", "past_key_values"):
            continue
        if name in _SWITCHES:
            fits = value is _SWITCHES[name]
        elif name == "use_cache":
            fits = isinstance(value, bool)
        elif name == "logits_to_keep":
            fits = type(value) is int and value >= 0
        elif name == "attention_mask" and type(value) is Tensor:
            fits = value.shape == (1, end) and value.dtype == torch.long and bool(value.all())
        elif name == "position_ids" and type(value) is Tensor:
            fits = value.tolist() == [list(range(seen, end))]
        else:
            fits = False
        if not fits:
            return False
    return True
