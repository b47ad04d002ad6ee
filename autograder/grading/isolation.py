"""The isolation of a grading run: chosen once, before any of a student's code runs."""

import sys
from dataclasses import dataclass

from autograder.errors import UserError
from autograder.grading import servers
from autograder.grading.settings import ISOLATIONS, SANDBOXES
from autograder.sandbox.syscalls import SandboxError

RISK = (
    "submissions run as this user, who must have nothing worth reading or breaking; their checks "
    "stay outside of them"
)
GO_ON = f"to go on without a sandbox: --isolation process; {RISK}"


class IsolationError(UserError, RuntimeError):
    """No sandbox starts, or not the one that was asked for; the message says what to do."""


@dataclass(frozen=True)
class Isolation:
    """The tier of isolation that a run has, and a warning or ""."""

    mode: str  # namespaces | landlock | process
    warning: str = ""


def decide(choice: str, model: str = "mini", device: str = "cpu") -> Isolation:
    """Choose a tier that works here. Raises IsolationError, with the reason for each that does not.

    auto: the strongest sandbox that starts, never a plain process. Raises ServerError where that is
    not known, as for a server that is killed each time.
    """
    if choice not in ISOLATIONS:
        raise IsolationError(f"isolation must be one of {', '.join(ISOLATIONS)}, was: {choice!r}")
    if choice == "process":
        return Isolation("process", f"no sandbox: {RISK}")
    if sys.platform != "linux":
        raise IsolationError(f"a sandbox needs Linux, this is {sys.platform}; {GO_ON}")
    refused = []
    for tier in SANDBOXES if choice == "auto" else (choice,):
        try:
            servers.started(model, device, tier)
        except SandboxError as error:
            servers.close_one(model, device, tier)
            refused.append(f"{tier}: {error.strerror}")
        except OSError as error:  # of a machine without memory, processes or space for it
            raise servers.ServerError(f"the fork server cannot be started: {error}") from error
        else:
            return Isolation(tier)
    raise IsolationError(f"no sandbox starts here ({'; '.join(refused)}); {GO_ON}")
