"""The fork servers of this process: started when a kernel is first wanted, shared, ended."""

import atexit
import json
import os
import secrets
import select
import socket
import stat
import struct
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import kischule
from autograder.errors import UserError
from autograder.files import PACKAGE
from autograder.grading import device as gpu
from autograder.grading.settings import SANDBOXES, Settings
from autograder.grading.temporary import Temporary
from autograder.sandbox.forkserver import ANOTHER
from autograder.sandbox.namespaces import HOME, Limits, Visible, home_variables
from autograder.sandbox.syscalls import SandboxError
from kischule.models import elsewhere

VISIBLE = ("__init__.py", "sandbox")  # of this package, in a sandbox
START_S = 120.0  # for a server to start
MAX_SERVER_BYTES = 65536
MAX_ADDRESS = 107  # bytes of a socket's, from the root folder: sun_path of unix(7)
NAME_BYTES = 6  # of a kernel's folder, random
LONGEST = f"/{'x' * (NAME_BYTES * 4 // 3)}/k-5"  # of what is below the folder of sockets
_SENDER = struct.Struct("3i")  # process, user and group: SCM_CREDENTIALS of unix(7)
_SENDER_SPACE = socket.CMSG_SPACE(_SENDER.size) if hasattr(socket, "CMSG_SPACE") else 0
ServerKey = tuple[str, str, str]  # model, device, tier
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


class Server(ABC):
    """A fork server, seen from the process that uses it."""

    sockets: Path  # a folder with one of each kernel
    pid = 0  # the process whose descendants are the kernels; 0: not known yet

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._started = False
        self._starting = threading.Lock()

    def ready(self, patience_s: float = START_S) -> None:
        """Wait until it forks. Raises SandboxError, or ServerError for all else."""
        with self._starting:
            if not self._started:
                self._wait(patience_s)

    def _wait(self, patience_s: float) -> None:
        self._user = _user_of(self._control, patience_s)
        self._started = True

    @property
    @abstractmethod
    def alive(self) -> bool:
        """False when it has ended."""

    def channels(self) -> Path:
        """A new folder for one kernel's channels."""
        self.ready()
        folder = self.sockets / secrets.token_urlsafe(NAME_BYTES)  # no other kernel can guess it
        folder.mkdir(mode=0o700)
        if self._user != os.getuid():
            os.chown(folder, self._user, self._user)
        return folder

    def fork(
        self, channels: Path, connection: dict[str, Any], limits: Limits, arguments: list[str]
    ) -> socket.socket:
        """A kernel on these channels; the socket to its supervisor. ServerError if it is gone."""
        self.ready()
        request = {
            "channels": channels.name,
            "connection": connection,
            "limits": asdict(limits),
            "arguments": arguments,
        }
        return _asked(self._control, json.dumps(request).encode())

    def leave(self) -> None:
        """Leave it to the process that forked this one; it ends when that one does."""
        self._control.close()

    def close(self) -> None:
        """End it and all its kernels."""
        self.leave()


class OwnServer(Server):
    """A fork server that this process has started."""

    def __init__(self, model: str, device: str, tier: str) -> None:
        """Starts it; `ready` waits for it. device: that kernels may open (see `device`).

        tier: namespaces | landlock.
        """
        found_by, files = elsewhere(model)
        _check_readable(files)
        self._temporary = Temporary()
        base = Path(self._temporary.name).resolve()
        self.sockets = base / "k"
        try:
            _check_short(self.sockets)
        except ServerError:
            self._temporary.cleanup()
            raise
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
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(control)
        self._key = (model, device, tier)
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
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def refused(self) -> bool:
        """True if it is known that there is no sandbox of its tier here."""
        readable, _, _ = select.select([self._control], [], [], 0)
        return bool(readable) and "refused" in _first_message(self._control)

    def offer(self) -> "Offer":
        """Offer this server to another process, which gets one that it forks."""
        return Offer(self._key, self.sockets, self._control)

    def close(self) -> None:
        """End it and all its kernels."""
        super().close()
        try:
            self._process.wait(2)
        except Exception:
            self._process.kill()
            self._process.wait()
        self._temporary.cleanup()


@dataclass(frozen=True)
class Offer:
    """A server that forks others: for worker processes, to which this may be sent."""

    key: ServerKey
    sockets: Path
    control: socket.socket  # of the server that another process has started


class Twin(Server):
    """A server that another process's has forked: it has loaded everything already."""

    def __init__(self, offer: Offer) -> None:
        """Asks for it; `ready` waits for it. Raises ServerError if there is nobody to ask."""
        super().__init__(_asked(offer.control, ANOTHER))
        self.sockets, self._origin = offer.sockets, offer.control

    def _wait(self, patience_s: float) -> None:
        _user_of(self._origin, patience_s)  # or the reason why there is none
        self._origin.close()
        super()._wait(patience_s)
        _, [(_, _, sender)], _, _ = self._control.recvmsg(MAX_SERVER_BYTES, _SENDER_SPACE)
        self.pid, _, _ = _SENDER.unpack(sender)  # as this process sees it, by the kernel's word

    @property
    def alive(self) -> bool:
        poll = select.poll()
        poll.register(self._control, 0)
        return not poll.poll(0)  # it hangs up when it ends

    def leave(self) -> None:
        super().leave()
        self._origin.close()


def _asked(control: socket.socket, request: bytes) -> socket.socket:
    """Send a server a request and one end of a new socket; returns the other end. ServerError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with theirs:
        try:
            socket.send_fds(control, [request], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ServerError(f"the fork server is gone: {error.strerror}") from error
    return ours


def _user_of(control: socket.socket, patience_s: float) -> int:
    """The user as whom a server works, from its first message, which stays there for others."""
    control.settimeout(patience_s)
    try:
        message = _first_message(control)
    except TimeoutError as error:
        raise ServerError(f"the fork server did not start within {patience_s:g} s") from error
    if message.get("refused"):
        raise SandboxError(1, message["error"])
    if "error" in message:
        raise ServerError(f"the fork server does not start: {message['error']}")
    return int(message["user"])


def _first_message(control: socket.socket) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        control.recv(MAX_SERVER_BYTES, socket.MSG_PEEK) or b'{"error": "it ended"}'
    )
    return found


def _check_short(sockets: Path) -> None:
    """ServerError for a temporary folder in which a socket's address would be too long."""
    excess = len(os.fsencode(sockets)) + len(LONGEST) - MAX_ADDRESS
    if excess > 0:
        raise ServerError(
            f"the sockets of kernels may have addresses of {MAX_ADDRESS} bytes, and would have "
            f"{excess} more below {sockets}; let TMPDIR name a folder with a shorter path"
        )


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


_servers: dict[ServerKey, Server] = {}
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
            server = _servers[model, device, tier] = OwnServer(model, device, tier)
        return server


def offer(settings: Settings) -> Offer | None:
    """Start a server, if there is none, that forks others for worker processes.

    None where there can be none, as far as is known yet. Raises ServerError for a model that
    no sandbox can read, and what `kischule.load` raises.
    """
    if sys.platform != "linux" or settings.isolation == "process":
        return None
    for tier in SANDBOXES if settings.isolation == "auto" else (settings.isolation,):
        key = settings.model, settings.device, tier
        found = _servers.get(key)
        if isinstance(found, OwnServer) and found.refused:
            continue
        found = shared(*key)
        return found.offer() if isinstance(found, OwnServer) else None
    return None


def adopt(offered: Offer) -> Server | None:
    """Take a server that another process offers; None if that is gone: `shared` starts one."""
    with _servers_lock, suppress(ServerError):
        _servers[offered.key] = Twin(offered)
        return _servers[offered.key]
    return None


def close_one(model: str, device: str, tier: str) -> None:
    """End one server of this process."""
    with _servers_lock:
        if server := _servers.pop((model, device, tier), None):
            server.close()


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
