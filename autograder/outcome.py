"""What a check found, and how a notebook or a terminal shows it. Loads neither torch nor numpy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from autograder import feedback
from autograder.exercise import Words
from kischule.i18n import language

if TYPE_CHECKING:
    from autograder.chart import Chart

OUTCOME_MIME = "application/vnd.kischule.outcome+json"


@dataclass(frozen=True)
class Outcome:
    """What a check found. passed: True, False (the student's mistake), None (not judged)."""

    exercise: str
    level: str  # public | drawn
    passed: bool | None
    points: float
    max_points: float
    bonus: bool  # the points come on top of the assignment's
    cases: int  # that passed
    kind: str  # of the first mismatch; "" if there is none
    rule: str  # the misconception that explains it; "" if none does
    message: Words
    head: Words
    done: Words  # how many examples passed; empty for new cases
    read: Words  # where the rule stands; empty where nothing failed
    chart: Chart | None = None  # of a public case that did not pass

    def __str__(self) -> str:
        return feedback.plain(self.parts, language())

    __repr__ = __str__

    @property
    def parts(self) -> tuple[Words, Words, Words, Words]:
        """What is said, in its order."""
        return self.head, self.done, self.message, self.read

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """In a notebook: the box; as text the points, which is what nbgrader reads.

        nbgrader takes no more points than a cell has, and that of a bonus has none: they go into
        its extra credit (`bridge.SaveBonus`).
        """
        return {
            "text/plain": "0" if self.bonus else f"{self.points:g}",
            "text/html": feedback.box(self.passed, *self.parts, language()),
            OUTCOME_MIME: self.as_data(),
        }
