"""From a model's logits to the next token's distribution: penalty, temperature, top-k, top-p.

In this order, which is transformers' own (`GenerationMixin._get_logits_processor`). Each function
returns new logits and leaves its arguments alone; a token that is dropped has the logit -inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_HEAD = 512  # tokens of which top-p hardly ever keeps more
STAGES = ("model", "repetition_penalty", "temperature", "top_k", "top_p")


class SettingError(ValueError):
    """A setting outside its range. `name` is the parameter's, `was` the value that arrived."""

    def __init__(self, name: str, was: object) -> None:
        super().__init__(f"{name} must {_RULES[name]}, was: {was!r}")
        self.name, self.was = name, was


@dataclass(frozen=True)
class Setting:
    """How the next token is chosen, in transformers' words; None is off, and so is the default.

    repetition_penalty: > 0; neutral 1.0. Keskar et al. 2019, arXiv 1909.05858.
    do_sample: draw; False: the most likely token, whatever the three that follow say.
    temperature: > 0; neutral 1.0.
    top_k: 0 or more; neutral 0 (not transformers' 50). Fan et al. 2018, arXiv 1805.04833.
    top_p: in (0, 1]; neutral 1.0. Holtzman et al. 2019, arXiv 1904.09751.

    Raises SettingError, a ValueError, for a value outside its range.
    """

    repetition_penalty: float | None = None
    do_sample: bool = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        _check("repetition_penalty", self.repetition_penalty, lambda x: x > 0)
        _check("temperature", self.temperature, lambda x: x > 0)
        _check("top_k", self.top_k, lambda x: x >= 0 and x == int(x))
        _check("top_p", self.top_p, lambda x: 0 < x <= 1)
        if not isinstance(self.do_sample, bool):
            raise SettingError("do_sample", self.do_sample)


_RULES = {
    "repetition_penalty": "be a number above 0",
    "do_sample": "be True or False",
    "temperature": "be a number above 0",
    "top_k": "be a whole number of 0 or more",
    "top_p": "lie in (0, 1]",
}


def _check(name: str, value: object, holds: Callable[[float], bool]) -> None:
    if value is None:
        return
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or not holds(number):
        raise SettingError(name, value)


def apply_repetition_penalty(
    logits: Tensor,  # (..., V) float
    input_ids: Tensor,  # (..., T) long
    penalty: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Logits of tokens that occur in `input_ids`: divided where positive, else multiplied.

    Once each, however often they occur. Neutral: 1.0.
    transformers' RepetitionPenaltyLogitsProcessor.
    """
    seen = logits.gather(-1, input_ids)
    return logits.scatter(-1, input_ids, torch.where(seen > 0, seen / penalty, seen * penalty))


def apply_temperature(
    logits: Tensor,  # (..., V) float
    temperature: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Logits divided by the temperature. Neutral: 1.0. transformers' TemperatureLogitsWarper."""
    return logits / temperature


def filter_top_k(
    logits: Tensor,  # (..., V) float
    k: int | Tensor,  # or (..., 1) long
) -> Tensor:  # (..., V)
    """Only the k largest logits, and those that equal the k-th. Neutral: 0, or V and more.

    transformers' TopKLogitsWarper.
    """
    size = logits.shape[-1]
    each = torch.as_tensor(k, device=logits.device).long().expand(*logits.shape[:-1], 1)
    off = (each == 0) | (each >= size)
    each = each.masked_fill(off, 1)
    largest = logits.topk(int(each.max()), dim=-1).values
    dropped = (logits < largest.gather(-1, each - 1)) & ~off
    return logits.masked_fill(dropped, -torch.inf)


def filter_top_p(
    logits: Tensor,  # (..., V) float
    p: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Only the smallest set of most likely tokens whose probabilities sum to at least p.

    The token that reaches p stays. Of tokens that are equally likely the one with the smaller id
    counts as the more likely. Neutral: 1.0. transformers' TopPLogitsWarper.
    """
    rows = logits.reshape(-1, logits.shape[-1])
    p = torch.as_tensor(p, dtype=logits.dtype, device=logits.device)
    p = p.expand(*logits.shape[:-1], 1).reshape(-1, 1)
    last, number, reached = _edge(rows, p, _HEAD)
    far = ~(reached | (p >= 1))[:, 0]
    if far.any():  # all of a row is sorted only where its head does not reach p
        last[far], number[far], _ = _edge(rows[far], p[far], rows.shape[1])
    ties = rows == last
    room = number - (rows > last).sum(-1, keepdim=True)
    kept = (rows > last) | (ties & (ties.cumsum(-1) <= room)) | (p >= 1)
    return rows.masked_fill(~kept, -torch.inf).reshape(logits.shape)


def _edge(
    logits: Tensor,  # (B, V) float
    p: Tensor,  # (B, 1)
    most: int,
) -> tuple[Tensor, Tensor, Tensor]:  # (B, 1) each
    """The last logit that top-p keeps, how many it keeps, and whether `most` tokens reach p."""
    values = logits.topk(min(most, logits.shape[1]), dim=-1).values
    probs = (values - logits.logsumexp(-1, keepdim=True)).exp()
    sums = probs.cumsum(-1)
    number = (sums - probs < p).sum(-1, keepdim=True)
    return values.gather(-1, number - 1), number, sums[:, -1:] >= p


def stages(
    logits: Tensor,  # (V,) float
    input_ids: Tensor,  # (T,) long
    setting: Setting,
) -> dict[str, Tensor]:  # each (V,)
    """The logits as the model gave them and after each step, by the names of `STAGES`."""
    after = {"model": logits}
    after["repetition_penalty"] = apply_repetition_penalty(
        logits, input_ids, setting.repetition_penalty or 1.0
    )
    after["temperature"] = apply_temperature(
        after["repetition_penalty"], setting.temperature or 1.0
    )
    after["top_k"] = filter_top_k(after["temperature"], setting.top_k or 0)
    after["top_p"] = filter_top_p(after["top_k"], setting.top_p or 1.0)
    return after


class Columns:
    """The settings of a batch, a row each, as columns: `apply` is `stages` for all rows at once."""

    def __init__(self, settings: Sequence[Setting]) -> None:
        drawn = [s if s.do_sample else Setting(s.repetition_penalty) for s in settings]
        self.penalty = _column(s.repetition_penalty or 1.0 for s in drawn)
        self.temperature = _column(s.temperature or 1.0 for s in drawn)
        self.k = _column(s.top_k or 0 for s in drawn)
        self.p = _column(s.top_p or 1.0 for s in drawn)
        # steps that no row takes are left out
        self.penalised = bool((self.penalty != 1).any())
        self.cut_k, self.cut_p = bool((self.k > 0).any()), bool((self.p < 1).any())

    def apply(
        self,
        logits: Tensor,  # (B, V) float
        input_ids: Tensor,  # (B, T) long
    ) -> Tensor:  # (B, V)
        """The logits from which each row's next token is chosen; a new tensor."""
        if self.penalised:
            logits = apply_repetition_penalty(logits, input_ids, self.penalty)
        logits = apply_temperature(logits, self.temperature)
        if self.cut_k:
            logits = filter_top_k(logits, self.k)
        if self.cut_p:
            logits = filter_top_p(logits, self.p)
        return logits


def _column(values: Iterable[float]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.float64)[:, None]


@dataclass(frozen=True)
class NextTokens:
    """The likeliest next tokens, and what each step of a setting makes of their probabilities."""

    ids: Tensor  # (n,) long, most likely first in the model's own opinion
    probs: dict[str, Tensor]  # stage -> (n,) probabilities after it
    kept: Tensor  # (n,) bool: not cut by top-k or top-p
    kept_in_all: int  # of the whole vocabulary
    vocabulary: int
    mass_cut: float  # probability, after the temperature, of all tokens that were cut


def next_tokens(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T) long
    setting: Setting,
    most: int = 10,
) -> NextTokens:
    """What may come next: the `most` tokens that are likeliest before a cut, raw or reshaped.

    `setting.do_sample` changes nothing here: it says what is done with the distribution.
    """
    with torch.no_grad():
        logits = model(input_ids.to(model.device)).logits[0, -1].to("cpu", torch.float64)
    after = stages(logits, input_ids[0].cpu(), setting)
    probs = {stage: values.softmax(-1) for stage, values in after.items()}
    likely = torch.maximum(probs["model"], probs["temperature"])
    ids = likely.topk(min(most, len(likely))).indices
    ids = ids[probs["model"][ids].argsort(descending=True, stable=True)]
    kept = after["top_p"] > -torch.inf
    return NextTokens(
        ids,
        {stage: values[ids] for stage, values in probs.items()},
        kept[ids],
        int(kept.sum()),
        len(kept),
        float(probs["temperature"][~kept].sum()),
    )
