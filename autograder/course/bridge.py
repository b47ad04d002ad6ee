"""nbgrader: the course's configuration, releases, and grades in the gradebook.

The only file that imports nbgrader.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbformat import from_dict
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
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearMarkScheme,
    ClearOutput,
    GetGrades,
    IgnorePattern,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SAWarning
from traitlets import Bool, Float, Integer, Unicode
from traitlets.config import Config

from autograder.exercises.exercise import load_exercise
from autograder.feedback import student_page
from autograder.grading.environment import environment
from autograder.grading.outputs import harmless_markdown
from autograder.grading.store import FOLDER
from autograder.notebooks import intake
from autograder.notebooks.cells import TRANSPORT_ENCRYPTION, Executed, nbgrader_of

if TYPE_CHECKING:
    from autograder.grading.record import Rules
    from autograder.grading.submission import Taken

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
    stock = GenerateAssignment.class_traits()["preprocessors"].default()
    config.GenerateAssignment.preprocessors = [PlainMetadata, *stock]
    config.Autograde.sanitize_preprocessors = [
        TakeIn,
        ClearOutput,
        OverwriteKernelspec,
        OverwriteCells,
        CheckCellMetadata,
    ]
    config.Autograde.autograde_preprocessors = [
        TrustedExecute,
        IgnorePattern,
        ClearMetadataPreprocessor,
        SaveOutcomes,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    config.HTMLExporter.preprocessors = [HideMarkScheme, HarmlessText]
    config.GenerateFeedback.preprocessors = [GetGrades, FeedbackPage, CSSHTMLHeaderPreprocessor]
    # formgrader's own pages go through an HTMLExporter, too: this is the feedback's alone
    config.GenerateFeedback.HTMLExporter.template_name = "kischule"
    config.GenerateFeedback.HTMLExporter.extra_template_basedirs = [str(student_page.TEMPLATES)]
    config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
    # its panel shows all settings, the server's token among them, to whoever looks at the screen
    config.FormgradeExtension.debug = False


class PlainMetadata(NbGraderPreprocessor):
    """In a release: no trace of the machine on which a teacher has opened the source.

    JupyterLab writes its kernel's name and version into what it saves. A release that differed by
    them would be stale, and everybody's grade with it.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        nb.metadata = from_dict(
            {
                "kernelspec": {
                    "display_name": "Python 3",
                    "language": "python",
                    "name": "python3",
                },
                "language_info": {"name": "python"},
            }
        )
        return nb, resources


class TakeIn(NbGraderPreprocessor):
    """First of all: the hand-in's texts on the release's structure, and nothing else of it.

    `kischule grade` has done it already. For `nbgrader autograde` it is done here, from the file
    itself, before nbgrader reads a cell's metadata: three ways to break a class's run lie there.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        _, taken = _taken(self, resources)
        if taken.flags:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], "; ".join(taken.flags))
        return taken.notebook, resources


class TrustedExecute(NbGraderPreprocessor):
    """In place of nbgrader's Execute: the trusted worker's outputs and outcomes.

    executed: what it found already; else the notebook is run now.
    """

    isolation = Unicode("auto", help="auto | sandbox | process").tag(config=True)
    model = Unicode("mini", help="of the checks: a name or folder of kischule.load").tag(
        config=True
    )
    time_limit = Float(60.0, help="seconds a cell").tag(config=True)
    memory_limit = Integer(1024, help="MiB of a kernel beyond what all share").tag(config=True)
    show = Bool(False, help="run cells that only show something, too").tag(config=True)

    def __init__(self, executed: Executed | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._executed = executed

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        executed = self._executed
        if executed is None:
            from autograder.grading.worker import run_submission

            rules, taken = _taken(self, resources)
            with ThreadPoolExecutor(1) as pool:  # formgrader calls from within its event loop
                run = pool.submit(
                    run_submission, taken.notebook, taken.seed, rules.settings, rules.exercises
                )
            executed = Executed(run.result().notebook, run.result().results)
        outputs = {cell.id: cell.get("outputs", []) for cell in executed.notebook.cells}
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = outputs.get(cell.id, []), None
        resources["kischule"] = {result.grade_id: result for result in executed.results}
        return nb, resources


_rules: dict[tuple[str, str], Rules] = {}


def _taken(preprocessor: Any, resources: Any) -> tuple[Rules, Taken]:
    """What this assignment is graded by, and this hand-in; for nbgrader's own commands."""
    from autograder.course.grade import Options, rules_of
    from autograder.grading.submission import settle, take

    directory = preprocessor.parent.parent.coursedir  # exporter, converter
    named = resources["nbgrader"]
    student, assignment = named["student"], named["assignment"]
    key = (directory.root, assignment)
    if key not in _rules:
        set_ = TrustedExecute(parent=preprocessor.parent)
        options = Options(
            model=set_.model,
            time_limit=set_.time_limit,
            memory_limit=set_.memory_limit,
            isolation=set_.isolation,
            show=set_.show,
        )
        rules = rules_of(Path(directory.root), assignment, options)
        settings, warning = settle(rules.settings)
        if warning:
            preprocessor.log.warning(warning)
        _rules[key] = replace(rules, settings=settings)
    rules = _rules[key]
    folder = Path(directory.format_path(directory.submitted_directory, student, assignment))
    return rules, take(rules, intake.read_hand_in(folder, rules.name).content)


class SaveOutcomes(SaveAutoGrades):
    """nbgrader's gradebook, with scores from outcomes: what stands in an output has no say.

    The points of a bonus exercise become extra credit of its test cell. A teacher's own score,
    comment and, but for a bonus that has no score by hand, extra credit stay.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """As nbgrader's, in one transaction: all scores of a hand-in or none, and fast."""
        named = resources["nbgrader"]
        self.student_id, self.db_url = named["student"], named["db_url"]
        self.assignment_id, self.notebook_id = named["assignment"], named["notebook"]
        self.gradebook = Gradebook(self.db_url)
        with self.gradebook:
            commit = self.gradebook.db.commit
            self.gradebook.db.commit = self.gradebook.db.flush  # nbgrader's, after each cell
            nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
            commit()
        return nb, resources

    def _add_score(self, cell: Any, resources: Any) -> None:
        super()._add_score(cell, resources)
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        result = resources["kischule"].get(grade_id)
        if result is not None and result.level == "manual":
            return
        grade = self.gradebook.find_grade(
            grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        points = result.points if result is not None and result.passed is True else 0.0
        bonus = result is not None and load_exercise(result.exercise).bonus
        grade.auto_score = 0.0 if bonus else points
        if bonus and grade.manual_score is None:  # else a teacher has decided about both
            grade.extra_credit = points
        if result is None or result.kind == "ours":  # no fault of the student's: have a look
            grade.needs_manual_grade = True
        self.gradebook.db.commit()


class HarmlessText(NbGraderPreprocessor):
    """What a student wrote, for a browser: Markdown stays, markup, pictures and links go."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        if cell.cell_type != "code" and not nbgrader_of(cell).get("locked"):
            cell.source = harmless_markdown(cell.source)
            cell.pop("attachments", None)
        return cell, resources


class HideMarkScheme(ClearMarkScheme):
    """Takes rubrics out of the feedback for students; formgrader still shows them."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        if "nbgrader" not in resources:  # formgrader's own pages
            return nb, resources
        return super().preprocess(nb, resources)


class FeedbackPage(NbGraderPreprocessor):
    """After nbgrader's GetGrades: what the student's page says before the notebook."""

    language = Unicode("de", help="de | en").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        named = resources["nbgrader"]
        with Gradebook(named["db_url"]) as book:
            grades = book.find_submission_notebook(
                named["notebook"], named["assignment"], named["student"]
            ).grades
            waits = {grade.name: bool(grade.needs_manual_grade) for grade in grades}
            student = book.find_student(named["student"])
            name = " ".join(filter(None, (student.first_name, student.last_name)))
        for cell in nb.cells:
            if nbgrader_of(cell).get("grade"):
                cell.metadata.nbgrader["waits"] = waits[nbgrader_of(cell)["grade_id"]]
        # the badge leads elsewhere, and would be loaded from there
        for cell in nb.cells:
            lines = cell.source.splitlines()
            cell.source = "\n".join(line for line in lines if "colab-badge.svg" not in line)
        resources["kischule"] = student_page.page(
            nb,
            named["notebook"],
            student=name or named["student"],
            points=named["score"],
            max_points=named["max_score"],
            penalty=named["late_penalty"],
            language=self.language,
        )
        return nb, resources


class NbgraderError(RuntimeError):
    """nbgrader could not do it; the message is the last error that it logged."""


@dataclass(frozen=True)
class Score:
    """What the gradebook has for one cell."""

    points: float
    max_points: float
    waits: bool  # a teacher has to look at it
    machine: float | None  # the points that we gave; None: none, or they are not to be told
    by_hand: bool  # a teacher has given a score


@dataclass(frozen=True)
class Total:
    """What the gradebook has for one student's hand-in."""

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

    def autograde(self, assignment: str, student: str, executed: Executed) -> None:
        """`nbgrader autograde` for one student, with what the worker found."""
        # what was rebuilt on the release needs no checking; nbgrader's takes a third of its time
        self.config.Autograde.sanitize_preprocessors = [OverwriteCells]
        first, *rest = self.config.Autograde.autograde_preprocessors
        assert first is TrustedExecute
        self.config.Autograde.autograde_preprocessors = [
            TrustedExecute(executed),
            *(preprocessor for preprocessor in rest if preprocessor is not CheckCellMetadata),
        ]
        self._run(Autograde, assignment, student)

    def knows(self, assignment: str) -> bool:
        """Whether the gradebook has the assignment, with its notebooks."""
        with self._gradebook() as book:
            try:
                return bool(book.find_assignment(assignment).notebooks)
            except MissingEntry:
                return False

    def scores(self, assignment: str) -> dict[str, dict[str, Score]]:
        """By student and grade_id, from the gradebook: a teacher's score counts over ours."""
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
            for student, cell, score, most, waits, auto, manual, extra in rows:
                machine = None if auto is None else float(auto)
                if machine is not None and not most:  # a bonus
                    machine = None if manual is not None else machine + float(extra or 0)
                found.setdefault(student, {})[cell] = Score(
                    float(score or 0), float(most or 0), bool(waits), machine, manual is not None
                )
            return found

    def totals(self, assignment: str) -> dict[str, Total]:
        """By student: those of whose hand-in the gradebook has a grade."""
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
        """Students with name, email and their id elsewhere (`lms.people.Person`)."""
        with self._gradebook() as book, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            for student, person in students.items():
                first, _, last = person.name.rpartition(" ")
                about = {"first_name": first, "last_name": last, "lms_user_id": person.id}
                if person.email:
                    about["email"] = person.email
                book.update_or_create_student(student, **about)

    def feedback(self, assignment: str, student: str, language: str = "de") -> Path:
        """`nbgrader generate_feedback` for one student; where the page lies."""
        self.config.FeedbackPage.language = language
        self._run(GenerateFeedback, assignment, student)
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


def _total(student: Any, scores: Iterable[Score], penalty: float) -> Total:
    scores = list(scores)
    return Total(
        sum(score.points for score in scores) - penalty,
        sum(score.max_points for score in scores),
        sum(score.max_points for score in scores if score.waits),
        penalty,
        student.first_name or "",
        student.last_name or "",
        student.email or "",
    )


def _make_whole(url: str, course_id: str) -> None:
    """A new gradebook file is there with all that nbgrader puts into it, or not at all.

    It notes the version of its tables seconds after it has made them; stopped in between, it would
    never do so, and a later `nbgrader db upgrade` would begin from nothing.
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
