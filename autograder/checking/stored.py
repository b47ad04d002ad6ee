"""Stored replies: the reference's replies to public cases, written into the exercise files.

    python -m autograder.checking.stored   # `make expected`, after the model or a case changed

Stored are replies of the embedded model that cost a run of the reference: token ids and texts. A
prompt along whose text first and second choice come nearer than the checker's margin is refused,
since its text could differ from one machine to the next.
"""

import sys
from typing import Any

from autograder.checking.judge import expected_of, margin
from autograder.checking.registry import CHECKERS
from autograder.exercises.exercise import (
    GENERATED,
    PACKAGED,
    Exercise,
    TooCloseError,
    parse_exercise,
    store_replies,
)
from kischule.models import fingerprint


def replies_of(exercise: Exercise) -> tuple[list[Any], float]:
    """Make all replies, and the smallest gap; TooCloseError where that is below the margin."""
    replies, smallest = [], float("inf")
    for case in exercise.cases:
        reply, gap = expected_of(exercise, case)
        bound = margin(exercise, case)
        if gap < bound:
            raise TooCloseError(
                f"{exercise.id}: the gap along the reply must be at least {bound}, was: "
                f"{gap:.2g}; choose another prompt or length, case: {dict(case.arguments)}"
            )
        replies.append(reply)
        smallest = min(smallest, gap)
    return replies, smallest


def main() -> int:
    """Store the replies of all exercises whose checker wants them."""
    for exercise_id, path in sorted(PACKAGED.paths.items()):
        # the replies that are stored now may not fit the cases any more
        exercise = parse_exercise(path.read_text(encoding="utf-8").split(GENERATED)[0], path.name)
        try:
            replies, gap = replies_of(exercise)
        except TooCloseError as error:
            print(error, file=sys.stderr)
            return 1
        if not CHECKERS[exercise.checker].stored:
            continue
        store_replies(path, fingerprint(), replies)
        print(f"{exercise_id}: {len(replies)} replies, smallest gap {gap:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
