"""Verifying the checks: reference, empty notebook, known wrong and correct solutions.

For a teacher who changes an exercise: a check can be trusted when it accepts what is known to be
right and rejects what is known to be wrong, with public and with hidden cases. The known solutions
are those of the course's folder `tests/known`, file by file, or else the package's.
"""

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import nbformat
import torch

from autograder.checking.check import functions_behind, hidden_cases, run_case, run_check
from autograder.checking.mutants import BUDGET_S, unnoticed_mutants
from autograder.checking.result import Result
from autograder.checking.retarget import slowdown
from autograder.checking.solution import ReferenceFailedError
from autograder.checking.stored import replies_of
from autograder.course import messages
from autograder.course.release import build_release, exercises_notebooks
from autograder.course.unfinished import known_folders, missing_parts
from autograder.course.verdict import Told, Verdict
from autograder.errors import UserError
from autograder.exercises.exercise import (
    IN_ORACLE,
    PACKAGED,
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
from autograder.sandbox.student import Arguments, CallError, LocalStudent, Reply, Student
from kischule.i18n import LANGUAGES, Line, Text, text_of

SEED = "verify"  # of the hidden cases: the same ones each time
CALL_LIMIT_S = 3.0  # a call: one that never ends is rejected as well as one that is slow
MIN_WRONG, MIN_CORRECT = 8, 3
WORKERS = 2
PARTS = 4  # of an exercise whose model computes, so that no worker is left alone with it


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
    made = processes.context([__name__])
    with ProcessPoolExecutor(WORKERS, mp_context=made, initializer=_begin) as pool:
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


class _Remembering:
    """A student whose replies to public cases are kept for what explains a failed hidden one."""

    def __init__(self, student: Student) -> None:
        self.keeping = True  # False: what was kept is repeated, all else is asked and not kept
        self._student = student
        self._kept: dict[str, list[Reply] | CallError] = {}

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        """Make the calls, or repeat what they gave; CallError as `Student.call_all`."""
        key = repr((function, calls))
        if self.keeping or key not in self._kept:
            found: list[Reply] | CallError
            try:
                found = self._student.call_all(function, calls, time_limit_s)
            except CallError as error:
                found = error
            if self.keeping:
                self._kept[key] = found
        else:
            found = self._kept[key]
        if isinstance(found, CallError):
            raise found
        return found


def _passing_needs(exercise: Exercise, reference: Mapping[str, str]) -> dict[str, list[Any]]:
    """The exercises that this one builds on, and that the reference solves, with its code."""
    solved = namespace(reference)
    student = LocalStudent(solved)
    return {
        need: _codes(need, solved)
        for need in exercise.needs
        if need in PACKAGED
        and all(run_case(PACKAGED[need], case, student) is None for case in PACKAGED[need].cases)
    }


def _codes(exercise: str, solved: Mapping[str, Any]) -> list[Any]:
    """The code of the functions of an exercise and of those that it builds on."""
    return [getattr(f, "__code__", f) for f in functions_behind(exercise, PACKAGED, solved)]


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

    passing = _passing_needs(exercise, reference)

    def results(source: str) -> tuple[Result, Result]:
        own = namespace({**reference, name: source})
        student = _Remembering(LocalStudent(own))
        known = {n: True for n, codes in passing.items() if _codes(n, own) == codes}
        public = run_check(exercise, student, known=known)
        student.keeping = False
        return public, run_check(exercise, student, SEED, hidden, known=known)

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


def _begin() -> None:
    """Begin a worker's work."""
    torch.set_num_threads(1)  # as many processes as cores
    gc.freeze()  # of what was imported nothing is ever garbage


def _verdict_of(task: tuple[Any, ...], part: tuple[int, int] = (0, 1)) -> Verdict:
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
