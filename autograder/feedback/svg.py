"""Pictures for pages: inline SVG with a text alternative, made with matplotlib.

Text stays text, so that it can be searched, scaled and read aloud; pairs of bars differ by
hatching, not by colour alone.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kischule.colours import BLUE, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
) -> str:
    """Draw two bars a label, side by side; first, second: a name and the shares."""

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

    return picture((6.0, 1.0 + 0.36 * len(labels)), alternative, draw)
