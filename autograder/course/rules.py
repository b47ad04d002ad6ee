"""The rules by which submissions of an assignment are graded."""

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.course.gradebook import Course
from autograder.course.layout import Layout
from autograder.course.ours import exercises_of, files_beside
from autograder.course.release import registered, source_notebook
from autograder.files import write_atomically
from autograder.grading.record import Rules
from autograder.grading.settings import Settings
from autograder.grading.store import Store
from autograder.notebooks.cells import (
    Role,
    grade_id_of,
    is_plain_test,
    read_notebook,
    solutions,
)


def rules_of(
    course: Path,
    assignment: str,
    settings: Settings,
    seed_file: Path | None = None,
    making: Callable[[str], None] = lambda _: None,
    **directory: str,
) -> Rules:
    """Make the rules of an assignment, which gets its entries in the gradebook.

    seed_file: the teacher's secret; None: the course's own. making: called with each exercise
    whose expected replies have to be made, for a model that is used for the first time. directory:
    settings of nbgrader's CourseDirectory, in place of the course's own.

    Raises AssignmentError or SeedError; for another model than `mini` what `exercises_for` does.
    """
    # heavy: only a grading needs the model
    from autograder.checking.retarget import exercises_for, slowdown
    from autograder.grading.submission import checks_id

    model, store, book = settings.model, Store(course), Course(course, **directory)
    source = source_notebook(course, assignment)
    exercises = exercises_of(Course(course).directory(), assignment)
    release = registered(course, assignment, **directory)
    return Rules(
        name=source.name,
        release=release.read_bytes(),
        seed=store.seed(seed_file),
        checks=checks_id(model),
        settings=consented(store, settings).slowed(slowdown(model)),
        exercises=exercises_for(exercises, model, store.expected, making),
        solutions=solutions(read_notebook(source), Role.SOLUTION),
        tests=_plain_tests(book.layout(assignment), read_notebook(release), exercises),
        files=files_beside(book.directory(), assignment),
    )


def consented(store: Store, settings: Settings) -> Settings:
    """The settings, with a plain process where the teacher has asked for one before.

    Only on a system without sandboxes, and once a course: the consent is kept. On Linux a course
    that was graded elsewhere gets no weaker.
    """
    kept = store.folder / "isolation"
    if sys.platform == "linux" or settings.isolation not in ("auto", "process"):
        return settings
    if settings.isolation == "process":
        write_atomically(kept, b"process\n")
    return replace(settings, isolation="process") if kept.is_file() else settings


def _plain_tests(layout: Layout, release: Any, exercises: Collection[str]) -> dict[str, str]:
    """The plain tests with their hidden parts, which the gradebook has and a release has not."""
    names = {grade_id_of(cell) for cell in release.cells if is_plain_test(cell, exercises)}
    found = [source for notebook in layout for source in notebook.sources]
    return {each.name: each.source or "" for each in found if each.name in names}
