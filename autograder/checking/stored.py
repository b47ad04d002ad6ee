"""Stored answers: what the oracle says to the public cases, written into the exercise files.

    python -m autograder.checking.stored   # `make expected`, after the model or a case changed

Stored are answers of the embedded model that cost a run of the oracle: token ids and texts. A
prompt along whose text first and second choice come nearer than `MARGIN` is refused: its text could
differ from one machine to the next. So is a cut on which rounding has a say.
"""

from __future__ import annotations

import sys
from typing import Any

from autograder.checking.checkers import answer_of, margin
from autograder.exercises.exercise import (
    FOLDER,
    GENERATED,
    Exercise,
    TooCloseError,
    exercise_ids,
    parse_exercise,
    store_answers,
)
from kischule.models import fingerprint

STORED = ("ids", "greedy", "text", "beam", "exploration")  # judges whose answers are stored


def answers_of(exercise: Exercise) -> tuple[list[Any], float]:
    """All answers, and the smallest gap; TooCloseError where that is under MARGIN."""
    answers, smallest = [], float("inf")
    for case in exercise.cases:
        answer, gap = answer_of(exercise, case)
        least = margin(exercise, case)
        if gap < least:
            raise TooCloseError(
                f"{exercise.id}: the gap along the answer must be at least {least}, was: "
                f"{gap:.2g}; choose another prompt or length, case: {dict(case.arguments)}"
            )
        answers.append(answer)
        smallest = min(smallest, gap)
    return answers, smallest


def main() -> int:
    for exercise_id in exercise_ids():
        path = FOLDER / f"{exercise_id}.yaml"
        # what is stored now may not fit the cases any more
        exercise = parse_exercise(path.read_text(encoding="utf-8").split(GENERATED)[0], path.name)
        try:
            answers, gap = answers_of(exercise)
        except TooCloseError as error:
            print(error, file=sys.stderr)
            return 1
        if exercise.judge not in STORED:
            continue
        store_answers(path, fingerprint(), answers)
        print(f"{exercise_id}: {len(answers)} answers, smallest gap {gap:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
