"""The Jupyter kernel provisioner `kischule-forkserver`: kernels from the fork server.

The kernelspec in `kernels/kischule` names it. Where that is installed (`jupyter kernelspec
install`), nbclient, nbgrader, papermill or `jupyter execute --kernel_name=kischule` get a sandboxed
kernel with torch, transformers and the model loaded. A kernel's channels are Unix sockets in a
folder of its own; no port is opened.
"""

import asyncio
import contextlib
import json
import math
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Float, Int

from autograder.grading import servers
from autograder.grading.isolation import decide
from autograder.grading.settings import trait
from autograder.grading.work import copy_in, remove
from autograder.sandbox.forkserver import COMPUTED
from autograder.sandbox.namespaces import GIVEN_FOLDER, Limits

PROVISIONER = "kischule-forkserver"
KERNEL = "kischule"
ANSWER_S = 2.0  # for a supervisor to answer
LOOK_S = 0.02  # between two looks for the end of a thread
_Result = TypeVar("_Result")


class ForkServerProvisioner(KernelProvisionerBase):
    """One kernel, from this process's fork server."""

    isolation = trait("isolation")
    model = trait("model")
    device = trait("device")
    memory_mib = trait("memory_mib")
    cpu_limit_s = Int(Limits.cpu_seconds, help="seconds of computing").tag(config=True)
    files = Bool(False, help="copy the files of its work folder into it").tag(config=True)
    start_limit_s = Float(60.0, help="seconds until its channels are there").tag(config=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.end: dict[str, Any] | None = None  # the supervisor's report of its end
        self._computed: float | None = None  # the supervisor's last answer
        self._server: servers.Server | None = None  # from whose folder its channels are
        self._channel: Any = None
        self._folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self._channel is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        self._server = await _in_thread(self._started)
        self._folder = self._server.channels()
        if self.files and kwargs.get("cwd"):
            copy_in(Path(kwargs["cwd"]), self._folder / GIVEN_FOLDER)
        manager = self.parent
        manager.transport, manager.ip = "ipc", str(self._folder / "k")
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        arguments = kwargs.pop("extra_arguments", [])
        kwargs.pop("transport_encryption", None)  # nobody else sees these sockets
        return await super().pre_launch(cmd=[KERNEL, *arguments], **kwargs)

    def _started(self) -> servers.Server:
        tier = self.isolation
        if tier == "auto":
            tier = decide(tier, self.model, self.device).mode
        return servers.started(self.model, self.device, tier)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        info = self.parent.get_connection_info(session=False)
        connection = {n: v.decode() if isinstance(v, bytes) else v for n, v in info.items()}
        limits = Limits(
            memory=self.memory_mib << 20,
            cpu_seconds=self.cpu_limit_s,
            gpu=self.device != "cpu",
        )
        assert self._server is not None
        assert self._folder is not None
        channel = self._server.fork(self._folder, connection, limits, cmd[1:])
        channel.setblocking(False)
        self._channel, self.end = channel, None
        loop = asyncio.get_running_loop()
        try:
            told = await asyncio.wait_for(loop.sock_recv(channel, 65536), self.start_limit_s)
        except asyncio.TimeoutError as error:
            self._left()
            raise servers.ServerError(
                f"no kernel within {self.start_limit_s:g} s from the fork server"
            ) from error
        except OSError:  # as if it had said nothing
            told = b""
        message = json.loads(told or b"{}")
        if not message.get("ready"):
            self._left()
            if "error" not in message:
                raise servers.ServerGoneError("a kernel ended while it started")
            raise servers.ServerError(f"a kernel cannot be started: {message['error']}")
        return self.connection_info

    async def poll(self) -> int | None:
        self._listen()
        if self.end is not None:
            return int(self.end["exit"])
        return None if self.has_process else 0

    def _listen(self) -> None:
        """Take what the supervisor has said, if anything."""
        while self._channel is not None and self.end is None:
            try:
                told = self._channel.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                told = b""
            message = json.loads(told) if told else {"exit": -int(signal.SIGKILL)}
            if "exit" in message:
                self.end = message
            elif "cpu" in message:
                self._computed = float(message["cpu"])

    async def computed(self) -> float:
        """Seconds that the kernel has computed; infinite if its supervisor does not say."""
        self._computed, deadline = None, time.monotonic() + ANSWER_S
        await self._command(COMPUTED)
        while self._computed is None and self.end is None and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
            self._listen()
        if self.end is not None:
            return float(self.end.get("cpu", math.inf))
        return math.inf if self._computed is None else self._computed

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.01)
        self._left()
        return code

    async def send_signal(self, signum: int) -> None:
        await self._command(str(int(signum)).encode())

    async def _command(self, command: bytes) -> None:
        if self._channel is not None:
            with contextlib.suppress(OSError):  # it has ended
                self._channel.send(command)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)  # process 1 of a namespace has no other end

    async def cleanup(self, restart: bool = False) -> None:
        self._left()
        if self._folder is not None:
            remove(self._folder)

    def _left(self) -> None:
        """Let the supervisor go; it kills the kernel if there is one."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Do the work in a thread of its own, and look for its end.

    The event loop may come from a process that forked this one: the threads of its executor are
    not there, and what would wake it up is shared with the parent.
    """
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        while not future.done():
            await asyncio.sleep(LOOK_S)
        return future.result()
