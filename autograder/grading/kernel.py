"""A student's kernel, seen from the worker: runs cells and calls functions, and trusts nothing.

nbclient drives the cells. Messages of a kernel are limited in size and number before they are read,
outputs are cut while they arrive, and a message that breaks the protocol costs no more than the
cell that it belongs to.
"""

import asyncio
import contextlib
import json
import logging
import math
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from autograder.grading.environment import plain_environment
from autograder.grading.messages import CELL_TIMEOUT, INVALID_MESSAGE, both
from autograder.grading.outputs import OutputLimit, error_output
from autograder.grading.provisioner import KERNEL, PROVISIONER
from autograder.grading.servers import ServerGoneError
from autograder.grading.settings import Settings
from autograder.grading.temporary import Temporary
from autograder.grading.work import write_files
from autograder.notebooks.starting import TRANSPORT_ENCRYPTION
from autograder.sandbox import wire
from autograder.sandbox.agent import REPLY, REQUEST
from autograder.sandbox.student import WALL_CLOCK_FACTOR, Arguments, CallError, Reply

MESSAGE_BYTES = wire.MAX_MESSAGE_BYTES + 65_536
MAX_WAITING = 64  # messages that a channel holds for us
GRACE_S = 5.0  # for a kernel to reply after it was interrupted
NO_CALLS = {"function": "", "calls": [], "time_limit_s": 1}
TIMEOUT_ERROR = "CellTimeoutError"
CROWD = 3  # processes that compute on each core
START_LIMIT_S = 60.0  # until a kernel is there


class KernelGoneError(RuntimeError):
    """The kernel ended, or had to be ended. reason: died | timeout | memory | disk."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KernelSpecs(KernelSpecManager):
    """One kernel: from the fork server, or the plain one of this interpreter."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.ensure_native_kernel = settings.isolation == "process"
        self._settings = settings

    def get_kernel_spec(self, name: str) -> KernelSpec:
        if self._settings.isolation == "process":
            return super().get_kernel_spec(name)
        provisioner = {
            "provisioner_name": PROVISIONER,
            "config": {
                "isolation": self._settings.isolation,
                "model": self._settings.model,
                "device": self._settings.device,
                "memory_mib": self._settings.memory_mib,
                "cpu_limit_s": int(self._settings.total_limit_s) + 1,
                "files": True,
            },
        }
        metadata = {"kernel_provisioner": provisioner}
        return KernelSpec(argv=[KERNEL], language="python", metadata=metadata)


class _Client(NotebookClient):
    """nbclient, on a kernel that is not to be trusted."""

    def __init__(self, notebook: Any, **settings: Any) -> None:
        super().__init__(notebook, **settings)
        self.log = logging.getLogger("kischule.kernel")
        self.log.addHandler(logging.NullHandler())
        self.log.propagate = False
        self.limit = OutputLimit()
        self.timed_out = False
        self.status = ""
        self.on_cell_executed = self._executed

    async def async_start_new_kernel_client(self) -> Any:
        """Wait until the kernel is heard on both channels, instead of nbclient's fixed time."""
        self.kc = self.km.client()
        self.kc.start_channels()
        deadline = time.monotonic() + START_LIMIT_S
        heard = answered = False
        while not (heard and answered):
            if time.monotonic() > deadline or not await self.km.is_alive():
                raise KernelGoneError("died")
            self.kc.kernel_info()
            answered = answered or await _any(self.kc.shell_channel, 1.0)
            heard = heard or await _any(self.kc.iopub_channel, 0.2)
        self.kc.allow_stdin = False
        return self.kc

    def _executed(self, execute_reply: Any, **_: Any) -> None:
        self.timed_out = execute_reply["content"].get("ename") == TIMEOUT_ERROR
        self.status = str(execute_reply["content"].get("status", ""))

    def output(self, outs: list[Any], msg: Any, display_id: Any, cell_index: int) -> Any:
        """Keep outputs up to the limit; drop the rest as it arrives."""
        if self.limit.absorbs(outs, msg):
            return None
        return super().output(outs, msg, display_id, cell_index)

    def _update_display_id(self, display_id: str, msg: Any) -> None:
        if not self.limit.absorbs([], msg):
            super()._update_display_id(display_id, msg)

    def handle_comm_msg(self, outs: list[Any], msg: Any, cell_index: int) -> None:
        """Ignore widgets, which have no front end here."""


class Kernel:
    """One kernel and the notebook that runs in it. Not thread-safe."""

    def __init__(
        self, notebook: Any, settings: Settings, files: Mapping[str, bytes] | None = None
    ) -> None:
        """files: of the work folder, by relative path."""
        self.settings, self._files = settings, files or {}
        sources = "\0".join(cell.source for cell in notebook.cells)
        self._seed = zlib.crc32(sources.encode("utf-8", "replace"))  # of its random numbers
        self._loop = asyncio.new_event_loop()
        self._context = bounded_context(MESSAGE_BYTES)
        self._folder = Temporary()
        self._client = _Client(
            notebook,
            timeout=int(settings.time_limit_s),  # whole seconds; `execute` sets each cell's
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout={"ename": TIMEOUT_ERROR, "evalue": "", "traceback": []},
            record_timing=False,
            store_widget_state=False,
            skip_cells_with_tag="",
            shutdown_kernel="immediate",
            resources={},
        )
        self.deadline = math.inf  # until the first kernel is there
        self.waited = 0.0  # seconds by the clock in which the student's code ran
        self._computed = 0.0  # seconds of computing by the kernels that have ended
        self.memory = 0  # bytes, the most of any

    def start(self) -> None:
        """Start a fresh kernel. Raises SandboxError, or ServerError; ServerGoneError if it ends."""
        config = Config()
        config.KernelManager.transport_encryption = TRANSPORT_ENCRYPTION
        config.ConnectionFileMixin.connection_file = str(Path(self._folder.name) / "kernel.json")
        plain = self.settings.isolation == "process"
        manager = AsyncKernelManager(
            kernel_name="python3" if plain else KERNEL,
            kernel_spec_manager=KernelSpecs(self.settings),
            context=self._context,
            config=config,
        )
        self._client.km = manager
        self._client.extra_arguments = ["--ext", "autograder.sandbox.agent"] if plain else []
        environment = plain_environment(self.settings.device) if plain else {}
        environment["IPYTHONDIR"] = str(
            Path(self._folder.name) / "ipython"
        )  # nobody's start-up files
        work = Path(tempfile.mkdtemp(prefix="work-", dir=self._folder.name))
        write_files(work, self._files)
        seeding = json.dumps({**NO_CALLS, "seed": self._seed}).encode()
        try:
            self._run(self._client.async_start_new_kernel(cwd=str(work), env=environment))
            self._run(self._client.async_start_new_kernel_client())
            self._run(self._ask(seeding, time.monotonic() + START_LIMIT_S))
        except KernelGoneError as error:  # none of the student's code has run in it
            raise ServerGoneError("a kernel ended while it started") from error
        if self.deadline == math.inf:  # a fork server's start is no student's time
            self.deadline = time.monotonic() + self.settings.total_limit_s

    def execute(self, cell: Any, index: int, limit: float) -> str:
        """Run a cell, which gets its outputs. Returns "", or "timeout" if that ended it.

        limit: seconds. Raises KernelGoneError if there is no kernel afterwards.
        """
        self._client.timeout = max(1, int(limit))
        self._client.limit.reset()
        self._client.timed_out, self._client.status = False, ""
        began = time.monotonic()
        try:
            self._run(self._client.async_execute_cell(cell, index))
        except (DeadKernelError, KernelGoneError) as error:
            raise self._gone("died") from error
        except KeyboardInterrupt:
            raise
        except Exception:  # a message that breaks the protocol raises whatever it provokes
            cell.outputs.append(error_output("ProtocolError", both(INVALID_MESSAGE)))
            if not self._answers():
                raise self._gone("died") from None
        finally:
            self.waited += time.monotonic() - began
        if not self._client.timed_out:
            self._look_at_files()
            return ""
        cell.outputs.append(error_output(TIMEOUT_ERROR, both(CELL_TIMEOUT.format(seconds=limit))))
        if not self._answers():
            raise self._gone("timeout")
        return "timeout"

    @property
    def status(self) -> str:
        """The status in the kernel's reply to the last cell: ok or error; "" without a reply."""
        return self._client.status

    def ask(self, request: bytes, limit: float) -> Sequence[bytes]:
        """Send a request and return the reply. Raises KernelGoneError, or WireError."""
        began = time.monotonic()
        try:
            reply = self._run(self._ask(request, min(began + limit, self.deadline)))
            self._look_at_files()
            return reply
        except TimeoutError:
            self._run(self._client.km.interrupt_kernel())
            if not self._answers():
                raise self._gone("timeout") from None
            raise
        finally:
            self.waited += time.monotonic() - began

    async def _ask(self, request: bytes, deadline: float) -> Sequence[bytes]:
        try:
            return await ask(self._client, request, deadline)
        except KernelGoneError as gone:
            raise self._gone(gone.reason) from None

    def _answers(self) -> bool:
        """Return True if the kernel replies within a short time."""
        try:
            self._run(self._ask(json.dumps(NO_CALLS).encode(), time.monotonic() + GRACE_S))
        except wire.WireError:
            return True
        except (TimeoutError, KernelGoneError):
            return False
        return True

    def _gone(self, reason: str) -> KernelGoneError:
        provisioner = getattr(self._client.km, "provisioner", None)
        end = getattr(provisioner, "end", None) or {"killed": ""}
        if "killed" not in end:  # its supervisor is gone, which no student's code can bring about
            raise ServerGoneError("the fork server ended while a submission ran")
        killed = end["killed"]
        return KernelGoneError(killed if killed in ("memory", "disk") else reason)

    def _look_at_files(self) -> None:
        """Raise KernelGoneError if the code that just ran has left more files than it may.

        The watchdog would find them later, when another cell or function runs. Only where nothing
        else limits them: a file system of the kernel's own has a size.
        """
        if self.settings.isolation == "landlock":
            provisioner = self._client.km.provisioner
            self._run(provisioner.computed())
            if provisioner.end is not None:
                raise self._gone("died")

    def idle(self) -> float:
        """Seconds in which the student's code held us up without computing.

        Not those in which it may have waited for a core: CROWD processes share one at worst. 0
        without the sandbox, whose supervisor knows what was computed.
        """
        provisioner = getattr(self._client.km, "provisioner", None)
        if provisioner is None or self.settings.isolation == "process":
            return 0.0
        computed = self._computed + self._run(provisioner.computed())
        return max(0.0, float(self.waited - CROWD * computed))

    def stop(self) -> None:
        """End the kernel, whatever it is doing."""
        manager = self._client.km
        if manager is None:
            return
        provisioner = manager.provisioner
        with contextlib.suppress(Exception):  # it is gone already
            if provisioner is not None and provisioner.has_process:
                self._run(_killed(provisioner))  # jupyter_client would look once in 0.1 s
            self._run(self._client._async_cleanup_kernel())
        end = getattr(provisioner, "end", None) or {}
        self.memory = max(self.memory, int(end.get("memory", 0)))
        self._computed += float(end.get("cpu", 0.0))
        self._client.km = self._client.kc = None

    def close(self) -> None:
        """End the kernel and remove its folder."""
        self.stop()
        self._context.destroy(linger=0)
        if left := asyncio.all_tasks(self._loop):  # nbclient's, where a kernel has ended
            for task in left:
                task.cancel()
            self._run(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()
        self._folder.cleanup()

    def _run(self, work: Any) -> Any:
        return self._loop.run_until_complete(work)


def bounded_context(max_bytes: int) -> Any:
    """A context whose sockets take no larger message, and keep few."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, max_bytes)
    context.setsockopt(zmq.RCVHWM, MAX_WAITING)
    context.setsockopt(zmq.LINGER, 0)
    return context


async def ask(executor: NotebookClient, request: bytes, deadline: float) -> Sequence[bytes]:
    """Send a request to the agent in a kernel and return the reply.

    Raises TimeoutError at the deadline, KernelGoneError, or WireError.
    """
    client = executor.kc
    message = client.session.msg(REQUEST, {})
    client.session.send(client.shell_channel.socket, message, buffers=[request])
    while (left := deadline - time.monotonic()) > 0:
        try:
            reply = await client.shell_channel.get_msg(timeout=min(left, 0.5))
            ours = reply["parent_header"].get("msg_id") == message["header"]["msg_id"]
            if ours and reply["msg_type"] == REPLY:
                return [bytes(part) for part in reply["buffers"]]
        except Empty:
            if not await executor.km.is_alive():
                raise KernelGoneError("died") from None
        except Exception as error:  # unreadable, unsigned, of another shape
            raise wire.WireError("the kernel sent an invalid message") from error
    raise TimeoutError


class KernelStudent:
    """A student whose functions live in a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.gone: KernelGoneError | None = None  # the kernel has to be started again

    def call_all(
        self, function: str, calls: Sequence[Arguments], time_limit_s: float
    ) -> list[Reply]:
        """Make the calls in one message; the limit by the clock is for all of them together."""
        if self.gone is not None:
            raise CallError("died")
        request = {"function": function, "calls": list(calls), "time_limit_s": time_limit_s}
        try:
            content = json.dumps(request).encode()
            reply = self._kernel.ask(content, WALL_CLOCK_FACTOR * time_limit_s + GRACE_S)
            return wire.read_replies(reply, len(calls))
        except wire.WireError as error:
            raise CallError("unreadable", str(error)) from error
        except TimeoutError:
            raise CallError("timeout", f"{time_limit_s:g}") from None
        except KernelGoneError as error:
            self.gone = error
            detail = f"{time_limit_s:g}" if error.reason == "timeout" else ""
            raise CallError(error.reason, detail) from error


async def _killed(provisioner: Any) -> None:
    await provisioner.kill()
    await asyncio.wait_for(provisioner.wait(), GRACE_S)


async def _any(channel: Any, patience: float) -> bool:
    """Wait for a message; whether one came."""
    try:
        await channel.get_msg(timeout=patience)
    except Empty:
        return False
    return True
