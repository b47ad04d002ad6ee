"""A course of a teacher's own: exercises added, changed, dropped and reordered in its folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support.notebooks import EXERCISES, ROOT
from support.own import own_cell

from autograder.checking.carried import VARIABLE, CarriedError, cell_of, known_in, own_exercises
from autograder.checking.check import check
from autograder.cli import main
from autograder.course.gradebook import Course
from autograder.course.ours import exercises_of
from autograder.course.release import stale_files
from autograder.exercises.exercise import PACKAGED, ExerciseError, exercises_for_assignment
from autograder.exercises.packing import pack, unpack
from autograder.notebooks.cells import by_id, read_notebook, reference_of, with_solutions
from autograder.notebooks.editions import CARRIED, carried_by, language_of
from autograder.precheck.precheck import precheck

pytestmark = pytest.mark.usefixtures("in_this_process")

OWN = """\
id: apply_logit_bias
title: {de: 'Logits verschieben', en: 'Shifting logits'}
parameters: [logits, bias]
checker: tensor
read: {de: 'Aufgabe 4', en: 'Exercise 4'}
cases:
  - {logits: {vector: [0.0, 1.0, -2.0]}, bias: [1.0, 0.0, 0.5]}
hidden:
  - {logits: {generate: logits, size: 3}, bias: [0.5, 1.0, -2.0]}
rounds: 2
"""
SOLUTION = "def apply_logit_bias(logits, bias):\n    return logits + torch.tensor(bias)"
WRONG = "def apply_logit_bias(logits, bias):\n    return logits - torch.tensor(bias)"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """repetition_rate is dropped, filter_top_k comes first and gives 5 points, one is new."""
    root = tmp_path_factory.mktemp("own")
    small.make(root)
    folder = root / "exercises" / "small"
    folder.mkdir(parents=True)
    (folder / "apply_logit_bias.yaml").write_text(OWN, encoding="utf-8")
    path = root / "source" / "small" / small.NAME
    source = read_notebook(path)
    cells = by_id(source)
    cells["test_filter_top_k"].metadata.nbgrader["points"] = 5
    names = ["setup", *(f"{p}{n}" for n in ("filter_top_k", "encode_prompt") for p in PREFIXES)]
    call = 'check("apply_logit_bias", hidden=True)'
    source.cells = [
        *(cells[name] for name in names),
        own_cell(f"### BEGIN SOLUTION\n{SOLUTION}\n### END SOLUTION", "apply_logit_bias"),
        own_cell('check("apply_logit_bias")', "test_apply_logit_bias", points=1),
        own_cell(
            f"### BEGIN HIDDEN TESTS\n{call}\n### END HIDDEN TESTS",
            "hidden_apply_logit_bias",
            points=3,
        ),
    ]
    nbformat.write(source, path)
    assert main(["release", "small", "--course", str(root)]) == 0
    return root


PREFIXES = ("", "test_", "hidden_")


def _released(course: Path) -> Any:
    return read_notebook(course / "release" / "small" / small.NAME)


def _carried(course: Path) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(by_id(_released(course))["kischule_exercises"].source, namespace)
    return namespace


def test_the_course_grades_its_own_exercise(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = reference_of(read_notebook(course / "source" / "small" / small.NAME))
    for student, more in {"anna": {}, "bert": {"apply_logit_bias": WRONG}}.items():
        path = course / "submitted" / student / "small" / small.NAME
        path.parent.mkdir(parents=True)
        nbformat.write(with_solutions(_released(course), {**reference, **more}), path)
    assert main(["grade", "small", "--course", str(course), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = {row["student"]: row for row in report["submissions"]}
    assert (rows["anna"]["score"], rows["anna"]["max_score"]) == (13, 13)
    assert (rows["bert"]["score"], rows["bert"]["max_score"]) == (9, 13)
    found = {
        (e["id"], e["level"]): (e["points"], e["max_points"]) for e in rows["bert"]["exercises"]
    }
    assert found["filter_top_k", "public"] == (5, 5)
    assert found["apply_logit_bias", "hidden"] == (0, 3)
    assert rows["anna"]["exercises"][0]["id"] == "filter_top_k"
    for command in ("feedback", "report"):
        assert main([command, "small", "--course", str(course)]) == 0
    pages = [course / "feedback" / s / "small" / "small.html" for s in ("anna", "bert")]
    assert all("Logits verschieben" in page.read_text(encoding="utf-8") for page in pages)


def test_the_notebook_alone_runs_its_public_checks(course: Path, tmp_path: Path) -> None:
    """In a process that has the package and the notebook's cells, and nothing of the course."""
    carried = by_id(_released(course))["kischule_exercises"].source
    code = f"import torch\nfrom autograder import check\n{carried}\n{SOLUTION}\n" + (
        "assert check('apply_logit_bias').passed\n"
        "apply_logit_bias = lambda logits, bias: logits\n"
        "assert check('apply_logit_bias').passed is False\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=dict(os.environ), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_precheck_compares_with_the_courses_own_release(course: Path, tmp_path: Path) -> None:
    """An exercise that the teacher dropped is not missing, and a new one is checked."""
    reference = reference_of(read_notebook(course / "source" / "small" / small.NAME))
    path = tmp_path / small.NAME
    nbformat.write(with_solutions(_released(course), reference), path)
    found = precheck(path)
    assert (found.passed, found.findings) == (True, [])
    points = {result.exercise: result.points for result in found.results}
    assert points == {"filter_top_k": 5, "encode_prompt": 1, "apply_logit_bias": 1}
    nbformat.write(with_solutions(_released(course), {"apply_logit_bias": WRONG}), path)
    found = precheck(path)
    assert found.open == ["filter_top_k", "encode_prompt", "apply_logit_bias"]
    assert found.results[-1].kind == "value"


def test_an_exercise_does_not_wait_for_a_dropped_one() -> None:
    assert own_exercises(EXERCISES) == {}
    kept = replace(EXERCISES["sample_decode"], needs=("filter_top_p",))
    namespace: dict[str, Any] = {}
    exec(cell_of(own_exercises({**EXERCISES, "sample_decode": kept})), namespace)
    assert list(known_in(namespace).carried) == ["sample_decode"]
    assert known_in(namespace)["sample_decode"].needs == ("filter_top_p",)


def test_a_damaged_release_in_a_notebook_is_left_alone(course: Path) -> None:
    notebook = _released(course)
    assert carried_by(notebook) is not None
    packed = notebook.metadata[CARRIED]["release"]
    for damaged in (packed[:-4], "x", pack(b"[]"), pack(b"{"), 7, None):
        notebook.metadata[CARRIED]["release"] = damaged
        assert carried_by(notebook) is None
    for path in ("a7_2", "a7_2_en"):
        assert CARRIED not in read_notebook(ROOT / "release" / path / "A7_2.ipynb").metadata


def test_nothing_hidden_is_carried(course: Path) -> None:
    exercise = known_in(_carried(course))["apply_logit_bias"]
    text = unpack(_released(course).metadata[CARRIED]["release"]).decode()
    assert SOLUTION not in text
    assert "hidden=True" not in text
    assert (exercise.solution, exercise.hidden) == ("", ())
    assert [case.expected is not None for case in exercise.cases] == [True]
    namespace = {**_carried(course), "apply_logit_bias": lambda logits, bias: logits}
    with pytest.raises(ExerciseError, match="apply_logit_bias has no hidden cases here"):
        check("apply_logit_bias", hidden=True, namespace=namespace)


def test_a_changed_cell_is_refused_in_a_sentence(course: Path) -> None:
    text = _carried(course)[VARIABLE]
    for changed in (text[:-8], "x" + text[1:], "Ä", text[:20]):
        with pytest.raises(CarriedError, match=f"{VARIABLE} must stay as it was released"):
            known_in({VARIABLE: changed})


def test_a_file_that_is_missing_is_named(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source" / "small").mkdir(parents=True)
    text = (course / "source" / "small" / small.NAME).read_text(encoding="utf-8")
    (tmp_path / "source" / "small" / small.NAME).write_text(text, encoding="utf-8")
    assert main(["release", "small", "--course", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "name the exercise 'apply_logit_bias', which has no file apply_logit_bias.yaml" in said


def test_a_courses_file_takes_precedence(course: Path) -> None:
    """A text that is changed alone, of an exercise of the package's."""
    text = PACKAGED.paths["encode_prompt"].read_text(encoding="utf-8")
    folder = course / "exercises" / "small"
    (folder / "encode_prompt.yaml").write_text(text.replace("read:", "time_limit_s: 7\nread:"))
    try:
        found = exercises_for_assignment(course, "small")
        assert found["encode_prompt"].time_limit_s == 7
        assert found["filter_top_k"] == PACKAGED["filter_top_k"]
        assert exercises_for_assignment(course, "small_en")["encode_prompt"].time_limit_s == 7
        assert exercises_for_assignment(course, "other")["encode_prompt"].time_limit_s != 7
    finally:
        (folder / "encode_prompt.yaml").unlink()


def test_a_translation_has_the_exercises_and_english_messages(course: Path, tmp_path: Path) -> None:
    """A third language, a title and a hint of its own, a notebook with another name."""
    for part in ("exercises/small", "source/small"):
        shutil.copytree(course / part, tmp_path / part)
    shutil.copytree(course / "source" / "small", tmp_path / "source" / "small_fr")
    (path,) = (tmp_path / "source" / "small_fr").iterdir()
    path = path.rename(path.with_name("Petit.ipynb"))
    folder = tmp_path / "exercises" / "small_fr"
    folder.mkdir()
    hint = "{de: 'Indice', en: 'Indice'}"
    own = OWN.replace("Shifting logits", "Logits").replace(
        "cases:", f"hints: [{hint}, {hint}, {hint}]\ncases:"
    )
    (folder / "apply_logit_bias.yaml").write_text(own, encoding="utf-8")
    assert stale_files(tmp_path, "small_fr") == ["AGENTS.md", "Petit.ipynb"]  # and can be built
    found = {n: exercises_of(Course(tmp_path).directory(), n) for n in ("small", "small_fr")}
    assert list(found["small"]) == list(found["small_fr"])
    assert found["small"]["apply_logit_bias"].title.en == "Shifting logits"
    assert found["small_fr"]["apply_logit_bias"].title.en == "Logits"
    assert found["small_fr"]["apply_logit_bias"].hints[0].de == "Indice"
    assert [language_of(n) for n in ("small", "small_de", "small_en", "small_fr")] == [
        *("de", "de"),
        *("en", "en"),
    ]
    result = check(
        "apply_logit_bias",
        namespace={**_carried(course), "apply_logit_bias": lambda logits, bias: logits},
    )
    assert result.told(language_of("small_fr")) == result.told("en") != result.told("de")
