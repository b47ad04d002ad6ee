"""The committed release is made from the source as it is, and gives nothing away."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from support.notebooks import A7_2, EXERCISES, RELEASE, ROOT, SOURCE, short

from autograder.cli import main
from autograder.course import release
from autograder.exercises.exercise import Level
from autograder.notebooks.cells import metadata_of, read_notebook, rubrics_of
from autograder.notebooks.editions import in_language

LEVELS = (Level.PUBLIC, Level.HIDDEN)
ENGLISH = ROOT / "release" / "a7_2_en" / "A7_2.ipynb"


@pytest.mark.parametrize("assignment", ["a7_2", "a7_2_plus", "a7_3"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_committed_release_is_fresh(
    assignment: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["release", assignment, "--language", language, "--check", "--course", str(ROOT)]
    assert main(command) == 0
    fresh, *_ = capsys.readouterr().out.splitlines()  # below it: what it was made with here
    assert fresh == f"fresh: release/{in_language(assignment, language)}"


@pytest.mark.parametrize("path", [RELEASE, ENGLISH], ids=["de", "en"])
def test_the_release_holds_no_solution_and_no_output(path: Path, reference: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    rubrics = rubrics_of(read_notebook(ROOT / "source" / path.parent.name / path.name))
    assert len(rubrics) == 4
    secrets = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME", *(r[:40] for r in rubrics.values()))
    for secret in (*secrets, "Bewertung (2", "Marks (2"):
        assert secret not in text
    cells = read_notebook(path).cells
    # the text at the start names the call, for a student's own cells
    assert not any("hidden=True" in c.source for c in cells if c.cell_type == "code")
    released = {metadata_of(c).get("grade_id"): c for c in cells}
    for name, solution in reference.items():
        assert released[name].source != solution
        if released[name].cell_type == "code":
            assert released[name].source.endswith("raise NotImplementedError()")
    assert not any(c.get("outputs") for c in released.values())


def test_points_of_the_release_are_those_of_the_source() -> None:
    def points(path: Path) -> dict[str, float]:
        cells = [metadata_of(c) for c in read_notebook(path).cells]
        return {c["grade_id"]: c["points"] for c in cells if c.get("grade")}

    assert points(RELEASE) == points(SOURCE)
    assert sorted(EXERCISES) == list(A7_2)
    for name, exercise in EXERCISES.items():
        expected = exercise.points.public, exercise.points.hidden
        assert min(expected) > 0
        given = tuple(points(SOURCE)[f"{level.prefix}{name}"] for level in LEVELS)
        assert given == ((0, 0) if exercise.bonus else expected)


def test_the_notebook_leads_to_its_own_release_in_colab() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    assert "colab.research.google.com/github/insitubytes/kischule/blob/main/release/a7_2/" in text
    assert "github.com/insitubytes/kischule" in (ROOT / "pyproject.toml").read_text()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "source", tmp_path / "source")
    shutil.copytree(ROOT / "release", tmp_path / "release")
    path = tmp_path / "source" / "a7_2" / "A7_2.ipynb"
    nbformat.write(short(read_notebook(path)), path)
    return tmp_path


def test_saving_the_source_does_not_make_the_release_stale(course: Path) -> None:
    path = course / "source" / "a7_2" / "A7_2.ipynb"
    before = release.build_release(course, "a7_2")
    notebook = read_notebook(path)
    notebook.metadata.kernelspec.display_name = "Python 3 (ipykernel)"
    notebook.metadata["language_info"] = {
        "name": "python",
        "version": "3.12.1",
        "file_extension": ".py",
    }
    nbformat.write(notebook, path)
    assert release.build_release(course, "a7_2") == before


def _edit(course: Path, grade_id: str, old: str, new: str) -> None:
    path = course / "source" / "a7_2" / "A7_2.ipynb"
    notebook = read_notebook(path)
    cell = next(c for c in notebook.cells if metadata_of(c).get("grade_id") == grade_id)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


def test_a_changed_source_makes_the_release_stale(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _edit(course, "top_tokens", "absteigend", "das größte zuerst")
    assert main(["release", "a7_2", "--check", "--course", str(course)]) == 1
    assert "stale: release/a7_2/A7_2.ipynb" in capsys.readouterr().out


def test_a_wrong_reference_or_solved_notebook_is_refused(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reference that is wrong, and one outside its markers; both are named."""
    before = (course / "release" / "a7_2" / "A7_2.ipynb").read_bytes()
    _edit(course, "next_token_probs", "torch.softmax(logits, dim=-1)", "logits")
    head = "def apply_temperature(logits, temperature):"
    solution = "return logits if temperature is None else logits / temperature"
    _edit(course, "apply_temperature", head, f"{head}\n    {solution}")
    assert main(["release", "a7_2", "--course", str(course)]) == 2
    message = capsys.readouterr().err
    assert "test_next_token_probs: the reference solution must pass: Call: " in message
    assert "test_apply_temperature: the empty notebook must not pass" in message
    assert (course / "release" / "a7_2" / "A7_2.ipynb").read_bytes() == before


def test_points_in_the_cell_of_a_bonus_are_named(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = course / "source" / "a7_2" / "A7_2.ipynb"
    notebook = read_notebook(path)
    cell = next(c for c in notebook.cells if metadata_of(c).get("grade_id") == "test_beam_search")
    cell.metadata.nbgrader.points = 7
    nbformat.write(notebook, path)
    assert main(["release", "a7_2", "--course", str(course)]) == 2
    assert "test_beam_search: a bonus's cell must give 0 points, was: 7" in capsys.readouterr().err


def test_a_test_cell_holds_its_check_and_nothing_else(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worker takes the cell's place during grading: an assert beside it would not run."""
    check = 'check("top_tokens")'
    _edit(course, "test_top_tokens", check, f"assert top_tokens\n{check}")
    assert main(["release", "a7_2", "--course", str(course)]) == 2
    assert f"a test cell must hold {check} and nothing else" in capsys.readouterr().err


def test_an_unknown_assignment_is_named_beside_the_known_ones(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("release", "grade"):
        assert main([command, "a9_9", "--course", str(course)]) == 2
        assert "no assignment 'a9_9'" in (message := capsys.readouterr().err)
        assert "there are: a7_2, a7_2_en" in message
    assert main(["release", "a9_9", "--language", "en", "--course", str(course)]) == 2
    assert "no assignment 'a9_9_en'" in capsys.readouterr().err
