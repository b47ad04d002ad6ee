"""Grades to Moodle by its web services, each once, also where a run was killed.

Before a grade is sent, `.kischule/posted/` says so; after it, what Moodle then has. An entry
without an answer is settled by what Moodle has: the grade took effect, or it is sent again. A grade
in Moodle that was not posted from here, or was changed there since, is left alone.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from autograder.course.gradebook import Course, Total
from autograder.files import write_atomically
from autograder.grading.record import key_of
from autograder.grading.store import STORE_FOLDER, Store
from autograder.lms import moodle_messages as messages
from autograder.lms.final import not_final, some
from autograder.lms.messages import ABOVE_MAXIMUM
from autograder.lms.moodle_api import SYSTEM, Connected
from autograder.lms.moodle_client import (
    TOKEN_CODES,
    LostAnswerError,
    MoodleError,
    RejectedError,
    expected,
)
from autograder.lms.pages import pages_of
from autograder.lms.people import People
from autograder.lms.spreadsheet import format_number
from kischule.i18n import Line, Text, text_of

SETTLED_AFTER_S = 5.0  # Moodle may still be at work on a call whose sender was killed
MAX_LOST = 3  # answers in a row: then Moodle is down


@dataclass(frozen=True, kw_only=True)
class Grade:
    """A grade to post, with its feedback."""

    student: str
    user: int
    attempt: int
    grade: float
    comment: str
    pages: tuple[Path, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same grade with the same feedback."""
        parts = [f"{self.attempt} {self.grade:.5f} {self.comment}".encode()]
        parts += [page.name.encode() + b"\0" + page.read_bytes() for page in self.pages]
        return key_of(b"\0\0".join(parts))


@dataclass(frozen=True)
class There:
    """A grade that Moodle has."""

    id: int
    attempt: int
    grade: float  # negative: none
    created: float
    modified: float

    def equals(self, grade: float) -> bool:
        return abs(self.grade - grade) < 1e-5  # as Moodle stores it

    @property
    def shown(self) -> Text:
        """The grade for a teacher."""
        return messages.NOT_A_GRADE if self.grade < 0 else Text.same(f"{self.grade:g}")


@dataclass(frozen=True)
class Entry:
    """A grade that was sent; there: as Moodle has had it since, None: not known."""

    key: str
    grade: float
    attempt: int
    sent: float  # seconds since 1970
    before: There | None
    there: There | None = None

    def took_effect(self, there: There | None) -> bool:
        """Return True if Moodle has this grade, and had not before."""
        return there is not None and there.equals(self.grade) and there != self.before


def export(course: Path, assignment: str, address: str, scale: bool = False) -> list[str]:
    """Post grades to the assignment that was imported; returns notes.

    address: the assignment's, as for the import. scale: to Moodle's maximum. Raises PeopleError
    without an import, MoodleError where another assignment was imported or a grade is not posted.
    """
    people = People.of_import(course, assignment, SYSTEM)
    connected = Connected.to(course, assignment, address)
    if not connected.link.exists():
        raise MoodleError(messages.BROKEN_LINK.format(file=connected.link))
    totals = Course(course).totals(assignment)
    mine = {s: person for s, person in people.by_student.items() if s in totals}
    pages, notes = pages_of(course, assignment, mine)
    if not connected.task.files and any(pages.values()):
        notes.append(Line(messages.NO_FILES))
        pages = {}
    possible = _possible(connected, totals, scale)
    grades = []
    for student, person in sorted(mine.items()):
        total = totals[student]
        points = total.points * possible / total.max_points if total.max_points else 0.0
        if points > possible:
            about = {"who": student, "points": points, "maximum": possible}
            notes.append(Line(ABOVE_MAXIMUM.format(**about)))
        grades.append(
            Grade(
                student=student,
                user=int(person.id),
                attempt=int(person.folder.rpartition("/")[2] or 0),
                grade=round(min(points, possible), 5),
                comment=f"{format_number(total.points)}/{format_number(total.max_points)}",
                pages=tuple(pages.get(student, ())),
            )
        )
    if others := sorted(totals.keys() - mine.keys()):
        notes.append(Line(messages.NOT_IN_MOODLE.format(names=some(others))))
    with Store(course).alone():
        posting = Posting(connected, course / STORE_FOLDER / "posted" / assignment)
        posting.run(grades)
    return [*posting.notes, *notes, *not_final(course, assignment, totals)]


def _possible(connected: Connected, totals: Mapping[str, Total], scale: bool) -> float:
    """Moodle's maximum. Raises MoodleError where it is not the assignment's."""
    possible, address = float(connected.task.grade), connected.task.address
    if possible <= 0:
        raise MoodleError(messages.NOT_POINTS.format(address=address))
    for points in {total.max_points for total in totals.values()}:
        if points != possible and not scale:
            about = {"address": address, "points": points, "was": possible}
            raise MoodleError(messages.OTHER_POINTS.format(**about))
    return possible


@dataclass
class Posting:
    """One run that posts grades."""

    connected: Connected
    folder: Path  # of entries, by student
    notes: list[str] = field(default_factory=list)
    _failed: list[Text] = field(default_factory=list)
    _there: dict[int, There] = field(default_factory=dict)
    _posted: int = 0
    _unchanged: int = 0

    def run(self, grades: list[Grade]) -> None:
        """Post each grade that Moodle does not have. Raises MoodleError if one is left."""
        self._read_there()
        latest = {
            user: attempt.number
            for user, _, attempt in self.connected.attempts(self.connected.participants())
        }
        lost = 0
        for i, grade in enumerate(grades):
            try:
                self._bring(grade, latest.get(grade.user, grade.attempt))
                lost = 0
            except MoodleError as error:
                if isinstance(error, RejectedError) and error.code in TOKEN_CODES:
                    raise
                told = Text.same("{student}: {reason}")
                self._failed.append(told.format(student=grade.student, reason=error.text))
                lost = lost + 1 if isinstance(error, LostAnswerError) else 0
                if lost == MAX_LOST:
                    rest = [Text.same(each.student) for each in grades[i + 1 :]]
                    self._failed += rest
                    break
        counts = {"posted": self._posted, "unchanged": self._unchanged}
        self.notes.insert(0, Line(messages.POSTED.format(**counts)))
        if self._failed:
            lines = [*map(text_of, self.notes), *self._failed]
            both = Text("\n".join(t.de for t in lines), "\n".join(t.en for t in lines))
            raise MoodleError(messages.NOT_POSTED.format(count=len(self._failed), lines=both))

    def _bring(self, grade: Grade, latest: int) -> None:
        """Bring Moodle to have a grade, or note why it is left alone."""
        entry = self._settled(grade)
        if latest != grade.attempt:
            numbers = {"there": latest + 1, "graded": grade.attempt + 1}
            self._note(messages.OTHER_ATTEMPT.format(student=grade.student, **numbers))
            return
        there = self._there.get(grade.user)
        if there is not None and there.attempt != grade.attempt:
            there = None
        ours = entry is not None and there is not None and entry.there == there
        if ours and entry is not None and entry.key == grade.key:
            self._unchanged += 1
        elif ours or there is None or (there.grade < 0 and there.modified <= there.created):
            self._post(grade, there)
        elif there.equals(grade.grade) and entry is None:
            self._unchanged += 1  # by hand, or from another course folder
        else:
            about = {"student": grade.student, "grade": grade.grade, "there": there.shown}
            self._note(messages.GRADED_THERE.format(**about))

    def _settled(self, grade: Grade) -> Entry | None:
        """The entry of what was posted, after finding out about one that has no answer."""
        entry = self._entry(grade.student)
        if entry is None or entry.there is not None:
            return entry
        time.sleep(max(0.0, min(entry.sent + SETTLED_AFTER_S - time.time(), SETTLED_AFTER_S)))
        self._read_there()
        there = self._there.get(grade.user)
        if entry.took_effect(there):
            return self._keep(grade, entry, there)
        # it never arrived: what was there before is ours if it was so then
        return replace(entry, key="", there=entry.before)

    def _post(self, grade: Grade, before: There | None) -> None:
        """Send a grade, and read what Moodle made of it."""
        draft = 0
        for page in grade.pages:
            draft = self.connected.moodle.upload(page.name, page.read_bytes(), draft)
        entry = Entry(grade.key, grade.grade, grade.attempt, time.time(), before)
        self._keep(grade, entry, None)
        error: MoodleError | None = None
        try:
            self.connected.moodle.call(
                "mod_assign_save_grades",
                assignmentid=self.connected.task.id,
                applytoall=False,
                grades=[self._argument(grade, draft)],
            )
        except LostAnswerError as lost:
            error = lost
            time.sleep(SETTLED_AFTER_S)
        except RejectedError as rejected:
            error = rejected
        self._read_there()
        there = self._there.get(grade.user)
        if there is not None and there.attempt == grade.attempt and there.equals(grade.grade):
            self._keep(grade, entry, there)
            self._posted += 1
            return
        if error is None:
            shown = messages.NOTHING if there is None else there.shown
            error = MoodleError(messages.NOT_KEPT.format(grade=grade.grade, there=shown))
        raise error

    def _argument(self, grade: Grade, draft: int) -> dict[str, object]:
        comment = {"text": grade.comment, "format": 1}
        return {
            "userid": grade.user,
            "grade": f"{grade.grade:.5f}",
            "attemptnumber": grade.attempt,
            "addattempt": False,
            # students see it when the teacher releases it
            "workflowstate": "readyforrelease" if self.connected.task.workflow else "",
            "plugindata": {"assignfeedbackcomments_editor": comment, "files_filemanager": draft},
        }

    def _read_there(self) -> None:
        """Read the grades that Moodle has."""
        function, task = "mod_assign_get_grades", self.connected.task.id
        found = self.connected.moodle.read(function, assignmentids=[task])
        with expected(function):
            mine = [a for a in found["assignments"] if int(a["assignmentid"]) == task]
            self._there = {
                int(row["userid"]): There(
                    id=int(row["id"]),
                    attempt=int(row["attemptnumber"]),
                    grade=float(row["grade"] or -1),
                    created=float(row["timecreated"]),
                    modified=float(row["timemodified"]),
                )
                for each in mine
                for row in each["grades"]
            }

    def _note(self, text: Text) -> None:
        self.notes.append(Line(text))

    # --- entries ----------------------------------------------------------------------------------

    def _place(self, student: str) -> Path:
        return self.folder / student / f"{SYSTEM}.json"

    def _entry(self, student: str) -> Entry | None:
        if not self._place(student).exists():
            return None
        try:
            kept = json.loads(self._place(student).read_bytes())
            for name in ("before", "there"):
                kept[name] = kept[name] and There(**kept[name])
            return Entry(**kept)
        except (ValueError, LookupError, TypeError):
            raise MoodleError(messages.BROKEN_LINK.format(file=self._place(student))) from None

    def _keep(self, grade: Grade, entry: Entry, there: There | None) -> Entry:
        entry = replace(entry, there=there)
        write_atomically(self._place(grade.student), json.dumps(asdict(entry)).encode())
        return entry
