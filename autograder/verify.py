"""Try the checks on the reference, the empty notebook and the known solutions of each exercise.

For a teacher who changes an exercise: a check is to be trusted when it accepts what is known to be
right and refuses what is known to be wrong, with the public and with the drawn cases. The known
solutions lie in the course's `tests/known`, else in the package (see `exercises.known`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder import release
from autograder.checks import drawn_cases, run_check
from autograder.exercise import Exercise, exercise_ids, load_exercise
from autograder.exercises.known import known_correct, known_wrong
from autograder.files import packaged
from autograder.grading.notebook import nbgrader_of
from autograder.outcome import Outcome
from autograder.student import LocalStudent

SEED = "verify"  # of the drawn cases: the same ones each time
TIME_LIMIT = 3.0  # seconds a call: one that never ends is refused as well as one that is slow
MIN_WRONG, MIN_CORRECT = 8, 3
WORKERS = 2


@dataclass(frozen=True)
class Verdict:
    """What the checks of one exercise made of its known solutions."""

    exercise: str
    reference: bool  # it passes
    skeleton: bool  # the empty cell is refused
    wrong: int
    wrong_caught: int
    correct: int
    correct_accepted: int
    seconds: float
    problems: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return not self.problems

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "problems": list(self.problems), "passed": self.passed}


def verify(
    course: Path,
    assignment: str,
    progress: Callable[[Verdict], None],
    exercises: Sequence[Exercise] = (),
) -> list[Verdict]:
    """A verdict for each exercise, in the order of their ids. AssignmentError for no assignment.

    progress is called with each as it comes. exercises: for another model, see `retarget`; none:
    those of the files. Nothing is written.
    """
    path = release.source_notebook(course, assignment)
    released = release.build(course, assignment)[path.name]
    solutions = _solutions(release.read_notebook(path))
    skeletons = _solutions(_read(released))
    folders = [
        local if (local := course / "tests" / part).is_dir() else packaged(part)
        for part in ("known/wrong", "known/correct")
    ]
    tasks = [
        (exercise, solutions, skeletons, *folders)
        for exercise in exercises or [load_exercise(name) for name in exercise_ids()]
    ]
    # spawn: the forked child of a process that has used torch's threads can hang
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        verdicts = []
        for verdict in pool.map(_verdict_of, tasks):
            progress(verdict)
            verdicts.append(verdict)
    return verdicts


def namespace(solutions: Mapping[str, str]) -> dict[str, Any]:
    """The functions of these solution cells, defined in this process."""
    found: dict[str, Any] = {}
    exec("import torch", found)
    for text in solutions.values():
        exec(text, found)
    return found


def verify_exercise(
    exercise: Exercise,
    solutions: Mapping[str, str],
    skeletons: Mapping[str, str],
    wrong_folder: Path,
    correct_folder: Path,
) -> Verdict:
    """The verdict on one exercise. solutions, skeletons: of all code cells, by exercise."""
    began, name = time.monotonic(), exercise.id
    share = exercise.time_limit / load_exercise(name).time_limit  # more for a larger model
    exercise = replace(exercise, time_limit=TIME_LIMIT * share)
    drawn = drawn_cases(exercise, SEED)

    def outcomes(source: str) -> tuple[Outcome, Outcome]:
        student = LocalStudent(namespace({**solutions, name: source}))
        return run_check(exercise, student), run_check(exercise, student, SEED, drawn)

    def accepted(source: str) -> Outcome | None:
        """None, or the outcome that is not a pass."""
        return next((o for o in outcomes(source) if not o.passed), None)

    def refused(source: str) -> bool:
        return all(o.passed is False and o.points == 0 for o in outcomes(source))

    problems = []
    if reference := accepted(solutions[name]):
        problems.append(f"the reference solution is refused: {_short(reference)}")
    if not (skeleton := refused(skeletons[name])):
        problems.append("the empty notebook's cell is not refused")
    wrong, correct = known_wrong(name, wrong_folder), known_correct(name, correct_folder)
    escaped = [n for n, known in wrong.items() if not refused(known.source)]
    problems += [f"the wrong solution {n!r} is not refused by both levels" for n in escaped]
    turned_away = {n: o for n, source in correct.items() if (o := accepted(source))}
    problems += [f"the correct solution {n!r}: {_short(o)}" for n, o in turned_away.items()]
    problems += _too_few(wrong, "wrong solutions", MIN_WRONG)
    problems += _too_few(correct, "correct solutions", MIN_CORRECT)
    return Verdict(
        name,
        reference is None,
        skeleton,
        len(wrong),
        len(wrong) - len(escaped),
        len(correct),
        len(correct) - len(turned_away),
        round(time.monotonic() - began, 1),
        tuple(problems),
    )


def _verdict_of(task: tuple[Any, ...]) -> Verdict:
    import torch

    torch.set_num_threads(1)  # as many processes as cores
    return verify_exercise(*task)


def _too_few(found: Mapping[str, Any], what: str, min_count: int) -> Iterator[str]:
    if len(found) < min_count:
        yield f"there must be at least {min_count} {what}, was: {len(found)}"


def _short(outcome: Outcome) -> str:
    return f"{outcome.level} case {outcome.cases + 1}: {' '.join(outcome.message.en.split())}"


def _solutions(notebook: Any) -> dict[str, str]:
    return {
        nbgrader_of(cell)["grade_id"]: cell.source
        for cell in notebook.cells
        if nbgrader_of(cell).get("solution") and cell.cell_type == "code"
    }


def _read(content: bytes) -> Any:
    import nbformat

    return nbformat.reads(content.decode(), as_version=4)
