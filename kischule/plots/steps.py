"""A worked example: a few words, and what each step from logits to a draw makes of them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kischule import messages
from kischule.colours import BLUE
from kischule.decoding import Setting, stages
from kischule.i18n import number, percent
from kischule.plots.style import figure, token_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_DRAWS = 1000
_MIN_SHOWN = 0.001  # a smaller probability has one more digit


@dataclass(frozen=True, kw_only=True)
class WorkedExample:
    """Every step from logits to a thousand draws, as a table and as a picture."""

    words: Sequence[str]
    setting: Setting
    steps: dict[str, Tensor]  # name of a step -> (n,) logits after it
    counts: list[int]  # of each word in the draws

    def columns(self) -> dict[str, list[str]]:
        """The table's columns by their heads; rows are the words."""
        logits = {name: list(map(_logit, after.tolist())) for name, after in self.steps.items()}
        probs = self.steps["temperature"].softmax(-1)
        final = self.steps["top_p"]
        kept = [str(messages.KEPT if x > -torch.inf else messages.CUT) for x in final.tolist()]
        return {
            str(messages.LOGIT): logits["model"],
            _head(self.setting, "repetition_penalty"): logits["repetition_penalty"],
            _head(self.setting, "temperature"): logits["temperature"],
            "softmax": list(map(_percent, probs.tolist())),
            str(messages.RUNNING_SUM): list(map(_percent, _running_sum(probs).tolist())),
            f"{_head(self.setting, 'top_k')}, {_head(self.setting, 'top_p')}": kept,
            str(messages.RESCALED): list(map(_percent, final.softmax(-1).tolist())),
            str(messages.DRAWS.format(number=NUM_DRAWS)): list(map(str, self.counts)),
        }

    def bars(self) -> Figure:
        """The probabilities after each step, a panel each."""
        labels = [
            str(messages.MODEL_STAGE),
            *(_head(self.setting, n) for n in list(self.steps)[1:]),
        ]
        return step_bars(self.words, list(self.steps.values()), labels=labels)

    def __repr__(self) -> str:
        columns = {str(messages.WORD): list(map(repr, self.words)), **self.columns()}
        return "\n".join(
            " | ".join(row) for row in [tuple(columns), *zip(*columns.values(), strict=True)]
        )

    def _repr_html_(self) -> str:
        columns = {str(messages.WORD): list(map(repr, self.words)), **self.columns()}
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
        rows = zip(*columns.values(), strict=True)
        cell = '<td style="white-space:nowrap">{}</td>'
        body = "".join(
            f"<tr>{''.join(cell.format(html.escape(text)) for text in row)}</tr>" for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def worked_example(
    words: Sequence[str],
    logits: Tensor,  # (n,) float
    input_ids: Tensor,  # (1, T) long, numbers of words
    **setting: Any,
) -> WorkedExample:
    """Apply a setting to a vocabulary of a few words, and draw a thousand times.

    setting: `repetition_penalty`, `temperature`, `top_k`, `top_p`; None is off.
    """
    chosen = Setting(do_sample=True, **setting)
    after = stages(logits, input_ids[0], chosen)
    generator = torch.Generator().manual_seed(0)
    probs = after["top_p"].softmax(-1)
    draws = torch.multinomial(probs, NUM_DRAWS, replacement=True, generator=generator)
    counts = draws.bincount(minlength=len(words)).tolist()
    return WorkedExample(words=words, setting=chosen, steps=after, counts=counts)


def step_bars(words: Sequence[str], steps: Sequence[Tensor], *, labels: Sequence[str]) -> Figure:
    """The probability of each word after each step, with its logit.

    steps: logits, (n,) each; a word that is cut off has -inf. labels: one per step.
    """
    fig, axes = figure(len(steps), height=0.6 + 0.3 * len(words), sharey=True)
    probs = [logits.softmax(-1).tolist() for logits in steps]
    longest = max(map(max, probs))
    for ax, logits, shares, label in zip(axes, steps, probs, labels, strict=True):
        bars = ax.barh(range(len(words)), shares, color=BLUE, height=0.6)
        notes = [
            f"{_percent(share)} ({_logit(logit)})"
            for share, logit in zip(shares, logits.tolist(), strict=True)
        ]
        ax.bar_label(bars, labels=notes, padding=3, fontsize=8)
        ax.set_title(label, fontsize=9)
        ax.set_xlim(0, longest * 2)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
    axes[0].set_yticks(range(len(words)), list(map(token_label, words)))
    axes[0].invert_yaxis()
    fig.supxlabel(str(messages.SHARE_AND_LOGIT), fontsize=8)
    return fig


def _running_sum(probs: Tensor) -> Tensor:
    """For each word the probability of all that are at least as likely, itself included."""
    order = probs.argsort(descending=True, stable=True)
    return torch.empty_like(probs).scatter_(0, order, probs[order].cumsum(0))


def _head(setting: Setting, name: str) -> str:
    value = getattr(setting, name)
    return f"{name} = {messages.OFF if value is None else value}"


def _logit(value: float) -> str:
    return "−∞" if value == -torch.inf else number(value)


def _percent(share: float) -> str:
    return percent(share, 2 if 0 < share < _MIN_SHOWN else 1)
