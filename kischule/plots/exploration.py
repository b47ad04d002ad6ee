"""Pictures of an exploration: the effect of settings on texts, as a table, bars and a grid.

All take `entries`, the list of dicts that the exercise `explore` returns: `text` and the measures
`repetition_rate` (from 0 to 1) and `mean_log_prob` (nats per token). The entries of
`kischule.survey` are means over several texts: they have `distinct_2` (from 0 to 1), their
`setting`, and a `spread` that is shown beside each number.
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
Labels = Sequence[str | Mapping[str, Any]] | None

# measure -> its range; None: unlimited
MEASURES: dict[str, tuple[float, float] | None] = {
    "repetition_rate": (0.0, 1.0),
    "distinct_2": (0.0, 1.0),
    "mean_log_prob": None,
}
NBSP = "\u00a0"  # a space where no line breaks
IN_EVERY_ENTRY = ("repetition_rate", "mean_log_prob")
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

    def __init__(self, entries: Sequence[Entry], labels: Labels) -> None:
        entries, self.measures = _read(entries)
        self.rows = [
            (label, *(_value(entry, name) for name in self.measures), str(entry["text"]))
            for label, entry in zip(_labels(entries, labels), entries, strict=True)
        ]

    def __repr__(self) -> str:
        return "\n\n".join(f"{' | '.join(row[:-1])}\n{row[-1]}" for row in self.rows)

    def _repr_html_(self) -> str:
        """Label, numbers and text below each other, so that a narrow page has room."""
        left = ' style="text-align:left;vertical-align:top;padding:.3em"'
        span = f' colspan="{len(self.measures)}"'
        wraps = "white-space:pre-wrap;overflow-wrap:anywhere"
        text = f'{span} style="text-align:left;max-width:40em;padding:.3em;{wraps}"'
        lines = ["<table><thead><tr>"]
        for name in self.measures:
            lines.append(f'<th scope="col"{left}>{messages.MEASURE_NAMES[name]}</th>')
        lines.append("</tr></thead>")
        for label, *cells, written in self.rows:
            numbers = "".join(f"<td{left}>{cell.replace(NBSP, ' ', 1)}</td>" for cell in cells)
            lines.append(f'<tbody><tr><th scope="rowgroup"{text}>{html.escape(label)}</th></tr>')
            lines.append(f"<tr>{numbers}</tr>")
            lines.append(f"<tr><td{text}>{html.escape(written)}</td></tr></tbody>")
        return "".join([*lines, "</table>"])


def table(entries: Sequence[Entry], labels: Labels = None) -> Table:
    """For each entry its label, the measures and, below them, the text.

    labels: one per entry, a setting or a text; default: the entry's own setting, or its number.
    """
    return Table(entries, labels)


def bars(entries: Sequence[Entry], labels: Labels = None) -> Figure:
    """The measures side by side, one bar per entry; labels as in `table`.

    Raises ValueError if there are no entries.
    """
    entries, measures = _read(entries)
    names = _labels(entries, labels)
    if not entries:
        raise ArgumentError("entries", messages.NO_ENTRIES, entries)
    fig, axes = figure(len(measures), height=0.9 + 0.42 * len(entries), sharey=True)
    for ax, measure in zip(axes, measures, strict=True):
        limits = MEASURES[measure]
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
    entries, measures = _read(entries)
    if not entries:
        raise ArgumentError("entries", messages.NO_ENTRIES, entries)
    for entry in entries:
        for name in (x, y):
            if name not in entry.get("setting", {}):
                given = ", ".join(entry.get("setting", {})) or "–"
                raise ValueError(f"each setting must have {name!r}, was: {given}")
    across = _column_values(entries, x)
    down = _column_values(entries, y)
    groups = [[_matching(entries, {x: a, y: b}) for a in across] for b in down]
    fig, axes = figure(len(measures), height=1.2 + 0.5 * len(down))
    for ax, measure in zip(axes, measures, strict=True):
        limits = MEASURES[measure]
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


def _read(entries: Any) -> tuple[list[Entry], list[str]]:
    """The entries with numbers as floats, a tensor's too, and the measures that all of them have.

    Raises ArgumentError for entries that are not as `explore` returns them.
    """
    if not isinstance(entries, Sequence):
        raise ArgumentError("entries", messages.ENTRIES, entries)
    found: list[Entry] = []
    for entry in entries:
        whole = isinstance(entry, Mapping) and {"text", *IN_EVERY_ENTRY} <= entry.keys()
        if not whole or not isinstance(entry.get("setting", {}), Mapping):
            raise ArgumentError("entries", messages.ENTRIES, entry)
        try:
            numbers = {name: float(entry[name]) for name in MEASURES if name in entry}
        except (TypeError, ValueError, RuntimeError) as error:
            raise ArgumentError("entries", messages.ENTRIES, entry) from error
        found.append({**entry, **numbers})
    return found, [name for name in MEASURES if all(name in entry for entry in found)]


def _labels(entries: Sequence[Entry], labels: Labels) -> list[str]:
    if labels is None:
        labels = [entry.get("setting", str(i)) for i, entry in enumerate(entries, 1)]
    if len(labels) != len(entries):
        raise ArgumentError("labels", messages.LABELS.format(count=len(entries)), labels)
    return [describe(each) if isinstance(each, Mapping) else str(each) for each in labels]


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
    return number(entry[measure]) + (f"{NBSP}±{NBSP}{number(spread[measure])}" if spread else "")


def _off(value: float | None) -> str:
    if value is None:
        return str(messages.OFF)
    return tick(value) if isinstance(value, Real) else str(value)


def _shortened(text: str, max_chars: int = 34) -> str:
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
