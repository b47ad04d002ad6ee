"""nbgrader's `autograde` for a graded notebook: one pass, one connection, few queries.

nbgrader's own classes decide everything; here they read and write less often. They would open the
gradebook seven times a submission, with a look at each table, ask it for each cell by name, and
write the notebook between two passes over it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from nbconvert.exporters import Exporter, NotebookExporter
from nbgrader import utils
from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    GradeCell,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
)
from nbgrader.converters import Autograde, autograde
from nbgrader.converters.base import BaseConverter
from nbgrader.preprocessors import latesubmissions, overwritecells
from sqlalchemy import Engine
from sqlalchemy.orm import scoped_session, sessionmaker
from traitlets import Type

from autograder.course.layout import of_submissions

# by address; None: each gradebook has an engine of its own
_ENGINES: ContextVar[dict[str, Engine] | None] = ContextVar("engines", default=None)


class PlainExporter(NotebookExporter):
    """nbconvert's exporter of notebooks, without a copy and a validation for each preprocessor."""

    def _preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        for preprocessor in self._preprocessors:
            nb, resources = preprocessor(nb, resources)
        self._validate_preprocessor(nb, self._preprocessors[-1])
        return nb, resources


class OnePass(Autograde):
    """Autograde whose preprocessors run in one pass: a notebook that we made is sane."""

    exporter_class = Type(PlainExporter, klass=Exporter).tag(config=True)

    def __init__(self, *, engines: dict[str, Engine], **settings: Any) -> None:
        """engines: used again, and added to; their compiled statements are worth keeping."""
        super().__init__(**settings)
        self._engines = engines

    def _init_preprocessors(self) -> None:
        self.exporter._preprocessors = []
        for preprocessor in (*self.sanitize_preprocessors, *self.autograde_preprocessors):
            self.exporter.register_preprocessor(preprocessor)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert as nbgrader does, without a file between sanitizing and grading."""
        self._init_preprocessors()
        with utils.setenv(NBGRADER_EXECUTION="autograde"):
            BaseConverter.convert_single_notebook(self, notebook_filename)

    def start(self) -> None:
        """Convert, with one connection to the gradebook."""
        with _sharing(self._engines):
            super().start()


@contextmanager
def _sharing(engines: dict[str, Engine]) -> Iterator[None]:
    """Let nbgrader's converter and preprocessors use these engines, until then connected."""
    with ExitStack() as stack:
        for module in (autograde, overwritecells, latesubmissions):
            stack.callback(setattr, module, "Gradebook", module.Gradebook)
            module.Gradebook = CellBook
        stack.callback(_ENGINES.reset, _ENGINES.set(engines))
        try:
            yield
        finally:
            for engine in engines.values():
                engine.dispose()


class CellBook(Gradebook):
    """nbgrader's gradebook that reads a notebook's cells in one query a table.

    Opened for one notebook: it does not see rows that another session changes meanwhile.
    """

    engine: Engine

    def __init__(self, db_url: str, course_id: str = "default_course") -> None:
        self._rows: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self._engines = _ENGINES.get()
        if self._engines is None or db_url not in self._engines:
            super().__init__(db_url, course_id)
            if self._engines is not None:
                self._engines[db_url] = self.engine
            return
        self.engine, self.course_id, self.authenticator = self._engines[db_url], course_id, None
        self.db = scoped_session(sessionmaker(autoflush=True, bind=self.engine, future=True))
        self.check_course(course_id)

    def close(self) -> None:
        """End the session; its connection as well, unless others use it."""
        self.db.remove()
        if self._engines is None:
            self.engine.dispose()

    def find_source_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """Find a source cell, as nbgrader does."""
        found = self._of_notebook(SourceCell, notebook, assignment).get(name)
        return found or super().find_source_cell(name, notebook, assignment)

    def find_graded_cell(self, name: str, notebook: str, assignment: str) -> Any:
        """Find a grade cell, else a task cell, as nbgrader does."""
        found = self._of_notebook(GradeCell, notebook, assignment).get(name)
        return found or super().find_graded_cell(name, notebook, assignment)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """Find the grade of a grade cell, else of a task cell, as nbgrader does."""
        place = (notebook, assignment, student)
        found = self._of_submission(Grade, GradeCell, *place).get(grade_cell)
        return found or super().find_grade(grade_cell, *place)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """Find the comment on a solution cell, else on a task cell, as nbgrader does."""
        place = (notebook, assignment, student)
        found = self._of_submission(Comment, SolutionCell, *place).get(solution_cell)
        return found or super().find_comment(solution_cell, *place)

    def _of_notebook(self, kind: Any, notebook: str, assignment: str) -> Mapping[str, Any]:
        key = (kind, notebook, assignment)
        if key not in self._rows:
            query = (
                self.db.query(kind)
                .join(Notebook, Notebook.id == kind.notebook_id)
                .join(Assignment, Assignment.id == Notebook.assignment_id)
                .filter(Notebook.name == notebook, Assignment.name == assignment)
            )
            self._rows[key] = {cell.name: cell for cell in query}
        return self._rows[key]

    def _of_submission(
        self, kind: Any, cells: Any, notebook: str, assignment: str, student: str
    ) -> Mapping[str, Any]:
        key = (kind, notebook, assignment, student)
        if key not in self._rows:
            query = self.db.query(cells.name, kind).join(kind, kind.cell_id == cells.id)
            query = of_submissions(query, kind, assignment).filter(
                Notebook.name == notebook, SubmittedAssignment.student_id == student
            )
            self._rows[key] = dict(query.all())
        return self._rows[key]
