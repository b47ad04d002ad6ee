"""Verdicts on an exercise's checks, and on what they tell about wrong solutions."""

from dataclasses import asdict, dataclass, replace
from typing import Any

# what students are told about the known wrong solutions, public and hidden
MIN_PRECISION, MIN_RECALL = 0.99, 0.90


@dataclass(frozen=True)
class Told:
    """Messages about wrong solutions: they name the planted mistake, none, or a false one.

    Of exercises that know misconceptions; without any there is nothing that a message could name.
    """

    named: int = 0
    general: int = 0
    false: tuple[str, ...] = ()

    def __add__(self, other: "Told") -> "Told":
        return Told(
            self.named + other.named, self.general + other.general, self.false + other.false
        )

    @property
    def precision(self) -> float:
        """Of the mistakes that were named, the share that was planted; 1 for none."""
        stated = self.named + len(self.false)
        return self.named / stated if stated else 1.0

    @property
    def recall(self) -> float:
        """Of all messages, the share that names the planted mistake; 1 for none."""
        return self.named / self.messages if self.messages else 1.0

    @property
    def messages(self) -> int:
        """The number of all messages."""
        return self.named + self.general + len(self.false)

    @property
    def passed(self) -> bool:
        """True if both shares reach their minimum."""
        return self.precision >= MIN_PRECISION and self.recall >= MIN_RECALL

    def as_data(self) -> dict[str, Any]:
        """The counts and shares as `--json` writes them."""
        shares = {"precision": round(self.precision, 4), "recall": round(self.recall, 4)}
        return {**asdict(self), "false": list(self.false), **shares}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict of one exercise's checks on known solutions."""

    exercise: str
    reference: bool = False  # it passes
    skeleton: bool = False  # the empty cell is rejected
    wrong: int = 0
    wrong_caught: int = 0
    correct: int = 0
    correct_accepted: int = 0
    told: Told = Told()
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # mistakes that no case notices

    def __add__(self, other: "Verdict") -> "Verdict":
        """The verdict of two parts of the known solutions, in their order."""
        return replace(
            self,
            reference=self.reference or other.reference,
            skeleton=self.skeleton or other.skeleton,
            wrong=self.wrong + other.wrong,
            wrong_caught=self.wrong_caught + other.wrong_caught,
            correct=self.correct + other.correct,
            correct_accepted=self.correct_accepted + other.correct_accepted,
            told=self.told + other.told,
            seconds=round(self.seconds + other.seconds, 1),
            # cases that cannot be made are a problem of every part
            problems=tuple(dict.fromkeys((*self.problems, *other.problems))),
            warnings=(*self.warnings, *other.warnings),
        )

    @property
    def passed(self) -> bool:
        """True if every solution got the expected verdict, and there are enough of them."""
        return not self.problems

    def as_data(self) -> dict[str, Any]:
        """The verdict as `--json` writes it."""
        lists = {"problems": list(self.problems), "warnings": list(self.warnings)}
        return {**asdict(self), **lists, "told": self.told.as_data(), "passed": self.passed}
