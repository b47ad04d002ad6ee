"""From typed text to tokens and back, and a sentence for text or settings that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kischule import messages
from kischule.arguments import check_model, check_prompt, check_tokenizer, token_list
from kischule.compat import window
from kischule.errors import ArgumentError, PromptError, SettingError, shown

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def encode(
    tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, prompt_text: str
) -> Tensor:  # (1, T) long, on the model's device
    """Token ids of a prompt, unchanged: a trailing space stays.

    Raises PromptError if the prompt is empty or leaves no room for a new token.
    """
    check_tokenizer(tokenizer)
    check_model(model)
    check_prompt(prompt_text)
    ids = tokenizer(prompt_text, return_tensors="pt", verbose=False).input_ids
    limit = window(model)
    if limit is not None and ids.shape[1] >= limit:
        raise PromptError(str(messages.PROMPT_TOO_LONG.format(was=ids.shape[1], limit=limit)))
    return ids.to(model.device)


def texts_of(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> list[str]:
    """Each token's part of the text, so that the parts join to the whole.

    A character of several tokens is the last one's part; those before it have an empty part. Each
    token is decoded together with the part before it, as some tokenizers drop the space at the
    beginning of a text.
    """
    ids = token_list("ids", ids)
    parts: list[str] = []
    previous, start = 0, 0  # where the last part that is whole begins, and where it ends
    for end in range(1, len(ids) + 1):
        shown_before = len(tokenizer.decode(ids[previous:start]))
        text = tokenizer.decode(ids[previous:end])[shown_before:]
        # "\ufffd" is the sign for an incomplete character: wait for its other tokens
        incomplete = text.endswith("\ufffd") and end < len(ids)
        parts.append("" if incomplete else text)
        if not incomplete:
            previous, start = start, end
    return parts


def texts_after(
    tokenizer: PreTrainedTokenizerBase, ids: Sequence[int], tokens: Sequence[int]
) -> list[str]:
    """Text that each of `tokens` would add to `ids`, which must end in a whole character."""
    ids, tokens = token_list("ids", ids), token_list("tokens", tokens)
    length = len(tokenizer.decode(ids))
    return [tokenizer.decode([*ids, token])[length:] for token in tokens]


def explain(error: PromptError | SettingError | ArgumentError) -> str:
    """An error about an argument as a sentence for students, in their language."""
    if isinstance(error, SettingError):
        return str(messages.SETTING_ERRORS[error.name].format(was=shown(error.was)))
    if isinstance(error, ArgumentError):
        return str(messages.GIVEN.format(rule=error.rule, was=shown(error.was)))
    return str(error)
