"""The fork server: imports torch, transformers and ipykernel once, then forks a kernel per request.

Three kinds of processes, each the parent of the next:

server      started by `autograder.grading.servers`; one thread, in the outer sandbox (with
            `namespaces`, or with `landlock` where Linux grants none). It never
            holds what a case expects, a seed, or a submission, since every kernel inherits its
            memory. On request it forks another server, which serves another worker in the same way.
supervisor  one for each kernel: makes its namespaces, watches its memory, passes signals on and
            reports its end. It listens on the socket that came with the request; when the other
            end closes, the kernel dies.
kernel      ipykernel, confined.

The server forks before any of them has a second thread, and nothing here uses CUDA.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import re
import select
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from autograder.sandbox.landlock import Landlock
from autograder.sandbox.namespaces import GIVEN_FOLDER, Limits, Namespaces, Visible
from autograder.sandbox.syscalls import SandboxError, die_with_parent

ANOTHER = b"+"  # the request for another server, on the socket that comes with it
COMPUTED = b"?"  # the command that asks how long a kernel has computed, and ends one beyond a limit
WATCH_S = 0.1  # between two looks at a kernel's memory
DISK_WATCH = 5  # looks at its memory for one at its files
OF_KERNELS = (
    *("ipykernel.kernelapp", "tornado.platform.asyncio", "IPython.extensions.storemagic"),
    *("IPython.core.completer", "IPython.core.completerlib", "IPython.core.oinspect"),
    *("IPython.core.debugger", "IPython.core.magics.ast_mod", "IPython.core.magics.execution"),
)
Tier = Namespaces | Landlock
SANDBOX_TIERS: dict[str, type[Tier]] = {"namespaces": Namespaces, "landlock": Landlock}
_end_process = os._exit  # in a kernel `os._exit` ends a cell (see `shell`)
# proc_pid_status(5)
_OWN_MEMORY = re.compile(rb"^Rss(?:Anon|Shmem):\s*(\d+) kB$", re.MULTILINE)
_THREADS = re.compile(rb"^Threads:\s*(\d+)$", re.MULTILINE)


# --- the server ---------------------------------------------------------------------------------


def serve(control: socket.socket, view: Visible, model: str) -> None:
    """Enter the sandbox, load, say so, and fork for each request until the other end closes."""
    tier = SANDBOX_TIERS[view.tier]()
    try:
        tier.enter(view)
        gc.disable()  # nearly all that is loaded stays
        _load(model)
        if (threads := _threads()) != 1:
            raise RuntimeError(f"the fork server must have one thread, has {threads}")
    except SandboxError as error:
        _tell(control, refused=True, error=error.strerror)
        return
    except Exception as error:
        _tell(control, error=f"{type(error).__name__}: {error}")
        return
    gc.collect()
    gc.freeze()  # the collector must not touch, and so copy, what kernels share
    gc.enable()
    _tell(control, user=os.getuid())
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
            channel = socket.socket(fileno=handles[0])
            if content != ANOTHER:
                _exit_after(_supervise, channel, json.loads(content), tier)
            die_with_parent()
            control = channel
            _tell(control, user=os.getuid())
            continue
        for handle in handles:
            os.close(handle)


def _load(model: str) -> None:
    """Everything that a notebook is likely to import, and both copies of the model.

    One is the notebook's, one the checks'; a notebook has `mini` as well. A first text and a first
    picture make what torch and matplotlib make lazily.
    """
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import matplotlib.pyplot
    import torch
    import transformers.generation
    import transformers.utils.logging

    import kischule.models
    import kischule.plots
    from autograder.sandbox import agent, models

    _load_kernel()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()  # a bar has a thread that watches it
    models.model_of(model)  # first: it would take the one that is kept for the notebook
    for name in {model, "mini"}:
        kischule.models.keep(name)
    ids = models.tokenizer_of(model)("Once upon a time", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        for sampled in (False, True):
            models.model_of(model).generate(ids, max_new_tokens=2, do_sample=sampled)
    figure, axes = matplotlib.pyplot.subplots()
    axes.set_title("fonts")
    figure.savefig(io.BytesIO())
    matplotlib.pyplot.close("all")
    loaded = (transformers.generation, agent)
    assert all(loaded), "imported for what kernels share"


def _load_kernel() -> None:
    """Import what a kernel imports when it starts, but for its debugger: nobody asks for one.

    Half of a kernel's start would go into that. A notebook may import it all the same.
    """
    debugger = "debugpy"
    sys.modules[debugger] = None  # type: ignore[assignment]
    try:
        importlib.import_module("ipykernel.debugger")
    finally:
        del sys.modules[debugger]
    for name in OF_KERNELS:
        with contextlib.suppress(ModuleNotFoundError):  # of another version
            importlib.import_module(name)


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
        _end_process(0)
    except BaseException as error:
        try:
            _tell(channel, error=f"{type(error).__name__}: {error}")
        finally:
            _end_process(1)


# --- the supervisor -----------------------------------------------------------------------------


def _supervise(channel: socket.socket, request: dict[str, Any], tier: Tier) -> None:
    """Start the kernel and report on it: {"ready"}, {"cpu"} when asked, {"exit", "memory", ..}."""
    limits = Limits(**request["limits"])
    die_with_parent()
    os.setsid()
    tier.isolate(request["channels"])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    kernel = os.fork()
    if kernel == 0:
        ours.close()
        channel.close()
        _exit_after(_kernel, theirs, request, limits, tier)
    theirs.close()
    # opened now: the kernel is about to mount a /proc in which it is number 1
    status = os.open(f"/proc/{kernel}/status", os.O_RDONLY)
    times = os.open(f"/proc/{kernel}/stat", os.O_RDONLY)
    ours.send(b"go")
    end = os.pidfd_open(kernel)
    watch, killed = _Watch(status, kernel, limits, tier), ""
    waiting: list[Any] = [channel, ours, end]
    while end in waiting:
        readable, _, _ = select.select(waiting, [], [], WATCH_S)
        command = channel.recv(64) if channel in readable else b""
        reason = watch.look(command == COMPUTED)
        if reason and not killed:
            killed = reason
            os.kill(kernel, signal.SIGKILL)
        if channel in readable:
            if command == COMPUTED:
                if not killed:  # its end says so as well
                    _tell(channel, cpu=_computed(times))
            elif command:
                os.kill(kernel, int(command))
            else:  # nobody waits for this kernel any more
                killed = killed or "left"
                os.kill(kernel, signal.SIGKILL)
                waiting.remove(channel)
        if ours in readable:
            told = ours.recv(4096)
            if told == b"bound":
                tier.bound()
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
        memory=watch.most,
        cpu=usage.ru_utime + usage.ru_stime,
    )


class _Watch:
    """Looks at what a kernel uses; `most`: bytes of memory beyond those that it began with."""

    def __init__(self, status: int, kernel: int, limits: Limits, tier: Tier) -> None:
        self._status, self._kernel, self._limits, self._tier = status, kernel, limits, tier
        self._before, self.most, self._looks = _resident(status)[0], 0, 0

    def look(self, thoroughly: bool) -> str:
        """The limit that the kernel is beyond, or ""; thoroughly: its files are looked at now."""
        resident, threads = _resident(self._status)
        grown, self._looks = resident - self._before, self._looks + 1
        self.most = max(self.most, grown)
        if grown > self._limits.memory:
            return "memory"
        if threads > self._limits.threads:
            return "threads"
        thoroughly = thoroughly or self._looks % DISK_WATCH == 0
        full = thoroughly and self._tier.overfull(self._kernel, self._limits)
        return "disk" if full else ""


def _resident(status: int) -> tuple[int, int]:
    """Bytes of memory that are a process's own or shared with its parent, and its threads.

    Both are 0 when it is gone. Pages of files do not count: a model's weights are mapped, and there
    once for all kernels.
    """
    try:
        text = os.pread(status, 8192, 0)
    except OSError:
        return 0, 0
    return sum(map(int, _OWN_MEMORY.findall(text))) << 10, sum(map(int, _THREADS.findall(text)))


def _computed(times: int) -> float:
    """Seconds that a process has computed, from its `stat`; 0 when it is gone."""
    try:
        text = os.pread(times, 4096, 0)
    except OSError:
        return 0.0
    user, system = text.rpartition(b")")[2].split()[11:13]  # its name may contain anything
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _tell(channel: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens
        channel.send(json.dumps(message).encode())


# --- the kernel ---------------------------------------------------------------------------------


def _kernel(supervisor: socket.socket, request: dict[str, Any], limits: Limits, tier: Tier) -> None:
    """The student's process. Nothing below `app.start()` runs before all limits are in place."""
    supervisor.recv(16)
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDWR)
    tier.confine(limits)
    _close_all_but(supervisor.fileno(), null)
    given = Path(tier.channels, GIVEN_FOLDER)
    if given.is_dir():
        shutil.copytree(given, os.getcwd(), dirs_exist_ok=True)

    from ipykernel.kernelapp import IPKernelApp

    from autograder.sandbox import agent

    _other_random_numbers()
    connection = {**request["connection"], "ip": f"{tier.channels}/k", "transport": "ipc"}
    os.mkdir(os.environ["JUPYTER_RUNTIME_DIR"])
    file = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / "kernel.json"
    file.write_text(json.dumps(connection))
    app = IPKernelApp.instance()
    app.initialize(["-f", str(file), "--HistoryManager.enabled=False", *request["arguments"]])
    app.shell.enable_matplotlib("inline")  # which importing pyplot does, where there is a shell
    agent.install(app.kernel, given)
    tier.seal(limits)
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


def _close_all_but(kept: int, null: int) -> None:
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, kept)
    os.closerange(kept + 1, 1 << 16)


def run(handle: int, view: dict[str, Any], model: str) -> None:
    """The server's process, from its first line."""
    with socket.socket(fileno=handle) as control:
        lists = {name: tuple(view[name]) for name in ("trees", "visible", "devices")}
        serve(control, Visible(**{**view, **lists}), model)
    _end_process(0)  # torch would take its time to leave
