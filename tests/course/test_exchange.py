"""nbgrader's exchange: from release to fetched feedback, with either's commands in between."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from attacks import small
from support import nbgrader as course_of
from support.nbgrader import nbgrader

from autograder.cli import main

STUDENTS = ("ada", "bob")


class Place:
    """A folder with an exchange, a course, and a folder for each student."""

    def __init__(self, root: Path) -> None:
        self.root, self.course = root, root / "course"
        for name in ("course", "exchange", *STUDENTS):
            (root / name).mkdir(exist_ok=True)

    def configure(self) -> None:
        for name in ("course", *STUDENTS):
            lines = [f"c.Exchange.root = '{self.root}/exchange'"]
            lines += [f"c.Exchange.cache = '{self.root}/{name}/cache'"]
            course_of.configured(self.root / name, *lines)

    def submit(self, student: str) -> None:
        nbgrader(self.root / student, "submit", "small", "--student", student)

    def fetched(self, student: str) -> set[str]:
        """The feedback that a student fetches."""
        folder = self.root / student
        nbgrader(folder, "fetch_feedback", "small", "--student", student)
        pages = (folder / "small" / "feedback").glob("*/small.html")
        return {path.read_text(encoding="utf-8") for path in pages}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two submissions, collected by the teacher."""
    place = Place(tmp_path_factory.mktemp("exchange").resolve())
    course_of.course(place.course)
    place.configure()
    nbgrader(place.course, "generate_assignment", "small")
    nbgrader(place.course, "release_assignment", "small")
    for student in STUDENTS:
        nbgrader(place.root / student, "fetch_assignment", "small")
        place.submit(student)
    nbgrader(place.course, "collect", "small")
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
    for command in commands:
        program, name, *more = command.split()
        if program == "kischule":
            assert main([name, "small", "--course", str(place.course)]) == 0
        else:
            nbgrader(place.course, name, "small", *more)
    nbgrader(place.course, "release_feedback", "small")
    for student in STUDENTS:
        page = place.course / "feedback" / student / "small" / "small.html"
        assert place.fetched(student) == {page.read_text(encoding="utf-8")}


@pytest.mark.usefixtures("all_pass")
def test_the_same_notebook_again_gets_its_feedback_too(place: Place) -> None:
    """Each submission has a secret of its own, by which its feedback is found."""
    command = ["small", "--course", str(place.course)]
    assert main(["grade", *command]) == 0
    place.submit("ada")
    nbgrader(place.course, "collect", "small", "--update")
    for name in ("grade", "feedback"):
        assert main([name, *command]) == 0
    secrets = [
        (place.course / step / "ada" / "small" / "submission_secret.txt").read_text()
        for step in ("submitted", "feedback")
    ]
    assert secrets[0] == secrets[1]
    nbgrader(place.course, "release_feedback", "small")
    assert len(place.fetched("ada")) == 1
    assert (place.course / "feedback" / "bob" / "small" / small.NAME).exists() is False
