"""Are the checks right? The reference, the empty notebook, wrong and honest answers, all checked.

For a teacher who changes an exercise: a check is to be trusted when it accepts what is known to be
right and refuses what is known to be wrong, with the public and with the drawn cases. The answers
lie in the course's `tests/wrong` and `tests/honest`, else in the package (see `answers`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder.checking.check import drawn_cases, run_check
from autograder.checking.result import Outcome
from autograder.course import release
from autograder.exercises.exercise import Exercise, exercise_ids, load_exercise
from autograder.exercises.known import honest, packed, wrong
from autograder.notebooks.cells import nbgrader_of
from autograder.sandbox.student import LocalStudent

SEED = "verify"  # of the drawn cases: the same ones each time
TIME_LIMIT = 3.0  # seconds a call: one that never ends is refused as well as one that is slow
FEWEST_WRONG, FEWEST_HONEST = 8, 3
WORKERS = 2


@dataclass(frozen=True)
class Verdict:
    """What the checks of one exercise made of known answers."""

    exercise: str
    reference: bool  # it passes
    skeleton: bool  # the empty cell is refused
    wrong: int
    wrong_caught: int
    honest: int
    honest_accepted: int
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
        local if (local := course / "tests" / part).is_dir() else packed(part)
        for part in ("wrong", "honest")
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
    honest_folder: Path,
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
    known_wrong, known_honest = wrong(name, wrong_folder), honest(name, honest_folder)
    escaped = [n for n, answer in known_wrong.items() if not refused(answer.source)]
    problems += [f"the wrong answer {n!r} is not refused by both levels" for n in escaped]
    turned_away = {n: o for n, source in known_honest.items() if (o := accepted(source))}
    problems += [f"the honest solution {n!r}: {_short(o)}" for n, o in turned_away.items()]
    problems += _too_few(known_wrong, "wrong answers", FEWEST_WRONG)
    problems += _too_few(known_honest, "honest solutions", FEWEST_HONEST)
    return Verdict(
        name,
        reference is None,
        skeleton,
        len(known_wrong),
        len(known_wrong) - len(escaped),
        len(known_honest),
        len(known_honest) - len(turned_away),
        round(time.monotonic() - began, 1),
        tuple(problems),
    )


def _verdict_of(task: tuple[Any, ...]) -> Verdict:
    import torch

    torch.set_num_threads(1)  # as many processes as cores
    return verify_exercise(*task)


def _too_few(found: Mapping[str, Any], what: str, fewest: int) -> Iterator[str]:
    if len(found) < fewest:
        yield f"there must be at least {fewest} {what}, was: {len(found)}"


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
