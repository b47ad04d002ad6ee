"""Models that a case hands to a student: a real one, a table, a spy on `generate`."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LogitsProcessorList, TopKLogitsWarper, TopPLogitsWarper
from transformers.generation import RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper
from transformers.modeling_outputs import CausalLMOutputWithPast

import kischule

MINI = "mini"
_by_model: dict[str, tuple[Any, Any]] = {}  # tokenizer and model by name


def _loaded(name: str) -> tuple[Any, Any]:
    if name not in _by_model:
        _by_model[name] = kischule.load(name, device="cpu")
    return _by_model[name]


def model_of(name: str = MINI) -> Any:
    """The checks' own copy of a model, on the CPU and in float32.

    Solutions get it as well, and may move it to a device or into half precision.
    """
    model = _loaded(name)[1]
    if model.dtype != torch.float32:  # what was rounded away does not come back
        del _by_model[name]
        model = _loaded(name)[1]
    if model.device.type != "cpu":
        model.to("cpu")
    return model.eval()


def tokenizer_of(name: str = MINI) -> Any:
    """The tokenizer of a model."""
    return _loaded(name)[0]


def tokenizer_with(model: Any) -> Any:
    """The tokenizer of a model that `model_of` gave; None for any other model, such as a table."""
    return next((tokenizer for tokenizer, own in _by_model.values() if own is model), None)


def end_of(name: str) -> str:
    """A model's end token, as text."""
    return str(tokenizer_of(name).decode([model_of(name).config.eos_token_id]))


class TableModel(nn.Module):
    """A language model whose next-token logits depend on the last token only: a table of (V, V).

    It is called as a GPT-2 is (`model(input_ids).logits`), knows no `generate`, and has no cache
    to fill: `past_key_values` comes back as None, and a loop that feeds only the last token back
    stays right.
    """

    def __init__(self, logits: Tensor, eos: int | None = None) -> None:  # logits: (V, V) float
        super().__init__()
        if logits.ndim != 2 or logits.shape[0] != logits.shape[1]:
            raise ValueError(f"logits must have shape (V, V), was: {tuple(logits.shape)}")
        self.table = nn.Parameter(logits.clone(), requires_grad=False)
        self.config = SimpleNamespace(
            vocab_size=len(logits), eos_token_id=eos, bos_token_id=eos, n_positions=1024
        )
        self.generation_config = SimpleNamespace(eos_token_id=eos, bos_token_id=eos)
        self.eval()

    @property
    def device(self) -> torch.device:
        return self.table.device

    @property
    def dtype(self) -> torch.dtype:
        return self.table.dtype

    def forward(self, input_ids: Tensor, **_: Any) -> CausalLMOutputWithPast:
        """Map input_ids, (B, T) long, to .logits, (B, T, V) float."""
        return CausalLMOutputWithPast(logits=self.table[input_ids])


class SpyModel(nn.Module):
    """A model that reports the settings which each call of `generate` resolved to.

    `reports` holds one dict a call, with transformers' own defaults applied: `max_length`,
    `do_sample`, and, None where switched off, `repetition_penalty`, `temperature`, `top_k`,
    `top_p`. Nothing is generated: the prompt comes back as it is.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.config = model.config
        self.generation_config = model.generation_config
        self.reports: list[dict[str, Any]] = []

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        return self.model.dtype

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.model(*args, **kwargs)

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
        return self.model.generate(*args, custom_generate=record, **kwargs)


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
