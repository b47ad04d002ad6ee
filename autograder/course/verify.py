"""Verifying the checks: reference, empty notebook, known wrong and correct solutions.

For a teacher who changes an exercise: a check can be trusted when it accepts what is known to be
right and rejects what is known to be wrong, with public and with hidden cases. The known solutions
are those of the course's folder `tests/known`, file by file, or else the package's.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import nbformat
import torch

from autograder.checking.check import hidden_cases, run_check
from autograder.checking.mutants import BUDGET_S, unnoticed_mutants
from autograder.checking.result import Result
from autograder.checking.retarget import slowdown
from autograder.checking.solution import ReferenceFailedError
from autograder.checking.stored import replies_of
from autograder.course import messages
from autograder.course.release import build_release, exercises_notebooks
from autograder.course.unfinished import known_folders, missing_parts
from autograder.errors import UserError
from autograder.exercises.exercise import (
    IN_ORACLE,
    Case,
    Exercise,
    ExerciseError,
    TooCloseError,
)
from autograder.exercises.known import KnownWrong, known_correct, known_wrong
from autograder.grading import processes
from autograder.notebooks.building_blocks import given_imports
from autograder.notebooks.cells import Role, read_notebook, role, solutions
from autograder.sandbox.arguments import calls_of
from autograder.sandbox.student import LocalStudent
from kischule.i18n import LANGUAGES, Line, Text, text_of

SEED = "verify"  # of the hidden cases: the same ones each time
CALL_LIMIT_S = 3.0  # a call: one that never ends is rejected as well as one that is slow
MIN_WRONG, MIN_CORRECT = 8, 3
WORKERS = 2
PARTS = 4  # of an exercise whose model computes, so that no worker is left alone with it
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


def verify(
    course: Path,
    assignment: str,
    progress: Callable[[Verdict], None],
    exercises: Mapping[str, Exercise],
) -> list[Verdict]:
    """Verify the checks of exercises, in the order of their ids; nothing is written.

    progress: called with each verdict as it comes. exercises: of the assignment. Raises
    AssignmentError.
    """
    built = build_release(course, assignment)
    solved: dict[str, list[dict[str, str]]] = {}  # of its notebook: reference and skeletons
    for path in exercises_notebooks(course, assignment):
        source = read_notebook(path)
        released = nbformat.reads(built[path.name].decode(), as_version=4)
        # solutions use what the notebook's given cells import
        given = [c.source for c in source.cells if c.cell_type == "code" and role(c) == Role.LOCKED]
        reference, skeletons = (solutions(made, Role.SOLUTION) for made in (source, released))
        pair = [{"": given_imports(given), **reference}, skeletons]
        solved |= dict.fromkeys(reference, pair)
    missing = {name: missing_parts(course, assignment, name) for name in exercises}
    # what takes long first
    tasks = [
        (exercise, *solved.get(name, ({}, {})), *known_folders(course, name))
        for name, exercise in sorted(
            exercises.items(), key=lambda pair: _effort(pair[1]), reverse=True
        )
    ]
    parts: dict[str, dict[int, Verdict]] = {name: {} for name in exercises}
    # not forked from this process: the child of one that has used torch's threads can hang
    with ProcessPoolExecutor(WORKERS, mp_context=processes.context([__name__])) as pool:
        verdicts = []
        waiting = {
            pool.submit(_verdict_of, task, (number, _number_of_parts(task[0]))): number
            for task in tasks
            for number in range(_number_of_parts(task[0]))
        }
        for done in as_completed(waiting):
            name = done.result().exercise
            parts[name][waiting[done]] = done.result()
            if len(parts[name]) < _number_of_parts(exercises[name]):
                continue
            verdict = reduce(add, (part for _, part in sorted(parts[name].items())))
            still = [Line(messages.MUST_BE.format(part=text_of(part))) for part in missing[name]]
            verdict = replace(verdict, problems=(*still, *verdict.problems))
            progress(verdict)
            verdicts.append(verdict)
    return sorted(verdicts, key=lambda verdict: verdict.exercise)


def _effort(exercise: Exercise) -> tuple[bool, int]:
    """Sort what takes long last: a model computes, and there are many calls of it.

    Begun first, it does not keep one worker busy when the others have nothing left.
    """
    cases = (*exercise.cases, *exercise.hidden)
    calls = sum(len(calls_of(case.arguments)) for case in cases)
    return "model" in exercise.parameters, calls


def _number_of_parts(exercise: Exercise) -> int:
    """Return the number of parts into which the exercise's known solutions are split."""
    return PARTS if "model" in exercise.parameters and not exercise.needs_solution else 1


def namespace(sources: Mapping[str, str]) -> dict[str, Any]:
    """Define the functions of these solution cells in this process.

    As in a notebook a cell that raises ends there, and the next one runs.
    """
    found: dict[str, Any] = {}
    exec("import torch", found)
    for text in sources.values():
        with suppress(Exception):
            exec(text, found)
    return found


def verify_exercise(
    exercise: Exercise,
    reference: Mapping[str, str],
    skeletons: Mapping[str, str],
    wrong_folder: Path,
    correct_folder: Path,
    *,
    part: tuple[int, int] = (0, 1),
) -> Verdict:
    """Verify the checks of one exercise.

    reference, skeletons: all code cells, by exercise. part: which part of the solutions to try,
    from 0, and the number of parts; the sum of all parts' verdicts is the exercise's.
    """
    began, name, (number, parts) = time.monotonic(), exercise.id, part
    # more for a larger model
    exercise = replace(exercise, time_limit_s=CALL_LIMIT_S * slowdown(exercise.model))
    if exercise.needs_solution:
        replies_of(exercise)  # which nobody stores, but none of them may hang on a tie
    hidden = hidden_cases(exercise, SEED)

    def results(source: str) -> tuple[Result, Result]:
        student = LocalStudent(namespace({**reference, name: source}))
        return run_check(exercise, student), run_check(exercise, student, SEED, hidden)

    wrong, correct = known_wrong(name, wrong_folder), known_correct(name, correct_folder)
    solutions = [
        *(("reference", "", reference[name]), ("skeleton", "", skeletons[name])),
        *(("wrong", n, solution.source) for n, solution in wrong.items()),
        *(("correct", n, source) for n, source in correct.items()),
    ]
    begin, end = (len(solutions) * place // parts for place in (number, number + 1))
    judged: dict[str, dict[str, tuple[Result, Result]]] = defaultdict(dict)
    for kind, n, source in solutions[begin:end]:
        judged[kind][n] = results(source)
    problems = list(_problems(judged))
    # of a teacher's own one of each will do: see `missing_parts`
    if number + 1 == parts and name in IN_ORACLE:
        problems += _too_few(wrong, messages.FEW_WRONG, MIN_WRONG)
        problems += _too_few(correct, messages.FEW_CORRECT, MIN_CORRECT)
    return Verdict(
        exercise=name,
        reference=any(_first_failure(found) is None for found in judged["reference"].values()),
        skeleton=any(map(_rejected, judged["skeleton"].values())),
        wrong=len(judged["wrong"]),
        wrong_caught=sum(map(_rejected, judged["wrong"].values())),
        correct=len(judged["correct"]),
        correct_accepted=sum(_first_failure(found) is None for found in judged["correct"].values()),
        told=_told_by(exercise, wrong, judged["wrong"]),
        seconds=round(time.monotonic() - began, 1),
        problems=tuple(problems),
        warnings=() if problems else tuple(_unnoticed(exercise, hidden)),
    )


def _first_failure(found: tuple[Result, Result]) -> Result | None:
    """The first result that is not a pass; None if there is none."""
    return next((result for result in found if not result.passed), None)


def _rejected(found: tuple[Result, Result]) -> bool:
    return all(result.passed is False and result.points == 0 for result in found)


def _problems(judged: Mapping[str, Mapping[str, tuple[Result, Result]]]) -> Iterator[str]:
    """Yield what is wrong with the checks, from the results of solutions by kind and name."""
    for found in judged["reference"].values():
        if rejection := _first_failure(found):
            yield Line(messages.REFERENCE_REJECTED.format(told=_short(rejection)))
    if not all(map(_rejected, judged["skeleton"].values())):
        yield Line(messages.EMPTY_ACCEPTED)
    for name, found in judged["wrong"].items():
        if not _rejected(found):
            yield Line(messages.ESCAPED.format(name=name))
    for name, found in judged["correct"].items():
        if result := _first_failure(found):
            yield Line(messages.TURNED_AWAY.format(name=name, told=_short(result)))


def _unnoticed(exercise: Exercise, hidden: Sequence[Case]) -> Iterator[str]:
    """Yield the mutants of the exercise's own solution that its cases accept."""
    if not exercise.needs_solution:
        return  # the package's own tests have the mutants of its exercises
    mutation = unnoticed_mutants(exercise, SEED, hidden)
    for change in mutation.unnoticed:
        yield Line(messages.UNNOTICED.format(change=change))
    if mutation.tried < mutation.made:
        about = {"tried": mutation.tried, "made": mutation.made, "seconds": BUDGET_S}
        yield Line(messages.MUTANTS_TRIED.format(**about))


def _verdict_of(task: tuple[Any, ...], part: tuple[int, int] = (0, 1)) -> Verdict:
    torch.set_num_threads(1)  # as many processes as cores
    exercise, reference, *_ = task
    if exercise.id not in reference:
        return Verdict(exercise=exercise.id)  # which `missing_parts` says
    try:
        return verify_exercise(*task, part=part)
    except (ReferenceFailedError, ExerciseError, TooCloseError, SyntaxError) as error:
        text = error.text if isinstance(error, UserError) else Text.same(str(error))
        return Verdict(exercise=task[0].id, problems=(Line(text),))


def _told_by(
    exercise: Exercise,
    wrong: Mapping[str, KnownWrong],
    judged: Mapping[str, tuple[Result, Result]],
) -> Told:
    """Count the messages about an exercise's wrong solutions."""
    if not (exercise.misconceptions or exercise.explanations):
        return Told()
    return sum((_told(n, wrong[n], r) for n, pair in judged.items() for r in pair), Told())


def _told(name: str, known: KnownWrong, result: Result) -> Told:
    """Compare the mistake that a message names with the one that was planted."""
    if result.passed is not False or not result.rule:
        return Told(general=int(result.passed is False))
    if result.rule in known.names:
        return Told(named=1)
    names = Text(" oder ".join(known.names), " or ".join(known.names))
    planted = names or messages.NAMELESS_MISTAKE
    about = {"name": name, "level": str(result.level), "planted": planted, "rule": result.rule}
    return Told(false=(Line(messages.FALSELY_TOLD.format(**about)),))


def _too_few(found: Mapping[str, Any], text: Text, minimum: int) -> Iterator[str]:
    if len(found) < minimum:
        yield Line(text.format(minimum=minimum, was=len(found)))


def _short(result: Result) -> Text:
    told = Text(*(" ".join(result.told(code).split()) for code in LANGUAGES))
    about = {"level": str(result.level), "number": result.passed_cases + 1}
    return messages.CASE_TOLD.format(told=told, **about)
