"""Pictures of one next-token distribution: the cut by a setting, the effect of temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kischule import messages
from kischule.arguments import whole_number
from kischule.colours import BLUE, DARK, GREY, ORANGE
from kischule.decoding import (
    NEUTRAL,
    NextTokens,
    Setting,
    apply_temperature,
    check_value,
    next_tokens,
)
from kischule.errors import ArgumentError
from kischule.i18n import number, percent
from kischule.measures import entropy
from kischule.plots.style import (
    explains_errors,
    figure,
    legend_beside,
    percent_tick,
    tick,
    token_label,
)
from kischule.tokens import encode, texts_after

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LINES = [(DARK, "o", "-"), (BLUE, "s", "--"), (ORANGE, "^", "-."), (GREY, "D", ":")]
_MAX_TOKENS = 200  # more bars than anybody reads
_CUT_STYLE = {"facecolor": "none", "edgecolor": "#6b6b6b", "hatch": "////"}
_KEPT_STYLE = {"facecolor": BLUE, "edgecolor": BLUE}


@explains_errors
def next_token(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    *,
    num_tokens: int = 12,
    **setting: Any,
) -> Figure:
    """The most likely next tokens: those kept, those cut off, and the probability cut off.

    num_tokens: bars, the most likely token first. setting: `repetition_penalty`, `temperature`,
    `top_k`, `top_p`; None is off. The bars are the probabilities after penalty and temperature and
    before a cut; a dot is the model's own probability, if it differs.
    """
    if unknown := setting.keys() - NEUTRAL.keys():
        rule = messages.UNKNOWN_SETTING.format(names=", ".join(NEUTRAL))
        raise ArgumentError("setting", rule, unknown)
    num_tokens = whole_number("num_tokens", num_tokens, 1, _MAX_TOKENS)
    ids = encode(tokenizer, model, prompt_text)
    found = next_tokens(model, ids, Setting(**setting), num_tokens)
    probs, own = found.probs["temperature"].tolist(), found.probs["model"].tolist()
    order = sorted(range(len(probs)), key=lambda i: -probs[i])
    fig, (ax,) = figure(height=0.9 + 0.26 * len(order))
    legend_beside(fig, handles=_draw_bars(ax, found, order))
    texts = texts_after(tokenizer, ids[0].tolist(), found.ids.tolist())
    ax.set_yticks(range(len(order)), [token_label(texts[i]) for i in order])
    ax.invert_yaxis()
    ax.set_xlim(0, 1.12 * max(*probs, *own))
    ax.xaxis.set_major_formatter(percent_tick)
    ax.set_xlabel(str(messages.PROBABILITY), fontsize=9)
    kept = messages.kept_tokens(found.num_kept, found.vocab_size, found.mass_cut)
    ax.set_title(f"{_after(prompt_text)}: {kept}", fontsize=9, loc="left")
    return fig


def _draw_bars(ax: Axes, found: NextTokens, order: Sequence[int]) -> list[Any]:
    """One bar per token with its probability, a dot for the model's own; the legend's entries."""
    from matplotlib.patches import Patch

    probs, own = found.probs["temperature"].tolist(), found.probs["model"].tolist()
    longest = max(*probs, *own)
    for row, i in enumerate(order):
        style: dict[str, Any] = _KEPT_STYLE if found.kept[i] else _CUT_STYLE
        ax.barh(row, probs[i], height=0.7, linewidth=1, **style)
        # the number is right of the bar, or right of a dot that would cover it
        near_dot = 0 < own[i] - probs[i] < 0.08 * longest
        right = own[i] if near_dot else probs[i]
        ax.annotate(
            percent(probs[i]), (right, row), (6, 0), textcoords="offset points", va="center", size=8
        )
    kept: dict[str, Any] = _KEPT_STYLE
    cut: dict[str, Any] = _CUT_STYLE
    handles: list[Any] = [Patch(label=str(messages.KEPT), **kept)]
    if found.num_kept < found.vocab_size:
        handles.append(Patch(label=str(messages.CUT), **cut))
    if own != probs:
        dots = [own[i] for i in order]
        label = str(messages.MODEL_ALONE)
        handles += ax.plot(dots, range(len(dots)), "o", color=ORANGE, label=label)
    return handles


@explains_errors
def temperatures(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompt_text: str,
    temperatures: Sequence[float] = (0.5, 1.0, 2.0),
    *,
    num_tokens: int = 12,
) -> Figure:
    """One distribution at several temperatures, each with its entropy in nats.

    temperatures: one to four, each above 0. num_tokens: tokens on the axis, the most likely first,
    in the same order at every temperature. Raises ValueError for another number of temperatures.
    """
    num_tokens = whole_number("num_tokens", num_tokens, 1, _MAX_TOKENS)
    if isinstance(temperatures, str) or not isinstance(temperatures, Sequence | np.ndarray):
        rule = messages.TEMPERATURE_LIST.format(limit=len(_LINES))
        raise ArgumentError("temperatures", rule, temperatures)
    if not 1 <= len(temperatures) <= len(_LINES):
        raise ValueError(
            f"there must be 1 to {len(_LINES)} temperatures, were: {len(temperatures)}"
        )
    ids = encode(tokenizer, model, prompt_text)
    with torch.no_grad():
        logits = model(ids).logits[0, -1].double().cpu()
    top = logits.topk(min(num_tokens, len(logits))).indices
    fig, (ax,) = figure(height=3.2)
    for temperature, (colour, marker, line) in zip(temperatures, _LINES, strict=False):
        check_value("temperature", temperature)
        probs = apply_temperature(logits, temperature).softmax(-1)
        nats = number(float(entropy(probs)), 1)
        label = str(messages.TEMPERATURE.format(value=f"{temperature:g}", entropy=nats))
        ax.plot(probs[top].tolist(), line, color=colour, marker=marker, label=label)
    labels = list(map(token_label, texts_after(tokenizer, ids[0].tolist(), top.tolist())))
    ax.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(percent_tick)
    ax.set_ylabel(str(messages.PROBABILITY), fontsize=9)
    ax.set_title(_after(prompt_text), fontsize=9, loc="left")
    legend_beside(fig)
    return fig


@explains_errors
def ranks(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    prompts: Sequence[str],
    *,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Figure:
    """The probability that the most likely tokens have together, by their number, for each prompt.

    prompts: one to four. top_k, top_p: shown as a line each, with what is kept of each prompt's
    distribution in the legend; None: not shown. Raises ValueError for another number of prompts.
    """
    if not 1 <= len(prompts) <= len(_LINES):
        raise ValueError(f"there must be 1 to {len(_LINES)} prompts, were: {len(prompts)}")
    Setting(top_k=top_k, top_p=top_p)  # raises SettingError for one that cannot be used
    fig, (ax,) = figure(height=3.2)
    for prompt, (colour, _, line) in zip(prompts, _LINES, strict=False):
        with torch.no_grad():
            logits = model(encode(tokenizer, model, prompt)).logits[0, -1].double().cpu()
        sums = logits.softmax(-1).sort(descending=True).values.cumsum(0)
        notes = [_after(prompt)]
        if top_k:
            kept = percent(float(sums[min(top_k, len(sums)) - 1]))
            notes.append(str(messages.TOP_K_KEEPS.format(k=top_k, mass=kept)))
        if top_p:
            number_kept = int((sums < top_p).sum()) + 1
            tokens = messages.tokens(number_kept)
            notes.append(str(messages.TOP_P_KEEPS.format(p=str(top_p), kept=tokens)))
        ax.plot(range(1, len(sums) + 1), sums.tolist(), line, color=colour, label="\n".join(notes))
    if top_k:
        ax.axvline(top_k, color=GREY, linewidth=1)
    if top_p:
        ax.axhline(top_p, color=GREY, linewidth=1)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(tick)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(percent_tick)
    ax.set_xlabel(str(messages.RANK), fontsize=9)
    ax.set_ylabel(str(messages.TOGETHER), fontsize=9)
    legend_beside(fig)
    return fig


def _after(prompt_text: str, max_chars: int = 40) -> str:
    """The end of the prompt, in quotes."""
    tail = prompt_text if len(prompt_text) <= max_chars else "…" + prompt_text[-max_chars:]
    return str(messages.AFTER_PROMPT.format(prompt=token_label(tail)))
