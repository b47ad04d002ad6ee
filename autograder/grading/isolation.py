"""Which isolation a grading run has: decided once, before anything of a student's runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from autograder.sandbox import forkserver
from autograder.sandbox import namespaces as sandbox

CHOICES = ("auto", "sandbox", "process")
RISK = (
    "hand-ins run as this user, who must have nothing worth reading or breaking; their checks stay "
    "outside of them"
)


class IsolationError(UserError, RuntimeError):
    """The sandbox was asked for and is not to be had; the message says what to do."""


@dataclass(frozen=True)
class Isolation:
    mode: str  # sandbox | process
    warning: str = ""


def decide(choice: str, model: str = "mini", device: str = "cpu") -> Isolation:
    """auto: the sandbox on Linux; IsolationError where it does not start, with what is missing.

    Only where there cannot be one (another system, a container that Linux gives no namespaces)
    does auto take a plain process, with a warning. sandbox, process: that one.
    """
    if choice not in CHOICES:
        raise IsolationError(f"isolation must be one of {', '.join(CHOICES)}, was: {choice!r}")
    if choice == "process":
        return Isolation("process")
    if sys.platform != "linux":
        if choice == "sandbox":
            raise IsolationError(f"the sandbox needs Linux, this is {sys.platform}")
        return Isolation("process", f"no sandbox on {sys.platform}: {RISK}")
    try:
        forkserver.shared(model, device).ready()
    except sandbox.SandboxError as error:
        forkserver.close()
        if choice == "auto" and sandbox.in_container():
            return Isolation("process", f"no sandbox in this container ({error.strerror}): {RISK}")
        raise IsolationError(
            f"{error.strerror}. Or go on without the sandbox: --isolation process; {RISK}"
        ) from error
    return Isolation("sandbox")
