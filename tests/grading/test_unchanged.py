"""Only what has changed is run: the record is that of a full run, or all is run."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attacks import small
from support.notebooks import EXERCISES, RELEASE, exercises, filled, packaged_code, reference_cells

from autograder.cli import main
from autograder.cli.grade import print_class
from autograder.course import release
from autograder.exercises.known import known_correct, known_wrong
from autograder.grading import submission
from autograder.grading.record import Record, Rules, Status, task_of
from autograder.grading.settings import Settings
from autograder.grading.submission import checks_id, grade_submission, take
from autograder.notebooks.cells import read_notebook
from autograder.notebooks.separable import _code_of, code_by_exercise
from autograder.reports.machine import markdown

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
NAMES = ("setup", "encode_prompt", "next_token_probs", "top_tokens", "filter_top_k", "filter_top_p")
NAMES += ("repetition_rate", "greedy_decode")
TWO_NAMES = ("setup", "filter_top_k", "repetition_rate")
SETTINGS = Settings(isolation="namespaces", time_limit_s=3)
VARYING = ("seconds", "parts", "memory", "reused")


def rules(*names: str) -> Rules:
    release = json.dumps(exercises(names)).encode()
    asked = {name: e for name, e in EXERCISES.items() if name in names}
    asked = {n: replace(e, needs=tuple(set(e.needs) & set(names))) for n, e in asked.items()}
    return Rules(
        name="n.ipynb",
        release=release,
        seed="s" * 16,
        checks=checks_id(),
        settings=SETTINGS,
        exercises=asked,
        solutions=packaged_code(),
    )


RULES, TWO = rules(*NAMES), rules(*TWO_NAMES)


def content(*more: tuple[str, str], names: tuple[str, ...] = NAMES, **replaced: str) -> bytes:
    return json.dumps(exercises(names, *more, **replaced)).encode()


def depends(*more: tuple[str, str], **replaced: str) -> dict[str, str]:
    """All code that each exercise depends on; {} for a doubt."""
    return dict(take(RULES, content(*more, **replaced)).code)


def changed(*more: tuple[str, str], **replaced: str) -> set[str]:
    """The exercises that a change concerns: those that are run."""
    before, after = depends(), depends(*more, **replaced)
    return {name for name in before if after.get(name) != before[name]}


def own(source: str, before: str = "test_filter_top_k") -> tuple[str, str]:
    return before, source


def body(name: str, line: str) -> str:
    """The reference's cell, whose functions begin with this line."""
    head, _, rest = reference_cells()[name].partition("\n")
    return f"{head}\n    {line}\n{rest}"


SOLVED = reference_cells()


def test_a_change_concerns_the_exercise_and_what_builds_on_it() -> None:
    assert changed() == set()
    assert set(depends()) == {name for name in NAMES if name != "setup"}
    comment = f"{SOLVED['filter_top_k']}\n# anders"
    assert changed(filter_top_k=comment) == {"filter_top_k"}
    probs = f"{SOLVED['next_token_probs']}\n# anders"
    assert changed(next_token_probs=probs) == {"next_token_probs", "greedy_decode"}


def test_an_own_cell_that_nothing_uses_changes_nothing() -> None:
    tried = "import torch\nfor k in (1, 2):\n    print(filter_top_k(torch.tensor([1.0, 2.0]), k))"
    assert changed(own(tried)) == set()
    assert changed(own("example = [1, 2]\nexample.append(3)")) == set()


# a changed cell that reaches other exercises by names: those that use them are run
REACHES = {
    "shadows a builtin": ("def sorted(x):\n    return x", "top_tokens", "return sorted([])"),
    "shadows a library": ("import math as torch", "", ""),
    "a helper": ("def helper(x):\n    return x", "top_tokens", "helper(probs)"),
    "a constant": ("LIMIT = 5", "top_tokens", "k = min(k, LIMIT)"),
}


@pytest.mark.parametrize("kind", REACHES)
def test_names_carry_a_change(kind: str) -> None:
    cell, name, line = REACHES[kind]
    uses = {name: body(name, line)} if name else {}
    given, found = depends(**uses), depends(own(cell, "test_repetition_rate"), **uses)
    assert found
    hit = {n for n in given if given[n] != found[n]}
    assert hit >= ({name} if name else {"next_token_probs", "top_tokens", "filter_top_k"})
    assert "repetition_rate" not in hit
    other = depends(own(f"{cell}  # anders", "test_repetition_rate"), **uses)
    assert {n for n in found if found[n] != other[n]} == hit


# code that may reach other exercises otherwise, in the place of filter_top_k or beside it
DOUBTS = {
    "patches torch": "import torch\ntorch.softmax = lambda *a, **k: 0",
    "patches in a call": "def f(x):\n    x.attribute = 5",
    "setattr": "setattr(torch, 'softmax', print)",
    "globals": "globals()['top_tokens'] = print",
    "exec": "exec('top_tokens = print')",
    "an alias of exec": "run = exec",
    "dunder": "print(().__class__)",
    "builtins": "import builtins",
    "a module of one's own": "import os",
    "all of a module": "from math import *",
    "global": "def f():\n    global top_tokens\n    top_tokens = 1",
    "nonlocal": "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = 1\n",
    "a mutable default": "def f(x, seen=[]):\n    return seen",
    "a called default": "def f(x, seen=dict()):\n    return seen",
    "a class": "class Memory:\n    seen = []",
    "a decorator": "import functools\n@functools.lru_cache\ndef f(x):\n    return x",
    "a magic": "%time 1",
    "a shell": "!ls",
    "a command": "pylab",
    "a command with an option": "reset -f",
    "not Python": "def f(:",
    "a value in a function": "seen = []\ndef f(x):\n    seen.append(x)",
    "a value by a call": "seen = dict()\ndef f(x):\n    return seen",
    "a generator": "def f():\n    yield 1",
    "a file": "open('x', 'w')",
    "the history": "print(In[0])",
    "the last output": "print(_)",
    "the settings of torch": "torch.set_default_dtype(torch.float64)",
    "gradients off": "def f(x):\n    torch.set_grad_enabled(False)",
    "weights": "model.lm_head.weight.data.zero_()",
    "in place": "model.requires_grad_(False)",
    "a hook": "model.register_forward_hook(print)",
    "the config": "model.config.update({'eos_token_id': 5})",
    "an alias of the config": "c = model.config",
    "attributes by a string": "print('{0.__globals__}'.format(len))",
    "random numbers": "import random",
    "numpy's random numbers": "import numpy as np\ndef f():\n    return np.random.rand()",
    "removes a name": "def f():\n    pass\ndel f",
    "a function that is a value": "top_tokens = lambda *a: []",
    "two that share state": "filter_top_k, top_tokens = print, print",
}


@pytest.mark.parametrize("kind", DOUBTS)
def test_a_doubt_concerns_all(kind: str) -> None:
    assert depends(own(DOUBTS[kind])) == {}
    assert depends(filter_top_k=f"{SOLVED['filter_top_k']}\n{DOUBTS[kind]}") == {}


def test_the_order_of_cells_counts_where_names_do() -> None:
    uses = body("top_tokens", "k = min(k, LIMIT)")
    early = depends(own("LIMIT = 5", "test_top_tokens"), top_tokens=uses)
    late = depends(own("LIMIT = 5", "hidden_top_tokens"), top_tokens=uses)
    assert {n for n in early if early[n] != late[n]} == {"top_tokens"}


def test_the_same_import_again_changes_nothing() -> None:
    assert changed(own("import torch")) == set()
    assert "top_tokens" in changed(own("import torch\ndef torch(): pass"))
    assert "top_tokens" in changed(own("import torch\ntorch = 5"))


def test_the_reference_and_most_known_solutions_leave_no_doubt() -> None:
    given = read_notebook(RELEASE)
    assert code_by_exercise(filled(RELEASE, SOLVED), EXERCISES, given).keys() == EXERCISES.keys()
    sources = [s for name in EXERCISES for s in known_correct(name).values()]
    sources += [known.source for name in EXERCISES for known in known_wrong(name).values()]
    refused = [source for source in sources if _code_of(source, by_us=False) is None]
    assert len(refused) < len(sources) / 5


def test_hidden_cases_come_from_the_code_or_the_file() -> None:
    def seeds(made: bytes) -> list[str]:
        return [take(TWO, made).seed_of(TWO, name) for name in TWO_NAMES[1:]]

    top_k, rate = seeds(content(names=TWO_NAMES))
    comment = f"{SOLVED['filter_top_k']}\n# anders"
    other = seeds(content(names=TWO_NAMES, filter_top_k=comment))
    assert (other[0] != top_k, other[1]) == (True, rate)
    doubt = (f"{SOLVED['filter_top_k']}\nimport os{more}" for more in ("", "\n"))
    first, second = (seeds(content(names=TWO_NAMES, filter_top_k=text)) for text in doubt)
    assert len({top_k, rate, *first, *second}) == 4  # one for the file
    assert seeds(content(names=TWO_NAMES)) == [top_k, rate]
    assert take(replace(TWO, seed="t" * 16), content(names=TWO_NAMES)).seed_of(TWO, "x") != rate


# --- the real thing -------------------------------------------------------------------------------


def result(record: Record) -> dict[str, Any]:
    data = {name: part for name, part in record.as_data().items() if name not in VARYING}
    return {**data, "notebook": record.notebook}


def both_ways(given: Rules, first: Record, made: bytes) -> Record:
    """Grade with and without the earlier record: equal, but for what is said of it."""
    part = grade_submission(given, task_of(given, made, first))
    assert result(part) == result(grade_submission(given, task_of(given, made)))
    return part


@LINUX
def test_a_resubmission_gets_the_record_of_a_full_run() -> None:
    """A wrong function becomes right: what builds on it was judged with the reference before."""
    names = ("setup", "next_token_probs", "filter_top_k", "repetition_rate", "greedy_decode")
    given = rules(*names)
    wrong = "def next_token_probs(model, input_ids):\n    return 'x'"
    first = grade_submission(given, task_of(given, content(names=names, next_token_probs=wrong)))
    assert set(first.code) == {"next_token_probs", "filter_top_k", "repetition_rate"}
    second = both_ways(given, first, content(names=names))
    assert second.reused == ("filter_top_k", "repetition_rate")
    assert all(r.passed for r in second.results)
    kept = Record.from_data(json.loads(json.dumps(second.as_data())))
    comment = f"{SOLVED['filter_top_k']}\n# anders"
    made = content(names=names, filter_top_k=comment)
    third = grade_submission(given, task_of(given, made, kept))
    assert set(third.reused) == {"next_token_probs", "repetition_rate", "greedy_decode"}


@LINUX
def test_what_goes_wrong_leads_to_a_full_run(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []
    run = submission._run

    def counted(*given: Any) -> Any:
        runs.append([*given[2]])
        return run(*given)

    monkeypatch.setattr(submission, "_run", counted)
    first = grade_submission(TWO, task_of(TWO, content(names=TWO_NAMES)))
    slow = content(own("while True:\n    pass"), names=TWO_NAMES)
    record = grade_submission(TWO, task_of(TWO, slow, first))
    assert (record.status, record.reused, record.code) == (Status.TIMEOUT, (), {})
    assert runs == [[], ["filter_top_k", "repetition_rate"], []]
    # other rules, limits or a doubt: nothing serves
    for other in (
        replace(TWO, seed="t" * 16),
        replace(TWO, settings=replace(SETTINGS, time_limit_s=11)),
        replace(TWO, checks="later"),
    ):
        code = submission._names_of_code(other, take(other, content(names=TWO_NAMES)))
        assert submission._kept(first, code) == {}
    assert submission._kept(first, first.code).keys() == {"filter_top_k", "repetition_rate"}
    assert submission._kept(replace(first, code={}), first.code) == {}


@LINUX
@pytest.mark.usefixtures("in_this_process")
def test_a_class_is_told_what_was_not_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.make(tmp_path)
    good = small.submission(read_notebook(release.registered(tmp_path, "small")[0]), None, {})

    def graded(*more: str) -> dict[str, Any]:
        small.write(tmp_path, "student", good)
        assert main(["grade", "small", "--course", str(tmp_path), "--json", "-", *more]) == 0
        (row,) = json.loads(capsys.readouterr().out)["submissions"]
        assert row["score"] == small.ALL
        found: dict[str, Any] = row
        return found

    assert "reused" not in graded()
    changed = next(c for c in good.cells if c.metadata.nbgrader.grade_id == "filter_top_k")
    changed.source += "\n# anders"
    row = graded()
    assert row["reused"]
    assert "filter_top_k" not in row["reused"]
    assert "reused" not in graded("--force")
    report = {"assignment": "small", "submissions": [row]}
    print_class(report)
    assert "unchanged since the file before" in capsys.readouterr().out
    assert f"not run again: `{row['reused'][0]}`" in markdown(report)


@LINUX
@pytest.mark.slow
@pytest.mark.parametrize("name", EXERCISES)
def test_a_correction_gets_the_record_of_a_full_run(name: str, tmp_path: Path) -> None:
    """From a known wrong solution to a correct one, and back, in the whole notebook."""
    given = Rules(
        name="n.ipynb",
        release=RELEASE.read_bytes(),
        seed="s" * 16,
        checks=checks_id(),
        settings=replace(SETTINGS, time_limit_s=30),
        exercises=EXERCISES,
        solutions=packaged_code(),
        variants=tmp_path,
    )
    wrong, *_ = (known.source for known in known_wrong(name).values())
    right, *_ = known_correct(name).values()
    files = [
        json.dumps(filled(RELEASE, {**SOLVED, name: text})).encode() for text in (wrong, right)
    ]
    record = grade_submission(given, task_of(given, files[0]))
    for made in reversed(files):
        record = both_ways(given, record, made)
