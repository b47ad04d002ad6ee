"""ILIAS: all submissions of an exercise in; the multi-feedback zip and the status file out.

Formats, as ILIAS's own code reads and writes them (github.com/ILIAS-eLearning/ILIAS):

* submissions: `ilExSubmission::downloadAllAssignmentFiles`. A folder
  `Lastname_Firstname_login_6789` a student, at any depth (`Team 3/…` for teams), names in ASCII (ü
  becomes ue); a late file's name begins with the words for it and ` - `.
* multi-feedback: `ilExAssignment::sendMultiFeedbackStructureFile` and `getMultiFeedbackFiles`. One
  top folder whose name begins with `multi_feedback`, in it the same folders; the number behind the
  last `_` counts.
* status file: `ilExAssignmentStatusFile`, an addition that some installations have (first at the
  University of Erlangen-Nuremberg). All its columns must be there; a row counts where `update` is
  1; `status` is notgraded, passed or failed. Elsewhere it is the list from which marks are typed.
"""

import re
from collections.abc import Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path, PurePosixPath

from autograder.course.gradebook import Course
from autograder.files import write_atomically
from autograder.lms import spreadsheet
from autograder.lms.archive import opened
from autograder.lms.final import not_final
from autograder.lms.local_time import zone_of
from autograder.lms.pages import pages_zip
from autograder.lms.people import People, Person
from autograder.lms.submissions import Imported, take_in

_FOLDER = re.compile(r"(?P<names>.+)_(?P<login>[^_]+)_(?P<id>\d+)")
HEAD = (
    *("update", "usr_id", "login", "lastname", "firstname", "status", "mark", "notice"),
    *("comment", "plagiarism", "plag_comment"),
)


def owner(path: PurePosixPath, top: int = 0) -> tuple[Person, str] | None:
    """The student of a file: by the outermost folder with a name of ILIAS's kind.

    What lies further in was named by a student. top: folders above all that ILIAS has zipped; the
    exercise's may have such a name as well.
    """
    folders = path.parts[:-1]
    for part in (*folders[top:], *reversed(folders[:top])):
        match = _FOLDER.fullmatch(part)
        if match and not part.startswith("multi_feedback"):
            last, _, first = match["names"].partition("_")
            person = Person(match["id"], f"{first} {last}".strip(), match["login"], folder=part)
            return person, path.name
    return None


def import_(course: Path, assignment: str, file: Path, prefer: Sequence[str] = ()) -> Imported:
    """Import submissions. Raises ArchiveError."""
    with opened(file, zone_of(course)) as archive:
        folders = [entry.owned_path.parts[:-1] for entry in archive.entries]
        levels = zip(*folders, strict=False)
        top = sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, levels))
        whose = partial(owner, top=top)
        return take_in(course, assignment, "ilias", archive, whose, prefer=prefer)


def export(course: Path, assignment: str, target: Path, pass_mark: float = 50.0) -> list[str]:
    """Write `multi_feedback.zip` and `status.csv` into a folder; returns notes.

    pass_mark: percent of the points with which the exercise is passed. Raises PeopleError.
    """
    people = People.of_import(course, assignment, "ilias")
    totals = Course(course).totals(assignment)
    rows = []
    for student, person in sorted(people.by_student.items()):
        last, _, first = person.folder.partition("_")
        row = ["0", person.id, person.login, last, first.split("_")[0], "notgraded", "", "", ""]
        if (total := totals.get(student)) is not None:
            passed = 100 * total.points >= pass_mark * total.max_points
            row[0], row[5] = "1", "passed" if passed else "failed"
            row[6] = spreadsheet.format_number(total.points)
        rows.append([*row, "", ""])
    table = spreadsheet.Table("status.csv", list(HEAD), rows)
    top = f"multi_feedback_{assignment}"
    folders = {student: f"{top}/{person.folder}" for student, person in people.by_student.items()}
    zipped, without = pages_zip(course, assignment, folders)
    write_atomically(target / "status.csv", table.content())
    write_atomically(target / "multi_feedback.zip", zipped)
    return [*without, *not_final(course, assignment, totals)]
