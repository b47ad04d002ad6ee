"""Temporary folders that survive no killed process for long: the next one sweeps them."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

PREFIX = "kischule-"
ALIVE = ".alive"  # a file that the owner holds locked


class Temporary(tempfile.TemporaryDirectory[str]):
    """A temporary folder of this process; folders of dead processes are removed first."""

    def __init__(self) -> None:
        sweep()
        super().__init__(prefix=PREFIX)
        new = Path(self.name) / f"{ALIVE}-new"
        self._alive = _locked(new, "w")
        if self._alive is not None:  # renamed when it is locked: no sweep sees it unlocked
            new.rename(Path(self.name) / ALIVE)

        _ours.add(self)

    def leave(self) -> None:
        """Leave the folder to the process that forked this one."""
        self._finalizer.detach()  # type: ignore[attr-defined]
        if self._alive is not None:
            self._alive.close()

    def cleanup(self) -> None:
        super().cleanup()
        if self._alive is not None:
            self._alive.close()


_ours: weakref.WeakSet[Temporary] = weakref.WeakSet()


def _leave_all() -> None:
    for folder in list(_ours):
        folder.leave()
    _ours.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_all)


def sweep() -> None:
    """Remove the folders that killed processes of this user left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not os.path.isfile(folder / ALIVE):  # not there, or in another user's folder
            continue
        file = _locked(folder / ALIVE, "r+")
        if file is not None:
            shutil.rmtree(folder, ignore_errors=True)
            file.close()


def _locked(path: Path, mode: str) -> IO[Any] | None:
    """The file, opened and locked; None if another process has it, or it is another user's."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: nothing is swept there
        return None
    try:
        file = open(path, mode)  # noqa: SIM115
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
