"""Stock nbgrader takes our source: its default configuration, and a kernel that has kischule."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import nbformat
import pytest
from attacks import small
from support.nbgrader import nbgrader
from support.notebooks import A7_2, ROOT, filled

from autograder.notebooks.cells import (
    Role,
    by_id,
    exercise_of,
    grade_id_of,
    is_graded,
    points_of,
    read_notebook,
    reference_of,
    role,
    rubrics_of,
)

EXERCISES = ("encode_prompt", "filter_top_k", "filter_min_p")  # the last is a bonus
KEPT = {f"{prefix}{name}" for name in EXERCISES for prefix in ("", "test_", "hidden_")}
KEPT |= {"setup", "question_greedy", "observation_greedy"}
# a teacher changes points in the notebook: more than ours, and fewer
CHANGED = {"test_filter_top_k": 5, "hidden_filter_top_k": 0.5}


def some_cells(source: Any) -> Any:
    source.cells = [cell for cell in source.cells if grade_id_of(cell) in KEPT]
    for name, points in CHANGED.items():
        by_id(source)[name].metadata.nbgrader.points = points
    return source


def released(course: Path, assignment: str, source: Any) -> Path:
    """Put the source into a folder without any configuration; nbgrader's release of it."""
    path = course / "source" / assignment / "A7_2.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source, path)
    nbgrader(course, "generate_assignment", assignment)
    release = course / "release" / assignment / path.name
    text = release.read_text(encoding="utf-8")
    rubrics = rubrics_of(source)
    assert rubrics
    assert not any(secret in text for secret in ("MARK SCHEME", "SOLUTION", "HIDDEN TESTS"))
    assert not any(rubric[:20] in text for rubric in rubrics.values())
    for cell in read_notebook(release).cells:
        if role(cell) == Role.TEXT:
            assert cell.source == "YOUR ANSWER HERE"
    return release


def graded(course: Path, assignment: str, release: Path, source: Any) -> None:
    """Autograde a reference submission and an empty one, and make their feedback."""
    for student, sources in {"reference": reference_of(source), "blank": {}}.items():
        path = course / "submitted" / student / assignment / release.name
        path.parent.mkdir(parents=True)
        nbformat.write(filled(release, sources), path)
    nbgrader(course, "autograde", assignment)
    found = {(student, cell): row for student, cell, *row in small.rows(course / "gradebook.db")}
    cells = [cell for cell in source.cells if is_graded(cell)]
    assert len(found) == 2 * len(cells)
    for cell in cells:
        code, name = exercise_of(cell, A7_2) is not None, grade_id_of(cell)
        waits = [None, None, None, True]  # for the teacher
        full = [points_of(cell), None, None, False]
        assert found["reference", name] == (full if code else waits), name
        assert found["blank", name] == [0, None, None, False], name
    nbgrader(course, "generate_feedback", assignment)
    total = sum(points_of(cell) for cell in cells)
    possible = sum(points_of(cell) for cell in cells if exercise_of(cell, A7_2) is not None)
    for student, points in {"reference": possible, "blank": 0}.items():
        page = course / "feedback" / student / assignment / "A7_2.html"
        text = page.read_text(encoding="utf-8")
        assert f"(Score: {float(points)} / {float(total)})" in text
        assert "MARK SCHEME" not in text


def test_stock_nbgrader_grades_a_part_of_our_source(tmp_path: Path) -> None:
    source = some_cells(read_notebook(ROOT / "source" / "a7_2" / "A7_2.ipynb"))
    graded(tmp_path, "a7_2", released(tmp_path, "a7_2", source), source)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["a7_2", "a7_2_en"])
def test_stock_nbgrader_grades_our_source(
    tmp_path: Path, assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_notebook(ROOT / "source" / assignment / "A7_2.ipynb")
    release = released(tmp_path, assignment, source)
    graded(tmp_path, assignment, release, source)
    shown = io.StringIO()
    monkeypatch.setattr("nbgrader.validator.Validator.stream", shown)
    submitted = tmp_path / "submitted" / "reference" / assignment / release.name
    nbgrader(tmp_path, "validate", str(submitted))
    assert shown.getvalue() == "Success! Your notebook passes all the tests.\n"
