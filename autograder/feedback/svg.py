"""Pictures for pages: inline SVG with a text alternative, made with matplotlib.

Text stays text, so that it can be searched, scaled and read aloud; pairs of bars differ by
hatching, not by colour alone.
"""

from __future__ import annotations

import html
import io
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kischule.colours import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SLIDE = (10.0, 5.625)  # inches, 16:9
SLIDE_COLUMNS, TITLE_POINTS = 72, 17


def picture(size: tuple[float, float], alternative: str, draw: Callable[[Axes], None]) -> str:
    """Draw a picture; size: inches; alternative: what it says, in a sentence or two."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        stream = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    return _embedded(stream.getvalue(), alternative)


def _embedded(document: str, alternative: str) -> str:
    """The `svg` element alone, as wide as there is room, with its text alternative."""
    element = document[document.index("<svg") :].strip()
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    width = re.search(r'width="([\d.]+)pt"', element)
    most = f"max-width:{width[1]}pt;" if width else ""
    element = re.sub(r' (?:width|height)="[\d.]+pt"', "", element, count=2)
    label = html.escape(alternative, quote=True)
    opening = f'<svg role="img" aria-label="{label}" style="{most}width:100%;height:auto"'
    return element.replace("<svg", opening, 1)


def paired_bars(
    labels: Sequence[str],
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    *,
    axis: str,
    alternative: str,
    title: str = "",
) -> str:
    """Draw two bars a label, side by side; first, second: a name and the shares.

    title: makes it a slide, which is understood without the page.
    """

    def draw(axes: Axes) -> None:
        places = range(len(labels))
        shift = 0.19
        for (name, shares), sign, colour, hatch in (
            (first, -shift, BLUE, ""),
            (second, shift, ORANGE, "////"),
        ):
            axes.barh(
                [place + sign for place in places],
                shares,
                height=2 * shift,
                color=colour if not hatch else "white",
                edgecolor=colour,
                hatch=hatch,
                label=name,
            )
        axes.set_yticks(list(places), list(labels))
        axes.invert_yaxis()
        axes.set_xlabel(axis)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower right")
        if title:
            axes.set_title(_wrapped(title), loc="left", fontsize=TITLE_POINTS, pad=14)

    size = SLIDE if title else (6.0, 1.0 + 0.36 * len(labels))
    return picture(size, alternative, draw)


def text_slide(title: str, text: str, alternative: str) -> str:
    """Draw a slide with a title and lines of text below it."""

    def draw(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_title(_wrapped(title), loc="left", fontsize=TITLE_POINTS, pad=14)
        axes.text(0, 0.95, _wrapped(text), fontsize=TITLE_POINTS - 3, va="top", family="monospace")

    return picture(SLIDE, alternative, draw)


def _wrapped(text: str) -> str:
    lines = (textwrap.wrap(line, SLIDE_COLUMNS) for line in text.splitlines())
    # matplotlib would read what is between dollars as a formula
    return "\n".join(part for line in lines for part in line).replace("$", r"\$")
