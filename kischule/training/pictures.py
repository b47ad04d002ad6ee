"""Pictures of a training: the loss while it runs, and the model before and after."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kischule.colours import BLUE, GREY, ORANGE
from kischule.i18n import number
from kischule.plots.style import explains_errors, figure, legend_beside, tick
from kischule.training import messages
from kischule.training.loop import Callback, Training, check_numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR_CELLS = 20
MIN_PAUSE_S = 0.5  # between two states of the progress bar


class Monitor(Callback):
    """A progress bar and the curve of the loss, both shown while the training runs.

    Outside of a notebook each validation prints a line.
    """

    def __init__(self) -> None:
        self._began = self._shown = 0.0
        self._first_step = 0
        self._bar: Any = None
        self._curve: Any = None

    def on_step(self, training: Training) -> None:
        """Move the bar on."""
        now = time.monotonic()
        if self._bar is not None and now - self._shown >= MIN_PAUSE_S:
            self._shown = now
            self._bar.update(_Line(self._progress(training)))

    def on_evaluation(self, training: Training) -> None:
        """Draw the curve anew."""
        if self._bar is None and not self._open(training):
            print(self._progress(training), f"{training.validation[-1][1]:.3f}")
            return
        self._bar.update(_Line(self._progress(training)))
        self._curve.update(curve(training))

    def on_stop(self, training: Training) -> None:
        """Show the last state; a later `run` begins with a bar and a curve of its own."""
        if self._bar is not None:
            self._bar.update(_Line(self._progress(training)))
            self._curve.update(curve(training))
        self._bar = self._curve = None
        self._began = 0.0

    def _open(self, training: Training) -> bool:
        """Begin to show, where there is a notebook."""
        if not self._began:
            self._began, self._first_step = time.monotonic(), training.step
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ModuleNotFoundError:
            return False
        if get_ipython() is None:
            return False
        self._bar = display(_Line(self._progress(training)), display_id=True)
        self._curve = display(curve(training), display_id=True)
        return self._bar is not None and self._curve is not None

    def _progress(self, training: Training) -> str:
        passed = time.monotonic() - self._began
        done = training.step - self._first_step
        filled = round(BAR_CELLS * training.step / training.steps)
        return str(
            messages.PROGRESS.format(
                step=training.step,
                steps=training.steps,
                bar="█" * filled + "░" * (BAR_CELLS - filled),
                passed=passed,
                left=passed / done * (training.steps - training.step) if done else 0.0,
            )
        )


class _Line:
    """A text that a notebook shows as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def curve(training: Training) -> Figure:
    """The loss of each training step and of each validation, in nats per token."""
    fig, (ax,) = figure(height=2.8)
    steps = range(1, len(training.losses) + 1)
    ax.plot(steps, training.losses, color=GREY, linewidth=1, label=str(messages.TRAINED_ON))
    held_steps, held = zip(*training.validation, strict=True)
    ax.plot(held_steps, held, color=BLUE, marker="o", markersize=3, label=str(messages.HELD_OUT))
    best = dict(training.validation)[training.best_step]
    ax.plot([training.best_step], [best], color=ORANGE, marker="o", markersize=7, linestyle="none")
    ax.annotate(number(best), (training.best_step, best), xytext=(0, 8), fontsize=8, ha="center",
                textcoords="offset points")  # fmt: skip
    if training.diverged:
        ax.axvline(training.step + 1, color=ORANGE)
        ax.annotate(str(messages.NOT_A_NUMBER), (training.step + 1, ax.get_ylim()[1]), fontsize=8,
                    color=ORANGE, ha="right", va="top")  # fmt: skip
    ax.set_xlim(0, training.steps)
    ax.set_xlabel(str(messages.STEP), fontsize=9)
    ax.set_ylabel(str(messages.LOSS), fontsize=9)
    ax.yaxis.set_major_formatter(tick)
    legend_beside(fig)
    return fig


@explains_errors
def before_after(before: Mapping[str, float], after: Mapping[str, float]) -> Figure:
    """Loss, rhyme rate and repetition before and after the training, side by side.

    before, after: `loss` in nats per token, `rhyme_rate` and `repetition_rate` from 0 to 1.
    """
    for measured in (before, after):
        check_numbers(measured, list(messages.COMPARED))
    fig, axes = figure(len(messages.COMPARED), height=2.4)
    for ax, (name, title) in zip(axes, messages.COMPARED.items(), strict=True):
        values = [before[name], after[name]]
        bars = ax.bar([0, 1], values, color=[GREY, BLUE], width=0.6)
        ax.bar_label(bars, labels=[number(value) for value in values], padding=2, fontsize=8)
        ax.set_xticks([0, 1], [str(messages.BEFORE), str(messages.AFTER)])
        ax.set_ylim(0, 1.15 * max(*values, 1e-9) if name == "loss" else 1.15)
        ax.set_title(str(title), fontsize=9)
        ax.yaxis.set_major_formatter(tick)
    return fig
