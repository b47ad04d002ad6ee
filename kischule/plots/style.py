"""What all pictures share: size, colours, tokens as labels, a sentence where there is none."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")

WIDTH = 9.5  # inches
# in order of lightness, dark to light; told apart by deuteranopes and in grey
DARK, BLUE, ORANGE, GREY = "#222222", "#1b6ca8", "#e08214", "#b8b8b8"


def figure(columns: int = 1, *, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure of the notebook's width, height in inches, and its axes from left to right."""
    from matplotlib import pyplot

    made, axes = pyplot.subplots(
        1,
        columns,
        figsize=(WIDTH, height),
        layout="constrained",
        dpi=90,
        squeeze=False,
        **options,
    )
    pyplot.close(made)  # or a notebook would show it twice
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return made, list(axes[0])


@contextmanager
def literally() -> Iterator[None]:
    """Texts made in here are shown as they are: a dollar is no formula."""
    from matplotlib import rc_context

    with rc_context({"text.parse_math": False}):
        yield


def token_label(text: str) -> str:
    """A token's text in quotes, so that a space is seen; what the font may lack as a number."""
    return "".join(c if ord(c) < 0x0500 else ascii(c)[1:-1] for c in repr(text))


def or_a_sentence(picture: Callable[P, Figure]) -> Callable[P, Figure]:
    """A prompt or setting that cannot be used gives a figure that says why, not a traceback."""

    @functools.wraps(picture)
    def said(*arguments: P.args, **options: P.kwargs) -> Figure:
        from kischule.decoding import SettingError
        from kischule.inputs import PromptError, explain

        with literally():
            try:
                return picture(*arguments, **options)
            except (PromptError, SettingError) as error:
                return _sentence(explain(error))

    return said


def _sentence(text: str) -> Figure:
    made, (axis,) = figure(height=0.8)
    axis.set_axis_off()
    axis.text(0, 0.5, text, va="center", wrap=True, fontsize=10)
    return made
