"""nbgrader's layout, gradebook and commands, for one course folder."""

import copy
import fnmatch
import glob
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nbformat.v4 import new_notebook
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, OverwriteCells
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError

from autograder.course import converters, messages
from autograder.course.adjustments import Action, Adjustments, apply, seconds_late, unadjusted
from autograder.course.configuration import TRUSTED_EXECUTE, course_config, importable
from autograder.course.converters import NbgraderError
from autograder.course.layout import (
    ByHand,
    Layout,
    given_by_hand,
    make_whole,
    of_submissions,
    read_layout,
    write_layout,
)
from autograder.course.one_pass import OnePass
from autograder.course.preprocessors import RecordedOutputs
from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.grading.record import Record
from autograder.grading.store import NONE_KNOWN, Store
from kischule.i18n import Text

WAIT_S = 20.0  # for a gradebook that another program has locked


class GradebookError(UserError, RuntimeError):
    """The gradebook is locked, or its file is damaged."""


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
    late_s: float = 0.0  # seconds after the due date, an extension included
    first_name: str = ""
    last_name: str = ""
    email: str = ""

    @property
    def late(self) -> str:
        """The lateness for a reader, as `2 d 3 h` or `5 min`; "" in time."""
        minutes = -int(-self.late_s // 60)
        days, hours = minutes // 1440, minutes // 60 % 24
        parts = [(days, "d"), (hours, "h"), (0 if days else minutes % 60, "min")]
        return " ".join(f"{count} {unit}" for count, unit in parts if count)


class Course:
    """One course folder in nbgrader's layout, with the settings of its `nbgrader_config.py`."""

    def __init__(self, root: Path, **settings: Any) -> None:
        """settings: of CourseDirectory, in place of the course's own. Raises ConfigurationError."""
        self.config = course_config(root)
        for name, value in settings.items():
            setattr(self.config.CourseDirectory, name, value)
        self.root = root
        self._engines: dict[str, Engine] = {}
        directory = CourseDirectory(config=self.config)
        self.url = self.config.CourseDirectory.db_url = _patient(directory.db_url)

    def directory(self, assignment: str = "", student: str = "*") -> CourseDirectory:
        """nbgrader's directory of an assignment and a student."""
        directory = CourseDirectory(config=self.config)
        directory.assignment_id, directory.student_id = assignment, student
        return directory

    def folder(self, step: str, assignment: str, student: str = ".") -> Path:
        """An assignment's folder; step: source, release, submitted, autograded or feedback."""
        directory = CourseDirectory(config=self.config)
        name = getattr(directory, f"{step}_directory")
        return Path(directory.format_path(name, student, assignment))

    def students(self, step: str, assignment: str) -> list[str]:
        """List the students with a folder for an assignment; not those omitted or withdrawn."""
        return self._counted(self._names(step, "\0", assignment), assignment)

    def enrolled(self, assignment: str) -> dict[str, str]:
        """The full names of the gradebook's students; not of those omitted or withdrawn."""
        with self._gradebook() as book:
            names = {s.id: f"{s.first_name or ''} {s.last_name or ''}" for s in book.students}
        return {name: names[name].strip() for name in self._counted(names, assignment)}

    def _counted(self, names: Iterable[str], assignment: str) -> list[str]:
        directory = CourseDirectory(config=self.config)
        omitted = {*directory.student_id_exclude.split(","), *self.withdrawn(assignment)}
        pattern = directory.student_id
        return [n for n in names if n not in omitted and fnmatch.fnmatchcase(n, pattern)]

    def withdrawn(self, assignment: str) -> list[str]:
        """List the students whose submission is withdrawn."""
        return list(Adjustments.of(self.root, assignment).names(Action.WITHDRAW))

    def assignments(self) -> list[str]:
        """List the assignments with a folder under source/."""
        return self._names("source", ".", "\0")

    def _names(self, step: str, student: str, assignment: str) -> list[str]:
        """List the names that folders have in the place of the null character."""
        before, after = str(self.folder(step, assignment, student)).split("\0")
        found = glob.glob(f"{glob.escape(before)}*{glob.escape(after)}")
        return sorted(path[len(before) : len(path) - len(after)] for path in found)

    def generate(self, assignment: str) -> None:
        """Run `nbgrader generate_assignment`, which makes the gradebook's entries as well."""
        self._run(GenerateAssignment, assignment, ".", self.config)

    def autograde(self, assignment: str, student: str, records: Mapping[str, Record]) -> None:
        """Run `nbgrader autograde` for one student, with records in place of a run, by notebook."""
        config = copy.deepcopy(self.config)
        # a rebuilt notebook needs no checking, which takes a third of nbgrader's time
        config.Autograde.sanitize_preprocessors = [OverwriteCells]
        config.Autograde.autograde_preprocessors = [
            RecordedOutputs(records) if preprocessor == TRUSTED_EXECUTE else preprocessor
            for preprocessor in self.config.Autograde.autograde_preprocessors
            if preprocessor is not CheckCellMetadata
        ]
        converter = partial(OnePass, engines=self._engines)
        self._run(converter, assignment, student, config)

    def adjust(self, assignment: str, known: Mapping[str, Record] = NONE_KNOWN) -> None:
        """Bring points in line with their cells' and with adjustments, then the penalties.

        known: records that need not be read again, by key.
        """
        store = Store(self.root)
        with self._gradebook() as book:
            results = {
                submission.student_id: store.results(assignment, submission.student_id, known)
                for submission in book.assignment_submissions(assignment)
            }
            adjusted = apply(book, self.root, assignment, results)
            book.db.commit()
        adjusted.save(self.root, assignment)
        self.assign_penalties(assignment)

    def assign_penalties(self, assignment: str) -> None:
        """Compute the penalties for lateness anew: due dates, extensions and points change.

        nbgrader does so when it grades a submission, which a known one is not again.
        """
        if AssignLatePenalties not in self.config.Autograde.autograde_preprocessors:
            return
        with self._gradebook() as book:
            affected = [
                (notebook.assignment.student_id, notebook.notebook.name)
                for notebook in self._submitted(book, assignment)
                if seconds_late(notebook.assignment) or notebook.late_submission_penalty
            ]
        student = ""
        try:
            with importable(self.root), self._explained():
                penalise = AssignLatePenalties(config=self.config)
                with converters.logged_causes(penalise.log):
                    for student, notebook in affected:
                        named = {"student": student, "assignment": assignment, "notebook": notebook}
                        penalise(new_notebook(), {"nbgrader": {**named, "db_url": self.url}})
        except UserError:
            raise
        except Exception as error:  # of a plugin of the course's
            about = {
                "who": student or messages.ANYBODY,
                "reason": f"{type(error).__name__}: {error}",
            }
            raise NbgraderError(messages.NO_PENALTY.format(**about)) from error

    def layout(self, assignment: str) -> Layout:
        """Read the cells that the gradebook has for an assignment, dropped ones as they were."""
        with self._gradebook() as book:
            dropped = Adjustments.of(self.root, assignment).max_points
            return unadjusted(read_layout(book, assignment), dropped)

    def given_by_hand(self, assignment: str) -> dict[str, list[ByHand]]:
        """Read what a teacher has given, by student; each with a submission is there."""
        with self._gradebook() as book:
            return given_by_hand(book, assignment)

    @contextmanager
    def laid_out(self, assignment: str, wanted: Layout) -> Iterator[None]:
        """Replace an assignment's cells if the block succeeds, else leave them as they are."""
        with self._gradebook() as book, converters.quiet_sqlalchemy():
            write_layout(book, assignment, wanted)
            yield
            book.db.commit()

    @property
    def file(self) -> Path | None:
        """The gradebook's file; None if it is not in one."""
        place = make_url(self.url)
        if not place.drivername.startswith("sqlite") or place.database in (None, "", ":memory:"):
            return None
        return Path(str(place.database))

    def back_up(self, target: Path) -> None:
        """Copy the gradebook's file, also while another program writes."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / "gradebook.db"
                with (
                    closing(sqlite3.connect(str(self.file), timeout=WAIT_S)) as book,
                    closing(sqlite3.connect(copy)) as new,
                ):
                    book.backup(new)
                write_atomically(target, copy.read_bytes(), private=True)
        except sqlite3.Error as error:
            raise GradebookError(_sentence(self.url, error)) from error

    def scores(self, assignment: str) -> dict[str, dict[str, Score]]:
        """Read the scores, by student and grade_id; a teacher's score counts over ours."""
        with self._gradebook() as book:
            query = book.db.query(
                SubmittedAssignment.student_id,
                Notebook.name,
                BaseCell.name,
                Grade.score,
                Grade.max_score,
                Grade.needs_manual_grade,
                Grade.auto_score,
                Grade.manual_score,
                Grade.extra_credit,
            ).select_from(Grade)
            query = query.join(BaseCell, Grade.cell_id == BaseCell.id)
            rows = of_submissions(query, Grade, assignment)
            found: dict[str, dict[str, Score]] = {}
            for student, notebook, cell, score, possible, waits, auto, manual, extra in rows:
                machine = None if auto is None else float(auto)
                if machine is not None and not possible:  # a bonus
                    machine = None if manual is not None else machine + float(extra or 0)
                mine = found.setdefault(student, {})
                name = f"{notebook}/{cell}" if cell in mine else cell  # of a second notebook
                mine[name] = Score(
                    points=float(score or 0),
                    max_points=float(possible or 0),
                    waits=bool(waits),
                    machine=machine,
                    by_hand=manual is not None,
                )
            return found

    def totals(self, assignment: str) -> dict[str, Total]:
        """Read the totals by student, of those with a grade; not of withdrawn submissions."""
        withdrawn = self.withdrawn(assignment)
        scores = self.scores(assignment)
        with self._gradebook() as book:
            penalties: dict[str, float] = {}
            submissions = {}
            for notebook in self._submitted(book, assignment):
                submission = submissions[notebook.assignment.student_id] = notebook.assignment
                student = submission.student_id
                penalty = float(notebook.late_submission_penalty or 0)
                penalties[student] = penalties.get(student, 0.0) + penalty
            return {
                student: _total(submission, scores[student].values(), penalties[student])
                for student, submission in submissions.items()
                if student in scores and student not in withdrawn
            }

    @staticmethod
    def _submitted(book: Any, assignment: str) -> Iterable[Any]:
        return (
            book.db.query(SubmittedNotebook)
            .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .filter(Assignment.name == assignment)
            .all()
        )

    def enrol(self, students: Mapping[str, Any]) -> None:
        """Enter students with name, email and their id elsewhere (`lms.people.Person`)."""
        with self._gradebook() as book, converters.quiet_sqlalchemy():
            for student, person in students.items():
                first, _, last = person.name.rpartition(" ")
                about = {"first_name": first, "last_name": last, "lms_user_id": person.id}
                if person.email:
                    about["email"] = person.email
                book.update_or_create_student(student, **about)

    def feedback(self, assignment: str, student: str, language: str | None = None) -> Path:
        """Run `nbgrader generate_feedback` for one student; returns the page's path.

        That of the folder, if there are several pages: one of each notebook.
        language: None: the course's, else German.
        """
        config = copy.deepcopy(self.config)
        if language:
            config.FeedbackPage.language = language
        converter = self._run(GenerateFeedback, assignment, student, config)
        folder = self.folder("feedback", assignment, student)
        if len(converter.notebooks) > 1:
            return folder
        name = Path(converter.notebooks[0]).with_suffix(converter.exporter.file_extension).name
        return folder / name

    @contextmanager
    def _gradebook(self) -> Iterator[Any]:
        directory = CourseDirectory(config=self.config)
        with converters.own_programs(), self._explained():
            make_whole(self.file, directory.course_id)
            with Gradebook(self.url, directory.course_id) as book:
                yield book

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise GradebookError where the database fails, which nbgrader may have wrapped."""
        try:
            yield
        except Exception as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, DBAPIError):
                cause = cause.__cause__ or cause.__context__
            if cause is None:
                raise
            raise GradebookError(_sentence(self.url, cause.orig)) from error

    def _run(self, converter_class: Any, assignment: str, student: str, config: Any) -> Any:
        directory = CourseDirectory(config=config)
        directory.assignment_id, directory.student_id = assignment, student
        with self._explained():
            return converters.run(converter_class, directory, student, config)


def _total(submission: Any, scores: Iterable[Score], penalty: float) -> Total:
    scores, student = list(scores), submission.student
    return Total(
        points=sum(score.points for score in scores) - penalty,
        max_points=sum(score.max_points for score in scores),
        waiting=sum(score.max_points for score in scores if score.waits),
        penalty=penalty,
        late_s=seconds_late(submission),
        first_name=student.first_name or "",
        last_name=student.last_name or "",
        email=student.email or "",
    )


def _patient(url: str) -> str:
    """The database's address with a time that SQLite waits for a lock."""
    place = make_url(url)
    if place.drivername.startswith("sqlite") and "timeout" not in place.query:
        place = place.update_query_dict({"timeout": f"{WAIT_S:g}"})
    return place.render_as_string(hide_password=False)


def _sentence(url: str, cause: object) -> Text:
    """Say which gradebook cannot be used, what to do, and what is lost: nothing that was graded."""
    place = make_url(url)
    name = place.database if place.drivername.startswith("sqlite") else repr(place)
    if "locked" in str(cause):
        return messages.LOCKED_BOOK.format(name=name, seconds=WAIT_S)
    return messages.BROKEN_BOOK.format(name=name, cause=cause)
