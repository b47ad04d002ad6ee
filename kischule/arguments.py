"""Checks of what a student hands over, before torch or transformers fail on it less clearly."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from kischule import messages
from kischule.compat import text_config
from kischule.errors import ArgumentError, PromptError, shown

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def check_tokenizer(tokenizer: Any) -> None:
    """Raise ArgumentError for anything without `decode`; a model in its place is the usual slip."""
    if not callable(tokenizer) or not hasattr(tokenizer, "decode"):
        raise ArgumentError("tokenizer", messages.NOT_A_TOKENIZER, type(tokenizer).__name__)


def check_model(model: Any) -> None:
    """Raise ArgumentError for anything that is not a model."""
    if not callable(model) or hasattr(model, "decode") or isinstance(model, type):
        raise ArgumentError("model", messages.NOT_A_MODEL, type(model).__name__)


def check_prompt(prompt_text: Any) -> None:
    """Raise PromptError unless the prompt is a text that can be encoded, with a character."""
    if prompt_text == "":
        raise PromptError(str(messages.EMPTY_PROMPT))
    # half of a pair of surrogates is a character that no encoding has
    if not isinstance(prompt_text, str) or any("\ud800" <= c <= "\udfff" for c in prompt_text):
        raise PromptError(str(messages.PROMPT_NOT_TEXT.format(was=shown(prompt_text))))


def checked_ids(model: PreTrainedModel, input_ids: Any, *, one_text: bool = False) -> Tensor:
    """Token ids of shape (B, T), T > 0, as long. Raises ArgumentError for anything else.

    one_text: B must be 1.
    """
    check_model(model)
    config = text_config(getattr(model, "config", None))
    check_vocabulary(input_ids, getattr(config, "vocab_size", None))
    shape = tuple(input_ids.shape)
    if len(shape) != 2:
        raise ArgumentError("input_ids", messages.IDS_SHAPE, shape)
    if shape[0] == 0:
        raise ArgumentError("input_ids", messages.NO_PROMPT, shape)
    if one_text and shape[0] != 1:
        raise ArgumentError("input_ids", messages.ONE_TEXT, shape)
    if shape[1] == 0:
        raise ArgumentError("input_ids", messages.NO_TOKENS, 0)
    return input_ids.long()


def check_vocabulary(input_ids: Any, size: int | None) -> None:
    """Raise ArgumentError for what is not a tensor of ids, or has ids outside of a vocabulary.

    size: of the vocabulary; None if it is not known.
    """
    is_whole = isinstance(input_ids, Tensor) and not (
        input_ids.is_floating_point() or input_ids.is_complex() or input_ids.dtype == torch.bool
    )
    if not is_whole:
        was = input_ids.dtype if isinstance(input_ids, Tensor) else input_ids
        raise ArgumentError("input_ids", messages.NOT_IDS, was)
    if size is None or not input_ids.numel():
        return
    for was in (int(input_ids.min()), int(input_ids.max())):
        if not 0 <= was < size:
            rule = messages.IDS_OUTSIDE.format(highest=size - 1)
            raise ArgumentError("input_ids", rule, was)


def whole_number(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """A whole number, numpy's too, but not True, within its bounds. ArgumentError for others."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise ArgumentError(name, messages.WHOLE_NUMBER.format(name=name), value)
    number = int(value)
    if low is not None and number < low:
        raise ArgumentError(name, messages.AT_LEAST.format(name=name, low=low), value)
    if high is not None and number > high:
        raise ArgumentError(name, messages.AT_MOST.format(name=name, high=high), value)
    return number


def token_list(name: str, token_ids: Any) -> list[int]:
    """Token ids as a list, of a tensor or an array too, where equal ids are not equal objects.

    Raises ArgumentError for anything else.
    """
    given = token_ids.tolist() if isinstance(token_ids, Tensor | np.ndarray) else token_ids
    if (
        isinstance(given, str | bytes)
        or not isinstance(given, Sequence)
        or not all(isinstance(i, int | np.integer) and type(i) is not bool for i in given)
        or (given and not 0 <= min(given) <= max(given) < 2**32)
    ):
        raise ArgumentError(name, messages.TOKEN_LIST.format(name=name), token_ids)
    return list(map(int, given))


def check_logits(logits: Any) -> None:
    """Raise ArgumentError for NaN or +inf among logits, and for a row in which all are -inf."""
    check_float_rows(logits)
    highest = logits.amax(-1)
    if not bool(highest.isfinite().all()):
        raise ArgumentError(
            "logits", messages.LARGEST_LOGIT, float(highest[~highest.isfinite()].flatten()[0])
        )


def check_float_rows(logits: Any) -> None:
    """Raise ArgumentError unless these are rows of floating-point numbers."""
    is_float = isinstance(logits, Tensor) and logits.is_floating_point()
    if not is_float or not logits.ndim or not logits.shape[-1]:
        was = f"{logits.dtype} {tuple(logits.shape)}" if isinstance(logits, Tensor) else logits
        raise ArgumentError("logits", messages.LOGITS, was)
