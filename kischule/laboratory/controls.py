"""The laboratory's controls, in ipywidgets: what is set, asked of the model and shown anew."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from kischule.decoding import STAGES, Setting, SettingError
from kischule.inputs import PromptError, explain
from kischule.snapshot import ENDS, MOST, ROW, Snapshot, made
from kischule.words import word

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DELAY = 0.12  # seconds of rest before an answer, while somebody types or drags
# name -> (kind of slider, its options); each end is a value that a student may well try
SLIDERS: dict[str, tuple[Any, dict[str, float]]] = {
    "repetition_penalty": (widgets.FloatSlider, {"min": 0.0, "max": 4.0, "step": 0.05}),
    "temperature": (widgets.FloatSlider, {"min": 0.0, "max": 3.0, "step": 0.05}),
    "top_k": (widgets.IntSlider, {"min": 0, "max": 100, "step": 1}),
    "top_p": (widgets.FloatSlider, {"min": 0.0, "max": 1.0, "step": 0.01}),
}
NEUTRAL = {"repetition_penalty": 1.0, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
_WIDE = {"description_width": "9.5em"}


class Panel(widgets.VBox):
    """The controls of one setting, each with room for a sentence beside it."""

    def __init__(self, beginning: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self.do_sample = widgets.Checkbox(
            bool(beginning.get("do_sample", True)),
            description="do_sample",
            indent=True,
            style=_WIDE,
        )
        self.sliders: dict[str, Any] = {}
        self._refused: dict[str, str] = {}  # of the call; said until the control is moved
        self.problems = {name: widgets.HTML() for name in SLIDERS}
        for name, (kind, options) in SLIDERS.items():
            value = beginning.get(name)
            if problem := _problem(name, value):
                self._refused[name], value = problem, None
            self.sliders[name] = kind(
                NEUTRAL[name] if value is None else min(value, options["max"]),
                **options,
                description=name,
                style=_WIDE,
                layout=widgets.Layout(width="26em"),
            )
        for name, slider in self.sliders.items():
            slider.observe(lambda _, name=name: self._refused.pop(name, None), "value")
        for control in (self.do_sample, *self.sliders.values()):
            control.observe(lambda _: changed(), "value")
        rows = [widgets.HBox([self.sliders[n], self.problems[n]]) for n in SLIDERS]
        super().__init__([rows[0], self.do_sample, *rows[1:]])

    def setting(self) -> Setting | None:
        """What is set; None where a value is outside its range, which is then said beside it."""
        values = {n: round(slider.value, 4) for n, slider in self.sliders.items()}
        wrong = {name: _problem(name, value) for name, value in values.items()}
        for name, problem in wrong.items():
            self.problems[name].value = problem or self._refused.get(name, "")
        if any(wrong.values()):
            return None
        on = {n: v for n, v in values.items() if v != NEUTRAL[n]}
        return Setting(do_sample=self.do_sample.value, **on)


class View(widgets.VBox):
    """A snapshot: the next tokens, each a button, beside their table; and the text."""

    def __init__(self, chosen: Callable[[str], None]) -> None:
        self.buttons = [
            widgets.Button(
                tooltip=word("continue_with"),
                layout=widgets.Layout(width="9em", height=f"{ROW - 4}px", margin="2px 4px 2px 0"),
            )
            for _ in range(MOST)
        ]
        self.shown: Snapshot | None = None
        for i, button in enumerate(self.buttons):
            button.on_click(lambda _, i=i: self.shown and chosen(self.shown.rows[i]))
        gap = widgets.Box(layout=widgets.Layout(height=f"{2 * ROW}px", flex="0 0 auto"))
        self.table, self.text = widgets.HTML(), widgets.HTML()
        names = widgets.VBox([gap, *self.buttons], layout=widgets.Layout(flex="0 0 auto"))
        table = widgets.HBox([names, self.table])
        super().__init__([table, self.text], layout=widgets.Layout(margin="0 2em 0 0"))

    def show(self, snapshot: Snapshot, stages: Sequence[str], longest: float) -> None:
        self.shown = snapshot
        for i, button in enumerate(self.buttons):
            text = snapshot.rows[i] if i < len(snapshot.rows) else ""
            button.description = repr(text) if text else ""
            button.disabled = not text or "\ufffd" in text  # a part of a character is no text yet
        self.table.value = snapshot.table(stages=stages, longest=longest)
        self.text.value = snapshot.written()


class Lab(widgets.VBox):
    """Prompt, settings and seed; every change is answered at once. Made by `kischule.lab`."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        prompt_text: str,
        seed: int,
        max_new_tokens: int,
        beginning: Mapping[str, Any],
    ) -> None:
        unknown = beginning.keys() - NEUTRAL.keys() - {"do_sample"}
        if unknown:
            raise TypeError(f"a setting is one of {', '.join(NEUTRAL)}, was: {', '.join(unknown)}")
        self._model, self._tokenizer = model, tokenizer
        self._timer: asyncio.TimerHandle | None = None
        self._past: list[str] = []
        wide = widgets.Layout(width="46em")
        self.prompt = widgets.Textarea(
            prompt_text, description="prompt_text", rows=2, style=_WIDE, layout=wide
        )
        self.seed = widgets.IntText(seed, description="seed", style=_WIDE)
        self.new_tokens = widgets.IntSlider(
            max_new_tokens, min=1, max=200, description=word("new_tokens"), style=_WIDE
        )
        self.compare = widgets.ToggleButton(False, description=word("compare"))
        self.as_code = widgets.ToggleButton(False, description=word("as_code"))
        self.undo = widgets.Button(description=word("undo"), disabled=True)
        self.problem, self.seed_problem = widgets.HTML(), widgets.HTML()
        self.panels = [Panel(beginning, self._later), Panel(beginning, self._later)]
        self.views = [View(self._append), View(self._append)]
        self.code = widgets.HTML()
        for control in (self.prompt, self.seed, self.new_tokens):
            control.observe(lambda _: self._later(), "value")
        for control in (self.compare, self.as_code):
            control.observe(lambda _: self._arrange(), "value")
        self.undo.on_click(lambda _: self._step_back())
        self._settings, self._answers = widgets.HBox(), widgets.HBox()
        super().__init__(
            [
                self.prompt,
                self.problem,
                widgets.HBox([self.seed, self.seed_problem]),
                self.new_tokens,
                self._settings,
                widgets.HBox([self.undo, self.compare, self.as_code]),
                self._answers,
                self.code,
            ]
        )
        self._arrange()

    @property
    def snapshots(self) -> list[Snapshot]:
        """What is shown: one, or the two that are compared."""
        return [view.shown for view in self.views[: self._sides] if view.shown]

    @property
    def _sides(self) -> int:
        return 2 if self.compare.value else 1

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.snapshots))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widgets; where these cannot be shown, as in a saved notebook, what they showed."""
        page = "".join(snapshot._repr_html_() for snapshot in self.snapshots)
        return {**super()._repr_mimebundle_(**options), "text/html": page, "text/plain": repr(self)}

    def update(self) -> None:
        """Ask the model and show its answer; what cannot be followed is said beside its control."""
        self.problem.value = self.seed_problem.value = self.code.value = ""
        settings = [panel.setting() for panel in self.panels[: self._sides]]
        if not 0 <= self.seed.value < 2**64:
            self.seed_problem.value = _sentence(word("seed", was=self.seed.value))
            return
        fitting = [s for s in settings if s is not None]
        if len(fitting) < len(settings):
            return
        try:
            snapshots = made(
                self._model,
                self._tokenizer,
                self.prompt.value,
                fitting,
                seed=self.seed.value,
                max_new_tokens=self.new_tokens.value,
            )
        except PromptError as error:
            self.problem.value = _sentence(str(error))
            return
        longest = max(snapshot.longest for snapshot in snapshots)
        for view, snapshot in zip(self.views, snapshots, strict=False):
            view.show(snapshot, STAGES if self._sides == 1 else ENDS, longest)
        if self.as_code.value:
            self.code.value = "".join(_code(s.code) for s in snapshots)

    def _later(self) -> None:
        """Answer when the hand rests; at once where nothing runs that could wait."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.update()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(DELAY, self.update)

    def _arrange(self) -> None:
        self._settings.children = self.panels[: self._sides]
        self._answers.children = self.views[: self._sides]
        self.update()

    def _append(self, token: str) -> None:
        self._past.append(self.prompt.value)
        self.undo.disabled = False
        self.prompt.value += token

    def _step_back(self) -> None:
        self.prompt.value = self._past.pop()
        self.undo.disabled = not self._past


def _problem(name: str, value: object) -> str:
    """What stands beside the control of this setting: nothing, or why its value cannot be used."""
    given: dict[str, Any] = {name: value}
    try:
        Setting(**given)
    except SettingError as error:
        return _sentence(explain(error))
    return ""


def _code(text: str) -> str:
    return f'<pre style="user-select:all;white-space:pre-wrap">{html.escape(text)}</pre>'


def _sentence(text: str) -> str:
    return (
        '<span role="alert" style="border-left:3px solid #b26a00;padding-left:.5em">'
        f"{html.escape(text)}</span>"
    )
