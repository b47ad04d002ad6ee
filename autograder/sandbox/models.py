"""Models that a case hands to a student: a real one, a table, a spy on `generate`."""

import copy
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    DynamicCache,
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LogitsProcessorList,
    PreTrainedModel,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.cache_utils import DynamicLayer
from transformers.generation import RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper
from transformers.modeling_outputs import CausalLMOutputWithCrossAttentions

import kischule
from kischule import prefixes

MINI = "mini"
# the logit of a token that never comes: probability 0 at any temperature that is asked for, and
# finite, so that 0 times it is 0; float16 can hold it
NEVER = -1e4
# what GPT-2 takes or has inside, and a table does not
NOT_IN_TABLES = {
    *("inputs_embeds", "encoder_hidden_states", "output_attentions", "output_hidden_states"),
    *("transformer", "lm_head"),
}
_by_model: dict[str, tuple[Any, Any]] = {}  # tokenizer and model by name


def _loaded(name: str) -> tuple[Any, Any]:
    if name not in _by_model:
        _by_model[name] = kischule.load(name, device="cpu")
    return _by_model[name]


def model_of(name: str = MINI) -> Any:
    """The checks' own copy of a model, on the CPU and in float32.

    Solutions get it as well, and may move it to a device or into half precision. If one has changed
    `mini`, the next call gets another. It remembers no text, so that the last bits of what it
    computes do not depend on earlier calls.
    """
    model = _loaded(name)[1].eval()
    # what was rounded away does not come back
    if model.dtype != torch.float32 or not prefixes.is_unchanged(model):
        del _by_model[name]
        model = _loaded(name)[1]
    if model.device.type != "cpu":
        model.to("cpu")
    prefixes.forget(model)
    return model


def tokenizer_of(name: str = MINI) -> Any:
    """The tokenizer of a model."""
    return _loaded(name)[0]


def tokenizer_with(model: Any) -> Any:
    """The tokenizer of a model that `model_of` gave; None for any other model, such as a table."""
    return next((tokenizer for tokenizer, own in _by_model.values() if own is model), None)


def end_of(name: str) -> str:
    """A model's end token, as text."""
    return str(tokenizer_of(name).decode([model_of(name).config.eos_token_id]))


class TableError(AttributeError):
    """A table lacks something that a GPT-2 has; the message is its name."""


class TableOutput(CausalLMOutputWithCrossAttentions):
    """The output of a table, made without checks that take longer than looking up logits."""

    def __init__(
        self, loss: Any = None, logits: Any = None, past_key_values: Any = None, *_: None
    ) -> None:
        parts = {"loss": loss, "logits": logits, "past_key_values": past_key_values}
        for name, part in parts.items():
            if part is not None:
                self[name] = part


class TableModel(PreTrainedModel):
    """A language model whose next-token logits depend on the last token only: a table of (V, V).

    It is called as transformers' GPT-2 is, with the same errors. Masks, positions and token types
    change nothing; a cache counts the tokens that it has seen. A table without an end token gets
    one more token, V, that never comes, since solutions compare with `config.eos_token_id` whether
    a text can end or not.
    """

    config_class = GPT2Config

    def __init__(self, logits: Tensor, eos: int | None = None) -> None:  # logits: (V, V) float
        if logits.ndim != 2 or logits.shape[0] != logits.shape[1]:
            raise ValueError(f"logits must have shape (V, V), was: {tuple(logits.shape)}")
        if eos is None:
            eos = len(logits)
            logits = functional.pad(functional.pad(logits, (0, 0, 0, 1)), (0, 1), value=NEVER)
        self.__dict__ |= _copied_state(_blank_model(len(logits), eos))
        self.table = nn.Parameter(logits.clone(), requires_grad=False)

    def forward(
        self,
        input_ids: Tensor | None = None,
        past_key_values: Any = None,
        *_: Any,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        return_dict: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **more: Any,
    ) -> Any:
        """Map input_ids, (B, T) long, to .logits, (B, T, V) float, as `GPT2LMHeadModel` does."""
        config = vars(self.config)  # reading its attributes takes longer than the rest
        for name, value in more.items():
            if name in NOT_IN_TABLES and value is not None and value is not False:
                raise TableError(name)
        if input_ids is None:
            raise ValueError("You have to specify either input_ids or inputs_embeds")
        size = input_ids.size()
        if len(size) == 1:
            raise IndexError("too many indices for tensor of dimension 2")
        seen = 0 if past_key_values is None else past_key_values.get_seq_length()
        if seen + size[-1] > config["n_positions"]:
            raise IndexError("index out of range in self")
        logits = functional.embedding(input_ids, self.table)
        keys = logits.new_zeros(size[0], 1, size[-1], 1)
        if past_key_values is not None:
            past_key_values.update(keys, keys, 0)
        elif config["use_cache"] if use_cache is None else use_cache:
            past_key_values = _filled_cache(keys)
        if isinstance(logits_to_keep, Tensor):
            logits = logits[:, logits_to_keep]
        elif logits_to_keep:
            logits = logits[:, -logits_to_keep:]
        loss = None
        if labels is not None:
            loss = self.loss_function(logits, labels, vocab_size=self.config.vocab_size, **more)
        output = TableOutput(loss, logits, past_key_values)
        as_dict = config["return_dict"] if return_dict is None else return_dict
        return output if as_dict else output.to_tuple()

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name in NOT_IN_TABLES or hasattr(GPT2LMHeadModel, name):
                raise TableError(name) from None
            raise

    def get_input_embeddings(self) -> nn.Module:
        raise TableError("get_input_embeddings")

    def get_output_embeddings(self) -> nn.Module:
        raise TableError("get_output_embeddings")


def _filled_cache(keys: Tensor) -> DynamicCache:
    """A cache that `update` has given these keys once, made in a fifth of the time."""
    layer = DynamicLayer()
    layer.keys = layer.values = keys
    layer.dtype, layer.device, layer.is_initialized = keys.dtype, keys.device, True
    cache = DynamicCache()
    cache.layers.append(layer)
    return cache


def _copied_state(model: PreTrainedModel) -> dict[str, Any]:
    """A module's own state: containers and configurations are copies, in a third of the time."""
    state = dict(vars(model))
    for name, value in state.items():
        if isinstance(value, (dict, set)):
            state[name] = value.copy()
        elif isinstance(value, (GPT2Config, GenerationConfig)):
            state[name] = own = object.__new__(type(value))
            vars(own).update(vars(value))
    return state


@lru_cache
def _blank_model(size: int, eos: int) -> PreTrainedModel:
    """A model with this vocabulary and nothing in it, to copy: making one takes much longer."""
    special = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), eos)
    config = GPT2Config(vocab_size=size, n_ctx=1024, n_embd=1, n_layer=1, n_head=1, **special)
    model = PreTrainedModel(config)
    model.loss_type = "ForCausalLM"
    model.generation_config = GenerationConfig(**special)
    return model.eval()


def table_model(
    logits: Sequence[Any], *, eos: int | None = None, rotated: bool = False
) -> TableModel:
    """Make a `TableModel`, as the calls that `check` shows have it.

    logits: V rows of V numbers, row i for the token after token i; or one row for every token.
    eos: the end token; None or V: one that never comes. rotated: row i is the one row, moved on by
    i places.
    """
    table = torch.tensor(logits, dtype=torch.float32)
    if rotated:
        place = torch.arange(len(table))
        table = table[place - place[:, None]]
    elif table.ndim == 1:
        table = table.expand(len(table), -1)
    return TableModel(table, eos=None if eos == len(table) else eos)


class SpyModel:
    """Mixed into a model: each call of `generate` is reported, and gives its prompt back.

    `reports` holds one dict a call, with transformers' own defaults applied: `max_length`,
    `do_sample`, and, None where switched off, `repetition_penalty`, `temperature`, `top_k`,
    `top_p`. In all else it is the model, weights included.
    """

    reports: list[dict[str, Any]]

    @classmethod
    def of(cls, model: Any) -> Any:
        """A copy of the model that reports; the weights are the model's own."""
        spy = copy.copy(model)
        spy.__class__ = type(type(model).__name__, (cls, type(model)), {})
        spy.reports = []
        return spy

    def generate(self, *args: Any, **kwargs: Any) -> Tensor:
        def record(
            model: Any,
            input_ids: Tensor,
            logits_processor: LogitsProcessorList,
            generation_config: Any,
            **_: Any,
        ) -> Tensor:
            self.reports.append(_resolved_settings(logits_processor, generation_config))
            return input_ids

        # transformers' own joint for a decoding loop of one's own: called with all settled
        return super().generate(*args, custom_generate=record, **kwargs)  # type: ignore[misc]


def _resolved_settings(processors: LogitsProcessorList, config: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "max_length": config.max_length,
        "do_sample": bool(config.do_sample),
        "repetition_penalty": None,
        "temperature": None,
        "top_k": None,
        "top_p": None,
    }
    for processor in processors:
        if isinstance(processor, RepetitionPenaltyLogitsProcessor):
            found["repetition_penalty"] = processor.penalty
        elif isinstance(processor, TemperatureLogitsWarper):
            found["temperature"] = processor.temperature
        elif isinstance(processor, TopKLogitsWarper):
            found["top_k"] = processor.top_k
        elif isinstance(processor, TopPLogitsWarper):
            found["top_p"] = processor.top_p
    return found
