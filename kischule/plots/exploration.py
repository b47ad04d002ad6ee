"""Pictures of an exploration: what settings did to texts, as a table, bars and a grid.

All take `entries`, the list of dicts that the exercise `explore` returns: `setting`, `text` and the
measures `repetition_rate`, `distinct_2`, `mean_log_prob`.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kischule.plots.style import BLUE, figure
from kischule.words import number, word

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]

# measure -> its range, where it has one
MEASURES: dict[str, tuple[float, float] | None] = {
    "repetition_rate": (0.0, 1.0),
    "distinct_2": (0.0, 1.0),
    "mean_log_prob": None,
}
COLOURS = {"repetition_rate": "#b5541c", "distinct_2": BLUE, "mean_log_prob": "#4d4d4d"}


def describe(setting: Mapping[str, Any]) -> str:
    """A setting in a few words: what is on; `max_length` is left out."""
    on = [
        f"{name}={value:g}"
        for name, value in setting.items()
        if name not in ("max_length", "do_sample") and value is not None
    ]
    return ", ".join([*(() if setting.get("do_sample") else ("greedy",)), *on]) or word("sampled")


class Table:
    """Entries as an HTML table in a notebook, as lines elsewhere. Texts are escaped."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.rows = [
            (describe(e["setting"]), *(number(e[name]) for name in MEASURES), str(e["text"]))
            for e in entries
        ]

    def __repr__(self) -> str:
        return "\n\n".join(f"{' | '.join(row[:-1])}\n{row[-1]}" for row in self.rows)

    def _repr_html_(self) -> str:
        head = [word("setting"), *map(word, MEASURES), word("text")]
        left = ' style="text-align:left;vertical-align:top"'
        text = ' style="text-align:left;vertical-align:top;white-space:pre-wrap;max-width:40em"'
        lines = ["<table><thead><tr>"]
        lines += [f'<th scope="col"{left}>{html.escape(name)}</th>' for name in head]
        lines.append("</tr></thead><tbody>")
        for row in self.rows:
            styles = [left] * (len(row) - 1) + [text]
            cells = zip(row, styles, strict=True)
            lines.append(
                "<tr>" + "".join(f"<td{s}>{html.escape(c)}</td>" for c, s in cells) + "</tr>"
            )
        return "".join([*lines, "</tbody></table>"])


def table(entries: Sequence[Entry]) -> Table:
    """A row an entry: the setting, the three measures, the text."""
    return Table(entries)


def bars(entries: Sequence[Entry], labels: Sequence[str] | None = None) -> Figure:
    """The measures side by side, a bar an entry.

    labels: one an entry; default: the setting in words. ValueError if there are not as many labels
    as entries, or no entry.
    """
    names = [describe(e["setting"]) for e in entries] if labels is None else list(labels)
    if not entries or len(names) != len(entries):
        raise ValueError(
            f"there must be at least one entry and a label for each, was: {len(entries)} entries, "
            f"{len(names)} labels"
        )
    made, axes = figure(len(MEASURES), height=0.9 + 0.42 * len(entries), sharey=True)
    for axis, (measure, limits) in zip(axes, MEASURES.items(), strict=True):
        values = [e[measure] for e in entries]
        drawn = axis.barh(range(len(values)), values, color=COLOURS[measure], height=0.6)
        axis.bar_label(drawn, labels=[number(v) for v in values], padding=3, fontsize=8)
        axis.set_title(_title(measure), fontsize=9)
        if limits:
            axis.set_xlim(limits[0], limits[1] * 1.15)
        else:
            axis.set_xlim(min(*values, 0) * 1.25 - 0.01, 0)
    axes[0].set_yticks(range(len(names)), [_short(n) for n in names])
    axes[0].invert_yaxis()
    return made


def grid(entries: Sequence[Entry], x: str = "temperature", y: str = "top_p") -> Figure:
    """Each measure as a coloured table over two settings; several entries of a field are averaged.

    x, y: names of settings; None is shown as "off". ValueError where an entry lacks one of them.
    """
    for entry in entries:
        for name in (x, y):
            if name not in entry["setting"]:
                given = ", ".join(entry["setting"])
                raise ValueError(f"each setting must have {name!r}, was: {given}")
    across = _values(entries, x)
    down = _values(entries, y)
    made, axes = figure(len(MEASURES), height=1.2 + 0.5 * len(down))
    for axis, (measure, limits) in zip(axes, MEASURES.items(), strict=True):
        field = [[_mean(entries, measure, {x: a, y: b}) for a in across] for b in down]
        low, high = limits or (None, None)
        image = axis.imshow(field, cmap="cividis", vmin=low, vmax=high, aspect="auto")
        axis.set_xticks(range(len(across)), [_off(a) for a in across])
        axis.set_yticks(range(len(down)), [_off(b) for b in down])
        axis.set_xlabel(x, fontsize=9)
        axis.set_ylabel(y, fontsize=9)
        axis.set_title(_title(measure), fontsize=9)
        for i, row in enumerate(field):
            for j, value in enumerate(row):
                dark = value < sum(image.get_clim()) / 2
                colour = "white" if dark else "black"
                axis.text(j, i, number(value), ha="center", va="center", color=colour, size=8)
    return made


def _title(measure: str) -> str:
    return f"{word(measure)}\n{word(measure + '_is')}"


def _values(entries: Sequence[Entry], name: str) -> list[float | None]:
    found = {entry["setting"][name] for entry in entries}
    return sorted(found, key=lambda v: (v is None, v))  # "off" last


def _mean(entries: Sequence[Entry], measure: str, where: Mapping[str, float | None]) -> float:
    values = [
        e[measure] for e in entries if all(e["setting"][name] == v for name, v in where.items())
    ]
    return sum(values) / len(values) if values else float("nan")


def _off(value: float | None) -> str:
    return word("off") if value is None else f"{value:g}"


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
