"""nbgrader's gradebook and converters, for one course folder."""

import copy
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, OverwriteCells
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SAWarning
from traitlets.config import Config

from autograder.course.configuration import TRUSTED_EXECUTE, configure
from autograder.course.preprocessors import RecordedOutputs
from autograder.grading.environment import environment
from autograder.grading.record import Record
from autograder.grading.store import FOLDER


class NbgraderError(RuntimeError):
    """nbgrader failed; the message is the last error that it logged."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The gradebook's entry for one cell."""

    points: float
    max_points: float
    waits: bool  # a teacher has to look at it
    machine: float | None  # the points that we gave; None: none, or a teacher decided about them
    by_hand: bool  # a teacher has given a score


@dataclass(frozen=True, kw_only=True)
class Total:
    """The gradebook's entry for one submission."""

    points: float  # bonus and late penalty included
    max_points: float
    waiting: float  # points at most that a teacher has still to give
    penalty: float  # for lateness, already taken off
    first_name: str = ""
    last_name: str = ""
    email: str = ""


class Course:
    """One course folder in nbgrader's layout."""

    def __init__(self, root: Path, **settings: Any) -> None:
        """settings: of CourseDirectory, in place of the course's own."""
        self.config = Config()
        configure(self.config)
        self.config.CourseDirectory.root = str(root)
        for name, value in settings.items():
            setattr(self.config.CourseDirectory, name, value)
        self.root = root

    def directory(self, assignment: str, student: str = "*") -> CourseDirectory:
        """nbgrader's directory of an assignment and a student."""
        directory = CourseDirectory(config=self.config)
        directory.assignment_id, directory.student_id = assignment, student
        return directory

    def generate(self, assignment: str) -> None:
        """Run `nbgrader generate_assignment`, which makes the gradebook's entries as well."""
        self._run(GenerateAssignment, assignment, ".")

    def autograde(self, assignment: str, student: str, record: Record) -> None:
        """Run `nbgrader autograde` for one student, with a record in place of a run."""
        config = copy.deepcopy(self.config)
        # a rebuilt notebook needs no checking, which takes a third of nbgrader's time
        config.Autograde.sanitize_preprocessors = [OverwriteCells]
        config.Autograde.autograde_preprocessors = [
            RecordedOutputs(record) if preprocessor == TRUSTED_EXECUTE else preprocessor
            for preprocessor in self.config.Autograde.autograde_preprocessors
            if preprocessor is not CheckCellMetadata
        ]
        self._run(Autograde, assignment, student, config)

    def knows(self, assignment: str) -> bool:
        """Return True if the gradebook has the assignment, with its notebooks."""
        with self._gradebook() as book:
            try:
                return bool(book.find_assignment(assignment).notebooks)
            except MissingEntry:
                return False

    def scores(self, assignment: str) -> dict[str, dict[str, Score]]:
        """Read the scores, by student and grade_id; a teacher's score counts over ours."""
        with self._gradebook() as book:
            rows = (
                book.db.query(
                    SubmittedAssignment.student_id,
                    BaseCell.name,
                    Grade.score,
                    Grade.max_score,
                    Grade.needs_manual_grade,
                    Grade.auto_score,
                    Grade.manual_score,
                    Grade.extra_credit,
                )
                .select_from(Grade)
                .join(BaseCell, Grade.cell_id == BaseCell.id)
                .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
                .join(
                    SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id
                )
                .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
                .filter(Assignment.name == assignment)
            )
            found: dict[str, dict[str, Score]] = {}
            for student, cell, score, possible, waits, auto, manual, extra in rows:
                machine = None if auto is None else float(auto)
                if machine is not None and not possible:  # a bonus
                    machine = None if manual is not None else machine + float(extra or 0)
                found.setdefault(student, {})[cell] = Score(
                    points=float(score or 0),
                    max_points=float(possible or 0),
                    waits=bool(waits),
                    machine=machine,
                    by_hand=manual is not None,
                )
            return found

    def totals(self, assignment: str) -> dict[str, Total]:
        """Read the totals by student, of those with a grade in the gradebook."""
        scores = self.scores(assignment)
        with self._gradebook() as book:
            rows = (
                book.db.query(Student, SubmittedNotebook.late_submission_penalty)
                .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
                .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
                .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
                .filter(Assignment.name == assignment)
                .all()
            )
            return {
                student.id: _total(student, scores[student.id].values(), float(penalty or 0))
                for student, penalty in rows
                if student.id in scores
            }

    def enrol(self, students: Mapping[str, Any]) -> None:
        """Enter students with name, email and their id elsewhere (`lms.people.Person`)."""
        with self._gradebook() as book, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            for student, person in students.items():
                first, _, last = person.name.rpartition(" ")
                about = {"first_name": first, "last_name": last, "lms_user_id": person.id}
                if person.email:
                    about["email"] = person.email
                book.update_or_create_student(student, **about)

    def feedback(self, assignment: str, student: str, language: str = "de") -> Path:
        """Run `nbgrader generate_feedback` for one student; returns the page's path."""
        config = copy.deepcopy(self.config)
        config.FeedbackPage.language = language
        self._run(GenerateFeedback, assignment, student, config)
        directory = self.directory(assignment, student)
        folder = directory.format_path(directory.feedback_directory, student, assignment)
        return sorted(Path(folder).glob("*.html"))[0]

    @contextmanager
    def _gradebook(self) -> Iterator[Any]:
        directory = CourseDirectory(config=self.config)
        with _own_programs():
            _make_whole(directory.db_url, directory.course_id)
            with Gradebook(directory.db_url, directory.course_id) as book:
                yield book

    def _run(
        self, converter_class: Any, assignment: str, student: str, config: Config | None = None
    ) -> None:
        directory = self.directory(assignment, student)
        converter = converter_class(coursedir=directory, config=config or self.config)
        converter.force = True
        with _own_programs(), _logged_causes(converter.log) as causes, warnings.catch_warnings():
            # nbgrader 0.9 adds objects in an order that SQLAlchemy 2.1 remarks upon
            warnings.simplefilter("ignore", SAWarning)
            try:
                converter.start()
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # it also leaves by sys.exit
                raise NbgraderError(causes[0] if causes else str(error)) from error


def _total(student: Any, scores: Iterable[Score], penalty: float) -> Total:
    scores = list(scores)
    return Total(
        points=sum(score.points for score in scores) - penalty,
        max_points=sum(score.max_points for score in scores),
        waiting=sum(score.max_points for score in scores if score.waits),
        penalty=penalty,
        first_name=student.first_name or "",
        last_name=student.last_name or "",
        email=student.email or "",
    )


def _make_whole(url: str, course_id: str) -> None:
    """Make a new gradebook file with all that nbgrader puts into it, or not at all.

    nbgrader notes the version of its tables seconds after it has made them; stopped in between, it
    would never do so, and a later `nbgrader db upgrade` would begin from nothing.
    """
    place = make_url(url)
    if not place.drivername.startswith("sqlite") or not place.database:
        return
    path = Path(place.database)
    if path.exists() or not path.parent.is_dir():
        return
    ours = path.parent / FOLDER
    ours.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gradebook-", dir=ours) as folder:
        new = Path(folder) / path.name
        Gradebook(f"sqlite:///{new}", course_id).close()
        os.replace(new, path)


def _own_programs() -> AbstractContextManager[None]:
    """Put this interpreter's programs on PATH: nbgrader runs `alembic` for a new gradebook."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return environment({"PATH": path})


@contextmanager
def _logged_causes(log: Any) -> Iterator[list[str]]:
    """Keep nbgrader's log off the terminal; yields the list of the causes that it logs."""
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
