"""Reading archives: a bad entry is refused by name while the rest goes on."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from datetime import datetime, timezone
from pathlib import Path

import pytest
from support import school

from autograder.lms import archive
from autograder.lms.archive import ArchiveError, RefusedError, opened
from autograder.notebooks import reader


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
    path = _zip(tmp_path, ("x.ipynb", bytes(reader.MAX_BYTES + 1)), ("y.ipynb", b"{}"))
    assert path.stat().st_size < 300_000
    with opened(path) as found:
        assert "must not be larger than 200,000,000 bytes" in found.refused[0]
        assert [e.read() for e in found.entries] == [b"{}"]


def test_a_bomb_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("x.ipynb", bytes(reader.MAX_BYTES + 1000)))
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


NAMES = ("Jörg Müller/x.ipynb", "Größe/Straße.ipynb", "Ärger/Übung Öl.ipynb", "Zoë/é à ç.ipynb")


def _as_windows(path: Path, page: str, *names: str) -> Path:
    """A zip with names in a code page: Python writes placeholders, which are replaced."""
    entries = [(str(i) * len(name.encode(page)), b"%d" % i) for i, name in enumerate(names)]
    content = _zip(path, *entries).read_bytes()
    for (placeholder, _), name in zip(entries, names, strict=True):
        content = content.replace(placeholder.encode(), name.encode(page))
    (path / "submissions.zip").write_bytes(content)
    return path / "submissions.zip"


@pytest.mark.parametrize("page", ["cp437", "cp850", "cp1252"])
@pytest.mark.parametrize("names", [NAMES, *((name,) for name in NAMES), ("Jäger.ipynb",)])
def test_names_in_a_code_page_of_windows_are_read(
    tmp_path: Path, page: str, names: tuple[str, ...]
) -> None:
    with opened(_as_windows(tmp_path, page, *names)) as found:
        assert [str(e.path) for e in found.entries] == list(names)
        assert [e.read() for e in found.entries] == [b"%d" % i for i in range(len(names))]
        (note,) = found.notes
        assert f"{len(names)} names are not in UTF-8 and were read as cp" in note
        assert names[0] in note
        assert ("cp1252" in note) == (page == "cp1252")


def test_a_flag_that_is_not_true_costs_nobody_a_file(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("Jörg/x.ipynb", b"1"), ("Zoë/x.ipynb", b"2"))
    wrong = "Jörg".encode("cp1252") + b"-"
    path.write_bytes(path.read_bytes().replace("Jörg".encode(), wrong))
    with opened(path) as found:
        assert [str(e.path) for e in found.entries] == ["Jörg-/x.ipynb", "Zoë/x.ipynb"]
        assert [e.read() for e in found.entries] == [b"1", b"2"]


def test_a_name_in_utf_8_needs_no_flag(tmp_path: Path) -> None:
    path = _zip(tmp_path, ("Jörg/x.ipynb", b"1"))
    path.write_bytes(path.read_bytes().replace(b"\x00\x08", b"\x00\x00"))
    with opened(path) as found:
        assert [str(e.path) for e in found.entries] == ["Jörg/x.ipynb"]
        assert found.notes == ()


@pytest.mark.parametrize(("stale", "name"), [(False, "李/x.ipynb"), (True, "abc/x.ipynb")])
def test_the_unicode_field_counts_if_it_is_of_this_name(
    tmp_path: Path, stale: bool, name: str
) -> None:
    info = zipfile.ZipInfo("abc/x.ipynb")
    checksum = zlib.crc32(b"another name" if stale else b"abc/x.ipynb")
    data = struct.pack("<BL", 1, checksum) + "李/x.ipynb".encode()
    info.extra = struct.pack("<HH", 0x7075, len(data)) + data
    with opened(_zip(tmp_path, (info, b"1"))) as found:
        assert [str(e.path) for e in found.entries] == [name]


def test_bytes_of_windows_in_a_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode("Jörg".encode("cp850"))).mkdir()
    (tmp_path / os.fsdecode("Jörg".encode("cp850")) / "x.ipynb").write_bytes(b"{}")
    with opened(tmp_path) as found:
        assert [(str(e.path), e.read()) for e in found.entries] == [("Jörg/x.ipynb", b"{}")]
        assert "cp850" in found.notes[0]


def test_a_zip_inside_counts_as_its_files(tmp_path: Path) -> None:
    when = (2026, 11, 1, 12, 0, 0)
    inner = school.zipped(tmp_path / "i.zip", [("a/x.ipynb", b"1", when), ("../y", b"2", when)])
    files = [("m/i.zip", inner.read_bytes(), school.WHEN), ("m/broken.zip", b"PK", school.WHEN)]
    with opened(school.zipped(tmp_path / "o.zip", files), timezone.utc) as found:
        entry, broken = found.entries
        assert (str(entry.path), str(entry.inner)) == ("m/i.zip/a/x.ipynb", "a/x.ipynb")
        assert (str(entry.owned_path), str(broken.path)) == ("m/i.zip", "m/broken.zip")
        # handed in when the system says, whatever the student's clock said
        assert entry.modified == datetime(*school.WHEN, tzinfo=timezone.utc).timestamp()
        assert entry.saved == datetime(*when, tzinfo=timezone.utc).timestamp()
        assert entry.read() == b"1"
        assert found.refused == ("m/i.zip/../y: the path leads out of the archive",)


@pytest.mark.parametrize("name", ["", ".", "./"])
def test_an_empty_name_is_refused_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.ipynb", b"2")
        info = zipfile.ZipInfo("y")
        info.filename = name
        file.writestr(info, b"1")
    with opened(path) as found:
        assert [str(e.path) for e in found.entries] == ["x.ipynb"]
        assert [line.rpartition(": ")[2] for line in found.refused] == ["the name is empty"]


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
