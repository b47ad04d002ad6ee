"""Hidden cases that a course makes once: a submission gets one of VARIANTS for each exercise.

The reply to such a case is a text of the model, and a case is looked for until nothing along that
text hangs on rounding: as much computing as many a student's whole submission. The variants come
from the secret, and the submission's own seed chooses, so that nobody knows which one it will be
and the same file gets the same again. What is left to chance, and what costs nothing, is made anew
for every submission.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.checking.check import hidden_cases
from autograder.checking.judge import checker_of
from autograder.exercises.exercise import Case, Exercise, Points
from autograder.exercises.strict import DataError, load_json
from autograder.files import write_atomically
from autograder.grading.record import Rules, key_of

VARIANTS = 32
_made: dict[str, Sequence[Case]] = {}  # in this process, by all that they depend on


def shares_variants(exercise: Exercise) -> bool:
    """Return True if hidden cases take long to make, and none of them leaves a reply to chance.

    A sampler that replays the seeds of another submission must fail.
    """
    checkers = [checker_of(exercise, case) for case in exercise.hidden]
    costs = any(c.margin and (c.stored or c.general) for c in checkers)
    return costs and not any(c.fit for c in checkers)


@dataclass(frozen=True)
class Variants:
    """The hidden cases of a course. folder: where they are kept; None: in this process only."""

    secret: str
    checks: str  # see `Rules`
    folder: Path | None = None

    @classmethod
    def of(cls, rules: Rules) -> "Variants":
        """The hidden cases by these rules."""
        return cls(rules.seed, rules.checks, rules.variants)

    def cases(self, exercise: Exercise, seed: str) -> Sequence[Case]:
        """The hidden cases of the submission with this seed: the same ones each time."""
        if not shares_variants(exercise):
            return hidden_cases(exercise, seed)
        chosen = key_of(b"variant of a submission", exercise.id.encode(), seed.encode())
        return self.variant(exercise, int(chosen, 16) % VARIANTS)

    def variant(self, exercise: Exercise, number: int) -> Sequence[Case]:
        """One variant, made at most once: by this process, or by another one of the course."""
        own = key_of(b"variant", self.secret.encode(), str(number).encode())
        asked = repr(replace(exercise, points=Points()))
        key = key_of(own.encode(), self.checks.encode(), asked.encode())
        if key not in _made:
            path = self.folder / exercise.id / f"{number}.json" if self.folder else None
            cases = _read_variant(path, key, exercise) if path else None
            if cases is None:
                cases = hidden_cases(exercise, own)
                if path:
                    _write_variant(path, key, exercise, cases)
            _made[key] = cases
        return _made[key]


def _read_variant(path: Path, key: str, exercise: Exercise) -> Sequence[Case] | None:
    """The cases of a file that was made under this key; None if there is none."""
    templates = exercise.hidden * exercise.rounds
    try:
        data = load_json(path.read_bytes(), path.name)
        if data["key"] != key:
            return None
        return [
            replace(template, arguments=found["arguments"], expected=found["expected"])
            for template, found in zip(templates, data["cases"], strict=True)
        ]
    except (OSError, DataError, ValueError, KeyError, TypeError):
        return None


def _write_variant(path: Path, key: str, exercise: Exercise, cases: Sequence[Case]) -> None:
    """Write cases for other processes, if the folder is on this machine and JSON keeps them."""
    about = [{"arguments": case.arguments, "expected": case.expected} for case in cases]
    with suppress(OSError, TypeError, ValueError):
        if path.parents[1].is_dir():
            text = json.dumps({"key": key, "cases": about})
            write_atomically(path, text.encode(), private=True)
            if _read_variant(path, key, exercise) != cases:
                path.unlink()
