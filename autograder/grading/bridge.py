"""nbgrader: the course's configuration, releases, and grades in the gradebook.

The only file that imports nbgrader.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearMarkScheme,
    Execute,
    IgnorePattern,
    LimitOutput,
    NbGraderPreprocessor,
    SaveAutoGrades,
)
from nbgrader.utils import is_grade
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.grading.environment import environment
from autograder.grading.notebook import TRANSPORT_ENCRYPTION, bonus_points

CODE_STUB = "# IHR CODE · YOUR CODE\nraise NotImplementedError()"
TEXT_STUB = "*Ihre Antwort · Your answer*"


def configure(config: Any) -> None:
    """The settings of a kischule course, for its `nbgrader_config.py`.

    All of nbgrader's commands and formgrader work with them; a course may override any.
    """
    config.CourseDirectory.course_id = "kischule"
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    config.ClearSolutions.text_stub = TEXT_STUB
    # a rubric stands in the locked cell with the question, not in a task cell
    config.ClearMarkScheme.enforce_metadata = False
    config.OverwriteCells.add_missing_cells = True
    config.Execute.timeout = 60
    config.Autograde.autograde_preprocessors = [
        Execute,
        ForgiveStderr,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveBonus,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.HTMLExporter.preprocessors = [HideMarkScheme]
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION


class ForgiveStderr(NbGraderPreprocessor):
    """Takes stderr out of test cells: nbgrader counts a line of it as a failure (utils.py:149)."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        if cell.cell_type == "code" and is_grade(cell):
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
        return cell, resources


class SaveBonus(SaveAutoGrades):
    """nbgrader's scores; the points of a bonus exercise become extra credit of its test cell."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        points = bonus_points(cell)
        if points is None:
            return
        grade = self.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"],
            self.notebook_id,
            self.assignment_id,
            self.student_id,
        )
        grade.extra_credit = points
        self.gradebook.db.commit()


class HideMarkScheme(ClearMarkScheme):
    """Takes rubrics out of the feedback for students; formgrader still shows them."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        if "nbgrader" not in resources:  # formgrader's own pages
            return nb, resources
        return super().preprocess(nb, resources)


class NbgraderError(RuntimeError):
    """nbgrader could not do it; the message is the last error that it logged."""


@dataclass(frozen=True)
class Score:
    """What the gradebook has for one cell. waits: a teacher has to look at it."""

    points: float
    max_points: float
    waits: bool


class Course:
    """One course folder in nbgrader's layout."""

    def __init__(self, root: Path, **settings: Any) -> None:
        """settings: of CourseDirectory, over the course's own configuration."""
        self.config = Config()
        configure(self.config)
        self.config.CourseDirectory.root = str(root)
        for name, value in settings.items():
            setattr(self.config.CourseDirectory, name, value)
        self.root = root

    def directory(self, assignment: str, student: str = "*") -> CourseDirectory:
        directory = CourseDirectory(config=self.config)
        directory.assignment_id, directory.student_id = assignment, student
        return directory

    def generate(self, assignment: str) -> None:
        """`nbgrader generate_assignment`, with the gradebook's entries."""
        self._run(GenerateAssignment, assignment, ".")

    def autograde(self, assignment: str, student: str, time_limit: float) -> None:
        """`nbgrader autograde` for one student. time_limit: seconds a cell."""
        self.config.Execute.timeout = int(time_limit)
        self._run(Autograde, assignment, student)

    def knows(self, assignment: str) -> bool:
        """Whether the gradebook has the assignment, with its notebooks."""
        with self._gradebook() as book:
            try:
                return bool(book.find_assignment(assignment).notebooks)
            except MissingEntry:
                return False

    def scores(self, assignment: str, student: str) -> dict[str, Score]:
        """By grade_id, from the gradebook: a score that a teacher gave counts over ours."""
        with self._gradebook() as book:
            try:
                submission = book.find_submission(assignment, student)
            except MissingEntry as error:
                raise LookupError(str(error)) from error
            return {
                g.name: Score(float(g.score), float(g.max_score), bool(g.needs_manual_grade))
                for notebook in submission.notebooks
                for g in notebook.grades
            }

    @contextmanager
    def _gradebook(self) -> Iterator[Any]:
        directory = CourseDirectory(config=self.config)
        with _own_programs(), Gradebook(directory.db_url, directory.course_id) as book:
            yield book

    def _run(self, converter_class: Any, assignment: str, student: str) -> None:
        converter = converter_class(
            coursedir=self.directory(assignment, student), config=self.config
        )
        converter.force = True
        with _own_programs(), _causes(converter.log) as causes, warnings.catch_warnings():
            # nbgrader 0.9 adds objects in an order that SQLAlchemy 2.1 remarks upon
            warnings.simplefilter("ignore", SAWarning)
            try:
                converter.start()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # it also leaves by sys.exit
                raise NbgraderError(causes[0] if causes else str(error)) from error


def _own_programs() -> AbstractContextManager[None]:
    """This interpreter's programs on PATH: nbgrader starts `alembic` for a new gradebook."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return environment({"PATH": path})


@contextmanager
def _causes(log: Any) -> Iterator[list[str]]:
    """Keeps nbgrader's log off the terminal; yields a list of the causes that it logged."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage().strip()
            if text.startswith("Traceback"):  # its last line says what happened
                found.append(text.splitlines()[-1])

    handler = Keep()
    propagate, others, level = log.propagate, log.handlers[:], log.level
    log.propagate, log.handlers = False, [handler]
    log.setLevel(logging.ERROR)
    try:
        yield found
    finally:
        log.propagate, log.handlers = propagate, others
        log.setLevel(level)
