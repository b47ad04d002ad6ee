"""From a model's logits to the next token's distribution: penalty, temperature, top-k, top-p.

In this order, which is transformers' own (`GenerationMixin._get_logits_processor`). Each function
returns new logits and leaves its arguments unchanged; a token that is cut off has the logit -inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kischule.errors import SettingError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STAGES = ("model", "repetition_penalty", "temperature", "top_k", "top_p")
NEUTRAL: dict[str, float] = {
    "repetition_penalty": 1.0,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
}
_HEAD = 512  # tokens; top-p hardly ever keeps more


@dataclass(frozen=True)
class Setting:
    """Choice of the next token, in transformers' words; None turns a parameter off, the default.

    repetition_penalty: > 0; neutral 1.0. Keskar et al. 2019, arXiv 1909.05858.
    do_sample: draw the token; False: take the most likely one, so that the other three parameters
        have no effect.
    temperature: > 0; neutral 1.0.
    top_k: 0 or greater; neutral 0 (transformers' default is 50). Fan et al. 2018, arXiv 1805.04833.
    top_p: in (0, 1]; neutral 1.0. Holtzman et al. 2019, arXiv 1904.09751.

    Raises SettingError, a ValueError, for a value outside its range.
    """

    repetition_penalty: float | None = None
    do_sample: bool = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        self._check("repetition_penalty", "be a number above 0", lambda x: x > 0)
        self._check("temperature", "be a number above 0", lambda x: x > 0)
        self._check("top_k", "be a whole number of 0 or more", lambda x: x >= 0 and x == int(x))
        self._check("top_p", "lie in (0, 1]", lambda x: 0 < x <= 1)
        if not isinstance(self.do_sample, bool):
            raise SettingError("do_sample", "be True or False", self.do_sample)

    def _check(self, name: str, rule: str, holds: Callable[[float], bool]) -> None:
        value = getattr(self, name)
        if value is None:
            return
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        number = float(value) if is_number else math.nan
        if not math.isfinite(number) or not holds(number):
            raise SettingError(name, rule, value)

    @property
    def effective(self) -> Setting:
        """The parameters that have an effect: without sampling, only the penalty."""
        return self if self.do_sample else Setting(repetition_penalty=self.repetition_penalty)


def apply_repetition_penalty(
    logits: Tensor,  # (..., V) float
    input_ids: Tensor,  # (..., T) long
    penalty: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Penalize tokens that occur in `input_ids`: positive logits are divided, others multiplied.

    Each token is penalized once, however often it occurs. Neutral: 1.0.
    transformers' RepetitionPenaltyLogitsProcessor; Keskar et al. 2019, arXiv 1909.05858.
    """
    # the logits of the tokens seen so far, (..., T), changed and put back in their places
    seen = logits.gather(-1, input_ids)
    return logits.scatter(-1, input_ids, torch.where(seen > 0, seen / penalty, seen * penalty))


def apply_temperature(
    logits: Tensor,  # (..., V) float
    temperature: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Divide the logits by the temperature. Neutral: 1.0. transformers' TemperatureLogitsWarper."""
    return logits / temperature


def filter_top_k(
    logits: Tensor,  # (..., V) float
    k: int | Tensor,  # or (..., 1) long
) -> Tensor:  # (..., V)
    """Keep the k largest logits, and those equal to the k-th. Neutral: 0, or V and more.

    transformers' TopKLogitsWarper; Fan et al. 2018, arXiv 1805.04833.
    """
    size = logits.shape[-1]
    # one k per row, and the rows in which nothing is cut off
    each = torch.as_tensor(k, device=logits.device).long().expand(*logits.shape[:-1], 1)
    off = (each == 0) | (each >= size)
    each = each.masked_fill(off, 1)
    # everything below the k-th largest logit of its row is cut off
    largest = logits.topk(int(each.max()), dim=-1).values
    cut = (logits < largest.gather(-1, each - 1)) & ~off
    return logits.masked_fill(cut, -torch.inf)


def filter_top_p(
    logits: Tensor,  # (..., V) float
    p: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Keep the smallest set of most likely tokens whose probabilities sum to at least p.

    The token that reaches p stays. Of equally likely tokens, the one with the smaller id counts as
    more likely. Neutral: 1.0.
    transformers' TopPLogitsWarper; Holtzman et al. 2019, arXiv 1904.09751.
    """
    rows = logits.reshape(-1, logits.shape[-1])
    p = torch.as_tensor(p, dtype=logits.dtype, device=logits.device)
    p = p.expand(*logits.shape[:-1], 1).reshape(-1, 1)
    # sorting a few tokens is enough in most rows; all are sorted only where these do not reach p
    last, number, reached = _edge(rows, p, _HEAD)
    far = ~(reached | (p >= 1))[:, 0]
    if far.any():
        last[far], number[far], _ = _edge(rows[far], p[far], rows.shape[1])
    # of tokens as likely as the last one, only the first ones fit into the set
    ties = rows == last
    room = number - (rows > last).sum(-1, keepdim=True)
    kept = (rows > last) | (ties & (ties.cumsum(-1) <= room)) | (p >= 1)
    return rows.masked_fill(~kept, -torch.inf).reshape(logits.shape)


def _edge(
    logits: Tensor,  # (B, V) float
    p: Tensor,  # (B, 1)
    num_sorted: int,
) -> tuple[Tensor, Tensor, Tensor]:  # (B, 1) each
    """The smallest logit that top-p keeps, the number kept, and True where the sorted reach p.

    num_sorted: number of most likely tokens to look at.
    """
    values = logits.topk(min(num_sorted, logits.shape[1]), dim=-1).values
    probs = (values - logits.logsumexp(-1, keepdim=True)).exp()
    # a token is kept if those before it do not reach p yet
    sums = probs.cumsum(-1)
    number = (sums - probs < p).sum(-1, keepdim=True)
    return values.gather(-1, number - 1), number, sums[:, -1:] >= p


class Pipeline:
    """Penalty, temperature, top-k and top-p for a batch, with one setting per row.

    `Setting.do_sample` is ignored: pass `setting.effective` for the logits that are used.
    """

    def __init__(self, settings: Sequence[Setting]) -> None:
        self.penalty = _parameter_column(settings, "repetition_penalty")
        self.temperature = _parameter_column(settings, "temperature")
        self.k = _parameter_column(settings, "top_k")
        self.p = _parameter_column(settings, "top_p")
        # steps that are neutral in all rows are left out
        self.penalizes = bool((self.penalty != NEUTRAL["repetition_penalty"]).any())
        self.cuts_k = bool((self.k != NEUTRAL["top_k"]).any())
        self.cuts_p = bool((self.p != NEUTRAL["top_p"]).any())

    def steps(
        self,
        logits: Tensor,  # (B, V) float
        input_ids: Tensor,  # (B, T) long
    ) -> Iterator[tuple[str, Tensor]]:  # a name of STAGES, (B, V)
        """The logits from the model and after each step."""
        yield "model", logits
        if self.penalizes:
            penalty = self.penalty.to(logits.dtype)
            logits = apply_repetition_penalty(logits, input_ids, penalty)
        yield "repetition_penalty", logits
        logits = apply_temperature(logits, self.temperature.to(logits.dtype))
        yield "temperature", logits
        if self.cuts_k:
            logits = filter_top_k(logits, self.k)
        yield "top_k", logits
        if self.cuts_p:
            logits = filter_top_p(logits, self.p)
        yield "top_p", logits

    def apply(
        self,
        logits: Tensor,  # (B, V) float
        input_ids: Tensor,  # (B, T) long
    ) -> Tensor:  # (B, V)
        """The logits from which each row's next token is chosen; a new tensor."""
        for _, after in self.steps(logits, input_ids):
            logits = after
        return logits


def _parameter_column(settings: Sequence[Setting], name: str) -> Tensor:  # (B, 1) float64
    """One parameter of each row, neutral where it is None."""
    given = [getattr(setting, name) for setting in settings]
    values = [NEUTRAL[name] if value is None else float(value) for value in given]
    return torch.tensor(values, dtype=torch.float64)[:, None]


def stages(
    logits: Tensor,  # (V,) float
    input_ids: Tensor,  # (T,) long
    setting: Setting,
) -> dict[str, Tensor]:  # each (V,)
    """The logits from the model and after each step, by the names of `STAGES`."""
    steps = Pipeline([setting]).steps(logits[None], input_ids[None])
    return {stage: rows[0] for stage, rows in steps}


@dataclass(frozen=True, kw_only=True)
class NextTokens:
    """The most likely next tokens, and their probabilities after each step of a setting."""

    ids: Tensor  # (n,) long, by the model's own probability, largest first
    probs: dict[str, Tensor]  # stage -> (n,) probabilities after it
    kept: Tensor  # (n,) bool: not cut off by top-k or top-p
    num_kept: int  # in the whole vocabulary
    vocab_size: int
    mass_cut: float  # probability, after the temperature, of all tokens that are cut off


def next_tokens(
    model: PreTrainedModel,
    input_ids: Tensor,  # (1, T) long
    setting: Setting,
    num_tokens: int = 10,
) -> NextTokens:
    """The `num_tokens` tokens that are most likely before a cut, in the model or after temperature.

    `setting.do_sample` has no effect here: it is about the use of the distribution.
    """
    # in float64 on the CPU, as in `generate`
    with torch.no_grad():
        logits = model(input_ids.to(model.device)).logits[0, -1].to("cpu", torch.float64)
    after = stages(logits, input_ids[0].cpu(), setting)
    probs = {stage: values.softmax(-1) for stage, values in after.items()}
    # most likely by either of the two distributions, then in the model's own order
    likely = torch.maximum(probs["model"], probs["temperature"])
    ids = likely.topk(min(num_tokens, len(likely))).indices
    ids = ids[probs["model"][ids].argsort(descending=True, stable=True)]
    kept = after["top_p"] > -torch.inf
    return NextTokens(
        ids=ids,
        probs={stage: values[ids] for stage, values in probs.items()},
        kept=kept[ids],
        num_kept=int(kept.sum()),
        vocab_size=len(kept),
        mass_cut=float(probs["temperature"][~kept].sum()),
    )
