"""A small course for attacks: three exercises, one of them solved, and an honest classmate."""

from __future__ import annotations

import base64
import copy
import json
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from autograder.course.new_course import CONFIG
from autograder.exercises import oracle
from autograder.exercises.exercise import PACKAGED
from autograder.grading.record import Record, Rules, Task
from autograder.grading.submission import grade_submission, settle
from autograder.notebooks.cells import metadata_of, read_notebook

ATTACKS = Path(__file__).parent
ROOT = ATTACKS.parent.parent
EXERCISES = ("encode_prompt", "filter_top_k", "repetition_rate")
SOLVED = 2.0  # points of the exercise that is solved in each attack
ALL = 7.0
NAME = "small.ipynb"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"a picture").decode()


@dataclass(frozen=True)
class Attack:
    """A cell of a hostile notebook."""

    name: str
    says: str
    source: str
    place: str  # a cell of its own at the beginning, or the solution of an exercise
    expect: tuple[str, ...] = field(default=())


IDLE = Attack("idle", "One exercise of three is solved.", "pass", "first")


def attacks() -> list[Attack]:
    """All attacks that are cells, by family."""
    return [_read(path) for path in sorted(ATTACKS.glob("*/*.py"))]


def _read(path: Path) -> Attack:
    source = path.read_text(encoding="utf-8")
    head = dict(re.findall(r"^# (place|expect): (.+)$", source, re.MULTILINE))
    says = next(
        line[2:] for line in source.splitlines() if not re.match("# (place|expect): ", line)
    )
    expected = tuple(part.strip() for part in head.get("expect", "").split(",") if part)
    name = f"{path.parent.name}/{path.stem}"
    return Attack(name, says, source, head.get("place", "first"), expected)


def make(course: Path) -> None:
    """Make source/ with the small assignment, and the course's configuration."""
    source = read_notebook(ROOT / "source" / "a7_2" / "A7_2.ipynb")
    wanted = {f"{prefix}{name}" for name in EXERCISES for prefix in ("", "test_", "hidden_")}
    wanted |= {"setup", "question_greedy", "observation_greedy"}
    source.cells = [c for c in source.cells if metadata_of(c).get("grade_id") in wanted]
    folder = course / "source" / "small"
    folder.mkdir(parents=True)
    nbformat.write(source, folder / NAME)
    (course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")


def solutions() -> dict[str, str]:
    source = read_notebook(ROOT / "source" / "a7_2" / "A7_2.ipynb")
    found = {metadata_of(c).get("grade_id", ""): c.source for c in source.cells}
    return {name: found[name] for name in EXERCISES}


def submission(released: Any, attack: Attack | None, secrets: dict[str, str]) -> Any:
    """A notebook with one exercise solved, and the attack. None: the honest classmate's."""
    notebook = copy.deepcopy(released)
    solved = solutions() if attack is None else {"encode_prompt": solutions()["encode_prompt"]}
    if attack is None:
        solved["observation_greedy"] = "Der Text wiederholt sich."
    source = "" if attack is None else filled(attack.source, secrets)
    if attack is not None and attack.place != "first":
        solved[attack.place] = source
    for cell in notebook.cells:
        cell.source = solved.get(metadata_of(cell).get("grade_id", ""), cell.source)
    if attack is not None and attack.place == "first":
        notebook.cells.insert(1, nbformat.v4.new_code_cell(source))
    return notebook


def filled(source: str, secrets: dict[str, str]) -> str:
    """Fill in all that an attacker may know: paths, a port, public replies, half of the secret."""
    cases = PACKAGED["repetition_rate"].cases
    table = {
        (str(list(c.arguments["token_ids"])), c.arguments["n"]): oracle.repetition_rate(
            **c.arguments
        )
        for c in cases
        if isinstance(c.arguments["token_ids"], list)
    }
    import autograder
    import kischule

    allowed = [sys.prefix, sys.base_prefix, kischule.__path__[0], autograder.__path__[0]]
    allowed += ["/run/kernel", "/run/kernels", "/etc/passwd", "/etc/localtime", "/etc/ld.so.cache"]
    known = {"TABLE": repr(table), "ALLOWED": repr(allowed), "PROJECT": str(ROOT), **secrets}
    for word, value in known.items():
        source = source.replace(word, value)
    return source


class Here:
    """An engine in this process, whose parts a test can look at and change."""

    def run(self, rules: Rules, tasks: Iterable[Task]) -> Iterator[Record]:
        settings, _ = settle(rules.settings)
        for task in tasks:
            yield grade_submission(replace(rules, settings=settings), task)


def write(course: Path, student: str, notebook: Any) -> Path:
    path = course / "submitted" / student / "small" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def points(course: Path) -> dict[str, float]:
    """By student, as the gradebook has them: a score by hand counts over the machine's."""
    query = (
        "SELECT a.student_id, SUM(COALESCE(g.manual_score, g.auto_score, 0)) FROM grade g"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id GROUP BY a.student_id"
    )
    with sqlite3.connect(course / "gradebook.db") as book:
        found = dict(book.execute(query).fetchall())
    book.close()
    return found


def rows(path: Path) -> list[Any]:
    """The rows of a gradebook that are about students, without ids and times."""
    query = (
        "SELECT a.student_id, c.name, g.auto_score, g.manual_score, g.extra_credit,"
        " g.needs_manual_grade FROM grade g JOIN base_cell c ON g.cell_id = c.id"
        " JOIN submitted_notebook n ON g.notebook_id = n.id"
        " JOIN submitted_assignment a ON n.assignment_id = a.id ORDER BY 1, 2"
    )
    with sqlite3.connect(path) as book:
        found = book.execute(query).fetchall()
    book.close()
    return found
