"""Linux's own calls that the sandbox is made of, and the filter that denies most others.

Everything is asked of the Linux kernel directly; only the filter is libseccomp's work (pyseccomp).
"""

import ctypes
import errno
import os
import socket
from typing import Any

# linux/sched.h, linux/mount.h, linux/prctl.h, linux/securebits.h
NEWNS, NEWUTS, NEWIPC, NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
NEWPID, NEWNET, THREAD = 0x20000000, 0x40000000, 0x00010000
NEW_ANY = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | 0x02000000
RDONLY, NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
DETACH = 2
_SYS_MOUNT_SETATTR = 442  # the same on every architecture
PDEATHSIG, DUMPABLE, CAPBSET_DROP, NO_NEW_PRIVS = 1, 4, 24, 38


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
    *("umount2", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"),
    *("mount_setattr", "ptrace", "process_vm_readv", "process_vm_writev", "kcmp"),
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


def call_filter(gpu: bool) -> Any:
    seccomp = filter_library()
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refuse, absent = seccomp.ERRNO(errno.EPERM), seccomp.ERRNO(errno.ENOSYS)
    for name in _DENIED:
        if gpu and name in _DRIVER:
            continue
        try:
            rules.add_rule(refuse, name)
        except (RuntimeError, OSError, ValueError):  # unknown to this libseccomp or architecture
            continue
    # its arguments lie in memory, where no filter can look; the C library falls back to clone
    rules.add_rule(absent, "clone3")
    rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, THREAD, 0))
    for flag in _bits(NEW_ANY):
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # libzmq aborts where it may not even ask for interfaces; there are none in this namespace
    allowed = (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK)
    for family in set(range(64)) - set(allowed):
        rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.EQ, family))
    rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.GE, 64))
    rules.add_rule(refuse, "prctl", seccomp.Arg(0, seccomp.EQ, PDEATHSIG))
    return rules


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
