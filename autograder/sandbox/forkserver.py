"""The fork server: imports torch, transformers and ipykernel once, and forks a kernel per request.

Three kinds of processes, each the parent of the next:

server      `python -m autograder.sandbox.forkserver`, one thread, in the outer sandbox. It has
            never held what a case expects, a seed, or a hand-in: whatever is in its memory is in
            that of every kernel.
supervisor  one for each kernel: makes its namespaces, watches memory, passes signals on, reports
            its end. It listens to the socket that came with the request; when the other end is
            closed, the kernel dies.
kernel      ipykernel, confined.

The server forks before any of them has a second thread, and nothing here uses CUDA.
"""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import json
import os
import re
import select
import signal
import socket
import stat
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.sandbox import namespaces as sandbox
from autograder.sandbox.namespaces import CHANNELS, HOME, Limits, View

MODULES = (  # of this package, all that is visible in a sandbox
    "__init__.py",
    "sandbox",
    "checking/__init__.py",
    "checking/compare.py",
)
WATCH = 0.1  # seconds between two looks at a kernel's memory
_OWN = re.compile(rb"^Rss(?:Anon|Shmem):\s*(\d+) kB$", re.MULTILINE)  # proc_pid_status(5)


def environment() -> dict[str, str]:
    """All variables of the server, and so of its kernels: none of the caller's come along."""
    return {
        "HOME": HOME,
        "TMPDIR": f"{HOME}/tmp",
        "IPYTHONDIR": f"{HOME}/.ipython",
        "JUPYTER_RUNTIME_DIR": f"{HOME}/.jupyter",
        "MPLCONFIGDIR": f"{HOME}/.matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


# --- the server ---------------------------------------------------------------------------------


def serve(control: socket.socket, view: View, model: str) -> None:
    """Enter the sandbox, load, say so, and fork for each request until the other end closes."""
    try:
        sandbox.enter(view)
        _load(model)
        if (threads := _threads()) != 1:
            raise RuntimeError(f"the fork server must have one thread, has {threads}")
    except sandbox.SandboxError as error:
        _tell(control, refused=True, error=error.strerror)
        return
    except Exception as error:
        _tell(control, error=f"{type(error).__name__}: {error}")
        return
    gc.collect()
    gc.freeze()  # the collector must not touch, and so copy, what kernels share
    control.send(b"{}")
    while True:
        readable, _, _ = select.select([control], [], [], 1.0)
        _reap()
        if not readable:
            continue
        content, handles, _, _ = socket.recv_fds(control, 65536, 1)
        if not content:
            return
        if os.fork() == 0:
            control.close()
            _exit_after(_supervise, socket.socket(fileno=handles[0]), json.loads(content))
        for handle in handles:
            os.close(handle)


def _load(model: str) -> None:
    """Everything that a notebook is likely to import, and both copies of the model.

    One is the notebook's, one the checks'; a notebook has `mini` as well. A first text and a first
    picture make what torch and matplotlib make lazily.
    """
    import ipykernel.kernelapp
    import IPython.core.completer
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import matplotlib.pyplot
    import torch
    import transformers.generation
    import transformers.utils.logging

    import kischule.models
    import kischule.plots
    from autograder.sandbox import (
        agent,  # noqa: F401
        arguments,
    )

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()  # a bar has a thread that watches it
    arguments.model_of(model)  # first: it would take the one that is kept for the notebook
    for name in {model, "mini"}:
        kischule.models.keep(name)
    ids = arguments.tokenizer_of(model)("Once upon a time", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        for sampled in (False, True):
            arguments.model_of(model).generate(ids, max_new_tokens=2, do_sample=sampled)
    figure, axes = matplotlib.pyplot.subplots()
    axes.set_title("fonts")
    figure.savefig(io.BytesIO())
    matplotlib.pyplot.close("all")
    loaded = (ipykernel.kernelapp, IPython.core.completer, transformers.generation)
    assert all(loaded), "imported for what kernels share"


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _exit_after(run: Any, channel: socket.socket, *given: Any) -> None:
    """Run in a forked child, which must never return into the server's loop."""
    try:
        run(channel, *given)
        os._exit(0)
    except BaseException as error:
        try:
            _tell(channel, error=f"{type(error).__name__}: {error}")
        finally:
            os._exit(1)


# --- the supervisor -----------------------------------------------------------------------------


def _supervise(channel: socket.socket, request: dict[str, Any]) -> None:
    """Start the kernel and report on it: {"ready"}, then {"exit", "memory", ..}."""
    limits = Limits(**request["limits"])
    sandbox.die_with_parent()
    os.setsid()
    sandbox.isolate(request["channels"])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel = os.fork()
    if kernel == 0:
        ours.close()
        channel.close()
        _exit_after(_kernel, theirs, request, limits)
    theirs.close()
    # opened now: the kernel is about to mount a /proc in which it is number 1
    status = os.open(f"/proc/{kernel}/status", os.O_RDONLY)
    ours.send(b"go")
    end = os.pidfd_open(kernel)
    before, most = _resident(status), 0
    killed = ""
    waiting: list[Any] = [channel, ours, end]
    while end in waiting:
        readable, _, _ = select.select(waiting, [], [], WATCH)
        grown = _resident(status) - before
        most = max(most, grown)
        if grown > limits.memory and not killed:
            killed = "memory"
            os.kill(kernel, signal.SIGKILL)
        if channel in readable:
            command = channel.recv(64)
            if not command:  # nobody waits for this kernel any more
                killed = killed or "left"
            os.kill(kernel, int(command) if command else signal.SIGKILL)
            if not command:
                waiting.remove(channel)
        if ours in readable:
            told = ours.recv(4096)
            if told == b"bound":
                sandbox.seal_channels()
                ours.send(b"sealed")
                _tell(channel, ready=True)
            elif told:
                _tell(channel, error=json.loads(told)["error"])
            else:
                waiting.remove(ours)
        if end in readable:
            break
    _, code, usage = os.wait4(kernel, 0)
    _tell(
        channel,
        exit=os.waitstatus_to_exitcode(code),
        killed=killed,
        memory=most,
        cpu=usage.ru_utime + usage.ru_stime,
    )


def _resident(status: int) -> int:
    """Bytes of memory that are a process's own or shared with its parent; 0 when it is gone.

    Without pages of files: a model's weights are mapped, and there once for all kernels.
    """
    try:
        text = os.pread(status, 8192, 0)
    except OSError:
        return 0
    return sum(int(size) for size in _OWN.findall(text)) << 10


def _tell(channel: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens
        channel.send(json.dumps(message).encode())


# --- the kernel ---------------------------------------------------------------------------------


def _kernel(supervisor: socket.socket, request: dict[str, Any], limits: Limits) -> None:
    """The student's process. Nothing below `app.start()` runs before all limits are in place."""
    supervisor.recv(16)
    _close_all_but(supervisor.fileno())
    signal.set_wakeup_fd(-1)
    sandbox.confine(limits)

    from ipykernel.kernelapp import IPKernelApp

    from autograder.sandbox import agent

    _other_random_numbers()
    connection = {**request["connection"], "ip": f"{CHANNELS}/k", "transport": "ipc"}
    os.mkdir(os.environ["JUPYTER_RUNTIME_DIR"])
    file = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "kernel.json"
    file.write_text(json.dumps(connection))
    app = IPKernelApp.instance()
    app.initialize(["-f", str(file), "--HistoryManager.enabled=False", *request["arguments"]])
    app.shell.enable_matplotlib("inline")  # which importing pyplot does, where there is a shell
    agent.install(app.kernel)
    supervisor.send(b"bound")
    supervisor.recv(16)
    supervisor.close()
    app.start()


def _other_random_numbers() -> None:
    """A forked process goes on where its parent was; no two kernels should draw the same."""
    import random

    import numpy
    import torch

    random.seed()
    numpy.random.seed()
    torch.seed()


def _close_all_but(kept: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, kept)
    os.closerange(kept + 1, 1 << 16)


# --- for those who want kernels -----------------------------------------------------------------


class ServerError(RuntimeError):
    """The fork server does not start; the message says why."""


class Server:
    """A fork server, as its user has it."""

    def __init__(self, model: str = "mini", device: str = "cpu") -> None:
        """Starts it; `ready` waits for it. device: that kernels may open (see `device`)."""
        import subprocess

        import kischule
        from autograder.grading import device as gpu
        from autograder.grading.temporary import Temporary
        from kischule.models import elsewhere

        found_by, files = elsewhere(model)
        _check_readable(files)
        self._temporary = Temporary()
        base = Path(self._temporary.name).resolve()
        self.sockets = base / "k"
        self.sockets.mkdir()
        self.sockets.chmod(0o711)  # not to be listed; each kernel has a folder in it
        (base / "root").mkdir()
        package = Path(__file__).resolve().parent.parent
        view = View(
            root=str(base / "root"),
            sockets=str(self.sockets),
            trees=(str(Path(kischule.__file__).resolve().parent), *map(str, files)),
            package=str(package),
            modules=MODULES,
            devices=gpu.nodes(device),
        )
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps([theirs.fileno(), asdict(view), model, sys.path[1:]])
        start = (
            "import json, sys; f, v, m, p = json.loads(sys.argv[1]); sys.path[:] = p; "
            "from autograder.sandbox.forkserver import run; run(f, v, m)"
        )
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", start, request],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={**environment(), **gpu.variables(device), **found_by},
                start_new_session=True,  # a Ctrl-C is for the worker, which ends kernels in order
            )
        self._started = False
        self._numbers = itertools.count(1)
        self._starting = threading.Lock()

    def ready(self, patience: float = 120) -> None:
        """Wait until it forks. Raises SandboxError, or ServerError for all else."""
        with self._starting:
            if not self._started:
                self._wait(patience)

    def _wait(self, patience: float) -> None:
        self._control.settimeout(patience)
        try:
            message = json.loads(self._control.recv(65536) or b'{"error": "it ended"}')
        except TimeoutError as error:
            raise ServerError(f"the fork server did not start within {patience:g} s") from error
        if message.get("refused"):
            raise sandbox.SandboxError(1, message["error"])
        if "error" in message:
            raise ServerError(f"the fork server does not start: {message['error']}")
        self._started = True

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def channels(self) -> Path:
        """A new folder for one kernel's channels."""
        folder = self.sockets / str(next(self._numbers))
        folder.mkdir(mode=0o700)
        if os.getuid() == 0:
            os.chown(folder, sandbox.NOBODY, sandbox.NOBODY)
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


_shared: dict[tuple[str, str], Server] = {}
_lock = threading.Lock()


def shared(model: str = "mini", device: str = "cpu") -> Server:
    """This process's server, started at the first call and again when it has died."""
    import atexit

    with _lock:
        server = _shared.get((model, device))
        if server is not None and not server.alive:
            server.close()
            server = None
        if server is None:
            if not _shared:
                atexit.register(close)
            server = _shared[model, device] = Server(model, device)
        return server


def close() -> None:
    """End all servers of this process."""
    with _lock:
        for server in _shared.values():
            server.close()
        _shared.clear()


def run(handle: int, view: dict[str, Any], model: str) -> None:
    """The server's process, from its first line."""
    with socket.socket(fileno=handle) as control:
        lists = {name: tuple(view[name]) for name in ("trees", "modules", "devices")}
        serve(control, View(**{**view, **lists}), model)
