"""Reading a zip or a folder from a system: hostile until shown otherwise.

Files are listed first and read one by one, with a limit; no file is unpacked under its own name.
Entries that must not be followed (absolute paths, `..`, links, encrypted or oversized entries) are
refused by name, and the rest goes on. A zip within the archive counts as the files in it.

A zip keeps local time without a zone, and names that are not UTF-8 without their code page; both
are decided here.
"""

import io
import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path, PurePosixPath

from autograder.errors import UserError, system_reason
from autograder.lms import messages, zip_names
from autograder.notebooks import intake, reader
from autograder.notebooks.messages import CANNOT_READ
from autograder.sandbox.text import clean
from kischule.i18n import Line, Text, text_of

MAX_ENTRIES = 100_000
MAX_TOTAL_BYTES = 4_000_000_000  # bytes that are read of one archive
IGNORED = ("__MACOSX", ".ipynb_checkpoints", ".git", ".DS_Store", "Thumbs.db", "desktop.ini")


class ArchiveError(UserError, ValueError):
    """A file that cannot be read as an archive."""


class RefusedError(UserError, ValueError):
    """A file of an archive that is not accepted; the message says why."""


@dataclass(frozen=True)
class ArchiveFile:
    """A file in an archive."""

    path: PurePosixPath
    modified: float  # seconds since 1970; in an inner zip: of that zip, which the system dated
    read: Callable[[], bytes]  # raises RefusedError
    inner: PurePosixPath | None = None  # the path within an inner zip
    saved: float = 0.0  # the file's own time within an inner zip

    @property
    def owned_path(self) -> PurePosixPath:
        """The path by which the system names the owner: of the inner zip, if there is one."""
        if self.inner is None:
            return self.path
        return PurePosixPath(*self.path.parts[: -len(self.inner.parts)])


@dataclass(frozen=True)
class Archive:
    """The files of an archive, those that were refused, and remarks."""

    entries: tuple[ArchiveFile, ...]
    refused: tuple[str, ...] = ()  # a line each, with the reason
    notes: tuple[str, ...] = ()


@dataclass
class _Reading:
    """An archive that is being listed."""

    zone: tzinfo | None
    left: int = field(default_factory=lambda: MAX_TOTAL_BYTES)  # bytes that may still be read
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def finished(self, entries: Iterable[ArchiveFile]) -> Archive:
        files = tuple(self._with_inner(entries))
        return Archive(files, tuple(self.refused), tuple(self.notes))

    def _with_inner(self, entries: Iterable[ArchiveFile]) -> Iterator[ArchiveFile]:
        """Put the files of inner zips in their place; one that cannot be opened stays a file."""
        for entry in entries:
            inner: list[ArchiveFile] = []
            if entry.path.suffix.lower() == ".zip":
                try:
                    file = _open_zip(io.BytesIO(entry.read()))
                    inner = self.listed(file, f"{entry.path}/")
                except RefusedError as error:
                    self.refused.append(of_file(entry.path, error.text))
                    continue
                except ArchiveError:
                    pass
            for each in inner:
                path, saved = entry.path / each.path, each.modified
                dated = replace(each, modified=entry.modified, saved=saved)
                yield replace(dated, path=path, inner=each.path)
            if not inner:
                yield entry

    def listed(self, file: zipfile.ZipFile, prefix: str = "") -> list[ArchiveFile]:
        """List a zip's files; prefix: of their names in messages."""
        infos = file.infolist()
        if len(infos) > MAX_ENTRIES:
            told = messages.MANY_FILES.format(limit=MAX_ENTRIES, was=len(infos))
            raise ArchiveError(told)
        names = self.decoded(list(map(zip_names.known, infos)))
        entries = []
        for info, name in zip(infos, names, strict=True):
            if name.replace("\\", "/").endswith("/") and not info.file_size:
                continue  # a folder
            try:
                path = _safe(name)
                if _ignored(path):
                    continue
                _check_entry(info)
            except RefusedError as error:
                self.refused.append(of_file(f"{prefix}{clean(name)}", error.text))
                continue
            entries.append(ArchiveFile(path, self._modified(info), self._reader(file, info)))
        return entries

    def decoded(self, names: Sequence[str | bytes]) -> list[str]:
        """Decode names that came as bytes, all by one code page, and note which it was."""
        unknown = [name for name in names if isinstance(name, bytes)]
        page = zip_names.code_page(unknown)
        found = [n if isinstance(n, str) else n.decode(page, "replace") for n in names]
        if unknown:
            example = next(f for n, f in zip(names, found, strict=True) if n is unknown[0])
            text = clean(example) + (", …" if len(unknown) > 1 else "")
            about = {"count": len(unknown), "page": page, "example": text}
            self.notes.append(Line(messages.OTHER_CODE_PAGE.format(**about)))
        return found

    def _modified(self, info: zipfile.ZipInfo) -> float:
        """The entry's time, which a zip keeps as local time."""
        try:
            return datetime(*info.date_time, tzinfo=self.zone).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0

    def _reader(self, file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            try:
                with file.open(info) as stream:
                    content = stream.read(reader.MAX_BYTES + 1)  # a header may understate the size
            except Exception as error:  # zipfile raises whatever the damaged place provokes
                told = CANNOT_READ.format(reason=clean(str(error)))
                raise RefusedError(told) from error
            _check_size(len(content))
            self.left -= len(content)
            if self.left < 0:
                raise RefusedError(messages.TOO_MUCH.format(limit=MAX_TOTAL_BYTES))
            return content

        return read


@contextmanager
def opened(path: Path, zone: tzinfo | None = None) -> Iterator[Archive]:
    """Open a zip file or a folder. Raises ArchiveError.

    zone: of the times in a zip; default: this machine's.
    """
    reading = _Reading(zone)
    if path.is_dir():
        yield reading.finished(_folder_files(path, reading))
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise _no_archive(path, system_reason(error)) from error
    with stream:
        try:
            file = _open_zip(stream)
        except ArchiveError as error:
            raise _no_archive(path, error.text) from error
        yield reading.finished(reading.listed(file))


def gathered(files: Iterable[tuple[str, Path, float, float]]) -> Archive:
    """Make an archive of files that were fetched: name, place, and two times as in ArchiveFile."""
    reading, entries = _Reading(None), list[ArchiveFile]()
    for name, place, modified, saved in files:
        try:
            path = _safe(name)
        except RefusedError as error:
            reading.refused.append(of_file(clean(name), error.text))
            continue
        if not _ignored(path):
            entries.append(ArchiveFile(path, modified, _file_reader(place), saved=saved))
    return reading.finished(entries)


def _no_archive(path: Path, reason: Text) -> ArchiveError:
    return ArchiveError(messages.NO_ARCHIVE.format(path=path, reason=reason))


def of_file(path: object, reason: str | Text) -> Line:
    """A line about a file of the archive."""
    return Line(messages.OF_FILE.format(path=path, reason=text_of(reason)))


def _open_zip(stream: io.BytesIO | io.BufferedReader) -> zipfile.ZipFile:
    try:
        try:
            return zipfile.ZipFile(stream)
        except UnicodeDecodeError:
            stream.seek(0)
            return zipfile.ZipFile(io.BytesIO(zip_names.with_true_flags(stream.read())))
    except Exception as error:  # zipfile raises whatever the damaged place provokes
        raise ArchiveError(clean(str(error))) from error


def _safe(name: str) -> PurePosixPath:
    """The name as a relative path, in composed Unicode. Raises RefusedError."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    if clean(name) != name or "\n" in name or "\r" in name:
        raise RefusedError(messages.CONTROL_CHARACTERS)
    if name.startswith("/") or name[1:2] == ":":
        raise RefusedError(messages.ABSOLUTE)
    path = PurePosixPath(name)
    if ".." in path.parts:
        raise RefusedError(messages.LEADS_OUT)
    if not path.parts:
        raise RefusedError(messages.NO_NAME)
    return path


def _ignored(path: PurePosixPath) -> bool:
    """Return True for a file that systems and editors leave behind."""
    return any(part in IGNORED or part.startswith("._") for part in path.parts)


def _check_entry(info: zipfile.ZipInfo) -> None:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise RefusedError(messages.LINK)
    if info.flag_bits & 0x1:
        raise RefusedError(messages.ENCRYPTED)
    _check_size(info.file_size)


def _check_size(size: int) -> None:
    if size > reader.MAX_BYTES:
        raise RefusedError(messages.LARGE_FILE.format(limit=reader.MAX_BYTES, size=size))


def _folder_files(root: Path, reading: _Reading) -> Iterator[ArchiveFile]:
    paths = list(_walk(root, reading.refused))
    names = [zip_names.of_path(path.relative_to(root)) for path in paths]
    for path, name in zip(paths, reading.decoded(names), strict=True):
        try:
            safe = _safe(name)
            if _ignored(safe):
                continue
            if path.is_symlink():
                raise RefusedError(messages.LINK)
            entry = ArchiveFile(safe, path.lstat().st_mtime, _file_reader(path))
        except (RefusedError, OSError) as error:
            reason = error.text if isinstance(error, RefusedError) else str(error)
            reading.refused.append(of_file(clean(name), reason))
            continue
        yield entry


def _walk(root: Path, refused: list[str]) -> Iterator[Path]:
    def tell(error: OSError) -> None:
        refused.append(of_file(clean(str(error.filename)), system_reason(error)))

    for folder, folders, names in os.walk(root, onerror=tell):
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return intake.read_bytes(path)
        except reader.UnreadableError as error:
            raise RefusedError(error.text) from error

    return read
