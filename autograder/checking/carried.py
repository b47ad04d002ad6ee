"""Exercises that a notebook carries: those that the package does not have, in a cell of its own.

So a student who has nothing but the notebook can check it. The cell holds a text, signed against
accidental change; nothing hidden is in it, and no solution: in its place stand the replies.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from autograder.exercises.exercise import PACKAGED, Exercise, Points, read_exercise
from autograder.exercises.packing import pack, unpack
from kischule.errors import UserError

VARIABLE = "KISCHULE_EXERCISES"  # of the notebook
CELL = "kischule_exercises"  # the grade_id
_NOTE = (
    "# Die Aufgaben dieses Notebooks. Bitte nicht ändern.\n"
    "# The exercises of this notebook. Please leave as it is."
)


class CarriedError(UserError, ValueError):
    """A cell of exercises that was changed."""


def cell_of(exercises: Mapping[str, Exercise], *, hidden: bool = False) -> str:
    """The text of the cell that carries these exercises.

    hidden: with hidden cases and reference solutions, for the teacher's own run.
    """
    packed = [asdict(exercise if hidden else _public(exercise)) for exercise in exercises.values()]
    text = pack(json.dumps(packed, ensure_ascii=False).encode())
    lines = "\n".join(f'    "{text[i : i + 88]}"' for i in range(0, len(text), 88))
    return f"{_NOTE}\n{VARIABLE} = (\n{lines}\n)"


def own_exercises(exercises: Mapping[str, Exercise]) -> dict[str, Exercise]:
    """Those that the package does not have, or has otherwise; points do not count.

    One that builds on a dropped exercise is another one: nobody is to mend that first.
    """
    return {
        name: exercise
        for name, exercise in exercises.items()
        if name not in PACKAGED or _bare(exercise) != _bare(PACKAGED[name])
    }


def _bare(exercise: Exercise) -> Exercise:
    return replace(exercise, points=Points(), solution="")


def _public(exercise: Exercise) -> Exercise:
    """The part that a student may see: no hidden case, replies in the place of the solution."""
    if exercise.solution:
        # running it takes torch, which no other command than a release needs
        from autograder.checking.solution import stored_replies, with_stored

        exercise = with_stored(exercise, stored_replies(exercise))
    cases = tuple(replace(case, catches=()) for case in exercise.cases)
    return replace(exercise, cases=cases, hidden=(), rounds=1, equivalent=(), points=Points())


@dataclass(frozen=True)
class Known(Mapping[str, Exercise]):
    """The exercises that a notebook may name: those that it carries, then the package's."""

    carried: Mapping[str, Exercise]

    def __getitem__(self, name: str) -> Exercise:
        """Load an exercise. KeyError naming the exercises there are."""
        if name in self.carried:
            return self.carried[name]
        if name not in PACKAGED:
            raise KeyError(f"no exercise {name!r}; there are: {', '.join(self)}")
        return PACKAGED[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self.carried, *PACKAGED}))

    def __len__(self) -> int:
        return len({*self.carried, *PACKAGED})


def known_in(namespace: Mapping[str, Any]) -> Known:
    """The exercises for the code of a notebook. CarriedError."""
    text = namespace.get(VARIABLE, "")
    return Known(_unpacked(text) if isinstance(text, str) and text else {})


def known_by(cell: str) -> Known:
    """The exercises for a notebook with this cell, which is read and not run. CarriedError."""
    return known_in({VARIABLE: ast.literal_eval(cell.partition("=")[2].strip()) if cell else ""})


@lru_cache(maxsize=8)
def _unpacked(text: str) -> dict[str, Exercise]:
    try:
        found = [read_exercise(each, VARIABLE) for each in json.loads(unpack(text))]
    except (ValueError, TypeError) as error:
        raise CarriedError(
            f"the cell that begins with {VARIABLE} must stay as it was released: take it from the "
            f"original notebook again ({error})"
        ) from error
    return {exercise.id: exercise for exercise in found}
