"""Two of the package's assignments in one course, graded into one gradebook."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from support.notebooks import ROOT

from autograder.cli import main
from autograder.course.new_course import CONFIG
from autograder.notebooks.cells import read_notebook, reference_of, with_solutions

SUBMITTED = {  # assignment -> full marks of its code, bonus included, and one exercise left out
    "a7_2": (52.0, "filter_top_k", 3.0),
    "a7_3": (41.0, "train_step", 5.0),
}


@pytest.mark.slow
def test_two_assignments_share_a_gradebook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    for name, (_, left_out, _) in SUBMITTED.items():
        shutil.copytree(ROOT / "source" / name, tmp_path / "source" / name)
        (released,) = (ROOT / "release" / name).glob("*.ipynb")
        (source,) = (ROOT / "source" / name).glob("*.ipynb")
        reference = reference_of(read_notebook(source))
        for student in ("ada", "bob"):
            # bob lacks an exercise; what builds on it is judged with a working one
            sources = {n: s for n, s in reference.items() if student == "ada" or n != left_out}
            path = tmp_path / "submitted" / student / name / released.name
            path.parent.mkdir(parents=True)
            nbformat.write(with_solutions(read_notebook(released), sources), path)
    for name, (full, left_out, lost) in SUBMITTED.items():
        capsys.readouterr()
        command = ["grade", name, "--course", str(tmp_path), "--jobs", "1", "--json", "-"]
        assert main(command) == 0
        report = json.loads(capsys.readouterr().out)
        scores = {s["student"]: s["score"] for s in report["submissions"]}
        assert scores == {"ada": full, "bob": full - lost}
        (bob,) = (s for s in report["submissions"] if s["student"] == "bob")
        failed = {e["id"] for e in bob["exercises"] if e["passed"] is False}
        assert failed == {left_out}
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}", "kischule") as book:
        assert {a.name for a in book.assignments} == set(SUBMITTED)
        for name, (full, _, lost) in SUBMITTED.items():
            for student, score in (("ada", full), ("bob", full - lost)):
                assert book.find_submission(name, student).score == score
