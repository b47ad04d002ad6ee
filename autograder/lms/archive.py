"""Reading a zip or a folder from a system: hostile until shown otherwise.

Files are listed first and read one by one, with a limit; no file is unpacked under its own name.
Entries that must not be followed (absolute paths, `..`, links, encrypted or oversized entries,
names that are neither ASCII nor UTF-8) are refused by name, and the rest goes on.
"""

import os
import stat
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.errors import UserError
from autograder.notebooks import intake
from autograder.sandbox.text import clean

MAX_ENTRIES = 100_000
MAX_TOTAL_BYTES = 4_000_000_000  # bytes that are read of one archive
IGNORED = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db")


class ArchiveError(UserError, ValueError):
    """A file that cannot be read as an archive."""


class RefusedError(ValueError):
    """A file of an archive that is not accepted; the message says why."""


@dataclass(frozen=True)
class ArchiveFile:
    """A file in an archive."""

    path: PurePosixPath
    modified: float  # seconds since 1970
    read: Callable[[], bytes]  # raises RefusedError


@dataclass(frozen=True)
class Archive:
    """The files of an archive, and those that were refused."""

    entries: tuple[ArchiveFile, ...]
    refused: tuple[str, ...]  # a line each, with the reason


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a zip file or a folder. Raises ArchiveError."""
    if path.is_dir():
        yield _folder_archive(path)
        return
    try:
        file = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ArchiveError(f"must be a zip file or a folder, {path}: {error}") from error
    with file:
        yield _zip(file)


def _zip(file: zipfile.ZipFile) -> Archive:
    infos = file.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ArchiveError(f"must hold at most {MAX_ENTRIES:,} files, holds: {len(infos):,}")
    left = [MAX_TOTAL_BYTES]
    entries, refused = [], []
    for info in infos:
        if info.is_dir():
            continue
        try:
            path = _safe(_decoded_name(info))
            if _ignored(path):
                continue
            _check_entry(info)
        except RefusedError as error:
            refused.append(f"{clean(info.filename)}: {error}")
            continue
        entries.append(ArchiveFile(path, _modified(info), _limited_reader(file, info, left)))
    return Archive(tuple(entries), tuple(refused))


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """The entry's name: a flag says that it is UTF-8, but many programs write it without one."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")  # Python has read the bytes as code page 437
    except UnicodeError as error:
        raise RefusedError("the name is neither ASCII nor UTF-8") from error


def _safe(name: str) -> PurePosixPath:
    """The name as a relative path, in composed Unicode. Raises RefusedError."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    if clean(name) != name or "\n" in name or "\r" in name:
        raise RefusedError("the name has control characters")
    if name.startswith("/") or name[1:2] == ":":
        raise RefusedError("the path is absolute")
    path = PurePosixPath(name)
    if ".." in path.parts:
        raise RefusedError("the path leads out of the archive")
    return path


def _ignored(path: PurePosixPath) -> bool:
    """Return True for a file that systems and editors leave behind."""
    return any(part in IGNORED or part.startswith("._") for part in path.parts)


def _check_entry(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise RefusedError("it is a link or a device")
    if info.flag_bits & 0x1:
        raise RefusedError("it is encrypted")
    _check_size(info.file_size)


def _check_size(size: int) -> None:
    if size > intake.MAX_BYTES:
        raise RefusedError(f"must not be larger than {intake.MAX_BYTES:,} bytes, is: {size:,}")


def _modified(info: zipfile.ZipInfo) -> float:
    """The entry's time. A zip keeps local time; the teacher's zone is assumed."""
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _limited_reader(
    file: zipfile.ZipFile, info: zipfile.ZipInfo, left: list[int]
) -> Callable[[], bytes]:
    """left: bytes that may still be read of the whole archive."""

    def read() -> bytes:
        try:
            with file.open(info) as stream:
                content = stream.read(intake.MAX_BYTES + 1)  # a header may understate the size
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise RefusedError(f"cannot be read: {error}") from error
        except (NotImplementedError, RuntimeError) as error:
            raise RefusedError(f"cannot be unpacked: {error}") from error
        _check_size(len(content))
        left[0] -= len(content)
        if left[0] < 0:
            raise RefusedError(f"all files together must not exceed {MAX_TOTAL_BYTES:,} bytes")
        return content

    return read


def _folder_archive(root: Path) -> Archive:
    entries: list[ArchiveFile] = []
    refused: list[str] = []
    for path in _walk(root, refused):
        name = path.relative_to(root).as_posix()
        try:
            safe = _safe(name)
            if _ignored(safe):
                continue
            if path.is_symlink():
                raise RefusedError("it is a link or a device")
            entries.append(ArchiveFile(safe, path.lstat().st_mtime, _file_reader(path)))
        except (RefusedError, OSError) as error:
            refused.append(f"{clean(name)}: {error}")
    return Archive(tuple(entries), tuple(refused))


def _walk(root: Path, refused: list[str]) -> Iterable[Path]:
    def tell(error: OSError) -> None:
        refused.append(f"{error.filename}: {error.strerror}")

    for folder, _, names in os.walk(root, onerror=tell):
        yield from (Path(folder) / name for name in sorted(names))


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return intake.read_bytes(path)
        except intake.UnreadableError as error:
            raise RefusedError(str(error)) from error

    return read
