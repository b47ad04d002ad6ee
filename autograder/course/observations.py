"""Answers in words, question by question: the rubric, each student's text, and a teacher's points.

Points and comments are those of nbgrader's gradebook, so formgrader shows them and a later run
keeps them. What each of several graders thinks is kept beside it, in `.kischule/observations/`,
with the text that was judged: of another text it says nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)

from autograder.course import messages
from autograder.course.adjustments import Adjustments
from autograder.course.gradebook import Course
from autograder.course.own_outputs import beside_answers, own_outputs
from autograder.course.release import source_notebooks
from autograder.errors import UserError
from autograder.files import write_atomically
from autograder.grading.outputs import texts_and_pictures
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER
from autograder.notebooks.cells import (
    RUBRIC,
    Role,
    by_id,
    grade_id_of,
    is_graded,
    read_notebook,
    role,
    rubrics_of,
)
from autograder.notebooks.pictures import pictures
from autograder.sandbox.text import clean

MAX_COMMENT = 5_000  # characters
GRADER = re.compile(r"[\w-]{1,40}")
# `1 Punkt: …`, `0.5 points: …`: where a part of the rubric begins
_CRITERION = re.compile(r"(?<![\w(])(\d+(?:[.,]\d+)?)\s+(?:Punkte?|points?)\s*:\s*", re.IGNORECASE)

_BULLET = re.compile(r"\n\s*[-*]\s*$")  # of the next part


class MarkError(UserError, ValueError):
    """Points or a comment that cannot be entered."""


class ChangedError(UserError, RuntimeError):
    """The gradebook has other points than the ones that were seen."""


@dataclass(frozen=True)
class Criterion:
    """A part of a rubric that is worth points."""

    points: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that is answered in words."""

    cell: str
    notebook: str
    text: str
    reference: str  # the source's answer
    rubric: str
    criteria: tuple[Criterion, ...]  # empty where the rubric's parts do not add up to the points
    max_points: float


@dataclass(frozen=True)
class Mark:
    """Points for an answer; None: none yet."""

    points: float | None
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A student's answer, and what the gradebook has for it."""

    student: str
    text: str
    pictures: tuple[str, ...]  # data addresses
    mark: Mark
    waits: bool  # for a teacher's look

    @property
    def key(self) -> str:
        """Another one for another answer."""
        return key_of("\0".join((self.text, *self.pictures)).encode())


def criteria_of(rubric: str, max_points: float) -> tuple[Criterion, ...]:
    """The parts of a rubric, if their points add up to those of the question."""
    _, *parts = _CRITERION.split(rubric)
    found = tuple(
        Criterion(float(points.replace(",", ".")), _BULLET.sub("", text).strip())
        for points, text in zip(parts[::2], parts[1::2], strict=True)
    )
    return found if sum(each.points for each in found) == max_points else ()


class Observations(Course):
    """The questions of one assignment, and all answers."""

    def __init__(self, root: Path, assignment: str) -> None:
        super().__init__(root)
        self.assignment = assignment
        self._kept = root / STORE_FOLDER / "observations" / assignment
        sources = source_notebooks(root, assignment)
        dropped = Adjustments.of(root, assignment).max_points
        points = {
            (notebook.name, cell.name): float(cell.max_score)
            for notebook in self.layout(assignment)
            for cell in notebook.cells
            if cell.max_score and cell.name not in dropped
        }
        self.questions = tuple(q for path in sources for q in _questions(path, points))
        if not self.questions:
            raise MarkError(messages.NO_QUESTIONS.format(assignment=assignment))

    def question(self, cell: str) -> Question:
        """The question of a cell. Raises MarkError."""
        for question in self.questions:
            if question.cell == cell:
                return question
        raise MarkError(messages.NO_ANSWER_HERE)

    def answers(self) -> dict[str, list[Answer]]:
        """Read the answers by question; students' order is the same for each, and not by name."""
        marks = {q.cell: dict(self._marks(q)) for q in self.questions}
        found: dict[str, list[Answer]] = {q.cell: [] for q in self.questions}
        students = self.students("autograded", self.assignment)
        for student in sorted(students, key=lambda s: key_of(f"{self.assignment}/{s}".encode())):
            folder = self.folder("autograded", self.assignment, student)
            for name in dict.fromkeys(q.notebook for q in self.questions):
                path = folder / f"{name}.ipynb"
                cells = by_id(read_notebook(path)) if path.is_file() else {}
                for question in (q for q in self.questions if q.notebook == name):
                    there = marks[question.cell].get(student)
                    if question.cell in cells and there is not None:
                        answer = _answer(student, cells[question.cell], *there)
                        found[question.cell].append(answer)
        return found

    def outputs(self, question: Question, student: str) -> list[tuple[str, str]]:
        """Read what cells beside an answer show in the submitted file, nothing of it graded.

        As `texts_and_pictures` has it; ("large", "") where a cell shows more than a page can.
        """
        name = f"{question.notebook}.ipynb"
        path = self.folder("autograded", self.assignment, student) / name
        graded = read_notebook(path)
        about = self.directory(self.assignment), self.assignment, name, student
        shown = own_outputs(*about, graded)
        beside = beside_answers(graded.cells).get(question.cell, [])
        found = [shown[cell.id] for cell in beside if cell.get("id") in shown]
        parts = [[("large", "")] if each is None else texts_and_pictures(each) for each in found]
        return [part for each in parts for part in each]

    def _marks(self, question: Question) -> Iterator[tuple[str, tuple[Mark, bool]]]:
        """Yield students with their points by hand and whether a teacher has to look."""
        with self._gradebook() as book:
            for grade, student in self._rows(book, question):
                comment = self._comment(book, question, student)
                mark = Mark(_points(grade), comment.manual_comment or "")
                yield student, (mark, bool(grade.needs_manual_grade))

    def _comment(self, book: Any, question: Question, student: str) -> Any:
        return book.find_comment(question.cell, question.notebook, self.assignment, student)

    def _rows(self, book: Any, question: Question) -> Any:
        return (
            book.db.query(Grade, SubmittedAssignment.student_id)
            .select_from(Grade)
            .join(BaseCell, Grade.cell_id == BaseCell.id)
            .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
            .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
            .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
            .filter(
                Assignment.name == self.assignment,
                Notebook.name == question.notebook,
                BaseCell.name == question.cell,
            )
            .all()
        )

    def enter(self, question: Question, student: str, new: Mark, seen: Mark) -> None:
        """Enter points and a comment, as formgrader does. Raises MarkError, ChangedError.

        seen: the mark that the teacher saw, which must still be there.
        """
        points = checked(question, new)
        with self._gradebook() as book:
            grades = [grade for grade, name in self._rows(book, question) if name == student]
            if not grades:
                raise MarkError(messages.NO_ANSWER_HERE)
            comment = self._comment(book, question, student)
            if Mark(_points(grades[0]), comment.manual_comment or "") != seen:
                raise ChangedError(messages.MARK_CHANGED)
            grades[0].manual_score, grades[0].needs_manual_grade = points, False
            if new.comment or comment.manual_comment:
                comment.manual_comment = new.comment
            book.db.commit()

    # --- several graders --------------------------------------------------------------------------

    def keep(self, question: Question, answer: Answer, grader: str, mark: Mark) -> None:
        """Keep what one grader thinks of an answer; the gradebook stays as it is."""
        checked(question, mark)
        path = self._kept / answer.student / f"{grader}.json"
        kept = _read_marks(path)
        kept[question.cell] = {"answer": answer.key, **asdict(mark)}
        write_atomically(path, json.dumps(kept, ensure_ascii=False).encode())

    def marks_of_graders(self, question: Question, answer: Answer) -> dict[str, Mark]:
        """Each grader's mark for this answer."""
        found = {}
        for path in sorted((self._kept / answer.student).glob("*.json")):
            entry = _read_marks(path).get(question.cell, {})
            if entry.get("answer") == answer.key:
                found[path.stem] = Mark(float(entry["points"]), str(entry["comment"]))
        return found


def checked(question: Question, mark: Mark) -> float:
    """The points, if they and the comment can be entered. Raises MarkError."""
    points = mark.points
    if points is None or not 0 <= points <= question.max_points:
        about = {"limit": question.max_points, "was": points}
        raise MarkError(messages.POINTS_RANGE.format(**about))
    if len(mark.comment) > MAX_COMMENT:
        about = {"limit": MAX_COMMENT, "was": len(mark.comment)}
        raise MarkError(messages.LONG_COMMENT.format(**about))
    return points


def _points(grade: Any) -> float | None:
    """The points that a teacher gave; of an answer that is as it was released, nbgrader's 0."""
    if grade.manual_score is not None or grade.needs_manual_grade:
        return grade.manual_score
    return grade.auto_score


def _answer(student: str, cell: Any, mark: Mark, waits: bool) -> Answer:
    addresses = (
        f"data:{mime};base64,{content}"
        for bundle in pictures(cell.get("attachments")).values()
        for mime, content in bundle.items()
    )
    return Answer(
        student=student,
        text=clean(cell.source),
        pictures=tuple(addresses),
        mark=mark,
        waits=waits,
    )


def _questions(path: Path, points: dict[tuple[str, str], float]) -> Iterator[Question]:
    source, before = read_notebook(path), ""
    rubrics = rubrics_of(source)
    for cell in source.cells:
        name = grade_id_of(cell)
        possible = points.get((path.stem, name), 0.0)
        if role(cell) == Role.TEXT and is_graded(cell) and possible > 0:
            rubric = rubrics.get(name, "")
            yield Question(
                cell=name,
                notebook=path.stem,
                text=before,
                reference=RUBRIC.sub("", cell.source).strip(),
                rubric=rubric,
                criteria=criteria_of(rubric, possible),
                max_points=possible,
            )
        before = cell.source if cell.cell_type == "markdown" else ""


def _read_marks(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise MarkError(messages.BROKEN_MARKS.format(file=path, reason=error)) from error
