"""The sandbox of a student's kernel on Linux: what it sees, what it may ask for, how much.

Three steps, each in a process with one thread:

`enter`    once, in the fork server: namespaces of its own, a file system in which nothing lies but
           the interpreter, the installed packages and what `View` names, all read-only; root
           becomes an ordinary user.
`isolate`  in the supervisor of each kernel: user, process, mount, network and ipc namespaces.
`confine`  in the kernel itself, before a line of the student's runs: a private folder of limited
           size, resource limits, no capabilities, a system call filter.

Everything is asked of the Linux kernel directly; only the filter is libseccomp's work (pyseccomp).
What was tried, and on what: the table of attacks in the README.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import site
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534  # who root becomes
HOME = "/submission"  # the private folder of a kernel: home, work folder and temporary files
SOCKETS = "/run/kernels"  # in the server: a folder for each kernel's channels
CHANNELS = "/run/kernel"  # in a kernel: its own

# linux/sched.h, linux/mount.h, linux/prctl.h, linux/securebits.h
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER = 0x00020000, 0x04000000, 0x08000000, 0x10000000
_NEWPID, _NEWNET, _THREAD = 0x20000000, 0x40000000, 0x00010000
_NEW_ANY = _NEWNS | _NEWUTS | _NEWIPC | _NEWUSER | _NEWPID | _NEWNET | 0x02000000
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_SYS_MOUNT_SETATTR = 442  # the same on every architecture
_PDEATHSIG, _DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS = 1, 4, 24, 38
_LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FILES = ("/etc/ld.so.cache", "/etc/localtime")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class SandboxError(OSError):
    """The sandbox cannot start here; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one kernel may use; memory and sizes in bytes."""

    memory: int = 1 << 30  # beyond what it shares with the fork server
    disk: int = 64 << 20
    inodes: int = 4096
    open_files: int = 256
    threads: int = 512
    cpu_seconds: int = 900
    gpu: bool = False  # its driver reserves more address space than there is, and makes memfds


@dataclass(frozen=True)
class View:
    """What is visible beside the interpreter and its packages."""

    root: str  # an empty folder for the new root to be mounted on
    sockets: str  # a folder in which the server finds the folders of channels
    trees: tuple[str, ...]  # files and folders, read-only
    package: str  # a folder of which only `modules` are visible
    modules: tuple[str, ...]  # relative to it
    devices: tuple[str, ...] = ()  # beside those that every program needs


# --- the fork server ----------------------------------------------------------------------------


def enter(view: View) -> None:
    """Move this process, which must have one thread, into the outer sandbox.

    Returns in a child (process 1 of a new process namespace); the caller's own process waits for it
    and exits as it does. Raises SandboxError.
    """
    filter_library()
    uid = os.getuid()
    user, group = (NOBODY, NOBODY) if uid == 0 else (uid, os.getgid())
    namespaces = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS
    try:
        if uid == 0:
            _unshare(namespaces)
        else:
            _unshare(_NEWUSER | namespaces)
            _map_to_itself(user, group)
    except OSError as error:
        raise SandboxError(error.errno, _cannot_unshare(error)) from error
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    try:
        die_with_parent()
        _new_root(view)
        if uid == 0:
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        # without it /proc/self is root's, and a child could not map its own user
        _prctl(_DUMPABLE, 1)
        die_with_parent()
    except OSError as error:
        raise SandboxError(error.errno, f"the sandbox cannot be set up here: {error}") from error


def _new_root(view: View) -> None:
    root = Path(view.root)
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", view.root, "tmpfs", _NOSUID | _NODEV, "mode=755,size=4m")
    for path in [*_LIBRARIES, *_FILES, *_interpreter(), *view.trees]:
        _show(root, path)
    hidden = _inside(root, view.package)
    hidden.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", str(hidden), "tmpfs", _NOSUID | _NODEV, "mode=755,size=1m")
    for module in view.modules:
        _show(root, str(Path(view.package) / module))
    _freeze(str(hidden))
    for device in (*_DEVICES, *view.devices):
        _show(root, device, readonly=False)
    for folder in (HOME, SOCKETS, CHANNELS, "/proc"):
        _inside(root, folder).mkdir(parents=True, exist_ok=True)
    _private(str(_inside(root, HOME)), Limits())  # the server's own, for caches of imports
    _mount(view.sockets, str(_inside(root, SOCKETS)), None, _BIND)
    _mount("proc", str(_inside(root, "/proc")), "proc", _NOSUID | _NODEV | _NOEXEC)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc" / "passwd").write_text(f"student:x:{_user()}:{_user()}::{HOME}:/bin/false\n")
    os.chmod(root / "etc" / "passwd", 0o644)
    if not (root / "tmp").exists():
        (root / "tmp").symlink_to(f"{HOME}/tmp")
    _freeze(view.root, recursive=False)
    os.chdir(view.root)
    _check(_libc().pivot_root(b".", b"."), "pivot_root")
    _check(_libc().umount2(b".", _DETACH), "umount2")
    os.chdir("/")


def _user() -> int:
    return os.getuid() or NOBODY


def _private(folder: str, limits: Limits) -> None:
    """An empty file system of limited size there, with a folder for temporary files."""
    user, group = _user(), os.getgid() if os.getuid() else NOBODY
    options = f"size={limits.disk},nr_inodes={limits.inodes},mode=700,uid={user},gid={group}"
    _mount("tmpfs", folder, "tmpfs", _NOSUID | _NODEV, options)
    os.mkdir(f"{folder}/tmp", 0o700)
    os.chown(f"{folder}/tmp", user, group)


def _interpreter() -> list[str]:
    """Folders that Python itself, the virtual environment and installed packages need."""
    base = Path(sys.base_prefix)
    found = [sys.prefix, *site.getsitepackages()]
    # of /usr only its libraries, which are there already
    if base not in (Path("/"), Path("/usr"), Path("/usr/local")):
        found.append(str(base))
    return list(dict.fromkeys(found))


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _show(root: Path, path: str, readonly: bool = True) -> None:
    """The file or tree at the same place in the new root; what does not exist is left out."""
    source, target = Path(path), _inside(root, path)
    if not os.path.lexists(source) or (
        os.path.lexists(target) and target.is_dir() and any(os.scandir(target))
    ):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink() and source.is_dir():
        if not target.exists():
            target.symlink_to(os.readlink(source))
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch(exist_ok=True)
    _mount(str(source), str(target), None, _BIND | _REC)
    if readonly:
        _freeze(str(target))


def _freeze(path: str, recursive: bool = True) -> None:
    """Make a mount read-only, and with it all below."""
    attributes = (ctypes.c_uint64 * 4)(_RDONLY | _NOSUID | _NODEV, 0, 0, 0)
    result = _libc().syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(-100),
        os.fsencode(path),
        ctypes.c_uint(0x8000 if recursive else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(32),
    )
    _check(result, f"mount_setattr {path}")


def _cannot_unshare(error: OSError) -> str:
    """What to do where namespaces are refused."""
    reason = f"Linux refuses namespaces here ({error.strerror})"
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() == "1":
        return f"{reason}; allow them: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    allowed = Path("/proc/sys/user/max_user_namespaces")
    if allowed.exists() and allowed.read_text().strip() == "0":
        return f"{reason}; allow them: sysctl user.max_user_namespaces=10000"
    if in_container():
        return f"{reason}; start the container with them: --security-opt seccomp=unconfined"
    return f"{reason}; unprivileged user namespaces must be allowed"


def in_container() -> bool:
    """Whether this is a container, as far as one can tell from inside."""
    marks = ("/.dockerenv", "/run/.containerenv")
    named = ("container", "KUBERNETES_SERVICE_HOST")
    return any(map(os.path.exists, marks)) or any(name in os.environ for name in named)


# --- the supervisor -----------------------------------------------------------------------------


def isolate(channels: str) -> None:
    """Namespaces for one kernel: its next child is process 1 in them. Raises OSError.

    channels: the name of the folder in SOCKETS with this kernel's own.
    """
    user, group = os.getuid(), os.getgid()
    _unshare(_NEWUSER | _NEWPID | _NEWNS | _NEWIPC | _NEWNET | _NEWUTS)
    _map_to_itself(user, group)
    _mount(f"{SOCKETS}/{channels}", CHANNELS, None, _BIND)
    _mount("tmpfs", SOCKETS, "tmpfs", _NOSUID | _NODEV | _RDONLY, "size=0,mode=000")


def seal_channels() -> None:
    """No file may be made in CHANNELS from now on; the sockets in it go on working."""
    _freeze(CHANNELS, recursive=False)


def _map_to_itself(user: int, group: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


# --- the kernel ---------------------------------------------------------------------------------


def confine(limits: Limits) -> None:
    """Give up what the student's code must not have; there is no way back. Raises OSError.

    The process must have one thread, be process 1 of its namespace, and need no file that it has
    not opened or that `View` does not show.
    """
    _private(HOME, limits)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    os.mkdir(f"{HOME}/work")
    os.chdir(f"{HOME}/work")
    limit(limits)
    _drop_capabilities()
    _prctl(_NO_NEW_PRIVS, 1)
    die_with_parent()
    _filter(limits.gpu).load()


def limit(limits: Limits) -> None:
    """Resource limits of this process, on top of the address space that it has already."""
    size, data = _sizes()
    # threads reserve address space that they never touch: 64 MiB each for their heaps
    if not limits.gpu:
        _lower(resource.RLIMIT_AS, size + limits.memory + (1 << 30))
    _lower(resource.RLIMIT_DATA, data + limits.memory)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)
    _lower(resource.RLIMIT_FSIZE, limits.disk)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds)
    _lower(resource.RLIMIT_NPROC, limits.threads)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _sizes() -> tuple[int, int]:
    """Address space and private writable memory of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
    return int(fields["VmSize"].split()[0]) * 1024, int(fields["VmData"].split()[0]) * 1024


def _drop_capabilities() -> None:
    for capability in range(64):
        try:
            _prctl(_CAPBSET_DROP, capability)
        except OSError:  # more than this Linux knows
            break
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(_libc().capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)())), "capset")


# --- system calls -------------------------------------------------------------------------------

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


def _filter(gpu: bool) -> Any:
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
    rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, _THREAD, 0))
    for flag in _bits(_NEW_ANY):
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # libzmq aborts where it may not even ask for interfaces; there are none in this namespace
    allowed = (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK)
    for family in set(range(64)) - set(allowed):
        rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.EQ, family))
    rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.GE, 64))
    rules.add_rule(refuse, "prctl", seccomp.Arg(0, seccomp.EQ, _PDEATHSIG))
    return rules


def _bits(flags: int) -> list[int]:
    return [1 << i for i in range(32) if flags >> i & 1]


def die_with_parent() -> None:
    """This process is killed when its parent ends; to be called again after a change of user."""
    _prctl(_PDEATHSIG, 9)


def _prctl(option: int, value: int) -> None:
    _check(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _unshare(flags: int) -> None:
    _check(_libc().unshare(flags), "unshare")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str = ""
) -> None:
    result = _libc().mount(
        source and os.fsencode(source),
        os.fsencode(target),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, f"mount {kind or source} on {target}")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
