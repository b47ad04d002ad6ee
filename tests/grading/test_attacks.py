"""Hostile notebooks against the grading engine, each in a real sandbox with a real gradebook.

Each attack is graded as a submission with one exercise solved, in each tier of the sandbox. These
must hold: the score that an honest reading gives, nothing found, nothing changed outside, no
process left running, in time. An attack prints FOUND for a success. Without namespaces a file can
be seen to be there, and a process: SEEN.

The second tier takes minutes as well and is slow; the cells that look and change, the worst for it,
run in one submission of every test run.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from attacks import small, structure, table
from nbconvert import HTMLExporter
from traitlets.config import Config

from autograder.checking.registry import CHECKERS
from autograder.checking.result import RESULT_MIME
from autograder.cli import main
from autograder.course import release
from autograder.course.configuration import configure
from autograder.course.grade import RunOptions, grade
from autograder.course.gradebook import Course
from autograder.grading import kernel, servers
from autograder.grading.record import Status
from autograder.grading.settings import Settings
from autograder.notebooks.cells import metadata_of, read_notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

TIME_LIMIT_S = 2.0  # of a cell; a submission has ten times as long
MAX_S = 45.0  # that any attack may take, machine and nbgrader included
LANDLOCK = pytest.param("landlock", marks=pytest.mark.slow)
SECRET = hashlib.sha256(b"the teacher's").hexdigest()


@dataclass
class Arena:
    course: Path
    settings: Settings
    options: RunOptions
    released: Any
    known: dict[str, str]
    honest: list[Any]

    def grade(self, student: str) -> dict[str, Any]:
        options = replace(self.options, students=(student,))
        (row,) = grade(self.course, "small", self.settings, options)["submissions"]
        return dict(row)

    def book(self, student: str) -> list[Any]:
        query = (
            "SELECT g.auto_score, g.manual_score, g.extra_credit FROM grade g"
            " JOIN submitted_notebook n ON g.notebook_id = n.id"
            " JOIN submitted_assignment a ON n.assignment_id = a.id WHERE a.student_id = ?"
            " ORDER BY g.cell_id"
        )
        with sqlite3.connect(self.course / "gradebook.db") as book:
            rows = book.execute(query, (student,)).fetchall()
        book.close()
        return rows

    def outside(self, student: str) -> dict[str, str]:
        """All files of the course but this student's, with a digest of each."""
        found = {}
        for folder, names, files in os.walk(self.course):
            names[:] = [n for n in names if n not in (student, ".kischule")]
            for name in files:
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink() and name != "gradebook.db":
                    with path.open("rb") as file:
                        found[str(path)] = hashlib.sha256(file.read(1 << 20)).hexdigest()
        return found


@pytest.fixture(scope="module", params=["namespaces", LANDLOCK])
def arena(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arena]:
    course = tmp_path_factory.mktemp("attacked").resolve()
    small.make(course)
    seed = course.parent / f"{course.name}-seed"
    seed.write_text(SECRET)
    with pytest.MonkeyPatch.context() as patch, _Listening() as port:
        patch.setenv("SECRET_OF_THE_TEACHER", "SECRET_OF_THE_TEACHER")
        patch.setenv("KISCHULE_SEED", SECRET)
        patch.setattr(kernel, "GRACE_S", 2.0)
        settings = Settings(time_limit_s=TIME_LIMIT_S, memory_mib=300, isolation=request.param)
        patch.setattr("autograder.course.grade._engine", lambda *_: small.Here())
        released = read_notebook(release.registered(course, "small")[0])
        known = {
            "COURSE": str(course),
            "PORT": str(port),
            "HALFSECRET": SECRET[:32],
            "HOMEDIR": str(Path.home()),
        }
        made = Arena(course, settings, RunOptions(seed_file=seed), released, known, [])
        small.write(course, "honest", small.submission(made.released, None, known))
        assert made.grade("honest")["score"] == small.ALL
        made.honest = made.book("honest")
        yield made
        deadline = time.monotonic() + 5
        while (left := _processes(request.param)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == []


class _Listening:
    """A server on loopback and an abstract socket, which no kernel must reach."""

    def __enter__(self) -> int:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        port = int(self.tcp.getsockname()[1])
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(f"\0kischule-test-{port}")
        self.unix.listen()
        return port

    def __exit__(self, *_: object) -> None:
        self.tcp.close()
        self.unix.close()


def _processes(tier: str) -> list[psutil.Process]:
    """Supervisors and kernels: those that are alive, and the dead that are not yet buried."""
    server = psutil.Process(servers.shared(tier=tier).pid)
    if tier == "namespaces":
        (server,) = server.children()
    return list(server.children(recursive=True))


def _kernels(tier: str) -> list[str]:
    """Supervisors and kernels that are alive."""
    alive = []
    for process in _processes(tier):
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                alive.append(str(process))
    return alive


def _unquoted(output: dict[str, Any], cell: dict[str, Any]) -> dict[str, Any]:
    """The output without quotes of the cell in its traceback: a quoted `print` printed nothing.

    On a slow machine a cell that searches everything runs into its time limit.
    """
    lines = [line.strip() for line in "".join(cell["source"]).splitlines() if "FOUND" in line]
    told = output.get("traceback", [])
    for line in lines:
        told = [part.replace(line, "") for part in told]
    return output | {"traceback": told}


def _unhurried(arena: Arena) -> Arena:
    return replace(arena, settings=replace(arena.settings, time_limit_s=10.0))


def _attacked(arena: Arena, student: str, sees: bool = False) -> dict[str, Any]:
    """Grade a student, assert all that must always hold, and return the row.

    sees: what is out of reach is seen to be there, where there are no namespaces.
    """
    tier = arena.settings.isolation
    before, began = arena.outside(student), time.monotonic()
    row = arena.grade(student)
    assert time.monotonic() - began < MAX_S
    json.dumps(row)
    assert arena.outside(student) == before
    assert arena.book("honest") == arena.honest
    deadline = time.monotonic() + 5
    while (left := _kernels(tier)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    assert row["isolation"] == (None if row["status"] == Status.UNREADABLE else tier)
    graded = arena.course / "autograded" / student / "small" / small.NAME
    if row["status"] != Status.UNREADABLE:
        cells = json.loads(graded.read_text(encoding="utf-8"))["cells"]
        text = json.dumps(cells)
        shown = [_unquoted(output, cell) for cell in cells for output in cell.get("outputs", [])]
        assert "FOUND" not in json.dumps(shown), json.dumps(shown)[:2000]
        assert ("SEEN" in json.dumps(shown)) == (sees and tier == "landlock")
        assert len(text) < 3_000_000
        assert sum(each[0] or 0 for each in arena.book(student)) == row["score"]
    return row


def _expected(attack: small.Attack) -> tuple[float, str]:
    status = "timeout" if "timeout" in attack.expect else "graded"
    status = "memory" if "memory" in attack.expect else status
    if "nothing" in attack.expect:  # not even what it has solved can be asked
        return 0.0, status
    return small.SOLVED + ("public" in attack.expect), status


@pytest.mark.parametrize("attack", small.attacks(), ids=lambda a: a.name)
def test_a_hostile_cell_gets_what_it_deserves(arena: Arena, attack: small.Attack) -> None:
    student = attack.name.replace("/", "-")
    small.write(arena.course, student, small.submission(arena.released, attack, arena.known))
    looks = attack.name.startswith("look/")  # some through all folders
    row = _attacked(_unhurried(arena) if looks else arena, student, "seen" in attack.expect)
    score, status = _expected(attack)
    assert row["score"] == score, row
    assert row["status"] == status or "any" in attack.expect, row


@pytest.mark.parametrize("arena", ["landlock"], indirect=True)
def test_hostile_cells_find_nothing_without_namespaces(arena: Arena) -> None:
    """One after the other in one kernel; the same with a kernel for each is slow."""
    harmless = small.Attack("together", "", "pass", "first")
    notebook = small.submission(arena.released, harmless, arena.known)
    families = ("look/", "change/", "outlive/")
    attacks = [a for a in small.attacks() if a.name.startswith(families) and a.place == "first"]
    disk = [a for a in small.attacks() if a.name == "exhaust/disk"]  # which ends the kernel
    for attack in reversed(attacks + disk):
        source = small.filled(attack.source, arena.known)
        notebook.cells.insert(1, nbformat.v4.new_code_cell(source))
    small.write(arena.course, "together", notebook)
    row = _attacked(_unhurried(arena), "together", sees=True)
    assert (row["score"], row["status"]) == (small.SOLVED, "graded"), row


@pytest.mark.parametrize("name", structure.EXPECT)
def test_a_hostile_structure_changes_nothing(arena: Arena, name: str) -> None:
    wanted = {"score": small.SOLVED, "status": "graded", "flag": None, **structure.EXPECT[name]}
    attack = small.Attack(name, "", "pass", "first")
    notebook = json.loads(json.dumps(small.submission(arena.released, attack, arena.known)))
    path = small.write(arena.course, name, notebook)
    structure.apply(name, notebook, path)
    row = _attacked(arena, name)
    assert (row["score"], row["status"]) == (wanted["score"], wanted["status"]), row
    if wanted["flag"]:
        assert any(flag.startswith(wanted["flag"]) for flag in row["flags"]), row["flags"]
    assert row["max_score"] == small.ALL + 2  # the observation's


def test_the_table_says_what_is_asserted() -> None:
    """After a change: `python tests/attacks/table.py`."""
    assert table.README.read_text("utf-8") == table.table(table.stock_column())


ACTS = (
    *("<script>alert", "<img", "<svg", "<iframe", "<form", "<link", 'href="javascript:', "\\href"),
    "background:url(https://example.org/x",
)


def test_no_output_acts_in_a_browser(arena: Arena) -> None:
    """All attacks with markup in one submission, and a text in Markdown, on nbgrader's pages."""
    attack = small.Attack("markup", "", "pass", "first")
    notebook = small.submission(arena.released, attack, arena.known)
    for number, each in enumerate(a for a in small.attacks() if a.name.startswith("markup/")):
        notebook.cells.insert(number, nbformat.v4.new_code_cell(each.source))
    for cell in notebook.cells:
        if metadata_of(cell).get("grade_id") == "observation_greedy":
            cell.source = (
                "**fett** <script>alert(1)</script> ![x](https://example.org/x.png)\n\n"
                "<img src=x onerror=alert(1)> $\\href{javascript:alert(1)}{x}$ [y] (x)\n\n"
                "[y](javascript:alert(1)) [z][z] <javascript:alert(1)>\n\n"
                "[z]: javascript:alert(1)\n\n[&#106;](&#106;avascript:alert(1))"
            )
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>alert(2)</script>"))
    small.write(arena.course, "markup", notebook)
    _attacked(arena, "markup")
    graded = arena.course / "autograded" / "markup" / "small" / small.NAME
    shown = [o for c in json.loads(graded.read_text())["cells"] for o in c.get("outputs", [])]
    data = [d for o in shown for d in o.get("data", {}).items()]
    assert {mime for mime, _ in data} <= {"text/plain", "text/html", RESULT_MIME}
    for mime, content in data:
        if mime == "text/html":
            assert not any(word in "".join(content) for word in ACTS), content

    config = Config()
    configure(config)
    config.HTMLExporter.exclude_input = True  # what a student typed shows as text, and may
    kinds: tuple[dict[str, Any], ...] = ({}, {"nbgrader": {}})  # formgrader's page, the feedback
    for resources in kinds:
        page, _ = HTMLExporter(config=config).from_filename(str(graded), resources=resources)
        body = page[page.index("<main") :]
        assert "<strong>fett</strong>" in body
        assert not any(word in body for word in ACTS), body[-9000:]
    # a student's own page shows what was typed as well, and has no MathJax that would read it
    page = Course(arena.course).feedback("small", "markup").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert" in page
    assert "<strong>fett</strong>" in page
    tags = [word for word in ACTS if word.startswith("<")] + ['<a href="javascript:']
    assert [word for word in tags if word in page] == [], page


def test_no_odd_name_and_no_failing_check_stops_a_run(
    arena: Arena,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name that is no text stands between two that are; a check fails itself, then works."""
    small.make(tmp_path)
    notebook = small.submission(arena.released, None, arena.known)
    for student in ("a", "b\udcff", "c"):
        small.write(tmp_path, student, notebook)
    command = ["grade", "small", "--course", str(tmp_path), "--json", str(tmp_path / "grades.json")]

    def graded() -> dict[str, Any]:
        main(command)
        found = json.loads((tmp_path / "grades.json").read_text())["submissions"]
        assert len(found) == 3
        return {s["student"]: s for s in found}

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("\ud800")

    with monkeypatch.context() as patch:
        patch.setitem(CHECKERS, "kept", replace(CHECKERS["kept"], judge=broken))
        found = graded()
    assert [found[n]["score"] for n in ("a", "c")] == [small.ALL - 3] * 2
    assert "check failed: test_filter_top_k" in found["a"]["flags"]
    assert "\\udcff" in capsys.readouterr().err
    found = graded()  # not from a record: there was no result to keep
    assert [found[n]["score"] for n in ("a", "c")] == [small.ALL] * 2
    assert found["a"]["flags"] == []
