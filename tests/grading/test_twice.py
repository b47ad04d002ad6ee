"""Grading the same file twice gives the same result, whatever it does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from attacks import small, structure
from support.notebooks import EXERCISES, three_exercises

from autograder.grading import kernel, servers
from autograder.grading.record import Record, Rules, Status, task_of
from autograder.grading.settings import Settings
from autograder.grading.submission import checks_id, grade_submission
from autograder.notebooks import intake, reader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
SETTINGS = Settings(isolation="namespaces", time_limit_s=2, memory_mib=300)
# solutions of repetition_rate(token_ids, n) that hang on what differs from process to process
ODD = {
    "exit": "exit()",
    "quit": "quit()",
    "sys.exit": "import sys; sys.exit(1)",
    "os._exit": "import os; os._exit(1)",
    "ask_exit": "get_ipython().ask_exit()",
    "raise": "raise SystemExit",
    "random": "import random; raise ValueError(random.random())",
    "numpy": "import numpy; raise ValueError(numpy.random.rand())",
    "torch": "import torch; raise ValueError(torch.rand(1).item())",
    "process": "raise ValueError(*{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'}, object())",
}


def rules(release: bytes) -> Rules:
    return Rules("n.ipynb", release, "s" * 16, checks_id(), SETTINGS, EXERCISES)


def graded(rules: Rules, content: bytes) -> Record:
    return grade_submission(rules, task_of(rules, content))


def result(record: Record, *, timed: bool = False) -> dict[str, Any]:
    """All of a record that must be the same again; timed: of one that ran out of time.

    How far code came in a limited time differs. What was judged before its time was up does not,
    nor does the number of points.
    """
    data = {name: part for name, part in record.as_data().items() if name not in VARYING}
    if timed:
        data["results"] = [(r["exercise"], r["level"], r["points"]) for r in data["results"]]
        data["flags"] = []
    return data


VARYING = ("seconds", "parts", "memory")


def odd_notebook(line: str) -> bytes:
    """Three exercises; one function does the odd thing, and so does a cell of its own."""
    function = f"def repetition_rate(token_ids, n):\n    {line}"
    made = three_exercises(("test_filter_top_k", line), repetition_rate=function)
    return json.dumps(made).encode()


@pytest.mark.parametrize("name", ODD)
def test_odd_code_gets_the_same_result_twice(name: str) -> None:
    release = json.dumps(three_exercises()).encode()
    content = odd_notebook(ODD[name])
    first = graded(rules(release), content)
    if name == "process":
        servers.close_all()  # another server, as the next run has
    assert result(graded(rules(release), content)) == result(first)
    assert (first.status, first.flags) == (Status.GRADED, ())
    points = {r.exercise: r.points for r in first.results if r.points}
    assert points == {"encode_prompt": 1, "filter_top_k": 2}
    assert not any(r.passed for r in first.results if r.exercise == "repetition_rate")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from autograder.course import release
    from autograder.notebooks.cells import read_notebook

    course = tmp_path_factory.mktemp("twice")
    small.make(course)
    return read_notebook(release.registered(course, "small")[0])


@pytest.fixture(scope="module", autouse=True)
def _impatient() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "GRACE_S", 2.0)
        yield


KNOWN = {"COURSE": "/nowhere", "PORT": "1", "HALFSECRET": "0" * 32, "HOMEDIR": str(Path.home())}


@pytest.mark.slow
@pytest.mark.parametrize("attack", small.attacks(), ids=lambda a: a.name)
def test_an_attack_gets_the_same_result_twice(released: Any, attack: small.Attack) -> None:
    given = rules(json.dumps(released).encode())
    content = json.dumps(small.submission(released, attack, KNOWN)).encode()
    records = [graded(given, content) for _ in range(2)]
    timed = any(r.status in (Status.TIMEOUT, Status.MEMORY) for r in records)
    first, second = (result(record, timed=timed) for record in records)
    assert second == first


@pytest.mark.slow
@pytest.mark.parametrize("name", structure.EXPECT)
def test_a_damaged_notebook_gets_the_same_result_twice(
    released: Any, name: str, tmp_path: Path
) -> None:
    given = rules(json.dumps(released).encode())
    attack = small.Attack(name, "", "pass", "first")
    notebook = json.loads(json.dumps(small.submission(released, attack, KNOWN)))
    path = small.write(tmp_path, name, notebook)
    structure.apply(name, notebook, path)

    def again() -> dict[str, Any] | str:
        try:
            content = intake.read_submission(path.parent, path.name).content
        except reader.UnreadableError as error:
            return str(error)
        return result(graded(given, content))

    assert again() == again()
