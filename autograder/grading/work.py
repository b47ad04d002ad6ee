"""The files of a kernel's work folder: copies of regular files, in and out.

A submission's folder may hold links, and what a kernel sends back is the student's: neither leads
anywhere but into the folder that is named here.
"""

import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from autograder.errors import UserError
from autograder.sandbox.namespaces import MAX_FILES, MAX_FILES_BYTES


class FilesError(UserError, ValueError):
    """Too many files, or too large ones, for a kernel's work folder."""


def copy_in(source: Path, target: Path) -> None:
    """Copy the regular files of a folder, but no notebooks, links or hidden files. FilesError."""
    target.mkdir(mode=0o755)
    size = count = 0
    for place, folders, names in os.walk(source):  # which follows no links
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = target / os.path.relpath(place, source)
        inside.mkdir(exist_ok=True)
        inside.chmod(0o755)  # for the ordinary user in the sandbox
        for name in names:
            path = Path(place) / name
            status = path.lstat()
            skipped = name.startswith(".") or name.endswith(".ipynb")
            if skipped or not stat.S_ISREG(status.st_mode):
                continue
            size, count = size + status.st_size, count + 1
            if size > MAX_FILES_BYTES or count > MAX_FILES:
                raise FilesError(
                    f"the files beside a notebook must be at most {MAX_FILES:,} with "
                    f"{MAX_FILES_BYTES:,} bytes, there are more in {source.name}"
                )
            shutil.copyfile(path, inside / name)
            (inside / name).chmod(0o644)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by relative path, with the folders that they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def remove(folder: Path) -> None:
    """Remove a kernel's folder, also where the student's code has closed folders in it.

    Its process may still be at work: no path is looked up twice, and no link is followed.
    """
    with suppress(OSError):
        for _, names, _, inside in os.fwalk(folder):
            for name in names:
                with suppress(NotADirectoryError, FileNotFoundError):  # a link, or gone
                    closed = os.open(
                        name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=inside
                    )
                    os.chmod(f"/proc/self/fd/{closed}", 0o700)
                    os.close(closed)
    shutil.rmtree(folder, ignore_errors=True)


def take_out(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write what a kernel sent back; returns the names that were refused.

    A notebook stays as nbgrader writes it, and no name leads out of the folder. Raises FilesError.
    """
    if len(files) > MAX_FILES:
        raise FilesError(f"a kernel may send at most {MAX_FILES:,} files, sent: {len(files):,}")
    return [name for name, content in files.items() if not _written(folder, name, content)]


def _written(folder: Path, name: str, content: bytes) -> bool:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or name.endswith(".ipynb"):
        return False
    path, root = folder.joinpath(*parts), folder.resolve()
    try:
        if not path.parent.resolve().is_relative_to(root):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            return False
        path.write_bytes(content)
    except (OSError, ValueError):  # a folder of that name, a name that is too long
        return False
    return True
