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
from autograder.sandbox.namespaces import HOME, Limits, Visible, server_environment
from autograder.sandbox.syscalls import SandboxError
from kischule.models import elsewhere

VISIBLE = ("__init__.py", "sandbox")  # of this package, in a sandbox
START_S = 120.0  # for a server to start
MAX_STARTS = 3  # in a row, of a server that ends while it starts
END_S = 2.0  # for a server to end by itself
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


class ServerError(UserError, RuntimeError):
    """The fork server does not start, or has ended; the message says why."""


class ServerGoneError(ServerError):
    """A fork server or a supervisor has ended, as one that was killed; another may do its work."""


class Server(ABC):
    """A fork server, seen from the process that uses it."""

    sockets: Path  # a folder with one of each kernel
    pid = 0  # the process whose descendants are the kernels; 0: not known yet

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._started = False
        self._starting = threading.Lock()

    def ready(self, patience_s: float = START_S) -> None:
        """Wait until it forks. SandboxError; ServerGoneError if it ends first; or ServerError."""
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
        """A new folder for one kernel's channels. Raises as `ready`."""
        self.ready()
        folder = self.sockets / secrets.token_urlsafe(NAME_BYTES)  # no other kernel can guess it
        try:
            folder.mkdir(mode=0o700)
        except FileNotFoundError as error:  # it was a twin, of a server that is closed
            raise ServerGoneError("the fork server is gone, and its folder") from error
        if self._user != os.getuid():
            os.chown(folder, self._user, self._user)
        return folder

    def fork(
        self, channels: Path, connection: dict[str, Any], limits: Limits, arguments: list[str]
    ) -> socket.socket:
        """A kernel on these channels; the socket to its supervisor. Raises as `ready`."""
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

        tier: namespaces | landlock. What fails leaves nothing behind.
        """
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        super().__init__(control)
        self._key, self._temporary = (model, device, tier), Temporary()
        try:
            with theirs:
                self._process = self._begun(theirs.fileno())
        except Exception:
            self.leave()
            self._temporary.cleanup()
            raise
        self.pid = self._process.pid

    def _begun(self, control: int) -> "subprocess.Popen[bytes]":
        model, device, tier = self._key
        found_by, files = elsewhere(model)
        _check_readable(files)
        base = Path(self._temporary.name).resolve()
        self.sockets = base / "k"
        _check_short(self.sockets)
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
        variables = server_environment(HOME if tier == "namespaces" else view.root)
        request = json.dumps([control, asdict(view), model, sys.path[1:]])
        return subprocess.Popen(
            [sys.executable, "-s", "-c", START_CODE, request],
            pass_fds=[control],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**variables, **gpu.variables(device), **found_by},
            start_new_session=True,  # a Ctrl-C is for the worker, which ends kernels in order
        )

    def _wait(self, patience_s: float) -> None:
        try:
            super()._wait(patience_s)
        except ServerGoneError as error:
            raise ServerGoneError(f"{error} ({self._end()})") from error

    def _end(self) -> str:
        """The way in which it ended; it has closed its socket."""
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return "its process goes on"
        code = code - 256 if code > 128 else code  # of its child's end: see `namespaces.enter`
        return f"signal {-code}" if code < 0 else f"status {code}"

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
            self._process.wait(END_S)
        except Exception:
            self._process.kill()
            self._process.wait()
        with suppress(OSError):  # its kernels may be about to end, where it was killed
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
        """Asks for it; `ready` waits for it. ServerGoneError if there is nobody to ask."""
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
        self.pid = 0


def _asked(control: socket.socket, request: bytes) -> socket.socket:
    """Send a server a request and an end of a new socket; its other end. ServerGoneError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with theirs:
        try:
            socket.send_fds(control, [request], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ServerGoneError(f"the fork server is gone: {error.strerror}") from error
    return ours


def _user_of(control: socket.socket, patience_s: float) -> int:
    """The user as whom a server works, from its first message, which stays there for others."""
    try:
        control.settimeout(patience_s)
        message = _first_message(control)
    except TimeoutError as error:
        raise ServerError(f"the fork server did not start within {patience_s:g} s") from error
    except OSError as error:  # closed, by a thread that saw its end first
        raise ServerGoneError(f"the fork server is gone: {error.strerror}") from error
    if not message:
        raise ServerGoneError("the fork server ended while it started")
    if message.get("refused"):
        raise SandboxError(1, message["error"])
    if "error" in message:
        raise ServerError(f"the fork server does not start: {message['error']}")
    return int(message["user"])


def _first_message(control: socket.socket) -> dict[str, Any]:
    """The message with which a server starts; {} if it ended without one."""
    try:
        told = control.recv(MAX_SERVER_BYTES, socket.MSG_PEEK)
    except ConnectionResetError:  # said once, if it ended with requests unread; before its message
        told = control.recv(MAX_SERVER_BYTES, socket.MSG_PEEK)
    return dict(json.loads(told or b"{}"))


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


def started(model: str, device: str, tier: str) -> Server:
    """The server of this process, once it forks; one that ends while it starts is replaced.

    Raises SandboxError, or ServerError: ServerGoneError after MAX_STARTS in a row.
    """
    last = "it ended once it had started"
    for _ in range(MAX_STARTS):
        server = shared(model, device, tier)
        try:
            server.ready()
            if server.alive:
                return server
        except ServerGoneError as error:
            last = str(error)
        close_one(model, device, tier, server)  # `shared` may not see yet that it has ended
    raise ServerGoneError(f"{MAX_STARTS} fork servers in turn ended: {last}")


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


def close_one(model: str, device: str, tier: str, which: Server | None = None) -> None:
    """End one server of this process; which: only if it is still this one."""
    with _servers_lock:
        found = _servers.get((model, device, tier))
        if found is not None and which in (None, found):
            _servers.pop((model, device, tier)).close()


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
