"""Pictures, really drawn: their content, and the sentence in place of an impossible one."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from typing import Any

import pytest
import torch

import kischule
from kischule import plots
from kischule.colours import shade
from kischule.errors import ArgumentError
from kischule.i18n import LANGUAGE_VARIABLE, Text
from kischule.measures import token_log_probs
from kischule.plots.style import percent_tick, tick

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
    assert "0,50" in page
    assert "greedy | 0,50 | 0,25 | −2,00\n<script>" in repr(table)


def test_entries_of_explore_are_shown_with_their_settings() -> None:
    log_prob = torch.tensor(-2.0)  # which the check of `explore` accepts
    entries = [{"text": t, "repetition_rate": 0.5, "mean_log_prob": log_prob} for t in "ab"]
    settings = [{"do_sample": False}, {"do_sample": True, "top_p": 0.9}]
    assert repr(plots.table(entries, settings)) == (
        "greedy | 0,50 | −2,00\na\n\ntop_p=0.9 | 0,50 | −2,00\nb"
    )
    assert repr(plots.table(entries)).startswith("1 | 0,50")
    figure = plots.bars(entries, settings)
    assert [len(axis.patches) for axis in figure.axes] == [2, 2]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["greedy", "top_p=0.9"]


def test_bars_show_each_measure_of_each_entry() -> None:
    entries = [_entry(do_sample=False), {**_entry(do_sample=True), "repetition_rate": 0.0}]
    figure = plots.bars(entries)
    assert [len(axis.patches) for axis in figure.axes] == [2, 2, 2]
    assert [p.get_width() for p in figure.axes[0].patches] == [0.5, 0.0]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["greedy", "ausgelost"]
    with pytest.raises(ArgumentError, match="one for each entry, here 2, was: "):
        plots.bars(entries, labels=["nur eines"])
    with pytest.raises(ValueError, match="at least one entry"):
        plots.bars([])


def test_the_grid_averages_entries_with_equal_settings() -> None:
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
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["0,9", "aus"]
    with pytest.raises(ValueError, match="each setting must have 'top_k', was: temperature, top_p"):
        plots.grid(entries, y="top_k")


def test_means_are_shown_with_their_spread() -> None:
    spread = {"repetition_rate": 0.1, "distinct_2": 0.0, "mean_log_prob": 0.25}
    entries = [{**_entry(temperature=t, top_p=0.9), "spread": spread} for t in (0.5, 1.0)]
    assert "0,50 ± 0,10 | 0,25 ± 0,00 | −2,00 ± 0,25" in repr(plots.table(entries)).replace(
        "\u00a0", " "
    )
    bars = plots.bars(entries)
    assert "−2,00 ± 0,25" in _texts(bars).replace("\u00a0", " ")
    assert [len(axis.collections) for axis in bars.axes] == [1, 0, 1]  # no bars for errors of 0
    low = bars.axes[2].get_xlim()[0]
    assert low < -2.25
    assert "0,50 ± 0,10" in _texts(plots.grid(entries)).replace("\u00a0", " ")


@pytest.mark.parametrize("code", ["de", "en"])
def test_negative_numbers_have_a_minus_sign(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, code)
    entries = [_entry(temperature=t, top_p=0.9) for t in (0.5, 1.0)]
    example = plots.worked_example([" a", " b"], torch.tensor([1.0, -2.0]), torch.tensor([[1]]))
    shown = [_texts(draw(entries)) for draw in (plots.bars, plots.grid)]
    shown += [_texts(example.bars()), example._repr_html_(), repr(plots.table(entries))]
    shown.append(str(Text.same("{x:.2f}").format(x=-2.0)))
    for each in shown:
        assert "−2" in each
        assert not re.search(r"(?<![\w-])-\d", re.sub('<style.*?</style>|style=".*?"', "", each))


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


def _texts(figure: Any) -> str:
    """All texts of a figure."""
    from matplotlib.text import Text

    return "\n".join(t.get_text() for t in figure.findobj(Text))


def _drawn(figure: Any) -> None:
    """Draw it: a glyph that the font lacks is a warning, which fails the test."""
    figure.savefig(io.BytesIO())  # the canvas of a closed figure draws nothing


def test_the_next_token_shows_what_stays_and_what_is_cut(mini: tuple[Any, Any]) -> None:
    figure = plots.next_token(*mini, "Once upon a", top_k=2, num_tokens=5)
    axis = figure.axes[0]
    bars = axis.patches[:5]
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True, True, True]
    lengths = [bar.get_width() for bar in bars]
    assert lengths == sorted(lengths, reverse=True)
    labels = [t.get_text() for t in axis.get_yticklabels()]
    assert labels[0] == "' time'"
    cut = 100 * (1 - sum(lengths[:2]))
    said = f"nach 'Once upon a': 2 von 4096 Tokens bleiben, abgeschnitten sind {cut:.1f} %"
    assert axis.get_title(loc="left") == said.replace(".", ",")
    assert {t.get_text() for t in figure.legends[0].get_texts()} == {"bleibt", "fällt weg"}
    _drawn(figure)


def test_a_dot_is_the_models_own_probability_if_it_differs(
    mini: tuple[Any, Any],
) -> None:
    plain = plots.next_token(*mini, "Once upon a")
    assert not plain.axes[0].lines
    assert "alle 4096 Tokens bleiben" in _texts(plain)
    bent = plots.next_token(*mini, "time time Once upon a", repetition_penalty=5.0)
    (dots,) = bent.axes[0].lines
    bars = dict(zip(map(str, bent.axes[0].get_yticklabels()), dots.get_xdata(), strict=True))
    assert len(bars) == 12
    where = [t.get_text() for t in bent.axes[0].get_yticklabels()].index("' time'")
    assert dots.get_xdata()[where] > 3 * bent.axes[0].patches[where].get_width()
    _drawn(bent)


def test_temperatures_bend_one_distribution(mini: tuple[Any, Any]) -> None:
    figure = plots.temperatures(*mini, "The old king", [0.5, 1, 2])
    cold, own, hot = (line.get_ydata() for line in figure.axes[0].lines)
    assert cold[0] > own[0] > hot[0]
    styles = {(line.get_marker(), line.get_linestyle()) for line in figure.axes[0].lines}
    assert len(styles) == 3  # told apart without colours
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert legend[1].startswith("temperature = 1 (Entropie ")
    entropies = [float(t.split("Entropie ")[1][:-1].replace(",", ".")) for t in legend]
    assert entropies == sorted(entropies)
    with pytest.raises(ValueError, match="1 to 4 temperatures, were: 5"):
        plots.temperatures(*mini, "The", [1, 2, 3, 4, 5])
    _drawn(figure)


def test_a_text_is_coloured_by_probability(mini: tuple[Any, Any]) -> None:
    text = "Once upon a time there was a printer"
    figure = plots.token_probabilities(*mini, text, "Once upon")
    ids = mini[0](text).input_ids
    boxes = figure.axes[0].patches
    assert len(boxes) == len(ids)
    assert [box.get_facecolor() for box in boxes[:2]] == [(1, 1, 1, 1)] * 2
    brightness = [sum(box.get_facecolor()[:3]) for box in boxes]
    words = [t.get_text() for t in figure.axes[0].texts]
    assert brightness[words.index(" time")] > brightness[words.index(" was") + 2] + 0.3
    assert "".join(words) == text
    assert "Wahrscheinlichkeit, die das Modell dem Token gab" in _texts(figure)
    _drawn(figure)


def test_repetition_is_shown_where_it_begins(mini: tuple[Any, Any]) -> None:
    line = " and the king and the king and the king"
    figure = plots.repetition(mini[0], line, n=3)
    (curve,) = figure.axes[0].lines
    assert list(curve.get_ydata()[:3]) == [0.0, 0.0, 0.0]
    assert curve.get_ydata()[-1] > 0.5
    assert "am häufigsten: ' and the king', 3-mal" in _texts(figure)
    assert "nichts wiederholt sich" in _texts(plots.repetition(mini[0], " and the king was old"))
    _drawn(figure)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: plots.next_token(*m, ""), "Der Prompt ist leer."),
        (lambda m: plots.next_token(*m, "a", top_p=1.5), "höchstens 1 sein (1 schaltet aus). Gege"),
        (lambda m: plots.next_token(*m, "a", top_p=0), "top_p muss größer als 0"),
        (lambda m: plots.next_token(*m, "a", temperature=0), "temperature muss größer als 0 sein"),
        (lambda m: plots.next_token(*m, " a" * 300), "hat 300 Tokens. Das Modell überblickt 256"),
        (
            lambda m: plots.temperatures(m[0], m[1], "a", [0.0]),
            "temperature muss größer als 0 sein",
        ),
        (lambda m: plots.temperatures(m[0], m[1], ""), "Der Prompt ist leer."),
        (lambda m: plots.token_probabilities(m[0], m[1], ""), "Der Prompt ist leer."),
        (lambda m: plots.token_probabilities(m[0], m[1], " a" * 300), "Das Modell überblickt 256"),
        (lambda m: plots.repetition(m[0], "a"), "weniger als 4 Tokens"),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(
    mini: tuple[Any, Any], call: Any, said: str
) -> None:
    figure = call(mini)
    assert said in _texts(figure)
    _drawn(figure)


def test_any_text_can_be_drawn(mini: tuple[Any, Any]) -> None:
    """Emoji, formulas and control characters: no glyph is missing, no dollar is a formula."""
    for text in ("😀 日本", "$\\frac{1}$ costs $5", "a\tb\x00\n\nc", "<|endoftext|>"):
        for figure in (
            plots.next_token(*mini, text),
            plots.temperatures(*mini, text),
            plots.token_probabilities(*mini, text + " a king"),
            plots.repetition(mini[0], text * 3, n=1),
        ):
            _drawn(figure)


def test_pictures_speak_the_notebooks_language(
    mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    assert "2 of 4096 tokens are kept, " in _texts(plots.next_token(*mini, "Once upon a", top_k=2))
    assert "share of repeated 4-grams" in _texts(plots.bars([_entry(do_sample=True)]))
    assert "The prompt is empty." in _texts(plots.next_token(*mini, ""))


def test_importing_plots_does_not_import_matplotlib() -> None:
    code = "import sys, kischule.plots; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


WORDS = (" wolf", " king", " forest", " castle", " saw")


def test_a_worked_example_shows_every_step_of_the_same_words() -> None:
    setting = {"repetition_penalty": 2.0, "temperature": 0.5, "top_k": 4, "top_p": 0.95}
    logits, seen = torch.tensor([2.0, 3.0, 1.0, 0.0, -1.0]), torch.tensor([[1, 4]])
    example = plots.worked_example(WORDS, logits, seen, **setting)
    _, wolf, king, forest, castle, saw = [line.split(" | ") for line in repr(example).splitlines()]
    assert wolf[1:7] == ["2,00", "2,00", "4,00", "65,7 %", "65,7 %", "bleibt"]
    assert king[1:7] == ["3,00", "1,50", "3,00", "24,2 %", "89,9 %", "bleibt"]
    assert forest[5:8] == ["98,8 %", "bleibt", "9,0 %"]
    assert castle[6:] == ["fällt weg", "0,0 %", "0"]
    assert saw[1:5] == ["−1,00", "−2,00", "−4,00", "0,02 %"]
    assert sum(int(row[-1]) for row in (wolf, king, forest)) == 1000
    assert example._repr_html_().count("<tr>") == 6
    figure = example.bars()
    assert len(figure.axes) == 5
    assert "0,0 % (−∞)" in _texts(figure)
    _drawn(figure)


def test_the_running_sum_follows_the_probability() -> None:
    example = plots.worked_example(("a", "b"), torch.tensor([0.0, 1.0]), torch.tensor([[0]]))
    rows = [line.split(" | ") for line in repr(example).splitlines()[1:]]
    assert [row[5] for row in rows] == ["100,0 %", "73,1 %"]
    assert "top_k = aus, top_p = aus" in repr(example)


def test_ranks_name_what_each_filter_keeps(mini: tuple[Any, Any]) -> None:
    prompts = ["Once upon a time there lived", "The old king"]
    figure = plots.ranks(*mini, prompts, top_k=50, top_p=0.9)
    sure, open_ = (t.get_text() for t in figure.legends[0].get_texts())
    assert "top_k = 50 behält 99,7 %\ntop_p = 0.9 behält 3 Tokens" in sure
    assert "top_k = 50 behält 71,4 %\ntop_p = 0.9 behält 204 Tokens" in open_
    curves = [line.get_ydata() for line in figure.axes[0].lines[:2]]
    assert all(curve[-1] == pytest.approx(1) for curve in curves)
    assert "top_" not in _texts(plots.ranks(*mini, ["The old king"]))
    assert "größer als 0 und höchstens 1" in _texts(plots.ranks(*mini, ["The"], top_p=2.0))
    with pytest.raises(ValueError, match="1 to 4 prompts, were: 0"):
        plots.ranks(*mini, [])
    _drawn(figure)


UNUSABLE: dict[str, tuple[str, str, Any]] = {
    "no bars": (
        "mindestens 1 sein",
        "at least 1",
        lambda t, m: plots.next_token(t, m, "a", num_tokens=0),
    ),
    "a text as a number": (
        "ganze Zahl",
        "whole number",
        lambda t, m: plots.next_token(t, m, "a", num_tokens="5"),
    ),
    "too many bars": (
        "höchstens 200",
        "at most 200",
        lambda t, m: plots.next_token(t, m, "a", num_tokens=10**30),
    ),
    "an unknown setting": (
        "Einstellungen sind",
        "settings must be",
        lambda t, m: plots.next_token(t, m, "a", topp=1),
    ),
    "the other way round": (
        "tokenizer muss",
        "tokenizer must",
        lambda t, m: plots.next_token(m, t, "a"),
    ),
    "no text": ("muss ein Text sein", "must be text", lambda t, m: plots.temperatures(t, m, 5)),
    "half a character": (
        "muss ein Text sein",
        "must be text",
        lambda t, m: plots.repetition(t, "\ud800"),
    ),
    "one temperature": ("Liste", "list", lambda t, m: plots.temperatures(t, m, "a", 0.5)),
    "no n": (
        "ganze Zahl",
        "whole number",
        lambda t, m: plots.repetition(t, "one two three four", None),
    ),
    "a prompt of numbers": (
        "muss ein Text",
        "must be text",
        lambda t, m: plots.token_probabilities(t, m, "a b", [5]),
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_argument_is_explained_in_both_languages(
    mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    german, english, draw = UNUSABLE[case]
    for code, words in (("de", german), ("en", english)):
        monkeypatch.setenv(LANGUAGE_VARIABLE, code)
        assert words in _texts(draw(*mini))


@pytest.mark.parametrize(
    "entries",
    [None, 5, {}, [None], [{}], [{**_entry(), "setting": None}], [{**_entry(), "distinct_2": "x"}]],
    ids=repr,
)
@pytest.mark.parametrize("picture", [plots.bars, plots.grid, plots.table])
def test_entries_are_those_of_explore(picture: Any, entries: Any) -> None:
    with pytest.raises(ArgumentError, match=r"each entry must be .*, was: "):
        picture(entries)


def _tick_labels(figure: Any) -> list[str]:
    _drawn(figure)
    return [
        label.get_text()
        for axes in figure.axes
        if axes.axison
        for axis in (axes.xaxis, axes.yaxis)
        for label in axis.get_ticklabels()
    ]


def test_numbers_on_german_axes_have_a_decimal_comma(
    mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [_entry(temperature=t, top_p=p) for t in (0.25, 1.0) for p in (0.9, 0.5)]
    pictures = {
        "next_token": lambda: plots.next_token(*mini, " 1", temperature=3.0, num_tokens=3),
        "temperatures": lambda: plots.temperatures(*mini, "The", [4.0], num_tokens=3),
        "bars": lambda: plots.bars(entries),
        "grid": lambda: plots.grid(entries),
        "repetition": lambda: plots.repetition(mini[0], " and the king was", n=3),
        "token_probabilities": lambda: plots.token_probabilities(*mini, "The old king"),
    }
    for name, draw in pictures.items():
        monkeypatch.setenv(LANGUAGE_VARIABLE, "de")
        german = _tick_labels(draw())
        monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
        english = _tick_labels(draw())
        swapped = [
            label if "=" in label else label.replace(".", ",").replace("%", " %")  # top_p=0.9: code
            for label in english
        ]
        assert german == swapped, name
    assert "0.25" in _tick_labels(plots.grid(entries))


def test_no_tick_is_rounded_to_another_number() -> None:
    assert [tick(x) for x in (0.25, -0.5, 10, 0)] == ["0,25", "−0,5", "10", "0"]
    shares = (0.0, 0.001, 0.025, 0.1, 1.0)
    assert list(map(percent_tick, shares)) == ["0 %", "0,1 %", "2,5 %", "10 %", "100 %"]


def test_positions_of_a_short_text_are_whole(mini: tuple[Any, Any]) -> None:
    axis = plots.repetition(mini[0], " and the king was", n=3).axes[0]
    assert all(place == int(place) for place in axis.get_xticks())


def test_a_legend_covers_no_line(mini: tuple[Any, Any]) -> None:
    for figure in (
        plots.next_token(*mini, "time time Once upon a", top_k=2, repetition_penalty=5.0),
        plots.temperatures(*mini, "The old king"),
        plots.ranks(*mini, ["The old king"], top_p=0.9),
        plots.repetition(mini[0], " and the king and the king"),
    ):
        _drawn(figure)
        (axis,) = figure.axes
        (legend,) = figure.legends
        inside = legend.get_window_extent()
        assert not axis.get_window_extent().overlaps(inside)
        assert figure.bbox.x1 >= inside.x1
        assert inside.y0 >= 0


def test_one_token_is_singular(mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        cut = plots.next_token(*mini, "Once upon a", top_k=1)
        ranks = plots.ranks(*mini, ["Once upon a"], top_p=0.1)
        return "\n".join(map(_texts, (cut, ranks, plots.repetition(mini[0], "", n=1))))

    german = said()
    assert "1 von 4096 Tokens bleibt," in german
    assert "top_p = 0.1 behält 1 Token\n" in german + "\n"
    assert "weniger als 1 Token." in german
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    english = said()
    assert "1 of 4096 tokens is kept," in english
    assert "keeps 1 token\n" in english + "\n"
    assert "fewer than 1 token." in english


def test_likely_and_unlikely_have_one_scale_of_colours(mini: tuple[Any, Any]) -> None:
    """Tokens in a picture, tokens in the laboratory, and the log-probability of a text."""
    text = "There was once a poor woman, zebra"
    (axis, _) = plots.token_probabilities(*mini, text).axes
    tokenizer, model = mini
    ids = tokenizer(text, return_tensors="pt").input_ids
    probs = token_log_probs(model, ids).exp().tolist()
    for patch, prob in zip(axis.patches[1:], probs, strict=True):
        assert [255 * x for x in patch.get_facecolor()[:3]] == pytest.approx(shade(prob), abs=1.5)
    entries = [_entry(temperature=t, top_p=0.9) for t in (0.5, 1.0)]
    entries[1] |= {"mean_log_prob": -5.0}
    (image,) = plots.grid(entries).axes[2].images
    likely, unlikely = (image.to_rgba(image.get_array())[0, i, :3] for i in (0, 1))
    assert [255 * x for x in likely] == pytest.approx(shade(1.0))
    assert [255 * x for x in unlikely] == pytest.approx(shade(0.0))
