"""`kischule verify`: it trusts a check that is right, and names the faults of another."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.notebooks import A7_2, ROOT, reference_cells
from support.own import Here

from autograder.cli import main
from autograder.course import verify
from autograder.course.verdict import Verdict
from autograder.exercises.exercise import PACKAGED
from autograder.notebooks.cells import grade_id_of, read_notebook
from autograder.sandbox.student import Arguments, CallError, Reply

NAMES = ["apply_temperature", "repetition_rate"]  # fast ones; all of them: test_mutants.py


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "source", tmp_path / "source")
    path = tmp_path / "source" / "a7_2" / "A7_2.ipynb"
    source = read_notebook(path)  # a teacher drops exercises
    cells = [(grade_id_of(cell), cell) for cell in source.cells]
    source.cells = [
        c
        for name, c in cells
        if not name.startswith(("test_", "hidden_")) or name.endswith(tuple(NAMES))
    ]
    nbformat.write(source, path)
    shutil.copytree(ROOT / "tests" / "known", tmp_path / "tests" / "known")
    return tmp_path


def _verify(course: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    status = main(["verify", "a7_2", "--course", str(course), *more])
    return status, capsys.readouterr().out


def test_the_exercises_as_they_are_pass(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "WORKERS", 1)  # each imports torch
    status, out = _verify(course, capsys, "--json", "-")
    report = json.loads(out)
    assert (status, report["passed"], report["assignment"]) == (0, True, "a7_2")
    assert [e["exercise"] for e in report["exercises"]] == NAMES
    for found in report["exercises"]:
        assert found["reference"]
        assert found["skeleton"]
        assert found["wrong_caught"] == found["wrong"] >= 8
        assert found["correct_accepted"] == found["correct"] >= 3
        assert found["problems"] == []
        told = found["told"]
        assert told["named"] + told["general"] == 2 * found["wrong"]
        assert told["false"] == []
    assert report["told"]["recall"] >= 0.9


def test_what_falls_short_is_named(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known solutions, a wrong reference, and an empty notebook that is solved already."""
    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    known = course / "tests" / "known"
    (known / "wrong" / "apply_temperature.py").write_text(
        '@wrong(fails_case=1, kind="value")\n'
        "def not_so_wrong(logits, temperature):\n"
        '    """Is right."""\n'
        "    return logits / (1 if temperature is None else temperature)"
    )
    (known / "correct" / "repetition_rate.py").write_text(
        "@correct()\ndef not_so_correct(token_ids, n):\n    return 0.25"
    )
    path = course / "source" / "a7_2" / "A7_2.ipynb"
    text = path.read_text(encoding="utf-8")
    changed = text.replace("return logits / temperature", "return logits * temperature")
    changed = changed.replace(
        "def repetition_rate(token_ids, n):",
        "def repetition_rate(token_ids, n):\\n    return 1 - len(set(zip(*(token_ids[i:] for i in"
        " range(n))))) / max(len(token_ids) - n + 1, 1) if len(token_ids) >= n else 0.0",
    )
    assert changed.count("return logits * temperature") == 1
    path.write_text(changed, encoding="utf-8")
    status, out = _verify(course, capsys)
    assert status == 1
    assert "✗ apply_temperature: there must be at least 8 wrong solutions, was: 1" in out
    assert "the wrong solution 'not_so_wrong' is not rejected by both levels" in out
    assert "✗ repetition_rate: the correct solution 'not_so_correct': public case 1: " in out
    assert "Got: 0.25." in out
    assert "✗ apply_temperature: the reference solution is rejected: public case 1: " in out
    assert "✗ repetition_rate: the empty notebook's cell is not rejected" in out


def test_what_takes_longest_is_begun_first(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, int]] = []

    def found(task: Any, part: tuple[int, int]) -> Verdict:
        begun.append((task[0].id, part[0]))
        return Verdict(exercise=task[0].id)

    monkeypatch.setattr(verify, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(verify, "_verdict_of", found)
    names = ["filter_top_k", "greedy_decode", "sample_decode", "top_tokens"]
    exercises = {name: PACKAGED[name] for name in names}
    verdicts = verify.verify(ROOT, "a7_2", lambda _: None, exercises)
    split = [(name, part) for name in ("sample_decode", "greedy_decode") for part in range(4)]
    assert begun == [*split, ("filter_top_k", 0), ("top_tokens", 0)]
    assert [verdict.exercise for verdict in verdicts] == names


def test_verdicts_of_parts_add_up_to_the_whole(course: Path) -> None:
    known = course / "tests" / "known"
    (known / "wrong" / "repetition_rate.py").write_text(
        '@wrong(fails_case=1, kind="value")\ndef fixed(token_ids, n): return 0.125\n'
        '@wrong(fails_case=1, kind="value")\ndef other(token_ids, n): return 0.375\n'
    )
    (known / "correct" / "repetition_rate.py").write_text(
        "@correct()\ndef fixed(token_ids, n): return 0.25"
    )
    cells = {"repetition_rate": "def repetition_rate(token_ids, n): return 0.0"}
    task = (PACKAGED["repetition_rate"], cells, cells, known / "wrong", known / "correct")
    whole = verify.verify_exercise(*task)
    assert len(whole.problems) == 4  # reference, correct, too few of both
    for count in (2, 3, 5, 9):
        parts = [verify.verify_exercise(*task, part=(i, count)) for i in range(count)]
        assert sum(part.wrong for part in parts) == 2
        summed = reduce(add, parts)
        assert replace(summed, seconds=0.0) == replace(whole, seconds=0.0)


def test_an_unknown_assignment_is_named(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "a9_9", "--course", str(course)]) == 2
    assert "no assignment 'a9_9'" in capsys.readouterr().err


def test_warnings_are_shown_and_cost_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "your cases do not notice when a < b -> a <= b"
    verdict = Verdict(exercise="clip", warnings=(change,))
    monkeypatch.setattr("autograder.cli.verify.verify", lambda *_: [verdict])
    monkeypatch.setattr("autograder.cli.verify.check_files", lambda *_: [])
    status, out = _verify(tmp_path, capsys)
    assert status == 0
    assert f"! clip: {change}" in out


def test_a_mistake_that_is_named_falsely_fails(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = course / "tests" / "known" / "wrong" / "apply_temperature.py"
    text = path.read_text(encoding="utf-8")
    changed = text.replace(
        'misconception="temperature_multiplied"', 'misconception="tempered_probs"'
    )
    path.write_text(changed.replace('misconception="none"', 'misconception="shape"'))
    status, out = _verify(course, capsys)
    assert status == 1
    assert "! apply_temperature: 'multiplies' (public) is tempered_probs, is told: " in out
    assert "✗ precision must be at least 99% and recall 90%, was: " in out


class Asked:
    """A student who answers with the number of the call, and raises for an odd n."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        for positional, _ in calls:
            self.asked.append(dict(positional)["n"])
            if self.asked[-1] % 2:
                raise CallError("raised", f"ValueError: {len(self.asked)}")
        return [Reply(len(self.asked))]


def test_only_what_was_asked_in_public_cases_is_repeated() -> None:
    asked = Asked()
    student = verify._Remembering(asked)

    def answer(n: int) -> Any:
        try:
            return student.call_all("f", [([("n", n)], {})], 1.0)[0].value
        except CallError as error:
            return error.detail

    # each is asked again, so that chance shows
    assert [answer(n) for n in (2, 2, 3)] == [1, 2, "ValueError: 3"]
    student.keeping = False
    assert [answer(n) for n in (2, 3, 4, 4)] == [2, "ValueError: 3", 4, 5]
    assert asked.asked == [2, 2, 3, 4, 4]


@pytest.mark.parametrize(
    ("helper", "codes"),
    [
        ("", True),
        ("def next_token_probs(model, input_ids): return 1 / 0", False),
        # as right as the reference's, and tried all the same
        (
            "def next_token_probs(model, ids):\n    return model(ids).logits[0, -1].softmax(-1)",
            False,
        ),
    ],
)
def test_a_need_is_known_only_with_the_references_code(helper: str, codes: bool) -> None:
    reference = reference_cells()
    passing = verify._passing_needs(A7_2["greedy_decode"], reference)
    assert tuple(passing) == A7_2["greedy_decode"].needs
    own = verify.namespace({**reference, "greedy_decode": helper or "pass"})
    assert (verify._codes("next_token_probs", own) == passing["next_token_probs"]) is codes


def test_a_need_that_the_reference_does_not_solve_is_not_known() -> None:
    broken = {**reference_cells(), "next_token_probs": "def next_token_probs(model, ids): pass"}
    assert "next_token_probs" not in verify._passing_needs(A7_2["greedy_decode"], broken)
