"""In the student's kernel: calls of the student's functions, asked for by message.

A request is a message of its own type on the kernel's shell channel, so that no code of ours goes
through the student's shell: what was done to input transformers, builtins or display hooks does
not matter. What comes back is only ever data that the student's process chose to send; the worker
outside reads and judges it.

Nothing in this module, and nothing that it imports, knows what a case expects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import autograder
from autograder.sandbox import wire
from autograder.sandbox.student import CallError, LocalStudent

REQUEST, REPLY = "kischule_call_request", "kischule_call_reply"


class Agent:
    """Answers requests of one kernel."""

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._student = LocalStudent(kernel.shell.user_ns)

    def answer(self, stream: Any, identity: Any, message: Mapping[str, Any]) -> None:
        """A handler of ipykernel's: message type -> what to do."""
        request = json.loads(bytes(message["buffers"][0]))
        self._kernel.session.send(
            stream, REPLY, {}, parent=message, ident=identity, buffers=self._reply(request)
        )

    def _reply(self, request: Mapping[str, Any]) -> list[bytes]:
        try:
            answers = self._student.call_all(
                request["function"], request["calls"], request["time_limit"]
            )
            return wire.write_answers(answers)
        except CallError as error:
            return wire.write_error(error.kind, error.detail, error.number)
        except wire.WireError as error:
            return wire.write_error("too_large", str(error))
        except KeyboardInterrupt:
            return wire.write_error("timeout", f"{request['time_limit']:g}")


class Later:
    """What `check` gives where hand-ins are graded: the checks run outside, after the cell."""

    def __repr__(self) -> str:
        return ""


def install(kernel: Any) -> None:
    """Make a kernel answer requests; `check` in the student's own cells does nothing there."""
    kernel.shell_handlers[REQUEST] = Agent(kernel).answer
    vars(autograder)["check"] = lambda *_, **__: Later()


def load_ipython_extension(shell: Any) -> None:
    """`--ext autograder.sandbox.agent`: the same in a kernel that was not forked."""
    install(shell.kernel)
