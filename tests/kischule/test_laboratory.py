"""The laboratory's controls, moved by code; `test_jupyterlab.py` moves them in a browser."""

from __future__ import annotations

import asyncio
import html
import subprocess
import sys
from typing import Any

import pytest
from support.notebooks import ROOT

import kischule
from kischule.decoding import FURTHER, NEUTRAL, STAGES, Setting
from kischule.i18n import LANGUAGE_VARIABLE
from kischule.laboratory import controls, snapshot
from kischule.laboratory.controls import DELAY_S, SLIDERS, Lab


@pytest.fixture(scope="module")
def mini() -> tuple[Any, Any]:
    return kischule.load("mini", "cpu")


@pytest.fixture
def lab(mini: tuple[Any, Any]) -> Lab:
    made = kischule.lab(*mini, "The old king", temperature=0.8, max_new_tokens=12)
    assert isinstance(made, Lab)
    return made


def _slide(lab: Lab, name: str, value: float, side: int = 0) -> None:
    lab.panels[side].sliders[name].value = value


def _greyed(lab: Lab) -> bool:
    """The table and the text on display are greyed; False if neither is."""
    parts = lab.views[0].table, lab.views[0].text
    (greyed,) = {part.value.startswith('<div style="opacity:.4">') for part in parts}
    return greyed


def test_it_begins_with_what_the_call_says(lab: Lab) -> None:
    (shown,) = lab.snapshots
    assert shown.setting == Setting(do_sample=True, temperature=0.8)
    assert shown.prompt_text == "The old king"
    assert len(shown.probs) == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repetition_penalty", 1.5),
        ("temperature", 0.5),
        ("top_k", 7),
        ("top_p", 0.6),
        ("no_repeat_ngram_size", 1),
        ("min_p", 0.3),
        ("typical_p", 0.4),
    ],
)
def test_each_control_changes_picture_and_text(lab: Lab, name: str, value: float) -> None:
    before = lab.views[0].table.value
    _slide(lab, name, value)
    assert lab.views[0].table.value != before
    assert getattr(lab.snapshots[0].setting, name) == value
    assert lab.views[0].text.value == lab.snapshots[0].written()


def test_a_neutral_value_is_off(lab: Lab) -> None:
    for name, value in (NEUTRAL | FURTHER).items():
        _slide(lab, name, SLIDERS[name][1]["max"])
        _slide(lab, name, value)
    assert lab.snapshots[0].setting == Setting(do_sample=True)
    lab.panels[0].do_sample.value = False
    assert lab.snapshots[0].setting == Setting()


def test_further_steps_are_folded_until_they_are_used(mini: tuple[Any, Any], lab: Lab) -> None:
    assert lab.panels[0].further.selected_index is None
    assert lab.snapshots[0].stages == STAGES
    _slide(lab, "min_p", 0.2)
    _slide(lab, "no_repeat_ngram_size", 2)
    (shown,) = lab.snapshots
    place = STAGES.index("temperature")
    assert shown.stages == (*STAGES[:place], "no_repeat_ngram_size", *STAGES[place:], "min_p")
    assert "min_p" in lab.views[0].table.value
    assert "no_repeat_ngram_size=2, min_p=0.2" in shown.code
    again = kischule.lab(*mini, "The old king", typical_p=0.5)
    assert isinstance(again, Lab)
    assert again.panels[0].further.selected_index == 0


def test_a_click_on_a_token_goes_on_from_there_and_back(lab: Lab) -> None:
    button = lab.views[0].buttons[1]
    token = lab.snapshots[0].rows[1]
    assert button.description == repr(token)
    button.click()
    assert lab.prompt.value == "The old king" + token
    assert lab.snapshots[0].prompt_text == lab.prompt.value
    lab.undo.click()
    assert lab.prompt.value == "The old king"
    assert lab.undo.disabled


def test_two_settings_are_side_by_side_with_the_same_seed(lab: Lab) -> None:
    lab.compare.value = True
    first, second = lab.snapshots
    assert first.setting == Setting(do_sample=True, temperature=0.8)
    assert second.setting == Setting(do_sample=False, temperature=0.8)  # it begins with greedy
    lab.panels[1].do_sample.value = True
    first, second = lab.snapshots
    assert first.text == second.text
    _slide(lab, "temperature", 2.0, side=1)
    first, second = lab.snapshots
    assert (first.setting.temperature, second.setting.temperature) == (0.8, 2.0)
    assert first.seed == second.seed
    assert first.text != second.text
    assert first.longest > 1.5 * second.longest  # and yet one scale: equal numbers, equal bars
    own = "width:{}px;background".format(
        round(snapshot._BAR_WIDTH * float(first.following.probs["model"][0]) / first.longest)
    )
    assert all(own in view.table.value for view in lab.views)
    lab.compare.value = False
    assert len(lab.snapshots) == 1


def test_the_seed_changes_the_text_and_not_the_distribution(lab: Lab) -> None:
    (before,) = lab.snapshots
    lab.seed.value = 2
    (after,) = lab.snapshots
    assert before.text != after.text
    assert before.rows == after.rows
    lab.seed.value = 1
    assert lab.snapshots[0].text == before.text


def test_the_code_is_shown_when_asked_for(lab: Lab) -> None:
    assert lab.code.value == ""
    lab.as_code.value = True
    assert "model.generate(input_ids" in lab.code.value
    assert "temperature=0.8" in lab.code.value
    _slide(lab, "temperature", 0.5)
    assert "temperature=0.5" in lab.code.value


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature", 0.0, "temperature muss größer als 0 sein"),
        ("top_p", 0.0, "top_p muss größer als 0 und höchstens 1 sein"),
        ("repetition_penalty", 0.0, "repetition_penalty muss größer als 0 sein"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_beside_its_control(
    lab: Lab, name: str, value: float, said: str
) -> None:
    shown = lab.snapshots
    _slide(lab, name, value)
    assert said in lab.panels[0].problems[name].value
    assert lab.snapshots == shown  # the last answer stays, greyed
    assert _greyed(lab)
    assert lab.busy.value == ""
    _slide(lab, name, 0.9)
    assert lab.panels[0].problems[name].value == ""
    assert lab.snapshots != shown
    assert not _greyed(lab)


def test_what_the_call_cannot_mean_is_named_beside_its_control(mini: tuple[Any, Any]) -> None:
    lab = kischule.lab(*mini, "The", top_p=1.5, temperature=0, top_k=-1)
    assert isinstance(lab, Lab)
    for name in ("top_p", "temperature", "top_k"):
        assert name in lab.panels[0].problems[name].value
        assert lab.panels[0].sliders[name].value == NEUTRAL[name]
    assert lab.snapshots[0].setting == Setting(do_sample=True)
    _slide(lab, "top_p", 0.5)
    assert lab.panels[0].problems["top_p"].value == ""
    assert "top_k" in lab.panels[0].problems["top_k"].value
    with pytest.raises(TypeError, match=r"settings must be among repetition_penalty, .* was: topp"):
        kischule.lab(*mini, topp=0.5)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("", "Der Prompt ist leer."), (" a" * 300, "Der Prompt hat 300 Tokens.")],
)
def test_a_prompt_that_cannot_be_continued_is_named(lab: Lab, prompt: str, said: str) -> None:
    lab.prompt.value = prompt
    assert said in lab.problem.value
    assert _greyed(lab)
    lab.prompt.value = "😀"
    assert lab.problem.value == ""
    assert lab.snapshots[0].prompt_text == "😀"


def test_a_seed_below_0_is_named(lab: Lab) -> None:
    lab.seed.value = -1
    assert "seed muss eine ganze Zahl ab 0 sein. Gegeben: -1." in lab.seed_problem.value
    assert _greyed(lab)


def test_what_is_typed_is_escaped(lab: Lab) -> None:
    lab.as_code.value = True
    lab.prompt.value = "<script>alert(1)</script>"
    for place in (lab.views[0].text, lab.views[0].table, lab.code):
        assert "<script" not in place.value


def test_while_a_hand_moves_nothing_is_asked(lab: Lab) -> None:
    """A kernel has an event loop: only the last value before a pause is answered."""
    asked: list[Any] = []

    async def drag() -> None:
        lab.update = lambda: asked.append(lab.panels[0].sliders["top_k"].value)  # type: ignore[method-assign]
        for value in range(1, 20):
            _slide(lab, "top_k", value)
        assert asked == []
        await asyncio.sleep(4 * DELAY_S)

    asyncio.run(drag())
    assert asked == [19]


def test_it_speaks_english_where_the_notebook_does(
    mini: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    lab = kischule.lab(*mini, "")
    assert isinstance(lab, Lab)
    assert "The prompt is empty." in lab.problem.value
    assert lab.compare.description == "compare"


def test_a_saved_notebook_shows_what_the_widgets_showed(lab: Lab) -> None:
    shown = lab._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    (snapshot,) = lab.snapshots
    assert shown["text/html"] == snapshot._repr_html_()
    assert shown["text/plain"].endswith(snapshot.text)


def test_without_widgets_it_is_a_plain_call() -> None:
    program = (
        "import sys; sys.modules['ipywidgets'] = None\n"
        "import kischule\n"
        "tokenizer, model = kischule.load('mini', 'cpu')\n"
        "shown = kischule.lab(tokenizer, model, 'Once upon a', top_k=3, max_new_tokens=5)\n"
        "print(shown)\n"
        "try: kischule.lab(tokenizer, model, top_p=1.5)\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "Ohne ipywidgets gibt es keine Regler." in done.stdout
    assert "' time'" in done.stdout
    assert "Once upon a time" in done.stdout
    assert "top_p must lie in (0, 1], was: 1.5" in done.stdout


def test_a_typed_number_has_a_comma_or_a_point(lab: Lab) -> None:
    field = lab.panels[0].dials["temperature"].field
    assert field.value == "0,8"
    for typed, number, shown in [
        ("0,7", 0.7, "0,7"),
        (" 0.70 ", 0.7, "0,7"),
        ("0,123", 0.123, "0,123"),  # between two steps of the slider
        ("12", 12.0, "12,0"),  # beyond its end
        (",5", 0.5, "0,5"),
    ]:
        field.value = typed
        assert lab.snapshots[0].setting.temperature == number
        assert field.value == shown
        assert f">{shown}&nbsp;<" in lab.views[0].table.value  # the column's head
    assert lab.panels[0].sliders["temperature"].value == 0.5


def test_a_field_follows_its_slider(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    _slide(lab, "top_p", 0.25)
    _slide(lab, "top_k", 30)
    fields = [lab.panels[0].dials[name].field for name in ("top_p", "top_k")]
    assert [field.value for field in fields] == ["0,25", "30"]
    monkeypatch.setenv(LANGUAGE_VARIABLE, "en")
    _slide(lab, "top_p", 0.5)
    assert fields[0].value == "0.5"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("temperature", "warm"),
        ("temperature", "-1,0"),
        ("temperature", "nan"),
        ("repetition_penalty", ""),
        ("top_p", "90 %"),
        ("top_k", "2,5"),
    ],
)
def test_a_typed_value_that_cannot_be_used_is_named(lab: Lab, name: str, typed: str) -> None:
    dial, shown = lab.panels[0].dials[name], lab.snapshots
    dial.field.value = typed
    assert f"{name} muss" in dial.problem.value
    assert dial.field.value == typed  # it stays, to be put right
    assert _greyed(lab)
    assert lab.snapshots == shown
    dial.field.value = "1"
    assert dial.problem.value == ""
    assert not _greyed(lab)
    assert lab.panels[0].setting() == lab.snapshots[0].setting


@pytest.mark.parametrize("typed", ["0", "-3", "2,5", "viele"])
def test_a_number_of_new_tokens_that_makes_no_text_is_named(lab: Lab, typed: str) -> None:
    lab.new_tokens.field.value = typed
    assert "max_new_tokens muss" in lab.new_tokens.problem.value
    assert _greyed(lab)
    lab.new_tokens.field.value = "3"
    assert len(lab.snapshots[0].probs) == 3


def test_initial_values_beyond_the_sliders_are_kept(mini: tuple[Any, Any]) -> None:
    lab = kischule.lab(*mini, "The", top_k=200, temperature=5, max_new_tokens=230)
    assert lab.snapshots[0].setting == Setting(do_sample=True, temperature=5.0, top_k=200)
    assert len(lab.snapshots[0].probs) == 230
    assert "temperature=5.0, top_k=200" in lab.snapshots[0].code  # transformers refuses ints


def test_it_says_that_it_computes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    take = snapshot.take_snapshots

    def watched(*arguments: Any, **options: Any) -> Any:
        said.append(lab.busy.value)
        assert _greyed(lab)
        return take(*arguments, **options)

    monkeypatch.setattr(controls, "take_snapshots", watched)
    _slide(lab, "top_k", 5)
    assert said == ['<span role="status">rechnet …</span>']
    assert lab.busy.value == ""
    assert not _greyed(lab)


def test_each_row_has_its_token_for_a_screen_reader(lab: Lab) -> None:
    table = lab.views[0].table.value
    heads = [part.partition("</th>")[0] for part in table.split('<th scope="row">')[1:]]
    assert len(heads) == len(lab.snapshots[0].rows)
    for head, token in zip(heads, lab.snapshots[0].rows, strict=True):
        assert f"<code>{html.escape(repr(token))}</code>" in head
    assert table.count('aria-label="so geht der Text weiter"') == 1
