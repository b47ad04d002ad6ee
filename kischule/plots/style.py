"""Parts that all pictures share: size, tokens as labels, a sentence in place of a picture."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec

from kischule.colours import LIKELY, UNLIKELY
from kischule.errors import ArgumentError, PromptError, SettingError
from kischule.i18n import number, percent
from kischule.tokens import explain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

P = ParamSpec("P")

WIDTH = 9.5  # inches


def figure(columns: int = 1, *, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure of the notebook's width and its axes from left to right; height in inches."""
    from matplotlib import pyplot

    fig, axes = pyplot.subplots(
        1,
        columns,
        figsize=(WIDTH, height),
        layout="constrained",
        dpi=90,
        squeeze=False,
        **options,
    )
    pyplot.close(fig)  # or a notebook would show it twice
    for ax in axes[0]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    return fig, list(axes[0])


@contextmanager
def literal_text() -> Iterator[None]:
    """Within this context, texts are shown as they are: a dollar sign does not begin a formula."""
    from matplotlib import rc_context

    with rc_context({"text.parse_math": False}):
        yield


def likelihood() -> Colormap:
    """The colours from unlikely to likely, those of the tokens in the laboratory."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("likelihood", [UNLIKELY, LIKELY])


def tick(value: float, _: object = None) -> str:
    """A number on an axis, with the digits that it needs: `0,25`, in English `0.25`."""
    return number(value, _digits(value))


def percent_tick(share: float, _: object = None) -> str:
    """A share on an axis, with the digits that it needs: `2,5 %`, in English `2.5%`."""
    return percent(share, _digits(100 * share))


def _digits(value: float) -> int:
    """Digits after the decimal point, at most six."""
    return len(f"{value:.6f}".rstrip("0").partition(".")[2])


def legend_beside(fig: Figure, **options: Any) -> None:
    """A legend to the right of the picture, not on its lines."""
    fig.legend(fontsize=8, loc="outside right center", frameon=False, **options)


def token_label(text: str) -> str:
    """A token's text in quotes, so that spaces are visible; unusual characters as numbers."""
    # the font has glyphs up to Cyrillic
    return "".join(c if ord(c) < 0x0500 else ascii(c)[1:-1] for c in repr(text))


def explains_errors(picture: Callable[P, Figure]) -> Callable[P, Figure]:
    """Show a sentence instead of a traceback for an argument that cannot be used."""

    @functools.wraps(picture)
    def explained(*arguments: P.args, **options: P.kwargs) -> Figure:
        with literal_text():
            try:
                return picture(*arguments, **options)
            except (PromptError, SettingError, ArgumentError) as error:
                return _sentence_figure(explain(error))

    return explained


def _sentence_figure(text: str) -> Figure:
    fig, (ax,) = figure(height=0.8)
    ax.set_axis_off()
    ax.text(0, 0.5, text, va="center", wrap=True, fontsize=10)
    return fig
