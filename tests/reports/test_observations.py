"""Answers in words, graded on a local page: nbgrader's gradebook, several graders, attacks."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from attacks import small
from support import browser as tools
from support import school
from support.nbgrader import AllPass, submit
from support.nbgrader import course as small_course
from support.notebooks import EXERCISES, RELEASE, filled
from support.school import ASSIGNMENT, NAME

from autograder.cli import main
from autograder.course.gradebook import Course
from autograder.course.observations import (
    Answer,
    ChangedError,
    Mark,
    MarkError,
    Observations,
    criteria_of,
)
from autograder.grading.record import Record, Rules, Task
from autograder.grading.submission import rebuilt_from
from autograder.notebooks import reader
from autograder.notebooks.cells import by_id, solutions, with_solutions
from autograder.reports.agreement import agreed, agreements, weighted_kappa
from autograder.reports.observation_page import Marking, PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTION = "observation_greedy"
SCRIPT = "</script><script>fetch('https://evil.example')</script><img src=x onerror=alert(1)>"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nand more").decode()
REAL_PNG = small.PNG
STUDENTS = ("ada", "bo", "cy")


def with_answers(folder: Path, answers: dict[str, str]) -> Path:
    """A course with these answers to the first question, as if `kischule grade` had run."""
    course = school.course(folder)
    for student, text in answers.items():
        notebook = filled(RELEASE, {QUESTION: text})
        place = course / "autograded" / student / ASSIGNMENT / NAME
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    school.grade(course, dict.fromkeys(answers, 0.0))
    return course


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = {"ada": "Der Text **wiederholt** sich.", "bo": SCRIPT, "cy": "Keine Ahnung"}
    return with_answers(tmp_path_factory.mktemp("made") / "course", answers)


@pytest.fixture
def course(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "course"))


def entered(
    course: Path, student: str, assignment: str = ASSIGNMENT
) -> tuple[float | None, str | None, bool]:
    """Read the gradebook as formgrader does."""
    notebook = "A7_2" if assignment == ASSIGNMENT else assignment
    with Course(course)._gradebook() as book:
        grade = book.find_grade(QUESTION, notebook, assignment, student)
        comment = book.find_comment(QUESTION, notebook, assignment, student)
        return grade.manual_score, comment.manual_comment, grade.needs_manual_grade


def answer_of(observations: Observations, student: str) -> Answer:
    return next(a for a in observations.answers()[QUESTION] if a.student == student)


# --- questions and the gradebook ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rubric", "expected"),
    [
        ("**Bewertung (2 Punkte).** 1 Punkt: A: b. 1 Punkt: C", [(1, "A: b."), (1, "C")]),
        ("- 0,5 Punkte: eins\n- 1.5 points: **two**\n", [(0.5, "eins"), (1.5, "**two**")]),
        ("1 Punkt: A. 2 Punkte: B", []),  # three points, where the question has two
        ("Nach Gefühl", []),
        ("", []),
    ],
)
def test_a_rubric_is_read_as_criteria(rubric: str, expected: list[tuple[float, str]]) -> None:
    assert [(c.points, c.text) for c in criteria_of(rubric, 2)] == expected


def test_questions_come_with_all_that_belongs_to_them(course: Path) -> None:
    first, *others = Observations(course, ASSIGNMENT).questions
    assert [q.cell for q in (first, *others)] == [
        *(QUESTION, "observation_sampling"),
        *("observation_prompt", "observation_endoftext"),
    ]
    assert first.text.startswith("**Beobachtung 1.**")
    assert first.reference.startswith("Der Text beginnt sinnvoll")
    assert "MARK SCHEME" not in first.reference + first.rubric
    assert [c.points for c in first.criteria] == [1, 1]
    assert first.max_points == 2


def test_points_and_comments_reach_the_gradebook(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    question = observations.question(QUESTION)
    before = Course(course).totals(ASSIGNMENT)["ada"]
    mine = answer_of(observations, "ada")
    assert (mine.waits, mine.mark, mine.text) == (True, Mark(None), "Der Text **wiederholt** sich.")
    observations.enter(question, "ada", Mark(1.5, "Zahl fehlt"), mine.mark)
    assert entered(course, "ada") == (1.5, "Zahl fehlt", False)
    assert entered(course, "bo") == (None, None, True)
    after = Course(course).totals(ASSIGNMENT)["ada"]
    assert (after.points - before.points, before.waiting - after.waiting) == (1.5, 2)
    assert answer_of(observations, "ada").mark == Mark(1.5, "Zahl fehlt")


def test_a_mark_that_formgrader_changed_stays(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    question = observations.question(QUESTION)
    with Course(course)._gradebook() as book:  # as formgrader does
        grade = book.find_grade(QUESTION, "A7_2", ASSIGNMENT, "ada")
        grade.manual_score, grade.needs_manual_grade = 2, False
        book.db.commit()
    with pytest.raises(ChangedError):
        observations.enter(question, "ada", Mark(0.5), Mark(None))
    assert entered(course, "ada")[0] == 2


@pytest.mark.parametrize("points", [-0.5, 2.5, float("nan"), float("inf"), None])
def test_points_outside_the_range_are_refused(course: Path, points: float | None) -> None:
    observations = Observations(course, ASSIGNMENT)
    with pytest.raises(MarkError, match="between 0 and 2"):
        observations.enter(observations.question(QUESTION), "ada", Mark(points), Mark(None))
    assert entered(course, "ada") == (None, None, True)


def test_a_withdrawn_student_and_a_dropped_question_are_left_out(course: Path) -> None:
    options = ["--reason", "Test", "--course", str(course)]
    assert main(["adjust", ASSIGNMENT, "--withdraw", "bo", *options]) == 0
    assert main(["adjust", ASSIGNMENT, "--drop", QUESTION, *options]) == 0
    observations = Observations(course, ASSIGNMENT)
    assert QUESTION not in [q.cell for q in observations.questions]
    assert {a.student for a in observations.answers()["observation_prompt"]} == {"ada", "cy"}


class Answering(AllPass):
    """Grades without a kernel, with the answer of the submission."""

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
        for task in tasks:
            for record in super().run(rules, [task]):
                notebook = json.loads(record.notebook)
                sources = solutions(reader.parse(task.content))
                for cell in notebook["cells"]:
                    cell["source"] = sources.get(cell["id"], cell["source"])
                yield replace(record, notebook=json.dumps(notebook).encode())


@pytest.mark.usefixtures("all_pass")
def test_points_survive_regrading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another text makes the answer wait again, with the points kept, as formgrader's do."""
    monkeypatch.setattr("autograder.course.grade._engine", lambda *_: Answering())
    course = small_course(tmp_path / "course")
    place = submit(course, "ada") / "small.ipynb"
    released = nbformat.read(place, 4)

    def graded(text: str, *more: str) -> tuple[float | None, str | None, bool]:
        nbformat.write(with_solutions(released, {QUESTION: text}), place)
        assert main(["grade", "small", "--course", str(course), "--quiet", *more]) == 0
        return entered(course, "ada", "small")

    assert graded("Es wiederholt sich.") == (None, None, True)
    observations = Observations(course, "small")
    question, there = observations.question(QUESTION), answer_of(observations, "ada")
    assert there.text == "Es wiederholt sich."
    observations.enter(question, "ada", Mark(1.5, "gut"), there.mark)
    assert graded("Es wiederholt sich.", "--force") == (1.5, "gut", False)
    assert graded("Es wiederholt sich, weil greedy.") == (1.5, "gut", True)
    assert answer_of(observations, "ada").waits


# --- several graders ----------------------------------------------------------------------------


def kappa_of_table(pairs: list[tuple[float, float]], levels: list[float]) -> float:
    """Cohen's own way: weighted shares of the table, and those expected from its margins."""
    count = len(pairs)
    observed = expected = 0.0
    for one in levels:
        for other in levels:
            weight = (one - other) ** 2
            observed += weight * pairs.count((one, other)) / count
            row = sum(a == one for a, _ in pairs) / count
            expected += weight * row * sum(b == other for _, b in pairs) / count
    return 1 - observed / expected


def test_kappa_is_cohens() -> None:
    pairs = [(2, 2), (2, 1), (1, 1), (0, 0), (0, 1), (1, 1), (2, 2), (0, 0), (1.5, 2), (2, 0)]
    assert weighted_kappa(pairs) == pytest.approx(kappa_of_table(pairs, [0, 1, 1.5, 2]))
    assert weighted_kappa([(0, 0), (1, 1), (2, 2)]) == 1
    assert weighted_kappa([(0, 2), (2, 0)]) == -1
    assert weighted_kappa([(0, 0), (0, 2), (2, 0), (2, 2)]) == 0
    assert weighted_kappa([(2, 2), (2, 2)]) is None
    # of two points only, it is the unweighted one: 0.4 in Cohen 1960's form (0.7 - 0.5) / 0.5
    two = [(1, 1)] * 7 + [(1, 0)] * 3 + [(0, 1)] * 3 + [(0, 0)] * 7
    assert weighted_kappa(two) == pytest.approx(0.4)


def test_graders_work_apart_and_agreement_is_shown(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    question = observations.question(QUESTION)
    for grader, marks in {"anna": (2, 1, 0), "ben": (2, 0.5, 0)}.items():
        for student, points in zip(STUDENTS, marks, strict=True):
            mark = Mark(points, f"{grader} zu {student}")
            observations.keep(question, answer_of(observations, student), grader, mark)
    assert {entered(course, student)[0] for student in STUDENTS} == {None}

    blind = Marking(observations, "de", "ben").data()["questions"][0]
    assert "anna" not in json.dumps(blind)
    assert {each["waits"] for each in blind["answers"]} == {False}
    settle = Marking(observations, "de")
    shown = settle.data()["questions"][0]
    assert shown["agreement"] == [
        "observation_greedy: anna – ben: Kappa 0,94 (quadratisch gewichtet), 3 Antworten, "
        "1 verschieden"
    ]
    assert {tuple(each["others"]) for each in shown["answers"]} == {("anna", "ben")}
    assert settle.adopt({"cell": QUESTION}) == {"message": "2 Antworten übernommen"}
    assert entered(course, "ada") == (2, "anna zu ada\n\nben zu ada", False)
    assert entered(course, "bo") == (None, None, True)
    settle.data()
    assert settle.adopt({"cell": QUESTION}) == {"message": "0 Antworten übernommen"}


def test_marks_of_another_text_do_not_count(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    question, there = observations.question(QUESTION), answer_of(observations, "ada")
    observations.keep(question, there, "anna", Mark(2))
    assert observations.marks_of_graders(question, there) == {"anna": Mark(2)}
    place = course / "autograded" / "ada" / ASSIGNMENT / NAME
    nbformat.write(filled(RELEASE, {QUESTION: "Ganz anders"}), place)
    assert observations.marks_of_graders(question, answer_of(observations, "ada")) == {}


def test_agreement_needs_both_graders() -> None:
    one, both = {"a": Mark(1)}, {"a": Mark(1), "b": Mark(2), "c": Mark(2)}
    assert [(f.graders, f.pairs) for f in agreements([one, both])] == [
        (("a", "b"), ((1, 2),)),
        (("a", "c"), ((1, 2),)),
        (("b", "c"), ((2, 2),)),
    ]
    assert agreed(one) == Mark(1)
    assert agreed(both) is agreed({}) is None


def test_forget_takes_what_graders_wrote(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    question, there = observations.question(QUESTION), answer_of(observations, "ada")
    observations.keep(question, there, "anna", Mark(2, "Ada!"))
    assert main(["forget", "--student", "ada", "--yes", "--course", str(course)]) == 0
    assert not (course / ".kischule" / "observations" / ASSIGNMENT / "ada").exists()


def test_the_command_serves_until_it_is_stopped(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(server: PageServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PageServer, "serve_forever", stopped)
    observations = Observations(course, ASSIGNMENT)
    question, there = observations.question(QUESTION), answer_of(observations, "ada")
    for grader in ("anna", "ben"):
        observations.keep(question, there, grader, Mark(2))
    command = ["observations", ASSIGNMENT, "--course", str(course)]
    assert main(command) == 0
    said = capsys.readouterr()
    assert re.search(r"open http://127\.0\.0\.1:\d+/[\w-]{32}/ ", said.err)
    assert said.out.startswith("observation_greedy: anna – ben: kappa – (quadratic weights), 1 ")
    assert main([*command, "--grader", "cleo"]) == 0
    assert capsys.readouterr().out == ""
    shutil.rmtree(course / "autograded")
    assert main(command) == 2
    assert "no submission is graded yet" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../x", "", "a b", "a" * 41])
def test_a_graders_name_is_no_path(course: Path, name: str) -> None:
    command = ["observations", ASSIGNMENT, "--course", str(course), "--grader", name or "/"]
    assert main(command) == 2


# --- the server ---------------------------------------------------------------------------------


@contextmanager
def serving(course: Path) -> Iterator[PageServer]:
    with PageServer(Marking(Observations(course, ASSIGNMENT), "en")) as started:
        thread = threading.Thread(target=started.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield started
        finally:
            started.shutdown()
            thread.join()


@pytest.fixture
def server(course: Path) -> Iterator[PageServer]:
    with serving(course) as started:
        yield started


@pytest.fixture(scope="module")
def attacked(made: Path) -> Iterator[PageServer]:
    """A server whose course no request changes."""
    with serving(made) as started:
        yield started


def asked(
    server: PageServer, method: str, path: str, body: Any = None, **headers: str | None
) -> tuple[int, bytes, dict[str, str]]:
    """Ask as the page does; headers: others, or None for none."""
    sent: dict[str, str | None] = {"Host": f"127.0.0.1:{server.server_port}"}
    if method == "POST":
        sent |= {"Origin": server.origin, "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    content = (
        b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Content-Length": str(len(content))} | sent).items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(content)
    answer = connection.getresponse()
    found = answer.status, answer.read(), dict(answer.getheaders())
    connection.close()
    return found


def mark_for(server: PageServer, student: str = "ada", **more: Any) -> dict[str, Any]:
    """A mark as the page sends it."""
    answers = server.marking.data()["questions"][0]["answers"]
    mine = [a.student for a in server.marking._answers[QUESTION]].index(student)
    seen = {"points": None, "comment": ""}
    body = {"cell": QUESTION, "number": mine, "answer": answers[mine]["key"], "seen": seen}
    return {**body, "points": 1, "comment": "ok", **more}


def test_the_page_enters_marks(server: PageServer, course: Path) -> None:
    path = f"/{server.token}/grade"
    status, content, _ = asked(server, "POST", path, mark_for(server))
    assert (status, json.loads(content)) == (200, {"points": 1, "comment": "ok"})
    assert entered(course, "ada") == (1, "ok", False)
    status, content, _ = asked(server, "POST", path, mark_for(server, points=2))
    assert status == 409
    assert "reload the page" in json.loads(content)["message"]
    assert entered(course, "ada") == (1, "ok", False)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 404),
        ("/{wrong}/data", {}, 404),
        ("/{token}/data", {"Host": "evil.example"}, 403),
        ("/{token}/data", {"Host": "localhost"}, 403),
        ("/{token}/data", {"Host": None}, 403),
        ("/{token}/data", {"Origin": "https://evil.example"}, 403),
        ("/{token}/data", {"Origin": "null"}, 403),
        ("/{token}/../observation_page.py", {}, 404),
        ("/{token}/%2e%2e/observation_page.py", {}, 404),
        ("/{token}/class.html.j2", {}, 404),
    ],
)
def test_strangers_read_nothing(
    attacked: PageServer, path: str, headers: dict[str, str | None], status: int
) -> None:
    path = path.format(token=attacked.token, wrong="x" * len(attacked.token))
    found, content, sent = asked(attacked, "GET", path, **headers)
    assert found == status
    assert b"wiederholt" not in content
    assert attacked.token not in content.decode() + str(sent)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": None}, 415),
        ({"Content_Length": None}, 413),
        ({"Content_Length": "99999999"}, 413),
        ({"Content_Length": "-1"}, 413),
    ],
)
def test_strangers_write_nothing(
    attacked: PageServer, made: Path, headers: dict[str, str | None], status: int
) -> None:
    path, body = f"/{attacked.token}/grade", mark_for(attacked)
    assert asked(attacked, "POST", path, body, **headers)[0] == status
    wrong = path.replace(attacked.token, "x" * len(attacked.token))
    assert asked(attacked, "POST", wrong, body)[0] == 404
    assert entered(made, "ada") == (None, None, True)


@pytest.mark.parametrize(
    "change",
    [
        {"cell": "observation_none"},
        {"number": 99},
        {"number": -2},
        {"answer": "another"},
        {"points": "1e999"},
        {"points": None},
        {"points": 3},
        {"comment": "x" * 5001},
        {"seen": None},
    ],
)
def test_strange_requests_change_nothing(
    attacked: PageServer, made: Path, change: dict[str, Any]
) -> None:
    path = f"/{attacked.token}/grade"
    assert asked(attacked, "POST", path, mark_for(attacked, "cy", **change))[0] == 400
    for body in (b"{", b"[" * 60_000, b"[]", b"\xff"):
        assert asked(attacked, "POST", path, body)[0] == 400
    assert entered(made, "cy") == (None, None, True)


def test_the_page_runs_nothing_of_a_students(server: PageServer) -> None:
    status, page, headers = asked(server, "GET", f"/{server.token}/")
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(rb"(src|href)=\"?https?:|<script>|\son\w+=|<style", page)
    status, data, headers = asked(server, "GET", f"/{server.token}/data")
    assert headers["Content-Type"].startswith("application/json")
    assert headers["X-Content-Type-Options"] == "nosniff"
    texts = [a["text"] for a in json.loads(data)["questions"][0]["answers"]]
    assert SCRIPT in texts


def test_nobody_is_named_unless_asked_for(course: Path) -> None:
    observations = Observations(course, ASSIGNMENT)
    labels = [a["label"] for a in Marking(observations, "de").data()["questions"][0]["answers"]]
    assert labels == ["Abgabe 1", "Abgabe 2", "Abgabe 3"]
    shown = json.dumps(Marking(observations, "de").data())
    assert not any(f'"{student}"' in shown for student in STUDENTS)
    named = Marking(observations, "de", names=True).data()["questions"][0]["answers"]
    assert sorted(a["label"] for a in named) == list(STUDENTS)


def test_pictures_come_as_data(course: Path) -> None:
    place = course / "autograded" / "ada" / ASSIGNMENT / NAME
    notebook = nbformat.read(place, 4)
    by_id(notebook)[QUESTION]["attachments"] = {
        "a": {"image/png": PNG},
        "b": {"image/svg+xml": "<svg/>"},
    }
    nbformat.write(notebook, place)
    pictures = answer_of(Observations(course, ASSIGNMENT), "ada").pictures
    assert pictures == (f"data:image/png;base64,{PNG}",)


def with_outputs(course: Path, student: str, outputs: list[Any]) -> None:
    """Let the student's file have these outputs in the cell before the answer, and be graded."""
    place = course / "autograded" / student / ASSIGNMENT / NAME
    notebook = nbformat.read(place, 4)
    index = notebook.cells.index(by_id(notebook)[QUESTION])
    cell = next(c for c in reversed(notebook.cells[:index]) if c.cell_type == "code")
    cell["outputs"] = outputs
    file = course / "submitted" / student / ASSIGNMENT / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook), encoding="utf-8")
    shutil.copytree(RELEASE.parent, course / "release" / ASSIGNMENT, dirs_exist_ok=True)
    graded = rebuilt_from(RELEASE.read_bytes(), file.read_bytes(), EXERCISES).notebook
    nbformat.write(graded, place)


def test_what_the_student_saw_comes_with_the_answer(server: PageServer, course: Path) -> None:
    """As data, and only for answers that there are; of another file nothing."""
    shown = {"output_type": "display_data", "data": {"image/png": PNG, "text/html": SCRIPT}}
    with_outputs(course, "bo", [{"output_type": "stream", "text": SCRIPT}, shown, 3, {"data": []}])
    with_outputs(course, "cy", [{"output_type": "stream", "text": "a" * reader.MAX_SHOWN_BYTES}])
    answers = server.marking.data()["questions"][0]["answers"]
    found = {}
    for number, answer in enumerate(answers):
        status, content, _ = asked(server, "GET", f"/{server.token}/outputs/{QUESTION}/{number}")
        assert status == 200
        found[answer["text"]] = json.loads(content)["outputs"]
    assert found[SCRIPT] == [["text", SCRIPT], ["image/png", PNG]]
    assert found["Keine Ahnung"] == [["large", ""]]
    assert [each for each in found.values() if each == []] == [[]]
    for wrong in (f"{QUESTION}/3", f"{QUESTION}/-1", f"{QUESTION}/x", "other/0"):
        assert asked(server, "GET", f"/{server.token}/outputs/{wrong}")[0] == 400
    for wrong in ("", f"{QUESTION}", f"{QUESTION}/0/1"):
        assert asked(server, "GET", f"/{server.token}/outputs/{wrong}")[0] == 404


# --- in a browser -------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_teacher_grades_by_keyboard(chromium: Browser, server: PageServer, course: Path) -> None:
    """Three answers without a mouse; a hostile one runs nothing; axe finds nothing."""
    outside: list[str] = []
    picture = {"output_type": "display_data", "data": {"image/png": REAL_PNG}}
    for student in STUDENTS:
        with_outputs(course, student, [{"output_type": "stream", "text": SCRIPT}, picture])
    with tools.page_at(chromium, 1280, outside=outside) as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda said: problems.append(said.text) if said.type == "error" else None
        )
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(server.address)
        page.locator("#label").wait_for()
        status, keys = page.locator("#status"), page.keyboard
        order = [a.student for a in server.marking._answers[QUESTION]]
        texts = []
        for number, presses in enumerate(["12", "2", "0"]):
            label = f"submission {number + 1}"
            assert page.locator("#label").inner_text() == f"{label} ({number + 1}/3)"
            texts.append(page.locator(".answer").inner_text())
            page.locator(".outputs img").wait_for()
            assert page.locator(".outputs pre").inner_text() == SCRIPT
            keys.type(presses)
            if number == 0:
                keys.press("c")
                keys.type("Eine Zahl fehlt")
                keys.press("Escape")
            elif number == 1:
                keys.press("a")  # the comment of the one before
                keys.press("-")
            if (folder := os.environ.get("SCREENSHOTS")) is not None:
                page.screenshot(path=f"{folder}/observations-{number}.png", full_page=True)
            assert tools.violations(page) == []
            keys.press("Enter")
            status.filter(has_text=f"Saved: {label}").wait_for()
        assert SCRIPT in texts
        assert [entered(course, student)[:2] for student in order] == [
            (2, "Eine Zahl fehlt"),
            (0.5, "Eine Zahl fehlt"),
            (0, None),
        ]
        assert page.locator("#questions button").first.inner_text() == "1. observation_greedy 3/3"
        keys.press("p")
        assert page.locator("#points").input_value() == "0.5"
        keys.press("+")
        keys.press("n")  # not saved: said first
        assert "Not saved" in status.inner_text()
        keys.press("n")
        assert page.locator("#label").inner_text() == "submission 3 (3/3)"
        keys.press("u")
        assert status.inner_text() == "All answers are graded."
        keys.press("q")
        assert "Beobachtung 2" in page.locator(".question").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert (problems, outside) == ([], [])


@pytest.mark.browser
def test_two_graders_settle_in_the_page(
    chromium: Browser, server: PageServer, course: Path
) -> None:
    observations = Observations(course, ASSIGNMENT)
    question = observations.question(QUESTION)
    answers = observations.answers()[QUESTION]
    for grader, marks in {"anna": (2, 1, 0), "ben": (2, 0.5, 0)}.items():
        for there, points in zip(answers, marks, strict=True):
            observations.keep(question, there, grader, Mark(points, f"von {grader}"))
    with tools.page_at(chromium, 520) as page:
        page.goto(server.address)
        page.get_by_role("button", name="Adopt").click()
        page.locator("#status").filter(has_text="2 answers adopted").wait_for()
        page.get_by_role("button", name="submission 2").press("Enter")
        assert page.locator(".others").inner_text().split() == [
            *("anna", "1", "von", "anna", "ben", "0.5", "von", "ben")
        ]
        if (folder := os.environ.get("SCREENSHOTS")) is not None:
            page.screenshot(path=f"{folder}/observations-settle.png", full_page=True)
        assert tools.violations(page) == []
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        page.locator("#status").filter(has_text="Saved").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [entered(course, a.student)[0] for a in answers] == [2, 1, 0]
