"""Measures of many texts for each setting, with their spread: single texts mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import torch

from kischule import messages
from kischule.arguments import whole_number
from kischule.decoding import Setting
from kischule.errors import PromptError
from kischule.generation import generate_settings, until_end
from kischule.measures import distinct_n, repetition_rate, sequence_log_prob
from kischule.tokens import encode

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def survey(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompts: str | Sequence[str],
    settings: Sequence[Mapping[str, Any]],
    *,
    num_texts: int = 12,
    new_tokens: int = 40,
) -> list[dict[str, Any]]:
    """One entry per setting, as `explore` makes them, but with the means of several texts.

    prompts: one, or several that are used in turn.
    settings: the keywords of `generate`; `max_length` is ignored, as each text gets `new_tokens`.
    num_texts: for each setting, at least 2 and one for each prompt, with the seeds 0, 1, 2, ...

    An entry has the `setting`, all `texts` and the first as `text`, the means of `repetition_rate`
    (4-grams), `distinct_2` and `mean_log_prob`, and each one's standard deviation in `spread`. Only
    the new tokens are measured, not the prompt. All texts whose prompts are equally long take one
    pass of the model.
    Raises ArgumentError for fewer texts or tokens, and as `generate` does.
    """
    given = [prompts] if isinstance(prompts, str) else list(prompts)
    if not given:
        raise PromptError(str(messages.EMPTY_PROMPT))
    num_texts = whole_number("num_texts", num_texts, low=max(2, len(given)))
    new_tokens = whole_number("new_tokens", new_tokens, low=1)
    encoded = [encode(tokenizer, model, prompt) for prompt in given]
    chosen = [Setting(**{n: v for n, v in s.items() if n != "max_length"}) for s in settings]
    rows = [(s, i) for s in range(len(settings)) for i in range(num_texts)]

    measured: dict[tuple[int, int], dict[str, Any]] = {}
    for length in {ids.shape[1] for ids in encoded}:
        group = [(s, i) for s, i in rows if encoded[i % len(encoded)].shape[1] == length]
        tokens = generate_settings(
            model,
            torch.cat([encoded[i % len(encoded)] for _, i in group]),
            [chosen[s] for s, _ in group],
            seeds=[i for _, i in group],
            max_length=length + new_tokens,
        )
        for row, ids in zip(group, tokens, strict=True):
            measured[row] = _measures(tokenizer, model, ids, length)

    return [
        {"setting": setting, **_summary([measured[s, i] for i in range(num_texts)])}
        for s, setting in enumerate(settings)
    ]


def _measures(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    ids: Tensor,  # (T,) long
    prompt_length: int,
) -> dict[str, Any]:
    """The text, and the measures of its new tokens."""
    new = until_end(ids[prompt_length:].tolist(), model)
    ids = ids[: prompt_length + len(new)]
    return {
        "text": tokenizer.decode(ids),
        "repetition_rate": repetition_rate(new, 4),
        "distinct_2": distinct_n(new, 2),
        "mean_log_prob": sequence_log_prob(model, ids[None], prompt_length) / len(new),
    }


def _summary(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All texts, and the mean and the standard deviation of each measure."""
    values = {n: [m[n] for m in measured] for n in measured[0] if n != "text"}
    return {
        "text": measured[0]["text"],
        "texts": [m["text"] for m in measured],
        **{name: fmean(each) for name, each in values.items()},
        "spread": {name: stdev(each) for name, each in values.items()},
    }
