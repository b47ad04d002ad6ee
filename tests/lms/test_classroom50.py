"""Classroom 50: a download in, a result.json for each student out."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support import school
from support.school import ASSIGNMENT, NAME, notebook

from autograder.checking.result import Message, Result
from autograder.cli import main
from autograder.course.gradebook import Course
from autograder.exercises.exercise import Level
from autograder.grading.record import Record, Status
from autograder.grading.store import Store
from autograder.lms import classroom50, folder
from autograder.lms.classroom50 import ClassroomError
from kischule.i18n import Text

SHAS = {name: digit * 40 for name, digit in (("zoe", "a"), ("Max-M", "b"), ("uemit", "c"))}
PATTERN = "^ki-10-a7-2-(?P<student>[^/]+)/"
TEXT = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "minimum": 0}
DAY_AND_TIME = r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
TEST = {"test-name": TEXT, "passed": {"type": "boolean"}, "score": WHOLE, "max-score": WHOLE}
RESULT = {
    **dict.fromkeys(("classroom", "assignment", "owner", "commit", "release", "review"), TEXT),
    "schema": {"const": "classroom50/result/v1"},
    "assignment_type": {"enum": ["individual", "group"]},
    "submission": {"type": "string", "pattern": "^submit/"},
    "datetime": {"type": "string", "pattern": DAY_AND_TIME},
    "score": WHOLE,
    "max-score": WHOLE,
    "tests": {
        "type": "array",
        "items": {"type": "object", "required": [*TEST], "properties": TEST},
    },
}
# what schemas/result-v1.schema.json of foundation50/classroom50 says of the fields that we write
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [*RESULT],
    "properties": RESULT,
}


def published(owner: str, sha: str, **other: Any) -> dict[str, Any]:
    """A result as the workflow publishes it, without an autograder."""
    link = f"https://github.com/schule/ki-10-a7-2-{owner}"
    tag = f"submit/2026-11-20T18-30-00Z-{sha[:7]}"
    return {
        "schema": "classroom50/result/v1",
        "classroom": "ki-10",
        "assignment": "a7-2",
        "assignment_type": "individual",
        "owner": owner,
        "submission": tag,
        "commit": f"{link}/commit/{sha}",
        "release": f"{link}/releases/tag/{tag}",
        "review": f"{link}/compare/base...{sha}",
        "datetime": "2026-11-20T18:30:00Z",
        "score": 0,
        "max-score": 0,
        "tests": [],
        "submitted_by": {"username": owner, "id": 7},
        **other,
    }


def results(clone: Path, *found: Any) -> None:
    entries = [{"submission_tag": "submit/x", "result": each} for each in found]
    (clone / "results.json").write_text(json.dumps(entries))


def downloaded(root: Path) -> Path:
    """A folder as `gh teacher download` leaves it: one branch, one packed, one detached."""
    for owner, sha in SHAS.items():
        clone = root / f"ki-10-a7-2-{owner}"
        (clone / ".git" / "refs" / "heads").mkdir(parents=True)
        (clone / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (clone / ".git" / "refs" / "heads" / "main").write_text(sha + "\n")
        (clone / NAME).write_bytes(notebook(owner))
        results(clone, published(owner, "e" * 40), None, published(owner, sha))
        (clone / "result.json").write_text(json.dumps(published(owner, "e" * 40)))
    packed = root / "ki-10-a7-2-Max-M" / ".git"
    (packed / "refs" / "heads" / "main").unlink()
    text = "# pack-refs with: peeled fully-peeled sorted\n"
    (packed / "packed-refs").write_text(f"{text}{SHAS['Max-M']} refs/heads/main\n")
    (root / "ki-10-a7-2-uemit" / ".git" / "HEAD").write_text(SHAS["uemit"] + "\n")
    (root / "scores.csv").write_text("username,score\nzoe,0\n")
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download, and a course that has imported and graded it."""
    place = tmp_path_factory.mktemp("classroom50").resolve()
    course = school.course(place / "course")
    found = folder.import_(course, ASSIGNMENT, downloaded(place / "download"), pattern=PATTERN)
    assert found.new == ["max-m", "uemit", "zoe"]
    assert found.refused == ["scores.csv: not a submission, no student is named"]
    school.grade(course, {"zoe": 40.5, "max-m": 46, "uemit": 0})
    return place


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "course", tmp_path / "course"))


@pytest.fixture
def download(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "download", tmp_path / "download"))


def test_a_download_comes_in_by_its_folders_names(made: Path, tmp_path: Path) -> None:
    course = school.course(tmp_path / "c")
    found = folder.import_(course, ASSIGNMENT, made / "download")
    assert found.new == [f"ki-10-a7-2-{name}" for name in ("max-m", "uemit", "zoe")]
    school.grade(course, dict.fromkeys(found.new, 1))
    classroom50.export(course, ASSIGNMENT, tmp_path / "o.zip", made / "download")
    assert len(read(tmp_path / "o.zip")) == 3


def exported(course: Path, download: Path, tmp_path: Path) -> tuple[dict[str, Any], list[str]]:
    notes = classroom50.export(course, ASSIGNMENT, tmp_path / "o.zip", download)
    return read(tmp_path / "o.zip"), notes


def read(path: Path) -> dict[str, Any]:
    found = {name: json.loads(text) for name, text in school.listing(path).items()}
    for data in found.values():
        jsonschema.validate(data, SCHEMA)
        assert data["score"] <= data["max-score"] == sum(t["max-score"] for t in data["tests"])
        assert all(test["score"] <= test["max-score"] for test in data["tests"])
    return found


def test_each_student_gets_a_result(course: Path, download: Path, tmp_path: Path) -> None:
    found, notes = exported(course, download, tmp_path)
    assert set(found) == {f"ki-10-a7-2-{owner}/result.json" for owner in SHAS}
    data = found["ki-10-a7-2-zoe/result.json"]
    ours = {"score", "max-score", "tests"}
    taken = published("zoe", SHAS["zoe"])
    assert {k: v for k, v in data.items() if k not in ours} == {
        k: v for k, v in taken.items() if k not in {*ours, "submitted_by"}
    }
    whole = {name: (each["score"], each["max-score"]) for name, each in found.items()}
    assert list(whole.values()) == [(92, 108), (0, 108), (81, 108)]  # all in halves
    assert "each counts 2 times there" in notes[0]
    assert any(note.startswith("answers wait for your points: ") for note in notes)
    tests = {test["test-name"]: test for test in data["tests"]}
    assert "filter_top_p[hidden]" in tests
    waits = tests["observation_greedy"]
    assert (waits["passed"], waits["score"]) == (False, 0)
    assert waits["message"] == "Die Lehrkraft hat diese Antwort noch nicht bewertet."


def test_hints_are_told_and_points_by_hand_count(
    course: Path, download: Path, tmp_path: Path
) -> None:
    """A teacher's points count; a message is the student's own; a late penalty is taken off."""
    said = Message(call=Text.same("f(1)"), sentence=Text("Zu viel.", "Too much."))
    hint = Message(sentence=Text("Ein Token fehlt.", "A token."), hint=Text("Sieh hin.", "Look."))
    judged = tuple(
        Result(
            exercise="filter_top_p",
            level=level,
            passed=False,
            points=0.0,
            max_points=1.0,
            message=message,
        )
        for level, message in ((Level.PUBLIC, said), (Level.HIDDEN, hint))
    )
    store = Store(course)
    store.write(
        ASSIGNMENT,
        Record(key="k", status=Status.GRADED, results=judged, notebook=b"{}"),
    )
    store.note_written(ASSIGNMENT, "zoe", "m", {"A7_2": "k"})
    with Course(course)._gradebook() as book:
        submission = book.find_submission_notebook("A7_2", ASSIGNMENT, "zoe")
        submission.late_submission_penalty = 2.0
        (text,) = [g for g in submission.grades if g.name == "observation_greedy"]
        text.manual_score, text.needs_manual_grade = 1.0, False
        book.db.commit()
    found, _ = exported(course, download, tmp_path)
    data = found["ki-10-a7-2-zoe/result.json"]
    tests = {test["test-name"]: test for test in data["tests"]}
    assert data["score"] == 2 * (40.5 + 1 - 2)
    assert (tests["observation_greedy"]["passed"], tests["observation_greedy"]["score"]) == (
        True,
        2,
    )
    assert tests["filter_top_p[public]"]["message"] == "Aufruf: f(1)\nZu viel."
    assert tests["filter_top_p[hidden]"]["message"] == "Ein Token fehlt.\nHinweis: Sieh hin."
    assert not tests["filter_top_p[hidden]"]["passed"]


def test_a_teachers_adjustments_are_followed(course: Path, download: Path, tmp_path: Path) -> None:
    """An exercise that does not count is in no maximum, and who withdrew gets no result."""
    before, _ = exported(course, download, tmp_path)
    options = ["--reason", "unfair", "--course", str(course)]
    changes = ["--drop", "filter_top_p", "--withdraw", "uemit"]
    assert main(["adjust", ASSIGNMENT, *changes, *options]) == 0
    found, _ = exported(course, download, tmp_path)
    zoe, max_m = (f"ki-10-a7-2-{owner}/result.json" for owner in ("zoe", "Max-M"))
    assert set(found) == {zoe, max_m}
    totals = Course(course).totals(ASSIGNMENT)
    tests = {test["test-name"]: test for test in before[zoe]["tests"]}
    dropped = [tests[f"filter_top_p[{level}]"] for level in (Level.PUBLIC, Level.HIDDEN)]
    points = sum(test["max-score"] for test in dropped) / 2  # all in halves
    assert [test["score"] for test in dropped] == [test["max-score"] for test in dropped]
    assert (totals["zoe"].points, totals["zoe"].max_points) == (40.5 - points, 54 - points)
    for name, student in ((zoe, "zoe"), (max_m, "max-m")):
        unit = found[name]["max-score"] / totals[student].max_points
        assert found[name]["score"] == unit * totals[student].points
        now = {test["test-name"]: test["max-score"] for test in found[name]["tests"]}
        assert [now.get(test["test-name"], 0) for test in dropped] == [0, 0]


def test_pseudonyms_go_back_to_their_owners(
    download: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The course has no login, and each repository gets its own student's points."""
    course = school.course(tmp_path / "pseudonyms")
    options = ["--course", str(course)]
    taken = ["import", "folder", str(download), ASSIGNMENT, "--pattern", PATTERN, "--pseudonyms"]
    assert main([*taken, *options]) == 3  # scores.csv is no submission
    students = sorted(path.name for path in (course / "submitted").iterdir())
    assert len(students) == 3
    assert not {name.casefold() for name in SHAS} & set(students)
    files = {(course / "submitted" / s / ASSIGNMENT / NAME).read_bytes(): s for s in students}
    points = {"zoe": 40.5, "Max-M": 46.0, "uemit": 0.0}
    school.grade(course, {files[notebook(owner)]: given for owner, given in points.items()})
    target = tmp_path / "o.zip"
    command = ["export", "classroom50", ASSIGNMENT, str(target), "--table", str(download)]
    capsys.readouterr()
    assert main([*command, *options]) == 0
    scores = {name: data["score"] / 2 for name, data in read(target).items()}
    assert scores == {f"ki-10-a7-2-{owner}/result.json": given for owner, given in points.items()}


def other_head(clone: Path) -> None:
    (clone / ".git" / "refs" / "heads" / "main").write_text("f" * 40)


def no_git(clone: Path) -> None:
    shutil.rmtree(clone / ".git")


def no_head(clone: Path) -> None:
    (clone / ".git" / "HEAD").write_text("ref: refs/heads/../../../../../etc/passwd")


def other_notebook(clone: Path) -> None:
    (clone / NAME).write_bytes(notebook("later"))


def linked_notebook(clone: Path) -> None:
    (clone / NAME).rename(clone.parent / "elsewhere.ipynb")
    (clone / NAME).symlink_to(clone.parent / "elsewhere.ipynb")


def fifo(clone: Path) -> None:
    (clone / "results.json").unlink()
    os.mkfifo(clone / "results.json")


def nothing_published(clone: Path) -> None:
    results(clone, None)


def deep(clone: Path) -> None:
    (clone / "results.json").write_text("[" * 100_000)


def another_students(clone: Path) -> None:
    results(clone, published("Max-M", SHAS["zoe"]))


def another_repository(clone: Path) -> None:
    mine = published("zoe", SHAS["zoe"])
    results(clone, {**mine, "commit": mine["commit"].replace("a7-2-zoe", "a7-2-Max-M")})


def half_a_character(clone: Path) -> None:
    results(clone, published("zoe", SHAS["zoe"], submission="submit/\ud800"))


def no_commit(clone: Path) -> None:
    mine = published("zoe", SHAS["zoe"])
    del mine["commit"]
    results(clone, mine, 7, [], {"commit": 3})


REASONS = {
    "no submission is of the commit": (other_head, no_head),
    "not exactly one clone": (
        *(no_git, fifo, nothing_published, deep, another_students, another_repository),
        *(half_a_character, no_commit),
    ),
    "is not the submitted one": (other_notebook, linked_notebook),
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [(change, reason) for reason, changes in REASONS.items() for change in changes],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_without_a_known_commit_there_is_no_result(
    course: Path, download: Path, tmp_path: Path, change: Any, reason: str
) -> None:
    """Named with the reason, and the others are written."""
    change(download / "ki-10-a7-2-zoe")
    with pytest.raises(ClassroomError) as refused:
        exported(course, download, tmp_path)
    told = refused.value.text.en
    assert "not written for Classroom 50, without a known commit (1):\nzoe: " in told
    assert reason in told
    assert "answers wait for your points" in told
    assert set(read(tmp_path / "o.zip")) == {
        "ki-10-a7-2-Max-M/result.json",
        "ki-10-a7-2-uemit/result.json",
    }


def test_what_came_after_the_grading_gets_no_result(
    course: Path, download: Path, tmp_path: Path
) -> None:
    stamp = course / "autograded" / "zoe" / ASSIGNMENT / "timestamp.txt"
    stamp.parent.mkdir(parents=True)
    stamp.write_text("2026-01-01 00:00:00 UTC")
    with pytest.raises(ClassroomError, match="zoe: submitted again since the grading"):
        exported(course, download, tmp_path)


def test_two_names_of_one_repository_are_nobodys(
    course: Path, download: Path, tmp_path: Path
) -> None:
    school.grade(course, {"ki-10-a7-2-zoe": 40})
    with pytest.raises(ClassroomError, match=r"commit \(2\):\nki-10-a7-2-zoe: .*\nzoe: "):
        exported(course, download, tmp_path)
    assert len(read(tmp_path / "o.zip")) == 2


def test_the_command_says_what_it_needs(
    course: Path, download: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "export",
        "classroom50",
        ASSIGNMENT,
        str(tmp_path / "o.zip"),
        "--course",
        str(course),
    ]
    assert main(command) == 2
    assert "--table must be the folder that `gh teacher download` made" in capsys.readouterr().err
    assert main([*command, "--table", str(download / "ki-10-a7-2-zoe")]) == 2
    assert not (tmp_path / "o.zip").exists()
    capsys.readouterr()
    assert main([*command, "--table", str(download)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "o.zip")
    other_head(download / "ki-10-a7-2-zoe")
    assert main([*command, "--table", str(download)]) == 2
    assert "zoe: no submission is of the commit that ki-10-a7-2-zoe" in capsys.readouterr().err
