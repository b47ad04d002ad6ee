"""From a model's logits to the next token's distribution: penalty, temperature, top-k, top-p.

In this order, which is transformers' own (`GenerationMixin._get_logits_processor`). Each function
returns new logits and leaves its arguments unchanged; a token that is cut off has the logit -inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    TypicalLogitsWarper,
)

from kischule.arguments import (
    check_float_rows,
    check_logits,
    check_vocabulary,
    checked_ids,
    whole_number,
)
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
# further steps, in the places that transformers gives them, and their neutral values
FURTHER: dict[str, float] = {"no_repeat_ngram_size": 0, "min_p": 0.0, "typical_p": 1.0}
# parameter -> its range, as the end of "must ..."
_RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "repetition_penalty": ("be a number above 0", lambda x: x > 0),
    "temperature": ("be a number above 0", lambda x: x > 0),
    "top_k": ("be a whole number of 0 or more", lambda x: x >= 0 and x == int(x)),
    "top_p": ("lie in (0, 1]", lambda x: 0 < x <= 1),
    "no_repeat_ngram_size": ("be a whole number of 0 or more", lambda x: x >= 0 and x == int(x)),
    "min_p": ("lie in [0, 1]", lambda x: 0 <= x <= 1),
    "typical_p": ("lie in (0, 1]", lambda x: 0 < x <= 1),
}
MAX_TOP_K = 2**31 - 1  # far more than any vocabulary has
MIN_SCALE, MAX_SCALE = 1e-30, 1e30  # of penalty and temperature: beyond these float32 overflows
_HEAD = 512  # tokens; top-p hardly ever keeps more


def check_value(name: str, value: object) -> None:
    """Raise SettingError for a value that a parameter of `Setting` cannot have."""
    rule, holds = _RANGES[name]
    is_number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    try:
        number = float(value) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    if name == "top_k" and is_number and number > MAX_TOP_K:
        raise SettingError(name, "be at most 2**31 - 1 (0 turns it off)", value)
    if not math.isfinite(number) or not holds(number):
        raise SettingError(name, rule, value)
    if name in ("repetition_penalty", "temperature") and not MIN_SCALE <= number <= MAX_SCALE:
        raise SettingError(name, f"lie from {MIN_SCALE} to {MAX_SCALE}", value)


@dataclass(frozen=True)
class Setting:
    """Choice of the next token, in transformers' words; None turns a parameter off, the default.

    repetition_penalty: > 0; neutral 1.0. Keskar et al. 2019, arXiv 1909.05858.
    do_sample: draw the token; False: take the most likely one, so that only repetition_penalty and
        no_repeat_ngram_size have an effect.
    temperature: > 0; neutral 1.0.
    top_k: 0 or greater; neutral 0 (transformers' default is 50). Fan et al. 2018, arXiv 1805.04833.
    top_p: in (0, 1]; neutral 1.0. Holtzman et al. 2019, arXiv 1904.09751.
    no_repeat_ngram_size: 0 or greater; neutral 0. Paulus et al. 2017, arXiv 1705.04304.
    min_p: in [0, 1]; neutral 0.0. Nguyen et al. 2024, arXiv 2407.01082.
    typical_p: in (0, 1]; neutral 1.0. Meister et al. 2022, arXiv 2202.00666.

    Raises SettingError, a ValueError, for a value outside its range.
    """

    repetition_penalty: float | None = None
    do_sample: bool = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    no_repeat_ngram_size: int | None = None
    min_p: float | None = None
    typical_p: float | None = None

    def __post_init__(self) -> None:
        for name in NEUTRAL | FURTHER:
            if (value := getattr(self, name)) is not None:
                check_value(name, value)
        if not isinstance(self.do_sample, bool | np.bool_):
            raise SettingError("do_sample", "be True or False", self.do_sample)

    @property
    def effective(self) -> Setting:
        """The parameters that have an effect: without sampling, those about repetition."""
        if self.do_sample:
            return self
        return Setting(
            repetition_penalty=self.repetition_penalty,
            no_repeat_ngram_size=self.no_repeat_ngram_size,
        )

    @property
    def stages(self) -> tuple[str, ...]:
        """The steps that this setting shows: those of `STAGES`, and each further one that is on."""
        on = [name for name, off in FURTHER.items() if getattr(self, name) not in (None, off)]
        before = STAGES.index("temperature")
        early = [name for name in on if name == "no_repeat_ngram_size"]
        return (*STAGES[:before], *early, *STAGES[before:], *(n for n in on if n not in early))


def apply_repetition_penalty(
    logits: Tensor,  # (..., V) float
    input_ids: Tensor,  # (..., T) long
    penalty: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Penalize tokens that occur in `input_ids`: positive logits are divided, others multiplied.

    Each token is penalized once, however often it occurs. Neutral: 1.0.
    transformers' RepetitionPenaltyLogitsProcessor; Keskar et al. 2019, arXiv 1909.05858.
    """
    if not isinstance(penalty, Tensor):
        check_value("repetition_penalty", penalty)
    check_float_rows(logits)
    check_vocabulary(input_ids, logits.shape[-1])
    # the logits of the tokens seen so far, (..., T), changed and put back in their places
    seen = logits.gather(-1, input_ids)
    return logits.scatter(-1, input_ids, torch.where(seen > 0, seen / penalty, seen * penalty))


def apply_temperature(
    logits: Tensor,  # (..., V) float
    temperature: float | Tensor,  # or (..., 1)
) -> Tensor:  # (..., V)
    """Divide the logits by the temperature. Neutral: 1.0. transformers' TemperatureLogitsWarper."""
    if not isinstance(temperature, Tensor):
        check_value("temperature", temperature)
    check_float_rows(logits)
    return logits / temperature


def filter_top_k(
    logits: Tensor,  # (..., V) float
    k: int | Tensor,  # or (..., 1) long
) -> Tensor:  # (..., V)
    """Keep the k largest logits, and those equal to the k-th. Neutral: 0, or V and more.

    transformers' TopKLogitsWarper; Fan et al. 2018, arXiv 1805.04833.
    """
    if not isinstance(k, Tensor):
        check_value("top_k", k)
    check_logits(logits)
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
    if not isinstance(p, Tensor):
        check_value("top_p", p)
    check_logits(logits)
    rows = logits.reshape(-1, logits.shape[-1])
    each = torch.as_tensor(p, dtype=torch.float64).cpu()
    each = each.expand(*logits.shape[:-1], 1).reshape(-1, 1)
    p, rest = each.to(rows), (1 - each).to(rows)  # both rounded once: 1 - p would be less exact
    whole = (each >= 1).to(rows.device)
    # sorting a few tokens is enough in most rows; all are sorted only where these do not reach p,
    # and where rounding decides
    last, number, clear = _edge(rows, p)
    if (unclear := ~(clear | whole)[:, 0]).any():
        last[unclear], number[unclear] = _exact_edge(rows[unclear], rest[unclear])
    # of tokens as likely as the last one, only the first ones fit into the set
    ties = rows == last
    room = number - (rows > last).sum(-1, keepdim=True)
    kept = (rows > last) | (ties & (ties.cumsum(-1) <= room)) | whole
    return rows.masked_fill(~kept, -torch.inf).reshape(logits.shape)


def _edge(
    logits: Tensor,  # (B, V) float
    p: Tensor,  # (B, 1)
) -> tuple[Tensor, Tensor, Tensor]:  # (B, 1) each
    """The smallest logit that top-p keeps, the number kept, and True where these are certain.

    Only the most likely tokens are looked at, and a sum near p may be rounded to either side of it.
    """
    size = logits.shape[1]
    values = logits.topk(min(_HEAD, size), dim=-1).values
    sums = (values - logits.logsumexp(-1, keepdim=True)).exp().cumsum(-1)
    # a token is kept if those before it do not reach p yet
    number = ((sums < p).sum(-1, keepdim=True) + 1).clamp(max=values.shape[1])
    rounding = 256 * torch.finfo(logits.dtype).eps
    clear = (sums[:, -1:] >= p) & ((sums - p).abs() > rounding).all(-1, keepdim=True)
    return values.gather(-1, number - 1), number, clear


def _exact_edge(
    logits: Tensor,  # (B, V) float
    rest: Tensor,  # (B, 1): 1 - p
) -> tuple[Tensor, Tensor]:  # (B, 1) each
    """The smallest logit that top-p keeps and the number kept, summed as transformers does.

    From the least likely token upwards, those are cut off that do not exceed 1 - p together: a cut
    that lies on a sum is rounded to the same side.
    """
    values = logits.sort(-1).values
    number_cut = (values.softmax(-1).cumsum(-1) <= rest).sum(-1, keepdim=True)
    number_cut = number_cut.clamp(max=logits.shape[1] - 1)
    return values.gather(-1, number_cut), logits.shape[1] - number_cut


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
        # a further step is transformers' own, row by row
        self.further = {name: _processors(settings, name) for name in FURTHER}

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
        yield from (ngrams := self._further("no_repeat_ngram_size", logits, input_ids))
        logits = ngrams[0][1] if ngrams else logits
        logits = apply_temperature(logits, self.temperature.to(logits.dtype))
        yield "temperature", logits
        if self.cuts_k:
            logits = filter_top_k(logits, self.k)
        yield "top_k", logits
        if self.cuts_p:
            logits = filter_top_p(logits, self.p)
        yield "top_p", logits
        for name in ("min_p", "typical_p"):
            yield from (cut := self._further(name, logits, input_ids))
            logits = cut[0][1] if cut else logits

    def _further(self, name: str, logits: Tensor, input_ids: Tensor) -> list[tuple[str, Tensor]]:
        """A further step with its name; nothing where it is off in all rows."""
        if not any(self.further[name]):
            return []
        rows = zip(self.further[name], input_ids, logits, strict=True)
        after = [do(ids[None], row[None])[0] if do else row for do, ids, row in rows]
        return [(name, torch.stack(after))]

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


_PROCESSORS: dict[str, Callable[[Any], LogitsProcessor]] = {
    "no_repeat_ngram_size": lambda n: NoRepeatNGramLogitsProcessor(int(n)),
    "min_p": MinPLogitsWarper,
    "typical_p": TypicalLogitsWarper,
}


def _processors(settings: Sequence[Setting], name: str) -> list[LogitsProcessor | None]:
    """transformers' processor for a further step of each row; None where it is off."""
    values = [getattr(setting, name) for setting in settings]
    make = _PROCESSORS[name]
    return [None if value in (None, FURTHER[name]) else make(value) for value in values]


def stages(
    logits: Tensor,  # (V,) float
    input_ids: Tensor,  # (T,) long
    setting: Setting,
) -> dict[str, Tensor]:  # each (V,)
    """The logits from the model and after each step, by the names of `Setting.stages`."""
    steps = Pipeline([setting]).steps(logits[None], input_ids[None])
    return {stage: rows[0] for stage, rows in steps}


@dataclass(frozen=True, kw_only=True)
class NextTokens:
    """The most likely next tokens, and their probabilities after each step of a setting."""

    ids: Tensor  # (n,) long, by the model's own probability, largest first
    probs: dict[str, Tensor]  # stage -> (n,) probabilities after it
    kept: Tensor  # (n,) bool: not cut off by any step
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
    input_ids = checked_ids(model, input_ids, one_text=True)
    num_tokens = whole_number("num_tokens", num_tokens, 1)
    # in float32 on the CPU, as in `generate`
    with torch.no_grad():
        logits = model(input_ids.to(model.device)).logits[0, -1].to("cpu", torch.float32)
    check_logits(logits)
    after = stages(logits, input_ids[0].cpu(), setting)
    probs = {stage: values.double().softmax(-1) for stage, values in after.items()}
    # most likely by either of the two distributions, then in the model's own order
    likely = torch.maximum(probs["model"], probs["temperature"])
    ids = likely.topk(min(num_tokens, len(likely))).indices
    ids = ids[probs["model"][ids].argsort(descending=True, stable=True)]
    kept = after[setting.stages[-1]] > -torch.inf
    return NextTokens(
        ids=ids,
        probs={stage: values[ids] for stage, values in probs.items()},
        kept=kept[ids],
        num_kept=int(kept.sum()),
        vocab_size=len(kept),
        mass_cut=float(probs["temperature"][~kept].sum()),
    )
