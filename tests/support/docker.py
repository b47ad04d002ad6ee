"""System calls refused as Docker's default profile refuses them, for a program started here.

    python -m support.docker [--landlock] PROGRAM ...

--landlock: Landlock's are refused too, as by an older profile.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyseccomp

TESTS = Path(__file__).parents[1]
# moby's profiles/seccomp/default.json, without CAP_SYS_ADMIN
WITHOUT_CAPABILITY = ("unshare", "mount", "umount2", "setns", "pivot_root", "mount_setattr")
NEW_ANY = 0x7E020000  # the namespaces of clone(2)


def refuse_namespaces(landlock: bool = False) -> None:
    """Refuse them to this process and all that it starts."""
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    refuse, absent = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(errno.ENOSYS)
    for name in WITHOUT_CAPABILITY:
        rules.add_rule(refuse, name)
    for flag in (1 << bit for bit in range(32) if NEW_ANY >> bit & 1):
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(absent, "clone3")
    if landlock:
        rules.add_rule(absent, "landlock_create_ruleset")
    rules.load()


def run(*command: str, landlock: bool = False, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a program under this filter. landlock: refuse it as well."""
    options = ["--landlock"] if landlock else []
    return subprocess.run(
        [sys.executable, str(Path(__file__)), *options, *command],
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


if __name__ == "__main__":
    given = sys.argv[1:]
    refuse_namespaces("--landlock" in given)
    given = [word for word in given if word != "--landlock"]
    os.execv(given[0], given)
