"""The isolation of a grading run: chosen once, before any of a student's code runs."""

import sys
from dataclasses import dataclass

from autograder.errors import UserError
from autograder.grading import servers
from autograder.grading.settings import ISOLATIONS
from autograder.sandbox.namespaces import in_container
from autograder.sandbox.syscalls import SandboxError

RISK = (
    "submissions run as this user, who must have nothing worth reading or breaking; their checks "
    "stay outside of them"
)


class IsolationError(UserError, RuntimeError):
    """The sandbox was asked for and does not start; the message says what to do."""


@dataclass(frozen=True)
class Isolation:
    """The isolation that a run has, and a warning or ""."""

    mode: str  # sandbox | process
    warning: str = ""


def decide(choice: str, model: str = "mini", device: str = "cpu") -> Isolation:
    """Choose an isolation that works here.

    auto: the sandbox on Linux; IsolationError where it does not start, saying what is missing. A
    plain process, with a warning, only where there can be no sandbox: on another system, or in a
    container without namespaces. sandbox, process: that one.
    """
    if choice not in ISOLATIONS:
        raise IsolationError(f"isolation must be one of {', '.join(ISOLATIONS)}, was: {choice!r}")
    if choice == "process":
        return Isolation("process")
    if sys.platform != "linux":
        if choice == "sandbox":
            raise IsolationError(f"the sandbox needs Linux, this is {sys.platform}")
        return Isolation("process", f"no sandbox on {sys.platform}: {RISK}")
    try:
        servers.shared(model, device).ready()
    except SandboxError as error:
        servers.close_all()
        if choice == "auto" and in_container():
            return Isolation("process", f"no sandbox in this container ({error.strerror}): {RISK}")
        raise IsolationError(
            f"{error.strerror}. Or go on without the sandbox: --isolation process; {RISK}"
        ) from error
    return Isolation("sandbox")
