"""Files of a kernel's work folder, in and out."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.grading.work import FilesError, copy_in, take_out
from autograder.sandbox.namespaces import MAX_FILES


def test_copies_regular_files_and_nothing_else(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "more").mkdir(parents=True)
    (source / ".git").mkdir()
    for name in ("a.csv", "more/b.csv", "p.ipynb", ".hidden", ".git/config"):
        (source / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    (source / "link.csv").symlink_to(tmp_path / "secret")
    (source / "linked").symlink_to(tmp_path)
    copy_in(source, target)
    found = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert found == {"a.csv", "more/b.csv"}


@pytest.mark.parametrize(
    "name",
    [
        "../out",
        "/tmp/out",
        "a/../../out",
        "",
        ".",
        "p.ipynb",
        "link",
        "linked/out",
        "x\0",
        "y" * 999,
    ],
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "autograded"
    folder.mkdir()
    (folder / "p.ipynb").write_text("graded")
    (folder / "link").symlink_to(tmp_path / "out")
    (folder / "linked").symlink_to(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert take_out(folder, {name: b"x"}) == [name]
    assert sorted(tmp_path.rglob("*")) == before
    assert (folder / "p.ipynb").read_text() == "graded"
    assert take_out(folder, {"made/file": b"x"}) == []
    assert (folder / "made" / "file").read_bytes() == b"x"


def test_a_kernel_sends_no_thousands_of_files(tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="at most 1,000 files, sent: 1,001"):
        take_out(tmp_path, {str(number): b"" for number in range(MAX_FILES + 1)})
    assert not list(tmp_path.iterdir())
