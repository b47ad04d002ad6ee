"""The laboratory's controls, in ipywidgets: each change asks the model and shows its answer."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from kischule import messages
from kischule.colours import ORANGE
from kischule.decoding import NEUTRAL, STAGES, Setting
from kischule.errors import PromptError, SettingError
from kischule.laboratory.snapshot import ENDS, MAX_ROWS, ROW_HEIGHT, Snapshot, take_snapshots
from kischule.tokens import explain

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DELAY_S = 0.12  # pause in typing or dragging after which the model is asked
# setting -> (class of its slider, options); both ends are values that students like to try
SLIDERS: dict[str, tuple[Any, dict[str, float]]] = {
    "repetition_penalty": (widgets.FloatSlider, {"min": 0.0, "max": 4.0, "step": 0.05}),
    "temperature": (widgets.FloatSlider, {"min": 0.0, "max": 3.0, "step": 0.05}),
    "top_k": (widgets.IntSlider, {"min": 0, "max": 100, "step": 1}),
    "top_p": (widgets.FloatSlider, {"min": 0.0, "max": 1.0, "step": 0.01}),
}
_LABEL_STYLE = {"description_width": "9.5em"}
_GREY = '<div style="opacity:.4">'


class Panel(widgets.VBox):
    """The controls of one setting, each with room for a sentence beside it.

    initial: the values at the start. changed: called after each change of a control.
    """

    def __init__(self, initial: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self.do_sample = widgets.Checkbox(
            bool(initial.get("do_sample", True)),
            description="do_sample",
            indent=True,
            style=_LABEL_STYLE,
        )
        self.sliders: dict[str, Any] = {}
        # sentences on initial values outside their range, shown until the control is moved
        self._refused: dict[str, str] = {}
        self.problems = {name: widgets.HTML() for name in SLIDERS}
        for name, (kind, options) in SLIDERS.items():
            value = initial.get(name)
            if problem := _problem(name, value):
                self._refused[name], value = problem, None
            self.sliders[name] = kind(
                NEUTRAL[name] if value is None else min(value, options["max"]),
                **options,
                description=name,
                style=_LABEL_STYLE,
                layout=widgets.Layout(width="26em"),
            )
        for name, slider in self.sliders.items():
            slider.observe(lambda _, name=name: self._refused.pop(name, None), "value")
        for control in (self.do_sample, *self.sliders.values()):
            control.observe(lambda _: changed(), "value")
        rows = [widgets.HBox([self.sliders[n], self.problems[n]]) for n in SLIDERS]
        super().__init__([rows[0], self.do_sample, *rows[1:]])

    def setting(self) -> Setting | None:
        """The setting; None if a value is outside its range, which is explained beside it."""
        values = {n: round(slider.value, 4) for n, slider in self.sliders.items()}
        problems = {name: _problem(name, value) for name, value in values.items()}
        for name, problem in problems.items():
            self.problems[name].value = problem or self._refused.get(name, "")
        if any(problems.values()):
            return None
        on = {n: v for n, v in values.items() if v != NEUTRAL[n]}
        return Setting(do_sample=self.do_sample.value, **on)


class View(widgets.VBox):
    """A snapshot: the next tokens as buttons beside their table, and the text.

    chosen: called with the text of the token whose button is clicked.
    """

    def __init__(self, chosen: Callable[[str], None]) -> None:
        size = {"width": "9em", "height": f"{ROW_HEIGHT - 4}px", "margin": "2px 4px 2px 0"}
        self.buttons = [
            widgets.Button(tooltip=str(messages.CONTINUE_WITH), layout=widgets.Layout(**size))
            for _ in range(MAX_ROWS)
        ]
        self.shown: Snapshot | None = None
        for i, button in enumerate(self.buttons):
            button.on_click(lambda _, i=i: self.shown and chosen(self.shown.rows[i]))
        gap = widgets.Box(layout=widgets.Layout(height=f"{2 * ROW_HEIGHT}px", flex="0 0 auto"))
        self.table, self.text = widgets.HTML(), widgets.HTML()
        names = widgets.VBox([gap, *self.buttons], layout=widgets.Layout(flex="0 0 auto"))
        table = widgets.HBox([names, self.table])
        super().__init__([table, self.text], layout=widgets.Layout(margin="0 2em 0 0"))

    def show(self, snapshot: Snapshot, stages: Sequence[str], longest: float) -> None:
        """Show a snapshot; `stages` and `longest` as in `Snapshot.table`."""
        self.shown = snapshot
        for i, button in enumerate(self.buttons):
            text = snapshot.rows[i] if i < len(snapshot.rows) else ""
            button.description = repr(text) if text else ""
            button.disabled = not text or "\ufffd" in text  # "\ufffd": part of a character
        self.table.value = snapshot.table(stages=stages, longest=longest)
        self.text.value = snapshot.written()

    def grey(self) -> None:
        """Show that the answer is not one to what the controls say now."""
        for part in (self.table, self.text):
            if part.value and not part.value.startswith(_GREY):
                part.value = f"{_GREY}{part.value}</div>"


class Lab(widgets.VBox):
    """Prompt, settings and seed, with an answer to every change. Made by `kischule.lab`."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        model: PreTrainedModel,
        prompt_text: str,
        *,
        seed: int,
        max_new_tokens: int,
        initial: Mapping[str, Any],
    ) -> None:
        unknown = initial.keys() - NEUTRAL.keys() - {"do_sample"}
        if unknown:
            names = ", ".join(NEUTRAL)
            raise TypeError(f"settings must be among {names}, was: {', '.join(unknown)}")
        self._tokenizer, self._model = tokenizer, model
        self._timer: asyncio.TimerHandle | None = None
        self._previous_prompts: list[str] = []
        self._compared = False
        self._make_inputs(prompt_text, seed, max_new_tokens)
        self.problem, self.seed_problem, self.busy = (widgets.HTML() for _ in range(3))
        # the second panel and the second view are shown when two settings are compared
        self.panels = [Panel(initial, self._update_soon) for _ in range(2)]
        self.views = [View(self._append) for _ in range(2)]
        self.code = widgets.HTML()
        self._settings, self._answers = widgets.HBox(), widgets.HBox()
        super().__init__(
            [
                self.prompt,
                self.problem,
                widgets.HBox([self.seed, self.seed_problem]),
                self.new_tokens,
                self._settings,
                widgets.HBox([self.undo, self.compare, self.as_code, self.busy]),
                self._answers,
                self.code,
            ]
        )
        self._arrange()

    def _make_inputs(self, prompt_text: str, seed: int, max_new_tokens: int) -> None:
        """The controls that are not part of a setting, and their effects."""
        self.prompt = widgets.Textarea(
            prompt_text,
            description="prompt_text",
            rows=2,
            style=_LABEL_STYLE,
            layout=widgets.Layout(width="46em"),
        )
        self.seed = widgets.IntText(seed, description="seed", style=_LABEL_STYLE)
        self.new_tokens = widgets.IntSlider(
            max_new_tokens,
            min=1,
            max=200,
            description=str(messages.NEW_TOKENS),
            style=_LABEL_STYLE,
        )
        self.compare = widgets.ToggleButton(False, description=str(messages.COMPARE))
        self.as_code = widgets.ToggleButton(False, description=str(messages.AS_CODE))
        self.undo = widgets.Button(description=str(messages.UNDO), disabled=True)
        for control in (self.prompt, self.seed, self.new_tokens):
            control.observe(lambda _: self._update_soon(), "value")
        self.compare.observe(lambda _: self._begin_comparison(), "value")
        for control in (self.compare, self.as_code):
            control.observe(lambda _: self._arrange(), "value")
        self.undo.on_click(lambda _: self._undo())

    @property
    def snapshots(self) -> list[Snapshot]:
        """The snapshots on display: one, or the two that are compared."""
        return [view.shown for view in self.views[: self._sides] if view.shown]

    @property
    def _sides(self) -> int:
        return 2 if self.compare.value else 1

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.snapshots))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widgets, and their content as HTML and text for a saved notebook without a kernel."""
        page = "".join(snapshot._repr_html_() for snapshot in self.snapshots)
        return {**super()._repr_mimebundle_(**options), "text/html": page, "text/plain": repr(self)}

    def update(self) -> None:
        """Ask the model and show its answer, or explain a value beside its control.

        An answer to earlier values is greyed until there is a new one.
        """
        self.problem.value = self.seed_problem.value = self.code.value = ""
        for view in self.views:
            view.grey()
        settings = [panel.setting() for panel in self.panels[: self._sides]]
        if not 0 <= self.seed.value < 2**64:
            problem = messages.SEED_ERROR.format(was=self.seed.value)
            self.seed_problem.value = _alert(str(problem))
            return
        usable = [setting for setting in settings if setting is not None]
        if len(usable) < len(settings):
            return
        self.busy.value = str(messages.COMPUTING)
        try:
            snapshots = take_snapshots(
                self._tokenizer,
                self._model,
                self.prompt.value,
                usable,
                seed=self.seed.value,
                max_new_tokens=self.new_tokens.value,
            )
        except PromptError as error:
            self.problem.value = _alert(explain(error))
            return
        finally:
            self.busy.value = ""
        longest = max(snapshot.longest for snapshot in snapshots)
        for view, snapshot in zip(self.views, snapshots, strict=False):
            view.show(snapshot, STAGES if self._sides == 1 else ENDS, longest)
        if self.as_code.value:
            self.code.value = "".join(_code_block(snapshot.code) for snapshot in snapshots)

    def _update_soon(self) -> None:
        """Update after a pause in the changes; at once if no event loop runs that could wait."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop: a script or a test
            self.update()
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(DELAY_S, self.update)

    def _begin_comparison(self) -> None:
        """The first time, greedy with the same values stands beside the current setting."""
        if self._compared:
            return
        self._compared = True
        first, second = self.panels
        for name, slider in second.sliders.items():
            slider.value = first.sliders[name].value
        second.do_sample.value = False

    def _arrange(self) -> None:
        """Show one panel and view, or two, and update them."""
        self._settings.children = self.panels[: self._sides]
        self._answers.children = self.views[: self._sides]
        self.update()

    def _append(self, token: str) -> None:
        """Continue the prompt with a token."""
        self._previous_prompts.append(self.prompt.value)
        self.undo.disabled = False
        self.prompt.value += token

    def _undo(self) -> None:
        """Take back the last token that was appended."""
        self.prompt.value = self._previous_prompts.pop()
        self.undo.disabled = not self._previous_prompts


def _problem(name: str, value: object) -> str:
    """HTML for the place beside a control: empty, or the reason why its value cannot be used."""
    given: dict[str, Any] = {name: value}
    try:
        Setting(**given)
    except SettingError as error:
        return _alert(explain(error))
    return ""


def _code_block(text: str) -> str:
    return f'<pre style="user-select:all;white-space:pre-wrap">{html.escape(text)}</pre>'


def _alert(text: str) -> str:
    return (
        f'<span role="alert" style="border-left:3px solid {ORANGE};padding-left:.5em">'
        f"{html.escape(text)}</span>"
    )
