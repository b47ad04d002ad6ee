"""Pictures of an exploration, drawn for real."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from kischule import plots

MEASURES = {"repetition_rate": 0.5, "distinct_2": 0.25, "mean_log_prob": -2.0}


def _entry(text: str = "a", **setting: Any) -> dict[str, Any]:
    return {"setting": setting, "text": text, **MEASURES}


def test_a_setting_is_described_by_what_is_on() -> None:
    off = {"max_length": 9, "do_sample": False, "temperature": None, "top_p": None}
    assert plots.describe(off) == "greedy"
    assert plots.describe({**off, "repetition_penalty": 1.5}) == "greedy, repetition_penalty=1.5"
    assert plots.describe({**off, "do_sample": True, "top_p": 0.5}) == "top_p=0.5"
    assert plots.describe({**off, "do_sample": True}) == "ausgelost"


def test_the_table_holds_each_text_escaped() -> None:
    table = plots.table([_entry("<script>x</script>\nzwei", do_sample=False)])
    page = table._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<td" in page
    assert "0.50" in page
    assert "greedy | 0.50 | 0.25 | -2.00\n<script>" in repr(table)


def test_bars_show_each_measure_of_each_entry() -> None:
    entries = [_entry(do_sample=False), {**_entry(do_sample=True), "repetition_rate": 0.0}]
    figure = plots.bars(entries)
    assert [len(axis.patches) for axis in figure.axes] == [2, 2, 2]
    assert [p.get_width() for p in figure.axes[0].patches] == [0.5, 0.0]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["greedy", "ausgelost"]
    with pytest.raises(ValueError, match="a label for each, was: 2 entries, 1 labels"):
        plots.bars(entries, labels=["nur eines"])
    with pytest.raises(ValueError, match="at least one entry"):
        plots.bars([])


def test_the_grid_puts_each_entry_where_its_settings_say_and_averages() -> None:
    entries = [
        {**_entry(temperature=t, top_p=p), "repetition_rate": value}
        for t, p, value in [(0.5, 0.9, 0.1), (1.0, 0.9, 0.2), (0.5, None, 0.3), (0.5, None, 0.5)]
    ]
    figure = plots.grid(entries)
    field = figure.axes[0].images[0].get_array()
    assert field.shape == (2, 2)
    assert field[0].tolist() == [0.1, 0.2]
    assert field[1, 0] == pytest.approx(0.4)
    assert field.mask[1, 1]  # nothing was tried there
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["0.9", "aus"]
    with pytest.raises(ValueError, match="each setting must have 'top_k', was: temperature, top_p"):
        plots.grid(entries, y="top_k")


def test_importing_plots_does_not_import_matplotlib() -> None:
    code = "import sys, kischule.plots; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
