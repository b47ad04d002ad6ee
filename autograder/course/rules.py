"""The rules by which submissions of an assignment are graded."""

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.course.gradebook import Course
from autograder.course.layout import Layout
from autograder.course.ours import check_names_differ, exercises_by_notebook, files_beside
from autograder.course.release import registered, source_notebooks
from autograder.files import write_atomically
from autograder.grading.record import Rules
from autograder.grading.settings import Settings
from autograder.grading.store import Store
from autograder.grading.submission import checks_id
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
) -> list[Rules]:
    """Make the rules of an assignment's notebooks; it gets its entries in the gradebook.

    seed_file: the teacher's secret; None: the course's own. making: called with each exercise
    whose expected replies have to be made, for a model that is used for the first time. directory:
    settings of nbgrader's CourseDirectory, in place of the course's own.

    Raises AssignmentError or SeedError; for another model than `mini` what `exercises_for` does.
    """
    model, store, book = settings.model, Store(course), Course(course, **directory)
    by_notebook = exercises_by_notebook(Course(course).directory(), assignment)
    sources = {p.name: read_notebook(p) for p in source_notebooks(course, assignment)}
    check_names_differ(assignment, sources)
    releases = registered(course, assignment, **directory)
    common: dict[str, Any] = {
        "seed": store.seed(seed_file),
        "checks": checks_id(model),
        "settings": consented(store, settings).slowed(1.0),
        "files": files_beside(book.directory(), assignment),
        "variants": store.variants(assignment),
    }
    layout = book.layout(assignment)
    rules = [
        Rules(
            name=name,
            release=release.read_bytes(),
            exercises=dict(by_notebook[name]),
            solutions=solutions(source, Role.SOLUTION),
            tests=_plain_tests(layout, release, by_notebook[name]),
            **common,
        )
        for (name, source), release in zip(sources.items(), releases, strict=True)
    ]
    if model == "mini":
        return rules
    return [_for_another_model(each, store.expected, making) for each in rules]


def _for_another_model(rules: Rules, folder: Path, making: Callable[[str], None]) -> Rules:
    """The rules for another model than `mini`. folder: where its replies are kept."""
    from autograder.checking.retarget import exercises_for, slowdown  # heavy: torch

    model = rules.settings.model
    return replace(
        rules,
        settings=rules.settings.slowed(slowdown(model)),
        exercises=exercises_for(rules.exercises, model, folder, making),
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


def _plain_tests(layout: Layout, release: Path, exercises: Collection[str]) -> dict[str, str]:
    """The plain tests with their hidden parts, which the gradebook has and a release has not."""
    cells = read_notebook(release).cells
    names = {grade_id_of(cell) for cell in cells if is_plain_test(cell, exercises)}
    found = [s for notebook in layout if notebook.name == release.stem for s in notebook.sources]
    return {each.name: each.source or "" for each in found if each.name in names}
