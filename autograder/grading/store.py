"""Records: what grading a submission came to, one file each, written atomically."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

FOLDER = ".kischule"


def write_atomically(path: Path, content: bytes, private: bool = False) -> None:
    """The file is there whole or not at all, also after a power cut.

    private: only its owner may read it; else whoever the umask lets.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
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


def _umask() -> int:
    value = os.umask(0o077)
    os.umask(value)
    return value


def key_of(*parts: bytes) -> str:
    """A name for content: two submissions have the same one only if every part is the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class Store:
    """The records of a course."""

    def __init__(self, course: Path) -> None:
        self.folder = course / FOLDER

    def read(self, assignment: str, student: str, key: str) -> dict[str, Any] | None:
        """The record of this student if it was made from the same content, else None."""
        try:
            record = json.loads(self._path(assignment, student).read_bytes())
        except (OSError, ValueError):
            return None
        return record["result"] if record.get("key") == key else None

    def write(self, assignment: str, student: str, key: str, result: dict[str, Any]) -> None:
        content = json.dumps({"key": key, "result": result}, ensure_ascii=False, indent=1)
        # a folder may have a name that is no text: its odd bytes become escapes, which JSON has too
        write_atomically(self._path(assignment, student), content.encode(errors="backslashreplace"))

    def _path(self, assignment: str, student: str) -> Path:
        return self.folder / "records" / assignment / f"{student}.json"

    def seed(self, file: Path | None = None) -> str:
        """The teacher's secret: a file's text, or one made for this course at its first grading."""
        path = file or self.folder / "seed"
        if file is None and not path.exists():
            write_atomically(path, secrets.token_hex(32).encode(), private=True)
        text = path.read_text(encoding="utf-8").strip()
        if len(text) < 16:
            raise ValueError(f"a seed must have at least 16 characters, {path} has: {len(text)}")
        return text


def seed_id(seed: str) -> str:
    """What may be said of a seed: enough to tell two apart, nothing to draw cases from."""
    return hashlib.sha256(b"kischule seed " + seed.encode()).hexdigest()[:12]
