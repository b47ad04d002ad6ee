"""System calls refused as Docker's default profile refuses them, for a program started here.

    python -m support.docker [--landlock] [--ordinary HOME] PROGRAM ...

--landlock: Landlock's are refused too, as by an older profile.
--ordinary: root becomes an ordinary user with this home first, as in an image with `USER`.
"""

from __future__ import annotations

import argparse
import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyseccomp

TESTS = Path(__file__).parents[1]
# what moby's profiles/seccomp/default.json (00f3d18) does not allow with Docker's capabilities
REFUSED = (
    *("unshare", "setns", "mount", "umount2", "pivot_root", "mount_setattr", "open_tree", "fsopen"),
    *("move_mount", "fsconfig", "fsmount", "fspick", "bpf", "perf_event_open", "fanotify_init"),
    *("lookup_dcookie", "quotactl", "quotactl_fd", "sethostname", "setdomainname", "syslog"),
    *("kcmp", "pidfd_getfd", "process_madvise", "userfaultfd", "keyctl", "add_key", "request_key"),
    *(
        "get_mempolicy",
        "set_mempolicy",
        "mbind",
        "migrate_pages",
        "move_pages",
        "swapon",
        "swapoff",
    ),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
    *("acct", "iopl", "ioperm", "settimeofday", "clock_settime", "vhangup", "open_by_handle_at"),
    *("nfsservctl", "uselib", "ustat", "sysfs", "_sysctl"),
)
NEW_ANY = 0x7E020000  # the namespaces of clone(2)
ORDINARY = 1000


def refuse_namespaces(landlock: bool = False) -> None:
    """Refuse them to this process and all that it starts."""
    rules = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    refuse, absent = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(errno.ENOSYS)
    for name in REFUSED:
        rules.add_rule(refuse, name)
    for flag in (1 << bit for bit in range(32) if NEW_ANY >> bit & 1):
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(absent, "clone3")
    if landlock:
        rules.add_rule(absent, "landlock_create_ruleset")
    rules.load()


def open_interpreter() -> None:
    """Let every user reach the interpreter, where root's home holds it: this process sees it so."""
    from autograder.sandbox import syscalls as linux

    linux.unshare(linux.NEWNS)
    linux.mount(None, "/", None, linux.REC | linux.PRIVATE)
    closed = [p for p in Path(sys.base_prefix).parents if not p.stat().st_mode & stat.S_IXOTH]
    for folder in closed[-1:]:  # root's home: of it, the interpreter alone is shown
        with tempfile.TemporaryDirectory() as kept:
            linux.mount(sys.base_prefix, kept, None, linux.BIND | linux.REC)
            linux.mount("tmpfs", str(folder), "tmpfs", 0, "mode=755")
            Path(sys.base_prefix).mkdir(parents=True)
            linux.mount(kept, sys.base_prefix, None, linux.BIND | linux.REC)
            linux.libc().umount2(os.fsencode(kept), linux.DETACH)


def become_ordinary(home: str) -> None:
    """Change root's process into an ordinary user's, who has this home for temporary files."""
    open_interpreter()
    os.chown(home, ORDINARY, ORDINARY)
    os.setgroups([])
    os.setresgid(ORDINARY, ORDINARY, ORDINARY)
    os.setresuid(ORDINARY, ORDINARY, ORDINARY)
    os.environ.update(HOME=home, TMPDIR=home, PYTHONDONTWRITEBYTECODE="1")


def run(
    *command: str, landlock: bool = False, ordinary: bool = False, **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program under this filter. landlock: refuse it as well. ordinary: root must ask."""
    with tempfile.TemporaryDirectory() as home:
        options = ["--landlock"] * landlock + ["--ordinary", home] * ordinary
        return subprocess.run(
            [sys.executable, str(Path(__file__)), *options, *command],
            capture_output=True,
            text=True,
            check=False,
            **more,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--landlock", action="store_true")
    parser.add_argument("--ordinary", metavar="HOME")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.ordinary:
        become_ordinary(given.ordinary)
    refuse_namespaces(given.landlock)
    os.execv(given.command[0], given.command)
