"""Reading archives: a bad entry is refused by name while the rest goes on."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from support import school

from autograder.lms import archive
from autograder.lms.archive import ArchiveError, RefusedError, opened
from autograder.notebooks import intake


def _zip(tmp_path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    path = tmp_path / "submissions.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd.ipynb", "the path is absolute"),
        ("C:/Users/x.ipynb", "the path is absolute"),
        ("..\\..\\x.ipynb", "leads out of the archive"),
        ("a/../../x.ipynb", "leads out of the archive"),
        ("a/b\x1b[2J.ipynb", "control characters"),
        ("a/b\n.ipynb", "control characters"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_alone(tmp_path: Path, name: str, why: str) -> None:
    path = _zip(tmp_path, (name, b"evil"), ("good/x.ipynb", b"good"))
    with opened(path) as found:
        assert [str(e.path) for e in found.entries] == ["good/x.ipynb"]
        assert len(found.refused) == 1
        assert why in found.refused[0]
        assert "\x1b" not in found.refused[0]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/x.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with opened(_zip(tmp_path, (link, b"/etc/passwd"))) as found:
        assert found.entries == ()
        assert found.refused == ("a/x.ipynb: it is a link or a device",)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("x.ipynb", b"secret"))
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1  # the flag in the list of entries
    path.write_bytes(content)
    with opened(path) as found:
        assert found.refused == ("x.ipynb: it is encrypted",)


def test_a_bomb_is_refused_by_its_size_before_it_is_unpacked(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("x.ipynb", bytes(intake.MAX_BYTES + 1)), ("y.ipynb", b"{}"))
    assert path.stat().st_size < 300_000
    with opened(path) as found:
        assert "must not be larger than 200,000,000 bytes" in found.refused[0]
        assert [e.read() for e in found.entries] == [b"{}"]


def test_a_bomb_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("x.ipynb", bytes(intake.MAX_BYTES + 1000)))
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 100)  # the size in the list of entries
    path.write_bytes(content)
    with opened(path) as found, pytest.raises(RefusedError):
        found.entries[0].read()


def test_files_that_are_too_large_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1500)
    path = _zip(tmp_path, *[(f"{n}.ipynb", bytes(1000)) for n in range(3)])
    with opened(path) as found:
        found.entries[0].read()
        with pytest.raises(RefusedError, match="all files together must not exceed 1,500 bytes"):
            found.entries[1].read()


def test_a_damaged_file_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("x.ipynb", os.urandom(500)), ("y.ipynb", b"{}"))
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)
    with opened(path) as found:
        with pytest.raises(RefusedError, match="cannot be read"):
            found.entries[0].read()
        assert found.entries[1].read() == b"{}"


def test_names_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("Jörg/x.ipynb", b"1"), ("J#rg/x.ipynb", b"2"))
    content = path.read_bytes().replace(b"J#rg/x.ipynb", b"J\x94rg/x.ipynb")  # code page 437
    path.write_bytes(content)
    with opened(path) as found:
        assert [str(e.path) for e in found.entries] == ["Jörg/x.ipynb"]
        assert "neither ASCII nor UTF-8" in found.refused[0]
    unflagged = path.read_bytes().replace(b"\x00\x08", b"\x00\x00")
    path.write_bytes(unflagged)
    with opened(path) as found:
        assert "Jörg/x.ipynb" in [str(e.path) for e in found.entries]


def test_files_that_systems_leave_behind_are_passed_over(tmp_path: Path) -> None:
    names = ("__MACOSX/a/._x.ipynb", "a/.ipynb_checkpoints/x-checkpoint.ipynb", "a/.DS_Store")
    with opened(_zip(tmp_path, *[(n, b"") for n in names])) as found:
        assert found.entries == ()
        assert found.refused == ()


def test_a_folder_is_read_like_a_zip_and_its_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.ipynb").write_bytes(b"{}")
    (tmp_path / "a" / "y.ipynb").symlink_to("/etc/passwd")
    with opened(tmp_path) as found:
        assert [(str(e.path), e.read()) for e in found.entries] == [("a/x.ipynb", b"{}")]
        assert found.refused == ("a/y.ipynb: it is a link or a device",)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(50)])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="must be a zip file or a folder"), opened(path):
        pass
    with (
        pytest.raises(ArchiveError, match="must be a zip file or a folder"),
        opened(tmp_path / "no"),
    ):
        pass


def test_a_flipped_byte_raises_only_documented_errors(tmp_path: Path) -> None:
    path = school.zipped(tmp_path / "x.zip", [("a/x.ipynb", b"x" * 40, school.WHEN)])
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            with opened(path) as found:
                for entry in found.entries:
                    entry.read()
        except (ArchiveError, RefusedError):
            pass
