"""`pytest --kischule`: a test for each exercise and level, with the student's sentence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import pytest
from attacks import small
from support.notebooks import RELEASE, ROOT, filled

from autograder.checking.result import Result
from autograder.course import release
from autograder.exercises.exercise import PACKAGED, Level
from autograder.exercises.known import known_wrong
from autograder.grading.classroom50 import (
    ClassroomScore,
    RunnerError,
    classroom50_result,
    named_by_runner,
)
from autograder.grading.record import Record, Status
from autograder.pytest_plugin import SCORE, ExerciseItem, NotPassedError, ScoreFile
from kischule.i18n import Text

RUNNER = {
    "CLASSROOM": "ki-10",
    "ASSIGNMENT": "a7-2",
    "OWNER": "zoe",
    "SUBMISSION_TAG": "submit/2026-11-20T18-30-00Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/commit/1",
    "RELEASE_URL": "https://git.example/releases/1",
}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--kischule", "-p", "no:cacheprovider", "-p"]
    command += ["no:xdist", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small course, with its release, and a notebook with a mistake in it."""
    folder = tmp_path_factory.mktemp("plugin").resolve()
    small.make(folder)
    released = release.registered(folder, "small")[0]
    (folder / "release" / "small").mkdir(parents=True)
    (folder / "release" / "small" / small.NAME).write_bytes(released.read_bytes())
    made = small.submission(release.read_notebook(released), None, {})
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "filter_top_k":
            cell.source = known_wrong("filter_top_k")[min(known_wrong("filter_top_k"))].source
    nbformat.write(made, folder / "mine.ipynb")
    return folder


def test_each_exercise_and_level_is_a_test(course: Path) -> None:
    done = run(course, "mine.ipynb", "--kischule-course", ".", "-v", "--junitxml=junit.xml")
    assert done.returncode == 1, done.stdout + done.stderr
    for name in ("encode_prompt", "repetition_rate"):
        for level in ("public", "hidden"):
            assert f"mine.ipynb::{name}[{level}] PASSED" in done.stdout
    assert "mine.ipynb::filter_top_k[public] FAILED" in done.stdout
    assert "2 failed, 4 passed" in done.stdout
    assert "Aufruf: filter_top_k(" in done.stdout
    assert "Hinweis: " in done.stdout
    assert "Traceback" not in done.stdout
    assert "runtest" not in done.stdout
    root = ElementTree.parse(course / "junit.xml").getroot()
    assert [s.get("failures") for s in root.iter("testsuite")] == ["2"]


def test_classroom_50_gets_its_scores(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields and types as in the schema classroom50/result/v1; all of them are required."""
    (course / "result.json").write_text('{"score": 54}')  # a student's own
    arguments = ("mine.ipynb", "--kischule-course", ".", "--classroom50", "result.json")
    done = run(course, *arguments)
    assert done.returncode == 4
    assert "must set CLASSROOM, ASSIGNMENT, OWNER or USERNAME, SUBMISSION_TAG" in done.stderr
    assert not (course / "result.json").exists()
    for name, value in RUNNER.items():
        monkeypatch.setenv(name, value)
    assert run(course, *arguments).returncode == 1
    data = json.loads((course / "result.json").read_bytes())
    tests = data.pop("tests")
    whole = {"score": data.pop("score"), "max-score": data.pop("max-score")}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", data.pop("datetime"))
    assert data == {
        "schema": "classroom50/result/v1",
        "classroom": "ki-10",
        "assignment": "a7-2",
        "assignment_type": "individual",
        "owner": "zoe",
        "submission": "submit/2026-11-20T18-30-00Z-a1b2c3d",
        "commit": "https://git.example/commit/1",
        "release": "https://git.example/releases/1",
        "review": "https://git.example/commit/1",
    }
    passed = {test["test-name"]: test["passed"] for test in tests}
    assert len(passed) == 6
    assert [name for name, right in passed.items() if not right] == [
        "filter_top_k[public]",
        "filter_top_k[hidden]",
    ]
    for name, total in whole.items():
        assert all(type(test[name]) is int for test in tests)
        assert type(total) is int
        assert total == sum(test[name] for test in tests)
    assert 0 < whole["score"] < whole["max-score"]
    told = {test["test-name"]: test.get("message", "") for test in tests}
    assert "Aufruf: filter_top_k(" in told["filter_top_k[public]"]
    assert "Aufruf: in einem neuen Fall" in told["filter_top_k[hidden]"]
    assert "Erwartet" not in told["filter_top_k[hidden]"]


def _score(points: float, max_points: float) -> ClassroomScore:
    return ClassroomScore(name="x", passed=False, points=points, max_points=max_points, message="")


def test_parts_of_points_become_whole_ones() -> None:
    scores = [_score(1.5, 2.0), _score(0.25, 1.0), _score(3.0, 3.0)]
    data = classroom50_result(scores, RUNNER)
    assert [(t["score"], t["max-score"]) for t in data["tests"]] == [(6, 8), (1, 4), (12, 12)]
    assert (data["score"], data["max-score"]) == (19, 24)
    assert classroom50_result([], RUNNER)["tests"] == []


def test_a_bonus_and_what_was_not_judged_score_nothing() -> None:
    bonus = Result(
        exercise="beam_search",
        level=Level.PUBLIC,
        passed=True,
        points=2.0,
        max_points=2.0,
        bonus=True,
    )
    skipped = Result(
        exercise="explore", level=Level.PUBLIC, passed=None, points=2.0, max_points=2.0
    )
    first, second = (ClassroomScore.of("x", result, "de") for result in (bonus, skipped))
    assert (first.passed, first.points, first.max_points) == (True, 0.0, 0.0)
    assert (second.passed, second.points, second.max_points) == (False, 0.0, 2.0)


def test_the_grader_of_the_docs_runs_no_code_of_students(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8")
    (grader,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    commands: list[list[str]] = []

    def keep(command: list[str], **_: object) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", keep)
        with pytest.raises(SystemExit) as stopped:  # no result.json: an error, not a score
            exec(grader, {})
    assert stopped.value.code == 1
    pip, tests = commands
    assert pip[1:4] == ["-I", "-m", "pip"]
    for name in ("conftest.py", "sitecustomize.py", "torch.py", "autograder.py"):
        (tmp_path / name).write_text("raise SystemExit('the code of a student')")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --version")
    (tmp_path / "A7_2.ipynb").write_bytes((course / "mine.ipynb").read_bytes())
    for name, value in RUNNER.items():
        monkeypatch.setenv(name, value)
    more = ["--kischule-course", str(course), "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*tests, *more], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "A7_2.ipynb::filter_top_k[hidden]" in done.stdout


def test_a_submission_needs_its_tag() -> None:
    with pytest.raises(RunnerError, match="must begin with submit/, was: v1"):
        named_by_runner({**RUNNER, "SUBMISSION_TAG": "v1"})


@pytest.mark.parametrize("kind", ["judged", "ours"])
def test_a_failure_of_ours_writes_no_scores(tmp_path: Path, kind: str) -> None:
    def report(when: str, *properties: tuple[str, object]) -> SimpleNamespace:
        return SimpleNamespace(when=when, passed=True, user_properties=list(properties))

    file = ScoreFile(tmp_path / "result.json")
    score = (SCORE, _score(1.0, 2.0).as_data())
    for each in (report("setup"), report("call", score), report("teardown", score)):
        file.pytest_runtest_logreport(each)
    if kind == "ours":
        file.pytest_runtest_logreport(report("call"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in RUNNER.items():
            patch.setenv(name, value)
        file.pytest_sessionfinish(1)
    assert (tmp_path / "result.json").exists() == (kind == "judged")


def test_one_level_or_exercise_alone(course: Path) -> None:
    for more in (["mine.ipynb::encode_prompt[public]"], ["mine.ipynb", "-k", "encode and public"]):
        done = run(course, *more, "--kischule-course", ".", "-q", "--collect-only")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.startswith("mine.ipynb::encode_prompt[public]\n\n")


def test_a_notebook_of_no_release_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text("{")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "other.ipynb")
    done = run(tmp_path, ".", "--collect-only")
    assert done.returncode == 2
    assert "broken.ipynb: not JSON" in done.stdout
    assert "other.ipynb was made from no release in " in done.stdout
    assert "there are: a7_2/A7_2.ipynb, a7_2_en/A7_2.ipynb" in done.stdout


def test_the_packaged_release_is_the_default_under_any_name(tmp_path: Path) -> None:
    nbformat.write(filled(RELEASE, {}), tmp_path / "A7_2 (1).ipynb")
    done = run(tmp_path, ".", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 tests collected" in done.stdout
    assert "A7_2 (1).ipynb::greedy_decode[hidden]" in done.stdout


def test_without_the_flag_the_plugin_does_nothing(tmp_path: Path) -> None:
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "A7_2.ipynb")
    (tmp_path / "test_light.py").write_text(
        "import sys\ndef test_light():\n    assert 'autograder.grading.worker' not in sys.modules\n"
        "    assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("kind", ["ours", "no_reference"])
def test_what_we_could_not_judge_is_no_skip(kind: str) -> None:
    """A skipped test is green in most tools: nobody would see that nothing was judged."""
    result = Result.failed(
        PACKAGED["filter_top_k"], Level.PUBLIC, kind=kind, sentence=Text.same("not judged")
    )
    parent = SimpleNamespace(
        record=lambda: Record(
            key="", status=Status.GRADED, results=(replace(result, passed=None),)
        ),
        edition=SimpleNamespace(language="en", address="Sie"),
    )
    item = SimpleNamespace(parent=parent, grade_id=result.grade_id)
    with pytest.raises(NotPassedError, match="not judged"):
        ExerciseItem.runtest(item)  # type: ignore[arg-type]
