"""The laboratory's controls, in ipywidgets: each change asks the model and shows its answer."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from kischule import messages
from kischule.arguments import whole_number
from kischule.decoding import FURTHER, NEUTRAL, Setting, check_value
from kischule.errors import PromptError
from kischule.laboratory.dial import LABEL_STYLE, Dial, alert
from kischule.laboratory.snapshot import MAX_ROWS, ROW_HEIGHT, Snapshot, take_snapshots
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
    "no_repeat_ngram_size": (widgets.IntSlider, {"min": 0, "max": 8, "step": 1}),
    "min_p": (widgets.FloatSlider, {"min": 0.0, "max": 1.0, "step": 0.01}),
    "typical_p": (widgets.FloatSlider, {"min": 0.0, "max": 1.0, "step": 0.01}),
}
_OFF = NEUTRAL | FURTHER
_GREY = '<div style="opacity:.4">'
# ipywidgets gives the handle of a slider no name; this names it in the browser, after its label
_NAMES = """<style onload="
const lab = this.closest('.kischule-lab');
const name = () => lab.querySelectorAll('.kischule-dial').forEach(dial =>
  dial.querySelectorAll('[role=slider], input').forEach(part =>
    part.setAttribute('aria-label', dial.querySelector('.widget-label').textContent)));
new MutationObserver(name).observe(lab, {childList: true, subtree: true});
name();
">
/* a number stays beside its slider */
.kischule-lab .jupyter-widget-Collapse-contents {padding: 2px 0}
</style>"""


class Panel(widgets.VBox):
    """The controls of one setting.

    initial: the values at the start. changed: called after each change of a control.
    """

    def __init__(self, initial: Mapping[str, Any], changed: Callable[[], None]) -> None:
        self.do_sample = widgets.Checkbox(
            bool(initial.get("do_sample", True)),
            description="do_sample",
            indent=True,
            style=LABEL_STYLE,
            layout=widgets.Layout(width="auto"),
        )
        self.dials = {}
        for name, (kind, options) in SLIDERS.items():
            value, neutral = initial.get(name), _OFF[name]
            self.dials[name] = Dial(
                name,
                kind,
                options,
                partial(check_value, name),
                value=neutral if value is None else value,
                neutral=neutral,
            )
        self.sliders = {name: dial.slider for name, dial in self.dials.items()}
        self.problems = {name: dial.problem for name, dial in self.dials.items()}
        for control in (self.do_sample, *self.dials.values()):
            control.observe(lambda _: changed(), "value")
        first, *others = (self.dials[name] for name in NEUTRAL)
        further = widgets.VBox([self.dials[name] for name in FURTHER])
        for dial in further.children:
            dial.slider.style.description_width = "11.5em"  # of no_repeat_ngram_size
        folded = not any(self.dials[name].value != off for name, off in FURTHER.items())
        self.further = widgets.Accordion(
            [further], titles=[str(messages.FURTHER_STEPS)], selected_index=None if folded else 0
        )
        layout = widgets.Layout(flex="0 1 24em", overflow="visible")
        super().__init__([first, self.do_sample, *others, self.further], layout=layout)

    def setting(self) -> Setting | None:
        """The setting; None if a value cannot be used, which is explained below it."""
        if not all(dial.usable for dial in self.dials.values()):
            return None
        on = {n: dial.value for n, dial in self.dials.items() if dial.value != _OFF[n]}
        return Setting(do_sample=self.do_sample.value, **on)


class View:
    """A snapshot: its text, and the next tokens as buttons beside their table.

    chosen: called with the text of the token whose button is clicked.
    """

    def __init__(self, chosen: Callable[[str], None]) -> None:
        size = {"width": "6em", "height": f"{ROW_HEIGHT - 2}px", "margin": "1px 4px 1px 0"}
        style = {"padding": "0"}
        self.buttons = [
            widgets.Button(
                tooltip=str(messages.CONTINUE_WITH), layout=widgets.Layout(**size, **style)
            )
            for _ in range(MAX_ROWS)
        ]
        self.shown: Snapshot | None = None
        for i, button in enumerate(self.buttons):
            button.on_click(lambda _, i=i: self.shown and chosen(self.shown.rows[i]))
        gap = widgets.Box(layout=widgets.Layout(height=f"{2 * ROW_HEIGHT}px", flex="0 0 auto"))
        self.table = widgets.HTML(layout=widgets.Layout(margin="0"))
        self.text = widgets.HTML(layout=widgets.Layout(flex="1 1 16em", margin="0 1em"))
        names = widgets.VBox([gap, *self.buttons], layout=widgets.Layout(flex="0 0 auto"))
        # a page that is too narrow scrolls the table, not the controls
        layout = widgets.Layout(max_width="100%", overflow="auto")
        self.tokens = widgets.HBox([names, self.table], layout=layout)

    def show(self, snapshot: Snapshot, ends: bool, longest: float) -> None:
        """Show a snapshot; `ends` and `longest` as in `Snapshot.table`."""
        self.shown = snapshot
        for i, button in enumerate(self.buttons):
            text = snapshot.rows[i] if i < len(snapshot.rows) else ""
            button.description = repr(text) if text else ""
            button.disabled = not text or "\ufffd" in text  # "\ufffd": part of a character
        self.table.value = snapshot.table(ends=ends, longest=longest)
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
        unknown = initial.keys() - _OFF.keys() - {"do_sample"}
        if unknown:
            names = ", ".join(_OFF)
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
        sides = zip(self.panels, self.views, strict=True)
        self._sides = [_row([panel, view.text, view.tokens]) for panel, view in sides]
        for side in self._sides:
            side.layout.flex, side.layout.min_width = "1 1 24em", "0"
        self._shown_sides = _row([])
        super().__init__(
            [
                _row([self.prompt, self.seed, self.new_tokens]),
                self.problem,
                self.seed_problem,
                _row([self.undo, self.compare, self.as_code, self.busy]),
                self._shown_sides,
                self.code,
                widgets.HTML(_NAMES, layout=widgets.Layout(height="0")),
            ]
        )
        self.add_class("kischule-lab")
        self._arrange()

    def _make_inputs(self, prompt_text: str, seed: int, max_new_tokens: int) -> None:
        """The controls that are not part of a setting, and their effects."""
        self.prompt = widgets.Textarea(
            prompt_text,
            description="prompt_text",
            rows=2,
            style=LABEL_STYLE,
            layout=widgets.Layout(flex="1 1 24em", width="auto"),
        )
        self.seed = widgets.IntText(
            seed,
            description="seed",
            style={"description_width": "3em"},
            layout=widgets.Layout(width="9em"),
        )
        self.new_tokens = Dial(
            "max_new_tokens",
            widgets.IntSlider,
            {"min": 1, "max": 200},
            lambda number: whole_number("max_new_tokens", number, 1),
            value=max_new_tokens,
            neutral=1,
        )
        width = {"layout": widgets.Layout(width="auto")}
        self.compare = widgets.ToggleButton(False, description=str(messages.COMPARE), **width)
        self.as_code = widgets.ToggleButton(False, description=str(messages.AS_CODE), **width)
        self.undo = widgets.Button(description=str(messages.UNDO), disabled=True, **width)
        for control in (self.prompt, self.seed, self.new_tokens):
            control.observe(lambda _: self._update_soon(), "value")
        self.compare.observe(lambda _: self._begin_comparison(), "value")
        for control in (self.compare, self.as_code):
            control.observe(lambda _: self._arrange(), "value")
        self.undo.on_click(lambda _: self._undo())

    @property
    def snapshots(self) -> list[Snapshot]:
        """The snapshots on display: one, or the two that are compared."""
        return [view.shown for view in self.views[: self._number] if view.shown]

    @property
    def _number(self) -> int:
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
        settings = [panel.setting() for panel in self.panels[: self._number]]
        if not 0 <= self.seed.value < 2**64:
            problem = messages.SEED_ERROR.format(was=self.seed.value)
            self.seed_problem.value = alert(str(problem))
            return
        usable = [setting for setting in settings if setting is not None]
        if len(usable) < len(settings) or not self.new_tokens.usable:
            return
        self.busy.value = f'<span role="status">{messages.COMPUTING}</span>'
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
            self.problem.value = alert(explain(error))
            return
        finally:
            self.busy.value = ""
        longest = max(snapshot.longest for snapshot in snapshots)
        for view, snapshot in zip(self.views, snapshots, strict=False):
            view.show(snapshot, self._number > 1, longest)
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
        for name, dial in second.dials.items():
            dial.value = first.dials[name].value
        second.do_sample.value = False

    def _arrange(self) -> None:
        """Show one setting and its answer, or two, and update them."""
        self._shown_sides.children = self._sides[: self._number]
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


def _row(parts: Sequence[widgets.Widget]) -> widgets.HBox:
    """Parts side by side, on as many lines as the page needs."""
    layout = widgets.Layout(flex_flow="row wrap", align_items="flex-start", overflow="visible")
    return widgets.HBox(parts, layout=layout)


def _code_block(text: str) -> str:
    return f'<pre style="user-select:all;white-space:pre-wrap">{html.escape(text)}</pre>'
