"""Linux's own calls that the sandbox is made of, and the filter that denies most others.

Everything is asked of the Linux kernel directly; only the filter is libseccomp's work (pyseccomp).
"""

import ctypes
import errno
import os
from collections.abc import Iterable
from typing import Any

# linux/sched.h, linux/mount.h, linux/prctl.h, linux/securebits.h
NEWNS, NEWUTS, NEWIPC, NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
NEWPID, NEWNET, THREAD = 0x20000000, 0x40000000, 0x00010000
NEW_ANY = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | 0x02000000
RDONLY, NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
DETACH = 2
_SYS_MOUNT_SETATTR = 442  # the same on every architecture
PDEATHSIG, DUMPABLE, CAPBSET_DROP, NO_NEW_PRIVS = 1, 4, 24, 38
INT = 0xFFFFFFFF  # of an argument that Linux reads as an int: its upper half may hold anything


class SandboxError(OSError):
    """The sandbox cannot start here; the message says what is missing and what to do."""


def freeze(path: str, recursive: bool = True) -> None:
    """Make a mount read-only, and with it all below."""
    attributes = (ctypes.c_uint64 * 4)(RDONLY | NOSUID | NODEV, 0, 0, 0)
    result = libc().syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(-100),
        os.fsencode(path),
        ctypes.c_uint(0x8000 if recursive else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(32),
    )
    check_call(result, f"mount_setattr {path}")


def drop_capabilities() -> None:
    for capability in range(64):
        try:
            prctl(CAPBSET_DROP, capability)
        except OSError:  # more than this Linux knows
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    check_call(libc().capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())), "capset")


# Denied with EPERM. Threads stay possible; processes do not, so that a limit for one process is a
# limit for the submission, and none can outlive it.
_DENIED = (
    *("fork", "vfork", "execve", "execveat", "unshare", "setns", "chroot", "pivot_root", "mount"),
    *("umount2", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount"),
    *("fspick", "mount_setattr", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp"),
    *("process_madvise", "process_mrelease", "pidfd_open", "pidfd_getfd", "pidfd_send_signal"),
    *("bpf", "perf_event_open", "keyctl", "add_key", "request_key", "userfaultfd"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret"),
    *("shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop"),
    *("semctl", "semtimedop", "mq_open", "name_to_handle_at", "open_by_handle_at"),
    *("fanotify_init", "lookup_dcookie", "quotactl", "quotactl_fd", "acct", "swapon", "swapoff"),
    *("reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("iopl", "ioperm", "personality", "syslog", "vhangup", "settimeofday", "clock_settime"),
    *("clock_adjtime", "adjtimex", "sethostname", "setdomainname", "nfsservctl", "uselib"),
    *("ustat", "sysfs", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "modify_ldt"),
    *("vm86", "vm86old", "landlock_create_ruleset", "seccomp", "mknod", "mknodat"),
)

# Calls of Linux 5.1 and later that an older libseccomp may not know; they have the same number on
# every architecture (asm-generic/unistd.h). What came after these is answered as on an older Linux.
_NEWER = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
}
_UNKNOWN = 470  # the first of them

# ... but where a kernel has a GPU: NVIDIA's driver, from 570 on, does not start without it (error
# 304). Such a file is memory that nobody watches, as large as `disk` at most, `open_files` times.
_DRIVER = ("memfd_create",)


def filter_library() -> Any:
    """pyseccomp, with the system's libseccomp. Raises SandboxError."""
    try:
        import pyseccomp
    except ModuleNotFoundError as error:
        raise SandboxError(
            errno.ENOENT, "the sandbox needs pyseccomp: pip install 'kischule[teacher]'"
        ) from error
    except (RuntimeError, OSError) as error:
        raise SandboxError(
            errno.ENOENT, "the sandbox needs the library libseccomp 2: apt-get install libseccomp2"
        ) from error
    return pyseccomp


def call_filter(gpu: bool, families: Iterable[int]) -> Any:
    """The filter of a kernel; families: of sockets that it may ask for."""
    seccomp = filter_library()
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    for name in _DENIED:
        if not gpu or name not in _DRIVER:
            deny(rules, name)
    # its arguments lie in memory, where no filter can look; the C library falls back to clone
    deny(rules, "clone3", code=errno.ENOSYS)
    deny(rules, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, THREAD, 0))
    for flag in _bits(NEW_ANY):
        deny(rules, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for family in set(range(64)) - set(families):
        deny(rules, "socket", seccomp.Arg(0, seccomp.EQ, family))
    deny(rules, "socket", seccomp.Arg(0, seccomp.GE, 64))
    deny(rules, "prctl", seccomp.Arg(0, seccomp.MASKED_EQ, INT, PDEATHSIG))
    for number in range(_UNKNOWN, _UNKNOWN + 64):
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), number)
    return rules


def deny(rules: Any, name: str, *conditions: Any, code: int = errno.EPERM) -> None:
    """Answer a call with this error, if all conditions hold; 0: do nothing, and say it is done.

    A call that libseccomp does not know and that has no number here is on another architecture.
    """
    action = filter_library().ERRNO(code)
    try:
        rules.add_rule(action, name, *conditions)
    except (RuntimeError, OSError, ValueError):
        if name in _NEWER:
            rules.add_rule(action, _NEWER[name], *conditions)
        elif conditions:
            raise


def _bits(flags: int) -> list[int]:
    return [1 << i for i in range(32) if flags >> i & 1]


def die_with_parent() -> None:
    """Kill this process when its parent ends; to be called again after a change of user."""
    prctl(PDEATHSIG, 9)


def prctl(option: int, value: int) -> None:
    check_call(libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def unshare(flags: int) -> None:
    check_call(libc().unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    result = libc().mount(
        source and os.fsencode(source),
        os.fsencode(target),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    check_call(result, f"mount {kind or source} on {target}")


def libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def check_call(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def pivot_root() -> None:
    """Make the current folder the root of the file system, and let go of the old one."""
    check_call(libc().pivot_root(b".", b"."), "pivot_root")
    check_call(libc().umount2(b".", DETACH), "umount2")
