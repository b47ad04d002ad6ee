"""Moodle by its web services, against a server on loopback that answers as Moodle does."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import school
from support.moodle_server import MODULE, TOKEN, MoodleServer, serving
from support.school import ASSIGNMENT, NAME, PEOPLE, notebook

from autograder.cli import main
from autograder.course.gradebook import Course
from autograder.grading.store import STORE_FOLDER, BusyError, Store
from autograder.lms import moodle_client, moodle_grades, systems
from autograder.lms.kept import KEY_FILE, use_pseudonyms
from autograder.lms.moodle_client import TOKEN_VARIABLE, Moodle, MoodleError
from autograder.lms.people import PeopleError
from autograder.lms.submissions import Imported

LATE = 1_795_086_400


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.setattr(moodle_client, "RETRY_AFTER_S", (0.01, 0.01))
    monkeypatch.setattr(moodle_grades, "SETTLED_AFTER_S", 0.05)


@pytest.fixture
def moodle() -> Iterator[MoodleServer]:
    with serving(MoodleServer()) as server:
        yield server


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return school.course(tmp_path / "course")


def filled(server: MoodleServer, count: int = 3) -> None:
    """Enrol the first people of the class, each with a submission."""
    for number, name in PEOPLE[:count]:
        server.enrol(int(number), name)
        server.submit(int(number), {f"/{NAME}": notebook(f"von {number}")})


def imported(course: Path, server: MoodleServer) -> Imported:
    return systems.import_("moodle-api", server.address, course, ASSIGNMENT)


def exported(course: Path, server: MoodleServer, **options: Any) -> list[str]:
    return systems.export("moodle-api", course, ASSIGNMENT, server.address, **options)


def submitted(course: Path, student: str) -> str:
    return (course / "submitted" / student / ASSIGNMENT / NAME).read_text(encoding="utf-8")


# --- submissions in -----------------------------------------------------------------------------


@pytest.mark.parametrize("old_paths", [False, True])
def test_submissions_come_with_names_and_times(
    moodle: MoodleServer, course: Path, old_paths: bool
) -> None:
    moodle.old_paths = old_paths
    filled(moodle)
    moodle.submit(4701, {f"/unter/{NAME}": notebook("zu spaet")}, LATE)
    assert imported(course, moodle).new == ["joerg-oeztuerk", "uemit-oeztuerk", "zoe-oeztuerk"]
    assert "von 4700" in submitted(course, "uemit-oeztuerk")
    assert "zu spaet" in submitted(course, "zoe-oeztuerk")
    stamp = course / "submitted" / "zoe-oeztuerk" / ASSIGNMENT / "timestamp.txt"
    assert stamp.read_text() == "2026-11-19 11:06:40 UTC\n"
    assert Course(course).enrolled(ASSIGNMENT)["joerg-oeztuerk"] == "Jörg Öztürk"


def test_the_token_is_in_no_address(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    imported(course, moodle)
    assert len(moodle.addresses) == 6
    assert not any(TOKEN in address for address in moodle.addresses)
    assert TOKEN not in "".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in course.rglob("*")
        if path.is_file()
    )


def test_with_pseudonyms_nobody_is_named(moodle: MoodleServer, course: Path) -> None:
    """But in the key file, and on the way back the grades find their students."""
    use_pseudonyms(course, "")
    filled(moodle)
    students = imported(course, moodle).new
    assert [len(student) for student in students] == [8, 8, 8]
    school.grade(course, {student: i + 1.0 for i, student in enumerate(sorted(students))})
    exported(course, moodle)
    texts = {submitted(course, s): i + 1.0 for i, s in enumerate(sorted(students))}
    for number, _ in PEOPLE[:3]:
        (points,) = (p for text, p in texts.items() if f"von {number}" in text)
        assert float(moodle.grades[int(number), 0]["grade"]) == points
    key = course / STORE_FOLDER / KEY_FILE
    said = [name for _, name in PEOPLE[:3]] + [name.split()[0] for _, name in PEOPLE[:3]]
    for path in course.rglob("*"):
        content = path.read_bytes() if path.is_file() and path != key else b""
        found = [n for n in said if n.encode() in content or n in str(path.relative_to(course))]
        assert found == [], path


def test_an_import_again_changes_nothing(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    imported(course, moodle)
    assert len(imported(course, moodle).unchanged) == 3
    moodle.submit(4701, {f"/{NAME}": notebook("zweiter Versuch")}, LATE, attempt=1)
    found = imported(course, moodle)
    assert (found.replaced, len(found.unchanged)) == (["zoe-oeztuerk"], 2)
    assert "zweiter" in submitted(course, "zoe-oeztuerk")


def test_every_file_is_accounted_for(moodle: MoodleServer, course: Path) -> None:
    filled(moodle, 5)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr(f"tief/{NAME}", notebook("im zip"))
    moodle.submit(4700, {f"/{NAME}": notebook("gut"), "/bild.png": b"\x89PNG"})
    moodle.submit(4701, {"/abgabe.zip": inner.getvalue()})
    moodle.submit(4702, {f"/{NAME}": notebook("Entwurf")}, status="draft")
    moodle.submit(4703, {}, text="<p>Ich konnte nichts hochladen</p>")
    moodle.submit(4704, {})
    moodle.submit(9999, {f"/{NAME}": notebook("nicht mehr im Kurs")})
    found = imported(course, moodle)
    assert found.new == ["uemit-oeztuerk", "zoe-oeztuerk"]
    assert "im zip" in submitted(course, "zoe-oeztuerk")
    assert len(found.aside) == 1
    assert "bild.png" in found.aside[0]
    assert len(found.not_gradable) == 1
    assert "onlinetext.html" in found.not_gradable[0]
    refused = "\n".join(sorted(found.refused))
    assert len(found.refused) == 3
    for said in ("4702 Jörg Öztürk/0/A7_2.ipynb: a draft", "no file; import the zip", "user 9999"):
        assert said in refused


HOSTILE = ("/../../../4701 Zoë/0/A7_2.ipynb", "/a\\..\\b.ipynb", "/steuer\x07.ipynb", "/\n.ipynb")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_reach_nobody(moodle: MoodleServer, course: Path, name: str) -> None:
    filled(moodle, 2)
    moodle.submit(4700, {name: notebook("fremd")})
    found = imported(course, moodle)
    assert found.new == ["zoe-oeztuerk"]
    assert len(found.refused) == 1
    assert "fremd" not in submitted(course, "zoe-oeztuerk")
    assert {path.name for path in (course / "submitted").iterdir()} == {"zoe-oeztuerk"}


@pytest.mark.parametrize("name", ["4701 Zoë Öztürk", "../Zoë", "C:\\Zoë\nx", "._Zoë", ""])
def test_nobody_becomes_another_by_name(moodle: MoodleServer, course: Path, name: str) -> None:
    filled(moodle, 2)
    moodle.enrol(4700, name)
    found = imported(course, moodle)
    assert len(found.new) == 2
    assert "von 4701" in submitted(course, "zoe-oeztuerk")


def test_people_of_one_name_stay_apart(moodle: MoodleServer, course: Path) -> None:
    filled(moodle, 1)
    number, name = PEOPLE[-1]
    moodle.enrol(int(number), name)
    moodle.submit(int(number), {f"/{NAME}": notebook("der andere")})
    assert imported(course, moodle).new == ["uemit-oeztuerk-4700", "uemit-oeztuerk-4799"]
    assert "der andere" in submitted(course, "uemit-oeztuerk-4799")


def test_a_groups_file_is_each_members(course: Path) -> None:
    with serving(MoodleServer(team=True)) as moodle:
        for user, name, group in ((1, "Ada", 5), (2, "Bo", 5), (3, "Cy", 0), (4, "Di", 6)):
            moodle.enrol(user, name, group)
            moodle.submit(user, {}, group=0)
        moodle.submit(0, {f"/{NAME}": notebook("zu zweit")}, group=5)
        moodle.submit(0, {f"/{NAME}": notebook("ohne Gruppe")}, group=0)
        moodle.submit(0, {f"/{NAME}": notebook("leere Gruppe")}, group=7)
        found = imported(course, moodle)
        assert found.new == ["ada", "bo", "cy"]
        assert submitted(course, "ada") == submitted(course, "bo")
        assert "ohne Gruppe" in submitted(course, "cy")
        refused = "\n".join(found.refused)
        assert "group 7" in refused
        assert "Di (4)" in refused
        assert len([a for a in moodle.addresses if "pluginfile" in a]) == 3


# --- what goes wrong ----------------------------------------------------------------------------


def told(course: Path, server: MoodleServer, capsys: pytest.CaptureFixture[str]) -> str:
    """Import by the command; it fails, and says why without the token."""
    command = ["import", "moodle-api", server.address, ASSIGNMENT, "--course", str(course)]
    assert main(command) == 2
    said = "".join(capsys.readouterr())
    assert TOKEN not in said
    assert not (course / "submitted").exists()
    return said


@pytest.mark.parametrize("code", ["invalidtoken", "accessexception", "sitemaintenance"])
def test_errors_of_moodle_are_told(
    moodle: MoodleServer, course: Path, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    moodle.faults["mod_assign_get_assignments"] = [f"code {code}"]  # its words hold the token
    assert code in told(course, moodle, capsys)


def test_a_wrong_token_is_told(
    moodle: MoodleServer, course: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "0" * 32)
    assert "invalidtoken" in told(course, moodle, capsys)
    monkeypatch.delenv(TOKEN_VARIABLE)
    assert TOKEN_VARIABLE in told(course, moodle, capsys)


def test_strange_answers_are_told(moodle: MoodleServer, course: Path, capsys: Any) -> None:
    moodle.faults["mod_assign_get_assignments"] = ["500"] * 3
    assert "HTTP 500" in told(course, moodle, capsys)
    moodle.faults["mod_assign_get_assignments"] = ["302"]  # the token would go elsewhere
    assert "redirects to another address" in told(course, moodle, capsys)
    moodle.mod_assign_get_assignments = lambda: {"courses": [{"id": 1}]}  # type: ignore[method-assign]
    assert "expected form" in told(course, moodle, capsys)


def test_a_lost_answer_is_asked_for_again(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    moodle.faults["mod_assign_get_submissions"] = ["500", "lost"]
    moodle.faults["pluginfile.php"] = ["500", "lost"]
    assert len(imported(course, moodle).new) == 3


def test_a_silent_moodle_is_told(
    moodle: MoodleServer, course: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moodle_client, "READ_TIMEOUT_S", 0.1)
    moodle.faults["mod_assign_get_assignments"] = ["0.5"] * 3
    assert "not answer in time" in told(course, moodle, capsys)


@pytest.mark.parametrize("fault", ["404", "500", "short", "code filenotfound"])
def test_a_missing_file_stops_its_student_alone(
    moodle: MoodleServer, course: Path, fault: str
) -> None:
    filled(moodle)
    moodle.submit(4700, {f"/{NAME}": notebook("neu"), "/alte.ipynb": notebook("alt")})
    moodle.rows.reverse()  # it is asked for first
    moodle.faults["pluginfile.php"] = [fault] * (3 if fault == "500" else 1)
    found = imported(course, moodle)
    assert (found.new, len(found.refused)) == (["joerg-oeztuerk", "zoe-oeztuerk"], 2)


def test_a_file_elsewhere_gets_no_token(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    with serving(MoodleServer()) as elsewhere:
        area = moodle.rows[0]["plugins"][0]["fileareas"][0]["files"][0]
        area["fileurl"] = area["fileurl"].replace(moodle.site, elsewhere.site)
        found = imported(course, moodle)
        assert elsewhere.calls == []
    assert (len(found.new), len(found.refused)) == (2, 1)


def test_a_notebook_that_looks_like_an_error_is_taken(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    lying = notebook("von mir")[:-1] + b', "error": "x", "errorcode": "invalidtoken"}'
    moodle.submit(4700, {f"/{NAME}": lying})
    moodle.submit(4701, {f"/{NAME}": b'{"error": "x", "errorcode": "invalidtoken"}'})
    found = imported(course, moodle)
    assert (len(found.new), len(found.refused)) == (2, 1)


@pytest.mark.parametrize(
    "address",
    [
        "http://moodle.example/mod/assign/view.php?id=3",
        "https://moodle.example/course/view.php?id=3",
        "https://user:secret99@moodle.example/mod/assign/view.php?id=3",
        "https://moodle.example/mod/assign/view.php?id=3&token=secret99",
        "ftp://moodle.example/mod/assign/view.php?id=3",
        "http://127.0.0.1.evil.example/mod/assign/view.php?id=3",
        "http://[::1/mod/assign/view.php?id=3",
        "Downloads/KI.zip",
    ],
)
def test_only_addresses_of_assignments_are_taken(address: str) -> None:
    with pytest.raises(MoodleError) as refused:
        Moodle(address)
    assert "secret99" not in str(refused.value)


def test_another_assignment_is_refused(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    with pytest.raises(MoodleError, match="not in the courses of Frau Lehrerin"):
        systems.import_("moodle-api", moodle.address + "9", course, ASSIGNMENT)
    imported(course, moodle)
    school.grade(course, {"zoe-oeztuerk": 3.0})
    other = moodle.address.replace(str(MODULE), str(MODULE + 1))
    for refused in (
        lambda: systems.import_("moodle-api", other, course, ASSIGNMENT),
        lambda: systems.export("moodle-api", course, ASSIGNMENT, other),
    ):
        with pytest.raises(MoodleError, match="not to “Eine andere”"):
            refused()
    with serving(MoodleServer()) as another:  # a Moodle of another school, with the same numbers
        filled(another)
        with pytest.raises(MoodleError, match="belongs to “GPT-2 für alle”"):
            exported(course, another)
        assert another.effective == []
    assert moodle.effective == []


def test_without_the_right_to_grade_nothing_comes(moodle: MoodleServer, course: Path) -> None:
    filled(moodle)
    moodle.may_grade = False
    with pytest.raises(MoodleError, match="may not grade"):
        imported(course, moodle)


# --- grades out ---------------------------------------------------------------------------------

POINTS = {"joerg-oeztuerk": 31.0, "uemit-oeztuerk": 12.0, "zoe-oeztuerk": 40.0}
POSTED = [(4702, 31.0), (4700, 12.0), (4701, 40.0)]


@pytest.fixture
def graded(moodle: MoodleServer, course: Path) -> Path:
    """Three students of Moodle's, graded, with pages."""
    filled(moodle)
    imported(course, moodle)
    school.grade(course, POINTS)
    school.pages(course, POINTS)
    return course


def test_grades_arrive_once_with_comment_and_page(moodle: MoodleServer, graded: Path) -> None:
    assert exported(graded, moodle)[0] == "3 grades posted, 0 were in Moodle already"
    assert moodle.effective == POSTED
    assert moodle.feedback[4701] == ("40/54", {"A7_2.html": b"zoe-oeztuerk"})
    assert exported(graded, moodle)[0] == "0 grades posted, 3 were in Moodle already"
    assert moodle.effective == POSTED


def test_a_changed_grade_is_posted_anew(moodle: MoodleServer, graded: Path) -> None:
    exported(graded, moodle)
    school.grade(graded, {"zoe-oeztuerk": 41.0})
    (graded / "feedback" / "joerg-oeztuerk" / ASSIGNMENT / "A7_2.html").write_text("besser")
    assert exported(graded, moodle)[0].startswith("2 grades posted, 1 ")
    assert moodle.effective == [*POSTED, (4702, 31.0), (4701, 41.0)]
    assert moodle.feedback[4702][1] == {"A7_2.html": b"besser"}


@pytest.mark.parametrize("before", [True, False])
def test_a_teachers_grade_in_moodle_stays(moodle: MoodleServer, graded: Path, before: bool) -> None:
    if not before:
        exported(graded, moodle)
    moodle.grade_by_hand(4701, 50.0)
    school.grade(graded, {"zoe-oeztuerk": 42.0})
    notes = exported(graded, moodle)
    assert "zoe-oeztuerk: Moodle has 50, which was not posted from here; 42 is not posted" in notes
    assert [grade for user, grade in moodle.effective if user == 4701] == ([] if before else [40])
    assert moodle.grades[4701, 0]["grade"] == "50.00000"


def test_an_empty_grade_of_moodle_is_no_obstacle(moodle: MoodleServer, graded: Path) -> None:
    moodle._store(4700, 0, -1, 1_795_000_000)  # Moodle makes one where a teacher only looks
    moodle._store(4701, 0, -1, 1_795_000_000)
    moodle._store(4701, 0, -1, 1_795_000_001)  # and here she wrote feedback
    assert "zoe-oeztuerk: Moodle has feedback without a grade" in "\n".join(
        exported(graded, moodle)
    )
    assert moodle.effective == POSTED[:2]


def test_another_attempt_is_not_graded(moodle: MoodleServer, graded: Path) -> None:
    exported(graded, moodle)
    moodle.submit(4701, {f"/{NAME}": notebook("zweiter")}, LATE, attempt=1)
    school.grade(graded, {"zoe-oeztuerk": 44.0})
    assert "attempt 2 in Moodle, attempt 1 is graded" in "\n".join(exported(graded, moodle))
    assert moodle.effective == POSTED
    imported(graded, moodle)
    exported(graded, moodle)
    assert moodle.effective == [*POSTED, (4701, 44.0)]
    assert set(moodle.grades) == {(4700, 0), (4701, 0), (4701, 1), (4702, 0)}


def test_the_maximum_must_fit_or_is_scaled(moodle: MoodleServer, graded: Path) -> None:
    moodle.maximum = 100
    with pytest.raises(MoodleError, match="must be the assignment's 54, was: 100"):
        exported(graded, moodle)
    exported(graded, moodle, scale=True)
    assert dict(moodle.effective)[4701] == pytest.approx(40 / 54 * 100, abs=1e-5)
    assert exported(graded, moodle, scale=True)[0].startswith("0 grades posted")
    moodle.maximum = -3  # a scale
    with pytest.raises(MoodleError, match="graded by points"):
        exported(graded, moodle)


def test_settings_of_the_assignment_count(moodle: MoodleServer, graded: Path) -> None:
    moodle.markingworkflow, moodle.file_feedback = True, False
    assert "takes no feedback files" in "\n".join(exported(graded, moodle))
    assert moodle.workflow == ["readyforrelease"] * 3
    assert moodle.drafts == {}


def test_students_of_another_import_are_named(moodle: MoodleServer, graded: Path) -> None:
    school.grade(graded, {"ada": 3.0})
    assert "not imported from Moodle, no grade posted: ada" in exported(graded, moodle)


def test_forget_leaves_no_trace_of_posting(moodle: MoodleServer, graded: Path) -> None:
    exported(graded, moodle)
    assert (graded / ".kischule" / "posted" / ASSIGNMENT / "zoe-oeztuerk").is_dir()
    assert main(["forget", "--student", "zoe-oeztuerk", "--yes", "--course", str(graded)]) == 0
    assert not (graded / ".kischule" / "posted" / ASSIGNMENT / "zoe-oeztuerk").exists()


def test_one_export_at_a_time(moodle: MoodleServer, graded: Path) -> None:
    with Store(graded).alone(), pytest.raises(BusyError):
        exported(graded, moodle)
    assert moodle.effective == []


def test_an_export_needs_an_import(moodle: MoodleServer, course: Path) -> None:
    with pytest.raises(PeopleError, match="kischule import moodle-api"):
        exported(course, moodle)


@pytest.mark.parametrize("fault", ["lost", "500", "code gradelocked"])
def test_a_failure_in_the_middle_is_made_good(
    moodle: MoodleServer, graded: Path, fault: str
) -> None:
    moodle.faults["mod_assign_save_grades"] = ["", fault]
    if fault == "lost":  # it took effect, which is read back
        exported(graded, moodle)
    else:
        with pytest.raises(MoodleError, match=r"1 grades were not(.|\n)*uemit-oeztuerk: "):
            exported(graded, moodle)
        assert moodle.effective == [POSTED[0], POSTED[2]]
    exported(graded, moodle)
    assert sorted(moodle.effective) == sorted(POSTED)


def test_a_slow_answer_is_not_asked_for_twice(
    moodle: MoodleServer, graded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grade takes effect after its sender has given up."""
    with monkeypatch.context() as patch:
        patch.setattr(moodle_client, "READ_TIMEOUT_S", 0.1)
        moodle.faults["mod_assign_save_grades"] = ["", "0.8"]
        with pytest.raises(MoodleError, match="not answer in time"):
            exported(graded, moodle)
    exported(graded, moodle)
    assert sorted(moodle.effective) == sorted(POSTED)


def test_a_wrong_token_stops_at_once(moodle: MoodleServer, graded: Path) -> None:
    moodle.faults["mod_assign_save_grades"] = ["", "code invalidtoken"]
    with pytest.raises(MoodleError, match="invalidtoken"):
        exported(graded, moodle)
    assert moodle.effective == POSTED[:1]
    exported(graded, moodle)
    assert moodle.effective == POSTED


def test_a_moodle_that_is_down_is_left_in_peace(moodle: MoodleServer, graded: Path) -> None:
    moodle.faults["upload.php"] = ["500"] * 3
    with pytest.raises(MoodleError, match="3 grades were not posted"):
        exported(graded, moodle)
    exported(graded, moodle)
    assert moodle.effective == POSTED


def test_a_grade_that_moodle_drops_is_told(moodle: MoodleServer, graded: Path) -> None:
    moodle.mod_assign_save_grades = lambda **_: None  # type: ignore[method-assign]
    with pytest.raises(MoodleError, match="in place of 31"):
        exported(graded, moodle)


# --- killed -------------------------------------------------------------------------------------


def forked(work: Callable[..., Any], *arguments: Any) -> int:
    """Work in a copy of this process, which has all modules; returns its id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child:
        return child
    work(*arguments)
    os._exit(0)


def posted(course: Path, address: str) -> int:
    """Export in a copy of this process."""
    return forked(systems.export, "moodle-api", course, ASSIGNMENT, address)


def started(course: Path, address: str) -> int:
    """Export by the command."""
    command = [sys.executable, "-m", "autograder.cli", "export", "moodle-api", ASSIGNMENT]
    arguments = [*command, address, "--course", str(course)]
    return os.posix_spawn(sys.executable, arguments, os.environ)


def killed_at(
    moments: list[str],
    moodle: MoodleServer,
    course: Path,
    start: Callable[[Path, str], int] = posted,
) -> None:
    """Kill an export at each moment in turn; then one runs to its end, and all is posted once."""
    running = 0  # none: the server may still be at work on a call of one that was killed

    def watch(event: str) -> None:
        nonlocal running
        if running and moments and event == moments[0].rpartition(" ")[0]:
            left = int(moments[0].rpartition(" ")[2])
            moments[0] = f"{event} {left - 1}"
            if left == 1:
                moments.pop(0)
                os.kill(running, signal.SIGKILL)
                running = 0

    moodle.watch = watch
    ends = []
    for _ in range(len(moments) + 1):
        child = running = start(course, moodle.address)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert ends == [-signal.SIGKILL] * (len(ends) - 1) + [0]
    assert len(moodle.effective) == len(Course(course).students("submitted", ASSIGNMENT))
    assert set(Counter(moodle.effective).values()) == {1}


def test_a_killed_export_posts_each_grade_once(moodle: MoodleServer, graded: Path) -> None:
    """Before a grade arrived; after it did, its answer unread; in the read-back of the next."""
    killed_at(
        [
            "mod_assign_save_grades asked 1",
            "mod_assign_save_grades done 1",
            "mod_assign_get_grades asked 3",
        ],
        moodle,
        graded,
    )


@pytest.mark.slow
def test_ten_kills_lose_and_double_nothing(moodle: MoodleServer, course: Path) -> None:
    filled(moodle, 12)
    imported(course, moodle)
    points = {
        name: 3.0 + i for i, name in enumerate(Course(course).students("submitted", ASSIGNMENT))
    }
    school.grade(course, points)
    school.pages(course, points)
    calls = ("mod_assign_save_grades", "upload.php", "mod_assign_get_grades")
    moments = [f"{call} {phase}" for call in calls for phase in ("asked 2", "done 1", "done 2")]
    killed_at([*moments, "mod_assign_get_submissions done 1"], moodle, course, started)


@pytest.mark.parametrize("event", ["pluginfile.php done", "mod_assign_get_submissions done"])
def test_a_killed_import_is_completed(moodle: MoodleServer, course: Path, event: str) -> None:
    filled(moodle)
    running = 0

    def watch(seen: str) -> None:
        if seen == event:
            os.kill(running, signal.SIGKILL)

    moodle.watch = watch
    running = forked(imported, course, moodle)
    assert os.waitstatus_to_exitcode(os.waitpid(running, 0)[1]) == -signal.SIGKILL
    moodle.watch = lambda event: None
    assert len(imported(course, moodle).new) == 3


def test_students_of_an_unfinished_import_stay_themselves(
    moodle: MoodleServer, course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are stored, the students not known yet."""
    filled(moodle)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("autograder.lms.people.People.save", stop)
        with pytest.raises(KeyboardInterrupt):
            imported(course, moodle)
    assert len(imported(course, moodle).unchanged) == 3
    assert "joerg" in (course / ".kischule" / "lms" / "a7_2.json").read_text()
