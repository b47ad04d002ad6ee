"""Pictures of an exploration: the effect of settings on texts, as a table, bars and a grid.

All take `entries`, the list of dicts that the exercise `explore` returns: `setting`, `text` and the
measures `repetition_rate` and `distinct_2` (both from 0 to 1) and `mean_log_prob` (nats per token).
The entries of `kischule.survey` are means over several texts and have a `spread` as well, which is
shown beside each number.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from kischule import messages
from kischule.colours import BLUE, DARK, GREY, ORANGE
from kischule.errors import ArgumentError
from kischule.i18n import number
from kischule.plots.style import figure, likelihood, tick

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]

# measure -> its range; None: unlimited
MEASURES: dict[str, tuple[float, float] | None] = {
    "repetition_rate": (0.0, 1.0),
    "distinct_2": (0.0, 1.0),
    "mean_log_prob": None,
}
COLOURS = {"repetition_rate": ORANGE, "distinct_2": BLUE, "mean_log_prob": DARK}


def describe(setting: Mapping[str, Any]) -> str:
    """A setting in a few words: all that is on, without `max_length`."""
    parts = [
        f"{name}={value:g}" if isinstance(value, Real) else f"{name}={value}"
        for name, value in setting.items()
        if name not in ("max_length", "do_sample") and value is not None
    ]
    if not setting.get("do_sample"):
        parts.insert(0, "greedy")
    return ", ".join(parts) or str(messages.SAMPLED)


class Table:
    """Entries as an HTML table in a notebook, as lines in a terminal. Texts are escaped."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        _check_entries(entries)
        self.rows = [
            (describe(e["setting"]), *(_value(e, name) for name in MEASURES), str(e["text"]))
            for e in entries
        ]

    def __repr__(self) -> str:
        return "\n\n".join(f"{' | '.join(row[:-1])}\n{row[-1]}" for row in self.rows)

    def _repr_html_(self) -> str:
        """Each text on a line of its own below its numbers, so that a narrow page has room."""
        measures = [messages.MEASURE_NAMES[name] for name in MEASURES]
        head = map(str, [messages.SETTING, *measures])
        left = ' style="text-align:left;vertical-align:top"'
        text = ' style="text-align:left;white-space:pre-wrap;max-width:40em"'
        lines = ["<table><thead><tr>"]
        lines += [f'<th scope="col"{left}>{html.escape(name)}</th>' for name in head]
        lines.append("</tr></thead><tbody>")
        for *cells, written in self.rows:
            numbers = "".join(f"<td{left}>{html.escape(cell)}</td>" for cell in cells)
            lines.append(f"<tr>{numbers}</tr>")
            lines.append(f'<tr><td colspan="{len(cells)}"{text}>{html.escape(written)}</td></tr>')
        return "".join([*lines, "</tbody></table>"])


def table(entries: Sequence[Entry]) -> Table:
    """For each entry the setting, the three measures and, below them, the text."""
    return Table(entries)


def bars(entries: Sequence[Entry], labels: Sequence[str] | None = None) -> Figure:
    """The measures side by side, one bar per entry.

    labels: one per entry; default: the setting in words. Raises ValueError if there are no entries
    or if labels and entries differ in number.
    """
    _check_entries(entries)
    names = [describe(e["setting"]) for e in entries] if labels is None else list(labels)
    if not entries or len(names) != len(entries):
        raise ValueError(
            f"there must be at least one entry and one label for each, was: {len(entries)} "
            f"entries, {len(names)} labels"
        )
    fig, axes = figure(len(MEASURES), height=0.9 + 0.42 * len(entries), sharey=True)
    for ax, (measure, limits) in zip(axes, MEASURES.items(), strict=True):
        values = [e[measure] for e in entries]
        spread = [e.get("spread", {}).get(measure, 0.0) for e in entries]
        bars = ax.barh(
            range(len(values)),
            values,
            xerr=spread if any(spread) else None,
            color=COLOURS[measure],
            ecolor=GREY,
            height=0.6,
        )
        labels_shown = [_value(e, measure) for e in entries]
        ax.bar_label(bars, labels=labels_shown, padding=3, fontsize=8)
        ax.set_title(_title(measure), fontsize=9)
        ax.xaxis.set_major_formatter(tick)
        if limits:
            ax.set_xticks([limits[0], sum(limits) / 2, limits[1]])
            ax.set_xlim(limits[0], limits[1] * (1.5 if any(spread) else 1.15))
        else:
            low = min(0, *(v - d for v, d in zip(values, spread, strict=True)))
            ax.set_xlim(low * (1.7 if any(spread) else 1.25) - 0.01, 0)
    axes[0].set_yticks(range(len(names)), [_shortened(n) for n in names])
    axes[0].invert_yaxis()
    return fig


def grid(entries: Sequence[Entry], x: str = "temperature", y: str = "top_p") -> Figure:
    """Each measure as a coloured table over two settings; entries with equal values are averaged.

    x, y: names of settings; None is shown as "off". Raises ValueError if an entry lacks one of
    them.
    """
    _check_entries(entries)
    if not entries:
        raise ArgumentError("entries", messages.NO_ENTRIES, entries)
    for entry in entries:
        for name in (x, y):
            if name not in entry["setting"]:
                given = ", ".join(entry["setting"])
                raise ValueError(f"each setting must have {name!r}, was: {given}")
    across = _column_values(entries, x)
    down = _column_values(entries, y)
    groups = [[_matching(entries, {x: a, y: b}) for a in across] for b in down]
    fig, axes = figure(len(MEASURES), height=1.2 + 0.5 * len(down))
    for ax, (measure, limits) in zip(axes, MEASURES.items(), strict=True):
        field = [[_mean([e[measure] for e in group]) for group in row] for row in groups]
        low, high = limits or (None, None)
        shades = likelihood() if measure == "mean_log_prob" else "cividis"
        image = ax.imshow(field, cmap=shades, vmin=low, vmax=high, aspect="auto")
        ax.set_xticks(range(len(across)), [_off(a) for a in across])
        ax.set_yticks(range(len(down)), [_off(b) for b in down])
        ax.set_xlabel(x, fontsize=9)
        ax.set_ylabel(y, fontsize=9)
        ax.set_title(_title(measure), fontsize=9)
        for i, row in enumerate(field):
            for j, value in enumerate(row):
                dark = shades == "cividis" and value < sum(image.get_clim()) / 2
                colour = "white" if dark else "black"
                group = groups[i][j]
                text = _value(group[0], measure) if len(group) == 1 else number(value)
                ax.text(j, i, text, ha="center", va="center", color=colour, size=8)
    return fig


def _check_entries(entries: Any) -> None:
    """Raise ArgumentError for entries that are not as `explore` returns them."""
    if not isinstance(entries, Sequence):
        raise ArgumentError("entries", messages.ENTRIES, entries)
    for entry in entries:
        whole = isinstance(entry, Mapping) and {"setting", "text", *MEASURES} <= entry.keys()
        if (
            not whole
            or not isinstance(entry["setting"], Mapping)
            or not all(isinstance(entry[name], Real) for name in MEASURES)
        ):
            raise ArgumentError("entries", messages.ENTRIES, entry)


def _title(measure: str) -> str:
    return f"{messages.MEASURE_NAMES[measure]}\n{messages.MEASURE_UNITS[measure]}"


def _column_values(entries: Sequence[Entry], name: str) -> list[float | None]:
    found = {entry["setting"][name] for entry in entries}
    # numbers first, "off" last
    return sorted(found, key=lambda v: (v is None, not isinstance(v, Real), v))


def _matching(entries: Sequence[Entry], where: Mapping[str, float | None]) -> list[Entry]:
    return [e for e in entries if all(e["setting"][name] == v for name, v in where.items())]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _value(entry: Entry, measure: str) -> str:
    """A measure, with its spread if the entry has one: `0,50 ± 0,10`, on one line."""
    spread = entry.get("spread")
    return number(entry[measure]) + (f"\u00a0±\u00a0{number(spread[measure])}" if spread else "")


def _off(value: float | None) -> str:
    if value is None:
        return str(messages.OFF)
    return tick(value) if isinstance(value, Real) else str(value)


def _shortened(text: str, max_chars: int = 34) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
