"""Any folder of notebooks, one a student."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support import school
from support.school import ASSIGNMENT, NAME, notebook

from autograder.cli import main
from autograder.course.grade import students_of
from autograder.lms import folder
from autograder.lms.folder import PatternError
from autograder.lms.people import People, Person
from autograder.lms.submissions import Imported
from autograder.notebooks.intake import read_submission
from autograder.notebooks.reader import UnreadableError


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return school.course(tmp_path / "course")


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("Jörg Müller/A7_2.ipynb", "joerg-mueller"),
        ("Jörg Müller/work/A7_2.ipynb", "joerg-mueller"),
        ("A7_2_mueller.ipynb", "mueller"),
        ("mueller-a7_2.ipynb", "mueller"),
        ("mueller.ipynb", "mueller"),
    ],
)
def test_names_come_from_the_folder_or_the_file(
    course: Path, tmp_path: Path, path: str, student: str
) -> None:
    given = tmp_path / "given"
    (given / path).parent.mkdir(parents=True)
    (given / path).write_bytes(notebook("x"))
    assert folder.import_(course, ASSIGNMENT, given).new == [student]


def test_a_pattern_says_whose_a_file_is(course: Path, tmp_path: Path) -> None:
    names = ("10a/A7_2-huber-final.ipynb", "10a/A7_2-maier-final.ipynb", "10a/readme.ipynb")
    archive = school.zipped(tmp_path / "f.zip", [(n, notebook(n), school.WHEN) for n in names])
    found = folder.import_(course, ASSIGNMENT, archive, r"A7_2-(?P<student>\w+)-final")
    assert found.new == ["huber", "maier"]
    assert found.refused == ["10a/readme.ipynb: not a submission, no student is named"]


def take(course: Path, *paths: str, **options: Any) -> Imported:
    """Import files of these paths; one of another kind than a notebook has no content."""
    other = (".csv", ".md", ".png")
    files = [(path, b"" if path.endswith(other) else notebook(path), school.WHEN) for path in paths]
    archive = school.zipped(course.parent / f"{len(list(course.parent.iterdir()))}.zip", files)
    found = folder.import_(course, ASSIGNMENT, archive, **options)
    counted = (found.new, found.replaced, found.unchanged, found.refused, found.not_gradable)
    assert sum(map(len, counted)) + len(found.aside) == len(paths)
    return found


def contents(course: Path) -> set[bytes]:
    return {p.read_bytes() for p in (course / "submitted").glob(f"*/{ASSIGNMENT}/{NAME}")}


SIX = [f"{who}/{NAME}" for who in ("x_groß", "x_gross", "a_b", "A B", "Li", "李")]


@pytest.mark.parametrize(
    "paths",
    [
        SIX,
        ["A7_2_ü.ipynb", "A7_2_ue.ipynb"],
        [f"!!!/{NAME}", f"???/{NAME}"],
        [f"{'x' * 60}a/{NAME}", f"{'x' * 60}b/{NAME}"],
        [f"10a/mueller/{NAME}", f"10b/mueller/{NAME}", f"10a/maier/{NAME}", f"10b/li/{NAME}"],
        ["10a/A7_2_mueller.ipynb", "10a/A7_2_li.ipynb"],
    ],
    ids=["six", "flat", "no letters", "long", "classes", "flat class"],
)
def test_two_people_are_never_one(course: Path, paths: list[str]) -> None:
    found = take(course, *paths)
    assert len(set(found.new)) == len(paths)
    assert found.is_clear
    assert contents(course) == {notebook(path) for path in paths}
    shared = [line for line in found.notes if "is not theirs alone" in line]
    assert len(shared) == {6: 6, 4: 2}.get(len(paths), len(shared))


def test_names_stay_in_any_order_and_with_more_people(course: Path, tmp_path: Path) -> None:
    first = take(course, *SIX[::2])
    assert sorted(first.new) == ["a-b", "li", "x-gross"]
    again = take(course, *SIX[::-1])
    assert sorted(again.unchanged) == ["a-b", "li", "x-gross"]
    assert take(course, *SIX).unchanged == take(course, *SIX[::-1]).unchanged
    assert contents(course) == {notebook(path) for path in SIX}
    # the order decides about no name either
    one, two = (school.course(tmp_path / name / "course") for name in ("one", "two"))
    assert sorted(take(one, *SIX).new) == sorted(take(two, *SIX[::-1]).new)
    assert people_of(one) == people_of(two)


def people_of(course: Path) -> dict[str, str]:
    people = People(course, ASSIGNMENT, "folder").by_student
    return {student: person.id for student, person in people.items()}


def test_a_name_of_another_assignment_or_system_is_taken(course: Path) -> None:
    take(course, f"Li/{NAME}")
    for assignment, system, person in (
        ("a7_1", "folder", Person("李", "李")),
        ("a7_2", "moodle", Person("4700", "LI")),
    ):
        students, notes = People(course, assignment, system).add([person])
        assert students[person.id] != "li"
        assert "li is not theirs alone" in notes[0]
    # the same name is the same student; Moodle's import does not forget the folder's
    moodle = People(course, ASSIGNMENT, "moodle")
    assert moodle.add([Person("4701", "Li")])[0] == {"4701": "li"}
    moodle.save()
    assert people_of(course) == {"li": "Li"}


def test_an_address_finds_a_student_of_another_assignment(course: Path) -> None:
    first = People(course, "a7_1", "moodle")
    pair = [Person("1", "Ümit Öztürk", email="a@x"), Person("2", "Ümit Öztürk", email="b@x")]
    assert first.add(pair)[0] == {"1": "uemit-oeztuerk-1", "2": "uemit-oeztuerk-2"}
    first.save()
    later = [Person("7", "Ümit Öztürk", email="b@x"), Person("8", "Ümit Öztürk", email="c@x")]
    found = People(course, ASSIGNMENT, "moodle").add(later)[0]
    assert found == {"7": "uemit-oeztuerk-2", "8": "uemit-oeztuerk-8"}


@pytest.mark.parametrize(
    "paths",
    [
        ["Abgaben/mueller/A7_2.ipynb", "Abgaben/maier/A7_2.ipynb", "Abgaben/li/A7_2.ipynb"],
        ["Abgaben/A7_2_mueller.ipynb", "Abgaben/A7_2_maier.ipynb", "Abgaben/li/A7_2.ipynb"],
        ["K/10a/mueller/A7_2.ipynb", "K/10a/maier/A7_2.ipynb", "K/10a/li/work/A7_2.ipynb"],
        ["mueller/a7_2/A7_2.ipynb", "maier/a7_2/A7_2.ipynb", "li/a7_2/A7_2.ipynb"],
    ],
)
def test_folders_above_the_students_are_recognised(course: Path, paths: list[str]) -> None:
    found = take(course, *paths)
    assert sorted(found.new) == ["li", "maier", "mueller"]
    assert found.is_clear


@pytest.mark.parametrize(
    ("paths", "new", "refused"),
    [
        # students' folders, or folders of the students 1 and 2?
        (["m/1/A7_2.ipynb", "m/2/A7_2.ipynb", "n/1/A7_2.ipynb", "n/2/A7_2.ipynb"], [], 4),
        (["10a/A7_2.ipynb", "10a/li/A7_2.ipynb", "10a/maier/A7_2.ipynb"], [], 3),
        (["10a/li/A7_2.ipynb", "10a/maier/A7_2.ipynb", "mo/A7_2.ipynb"], ["li", "maier", "mo"], 0),
        (["A7_2_li.ipynb", "A7_2_li (1).ipynb"], ["li"], 0),
        (["A7_2(1).ipynb", "li/A7_2.ipynb"], ["li"], 1),
        (["li/A7_2.ipynb", "noten.csv", "README.md"], ["li"], 2),
    ],
)
def test_a_doubt_is_said_and_changes_the_exit_status(
    course: Path, paths: list[str], new: list[str], refused: int
) -> None:
    found = take(course, *paths)
    assert (found.new, len(found.refused), found.is_clear) == (new, refused, False)


def test_a_zip_of_a_student_is_opened_and_one_of_a_class_is_not(course: Path) -> None:
    one = school.zipped(course.parent / "x", [("work/A7_2.ipynb", notebook("1"), school.WHEN)])
    two = [(f"{who}/{NAME}", notebook(who), school.WHEN) for who in ("li", "maier")]
    several = school.zipped(course.parent / "y", two)
    files = [("mo.zip", one), ("10a.zip", several), ("mueller/abgabe.zip", one)]
    outer = [(name, path.read_bytes(), school.WHEN) for name, path in files]
    found = folder.import_(course, ASSIGNMENT, school.zipped(course.parent / "z.zip", outer))
    assert found.new == ["mo", "mueller"]
    assert [line.split(":")[0] for line in found.refused] == [
        f"10a.zip/li/{NAME}",
        f"10a.zip/maier/{NAME}",
    ]
    assert found.doubts == [
        "10a.zip: holds files of several students (li, maier)? Import it by itself"
    ]


NAMES = ["A7_2.ipynb.json", "A7_2.ipynb.txt", "A7_2(1).ipynb", "A7_2 - Kopie.ipynb", "A7_2_ipynb"]


@pytest.mark.parametrize("name", [*NAMES, "A7_2", "A7_2.json", "A7_2.IPYNB", "x.ipynb.download"])
@pytest.mark.parametrize("path", ["li/{}", "10a/li/{}"])
def test_names_of_browsers_are_taken(course: Path, name: str, path: str) -> None:
    found = take(course, path.format(name), path.format(NAME).replace("li", "mo"))
    assert sorted(found.new) == ["li", "mo"]
    assert found.is_clear


@pytest.mark.parametrize("name", NAMES)
def test_flat_names_of_browsers_are_taken(course: Path, name: str) -> None:
    found = take(course, name.replace("A7_2", "A7_2_li"), "A7_2_mo.ipynb")
    assert found.new == ["li", "mo"]


def test_a_student_without_a_notebook_is_named_and_has_a_row(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = course.parent / "given"
    bad = {"Max Maier": "Aufgabe.docx", "Jörg": "A7_2.py", "Zoë": "A7_2.html", "Li": "A7_2.json"}
    for who, name in bad.items():
        (given / who).mkdir(parents=True)
        (given / who / name).write_bytes(b"{}")
    command = ["import", "folder", str(given), ASSIGNMENT, "--course", str(course)]
    assert main(command) == 3
    output = capsys.readouterr()
    last = output.err.splitlines()[-4:]
    assert "not gradable: Max Maier (max-maier): Max Maier/Aufgabe.docx: not a notebook" in last
    assert [line.split()[0] for line in last] == ["not"] * 4
    assert output.out.endswith("4 refused, 0 left aside\n")
    assert students_of(course, ASSIGNMENT) == ["joerg", "li", "max-maier", "zoe"]
    for student, name in zip(("max-maier", "joerg"), ("Aufgabe.docx", "A7_2.py"), strict=True):
        with pytest.raises(UnreadableError, match=f"the folder must hold A7_2.ipynb, was: {name}"):
            read_submission(course / "submitted" / student / ASSIGNMENT, NAME)
    # a notebook that comes later counts
    (given / "Jörg" / NAME).write_bytes(notebook("x"))
    assert main(command) == 3
    assert capsys.readouterr().out.startswith("1 new")
    assert read_submission(course / "submitted" / "joerg" / ASSIGNMENT, NAME).flags == ()


@pytest.mark.parametrize(
    ("prefer", "chosen"), [((), "A7_2.ipynb"), (("_alt",), "A7_2_alt.ipynb"), (("*2.ipynb",), NAME)]
)
def test_of_two_notebooks_one_is_said_and_can_be_chosen(
    course: Path, prefer: tuple[str, ...], chosen: str
) -> None:
    found = take(course, "li/A7_2.ipynb", "li/A7_2_alt.ipynb", prefer=prefer)
    assert contents(course) == {notebook(f"li/{chosen}")}
    assert f"left aside for li/{chosen}" in found.aside[0]
    assert "--prefer" in found.notes[0]
    # the other one in a second import, also where it is the older one
    again = take(course, "li/A7_2.ipynb", "li/A7_2_alt.ipynb", prefer=["_alt"])
    assert contents(course) == {notebook("li/A7_2_alt.ipynb")}
    assert len(again.aside) == 1


def test_a_preferred_notebook_stays_until_a_newer_one_comes(course: Path) -> None:
    def imported(*names: str, day: int = 20, prefer: Sequence[str] = ()) -> Imported:
        files = [(n, notebook(n), (2026, 11, 19 if "alt" in n else day, 8, 0, 0)) for n in names]
        archive = school.zipped(course.parent / "a.zip", files)
        return folder.import_(course, ASSIGNMENT, archive, prefer=prefer)

    both = ("li/A7_2.ipynb", "li/A7_2_alt.ipynb")
    imported(*both)
    assert contents(course) == {notebook(both[0])}
    imported(*both, prefer=["_alt"])
    again = imported(*both)
    assert (again.unchanged, again.aside) == (["li"], [f"{both[0]}: left aside for {both[1]}"])
    alone = imported(both[0])  # the one that was not preferred
    assert alone.notes == [f"{both[0]}: li keeps the one that --prefer took"]
    assert contents(course) == {notebook(both[1])}
    assert imported(*both, day=21).replaced == ["li"]
    assert contents(course) == {notebook(both[0])}
    assert imported(*both, day=21).unchanged == ["li"]
    assert imported(*both, day=21, prefer=["_alt"]).replaced == ["li"]
    assert imported(*both, day=21, prefer=["li/A7_2.ipynb"]).replaced == ["li"]
    assert imported(*both, day=21).unchanged == ["li"]
    assert contents(course) == {notebook(both[0])}


def test_a_broken_notebook_gives_way_and_is_in_doubt(course: Path) -> None:
    later = (2026, 11, 21, 8, 0, 0)
    files = [("li/A7_2.ipynb", notebook("1"), school.WHEN), ("li/A7_2 (1).ipynb", b"{", later)]
    found = folder.import_(course, ASSIGNMENT, school.zipped(course.parent / "a.zip", files))
    assert contents(course) == {notebook("1")}
    assert "li: the newest notebook cannot be read: li/A7_2 (1).ipynb: not JSON" in found.doubts[0]
    again = folder.import_(course, ASSIGNMENT, school.zipped(course.parent / "b.zip", files[1:]))
    assert "li keeps the earlier submission" in again.refused[0]
    assert contents(course) == {notebook("1")}
    # alone it is taken: its row in the grades says what is wrong with it
    alone = take(course, "mo/x.png", "mo/A7_2.ipynb")
    assert alone.new == ["mo"]


@pytest.mark.parametrize(("pattern", "why"), [("(", "no regular expression"), ("x", "group")])
def test_a_pattern_that_names_nobody_is_refused(
    course: Path, tmp_path: Path, pattern: str, why: str
) -> None:
    with pytest.raises(PatternError, match=why):
        folder.import_(course, ASSIGNMENT, tmp_path, pattern)


def test_an_assignment_that_is_not_there_is_named(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "folder", str(tmp_path), "a9", "--course", str(course)]) == 2
    assert "no assignment 'a9'" in capsys.readouterr().err
