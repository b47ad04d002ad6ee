"""nbgrader's exchange: from release to fetched feedback, with either's commands in between.

A teacher and two students, each with a home, a name and a configuration of their own, as on a
JupyterHub. The students have nothing of ours but the notebook.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attacks import small
from support import nbgrader as course_of
from support.nbgrader import nbgrader

from autograder.cli import main

STUDENTS = ("ada", "bob")


@contextmanager
def user(name: str, home: Path) -> Iterator[None]:
    """Be this user of a JupyterHub, whose containers all belong to `jovyan`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nbgrader.utils.get_osusername", lambda: "jovyan")
        patch.setattr("nbgrader.utils.find_owner", lambda _: "jovyan")
        patch.setenv("JUPYTERHUB_USER", name)
        patch.setenv("HOME", str(home))
        for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "XDG_DATA_HOME"):
            patch.delenv(variable, raising=False)
        yield


class Place:
    """An exchange, and a home for the teacher, with the course, and for each student."""

    def __init__(self, root: Path) -> None:
        self.root, self.course = root, root / "teacher" / "info10"
        for name in ("exchange", "teacher/info10", *STUDENTS):
            (root / name).mkdir(parents=True, exist_ok=True)

    def configure(self) -> None:
        """Write the configurations of docs/teacher.md; nbgrader reads the course's last."""
        named = "c.CourseDirectory.course_id = 'info10'"
        for name in ("teacher", *STUDENTS):
            folder = self.root / name / ".jupyter"
            folder.mkdir(exist_ok=True)
            lines = ["c = get_config()", f"c.Exchange.root = '{self.root}/exchange'"]
            lines += [f"c.CourseDirectory.root = '{self.course}'" if name == "teacher" else named]
            (folder / "nbgrader_config.py").write_text("\n".join(lines), encoding="utf-8")
        course_of.configured(self.course, named)

    def student(self, student: str, command: str) -> str:
        """Run a command of nbgrader's as a student, at home."""
        with user(student, self.root / student):
            return nbgrader(self.root / student, command, "small")

    def teacher(self, command: str) -> None:
        """Run a command as the teacher, such as `nbgrader collect`, from the home folder."""
        program, name, *more = command.split()
        with user("teacher", self.root / "teacher"):
            if program == "kischule":
                assert main([name, "small", "--course", str(self.course), *more]) == 0
            else:
                nbgrader(self.root / "teacher", name, "small", *more)

    def fetched(self, student: str, name: str = "small.html") -> set[str]:
        """The feedback that a student fetches."""
        self.student(student, "fetch_feedback")
        pages = (self.root / student / "small" / "feedback").glob(f"*/{name}")
        return {path.read_text(encoding="utf-8") for path in pages}

    def page(self, student: str) -> str:
        """The page that was made for a student."""
        path = self.course / "feedback" / student / "small" / "small.html"
        return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two submissions, collected by the teacher."""
    place = Place(tmp_path_factory.mktemp("exchange").resolve())
    course_of.course(place.course)
    place.configure()
    place.teacher("nbgrader generate_assignment")
    place.teacher("nbgrader release_assignment")
    for student in STUDENTS:
        place.student(student, "fetch_assignment")
        place.student(student, "submit")
    place.teacher("nbgrader collect")
    return place


@pytest.fixture
def place(collected: Place, tmp_path: Path) -> Place:
    """A copy of it."""
    copy = Place(Path(shutil.copytree(collected.root, tmp_path / "copy")))
    copy.configure()
    return copy


@pytest.mark.usefixtures("all_pass")
@pytest.mark.parametrize(
    "commands",
    [
        ("kischule grade", "kischule feedback"),
        ("kischule grade", "nbgrader generate_feedback"),
        ("nbgrader autograde", "kischule grade", "kischule feedback"),
        ("kischule grade", "nbgrader autograde --force", "kischule feedback"),
        ("nbgrader autograde", "nbgrader generate_feedback", "kischule feedback"),
    ],
    ids=lambda commands: ", ".join(commands),
)
def test_feedback_reaches_students(place: Place, commands: tuple[str, ...]) -> None:
    for command in (*commands, "nbgrader release_feedback"):
        place.teacher(command)
    assert place.page("ada") != place.page("bob")
    for student in STUDENTS:
        assert place.fetched(student) == {place.page(student)}


@pytest.mark.usefixtures("all_pass")
def test_the_same_notebook_again_gets_its_feedback_too(place: Place) -> None:
    """Each submission has a secret of its own, by which its feedback is found."""
    place.teacher("kischule grade")
    place.student("ada", "submit")
    for command in ("nbgrader collect --update", "kischule grade", "kischule feedback"):
        place.teacher(command)
    secrets = [
        (place.course / step / "ada" / "small" / "submission_secret.txt").read_text()
        for step in ("submitted", "feedback")
    ]
    assert secrets[0] == secrets[1]
    place.teacher("nbgrader release_feedback")
    assert len(place.fetched("ada")) == 1
    assert (place.course / "feedback" / "bob" / "small" / small.NAME).exists() is False


@pytest.mark.usefixtures("all_pass")
def test_a_renamed_late_notebook_gets_its_feedback(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exchange asks for a page by the name of the file that was submitted."""
    folder = place.root / "ada" / "small"
    (folder / small.NAME).rename(folder / "small (1).ipynb")
    (folder / "notes.txt").write_text("unasked")
    assert "MISSING" in place.student("ada", "submit")
    nbgrader(place.course, "db", "assignment", "add", "small", "--duedate", "2026-01-01 10:00 UTC")
    place.teacher("nbgrader collect --update")
    place.teacher("kischule grade --json -")
    rows = {row["student"]: row for row in json.loads(capsys.readouterr().out)["submissions"]}
    assert {student: row["score"] for student, row in rows.items()} == dict.fromkeys(
        STUDENTS, small.ALL
    )
    assert any("small (1).ipynb" in flag for flag in rows["ada"]["flags"])
    assert all(row["flags"][-1].startswith("late: ") for row in rows.values())
    for command in ("kischule feedback", "nbgrader generate_feedback"):
        shutil.rmtree(place.course / "feedback", ignore_errors=True)
        place.teacher(command)
        place.teacher("nbgrader release_feedback")
        assert place.fetched("ada", "small (1).html") == {place.page("ada")}
        assert place.fetched("bob") == {place.page("bob")}
