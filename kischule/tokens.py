"""What a student typed, a prompt or a setting: ready for the model, or why it cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kischule.words import word

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class PromptError(ValueError):
    """A prompt without tokens, or too long for the model; in the notebook's language."""


# what a configuration may call the window; `max_seq_len`: MPT
_WINDOWS = ("max_position_embeddings", "max_seq_len")


def window(model: PreTrainedModel) -> int | None:
    """How many tokens the model sees at once; None: no limit is known, as for BLOOM or Mamba."""
    config = text_config(model.config)
    return next((size for n in _WINDOWS if (size := getattr(config, n, None))), None)


def text_config(config: Any) -> Any:
    """The part of a configuration that is about texts; most have no others."""
    part = getattr(config, "get_text_config", None)
    return part(decoder=True) if part else config


def encode(
    tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, prompt_text: str
) -> Tensor:  # (1, T) long, on the model's device
    """The prompt as it is. Raises PromptError if it is empty, or leaves no room for a new token."""
    if not prompt_text:
        raise PromptError(word("empty"))
    ids = tokenizer(prompt_text, return_tensors="pt", verbose=False).input_ids
    limit = window(model)
    if limit is not None and ids.shape[1] >= limit:
        raise PromptError(word("too_long", was=ids.shape[1], limit=limit))
    return ids.to(model.device)


def explain(error: ValueError) -> str:
    """An error of `encode` or of `decoding.Setting` as a sentence for students."""
    from kischule.decoding import SettingError

    if isinstance(error, SettingError):
        return word(error.name, was=repr(error.was))
    return str(error)
