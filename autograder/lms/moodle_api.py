r"""Moodle by its web services: submissions in; grades, points as a comment, and pages out.

As Moodle's own code has it (github.com/moodle/moodle, `mod/assign/externallib.php`):

* `mod_assign_get_submissions` gives the latest attempt of each student. In a group assignment the
  files are at a row with user 0 and the group's number; older versions give a file's whole path as
  `filepath`, newer ones (`core_external\external_files`) its folder, with `filename` beside it.
* `mod_assign_list_participants` gives names, and in a group assignment each one's group.
* `mod_assign_save_grades` stores the feedback of plugins, then the grade, of an attempt; -1 is "no
  grade". The comment is PARAM_TEXT in older versions, so it has no HTML; a draft area of files
  takes the place of all feedback files (`mod/assign/feedback/file/locallib.php`).
* `mod_assign_get_grades` gives grades of latest attempts, and when they were last changed.

An import and an export name the same assignment by its address; which one it is, is kept.
"""

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.files import write_atomically
from autograder.grading.store import STORE_FOLDER
from autograder.lms import moodle_messages as messages
from autograder.lms.archive import MAX_TOTAL_BYTES, Archive, gathered, of_file
from autograder.lms.messages import TOO_MUCH
from autograder.lms.moodle_client import Moodle, MoodleError, RejectedError, expected
from autograder.lms.people import Person
from autograder.lms.submissions import Imported, take_in
from autograder.notebooks import reader
from autograder.sandbox.text import clean
from kischule.i18n import Line

SYSTEM = "moodle-api"
_SLASHES = re.compile(r"[/\\]")
_OWN_FOLDER = re.compile(r"(\d+) .*")


@dataclass(frozen=True)
class Task:
    """An assignment as Moodle knows it."""

    address: str
    course: int
    id: int
    name: str
    grade: int  # the maximum; 0: none, negative: a scale
    team: bool
    workflow: bool
    files: bool  # feedback files can be stored

    @classmethod
    def of(cls, moodle: Moodle) -> "Task":
        """Find the assignment of the address. Raises MoodleError."""
        function = "mod_assign_get_assignments"
        found = moodle.read(function)
        with expected(function):
            for course in found["courses"]:
                for each in course["assignments"]:
                    if int(each["cmid"]) == moodle.module:
                        return cls._read(moodle.address, int(course["id"]), each)
        user = moodle.read("core_webservice_get_site_info")
        with expected("core_webservice_get_site_info"):
            about = {"address": moodle.address, "user": clean(str(user["fullname"]))}
        raise MoodleError(messages.NO_SUCH_TASK.format(**about))

    @classmethod
    def _read(cls, address: str, course: int, about: dict[str, Any]) -> "Task":
        on = [c for c in about["configs"] if c["name"] == "enabled" and str(c["value"]) == "1"]
        return cls(
            address=address,
            course=course,
            id=int(about["id"]),
            name=clean(str(about["name"])),
            grade=int(about["grade"]),
            team=bool(about["teamsubmission"]),
            workflow=bool(about.get("markingworkflow")),
            files=("assignfeedback", "file") in [(c["subtype"], c["plugin"]) for c in on],
        )


@dataclass(frozen=True)
class Attempt:
    """A student's latest attempt."""

    number: int
    modified: float
    submitted: bool
    files: tuple[tuple[str, str, float, int | None], ...]  # path, address, time, size
    text: str = ""  # typed into Moodle in place of a file


@dataclass(frozen=True)
class Participant:
    """Somebody who may submit."""

    name: str
    email: str
    group: int  # 0: none, or no group assignment
    submitted: bool


@dataclass
class Connected:
    """A Moodle, and the assignment that is imported from it or exported to it."""

    moodle: Moodle
    task: Task
    link: Path  # where the course folder keeps which assignment it is

    @classmethod
    def to(cls, course: Path, assignment: str, address: str) -> "Connected":
        """Connect. Raises MoodleError where the assignment belongs to another one."""
        moodle = Moodle(address)
        link = course / STORE_FOLDER / SYSTEM / f"{assignment}.json"
        connected = cls(moodle, Task.of(moodle), link)
        connected._compare(assignment)
        return connected

    def _compare(self, assignment: str) -> None:
        """Refuse an assignment other than the one that was imported."""
        if not self.link.exists():
            return
        try:
            kept = json.loads(self.link.read_bytes())
            identity = kept["address"], kept["course"], kept["id"]
            name = kept["name"]
        except (OSError, ValueError, LookupError, TypeError):
            raise MoodleError(messages.BROKEN_LINK.format(file=self.link)) from None
        task = self.task
        if identity != (task.address, task.course, task.id):
            about = {"known": name, "known_address": identity[0], "file": self.link}
            mine = {"assignment": assignment, "name": task.name, "address": task.address}
            raise MoodleError(messages.OTHER_TASK.format(**about, **mine))

    def keep(self) -> None:
        """Keep which assignment it is."""
        write_atomically(self.link, json.dumps(asdict(self.task), ensure_ascii=False).encode())

    def participants(self) -> dict[int, Participant]:
        """Read the participants by user id."""
        function = "mod_assign_list_participants"
        found = self.moodle.read(function, assignid=self.task.id, groupid=0, filter="")
        with expected(function):
            return {
                int(each["id"]): Participant(
                    name=" ".join(clean(str(each.get("fullname") or "")).split()),
                    email=clean(str(each.get("email") or "")),
                    group=int(each.get("groupid") or 0),
                    submitted=bool(each.get("submitted")),
                )
                for each in found
            }

    def attempts(self, participants: dict[int, Participant]) -> list[tuple[int, int, Attempt]]:
        """Read latest attempts, each with user and group; a group's for each of its members.

        User 0: of a group without members.
        """
        function = "mod_assign_get_submissions"
        found = self.moodle.read(function, assignmentids=[self.task.id])
        with expected(function):
            mine = [a for a in found["assignments"] if int(a["assignmentid"]) == self.task.id]
            rows = [
                (int(row["userid"]), int(row["groupid"]), _attempt(row))
                for row in (row for each in mine for row in each["submissions"])
            ]
        if not mine:
            raise MoodleError(messages.NO_RIGHTS.format(address=self.task.address))
        if not self.task.team:
            return rows
        members = defaultdict(list)
        for user, each in participants.items():
            members[each.group].append(user)
        groups = [(group, attempt) for user, group, attempt in rows if not user]
        return [(u, group, attempt) for group, attempt in groups for u in members.get(group, [0])]


def _attempt(row: dict[str, Any]) -> Attempt:
    files: list[tuple[str, str, float, int | None]] = []
    text = ""
    for plugin in row.get("plugins", ()):
        for area in plugin.get("fileareas", ()):
            for file in area.get("files", ()):
                path = str(file["filepath"])
                if file.get("filename") and path.endswith("/"):
                    path += str(file["filename"])
                size = None if file.get("filesize") is None else int(file["filesize"])
                saved = float(file.get("timemodified") or 0)
                files.append((path, str(file["fileurl"]), saved, size))
        text += "".join(str(field["text"] or "") for field in plugin.get("editorfields", ()))
    return Attempt(
        number=int(row["attemptnumber"]),
        modified=float(row["timemodified"]),
        submitted=row["status"] == "submitted",
        files=tuple(files),
        text=text,
    )


def import_(course: Path, assignment: str, address: str, prefer: Sequence[str] = ()) -> Imported:
    """Import the submissions of the assignment with this address. Raises MoodleError."""
    connected = Connected.to(course, assignment, address)
    participants = connected.participants()
    persons = {u: Person(str(u), p.name, email=p.email) for u, p in participants.items()}

    def owner(path: PurePosixPath) -> tuple[Person, str] | None:
        match = _OWN_FOLDER.fullmatch(path.parts[0])
        person = persons.get(int(match[1])) if match else None
        if person is None:
            return None
        return replace(person, folder="/".join(path.parts[:2])), path.name

    with tempfile.TemporaryDirectory() as folder:
        fetched = _Fetched(Path(folder), connected, participants)
        archive = fetched.archive()
        connected.keep()
        more = persons.values()
        return take_in(course, assignment, SYSTEM, archive, owner, prefer=prefer, more=more)


class _Fetched:
    """Submissions that are fetched into a folder; of each student all files, or none."""

    def __init__(
        self, folder: Path, connected: Connected, participants: dict[int, Participant]
    ) -> None:
        self._folder, self._connected, self._participants = folder, connected, participants
        self._files: list[tuple[str, Path, float, float]] = []
        self._refused: list[str] = []
        self._places: dict[str, Path] = {}  # by address: a group's file is fetched once
        self._left = MAX_TOTAL_BYTES

    def archive(self) -> Archive:
        """Fetch all, and say what was refused."""
        seen = set()
        for user, group, attempt in self._connected.attempts(self._participants):
            if attempt.files or attempt.text.strip():
                seen.add(user)
                self._fetch(self._folder_of(user, group, attempt.number), attempt)
        for user, each in self._participants.items():
            if each.submitted and user not in seen:
                who = f"{each.name} ({user})"
                self._refused.append(Line(messages.NOT_SENT.format(who=who)))
        archive = gathered(self._files)
        return Archive(archive.entries, (*self._refused, *archive.refused), archive.notes)

    def _folder_of(self, user: int, group: int, attempt: int) -> str:
        """The folder of a submission, as a teacher reads it; of nobody's it has no number."""
        who = self._participants.get(user)
        if who is None:
            return f"user {user}, group {group}/{attempt}"
        return f"{user} {_SLASHES.sub(' ', who.name)}/{attempt}"

    def _fetch(self, folder: str, attempt: Attempt) -> None:
        """Fetch a submission's files; without one of them the others wait as well."""
        names = [f"{folder}/{path.lstrip('/')}" for path, *_ in attempt.files]
        if not attempt.submitted:
            self._refused += [of_file(clean(name), messages.DRAFT) for name in names or [folder]]
            return
        fetched, missing = [], []
        for name, (_, address, saved, size) in zip(names, attempt.files, strict=True):
            try:
                fetched.append((name, self._place(address, size), attempt.modified, saved))
            except RejectedError as error:
                missing.append((name, error.text))
        if missing:
            missing += [(name, messages.WITH_OTHERS) for name, *_ in fetched]
            self._refused += [of_file(clean(name), reason) for name, reason in missing]
            return
        if text := clean(attempt.text).strip():  # called as in Moodle's zip
            place = self._kept(text.encode())
            fetched.append((f"{folder}/onlinetext.html", place, attempt.modified, 0.0))
        self._files += fetched

    def _place(self, address: str, size: int | None) -> Path:
        """Fetch a file, whole. Raises RejectedError."""
        if address not in self._places:
            content = self._connected.moodle.download(clean(address))
            if size is not None and len(content) != size and len(content) <= reader.MAX_BYTES:
                told = messages.NOT_WHOLE.format(size=size, was=len(content))
                raise RejectedError(told, "size")
            self._places[address] = self._kept(content)
        return self._places[address]

    def _kept(self, content: bytes) -> Path:
        self._left -= len(content)
        if self._left < 0:
            raise RejectedError(TOO_MUCH.format(limit=MAX_TOTAL_BYTES), "size")
        place = self._folder / str(sum(1 for _ in self._folder.iterdir()))
        place.write_bytes(content)
        return place
