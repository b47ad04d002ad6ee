"""nbgrader preprocessors that need no grading: releases, scores from results, students' pages."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Unicode

from autograder.checking.carried import CELL, cell_of, own_exercises
from autograder.checking.result import Result, result_in
from autograder.course.adjustments import Action, Adjustments, apply, put_back
from autograder.course.one_pass import CellBook
from autograder.course.ours import (
    RECORD,
    ForExercises,
    exercises_by_notebook,
    exercises_of,
    has_exercises,
    notebook_of,
)
from autograder.course.stubs import address_in, locked_cell
from autograder.errors import UserError
from autograder.exercises.exercise import Level
from autograder.feedback.student_page import TEMPLATES, page
from autograder.files import packaged
from autograder.grading.outputs import as_output
from autograder.grading.record import Record
from autograder.grading.store import Store
from autograder.notebooks.cells import (
    Role,
    by_id,
    exercise_of,
    grade_id_of,
    is_graded,
    is_solution,
    metadata_of,
    points_of,
    role,
)
from autograder.notebooks.editions import address_of, carry, is_packaged
from autograder.notebooks.intake import find_notebook
from autograder.notebooks.reader import UnreadableError
from kischule.i18n import INFORMAL, addressing

EARLIER = "kischule_earlier"  # the keys of the student's records before that one


class PlainMetadata(ForExercises):
    """Removes every trace of the machine on which a teacher opened the source.

    JupyterLab writes its kernel's name and version into what it saves. A release that differed by
    them would be stale, and all grades with it.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Set the metadata of a plain Python notebook."""
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        nb.metadata = nbformat.from_dict(metadata)
        return nb, resources


class CarryExercises(ForExercises):
    """Puts a cell with the course's own exercises before the first test, for students alone."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Add the cell, if there are exercises that the package does not have."""
        assignment = resources["nbgrader"]["assignment"]
        exercises = exercises_by_notebook(self.directory, assignment)[notebook_of(resources)]
        if own := own_exercises(exercises):
            with_cell(nb, cell_of(own), exercises)
        return nb, resources


class CarryRelease(ForExercises):
    """Lets a release that is not the package's carry itself, for `kischule check`."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put the notebook, as it is released, into its own metadata."""
        named, directory = resources["nbgrader"], self.directory
        folder = Path(
            directory.format_path(directory.source_directory, ".", named["assignment"])
        ).resolve()
        ours = folder == (packaged("source") / named["assignment"]).resolve()  # a checkout
        if (not ours or address_of(nb) == INFORMAL) and not is_packaged(nb):
            carry(nb, named["assignment"], named["notebook"])
        return nb, resources


def with_cell(notebook: Any, source: str, exercises: Collection[str]) -> Any:
    """Put a locked cell before the notebook's first test."""
    place = next(i for i, cell in enumerate(notebook.cells) if exercise_of(cell, exercises))
    cell = locked_cell(source, CELL)
    cell.metadata.jupyter = {"source_hidden": True}
    notebook.cells.insert(place, cell)
    return notebook


class RecordedOutputs(NbGraderPreprocessor):
    """Puts a record's outputs into the notebook, in place of nbgrader's Execute."""

    def __init__(self, records: Mapping[str, Record] | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._records = records or {}  # by notebook

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Take the outputs of the record's notebook over, cell by cell."""
        return with_record(nb, resources, self._records[notebook_of(resources)])


def with_record(nb: Any, resources: Any, record: Record) -> tuple[Any, Any]:
    """Put a record's outputs into a notebook, and the record into nbgrader's resources."""
    executed = nbformat.from_dict(json.loads(record.notebook))
    outputs = {cell.id: cell.get("outputs", []) for cell in executed.cells}
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = outputs.get(cell.id, []), None
    show_results(nb, {result.grade_id: result for result in record.results})
    resources[RECORD] = record
    return nb, resources


def show_results(nb: Any, results: Mapping[str, Result]) -> None:
    """Show results in their test cells, with the points that those give now."""
    for cell in nb.cells:
        found = results.get(grade_id_of(cell)) if role(cell) == Role.TEST else None
        if found is not None and found.level.checked:
            result = found.worth(points_of(cell))
            score = metadata_of(cell).get("score", result.points)  # the gradebook's, on a page
            cell.outputs = [as_output(replace(result, points=score))]


class SaveResults(ForExercises, SaveAutoGrades):
    """nbgrader's gradebook with scores from results: a cell's outputs have no say.

    A cell without a result was not judged: it has no points, and waits.

    The points of a bonus exercise become extra credit of its test cell. A teacher's own score and
    comment stay; so does extra credit, but for a bonus without a score by hand.
    """

    stock = SaveAutoGrades

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Save as nbgrader does, but in one transaction: all scores or none, and fast."""
        named = resources["nbgrader"]
        self.student_id, self.db_url = named["student"], named["db_url"]
        self.assignment_id, self.notebook_id = named["assignment"], named["notebook"]
        self._results = {result.grade_id: result for result in resources[RECORD].results}
        self._same = self._unchanged(nb, resources)
        self.gradebook = CellBook(self.db_url)
        with self.gradebook:
            session: Any = self.gradebook.db
            commit, session.commit = session.commit, lambda: None  # nbgrader's, after each cell
            course = Path(self.directory.root)
            adjusted = Adjustments.of(course, self.assignment_id)
            put_back(self.gradebook, adjusted, self.assignment_id, self.student_id)
            nb, resources = NbGraderPreprocessor.preprocess(self, nb, resources)
            if adjusted.log:
                before = Store(course).results(self.assignment_id, self.student_id)
                own = {self.student_id: {**before, **self._results}}
                adjusted = apply(self.gradebook, course, self.assignment_id, own)
            commit()
            adjusted.save(course, self.assignment_id)
        return nb, resources

    def _unchanged(self, nb: Any, resources: Any) -> set[str]:
        """The graded cells whose answer or code is that of the record before: nothing to read anew.

        A teacher's points for them need no second look.
        """
        store = Store(Path(self.directory.root))
        keys = resources.get(EARLIER, store.written(self.assignment_id, self.student_id)[1])
        try:
            key = keys.get(notebook_of(resources), "")
            before = nbformat.from_dict(json.loads(store.notebook(self.assignment_id, key)))
        except (OSError, ValueError):  # there is none
            return set()
        answers = {grade_id_of(cell): _written(cell) for cell in before.cells}
        same_code = _code(before) == _code(nb)
        return {
            grade_id_of(cell)
            for cell in filter(is_graded, nb.cells)
            if (
                answers.get(grade_id_of(cell)) == _written(cell) if is_solution(cell) else same_code
            )
        }

    def _add_score(self, cell: Any, resources: Any) -> None:
        grade_id = grade_id_of(cell)
        grade = self.gradebook.find_grade(
            grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        waited = bool(grade.needs_manual_grade)
        super()._add_score(cell, resources)
        by_hand = grade.manual_score is not None and grade_id in self._same
        if by_hand:
            grade.needs_manual_grade = waited
            self.gradebook.db.commit()
        result = self._results.get(grade_id)
        result = result and result.worth(points_of(cell))
        manual = result is not None and result.level == Level.MANUAL
        if manual and role(cell) != Role.TEST:
            return
        # of a plain test a part of them, so not only where it passed; never where nobody judged
        points = 0.0 if result is None or result.passed is None else result.points
        bonus = result is not None and result.bonus
        grade.auto_score = None if manual else 0.0 if bonus else points
        if bonus and grade.manual_score is None:  # otherwise a teacher has decided about both
            grade.extra_credit = points
        # the student is not to blame: have a look
        if not by_hand and (result is None or manual or result.ours):
            grade.needs_manual_grade = True
        self.gradebook.db.commit()


def _written(cell: Any) -> tuple[str, Any]:
    """A student's text with its pictures."""
    return cell.source, cell.get("attachments") or {}


def _code(notebook: Any) -> list[str]:
    """A student's code; a locked cell has another text in the gradebook than in a release."""
    theirs = (Role.SOLUTION, Role.OWN)
    return [c.source for c in notebook.cells if c.cell_type == "code" and role(c) in theirs]


class FeedbackExporter(HTMLExporter):
    """HTML in nbgrader's layout, or in ours for an assignment with exercises."""

    def __init__(self, config: Any = None, parent: Any = None, **settings: Any) -> None:
        directory = getattr(parent, "coursedir", None)
        if directory is not None and has_exercises(directory, directory.assignment_id):
            settings |= {"template_name": "kischule", "extra_template_basedirs": [str(TEMPLATES)]}
        super().__init__(config=config, parent=parent, **settings)

    def from_notebook_node(
        self, nb: Any, resources: Any = None, **settings: Any
    ) -> tuple[str, dict[str, Any]]:
        """Export; the page of a renamed notebook also gets that name, which the exchange needs."""
        html, resources = super().from_notebook_node(nb, resources, **settings)
        if "kischule" in resources:
            named, directory = resources["nbgrader"], self.parent.coursedir
            submitted = directory.submitted_directory
            folder = directory.format_path(submitted, named["student"], named["assignment"])
            with suppress(UnreadableError):
                name = notebook_of(resources)
                others = exercises_by_notebook(directory, directory.assignment_id).keys() - {name}
                name = find_notebook(Path(folder), name, others)[0].stem
                if name != named["notebook"]:
                    resources.setdefault("outputs", {})[f"{name}.html"] = html.encode()
        return html, resources


class FeedbackPage(ForExercises):
    """Makes the student's page, after nbgrader's GetGrades."""

    language = Unicode("de", help="de | en").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put the page's data into the resources, for the template."""
        named = resources["nbgrader"]
        exercises = exercises_of(self.directory, named["assignment"])
        with Gradebook(named["db_url"]) as book:
            grades = book.find_submission_notebook(
                named["notebook"], named["assignment"], named["student"]
            ).grades
            waits = {grade.name: bool(grade.needs_manual_grade) for grade in grades}
            student = book.find_student(named["student"])
            name = " ".join(filter(None, (student.first_name, student.last_name)))
        for cell in nb.cells:
            if is_graded(cell):
                cell.metadata.nbgrader["waits"] = waits[grade_id_of(cell)]
        results = self._results(nb, exercises, resources)
        adjusted, cells = Adjustments.of(Path(self.directory.root), named["assignment"]), by_id(nb)
        with addressing(address_in(self.config)):
            show_results(nb, results)
            resources["kischule"] = page(
                nb,
                results,
                exercises,
                dropped={n: r for n, r in adjusted.reasons(Action.DROP).items() if n in cells},
                given={n: r for n, r in adjusted.reasons(Action.GIVE).items() if n in cells},
                name=named["notebook"],
                student=name or named["student"],
                points=named["score"],
                max_points=named["max_score"],
                penalty=named["late_penalty"],
                language=self.language,
            )
        return nb, resources

    def _results(self, nb: Any, exercises: Collection[str], resources: Any) -> dict[str, Result]:
        """The results of the record in the gradebook; where it is gone, those in the outputs.

        Raises UserError where neither can be read, as after an upgrade: a page that calls graded
        exercises ungraded would be wrong.
        """
        store, named = Store(Path(self.directory.root)), resources["nbgrader"]
        assignment, student = named["assignment"], named["student"]
        key = store.written(assignment, student)[1].get(notebook_of(resources), "")
        if key and (record := store.read(assignment, key)) is not None:
            return {result.grade_id: result for result in record.results}
        tested = [(cell, exercise_of(cell, exercises)) for cell in nb.cells]
        found = [result_in(cell.get("outputs", []), pair[0]) for cell, pair in tested if pair]
        results = {result.grade_id: result for result in found if result is not None}
        if key and not results:
            raise UserError(
                f"{student}: the results were kept by another version: `kischule grade "
                f"{assignment}` grades the submission anew"
            )
        return results
