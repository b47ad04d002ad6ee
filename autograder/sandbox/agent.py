"""The agent in a student's kernel: calls the student's functions when a message asks for it.

A request is a message of its own type on the kernel's shell channel, so that no code of ours goes
through the student's shell, whatever was done to input transformers, builtins or display hooks.
The reply is only ever data that the student's process chose to send; the worker outside reads and
judges it. This module and all that it imports know nothing of what a case expects.
"""

import filecmp
import json
import os
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.sandbox import shell, wire
from autograder.sandbox.namespaces import MAX_FILES, MAX_FILES_BYTES
from autograder.sandbox.student import CallError, LocalStudent

REQUEST, REPLY = "kischule_call_request", "kischule_call_reply"


class Agent:
    """Serves the requests of one kernel."""

    def __init__(self, kernel: Any, given: Path) -> None:
        self._kernel, self._given = kernel, given
        self._student = LocalStudent(kernel.shell.user_ns)
        self._dispatch = kernel.dispatch_shell
        self._is_flushed = True  # what calls have written

    async def dispatch(self, message: Any, /, *args: Any, **more: Any) -> None:
        """Handle a message on the shell channel: a request at once, any other as ipykernel does.

        Around each message ipykernel publishes two states and waits twice for the thread that
        sends outputs, which takes longer than a small call.
        """
        if self._is_request(message):
            self._is_flushed = False
            self._handle(message, *args, **more)
            return
        if not self._is_flushed:  # now: a cell's outputs are what comes after its message
            self._is_flushed = True
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
        await self._dispatch(message, *args, **more)

    def _is_request(self, message: Any) -> bool:
        session = self._kernel.session
        try:
            _, parts = session.feed_identities(message, copy=False)
            header = session.deserialize(parts, content=False, copy=False)["header"]
        except Exception:  # a message of ipykernel to itself, or an invalid one, which it reports
            return False
        return bool(header["msg_type"] == REQUEST)

    def _handle(self, message: Any, subshell_id: str | None = None, **_: Any) -> None:
        kernel = self._kernel
        identity, parts = kernel.session.feed_identities(message, copy=False)
        request = kernel.session.deserialize(parts, content=True, copy=False)
        kernel.set_parent(identity, request, channel="shell")
        stream = kernel.shell_stream
        if thread := getattr(kernel, "shell_channel_thread", None):  # of ipykernel 7
            stream = thread.manager.get_subshell_to_shell_channel_socket(subshell_id)
        kernel.pre_handler_hook()  # lets an interrupt through
        try:
            kernel.shell_handlers[REQUEST](stream, identity, request)
        except (Exception, KeyboardInterrupt):  # an interrupt that came between two calls
            kernel.log.error("a request has no reply", exc_info=True)
        finally:
            kernel.post_handler_hook()

    def reply(self, stream: Any, identity: Any, message: Mapping[str, Any]) -> None:
        """Handle a request; the signature is that of ipykernel's message handlers."""
        request = json.loads(bytes(message["buffers"][0]))
        if "seed" in request:
            _seed(request["seed"])
        self._kernel.session.send(
            stream, REPLY, {}, parent=message, ident=identity, buffers=self._reply(request)
        )

    def _reply(self, request: Mapping[str, Any]) -> list[bytes]:
        if "files" in request:
            files = dict(_new_files(Path.cwd(), self._given))
            return [json.dumps(list(files)).encode(), *files.values()]
        try:
            replies = self._student.call_all(
                request["function"], request["calls"], request["time_limit_s"]
            )
            return wire.write_replies(replies)
        except CallError as error:
            return wire.write_error(error.kind, error.detail, error.number, error.bases)
        except wire.WireError as error:
            return wire.write_error("too_large", str(error))
        except KeyboardInterrupt:
            return wire.write_error("timeout", f"{request['time_limit_s']:g}")


def _seed(seed: int) -> None:
    """Seed all random numbers: grading the same file again must give the same result."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _new_files(folder: Path, given: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a work folder that are not as they were given, within limits."""
    size = count = 0
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            name, size = str(path.relative_to(folder)), size + path.lstat().st_size
            count += 1
            if size > MAX_FILES_BYTES or count > MAX_FILES:
                return
            same = (given / name).is_file() and filecmp.cmp(path, given / name, shallow=False)
            if path.is_file() and not path.is_symlink() and not same:
                yield name, path.read_bytes()


class Later:
    """The value of `check` and `hint` during grading: the checks run outside, after the cell."""

    def __repr__(self) -> str:
        return ""


def install(kernel: Any, given: Path) -> None:
    """Make a kernel serve requests; `check` and `hint` in the student's own cells do nothing.

    given: a folder with the files that its work folder began with; it may not be there.
    """
    agent = Agent(kernel, given)
    kernel.shell_handlers[REQUEST] = agent.reply
    kernel.dispatch_shell = agent.dispatch
    shell.install(kernel.shell)
    for name in ("check", "hint"):
        vars(sys.modules["autograder"])[name] = lambda *_, **__: Later()


def load_ipython_extension(unforked: Any) -> None:
    """Install the agent in a kernel that was not forked: `--ext autograder.sandbox.agent`."""
    install(unforked.kernel, Path(os.devnull))
