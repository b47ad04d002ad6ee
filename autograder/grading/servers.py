"""The fork servers of this process: started when a kernel is first wanted, shared, ended."""

import atexit
import itertools
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import kischule
from autograder.errors import UserError
from autograder.files import PACKAGE
from autograder.grading import device as gpu
from autograder.grading.temporary import Temporary
from autograder.sandbox.namespaces import HOME, Limits, Visible, home_variables
from autograder.sandbox.syscalls import SandboxError
from kischule.models import elsewhere

VISIBLE = ("__init__.py", "sandbox")  # of this package, in a sandbox
START_S = 120.0  # for a server to start
START_CODE = (
    "import json, sys; f, v, m, p = json.loads(sys.argv[1]); sys.path[:] = p; "
    "from autograder.sandbox.forkserver import run; run(f, v, m)"
)


def server_environment(home: str) -> dict[str, str]:
    """All variables of the server, and so of its kernels: none of the caller's come along."""
    return {
        **home_variables(home),
        "USER": "student",  # nobody has to look for a name in /etc/passwd
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LANG": "C.UTF-8",
        "NBGRADER_EXECUTION": "autograde",  # for test cells that ask
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same each time
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


class ServerError(UserError, RuntimeError):
    """The fork server does not start, or has ended; the message says why."""


class Server:
    """A fork server, seen from the process that uses it."""

    def __init__(self, model: str, device: str, tier: str) -> None:
        """Starts it; `ready` waits for it. device: that kernels may open (see `device`).

        tier: namespaces | landlock.
        """
        found_by, files = elsewhere(model)
        _check_readable(files)
        self._temporary = Temporary()
        base = Path(self._temporary.name).resolve()
        self.sockets = base / "k"
        self.sockets.mkdir()
        self.sockets.chmod(0o711)  # not to be listed; each kernel has a folder in it
        if os.getuid() == 0:
            base.chmod(0o711)  # for the ordinary user in the sandbox
        (base / "root").mkdir()
        view = Visible(
            root=str(base / "root"),
            sockets=str(self.sockets),
            trees=(str(Path(kischule.__file__).resolve().parent), *map(str, files)),
            package=str(PACKAGE.resolve()),
            visible=VISIBLE,
            devices=gpu.nodes(device),
            tier=tier,
        )
        home = HOME if tier == "namespaces" else view.root
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([theirs.fileno(), asdict(view), model, sys.path[1:]])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-c", START_CODE, request],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={**server_environment(home), **gpu.variables(device), **found_by},
                start_new_session=True,  # a Ctrl-C is for the worker, which ends kernels in order
            )
        self._started = False
        self._numbers = itertools.count(1)
        self._starting = threading.Lock()

    def ready(self, patience_s: float = START_S) -> None:
        """Wait until it forks. Raises SandboxError, or ServerError for all else."""
        with self._starting:
            if not self._started:
                self._wait(patience_s)

    def _wait(self, patience_s: float) -> None:
        self._control.settimeout(patience_s)
        try:
            message = json.loads(self._control.recv(65536) or b'{"error": "it ended"}')
        except TimeoutError as error:
            raise ServerError(f"the fork server did not start within {patience_s:g} s") from error
        if message.get("refused"):
            raise SandboxError(1, message["error"])
        if "error" in message:
            raise ServerError(f"the fork server does not start: {message['error']}")
        self._user = int(message["user"])
        self._started = True

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def channels(self) -> Path:
        """A new folder for one kernel's channels."""
        self.ready()
        folder = self.sockets / str(next(self._numbers))
        folder.mkdir(mode=0o700)
        if self._user != os.getuid():
            os.chown(folder, self._user, self._user)
        return folder

    def fork(
        self, channels: Path, connection: dict[str, Any], limits: Limits, arguments: list[str]
    ) -> socket.socket:
        """A kernel on these channels; the socket to its supervisor. ServerError if it is gone."""
        self.ready()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {
            "channels": channels.name,
            "connection": connection,
            "limits": asdict(limits),
            "arguments": arguments,
        }
        with theirs:
            try:
                socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise ServerError(f"the fork server is gone: {error.strerror}") from error
        return ours

    def leave(self) -> None:
        """Leave it to the process that forked this one; it ends when that one does."""
        self._control.close()

    def close(self) -> None:
        """End it and all its kernels."""
        self._control.close()
        try:
            self._process.wait(2)
        except Exception:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()


def _check_readable(places: Iterable[Path]) -> None:
    """ServerError for a model's file that root alone may read: in the sandbox nobody is root."""
    if os.getuid() != 0:
        return
    for place in places:
        files = place.iterdir() if place.is_dir() else [place]
        for file in (place, *files):
            if not file.stat().st_mode & stat.S_IROTH:
                raise ServerError(
                    f"the sandbox runs as an ordinary user, who must be able to read {file}; "
                    f"let everybody: chmod -R a+rX {place}"
                )


_servers: dict[tuple[str, str, str], Server] = {}
_servers_lock = threading.Lock()


def shared(model: str = "mini", device: str = "cpu", tier: str = "namespaces") -> Server:
    """The server of this process, started at the first call and again when it has died."""
    with _servers_lock:
        server = _servers.get((model, device, tier))
        if server is not None and not server.alive:
            server.close()
            server = None
        if server is None:
            if not _servers:
                atexit.register(close_all)
            server = _servers[model, device, tier] = Server(model, device, tier)
        return server


def close_all() -> None:
    """End all servers of this process."""
    with _servers_lock:
        for server in _servers.values():
            server.close()
        _servers.clear()


def _leave_all() -> None:
    """Forget, in a forked child, the parent's servers and whoever held the lock."""
    global _servers_lock
    _servers_lock = threading.Lock()
    for server in _servers.values():
        server.leave()
    _servers.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_leave_all)
