"""Pictures of one text: how likely each of its tokens was, and where it repeats itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from kischule.plots.style import BLUE, ORANGE, WIDTH, figure, or_a_sentence, token_label
from kischule.words import percent, word

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CHARACTER, _LINE = 0.085, 0.27  # inches of a character of the picture's font, and of a line
_LEAST = 1e-4  # probabilities below have its colour


@or_a_sentence
def token_probabilities(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    text: str,
    prompt_text: str = "",
) -> Figure:
    """A text's tokens, each on the colour of the probability that the model gave it.

    prompt_text: its tokens at the beginning of `text` are shown without a colour, as is a first
    token, which has nothing before it. Light is likely, dark unlikely, on a scale of logarithms.
    """
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.patches import Rectangle

    from kischule.inputs import encode
    from kischule.measures import token_log_probs
    from kischule.snapshot import texts_of

    ids = encode(tokenizer, model, text)
    probs = [1.0, *token_log_probs(model, ids).exp().tolist()]
    given = len(tokenizer(prompt_text).input_ids) if prompt_text else 1
    shown = [token_label(part)[1:-1] for part in texts_of(tokenizer, ids[0].tolist())]
    places, lines = _laid_out(shown, most=int((WIDTH - 0.2) / _CHARACTER))
    made, (axis,) = figure(height=0.9 + _LINE * lines)
    axis.set_axis_off()
    axis.set_xlim(0, (WIDTH - 0.2) / _CHARACTER)
    axis.set_ylim(lines, 0)
    colours = ScalarMappable(LogNorm(_LEAST, 1), colormaps["cividis"])
    rgba = colours.to_rgba(np.maximum(probs, _LEAST))
    for i, (label, (x, y)) in enumerate(zip(shown, places, strict=True)):
        colour: Any = rgba[i] if i >= given else (1, 1, 1, 1)
        box = Rectangle((x, y + 0.05), len(label), 0.9, facecolor=colour, edgecolor="none")
        axis.add_patch(box)
        ink = "white" if sum(colour[:3]) < 1.4 else "black"
        axis.text(x, y + 0.5, label, size=9.5, family="monospace", va="center", color=ink)
    bar = made.colorbar(colours, ax=axis, location="bottom", aspect=60, fraction=0.3 / (1 + lines))
    bar.set_label(word("token_probability"), fontsize=8)
    bar.ax.xaxis.set_major_formatter(lambda p, _: percent(p, 2 if p < 0.01 else 0))
    bar.ax.tick_params(labelsize=8)
    return made


@or_a_sentence
def repetition(tokenizer: PreTrainedTokenizerBase, text: str, n: int = 4) -> Figure:
    """Where along a text n-grams stand that stood further up already, and their share so far.

    n: tokens of an n-gram; the measure is `measures.repetition_rate`. The title names the n-gram
    that comes most often.
    """
    from kischule.inputs import PromptError
    from kischule.measures import repeated_ngrams

    ids = tokenizer(text, verbose=False).input_ids if text else []
    again = repeated_ngrams(ids, n)
    if not again:
        raise PromptError(word("no_tokens", limit=n))
    so_far = [sum(again[: i + 1]) / (i + 1) for i in range(len(again))]
    made, (axis,) = figure(height=2.4)
    here = [i for i, repeated in enumerate(again) if repeated]
    axis.vlines(here, 0, 1, colors=ORANGE, alpha=0.55, label=word("repeated_here", n=n))
    axis.plot(so_far, color=BLUE, linewidth=2, label=word("repeated_so_far", n=n))
    axis.set_xlim(-0.5, len(again) - 0.5)
    axis.set_ylim(0, 1.02)
    axis.yaxis.set_major_formatter(lambda y, _: percent(y, 0))
    axis.set_xlabel(word("position"), fontsize=9)
    axis.legend(fontsize=8, loc="upper left")
    ngrams = Counter(tuple(ids[i : i + n]) for i in range(len(again)))
    ngram, count = ngrams.most_common(1)[0]
    often = word("most_often", ngram=token_label(tokenizer.decode(list(ngram))), count=count)
    axis.set_title(often if count > 1 else word("nothing_repeated"), fontsize=9, loc="left")
    return made


def _laid_out(labels: list[str], most: int) -> tuple[list[tuple[int, int]], int]:
    """Column and line of each label, in lines of `most` characters; and the number of lines."""
    places, x, y = [], 0, 0
    for label in labels:
        if x and x + len(label) > most:
            x, y = 0, y + 1
        places.append((x, y))
        x += len(label)
        if label.endswith("\\n"):
            x, y = 0, y + 1
    return places, y + 1
