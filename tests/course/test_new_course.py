"""`kischule new course`: from an empty folder to a course."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.cli import main
from autograder.cli.language import of_course
from autograder.course.configuration import course_config
from autograder.course.release import source_notebooks


@pytest.mark.parametrize(("language", "title"), [("de", "# Ein Kurs"), ("en", "# A course")])
def test_a_new_course_has_all_that_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, title: str
) -> None:
    folder = tmp_path / "informatik" / "kurs"
    assert main(["new", "course", str(folder), "--language", language]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == [
        *(".gitignore", "README.md", "nbgrader_config.py", "release", "source")
    ]
    assert source_notebooks(folder, "a7_2")[0].name == "A7_2.ipynb"
    assert (folder / "release" / "a7_2" / "A7_2.ipynb").is_file()
    assert course_config(folder).CourseDirectory.course_id == "kischule"
    assert course_config(folder).Kischule.language == of_course(folder) == language
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(title)
    assert len(readme.splitlines()) <= 12
    assert "/submitted/" in (folder / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("kept", encoding="utf-8")
    for target in (tmp_path, tmp_path / "mine.txt"):
        assert main(["new", "course", str(target)]) == 2
        assert "the folder for a new course must be empty, was: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
