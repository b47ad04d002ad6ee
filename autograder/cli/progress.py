"""Progress of `kischule grade`: a live line on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from tqdm import tqdm

from autograder.cli import messages
from autograder.cli.output import worded
from autograder.course.grade import StudentRow, Watch
from autograder.grading.record import Status
from autograder.reports.messages import STATUS_WORDS
from kischule.i18n import Text, text_of

SILENCE_S = 60.0  # after which a log is told what is still running


class Progress(Watch):
    """Counts, speed, time left, and the slowest that is running."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        """quiet: only warnings. stream: default: stderr."""
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self._live = not quiet and self.stream.isatty()
        self._bar: Any = None
        self._total = self._done = self._known = self._failed = 0
        self._began = self._told = time.monotonic()

    def begin(self, total: int) -> None:
        self._total = total
        self._began = self._told = time.monotonic()
        if self._live:
            self._bar = tqdm(
                total=total, file=self.stream, bar_format="{bar:20} {desc}", dynamic_ncols=True
            )
            self._show({})

    def done(self, row: StudentRow, known: bool) -> None:
        self._done += 1
        self._known += known
        self._failed += Status(row["status"]).could_not
        if self._bar is not None:
            self._bar.update()
            self._show({})
        if known or self.quiet:
            return
        line = messages.GRADED_ROW.format(
            done=self._done,
            total=self._total,
            student=row["student"],
            status=STATUS_WORDS[Status(row["status"])],
            points=points(row),
            seconds=row["seconds"],
        )
        self._say(line if self._live else f"{worded(line)} · {self._pace()}")

    def running(self, seconds: Mapping[str, float]) -> None:
        if self._bar is not None:
            self._show(seconds)
        elif not self.quiet and seconds and time.monotonic() - self._told > SILENCE_S:
            self._say(f"[{self._done}/{self._total}] {_slowest(seconds)}")

    def writing(self, left: int) -> None:
        if left and not self.quiet:
            self._say(messages.TO_BE_WRITTEN.of(left))

    def warn(self, text: str) -> None:
        self._say(messages.WARNING.format(text=text_of(text)))

    def end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._known and not self.quiet:
            self._say(messages.KNOWN_ALREADY.format(known=self._known, total=self._done))

    def _say(self, said: str | Text) -> None:
        line = worded(said)
        self._told = time.monotonic()
        if self._bar is not None:
            self._bar.write(line, file=self.stream)
        else:
            print(line, file=self.stream, flush=True)

    def _show(self, seconds: Mapping[str, float]) -> None:
        failed = worded(messages.FAILED_COUNT.format(count=self._failed))
        parts = [f"{self._done}/{self._total}", failed, self._pace()]
        parts += [_slowest(seconds)] if seconds else []
        self._bar.set_description_str(" · ".join(parts))

    def _pace(self) -> str:
        """Submissions a minute, and the time that the others will take."""
        fresh, took = self._done - self._known, time.monotonic() - self._began
        if not fresh or took <= 0:
            return worded(messages.NO_PACE)
        left = (self._total - self._done) * took / fresh
        return worded(messages.PACE.format(pace=60 * fresh / took, left=_duration(left)))


def points(row: Mapping[str, Any]) -> Text:
    """The points of a submission."""
    return messages.OF_POINTS.format(points=row["score"], possible=row["max_score"])


def _slowest(seconds: Mapping[str, float]) -> str:
    student = max(seconds, key=lambda name: seconds[name])
    duration = _duration(seconds[student])
    return worded(messages.SLOWEST.format(student=student, duration=duration))


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole / 3600:.1f} h"
