"""Files: written whole or not at all, and the ones that come with the package."""

import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent


def write_atomically(path: Path, content: bytes, private: bool = False) -> None:
    """Write a file that is there whole or not at all, also after a power cut.

    private: only its owner may read it; otherwise the umask decides.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.chmod(temporary, 0o600 if private else 0o666 & ~_umask())
            os.fsync(handle)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name, too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _umask() -> int:
    value = os.umask(0o077)
    os.umask(value)
    return value


def packaged(part: str) -> Path:
    """The folder source, release or known of this checkout, or its copy in an installed wheel."""
    copy = PACKAGE / "_data" / part
    if copy.is_dir():
        return copy
    return PACKAGE.parent / ("tests" if part.startswith("known") else "") / part
