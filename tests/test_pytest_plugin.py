"""`pytest --kischule`: a test for each exercise and level, with the student's sentence."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import pytest
from attacks import small
from support.notebooks import RELEASE, filled

from autograder.checking.result import Result
from autograder.course import release
from autograder.exercises.exercise import PACKAGED, Level
from autograder.exercises.known import known_wrong
from autograder.grading.record import Record, Status
from autograder.pytest_plugin import ExerciseItem, NotPassedError
from kischule.i18n import Text


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
    assert "broken.ipynb: not JSON: " in done.stdout
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
        edition=SimpleNamespace(language="en"),
    )
    item = SimpleNamespace(parent=parent, grade_id=result.grade_id)
    with pytest.raises(NotPassedError, match="not judged"):
        ExerciseItem.runtest(item)  # type: ignore[arg-type]
