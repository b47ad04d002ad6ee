"""Classroom 50: a `result.json` for each student, with the points of the gradebook.

Formats (github.com/foundation50/classroom50, `schemas/result-v1.schema.json` and
`results-v1.schema.json`, `cli/gh-teacher/internal/download/download.go`): `gh teacher download`
clones each repository, called `<classroom>-<assignment>-<username>`, writes `results.json` into it,
all results that were published for its submissions, the newest first, and `scores.csv` beside the
clones.

Whose, which submission, commit and links: all of this is taken from there, and only the scores are
ours. A result counts if it is of this repository and of the commit that the clone shows, and if the
clone has the notebook that was graded.
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from autograder.course.gradebook import Course, Score, Total
from autograder.course.ours import exercises_of
from autograder.course.stubs import address_in
from autograder.errors import UserError, system_reason
from autograder.exercises.exercise import Level
from autograder.exercises.strict import DataError, load_json
from autograder.files import write_atomically
from autograder.grading.classroom50 import (
    SCHEMA,
    SUBMISSION_PREFIX,
    VARIABLES,
    ClassroomScore,
    rows_of,
    unit_of,
    whole,
)
from autograder.grading.store import Store
from autograder.lms import messages
from autograder.lms.archive import ArchiveFile, RefusedError, opened
from autograder.lms.final import not_final, submitted_again
from autograder.lms.people import real_names, slug
from autograder.notebooks import intake
from autograder.notebooks.editions import language_of
from autograder.notebooks.reader import UnreadableError
from autograder.sandbox.text import clean
from kischule.i18n import Line, Text, addressing, text_of

SUMMARY, RESULTS = "scores.csv", "results.json"
MAX_RESULTS_BYTES = 50_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_BRANCH = re.compile(r"ref: (refs/heads/[^\s\\]+)\s*")
TAKEN = (*VARIABLES, "datetime")  # fields of a published result that stay as they are
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", re.ASCII)


class ClassroomError(UserError, ValueError):
    """A submission whose commit is not known, or no download to look in."""


def export(course: Path, assignment: str, target: Path, table: Path | None = None) -> list[str]:
    """Write a zip with `<repository>/result.json` for each student with a grade; returns notes.

    table: the folder of `gh teacher download`. Raises ClassroomError, once the others are written,
    for students whose submission is not in it.
    """
    book, clones = Course(course), _clones(table)
    totals = book.totals(assignment)
    owned = _owned(clones, course, assignment, totals)
    found, failed = dict[str, dict[str, Any]](), list[Text]()
    for student in sorted(totals):
        try:
            found[student] = _submission(book, assignment, student, owned.get(student))
        except ClassroomError as error:
            line = Text.same("{student}: {reason}")
            failed.append(line.format(student=student, reason=error.text))
    notes = _fill(found, book, assignment, totals)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for student, data in found.items():
            file.writestr(f"{owned[student].name}/result.json", json.dumps(data, indent=2))
    write_atomically(target, stream.getvalue())
    notes += not_final(course, assignment, totals)
    if failed:
        about = {"count": len(failed), "notes": _lines(notes, "\n"), "lines": _lines(failed)}
        raise ClassroomError(messages.NOT_FOR_CLASSROOM.format(**about))
    return notes


def _lines(said: Sequence[str | Text], end: str = "") -> Text:
    texts = [*map(text_of, said)]
    end = end if texts else ""
    return Text("\n".join(t.de for t in texts) + end, "\n".join(t.en for t in texts) + end)


# --- whose submission it is -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Clone:
    """A student's repository, as it was downloaded. All that it holds is the student's."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """The published results of this repository and no other one, the newest first."""
        try:
            content = intake.read_bytes(self.path / RESULTS)
            history = load_json(content, RESULTS) if len(content) <= MAX_RESULTS_BYTES else None
        except (UnreadableError, DataError):
            return []
        entries = history if isinstance(history, list) else []
        results = [entry.get("result") for entry in entries if isinstance(entry, dict)]
        return [result for result in results if isinstance(result, dict) and self._is_own(result)]

    def _is_own(self, result: Mapping[str, Any]) -> bool:
        """Check the fields that are kept; a result of another repository is not this student's."""
        taken = [result.get(name) for name in TAKEN]
        if not all(isinstance(each, str) and each and each.isprintable() for each in taken):
            return False
        names = (result["classroom"], result["assignment"], result["owner"])
        links = (result[name].casefold() for name in ("commit", "release", "review"))
        return (
            result.get("schema") == SCHEMA
            and result["assignment_type"] in ("individual", "group")
            and result["submission"].startswith(SUBMISSION_PREFIX)
            and _DATE.fullmatch(result["datetime"]) is not None
            and "-".join(names).casefold() == self.name.casefold()
            and all(re.match(rf"https?://[^/]+/[^/]+/{self._in_links}/", link) for link in links)
        )

    @property
    def _in_links(self) -> str:
        return re.escape(self.name.casefold())

    @property
    def commit(self) -> str:
        """The commit that is checked out; "" if it cannot be told."""
        head = self._git("HEAD")
        if branch := _BRANCH.fullmatch(head):
            packed = re.search(rf"^(\w+) {re.escape(branch[1])}$", self._git("packed-refs"), re.M)
            inside = ".." not in branch[1].split("/")
            head = (self._git(branch[1]) if inside else "") or (packed[1] if packed else "")
        return head if _COMMIT.fullmatch(head) else ""

    def _git(self, name: str) -> str:
        try:
            return intake.read_bytes(self.path / ".git" / name).decode(errors="replace").strip()
        except UnreadableError:
            return ""

    def has(self, notebooks: Iterable[bytes]) -> bool:
        """Return True if each of these notebooks is in the repository, byte by byte."""
        with opened(self.path) as archive:
            there = {content for entry in archive.entries if (content := _notebook(entry))}
        return there.issuperset(notebooks)


def _notebook(entry: ArchiveFile) -> bytes:
    try:
        return entry.read() if entry.path.suffix.casefold() == ".ipynb" else b""
    except RefusedError:
        return b""


def _clones(folder: Path | None) -> list[_Clone]:
    """The repositories of a download. Raises ClassroomError."""
    if folder is None or not (folder / SUMMARY).is_file():
        raise ClassroomError(messages.NO_DOWNLOAD)
    try:
        return [_Clone(path) for path in sorted(folder.iterdir()) if (path / ".git").is_dir()]
    except OSError as error:
        told = messages.OF_FILE.format(path=folder, reason=system_reason(error))
        raise ClassroomError(told) from error


def _owned(
    clones: Iterable[_Clone], course: Path, assignment: str, students: Iterable[str]
) -> dict[str, _Clone]:
    """The only clone of each student, called by its owner's name or by the repository's."""
    by_name: dict[str, list[_Clone]] = {}
    for clone in clones:
        for name in {slug(clone.name), *(slug(each["owner"]) for each in clone.results[:1])}:
            by_name.setdefault(name, []).append(clone)
    names = real_names(course, assignment)
    called = {s: names[s].login if s in names else s for s in students}
    owned = {s: by_name[n][0] for s, n in called.items() if len(by_name.get(n, [])) == 1}
    claims = Counter(clone.name for clone in owned.values())
    return {student: clone for student, clone in owned.items() if claims[clone.name] == 1}


def _submission(
    book: Course, assignment: str, student: str, clone: _Clone | None
) -> dict[str, Any]:
    """The published facts of the graded submission. Raises ClassroomError."""
    if clone is None or not clone.results:
        raise ClassroomError(messages.NO_CLONE)
    commit = clone.commit
    own = [r for r in clone.results if commit and r["commit"].rpartition("/commit/")[2] == commit]
    if not own:
        about = {"clone": clean(clone.name), "commit": commit[:7] or messages.UNKNOWN_HEAD}
        raise ClassroomError(messages.OTHER_COMMIT.format(**about))
    if submitted_again(book, assignment, student):
        raise ClassroomError(messages.GRADE_FIRST)
    folder = book.folder("submitted", assignment, student)
    try:
        submitted = [intake.read_bytes(path) for path in sorted(folder.glob("*.ipynb"))]
    except UnreadableError as error:
        raise ClassroomError(error.text) from error
    if not submitted or not clone.has(submitted):
        raise ClassroomError(messages.OTHER_NOTEBOOK.format(clone=clean(clone.name)))
    return {"schema": SCHEMA, **{name: own[0][name] for name in TAKEN}}


# --- points ---------------------------------------------------------------------------------------


def _fill(
    found: Mapping[str, dict[str, Any]], book: Course, assignment: str, totals: Mapping[str, Total]
) -> list[str]:
    """Add the gradebook's points, for all students in the same unit; returns notes."""
    scores = book.scores(assignment)
    with addressing(address_in(book.config)):
        tests = {s: _tests(book, assignment, s, scores[s]) for s in found}
    entered = {s: max(min(totals[s].points, totals[s].max_points), 0.0) for s in found}
    points = [n for each in tests.values() for test in each for n in (test.points, test.max_points)]
    unit = unit_of([*points, *entered.values()])
    notes = list[str]()
    if unit > 1:
        notes.append(Line(messages.WHOLE_POINTS.format(unit=unit)))
    for student, data in found.items():
        rows = rows_of(tests[student], unit)
        data["score"] = whole(entered[student], unit)
        data["max-score"] = sum(row["max-score"] for row in rows)
        data["tests"] = rows
        total = totals[student]
        if total.points > total.max_points:
            about = {"who": student, "points": total.points, "maximum": total.max_points}
            notes.append(Line(messages.CAPPED.format(**about)))
    return notes


def _tests(
    book: Course, assignment: str, student: str, scores: Mapping[str, Score]
) -> list[ClassroomScore]:
    """A test for each graded cell: our tests in the source's order, then all others."""
    exercises = exercises_of(book.directory(), assignment)
    levels = (Level.PUBLIC, Level.HIDDEN)
    named = {level.prefix + name: f"{name}[{level}]" for name in exercises for level in levels}
    cells = [*(cell for cell in named if cell in scores), *sorted(scores.keys() - named.keys())]
    results = Store(book.root).results(assignment, student)
    tests = []
    for cell in cells:
        score, result = scores[cell], results.get(cell)
        told = result.told(language_of(assignment)) if result else ""
        if score.waits:
            told = messages.STILL_WAITS[language_of(assignment)]
        judged = result is not None and result.passed is not None and not score.by_hand
        tests.append(
            ClassroomScore(
                name=named.get(cell, cell),
                passed=bool(result and result.passed) if judged else score.points > 0,
                points=max(min(score.points, score.max_points), 0.0),
                max_points=score.max_points,
                message=told,
            )
        )
    return tests
