"""Pictures of one text: the probability of each token, and its repetitions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from kischule import messages
from kischule.arguments import check_prompt, check_tokenizer
from kischule.colours import BLUE, DARK, MIN_SHADED, ORANGE
from kischule.errors import PromptError
from kischule.measures import repeated_ngrams, token_log_probs
from kischule.plots.style import (
    WIDTH,
    explains_errors,
    figure,
    likelihood,
    percent_tick,
    token_label,
)
from kischule.tokens import encode, texts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CHARACTER, _LINE = 0.085, 0.27  # inches: width of a character in the picture's font, line height


@explains_errors
def token_probabilities(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    text: str,
    prompt_text: str = "",
) -> Figure:
    """A text's tokens, each on the colour of its probability: light is likely, dark unlikely.

    prompt_text: its tokens at the beginning of `text` are shown without a colour, as is the first
    token of any text, for which the model makes no prediction. The scale is logarithmic.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    ids = encode(tokenizer, model, text)
    probs = [1.0, *token_log_probs(model, ids).exp().tolist()]
    if prompt_text:
        check_prompt(prompt_text)
    num_plain = len(tokenizer(prompt_text).input_ids) if prompt_text else 1
    labels = [token_label(part)[1:-1] for part in texts_of(tokenizer, ids[0].tolist())]
    colours = ScalarMappable(LogNorm(MIN_SHADED, 1), likelihood())
    rgba = colours.to_rgba(np.maximum(probs, MIN_SHADED))
    rgba[:num_plain] = 1  # white

    places, lines = _layout(labels, max_chars=int((WIDTH - 0.2) / _CHARACTER))
    fig, (ax,) = figure(height=0.9 + _LINE * lines)
    ax.set_axis_off()
    ax.set_xlim(0, (WIDTH - 0.2) / _CHARACTER)
    ax.set_ylim(lines, 0)
    for label, place, colour in zip(labels, places, rgba, strict=True):
        _draw_token(ax, label, place, tuple(colour))
    bar = fig.colorbar(colours, ax=ax, location="bottom", aspect=60, fraction=0.3 / (1 + lines))
    bar.set_label(str(messages.TOKEN_PROBABILITY), fontsize=8)
    bar.ax.xaxis.set_major_formatter(percent_tick)
    bar.ax.tick_params(labelsize=8)
    return fig


def _draw_token(ax: Axes, label: str, place: tuple[int, int], colour: tuple[Any, ...]) -> None:
    """A token's text on a box of its colour, at a column and a line."""
    from matplotlib.patches import Rectangle

    x, y = place
    box = Rectangle((x, y + 0.05), len(label), 0.9, facecolor=colour, edgecolor="none")
    ax.add_patch(box)
    ax.text(x, y + 0.5, label, size=9.5, family="monospace", va="center", color=DARK)


@explains_errors
def repetition(tokenizer: PreTrainedTokenizerBase, text: str, n: int = 4) -> Figure:
    """The places of repeated n-grams in a text, and their share up to each place.

    n: tokens of an n-gram; see `measures.repetition_rate`. The title gives the most frequent one.
    """
    check_tokenizer(tokenizer)
    if text != "":
        check_prompt(text)
    ids = tokenizer(text, verbose=False).input_ids if text else []
    repeated = repeated_ngrams(ids, n)
    if not repeated:
        raise PromptError(str(messages.TEXT_TOO_SHORT.format(tokens=messages.tokens(n))))
    so_far = [sum(repeated[: i + 1]) / (i + 1) for i in range(len(repeated))]
    places = [i for i, again in enumerate(repeated) if again]
    fig, (ax,) = figure(height=2.4)
    label = str(messages.REPEATED_HERE.format(n=n))
    ax.vlines(places, 0, 1, colors=ORANGE, alpha=0.55, label=label)
    label = str(messages.REPEATED_SO_FAR.format(n=n))
    ax.plot(so_far, color=BLUE, linewidth=2, label=label)
    ax.set_xlim(-0.5, len(repeated) - 0.5)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(percent_tick)
    ax.locator_params(axis="x", integer=True)  # a short text has no token 0.5
    ax.set_xlabel(str(messages.POSITION), fontsize=9)
    fig.legend(fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    ngrams = Counter(tuple(ids[i : i + n]) for i in range(len(repeated)))
    ngram, count = ngrams.most_common(1)[0]
    title = messages.NO_REPETITION
    if count > 1:
        ngram_text = token_label(tokenizer.decode(list(ngram)))
        title = messages.MOST_FREQUENT.format(ngram=ngram_text, count=count)
    ax.set_title(str(title), fontsize=9, loc="left")
    return fig


def _layout(labels: list[str], max_chars: int) -> tuple[list[tuple[int, int]], int]:
    """Column and line of each label, in lines of `max_chars` characters; and the number of lines.

    A label that is longer than a line gets one to itself. A token with a line break ends its line.
    """
    places, x, y = [], 0, 0
    for label in labels:
        if x and x + len(label) > max_chars:
            x, y = 0, y + 1
        places.append((x, y))
        x += len(label)
        if label.endswith("\\n"):
            x, y = 0, y + 1
    return places, y + 1
