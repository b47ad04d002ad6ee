"""A number that is set with a slider or typed, with a sentence below it if it cannot be used."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import traitlets

from kischule.colours import ORANGE
from kischule.errors import ArgumentError, SettingError
from kischule.i18n import written
from kischule.tokens import explain

LABEL_STYLE = {"description_width": "9.5em"}


class Dial(widgets.HBox):
    """A slider and a field for one number: the field takes any, with a point or a comma.

    A slider's own readout would take "0,7" for 0 and round a number to one of its steps. Here the
    number is `value`; the slider stands at its nearest step.

    kind: class of the slider, with its options. check: raises SettingError or ArgumentError for a
    value that cannot be used. value: the one to begin with; if it cannot be used, that is said
    until another is chosen, and `neutral` takes its place.
    """

    value = traitlets.Any()

    def __init__(
        self,
        name: str,
        kind: Any,
        options: Mapping[str, float],
        check: Callable[[object], object],
        *,
        value: object,
        neutral: float,
    ) -> None:
        self._check, self._number = check, int if kind is widgets.IntSlider else float
        self.slider = kind(
            **options,
            description=name,
            style=LABEL_STYLE,
            readout=False,
            layout=widgets.Layout(flex="1 1 17em", width="auto", min_width="17em"),
        )
        field_layout = widgets.Layout(flex="0 0 auto", width="4.5em")
        self.field = widgets.Text(continuous_update=False, layout=field_layout)
        self.field.tooltip = name
        self.problem = widgets.HTML(layout=widgets.Layout(flex="1 1 100%"))
        layout = widgets.Layout(flex_flow="row wrap", overflow="visible")
        super().__init__([self.slider, self.field, self.problem], layout=layout)
        self.add_class("kischule-dial")
        self.observe(lambda _: self._show(), "value")
        self.slider.observe(lambda _: self._moved(), "value")
        self.field.observe(lambda _: self._typed(), "value")
        refused = self._problem(value)
        self.value = neutral if refused else value
        self._say(refused)

    @property
    def usable(self) -> bool:
        """True for a value that can be used."""
        return not self._problem(self.value)

    @traitlets.validate("value")  # type: ignore[untyped-decorator]
    def _as_number(self, proposal: Mapping[str, Any]) -> Any:
        """A usable value as a Python number of the slider's kind; another one as it is."""
        value = proposal["value"]
        return value if self._problem(value) else self._number(value)

    def _show(self) -> None:
        """Show the value in the field and on the slider, and why it cannot be used."""
        self.field.value = written(self.value)
        self.slider.value = self._nearest()
        self._say(self._problem(self.value))

    def _moved(self) -> None:
        """Take the slider's value, unless it stands for the present one."""
        if not self.usable or self.slider.value != self._nearest():
            self.value = round(self.slider.value, 4)

    def _typed(self) -> None:
        """Take what was typed: a number, or a text that cannot be used."""
        typed = self.field.value.strip()
        if typed != written(self.value):
            self.value = self._read(typed)
        self.field.value = written(self.value)

    def _read(self, typed: str) -> object:
        try:
            number = float(typed.replace(",", "."))
        except ValueError:
            return typed
        return int(number) if self._number is int and number.is_integer() else number

    def _nearest(self) -> Any:
        """The slider's step nearest to the value; where it stands if the value cannot be used."""
        if not self.usable:
            return self.slider.value
        low, high, step = self.slider.min, self.slider.max, self.slider.step
        steps = round((min(max(self.value, low), high) - low) / step)
        return self._number(round(low + steps * step, 4))

    def _problem(self, value: object) -> str:
        """HTML for the place below the slider: empty, or the reason why a value cannot be used."""
        try:
            self._check(value)
        except (SettingError, ArgumentError) as error:
            return alert(explain(error))
        return ""

    def _say(self, problem: str) -> None:
        self.problem.value = problem
        self.problem.layout.display = None if problem else "none"  # an empty line takes room


def alert(text: str) -> str:
    """A sentence in HTML that says what to mend; a screen reader speaks it at once."""
    return (
        f'<div role="alert" style="border-left:3px solid {ORANGE};padding-left:.5em;'
        f'line-height:1.3">{html.escape(text)}</div>'
    )
